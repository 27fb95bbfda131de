/**
 * The dense linear algebra underneath, in public: products, Gram matrices, Cholesky, solves and eigenvectors of plain
 * matrices, for comparisons and for users' own kernels.
 */

import { checkFinite, checkSquare, checkSymmetric, isSymmetric } from "../check.js";
import type { Context } from "../context.js";
import { NotPositiveDefiniteError } from "../errors.js";
import { intact } from "../lists.js";
import { type Matrix, matrix } from "../matrix.js";
import { choice, optional, type Schema } from "../options.js";
import {
  asymmetry,
  eighScratch,
  gemm,
  gemmScratchBytes,
  mirror,
  potrf,
  potrfScratchBytes,
  substitute,
  syrk,
  transpose,
} from "./blas.js";
import { decompose } from "./eigen.js";
import { isFasterRefined, refineSolve } from "./iterativeRefinement.js";
import { luDeterminant, luFactor, luScratch, luSolve } from "./lu.js";
import { bytesFor } from "./precision.js";
import { checkFloats, copyIn, scratch, type View } from "./view.js";

/** Multiply-adds of a product, of a Gram matrix and of a factor from which float32 is faster (measured). */
const LEAST = { matmul: 140 ** 3, gram: 170 ** 3, cholesky: 450 ** 3 };

export function matmul(context: Context, A: Matrix, B: Matrix): Matrix {
  const { arena } = context;
  const { rows: m, cols: k } = A;
  const n = B.cols;
  const bytes = bytesFor(context.precision, m * n * k, LEAST.matmul);
  return arena.run(() => {
    arena.require(((m * k + k * n + m * n) * bytes + gemmScratchBytes(context, bytes, m, n, k)) / 8);
    const a = copyIn(context, intact(A.data, m * k), m, k, bytes, "A");
    const b = copyIn(context, intact(B.data, k * n), k, n, bytes, "B");
    const c = scratch(context, m, n, bytes);
    gemm(1, a, b, 0, c);
    return c.matrix("A B");
  });
}

export function gram(context: Context, A: Matrix): Matrix {
  const { arena } = context;
  const { rows: n, cols: k } = A;
  const bytes = bytesFor(context.precision, n * n * k, LEAST.gram);
  return arena.run(() => {
    arena.require(((n * k + n * n) * bytes + gemmScratchBytes(context, bytes, n, n, k)) / 8);
    const a = copyIn(context, intact(A.data, n * k), n, k, bytes, "A");
    const c = scratch(context, n, n, bytes);
    syrk(1, a, 0, c);
    mirror(c);
    return c.matrix("A Aᵀ");
  });
}

/**
 * A in scratch, after a look for entries that are not finite or not symmetric. The op looks at 10⁶ entries in a
 * quarter of the time that JavaScript takes. Where the op finds something, JavaScript says what.
 *
 * @throws RangeError
 */
function copySymmetric(context: Context, A: Matrix, bytes: 8 | 4 = 8): View {
  const n = A.rows;
  const check = () => {
    checkFinite(A, "A");
    checkSymmetric(A, "A");
  };
  if (n !== A.cols) check();
  const a = copyIn(context, intact(A.data, n * n), n, n);
  if (asymmetry(a) !== 0) check();
  if (bytes === 8) return a;
  // The memory may grow for the floats: the view of the doubles comes after it.
  const floats = scratch(context, n, n, 4);
  floats.floats().set(a.entries());
  checkFloats(floats, a.entries(), "A");
  return floats;
}

/** A factor and the power of four by which the matrix was multiplied before. */
interface Lifted {
  L: View;
  lift: number;
}

/** Below this size the products of a factor's entries lose digits to underflow. */
const SMALL = 2 ** -900;

/**
 * Multiplies a small matrix by a power of four, in place, so that its largest diagonal entry is about 1, and returns
 * the power. The smallest doubles are taken to 2^-74 at least.
 */
function liftSmall(A: View): number {
  const top = A.diagonal().reduce((most, value) => Math.max(most, value), 0);
  if (!(top < SMALL)) return 1;
  const lift = 4 ** Math.min(500, Math.floor(-Math.log2(top) / 2));
  const entries = A.entries();
  for (let at = 0; at < entries.length; at++) entries[at] *= lift;
  return lift;
}

/** L in scratch, its upper triangle as in A. */
function factored(context: Context, A: Matrix, bytes: 8 | 4): Lifted {
  const n = A.rows;
  context.arena.require((n * n * (bytes === 8 ? 8 : 12) + potrfScratchBytes(context, bytes, n)) / 8);
  return factoredIn(copySymmetric(context, A, bytes));
}

/** The factor of a symmetric matrix, in its place. @throws NotPositiveDefiniteError */
function factoredIn(L: View): Lifted {
  const n = L.rows;
  const lift = L.bytes === 8 ? liftSmall(L) : 1;
  const info = potrf(L);
  if (info > 0) {
    const rounded = L.bytes === 4 ? " in float32" : "";
    throw new NotPositiveDefiniteError(
      `A is not positive definite${rounded}: pivot ${info - 1} of ${n} is not positive; add a ridge to its diagonal, or use eigh(A); solve takes method "lu"`,
      info - 1,
      0,
    );
  }
  return { L, lift };
}

