/** Monte Carlo: the mean of finite tangent kernels over random starts, with its standard error, draw by draw. */
import type { Context } from "../arena.js";
import { checkChoice, checkKeys, checkPositiveInteger, toMatrix } from "../check.js";
import { kernel, type Outputs } from "../kernel/empirical.js";
import { type Matrix, type MatrixLike, matrix } from "../matrix.js";
import { checkSeed, createNetwork, type NetworkOptions, networkShape } from "../model/network.js";
import { doubles } from "../precision.js";

export interface SampleKernelOptions {
  /** How many networks; default 100. */
  draws?: number;
  /** Network k has the seed `seed + k`; default 0. */
  seed?: number;
  /** Second set of inputs; default X. */
  X2?: MatrixLike;
  /** As in `kernel`; default `"average"`. */
  outputs?: "full" | "average";
}

/** `ntk.sampleKernel`. */
export function sampleKernels(
  context: Context,
  options: NetworkOptions,
  Xlike: MatrixLike,
  sampling: SampleKernelOptions,
): KernelSamples {
  checkKeys(sampling, ["draws", "seed", "X2", "outputs"], "sampleKernel");
  const { draws = 100, seed = 0, outputs = "average" } = sampling;
  checkPositiveInteger(draws, "draws");
  checkSeed(seed);
  checkSeed(seed + draws - 1);
  checkChoice(outputs, "outputs", ["full", "average"]);
  if (options?.parameters !== undefined || options?.seed !== undefined) {
    throw new RangeError(
      "sampleKernel draws θ0 itself; expected options without parameters and seed (its own seed comes last)",
    );
  }
  const { network } = networkShape(options);
  const X = toMatrix(Xlike, "X", { cols: network.inputs });
  const X2 = sampling.X2 === undefined ? undefined : toMatrix(sampling.X2, "X2", { cols: network.inputs });
  return new KernelSamples(context, options, X, X2, outputs, draws, seed);
}

/**
 * Kernels being sampled. Iterating draws one network after another and yields this object each time, so that a page can show the mean converging;
 * {@link result} draws what is left. It can be stopped and taken up again.
 *
 * @example
 * for (const { draws, mean, standardError } of ntk.sampleKernel({ inputs: 1, hidden: 64 }, X, { draws: 50 })) {
 *   // draw mean ± standardError
 * }
 */
export class KernelSamples implements Iterable<KernelSamples> {
  /** Networks drawn so far. */
  draws = 0;
  /** Networks to draw. */
  readonly total: number;
  readonly #context: Context;
  readonly #options: NetworkOptions;
  readonly #X: Matrix;
  readonly #X2: Matrix | undefined;
  readonly #outputs: Outputs;
  readonly #seed: number;
  readonly #mean: Matrix;
  /** Sums of squared deviations from the mean so far (Welford 1962). */
  readonly #squares: Float64Array;

  /** @internal */
  constructor(
    context: Context,
    options: NetworkOptions,
    X: Matrix,
    X2: Matrix | undefined,
    outputs: Outputs,
    total: number,
    seed: number,
  ) {
    this.#context = context;
    this.#options = options;
    this.#X = matrix(X.rows, X.cols, X.data.slice());
    this.#X2 = X2 && matrix(X2.rows, X2.cols, X2.data.slice());
    this.#outputs = outputs;
    this.total = total;
    this.#seed = seed;
    const block = outputs === "full" ? (options.outputs ?? 1) : 1;
    this.#mean = matrix(X.rows * block, (X2?.rows ?? X.rows) * block);
    this.#squares = new Float64Array(this.#mean.data.length);
  }

  /** Mean of the kernels so far: a copy. */
  get mean(): Matrix {
    return matrix(this.#mean.rows, this.#mean.cols, this.#mean.data.slice());
  }

  /** Standard error of each entry of {@link mean}: a copy; Infinity before the second draw. */
  get standardError(): Matrix {
    const { draws } = this;
    const data = this.#squares.map((sum) => (draws < 2 ? Infinity : Math.sqrt(sum / (draws - 1) / draws)));
    return matrix(this.#mean.rows, this.#mean.cols, data);
  }

  /** Draws one more network; false where all have been drawn. */
  step(): boolean {
    if (this.draws === this.total) return false;
    const net = createNetwork({ ...this.#options, seed: this.#seed + this.draws });
    const { data } = kernel(this.#context, doubles(this.#context), net, this.#X, this.#X2, this.#outputs);
    this.draws++;
    const mean = this.#mean.data;
    for (let at = 0; at < data.length; at++) {
      const deviation = data[at] - mean[at];
      mean[at] += deviation / this.draws;
      this.#squares[at] += deviation * (data[at] - mean[at]);
    }
    return true;
  }

  /** Draws what is left. */
  result(): this {
    while (this.step());
    return this;
  }

  *[Symbol.iterator](): Iterator<KernelSamples> {
    while (this.step()) yield this;
  }
}
