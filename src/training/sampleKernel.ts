/** Monte Carlo: the mean of finite tangent kernels over random starts, with its standard error, draw by draw. */

import { checkResult, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { kernels } from "../kernel/finite/kernel.js";
import { kernelScratch, type Outputs } from "../kernel/finite/kernelMemory.js";
import { maxAbs } from "../linalg/vectors.js";
import { copied, type Matrix, type MatrixLike, matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { drawBy } from "../model/draw.js";
import { type Network, type NetworkOptions, networkShape, parameterCount, startOf, widths } from "../model/network.js";
import { any, count, or, outputs, read, type Schema, seed } from "../options.js";
import { checkSeed } from "../scalars.js";
import { together } from "./together.js";

export interface SampleKernelOptions {
  /** Number of networks; default 100. */
  draws?: number;
  /** Network k has the seed `seed + k`. Default 0. */
  seed?: number;
  /** Second set of inputs; default X. */
  X2?: MatrixLike;
  /** As in `kernel`; default `"average"`. */
  outputs?: "full" | "average";
}

const OPTIONS = {
  draws: or(count, 100),
  seed: or(seed, 0),
  X2: any,
  outputs: or(outputs, "average"),
} satisfies Schema<SampleKernelOptions>;

/** `ntk.sampleKernel`. */
export function kernelSamplesOf(
  context: Context,
  options: NetworkOptions,
  Xlike: MatrixLike,
  sampling: SampleKernelOptions,
): KernelSamples {
  const { draws, seed, outputs, X2: other } = read(sampling, "sampleKernel", "{ draws: 100 }", OPTIONS);
  checkSeed(seed + (draws - 1), "seed + draws − 1");
  const { network, blocks, drawn } = networkShape(options);
  if (!drawn) {
    throw new RangeError(
      "sampleKernel draws θ0 itself; expected options without parameters and seed (its own seed comes last)",
    );
  }
  const X = copied(toMatrix(Xlike, "X", { cols: network.inputs }));
  const X2 = other === undefined ? undefined : copied(toMatrix(other as MatrixLike, "X2", { cols: network.inputs }));
  const [n, n2] = [X.rows, X2?.rows ?? X.rows];
  const block = outputs === "full" ? network.outputs : 1;
  const shape = { ...network, parameters: { length: parameterCount(blocks) } };
  const doubles = n * n2 * block * block + kernelScratch(context, 8, shape, n, X2?.rows, outputs);
  context.arena.require(doubles);
  return new KernelSamples(context, { ...network, blocks }, X, X2, outputs, draws, seed, doubles);
}

/**
 * Adds draw number `draws` to means and sums of squares, which are in units of `scale`⁻². Each entry is read once: 5 µs
 * for 3600, else 8.
 */
function fold(data: Float64Array, draws: number, mean: Float64Array, squares: Float64Array, scale: number): void {
  for (let at = 0; at < data.length; at++) {
    const value = data[at];
    const before = mean[at];
    const deviation = value - before;
    const after = before + deviation / draws;
    mean[at] = after;
    squares[at] += scale * deviation * (scale * (value - after));
  }
}

/** A power of 2 that takes a kernel to about 1 where squares of its entries leave the doubles; else 1. */
function scaleOf(data: Float64Array): number {
  const largest = maxAbs(data);
  if (!(largest > 0 && largest < Infinity) || (largest > 1e-100 && largest < 1e100)) return 1;
  return 2 ** -Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest))));
}

/**
 * Kernels that are made at once for each thread. In between helpers fall asleep: 200 draws of 60 points and 64 units
 * took 6.6 ms with 4, 6.2 with 16 and with 32 (one thread 9.7).
 */
const EACH = 16;
/** Points · points · units of the kernels that are made at once, at most, for each thread: about 16 ms. */
const MOST_WORK = 2 ** 27;

