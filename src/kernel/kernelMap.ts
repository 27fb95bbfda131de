/**
 * Θ(X, X) of any model as a linear map that needs no N×N matrix, and its rows.
 *
 * - A finite network with its weights multiplies through its features, O(NP) a product (`finite/kernelOperator.ts`).
 * - Other models keep their matrix where it takes at most 1 GiB and fits, else its tiles are made anew for each
 *   product. A tile on the diagonal is made once, and a tile beside it serves its mirror image.
 */
import type { Context } from "../context.js";
import { gemm, gemv, mirror } from "../linalg/blas.js";
import { roundingLevel } from "../linalg/factor.js";
import type { Rows } from "../linalg/pivotedCholesky.js";
import { scratch, type View } from "../linalg/view.js";
import { type Matrix, rowsOf } from "../matrix.js";
import { type Tangents, tangentsOf } from "./finite/kernelOperator.js";
import type { KernelSource } from "./kernel.js";
import { fillRows } from "./kernelRows.js";

/** Doubles of a matrix that is kept: 1 GiB. */
const KEPT = 2 ** 27;
/** Doubles of a tile that is made anew. */
const TILE = 2 ** 22;

export interface KernelMap {
  /** The features, where the model has weights. */
  readonly tangents: Tangents | undefined;
  /** True where a product costs 2N² multiply-adds or less and no kernel is made. */
  readonly kept: boolean;
  /** Θ times each vector, new vectors. */
  times(vectors: readonly Float64Array[]): Float64Array[];
  /** Rows of Θ. */
  rowsInto: Rows["fill"];
}

/** The map, in memory of the context's arena: scratch, or memory that stays. */
export function kernelMap(context: Context, source: KernelSource, X: Matrix): KernelMap {
  const rowsInto = (points: readonly number[], out: View) => fillRows(context, source, X, points, out);
  if (source.weights) {
    const tangents = tangentsOf(context, source.weights, X);
    const times = (vectors: readonly Float64Array[]) => vectors.map((v) => tangents.times(tangents.transposeTimes(v)));
    return { tangents, kept: false, times, rowsInto };
  }
  const n = X.rows * source.block;
  if (n * n <= KEPT && n * n + source.scratch(X.rows) <= context.arena.room / 2) return keptMap(context, source, X, n);
  checkTiles(source, X);
  return { tangents: undefined, kept: false, times: (vectors) => tiled(context, source, X, vectors), rowsInto };
}

function keptMap(context: Context, source: KernelSource, X: Matrix, n: number): KernelMap {
  const Theta = scratch(context, n, n);
  context.arena.run(() => source.fill(X, Theta));
  mirror(Theta);
  const { block } = source;
  return {
    tangents: undefined,
    kept: true,
    times: (vectors) =>
      context.arena.run(() => {
        const [V, out] = [packed(context, vectors, n), scratch(context, vectors.length, n)];
        if (vectors.length === 1) gemv(1, Theta, V, 0, out);
        else gemm(1, V, Theta, 0, out);
        return vectors.map((_, k) => out.row(k).slice());
      }),
    rowsInto(points, out) {
      points.forEach((point, k) => {
        for (let c = 0; c < block; c++) out.row(k * block + c).set(Theta.row(point * block + c));
      });
    },
  };
}

/** Products with tiles that are made anew. */
function tiled(context: Context, source: KernelSource, X: Matrix, vectors: readonly Float64Array[]): Float64Array[] {
  const n = X.rows * source.block;
  const k = vectors.length;
  const size = Math.max(1, Math.floor(TILE / Math.max(1, n)));
  return context.arena.run(() => {
    const [V, out] = [packed(context, vectors, n), scratch(context, k, n)];
    out.entries().fill(0);
    for (let row = 0; row < X.rows; row += size) {
      const points = rowsOf(X, row, Math.min(size, X.rows - row));
      const [at, t] = [row * source.block, points.rows * source.block];
      context.arena.run(() => {
        const D = scratch(context, t, t);
        source.fill(points, D);
        mirror(D);
        gemm(1, V.block(0, at, k, t), D, 1, out.block(0, at, k, t));
      });
      const rest = n - at - t;
      if (rest === 0) continue;
      context.arena.run(() => {
        const K = scratch(context, t, rest);
        source.fill(points, K, rowsOf(X, row + points.rows, X.rows - row - points.rows));
        gemm(1, V.block(0, at, k, t), K, 1, out.block(0, at + t, k, rest));
        gemm(1, V.block(0, at + t, k, rest), K.t, 1, out.block(0, at, k, t));
      });
    }
    return vectors.map((_, i) => out.row(i).slice());
  });
}

function packed(context: Context, vectors: readonly Float64Array[], n: number): View {
  const V = scratch(context, vectors.length, n);
  vectors.forEach((v, i) => {
    V.row(i).set(v);
  });
  return V;
}

/** @throws RangeError where the kernel of two tiles is not the transpose of that in the other order. */
function checkTiles(source: KernelSource, X: Matrix): void {
  const size = Math.min(16, X.rows);
  const [first, last] = [rowsOf(X, 0, size), rowsOf(X, X.rows - size, size)];
  const [K, other] = [source.cross(first, last), source.cross(last, first)];
  const { rows, cols } = K;
  const largest = K.data.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  const allowed = 64 * roundingLevel(rows, largest);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const [one, two] = [K.data[i * cols + j], other.data[j * rows + i]];
      if (Math.abs(one - two) <= allowed) continue;
      throw new RangeError(
        `the kernel is not symmetric: K(a, b) is ${one}, K(b, a) is ${two} for two rows of X; expected a difference of at most ${allowed.toPrecision(2)}`,
      );
    }
  }
}