export function cholesky(context: Context, A: Matrix): Matrix {
  const bytes = bytesFor(context.precision, A.rows ** 3, LEAST.cholesky);
  return context.arena.run(() => {
    const { L, lift } = factored(context, A, bytes);
    const result = L.lower("L");
    if (lift !== 1)
      result.data.forEach((x, at, data) => {
        data[at] = x / Math.sqrt(lift);
      });
    return result;
  });
}

export interface SolveOptions {
  /** Default: `"cholesky"` for a symmetric A, which must be positive definite then, and `"lu"` for any other. */
  method?: "cholesky" | "lu";
}

export const SOLVE = {
  method: optional(choice(["cholesky", "lu"])),
} satisfies Schema<SolveOptions>;

export function solve(context: Context, A: Matrix, B: Matrix, method?: "cholesky" | "lu"): Matrix {
  const { rows: n, cols: k } = B;
  checkSquare(A, "A", "; leastSquares(A, B) takes any shape");
  return context.arena.run(() => {
    const columns = copyIn(context, intact(B.data, n * k), n, k);
    const rows = scratch(context, k, n);
    transpose(columns, rows);
    const symmetric = method !== "lu" && solveIfSymmetric(context, A, method === "cholesky", rows);
    if (!symmetric) {
      checkFinite(A, "A");
      context.arena.require(luScratch(context, n, k));
      luSolve(luFactor(context, A), rows);
    }
    transpose(rows, columns);
    return columns.matrix("A⁻¹B");
  });
}

/**
 * {@link copySymmetric}, or undefined where A is not symmetric.
 *
 * @throws RangeError where A has to be symmetric, `must`, and is not.
 */
function symmetricCopy(context: Context, A: Matrix, must: boolean): View | undefined {
  const n = A.rows;
  context.arena.require(n * n + potrfScratchBytes(context, 8, n) / 8);
  if (must) return copySymmetric(context, A);
  const a = copyIn(context, intact(A.data, n * n), n, n);
  if (asymmetry(a) === 0) return a;
  checkFinite(A, "A");
  return isSymmetric(A) ? a : undefined;
}

/** Replaces each row b of `rows` by A⁻¹ b, for A symmetric positive definite; false where A is not symmetric. */
function solveIfSymmetric(context: Context, A: Matrix, must: boolean, rows: View): boolean {
  const { rows: k, cols: n } = rows;
  return context.arena.run(() => {
    const a = symmetricCopy(context, A, must);
    if (!a) return false;
    if (context.precision === "float32" && isFasterRefined(n, k) && refineSolve(a, rows)) return true;
    substituteBoth(factoredIn(a), rows);
    return true;
  });
}

function substituteBoth({ L, lift }: Lifted, rows: View): void {
  substitute(rows, L.t);
  substitute(rows, L);
  if (lift === 1) return;
  rows.entries().forEach((x, at, entries) => {
    entries[at] = x * lift;
  });
}

/** What `body` makes of the Cholesky factor of A, in scratch; undefined unless A is symmetric positive definite. */
function ifDefinite<T>(context: Context, A: Matrix, body: (factor: Lifted) => T): T | undefined {
  return context.arena.run(() => {
    const a = symmetricCopy(context, A, false);
    if (!a) return undefined;
    const lift = liftSmall(a);
    return potrf(a) === 0 ? body({ L: a, lift }) : undefined;
  });
}

export function inverse(context: Context, A: Matrix): Matrix {
  const n = A.rows;
  checkSquare(A, "A", "; leastSquares(A, B) takes any shape");
  return context.arena.run(() => {
    context.arena.require(n * n + luScratch(context, n, n));
    const rows = scratch(context, n, n);
    const identity = rows.entries();
    identity.fill(0);
    for (let i = 0; i < n; i++) identity[i * (n + 1)] = 1;
    const definite = ifDefinite(context, A, (factor) => {
      substituteBoth(factor, rows);
      mirror(rows);
      return rows.matrix("A⁻¹");
    });
    if (definite) return definite;
    checkFinite(A, "A");
    luSolve(luFactor(context, A), rows);
    const result = matrix(n, n);
    const entries = rows.entries();
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) result.data[j * n + i] = entries[i * n + j];
    return result;
  });
}

/** The sign of the determinant of A, and log |det A|. */
export function logDeterminant(context: Context, A: Matrix): { sign: 1 | -1; logDeterminant: number } {
  const n = A.rows;
  checkSquare(A, "A");
  return context.arena.run(() => {
    const definite = ifDefinite(context, A, ({ L, lift }) => {
      const sum = L.diagonal().reduce((total, x) => total + Math.log(x), 0);
      return { sign: 1 as const, logDeterminant: 2 * sum - n * Math.log(lift) };
    });
    if (definite) return definite;
    checkFinite(A, "A");
    context.arena.require(luScratch(context, n));
    return luDeterminant(luFactor(context, A));
  });
}

export function eigh(context: Context, A: Matrix): { values: Float64Array; vectors: Matrix } {
  const { arena } = context;
  const n = A.rows;
  return arena.run(() => {
    arena.require(2 * n * n + eighScratch(context, n));
    const [rows, columns] = [copySymmetric(context, A), scratch(context, n, n)];
    const values = decompose(rows, true);
    transpose(rows, columns);
    return { values, vectors: columns.matrix("the eigenvectors") };
  });
}
