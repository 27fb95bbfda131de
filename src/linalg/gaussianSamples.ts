/** Draws from a Gaussian whose covariance may be singular: by its eigendecomposition, without jitter. */

import type { Context } from "../context.js";
import { type Matrix, matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { Xoshiro256 } from "../model/random.js";
import { count, or, type Schema, seed } from "../options.js";
import { eighScratch, gemmScratchBytes } from "./blas.js";
import { combine, decompose } from "./eigen.js";
import { copyIn } from "./view.js";

export interface SampleOptions {
  /** How many functions to draw; default 1. */
  draws?: number;
  /** Integer in [0, 2^53); default 0. The same seed gives the same draws, to rounding. */
  seed?: number;
}

/** The schema of {@link SampleOptions}. */
export const SAMPLES = { draws: or(count, 1), seed: or(seed, 0) } satisfies Schema<SampleOptions>;

/** Doubles that {@link drawSamples} needs for a covariance of order n, shared by `columns` outputs. */
export function samplesMemory(context: Context, n: number, columns: number, draws: number): number {
  const rows = draws * columns;
  return n * n + Math.max(eighScratch(context, n), 2 * rows * n + gemmScratchBytes(context, 8, rows, n, n) / 8);
}

/**
 * Draws `draws` functions with this mean (N×C) and covariance. Eigenvalues that rounding made negative count as 0.
 *
 * - One (N·C)×(N·C) covariance, in the order of the mean: the outputs are drawn together.
 * - N×N covariances: each output is drawn by itself. There is one covariance for all outputs, or one for each.
 */
export function drawSamples(
  context: Context,
  mean: Matrix,
  covariances: readonly Matrix[],
  { draws, seed }: Required<SampleOptions>,
): Matrix[] {
  const n = covariances[0].rows;
  const columns = mean.data.length / n;
  const random = new Xoshiro256(seed, 0);
  const normals = Float64Array.from({ length: draws * columns * n }, () => random.normal());
  const result = Array.from({ length: draws }, () => matrix(mean.rows, mean.cols, mean.data.slice()));
  covariances.forEach((covariance, c) => {
    const own = covariances.length > 1 ? [c] : Array.from({ length: columns }, (_, column) => column);
    const rows = result.flatMap((_, k) => own.map((column) => k * columns + column));
    const moved = coloured(context, covariance, normals, rows);
    rows.forEach((row, at) => {
      const { data } = result[Math.floor(row / columns)];
      for (let i = 0; i < n; i++) data[i * columns + (row % columns)] += moved[at * n + i];
    });
  });
  return result;
}

/** Turns rows of standard normals, each n long, into rows with this covariance. */
function coloured(context: Context, covariance: Matrix, normals: Float64Array, rows: number[]): Float64Array {
  const n = covariance.rows;
  return context.arena.run(() => {
    const vectors = copyIn(context, covariance.data, n, n);
    const values = decompose(vectors, true);
    const coordinates = zeros(rows.length * n);
    rows.forEach((row, at) => {
      for (let i = 0; i < n; i++) {
        coordinates[at * n + i] = Math.sqrt(Math.max(0, values[i])) * normals[row * n + i];
      }
    });
    return combine({ values, vectors }, coordinates, rows.length);
  });
}
