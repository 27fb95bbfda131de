/**
 * Pivoted partial Cholesky of a symmetric positive semi-definite matrix: A ≈ L Lᵀ of rank r, from r columns of A. The
 * error A − L Lᵀ is positive semi-definite, its trace is known at each rank, and its 2-norm is at most its trace.
 *
 * Pivots come in blocks, so that columns and updates are products of matrices. The candidates of a block are drawn with
 * probabilities in the ratio of what is left of their diagonal entries (Chen, Epperly, Tropp & Webber 2023). Within a
 * block the largest rest is taken first, and the block ends where the rest of its candidates is small: neighbours
 * explain each other (as in robust blockwise random pivoting, Dong, Chen, Martinsson & Pearce 2023). The seed is fixed.
 *
 * Cost: r columns of A, and n r² multiply-adds.
 */
import type { Context } from "../context.js";
import { Xoshiro256 } from "../model/random.js";
import { gemm, gemmScratchBytes } from "./blas.js";
import { roundingLevel } from "./factor.js";
import { maxAbs, sum } from "./vectors.js";
import { scratch, type View } from "./view.js";

/** A matrix known by its diagonal and its rows. */
export interface Rows {
  readonly n: number;
  readonly diagonal: Float64Array;
  /** Consecutive rows that come together: the outputs of a point. */
  readonly block: number;
  /** Rows of A: `block` for each of the points, packed. */
  fill(points: readonly number[], out: View): void;
}

/** Where a factorisation has got to. */
export interface PartialCholesky {
  /** Columns of L. */
  rank: number;
  /** tr(A − L Lᵀ). */
  trace: number;
  /** The row of A behind each column of L. */
  pivots: number[];
  /** Diagonal of A − L Lᵀ. */
  rest: Float64Array;
}

/** Candidates of a block, at most: from here on the columns of a network cost what a large product costs. */
const BLOCK = 64;
/** Candidates of the first block. Blocks double: the first columns of a smooth kernel explain most of the others. */
const FIRST = 8;
/**
 * A block ends where this part of the trace of its candidates is left. What is left of the other rows is then about as
 * small, and the factor of the block has a condition number of at most about 10³.
 */
const ENOUGH = 1e-6;
/** Fewer columns than this are not worth a block of their own, where the rank is bounded. */
const LEAST = 16;

/** Doubles of scratch that {@link pivotedCholesky} needs beside its L and the scratch of the rows. */
export function pivotedMemory(context: Context, n: number, most: number, block: number): number {
  const rows = Math.max(Math.min(BLOCK, most), block);
  const products = Math.max(
    gemmScratchBytes(context, 8, rows, n, most - rows),
    gemmScratchBytes(context, 8, rows, n, rows),
  );
  return rows * n + rows * most + products / 8;
}

/**
 * Lᵀ into the first rows of `out`, each a column of L: at most `out.rows` of them, until the trace of the error is at
 * most `tolerance`. Yields after each block. `bounded`: the last few columns may be left out.
 */
export function* pivotedCholesky(
  context: Context,
  A: Rows,
  tolerance: number,
  out: View,
  bounded = false,
): Generator<PartialCholesky, PartialCholesky, void> {
  const { block } = A;
  const random = new Xoshiro256(0);
  const rest = A.diagonal.slice();
  // A rest at rounding level is no pivot.
  const level = Math.max(Number.MIN_VALUE, 8 * roundingLevel(1, maxAbs(rest)));
  const found: PartialCholesky = { rank: 0, trace: sum(rest), pivots: [], rest };
  for (let size = FIRST; found.rank < out.rows && found.trace > tolerance; size = Math.min(BLOCK, 2 * size)) {
    const left = out.rows - found.rank;
    if (bounded && left < LEAST && found.rank > LEAST) break;
    const points = drawn(rest, block, Math.max(block, Math.min(size, left)), random);
    const rank = context.arena.run(() => addBlock(context, A, points, rest, level, out, found));
    // What is left of the candidates is rounding.
    if (rank === found.rank) break;
    found.rank = rank;
    found.trace = sum(rest);
    yield found;
  }
  return found;
}

