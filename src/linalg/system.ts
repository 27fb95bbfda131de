/**
 * A symmetric system (A + ridge I) X = R: its factor, its spectrum, and its backward error. The factorisation
 * overwrites A. Where A is needed again, it is filled again, so that no second matrix is kept.
 */

import type { Context } from "../context.js";
import { gemv, mirror } from "./blas.js";
import { factorCholesky } from "./cholesky.js";
import { decompose, factorEigen } from "./eigen.js";
import { type Factor, maxDiagonal, notPositiveDefinite, roundingLevel } from "./factor.js";
import { maxAbs, rowSumNorm } from "./vectors.js";
import { copyIn, held, scratch, type View } from "./view.js";

export interface System {
  readonly context: Context;
  readonly n: number;
  /** λ: one for all right-hand sides, or one for each. */
  readonly ridges: Float64Array;
  /** Writes the lower triangle of A. */
  readonly fill: (A: View) => void;
}

/**
 * Fills a held n×n block and factors it with a ridge, by Cholesky.
 *
 * Where a pivot cancels to rounding level, its sign is luck. Then the eigendecomposition takes over, as it does where
 * right-hand sides have different ridges. It leaves null modes out where the ridge does not exceed rounding level.
 *
 * A system whose points are to come and go needs a Cholesky factor: `singular: "error"`.
 *
 * @throws NotPositiveDefiniteError for an indefinite matrix, and with `"error"` for a singular one; ConvergenceError,
 *   MemoryLimitError.
 */
export function factorSystem(
  { context, n, ridges, fill }: System,
  singular: "minimum-norm" | "error" = "minimum-norm",
): Factor {
  return held(context, n, n, (A) => {
    fill(A);
    const top = maxDiagonal(A);
    let pivot = -1;
    if (ridges.every((ridge) => ridge === ridges[0])) {
      const factor = factorCholesky(A, ridges[0], roundingLevel(n, 1), ridges.length);
      if (!("failedPivot" in factor)) return factor;
      pivot = factor.failedPivot;
      if (singular === "error") throw notPositiveDefinite(pivot, n, ridges[0], n * top);
      fill(A);
    }
    return factorEigen({ values: decompose(A, true), vectors: A }, ridges, pivot);
  });
}

/** {@link factorSystem} with the eigendecomposition from the start, as a ridge path has it. */
export function factorByEigen({ context, n, ridges, fill }: System): Factor {
  return held(context, n, n, (A) => {
    fill(A);
    return factorEigen({ values: decompose(A, true), vectors: A }, ridges);
  });
}

/** Eigenvalues of A, ascending. */
export function spectrumOf({ context, n, fill }: System): Float64Array {
  return context.arena.run(() => {
    const A = scratch(context, n, n);
    fill(A);
    return decompose(A, false);
  });
}

/**
 * ‖R − (A + ridge I) S‖∞ / (‖A + ridge I‖∞ ‖S‖∞ + ‖R‖∞), the largest of all right-hand sides. R and S hold
 * right-hand sides and solutions in rows of n.
 *
 * Where null modes were left out, `truncated` is the factor that left them out. R is then projected onto the kept
 * modes: that is the system that was solved. A zero right-hand side gives 0.
 */
export function backwardErrorOf(
  { context, n, ridges, fill }: System,
  R: Float64Array,
  S: Float64Array,
  truncated: Factor | undefined,
): number {
  const columns = R.length / n;
  return context.arena.run(() => {
    const A = scratch(context, n, n);
    fill(A);
    mirror(A);
    const norm = rowSumNorm(A.entries(), n);
    const [X, Y] = [copyIn(context, S, columns, n), copyIn(context, R, columns, n)];
    truncated?.project(Y);
    let worst = 0;
    for (let c = 0; c < columns; c++) {
      const ridge = ridges[ridges.length > 1 ? c : 0];
      const size = maxAbs(Y.row(c));
      gemv(-1, A, X.block(c, 0, 1, n), 1, Y.block(c, 0, 1, n));
      const [residual, solution] = [Y.row(c), X.row(c)];
      for (let i = 0; i < n; i++) residual[i] -= ridge * solution[i];
      const bound = (norm + ridge) * maxAbs(solution) + size;
      if (bound > 0) worst = Math.max(worst, maxAbs(residual) / bound);
    }
    return worst;
  });
}
