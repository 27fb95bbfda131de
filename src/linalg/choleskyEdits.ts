/**
 * Edits of a Cholesky factor L whose matrix loses and gains rows and columns (Golub & Van Loan 6.5.4).
 *
 * - A deletion is a rank-1 update of the triangle below the row, by Givens rotations. It is never a downdate.
 * - An addition is one more row of the factorisation.
 *
 * Both are as stable as a fresh factorisation: each has an error of c n ε‖A‖, so k edits have at most c k n ε‖A‖.
 */
import { potrf, substitute, syrk } from "./blas.js";
import { notPositiveDefinite, overflow, roundingLevel } from "./factor.js";
import type { View } from "./view.js";

/** The lower triangle of one matrix, in the memory of another of the same order. */
export function copyTriangle(from: View, to: View): View {
  for (let i = 0; i < from.rows; i++) to.row(i, i + 1).set(from.row(i, i + 1));
  return to;
}

/**
 * Deletes rows and columns of L Lᵀ (indices of L, ascending). Returns the remaining factor, and a function that undoes
 * the deletion to the bit. Changed rows are kept in scratch until the caller's `arena.run` ends.
 *
 * @throws MemoryLimitError before any work.
 */
export function deleteRows(L: View, indices: ArrayLike<number>): { rest: View; undo: () => void } {
  const { ops, arena } = L.context;
  const n = L.rows;
  const first = indices.length > 0 ? indices[0] : n;
  const before = (i: number) => (i * (i + 1)) / 2;
  const kept = arena.alloc(before(n) - before(first));
  const work = arena.allocBytes(ops.dch1upScratchBytes(n));
  const keptRow = (i: number) => arena.view(kept + (before(i) - before(first)) * 8, i + 1);
  for (let i = first; i < n; i++) keptRow(i).set(L.row(i, i + 1));
  let order = n;
  for (let i = indices.length - 1; i >= 0; i--) ops.dchdex(order--, indices[i], L.at, L.ld, work);
  const undo = () => {
    for (let i = first; i < n; i++) L.row(i, i + 1).set(keptRow(i));
  };
  return { rest: L.block(0, 0, order, order), undo };
}

/**
 * L grows to order `order.length`, by one row for each row of `rows`. Row i of L is row `order[i]` of A. `rows` has the
 * new rows of A, with columns in A's order. L21 = A21 L11⁻ᵀ, then L22 is the factor of A22 + ridge I − L21 L21ᵀ.
 *
 * `rows` may not share memory with L. L's leading dimension must allow the growth.
 *
 * @throws NotPositiveDefiniteError by the pivot rule of {@link Ops.dpotrf}, the tolerance as in a fit; RangeError for
 *   an entry that is not finite; MemoryLimitError. L Lᵀ is as before then.
 */
export function appendRows(L: View, order: Int32Array, rows: View, ridge: number): View {
  const n = L.rows;
  const size = order.length;
  const count = size - n;
  if (count === 0) return L;
  const grown = L.block(0, 0, size, size);
  const [below, corner] = [grown.block(n, 0, count, n), grown.block(n, n, count, count)];
  const diagonal = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const row = rows.row(i);
    const to = grown.row(n + i, n + i + 1);
    for (let k = 0; k < to.length; k++) to[k] = row[order[k]];
    const at = to.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw overflow(order[n + i], order[at], to[at]);
    to[n + i] += ridge;
    diagonal[i] = to[n + i];
  }
  substitute(below, L.t);
  syrk(-1, below, 1, corner);
  const info = potrf(corner);
  const pivots = corner.diagonal();
  const tolerance = roundingLevel(size, 1);
  const lost = diagonal.findIndex((value, i) => i === info - 1 || !(pivots[i] ** 2 > tolerance * value));
  if (lost < 0) return grown;
  const norm = diagonal.reduce((sum, value) => sum + value, trace(L));
  throw notPositiveDefinite(order[n + lost], size, ridge, norm);
}

/** tr L Lᵀ. */
function trace(L: View): number {
  let sum = 0;
  for (let i = 0; i < L.rows; i++) sum += L.row(i, i + 1).reduce((total, value) => total + value * value, 0);
  return sum;
}
