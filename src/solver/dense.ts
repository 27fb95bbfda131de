/**
 * The dense linear algebra underneath, in public: products, Gram matrices, Cholesky, solves and eigenvectors of plain
 * matrices, for comparisons and for users' own kernels.
 */
import type { Context } from "../arena.js";
import { checkSymmetric } from "../check.js";
import { NotPositiveDefiniteError } from "../errors.js";
import { type Matrix, matrix } from "../matrix.js";
import { decompose } from "./eigen.js";
import { substitute } from "./triangle.js";

export function matmul({ ops, arena }: Context, A: Matrix, B: Matrix): Matrix {
  return arena.run(() => {
    const { rows: m, cols: k } = A;
    const n = B.cols;
    const bytes = ops.dgemmScratchBytes(m, n, k);
    arena.require(m * k + k * n + m * n + bytes / 8);
    const [a, b, c] = [arena.copyIn(A.data), arena.copyIn(B.data), arena.alloc(m * n)];
    ops.dgemm(0, 0, 0, m, n, k, 1, a, k, b, n, 0, c, n, arena.allocBytes(bytes));
    return matrix(m, n, arena.copyOut(c, m * n));
  });
}

export function gram({ ops, arena }: Context, A: Matrix): Matrix {
  return arena.run(() => {
    const { rows: n, cols: k } = A;
    const bytes = ops.dgemmScratchBytes(n, n, k);
    arena.require(n * k + n * n + bytes / 8);
    const [a, c] = [arena.copyIn(A.data), arena.alloc(n * n)];
    ops.dsyrk(0, 0, n, k, 1, a, k, 0, c, n, arena.allocBytes(bytes));
    ops.dmirror(n, c, n);
    return matrix(n, n, arena.copyOut(c, n * n));
  });
}

/** L in scratch, its upper triangle as in A. */
function factored({ ops, arena }: Context, A: Matrix): number {
  const n = A.rows;
  const bytes = ops.dpotrfScratchBytes(n);
  arena.require(n * n + bytes / 8);
  const l = arena.copyIn(A.data);
  const info = arena.run(() => ops.dpotrf(n, 0, l, n, arena.allocBytes(bytes)));
  if (info > 0) {
    throw new NotPositiveDefiniteError(
      `A is not positive definite: pivot ${info - 1} of ${n} is not positive; add a ridge to its diagonal, or use eigh(A)`,
      info - 1,
      0,
    );
  }
  return l;
}

export function cholesky(context: Context, A: Matrix): Matrix {
  checkSymmetric(A, "A");
  const n = A.rows;
  return context.arena.run(() => {
    const L = matrix(n, n, context.arena.copyOut(factored(context, A), n * n));
    for (let i = 0; i < n; i++) L.data.fill(0, i * n + i + 1, (i + 1) * n);
    return L;
  });
}

export function solve(context: Context, A: Matrix, B: Matrix): Matrix {
  checkSymmetric(A, "A");
  const { ops, arena } = context;
  const { rows: n, cols: k } = B;
  return arena.run(() => {
    const l = factored(context, A);
    const b = arena.copyIn(B.data);
    const rows = arena.alloc(n * k);
    ops.dtranspose(n, k, b, k, rows, n);
    substitute(context, 1, { l, ld: n, n }, rows, n, k);
    substitute(context, 0, { l, ld: n, n }, rows, n, k);
    ops.dtranspose(k, n, rows, n, b, k);
    return matrix(n, k, arena.copyOut(b, n * k));
  });
}

export function eigh(context: Context, A: Matrix): { values: Float64Array; vectors: Matrix } {
  checkSymmetric(A, "A");
  const { ops, arena } = context;
  const n = A.rows;
  return arena.run(() => {
    arena.require(n * n + ops.deighScratchBytes(1, n) / 8);
    const a = arena.copyIn(A.data);
    const values = decompose(context, n, a, true);
    const columns = arena.alloc(n * n);
    ops.dtranspose(n, n, a, n, columns, n);
    return { values, vectors: matrix(n, n, arena.copyOut(columns, n * n)) };
  });
}
