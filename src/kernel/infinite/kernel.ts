/**
 * Kernels of infinitely wide networks, NTK and NNGP (MATH.md §6), in tiles of pairs. A symmetric kernel takes the lower
 * half only.
 */
import type { Context } from "../../context.js";
import { mirror } from "../../linalg/blas.js";
import { scratch, type View } from "../../linalg/view.js";
import { type Matrix, matrix } from "../../matrix.js";
import { zeros } from "../../memory.js";
import type { InfiniteNetwork } from "../../model/infinite.js";
import { type Part, scaledBy, type Term, termsOf } from "./homogeneous.js";
import { COLUMNS, consecutive, Pairs, ROWS, tileMemory } from "./pairs.js";

/**
 * out = gamma out + Θ (or Q of the readout, `kernel: "nngp"`) of X against X2, n×n2 with packed rows. Without X2 it is
 * Θ of X with itself, both triangles, symmetric to the bit; of what is added to, the lower triangle counts.
 */
export function infiniteInto(
  model: InfiniteNetwork,
  X: Matrix,
  X2: Matrix | undefined,
  out: View,
  gamma: 0 | 1 = 0,
): void {
  for (const [t, term] of termsOf(model, X2 ? [X, X2] : [X]).entries()) termInto(term, out, t === 0 ? gamma : 1);
}

/** {@link infiniteInto} of one term. */
function termInto({ model, sets, powers, part }: Term, out: View, gamma: 0 | 1): void {
  const { context } = out;
  const n2 = out.cols;
  const isSymmetric = sets.length === 1;
  context.arena.run(() => {
    const pairs = new Pairs(context, model, sets[0].cols);
    const [A, B = A] = pairs.load(sets);
    // The rows of a tile of a mixture decide the number of its terms, and with it bits.
    const tall = pairs.sorted ? ROWS : ROWS * context.threads;
    const memory = tileMemory(context, model, tall);
    for (let row = 0; row < out.rows; row += tall) {
      const rows = Math.min(tall, out.rows - row);
      const some = consecutive(A, row, rows);
      // Of a symmetric kernel the columns up to the tile's last row.
      const end = isSymmetric ? row + rows : n2;
      for (let col = 0; col < end; col += COLUMNS) {
        const cols = Math.min(COLUMNS, end - col);
        const K = pairs.tile(some, consecutive(B, col, cols), memory);
        const to = out.entries();
        for (let r = 0; r < rows; r++) {
          const last = isSymmetric ? Math.min(cols, row + r - col + 1) : cols;
          const values = K.row(r, last);
          if (powers) scaleBack(values, powers[0][row + r], (powers[1] ?? powers[0]).subarray(col, col + last));
          if (part) keepPart(values, part, row + r, col);
          if (pairs.sorted)
            scatter(values, A.order[row + r], B.order.subarray(col, col + last), to, n2, isSymmetric, gamma);
          else if (gamma === 0) to.set(values, (row + r) * n2 + col);
          else for (let q = 0, at = (row + r) * n2 + col; q < last; q++) to[at + q] += values[q];
        }
      }
    }
    if (isSymmetric && (gamma === 1 || !pairs.sorted)) mirror(out);
  });
}

/** Zeros where an entry is of the other part. */
function keepPart(values: Float64Array, { far, powers: [own, others = own] }: Part, i: number, from: number): void {
  for (let q = 0; q < values.length; q++) if (far !== (own[i] !== 0 || others[from + q] !== 0)) values[q] = 0;
}

/** Entries of points as they are, from those of points over powers of two. */
function scaleBack(values: Float64Array, own: number, others: Int32Array): void {
  for (let q = 0; q < values.length; q++) values[q] = scaledBy(values[q], own + others[q]);
}

/**
 * Puts a row of a tile where it belongs, in both triangles of a symmetric kernel. The points of the tile are in the
 * order of variance.
 */
function scatter(
  values: Float64Array,
  i: number,
  order: Uint32Array,
  to: Float64Array,
  n2: number,
  symmetric: boolean,
  gamma: 0 | 1,
): void {
  if (gamma === 1) {
    // Of a symmetric kernel the lower triangle, which is mirrored afterwards.
    for (let q = 0; q < values.length; q++) {
      const j = order[q];
      to[symmetric && j > i ? j * n2 + i : i * n2 + j] += values[q];
    }
    return;
  }
  for (let q = 0; q < values.length; q++) {
    const j = order[q];
    to[i * n2 + j] = values[q];
    if (symmetric) to[j * n2 + i] = values[q];
  }
}

/** diag Θ(X, X), N numbers: blocks of 4×4 pairs. */
export function infiniteDiagonal(context: Context, model: InfiniteNetwork, X: Matrix): Float64Array {
  const result = zeros(X.rows);
  for (const term of termsOf(model, [X])) addDiagonal(context, term, result);
  return result;
}

function addDiagonal(context: Context, { model, sets: [X], powers, part }: Term, result: Float64Array): void {
  const { arena } = context;
  arena.run(() => {
    const pairs = new Pairs(context, model, X.cols);
    const [A] = pairs.load([X]);
    const memory = tileMemory(context, model, 4);
    for (let row = 0; row < X.rows; row += 4) {
      const rows = Math.min(4, X.rows - row);
      const some = consecutive(A, row, rows);
      const values = pairs.tile(some, some, memory).diagonal();
      for (let r = 0; r < rows; r++) {
        const own = values.subarray(r, r + 1);
        if (powers) scaleBack(own, powers[0][row + r], powers[0].subarray(row + r));
        if (part) keepPart(own, part, row + r, row + r);
        result[A.order[row + r]] += own[0];
      }
    }
  });
}

/** Θ(X, X2) as a matrix. */
export function infiniteKernel(context: Context, model: InfiniteNetwork, X: Matrix, X2?: Matrix): Matrix {
  const { arena } = context;
  const n2 = X2?.rows ?? X.rows;
  return arena.run(() => {
    arena.require(X.rows * n2 + infiniteScratch(context, model, X.rows + n2));
    const out = scratch(context, X.rows, n2);
    infiniteInto(model, X, X2, out);
    return matrix(X.rows, n2, out.copy());
  });
}

/** Doubles beside the result, about: moments for a hundred terms, variances, a few inputs, tiles. */
export function infiniteScratch({ threads }: Context, { depth, residual }: InfiniteNetwork, n: number): number {
  return n * (100 * depth + 64) + (residual > 0 ? 6 : 3) * ROWS * threads * COLUMNS;
}
