/**
 * Networks of infinite width are plain data too: depth, activation and the variances of the weights and biases determine their kernel
 * (Jacot et al. 2018; Lee et al. 2018 for NNGP; MATH.md §6).
 */
import { checkBoolean, checkChoice, checkKeys, checkNonNegative, checkPositiveInteger, describe } from "../check.js";
import { type Activation, checkActivation } from "./activation.js";
import type { Parametrization } from "./network.js";

export interface InfiniteNetworkOptions {
  /** Hidden layers; default 1. */
  depth?: number;
  /** Default `"sigmoid"`. */
  activation?: Activation;
  /** Weights have variance weightStd²/fanIn in effect; default 1. */
  weightStd?: number;
  /** Std of the biases; default 1 (`standard`: 0, and they are trained all the same). */
  biasStd?: number;
  /** False: no biases. Default true. */
  bias?: boolean;
  /** `ntk` (default), or `standard`, whose kernel grows with the width. */
  parametrization?: Parametrization;
  /** `ntk` (default): all layers are trained. `nngp`: the readout only, the kernel of the Gaussian process. */
  kernel?: "ntk" | "nngp";
  /** Hidden width m that `standard` needs; not for `ntk`. */
  width?: number;
}

/** An infinitely wide network: plain data, structured-cloneable, a `Model` like any other. */
export interface InfiniteNetwork extends Required<Omit<InfiniteNetworkOptions, "width">> {
  /** Undefined with `parametrization: "ntk"`. */
  width: number | undefined;
}

const KEYS = ["depth", "activation", "weightStd", "biasStd", "bias", "parametrization", "kernel", "width"];

/**
 * A network in the limit of infinite width, as a model for `kernel`, `fit`, `dynamics` and `ensemble`. It has no weights and no input dimension;
 * kernels are averaged over outputs (all outputs have the same one).
 *
 * @throws TypeError for unknown options or wrong kinds; RangeError for wrong values.
 * @example
 * const model = createInfiniteNetwork({ depth: 2, activation: "relu", weightStd: 1.5, biasStd: 0.1 });
 * ntk.fit(model, X, Y, { ridge: 1e-3 }).predict(Xnew);
 */
export function createInfiniteNetwork(options: InfiniteNetworkOptions = {}): InfiniteNetwork {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`options are ${describe(options)}; expected an object`);
  checkKeys(options, KEYS, "createInfiniteNetwork");
  const { depth = 1, activation = "sigmoid", weightStd = 1, bias = true, parametrization = "ntk" } = options;
  const { kernel = "ntk", width } = options;
  checkPositiveInteger(depth, "depth");
  checkActivation(activation);
  checkNonNegative(weightStd, "weightStd");
  checkBoolean(bias, "bias");
  checkChoice(parametrization, "parametrization", ["standard", "ntk"]);
  checkChoice(kernel, "kernel", ["ntk", "nngp"]);
  const biasStd = options.biasStd ?? (parametrization === "ntk" ? 1 : 0);
  checkNonNegative(biasStd, "biasStd");
  if (parametrization === "ntk" && width !== undefined) {
    throw new RangeError(
      `width is ${describe(width)}, but with parametrization "ntk" the kernel has a limit; expected none, or "standard"`,
    );
  }
  if (parametrization === "standard") {
    if (width === undefined) {
      throw new RangeError(
        'parametrization "standard" needs a width: its kernel grows with it; expected width, or "ntk"',
      );
    }
    checkPositiveInteger(width, "width");
  }
  return { depth, activation, weightStd, biasStd, bias, parametrization, kernel, width };
}

/** True for what {@link createInfiniteNetwork} makes, also after a structured clone. */
export function isInfiniteNetwork(model: unknown): model is InfiniteNetwork {
  return (
    typeof model === "object" &&
    model !== null &&
    typeof (model as InfiniteNetwork).kernel === "string" &&
    "depth" in model
  );
}