/** Points drawn without repetition, for about so many rows, ascending. */
function drawn(rest: Float64Array, block: number, rows: number, random: Xoshiro256): number[] {
  const points = rest.length / block;
  const totals = new Float64Array(points);
  let total = 0;
  for (let i = 0; i < points; i++) {
    for (let c = 0; c < block; c++) total += rest[i * block + c];
    totals[i] = total;
  }
  const chosen = new Set<number>();
  const draws = Math.max(1, Math.floor(rows / block));
  for (let k = 0; k < draws; k++) chosen.add(firstAbove(totals, total * random.uniform()));
  return [...chosen].sort((a, b) => a - b);
}

/** The first index whose total is above `value`. */
function firstAbove(totals: Float64Array, value: number): number {
  let [low, high] = [0, totals.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (totals[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Adds the pivots of a block. Returns the new rank. */
function addBlock(
  context: Context,
  A: Rows,
  points: readonly number[],
  rest: Float64Array,
  level: number,
  out: View,
  { rank, pivots }: PartialCholesky,
): number {
  const { n, block } = A;
  const count = points.length * block;
  const B = scratch(context, count, n);
  A.fill(points, B);
  const rows = points.flatMap((point) => Array.from({ length: block }, (_, c) => point * block + c));
  const before = out.slice(0, rank);
  if (rank > 0) {
    const part = scratch(context, count, rank);
    for (let k = 0; k < rank; k++) {
      const [column, values] = [before.row(k), part.entries()];
      for (let i = 0; i < count; i++) values[i * rank + k] = column[rows[i]];
    }
    gemm(-1, part, before, 1, B);
  }
  const M = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    const row = B.row(i);
    for (let j = 0; j < count; j++) M[i * count + j] = row[rows[j]];
  }
  const { order, inverse } = smallCholesky(M, count, level, out.rows - rank);
  const taken = order.length;
  if (taken === 0) return rank;
  // The candidates that were taken, combined: R⁻¹ B for M = R Rᵀ.
  const combine = scratch(context, taken, count);
  const entries = combine.entries().fill(0);
  order.forEach((_, i) => {
    for (let j = 0; j <= i; j++) entries[i * count + order[j]] = inverse[i * count + j];
  });
  const added = out.slice(rank, taken);
  gemm(1, combine, B, 0, added);
  for (let k = 0; k < taken; k++) {
    const column = added.row(k);
    for (let i = 0; i < n; i++) rest[i] -= column[i] ** 2;
  }
  for (let i = 0; i < n; i++) if (rest[i] < 0) rest[i] = 0;
  for (const k of order) {
    pivots.push(rows[k]);
    rest[rows[k]] = 0;
  }
  return rank + taken;
}

/**
 * Greedy pivoted Cholesky of a small M, destroyed: the order of its pivots, and the inverse of its factor R in that
 * order, in rows of `n`. It ends where little of the trace of M is left.
 */
function smallCholesky(M: Float64Array, n: number, level: number, most: number) {
  const traceOf = () => {
    let total = 0;
    for (let i = 0; i < n; i++) total += Math.max(0, M[i * (n + 1)]);
    return total;
  };
  const enough = ENOUGH * traceOf();
  const order: number[] = [];
  const columns: Float64Array[] = [];
  while (order.length < most) {
    let best = -1;
    for (let i = 0; i < n; i++) if (M[i * (n + 1)] > (best < 0 ? level : M[best * (n + 1)])) best = i;
    if (best < 0 || traceOf() <= enough) break;
    const root = Math.sqrt(M[best * (n + 1)]);
    const column = new Float64Array(n);
    for (let i = 0; i < n; i++) column[i] = M[i * n + best] / root;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) M[i * n + j] -= column[i] * column[j];
    // Rounding leaves something at the pivots.
    order.push(best);
    for (const k of order) M[k * (n + 1)] = 0;
    columns.push(column);
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < order.length; i++) {
    const pivot = columns[i][order[i]];
    inverse[i * n + i] = 1 / pivot;
    for (let k = 0; k < i; k++) {
      const factor = columns[k][order[i]] / pivot;
      for (let j = 0; j <= k; j++) inverse[i * n + j] -= factor * inverse[k * n + j];
    }
  }
  return { order, inverse };
}
