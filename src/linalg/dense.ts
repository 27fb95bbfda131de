/**
 * The dense linear algebra underneath, in public: products, Gram matrices, Cholesky, solves and eigenvectors of plain
 * matrices, for comparisons and for users' own kernels.
 */

import { checkSymmetric } from "../check.js";
import type { Context } from "../context.js";
import { NotPositiveDefiniteError } from "../errors.js";
import { intact } from "../lists.js";
import { type Matrix, matrix } from "../matrix.js";
import { substitute, transpose } from "./blas.js";
import { decompose } from "./eigen.js";
import { refineSolve } from "./iterativeRefinement.js";
import { doubles, type Real, realOf } from "./precision.js";
import { copyIn, scratch, View } from "./view.js";

export function matmul(context: Context, A: Matrix, B: Matrix): Matrix {
  const { arena } = context;
  const real = realOf(context, context.precision);
  return arena.run(() => {
    const { rows: m, cols: k } = A;
    const n = B.cols;
    const bytes = real.gemmScratchBytes(m, n, k);
    arena.require(((m * k + k * n + m * n) * real.bytes + bytes) / 8);
    const [a, b, c] = [
      real.copyIn(intact(A.data, m * k), "A"),
      real.copyIn(intact(B.data, k * n), "B"),
      real.alloc(m * n),
    ];
    real.gemm(0, 0, 0, m, n, k, 1, a, k, b, n, 0, c, n, arena.allocBytes(bytes));
    return real.copyOut(c, m, n, "A B");
  });
}

export function gram(context: Context, A: Matrix): Matrix {
  const { arena } = context;
  const real = realOf(context, context.precision);
  return arena.run(() => {
    const { rows: n, cols: k } = A;
    const bytes = real.gemmScratchBytes(n, n, k);
    arena.require(((n * k + n * n) * real.bytes + bytes) / 8);
    const [a, c] = [real.copyIn(intact(A.data, n * k), "A"), real.alloc(n * n)];
    real.syrk(0, 0, n, k, 1, a, k, 0, c, n, arena.allocBytes(bytes));
    real.mirror(n, c, n);
    return real.copyOut(c, n, n, "A Aᵀ");
  });
}

/** L in scratch, its upper triangle as in A. */
function factored({ arena }: Context, real: Real, A: Matrix): number {
  const n = A.rows;
  const bytes = real.potrfScratchBytes(n);
  arena.require((n * n * real.bytes + bytes) / 8);
  const l = real.copyIn(intact(A.data, n * n), "A");
  const info = arena.run(() => real.potrf(n, 0, l, n, arena.allocBytes(bytes)));
  if (info > 0) {
    const rounded = real.bytes === 4 ? " in float32" : "";
    throw new NotPositiveDefiniteError(
      `A is not positive definite${rounded}: pivot ${info - 1} of ${n} is not positive; add a ridge to its diagonal, or use eigh(A)`,
      info - 1,
      0,
    );
  }
  return l;
}

export function cholesky(context: Context, A: Matrix): Matrix {
  checkSymmetric(A, "A");
  const n = A.rows;
  const real = realOf(context, context.precision);
  return context.arena.run(() => {
    const L = real.copyOut(factored(context, real, A), n, n, "L");
    for (let i = 0; i < n; i++) L.data.fill(0, i * n + i + 1, (i + 1) * n);
    return L;
  });
}

export function solve(context: Context, A: Matrix, B: Matrix): Matrix {
  checkSymmetric(A, "A");
  const { rows: n, cols: k } = B;
  return context.arena.run(() => {
    const columns = copyIn(context, intact(B.data, n * k), n, k);
    const rows = scratch(context, k, n);
    transpose(columns, rows);
    if (context.precision === "float64" || !refineSolve(A, rows)) {
      const L = new View(context, factored(context, doubles(context), A), n, n);
      substitute(rows, L.t);
      substitute(rows, L);
    }
    transpose(rows, columns);
    return matrix(n, k, columns.copy());
  });
}

export function eigh(context: Context, A: Matrix): { values: Float64Array; vectors: Matrix } {
  checkSymmetric(A, "A");
  const { ops, arena } = context;
  const n = A.rows;
  return arena.run(() => {
    arena.require(n * n + ops.deighScratchBytes(1, n) / 8);
    const [rows, columns] = [copyIn(context, intact(A.data, n * n), n, n), scratch(context, n, n)];
    const values = decompose(rows, true);
    transpose(rows, columns);
    return { values, vectors: matrix(n, n, columns.copy()) };
  });
}
