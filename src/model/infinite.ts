/**
 * Networks of infinite width are plain data too: depth, activation and the variances of the weights and biases
 * determine their kernel (Jacot et al. 2018; Lee et al. 2018 for NNGP; MATH.md §6).
 */
import {
  choice,
  count,
  flag,
  MOST_LAYERS,
  nonNegative,
  optional,
  or,
  positive,
  read,
  type Schema,
  size,
} from "../options.js";
import { isPlainObject } from "../scalars.js";
import { reading } from "../words.js";
import { ACTIVATION, type Activation } from "./activation.js";
import { checkLayered, checkLayers, HIDDEN, type PerLayer, perLayer, type Rates, rates } from "./perLayer.js";

/** What `createInfiniteNetwork` takes. The parametrisation `standard` needs a width, and `ntk` has none. */
export type InfiniteNetworkOptions = InfiniteNetworkSettings & InfiniteWidth;

/** The parametrisation of an infinite network, and the widths that `standard` needs. */
export type InfiniteWidth =
  | {
      /** `ntk` (default), or `standard`, whose kernel grows with the width. */
      parametrization?: "ntk";
      width?: undefined;
    }
  | {
      parametrization: "standard";
      /** Hidden widths that `standard` needs, one or one for each hidden layer. */
      width: number | readonly number[];
    };

/** What all infinite networks have. */
export interface InfiniteNetworkSettings {
  /** Hidden layers; default 1. 0: the linear kernel, (weightStd²/d) x·x' + biasStd². */
  depth?: number;
  /** One for all hidden layers, or one for each; default `"sigmoid"`. */
  activation?: Activation | readonly Activation[];
  /** Weights have variance weightStd²/fanIn in effect: one, or one for each layer, the readout's last; default 1. */
  weightStd?: number | readonly number[];
  /** Std of the biases, one or one for each layer; default 1 (`standard`: 0, and they are trained all the same). */
  biasStd?: number | readonly number[];
  /** False: no biases. Default true. */
  bias?: boolean;
  /** `ntk` (default): all layers are trained. `nngp`: the kernel of the Gaussian process, whatever the rates. */
  kernel?: "ntk" | "nngp";
  /**
   * Learning rates ≥ 0 as for `createNetwork`: one, one for each layer, or by the names of blocks. 0 freezes. With all
   * but the readout's 0 the kernel is the one of `nngp`. Default 1.
   */
  rates?: number | readonly number[] | Readonly<Record<string, number>>;
  /** Multiplies f, and the kernel by its square; default 1. */
  outputScale?: number;
  /** k > 0: hidden layers 1, 1 + k, 1 + 2k, … are joined by identities, as for `createNetwork`. Default 0. */
  residual?: number;
}

/** An infinitely wide network: plain data, structured-cloneable, a `Model` like any other. */
export interface InfiniteNetwork {
  depth: number;
  activation: PerLayer<Activation>;
  weightStd: PerLayer<number>;
  biasStd: PerLayer<number>;
  bias: boolean;
  parametrization: "ntk" | "standard";
  kernel: "ntk" | "nngp";
  /** Undefined with `parametrization: "ntk"`. */
  width: PerLayer<number> | undefined;
  rates: Rates;
  outputScale: number;
  residual: number;
}

const OPTIONS = {
  depth: or(size, 1),
  activation: or(perLayer(ACTIVATION, "an activation for each hidden layer"), "sigmoid"),
  weightStd: or(perLayer(nonNegative, "a std for each layer"), 1),
  biasStd: optional(perLayer(nonNegative, "a std for each layer")),
  bias: or(flag, true),
  parametrization: or(choice(["ntk", "standard"]), "ntk"),
  kernel: or(choice(["ntk", "nngp"]), "ntk"),
  width: optional(perLayer(count, "a width for each hidden layer")),
  rates: or(rates, 1),
  outputScale: or(positive, 1),
  residual: or(size, 0),
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
export function createInfiniteNetwork(options: InfiniteNetworkOptions | InfiniteNetwork = {}): InfiniteNetwork {
  const values = read(options, "createInfiniteNetwork", "{ depth: 2 }", OPTIONS);
  const { parametrization, width } = values;
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
  const model = { ...values, biasStd, width };
  checkModel(model);
  return model;
}

/** @throws RangeError where options contradict the number of layers. */
function checkModel(model: InfiniteNetwork): void {
  const { depth, width } = model;
  if (depth > MOST_LAYERS) throw new RangeError(`depth is ${depth}; expected an integer from 0 to ${MOST_LAYERS}`);
  checkLayered(model, depth);
  if (width !== undefined) checkLayers(width, "width", depth, HIDDEN);
}

/** True for what {@link createInfiniteNetwork} makes, also after a structured clone or JSON. */
export function isInfiniteNetwork(model: unknown): model is InfiniteNetwork {
  return (
    isPlainObject(model, "the model") &&
    reading("the model", () => typeof model.kernel === "string" && "depth" in model)
  );
}
