/** Draws from a Gaussian whose covariance may be singular: through its eigendecomposition, no jitter. */
import type { Context } from "../arena.js";
import { checkKeys, checkPositiveInteger } from "../check.js";
import { type Matrix, matrix } from "../matrix.js";
import { checkSeed } from "../model/network.js";
import { Xoshiro256 } from "../model/random.js";
import { combine, decompose } from "../solver/eigen.js";

export interface SampleOptions {
  /** How many functions to draw; default 1. */
  draws?: number;
  /** Integer in [0, 2^53); default 0. The same seed gives the same draws, to rounding. */
  seed?: number;
}

/** @throws TypeError, RangeError */
export function checkSampleOptions(options: SampleOptions, where: string): Required<SampleOptions> {
  checkKeys(options, ["draws", "seed"], where);
  const { draws = 1, seed = 0 } = options;
  checkPositiveInteger(draws, "draws");
  checkSeed(seed);
  return { draws, seed };
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
    const coordinates = Float64Array.from({ length: draws * columns * n }, () => random.normal());
    coordinates.forEach((value, at) => {
      coordinates[at] = Math.sqrt(Math.max(0, values[at % n])) * value;
    });
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
