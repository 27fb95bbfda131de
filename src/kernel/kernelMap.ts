/**
 * Θ(X, X) of any model as a linear map that needs no N×N matrix, and its rows.
 *
 * - A finite network with its weights multiplies through its features, O(NP) a product (`finite/kernelOperator.ts`).
 * - Other models keep their matrix where it takes at most 1 GiB and fits, else its tiles are made anew for each
 *   product. A tile on the diagonal is made once, and a tile beside it serves its mirror image.
 *
 * A product pauses between slices of a few milliseconds. Nothing of it is in scratch then.
 */
import type { Context } from "../context.js";
import { gemm, gemv, mirror } from "../linalg/blas.js";
import { roundingLevel } from "../linalg/factor.js";
import type { Rows } from "../linalg/pivotedCholesky.js";
import { scratch, type View } from "../linalg/view.js";
import { type Matrix, rowsOf } from "../matrix.js";
import { drain } from "../slices.js";
import { type Tangents, tangentsOf } from "./finite/kernelOperator.js";
import type { KernelSource } from "./kernel.js";
import { fillRows } from "./kernelRows.js";

/** Doubles of a matrix that is kept: 1 GiB. */
const KEPT = 2 ** 27;
/** Multiply-adds of a slice of the kept matrix. A product with few vectors waits for memory: four count as one. */
const SLICE = 2 ** 23;
/** Doubles of a tile that is made anew, and its least rows: what all rows of X need is made for each tile. */
const TILE = 2 ** 18;
const LEAST_ROWS = 16;

export interface KernelMap {
  /** The features, where the model has weights. */
  readonly tangents: Tangents | undefined;
  /** True where a product costs 2N² multiply-adds or less and no kernel is made. */
  readonly kept: boolean;
  /** Θ times each vector, new vectors, in slices. */
  slicing(vectors: readonly Float64Array[]): Generator<void, Float64Array[], void>;
  /** The same at once. */
  times(vectors: readonly Float64Array[]): Float64Array[];
  /** Rows of Θ. */
  rowsInto: Rows["fill"];
}

/** The map, in memory of the context's arena: scratch, or memory that stays. */
export function kernelMap(context: Context, source: KernelSource, X: Matrix): KernelMap {
  const rowsInto = (points: readonly number[], out: View) => fillRows(context, source, X, points, out);
  if (source.weights) {
    const tangents = tangentsOf(context, source.weights, X);
    return mapOf({ tangents, kept: false, rowsInto, slicing: tangents.slicing });
  }
  const n = X.rows * source.block;
  if (n * n <= KEPT && n * n + source.scratch(X.rows) <= context.arena.room / 2) return keptMap(context, source, X, n);
  checkTiles(source, X);
  return mapOf({
    tangents: undefined,
    kept: false,
    rowsInto,
    slicing: (vectors) => tiled(context, source, X, vectors),
  });
}

function mapOf(map: Omit<KernelMap, "times">): KernelMap {
  return { ...map, times: (vectors) => drain(map.slicing(vectors)) };
}

function keptMap(context: Context, source: KernelSource, X: Matrix, n: number): KernelMap {
  const Theta = scratch(context, n, n);
  context.arena.run(() => source.fill(X, Theta));
  mirror(Theta);
  const { block } = source;
  return mapOf({
    tangents: undefined,
    kept: true,
    *slicing(vectors) {
      const products = vectors.map(() => new Float64Array(n));
      const size = Math.max(LEAST_ROWS, Math.floor(SLICE / n / Math.ceil(vectors.length / 4)));
      for (let row = 0; row < n; row += size) {
        const rows = Math.min(size, n - row);
        context.arena.run(() => {
          const [V, out] = [packed(context, vectors, n), scratch(context, vectors.length, rows)];
          if (vectors.length === 1) gemv(1, Theta.slice(row, rows), V, 0, out);
          else gemm(1, V, Theta.block(0, row, n, rows), 0, out);
          products.forEach((product, k) => {
            product.set(out.row(k), row);
          });
        });
        yield;
      }
      return products;
    },
    rowsInto(points, out) {
      points.forEach((point, k) => {
        for (let c = 0; c < block; c++) out.row(k * block + c).set(Theta.row(point * block + c));
      });
    },
  });
}

/** Products with tiles that are made anew. */
function* tiled(
  context: Context,
  source: KernelSource,
  X: Matrix,
  vectors: readonly Float64Array[],
): Generator<void, Float64Array[], void> {
  const n = X.rows * source.block;
  const k = vectors.length;
  const size = Math.max(LEAST_ROWS, Math.floor(TILE / n / source.block));
  const products = vectors.map(() => new Float64Array(n));
  const add = (part: View, at: number) =>
    products.forEach((product, i) => {
      const row = part.row(i);
      for (let j = 0; j < row.length; j++) product[at + j] += row[j];
    });
  for (let row = 0; row < X.rows; row += size) {
    const points = rowsOf(X, row, Math.min(size, X.rows - row));
    const others = rowsOf(X, row + points.rows, X.rows - row - points.rows);
    const [at, t, rest] = [row * source.block, points.rows * source.block, others.rows * source.block];
    context.arena.run(() => {
      const [V, own] = [packed(context, vectors, n, at), scratch(context, k, t)];
      const D = scratch(context, t, t);
      source.fill(points, D);
      mirror(D);
      gemm(1, V.block(0, 0, k, t), D, 0, own);
      if (rest > 0) {
        const [K, out] = [scratch(context, t, rest), scratch(context, k, rest)];
        source.fill(points, K, others);
        gemm(1, V.block(0, 0, k, t), K, 0, out);
        gemm(1, V.block(0, t, k, rest), K.t, 1, own);
        add(out, at + t);
      }
      add(own, at);
    });
    yield;
  }
  return products;
}

/** Entries `from` to n of the vectors, in rows. */
function packed(context: Context, vectors: readonly Float64Array[], n: number, from = 0): View {
  const V = scratch(context, vectors.length, n - from);
  vectors.forEach((v, i) => {
    V.row(i).set(from > 0 ? v.subarray(from) : v);
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
