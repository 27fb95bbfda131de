/**
 * The regression system in either space, solved once: r = Y − f0 explained by Θα + λα (dual, N×N) or by Φβ + λβ
 * (primal, P×P). Formulas and their primal twins: MATH.md §3. Everything is at scale s = 1; `regression/fit.ts` scales.
 */

import type { Context } from "../context.js";
import { factorCholesky } from "./cholesky.js";
import { decompose, factorEigen } from "./eigen.js";
import { type Factor, maxDiagonal, notPositiveDefinite, roundingLevel } from "./factor.js";
import { maxAbs, rowSumNorm } from "./vectors.js";

/**
 * Fills a held n×n block and factors it with a ridge, by Cholesky. Where a pivot cancels to rounding level it is luck whether it comes out
 * positive: then, and where right-hand sides have different ridges, by the eigendecomposition, which leaves null modes out where the ridge
 * does not reach beyond rounding. A system that points are to come to and go from has to have a Cholesky factor: `singular: "error"`.
 *
 * @throws NotPositiveDefiniteError for an indefinite matrix, and with `"error"` for a singular one; ConvergenceError, MemoryLimitError.
 */
export function factorSystem(
  context: Context,
  n: number,
  ridges: Float64Array,
  fill: (out: number) => void,
  singular: "minimum-norm" | "error" = "minimum-norm",
): Factor {
  const block = context.arena.hold(n * n);
  let pivot = -1;
  try {
    fill(block);
    const top = maxDiagonal(context, n, block);
    if (ridges.every((ridge) => ridge === ridges[0])) {
      const factor = factorCholesky(context, n, block, ridges[0], roundingLevel(n, 1));
      if (!("failedPivot" in factor)) return factor;
      pivot = factor.failedPivot;
      if (singular === "error") throw notPositiveDefinite(pivot, n, ridges[0], n * top);
      fill(block);
    }
    return factorEigen(context, { values: decompose(context, n, block, true), vectors: block }, ridges, pivot);
  } catch (error) {
    context.arena.free(block);
    throw error;
  }
}

/** {@link factorSystem} by the eigendecomposition from the start, as a ridge path has it. */
export function factorByEigen(context: Context, n: number, ridges: Float64Array, fill: (out: number) => void): Factor {
  const block = context.arena.hold(n * n);
  try {
    fill(block);
    return factorEigen(context, { values: decompose(context, n, block, true), vectors: block }, ridges);
  } catch (error) {
    context.arena.free(block);
    throw error;
  }
}

/** Eigenvalues of the n×n matrix that `fill` writes (lower triangle), ascending. */
export function spectrumOf(context: Context, n: number, fill: (out: number) => void): Float64Array {
  return context.arena.run(() => {
    const a = context.arena.alloc(n * n);
    fill(a);
    return decompose(context, n, a, false);
  });
}

/**
 * ‖R − (A + ridge I) S‖∞ / (‖A + ridge I‖∞ ‖S‖∞ + ‖R‖∞) for the symmetric A that `fill` writes (lower triangle), the largest of all
 * right-hand sides. R and S hold right-hand sides and solutions in rows of n. Where null modes were left out, R counts by its projection on the
 * others, which is the system that was solved. 0 for a zero right-hand side.
 */
export function backwardErrorOf(
  context: Context,
  factor: Factor,
  fill: (out: number) => void,
  R: Float64Array,
  S: Float64Array,
): number {
  const { ops, arena } = context;
  const { n, ridges } = factor;
  const columns = R.length / n;
  return arena.run(() => {
    const a = arena.alloc(n * n);
    fill(a);
    ops.dmirror(n, a, n);
    const norm = rowSumNorm(arena.view(a, n * n), n);
    const x = arena.copyIn(S);
    const y = arena.copyIn(R);
    factor.project(y, columns);
    let worst = 0;
    for (let c = 0; c < columns; c++) {
      const ridge = ridges[ridges.length > 1 ? c : 0];
      const [solution, row] = [x + c * n * 8, y + c * n * 8];
      const size = maxAbs(arena.view(row, n));
      ops.dgemv(0, n, n, -1, a, n, solution, 1, row);
      const [residual, s] = [arena.view(row, n), arena.view(solution, n)];
      for (let i = 0; i < n; i++) residual[i] -= ridge * s[i];
      const bound = (norm + ridge) * maxAbs(s) + size;
      if (bound > 0) worst = Math.max(worst, maxAbs(residual) / bound);
    }
    return worst;
  });
}