/**
 * Kernels being sampled. Iteration draws one network after another and yields this object each time, so that a page can
 * show the mean converge. {@link result} draws the remaining networks. Sampling can stop and be taken up again.
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
  readonly #network: Omit<Network, "parameters">;
  readonly #X: Matrix;
  readonly #X2: Matrix | undefined;
  readonly #outputs: Outputs;
  readonly #seed: number;
  readonly #mean: Matrix;
  /** Sums of squared deviations from the mean so far (Welford 1962), in units of {@link #scale}⁻². */
  readonly #squares: Float64Array;
  /** By the first kernel: see {@link scaleOf}. */
  #scale = 1;
  /** Kernels of the next draws, the next one last. */
  #made: Matrix[] = [];
  /** Doubles that a kernel takes. */
  readonly #doubles: number;

  /** @internal */
  constructor(
    context: Context,
    network: Omit<Network, "parameters">,
    X: Matrix,
    X2: Matrix | undefined,
    outputs: Outputs,
    total: number,
    seed: number,
    doubles: number,
  ) {
    this.#doubles = doubles;
    this.#context = context;
    this.#network = network;
    this.#X = X;
    this.#X2 = X2;
    this.#outputs = outputs;
    this.total = total;
    this.#seed = seed;
    const block = outputs === "full" ? network.outputs : 1;
    this.#mean = matrix(X.rows * block, (X2?.rows ?? X.rows) * block);
    this.#squares = zeros(this.#mean.data.length);
  }

  /** Mean of the kernels so far: a copy. @throws RangeError where an entry of a kernel overflowed. */
  get mean(): Matrix {
    return checkResult(copied(this.#mean), "the mean kernel");
  }

  /**
   * Standard error of each entry of {@link mean}: a copy. Infinity before the second draw.
   *
   * @throws RangeError where an entry of a kernel overflowed.
   */
  get standardError(): Matrix {
    const { draws } = this;
    const { rows, cols, data: mean } = this.#mean;
    if (draws < 2) return matrix(rows, cols, new Float64Array(mean.length).fill(Infinity));
    const data = this.#squares.map((sum) => Math.sqrt(sum / (draws - 1) / draws) / this.#scale);
    return checkResult(matrix(rows, cols, data), "the standard error");
  }

  /** Draws one more network; false where all have been drawn. */
  step(): boolean {
    if (this.draws === this.total) return false;
    // Kernels that are made already outlive the backend.
    void this.#context.ops;
    const { data } = this.#made.pop() ?? this.#make();
    if (this.draws === 0) this.#scale = scaleOf(data);
    fold(data, ++this.draws, this.#mean.data, this.#squares, this.#scale);
    return true;
  }

  /** Makes the kernels of the next draws, as many as threads make side by side; returns the first. */
  #make(): Matrix {
    const context = this.#context;
    const left = this.total - this.draws;
    const count = Math.min(
      this.#most(),
      together(context, EACH, left, () => this.#doubles),
    );
    const nets = Array.from({ length: count }, (_, k) => {
      const seed = this.#seed + this.draws + k;
      return { ...this.#network, seed, parameters: startOf(this.#network, (how) => drawBy(context, how, seed)) };
    });
    const [first, ...others] = kernels(context, 8, nets, this.#X, this.#X2, this.#outputs);
    this.#made = others.reverse();
    return first;
  }

  /** The most draws at once. A deep kernel, or one of all pairs of outputs, is many ops. */
  #most(): number {
    const hidden = widths(this.#network);
    if (hidden.length > 1 || (this.#outputs === "full" && this.#network.outputs > 1)) return 1;
    const work = this.#X.rows * (this.#X2 ?? this.#X).rows * hidden[0];
    return Math.max(1, Math.floor((this.#context.threads * MOST_WORK) / Math.max(work, 1)));
  }

  /** Draws the remaining networks. */
  result(): this {
    while (this.step());
    return this;
  }

  *[Symbol.iterator](): Iterator<KernelSamples> {
    while (this.step()) yield this;
  }
}
