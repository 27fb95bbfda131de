/** The options of a network, and the network as plain data. */
import type { NumberList } from "../matrix.js";
import type { Activation } from "./activation.js";
import type { Init } from "./initSchemes.js";
import type { PerLayer, Rates } from "./perLayer.js";

/**
 * `standard`: weights as drawn. `ntk`: N(0, 1) weights, scaled by weightStd/√fanIn (biases by biasStd) in the forward
 * pass. `meanField`: f = a + (1/m) Σ b σ(c·x + d) with all weights of order 1 and rates times m, for one hidden layer
 * (Mei et al. 2018): features move at every width.
 */
export type Parametrization = "standard" | "ntk" | "meanField";

export interface NetworkOptions {
  /** Input dimension d. */
  inputs: number;
  /** Hidden width m, or the widths of several hidden layers from the input up. */
  hidden: number | readonly number[];
  /** Output dimension C; default 1. */
  outputs?: number;
  /** One for all hidden layers, or one for each; default `"sigmoid"`. */
  activation?: Activation | readonly Activation[];
  /** Default `"lecun"`; `"ntk"` with `parametrization: "ntk"`, `"unit"` with `"meanField"`. */
  init?: Init;
  /** Default `"standard"`. */
  parametrization?: Parametrization;
  /** Multiplies the std of weights: one for all layers, or one for each, the readout's last; default 1. */
  weightStd?: number | readonly number[];
  /** Std of the biases, one or one for each layer; default 0 (`unit` and `ntk`: 1). */
  biasStd?: number | readonly number[];
  /** False: no biases, neither a nor d. Default true. */
  bias?: boolean;
  /**
   * Learning rates ≥ 0, as multiples of the rate of training: one, one for each layer (the readout's last), or by the
   * names of blocks, 1 for a block that is not named. A block with rate 0 is frozen. The kernel is Θ = Σ rate_b Θ_b.
   * Default 1.
   */
  rates?: number | readonly number[] | Readonly<Record<string, number>>;
  /** Multiplies f, and Θ by its square (the α of Chizat & Bach 2018); default 1. */
  outputScale?: number;
  /**
   * k > 0: hidden layers 1, 1 + k, 1 + 2k, … are joined by identities. Each adds the pre-activation of the one before.
   * Default 0: none.
   */
  residual?: number;
  /**
   * True: every unit has a twin with −b, and the intercept starts at 0. f(x, θ0) is exactly 0, and the readout is
   * scaled by 1/√2, so that Θ is the kernel without the twins. The network has 2·hidden units. One hidden layer only.
   */
  centeredStart?: boolean;
  /** Integer in [0, 2^53); default 0. */
  seed?: number;
  /** θ0 itself, in the order of `blocks`, instead of random numbers. */
  parameters?: NumberList | Readonly<Record<number, number>>;
}

/** A named part of θ: `parameters.subarray(offset, offset + length)`, row-major with this shape. */
export interface Block {
  name: string;
  offset: number;
  length: number;
  shape: number[];
}

/** A finite network at its start θ0: plain data, structured-cloneable. */
export interface Network
  extends Required<Omit<NetworkOptions, "hidden" | "activation" | "weightStd" | "biasStd" | "rates" | "parameters">> {
  hidden: number | number[];
  activation: PerLayer<Activation>;
  weightStd: PerLayer<number>;
  biasStd: PerLayer<number>;
  rates: Rates;
  parameters: Float64Array;
  blocks: Block[];
}

/** A network without its numbers. */
export type NetworkShape = Omit<Network, "parameters" | "blocks">;
