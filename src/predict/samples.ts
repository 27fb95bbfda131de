/** Draws from a Gaussian whose covariance may be singular: through its eigendecomposition, no jitter. */
import type { Context } from "../arena.js";
import { type Matrix, matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { Xoshiro256 } from "../model/random.js";
import { count, type Kinds, or, seed } from "../options.js";
import { combine, decompose } from "../solver/eigen.js";

export interface SampleOptions {
  /** How many functions to draw; default 1. */
  draws?: number;
  /** Integer in [0, 2^53); default 0. The same seed gives the same draws, to rounding. */
  seed?: number;
}

/** The schema of {@link SampleOptions}. */
export const SAMPLES = { draws: or(count, 1), seed: or(seed, 0) } satisfies Kinds<SampleOptions>;

/** Doubles that {@link drawSamples} needs for a covariance of order n that serves `columns` outputs. */
export function samplesMemory({ ops }: Context, n: number, columns: number, draws: number): number {
  return n * n + Math.max(ops.deighScratchBytes(1, n) / 8, 3 * draws * columns * n);
}

/**
 * `draws` functions with this mean (N×C) and covariance: (N·C)×(N·C) in the order of the mean, or N×N for every output by itself.
 * Eigenvalues that rounding made negative count as 0.
 */
export function drawSamples(
  context: Context,
  mean: Matrix,
  covariance: Matrix,
  { draws, seed }: Required<SampleOptions>,
): Matrix[] {
  const n = covariance.rows;
  const columns = mean.data.length / n;
  const random = new Xoshiro256(seed, 0);
  return context.arena.run(() => {
    const vectors = context.arena.copyIn(covariance.data);
    const values = decompose(context, n, vectors, true);
    const coordinates = zeros(draws * columns * n);
    for (let at = 0; at < coordinates.length; at++)
      coordinates[at] = Math.sqrt(Math.max(0, values[at % n])) * random.normal();
    const moved = combine(context, { values, vectors }, coordinates, draws * columns);
    return Array.from({ length: draws }, (_, k) =>
      matrix(
        mean.rows,
        mean.cols,
        mean.data.map((value, at) => value + moved[(k * columns + (at % columns)) * n + Math.floor(at / columns)]),
      ),
    );
  });
}
