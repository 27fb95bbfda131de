/**
 * LU with partial pivoting of a general square matrix: factor once, then solve, or read the determinant. Rows and
 * columns are scaled by powers of two first. So a matrix is singular to rounding or not, whatever the units of its rows
 * and columns, and nothing overflows before the answer does.
 */
import type { Context } from "../context.js";
import { SingularMatrixError } from "../errors.js";
import { intact } from "../lists.js";
import type { Matrix } from "../matrix.js";
import { getrf, getrfScratchBytes, substitute, substituteScratchBytes, transpose } from "./blas.js";
import { roundingLevel } from "./factor.js";
import { type Equilibration, equilibrate, exponentOf, scaled } from "./scaling.js";
import { copyIn, scratch, type View } from "./view.js";

interface LuFactor {
  /** The scaled matrix, in scratch: U on and above the diagonal, the unit lower L below. */
  readonly LU: View;
  /** Row i of L U is row order_i of the matrix. */
  readonly order: Int32Array;
  /** The sign of the permutation. */
  readonly parity: 1 | -1;
  readonly scaling: Equilibration;
}

/** Doubles of scratch of {@link luFactor}, and of {@link luSolve} for k right-hand sides after it. */
export function luScratch(context: Context, n: number, k = 0): number {
  const factor = n + getrfScratchBytes(context.ops, n) / 8;
  const solve = k > 0 ? n * n + substituteScratchBytes(context, k, n) / 8 : 0;
  return n * n + Math.max(factor, solve);
}

/** The factor of A, n×n and finite. @throws SingularMatrixError where a pivot is at rounding level. */
export function luFactor(context: Context, A: Matrix): LuFactor {
  const n = A.rows;
  const LU = copyIn(context, intact(A.data, n * n), n, n);
  const scaling = equilibrate(LU.entries(), n);
  const { info, pivots } = getrf(LU, roundingLevel(n, scaling.largest));
  if (info > 0) {
    throw new SingularMatrixError(
      `A is singular to rounding: column ${info - 1} of ${n} depends on the columns before it; ` +
        "use leastSquares(A, B) for the solution of minimum norm, or change that column",
      info - 1,
    );
  }
  const order = Int32Array.from({ length: n }, (_, i) => i);
  let parity: 1 | -1 = 1;
  for (let k = 0; k < n; k++) {
    const p = pivots[k];
    if (p === k) continue;
    [order[k], order[p]] = [order[p], order[k]];
    parity = parity === 1 ? -1 : 1;
  }
  return { LU, order, parity, scaling };
}

/** Replaces each row b of B, k×n and packed, by A⁻¹ b. The factor is lost: its diagonal becomes that of L. */
export function luSolve({ LU, order, scaling }: LuFactor, B: View): void {
  const { rows: k, cols: n } = B;
  const upper = scratch(LU.context, n, n);
  transpose(LU, upper);
  const diagonal = LU.entries();
  for (let i = 0; i < n; i++) diagonal[i * (n + 1)] = 1;
  // What a row is multiplied by must not overflow: the largest scale comes last.
  const most = scaling.rows.reduce((top, e) => Math.max(top, e), 0);
  const sizes = Array.from({ length: k }, (_, c) => {
    const b = B.row(c).slice();
    const size = exponentOf(b.reduce((top, x) => Math.max(top, Math.abs(x)), 0));
    const to = B.row(c);
    for (let i = 0; i < n; i++) to[i] = scaled(b[order[i]], scaling.rows[order[i]] - most - size);
    return size + most;
  });
  substitute(B, LU.t);
  substitute(B, upper);
  for (let c = 0; c < k; c++) {
    const x = B.row(c);
    for (let j = 0; j < n; j++) x[j] = scaled(x[j], scaling.cols[j] + sizes[c]);
  }
}

/** The sign of the determinant, and log |det A|. */
export function luDeterminant({ LU, parity, scaling }: LuFactor): { sign: 1 | -1; logDeterminant: number } {
  let [sign, sum, exponent] = [parity as number, 0, 0];
  for (const u of LU.diagonal()) {
    if (u < 0) sign = -sign;
    sum += Math.log(Math.abs(u));
  }
  for (const e of scaling.rows) exponent += e;
  for (const e of scaling.cols) exponent += e;
  return { sign: sign > 0 ? 1 : -1, logDeterminant: sum - exponent * Math.LN2 };
}
