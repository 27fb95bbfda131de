/**
 * A Cholesky factor L as memory: substitution, and rows and columns of its matrix that go or come (Golub & Van Loan 6.5.4). A deletion is a
 * rank-1 update of what lies below (Givens rotations, never a downdate), an addition one more row of the factorisation: both are as
 * stable as factoring anew, with an error of c n ε‖A‖ each, so k of them are off by c k n ε‖A‖ at most.
 */
import type { Context } from "../context.js";
import { notPositiveDefinite, overflow, roundingLevel } from "./factor.js";

/** The lower triangle of order n at `l`, rows `ld` apart. */
export interface Triangle {
  l: number;
  ld: number;
  n: number;
}

/** From here on packing for the blocked solve pays (measured at n = 1000); below, each row reads L once. */
const BLOCKED_ROWS = 4;

/** Rows of B (ldb apart) times L⁻ᵀ (`trans = 1`) or L⁻¹ (0), in place. */
export function substitute(
  { ops, arena }: Context,
  trans: 0 | 1,
  { l, ld, n }: Triangle,
  b: number,
  ldb: number,
  rows: number,
): void {
  if (rows < BLOCKED_ROWS) {
    for (let i = 0; i < rows; i++) ops.dtrsv(trans, n, l, ld, b + i * ldb * 8);
    return;
  }
  arena.run(() => ops.dtrsm(trans, 0, rows, n, l, ld, b, ldb, arena.allocBytes(ops.dtrsmScratchBytes(rows, n))));
}

/** Row i up to the diagonal: a view to use at once. */
function rowOf({ arena }: Context, { l, ld }: Triangle, i: number): Float64Array {
  return arena.view(l + i * ld * 8, i + 1);
}

/** L in another block. */
export function copyTriangle(context: Context, from: Triangle, l: number, ld: number): Triangle {
  const to = { l, ld, n: from.n };
  for (let i = 0; i < from.n; i++) rowOf(context, to, i).set(rowOf(context, from, i));
  return to;
}

/**
 * Deletes rows and columns of L Lᵀ (indices of L, ascending). Returns what undoes it, to the bit: the rows that change are kept in scratch until
 * the caller's `arena.run` ends.
 *
 * @throws MemoryLimitError before any work.
 */
export function deleteRows(context: Context, triangle: Triangle, indices: ArrayLike<number>): () => void {
  const { ops, arena } = context;
  const { l, ld, n } = triangle;
  const first = indices.length > 0 ? indices[0] : n;
  const before = (i: number) => (i * (i + 1)) / 2;
  const kept = arena.alloc(before(n) - before(first));
  const work = arena.allocBytes(ops.dch1upScratchBytes(n));
  const keptRow = (i: number) => arena.view(kept + (before(i) - before(first)) * 8, i + 1);
  for (let i = first; i < n; i++) keptRow(i).set(rowOf(context, triangle, i));
  for (let i = indices.length - 1; i >= 0; i--) ops.dchdex(triangle.n--, indices[i], l, ld, work);
  return () => {
    triangle.n = n;
    for (let i = first; i < n; i++) rowOf(context, triangle, i).set(keptRow(i));
  };
}

/**
 * L grows by the last rows of a matrix of order `order.length`, whose row and column i stand at `order[i]` in `rows` (packed, one for each
 * row that is new): L21 = A21 L11⁻ᵀ, then the factor of A22 + ridge I − L21 L21ᵀ. Row i of `rows` may not be of L's memory; ld must allow it.
 *
 * @throws NotPositiveDefiniteError by the pivot rule of {@link Ops.dpotrf}, the tolerance as in a fit; RangeError for an entry that is not finite;
 *   MemoryLimitError. L Lᵀ is as before then.
 */
export function appendRows(context: Context, triangle: Triangle, order: Int32Array, rows: number, ridge: number): void {
  const { ops, arena } = context;
  const { l, ld, n } = triangle;
  const size = order.length;
  const count = size - n;
  if (count === 0) return;
  const l21 = l + n * ld * 8;
  const l22 = l21 + n * 8;
  const diagonal = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const row = arena.view(rows + i * size * 8, size);
    const to = arena.view(l21 + i * ld * 8, n + i + 1);
    for (let k = 0; k < to.length; k++) to[k] = row[order[k]];
    const at = to.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw overflow(order[n + i], order[at], to[at]);
    to[n + i] += ridge;
    diagonal[i] = to[n + i];
  }
  const bytes = Math.max(ops.dgemmScratchBytes(count, count, n), ops.dpotrfScratchBytes(count));
  const work = arena.allocBytes(bytes);
  substitute(context, 1, triangle, l21, ld, count);
  ops.dsyrk(0, 0, count, n, -1, l21, ld, 1, l22, ld, work);
  const info = ops.dpotrf(count, 0, l22, ld, work);
  const tolerance = roundingLevel(size, 1);
  const lost = diagonal.findIndex(
    (value, i) => i === info - 1 || !(arena.view(l22 + i * (ld + 1) * 8, 1)[0] ** 2 > tolerance * value),
  );
  if (lost >= 0) {
    const norm = diagonal.reduce((sum, value) => sum + value, traceOf(context, triangle));
    throw notPositiveDefinite(order[n + lost], size, ridge, norm);
  }
  triangle.n = size;
}

/** tr L Lᵀ. */
function traceOf(context: Context, triangle: Triangle): number {
  let trace = 0;
  for (let i = 0; i < triangle.n; i++) {
    trace += rowOf(context, triangle, i).reduce((sum, value) => sum + value * value, 0);
  }
  return trace;
}
