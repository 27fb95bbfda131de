/**
 * A⁻¹B from a float32 factor by iterative refinement with float64 residuals, for all right-hand sides together. It is
 * LAPACK's dsposv (Buttari et al. 2007), with its limits.
 */
import { intact } from "../lists.js";
import type { Matrix } from "../matrix.js";
import { gemm, mirror, potrf, trsm } from "./blas.js";
import { maxAbs, rowSumNorm } from "./vectors.js";
import { copyIn, scratch, type View } from "./view.js";

/** Refinement steps; after these, float64 takes over. */
const MOST_STEPS = 30;

/**
 * Replaces each row b of B by A⁻¹ b. B is k×n, packed, float64, in scratch. The lower triangle of A (n×n) counts.
 *
 * Returns false, with B as it was, where float32 cannot hold or factor A, or where the residual of a row does not fall
 * to √n ε ‖A‖∞ ‖x‖∞ in 30 steps.
 */
export function refineSolve(A: Matrix, B: View): boolean {
  const { context, rows: k, cols: n } = B;
  const data = intact(A.data, n * n);
  return context.arena.run(() => {
    const [L, D] = [scratch(context, n, n, 4), scratch(context, k, n, 4)];
    L.floats().set(data);
    if (potrf(L) !== 0) return false;
    const [M, X, R] = [copyIn(context, data, n, n), scratch(context, k, n), scratch(context, k, n)];
    mirror(M);
    const level = Math.sqrt(n) * Number.EPSILON * rowSumNorm(M.entries(), n);
    X.entries().fill(0);
    for (let step = 0; step <= MOST_STEPS; step++) {
      R.entries().set(B.entries());
      if (step > 0) gemm(-1, X, M, 1, R);
      const sizes = Array.from({ length: k }, (_, i) => maxAbs(R.row(i)));
      if (!sizes.every(Number.isFinite)) return false;
      if (sizes.every((size, i) => size === 0 || (step > 0 && size <= level * maxAbs(X.row(i))))) {
        B.entries().set(X.entries());
        return true;
      }
      // Each row is scaled to 1: a small residual must not underflow.
      const [scaled, residual] = [D.floats(), R.entries()];
      for (let at = 0; at < k * n; at++) scaled[at] = residual[at] / (sizes[Math.floor(at / n)] || 1);
      trsm(D, L.t);
      trsm(D, L);
      const [correction, solution] = [D.floats(), X.entries()];
      for (let at = 0; at < k * n; at++) solution[at] += correction[at] * sizes[Math.floor(at / n)];
    }
    return false;
  });
}
