/**
 * Networks of infinite width are plain data too: depth, activation and the variances of the weights and biases
 * determine their kernel (Jacot et al. 2018; Lee et al. 2018 for NNGP; MATH.md §6).
 */
import { choice, count, flag, layers, nonNegative, optional, or, read, type Schema } from "../options.js";
import { isPlainObject } from "../scalars.js";
import { reading } from "../words.js";
import { ACTIVATION, type Activation } from "./activation.js";
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

const OPTIONS = {
  depth: or(layers, 1),
  activation: or(ACTIVATION, "sigmoid"),
  weightStd: or(nonNegative, 1),
  biasStd: optional(nonNegative),
  bias: or(flag, true),
  parametrization: or(choice(["ntk", "standard"]), "ntk"),
  kernel: or(choice(["ntk", "nngp"]), "ntk"),
  width: optional(count),
} satisfies Schema<InfiniteNetworkOptions>;

/**
 * A network in the limit of infinite width, as a model for `kernel`, `fit`, `dynamics` and `ensemble`. It has no
 * weights and no input dimension; kernels are averaged over outputs (all outputs have the same one).
 *
 * A model is its own options: `createInfiniteNetwork(model)` is a copy, also of what JSON made of it.
 *
 * @throws TypeError for unknown options or wrong kinds; RangeError for wrong values.
 * @example
 * const model = createInfiniteNetwork({ depth: 2, activation: "relu", weightStd: 1.5, biasStd: 0.1 });
 * ntk.fit(model, X, Y, { ridge: 1e-3 }).predict(Xnew);
 */
export function createInfiniteNetwork(options: InfiniteNetworkOptions = {}): InfiniteNetwork {
  const values = read(options, "createInfiniteNetwork", "{ depth: 2 }", OPTIONS);
  const { depth, activation, weightStd, bias, parametrization, kernel, width } = values;
  const biasStd = values.biasStd ?? (parametrization === "ntk" ? 1 : 0);
  if (parametrization === "ntk" && width !== undefined) {
    throw new RangeError(
      `width is ${width}, but with parametrization "ntk" the kernel has a limit; expected none, or "standard"`,
    );
  }
  if (parametrization === "standard" && width === undefined) {
    throw new RangeError(
      'parametrization "standard" needs a width: its kernel grows with it; expected width, or "ntk"',
    );
  }
  return { depth, activation, weightStd, biasStd, bias, parametrization, kernel, width };
}

/** True for what {@link createInfiniteNetwork} makes, also after a structured clone or JSON. */
export function isInfiniteNetwork(model: unknown): model is InfiniteNetwork {
  return (
    isPlainObject(model, "the model") &&
    reading("the model", () => typeof model.kernel === "string" && "depth" in model)
  );
}
