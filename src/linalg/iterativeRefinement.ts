/**
 * A⁻¹B from a float32 factor by iterative refinement with float64 residuals, for all right-hand sides together. It is
 * LAPACK's dsposv (Buttari et al. 2007), with its limits.
 */
import { gemm, gemv, mirror, potrf, substitute } from "./blas.js";
import { maxAbs, rowSumNorm } from "./vectors.js";
import { scratch, type View } from "./view.js";

/**
 * True where a float32 factor and its refinement are faster than a float64 factor: large systems with few right-hand
 * sides. The float32 factor saves n³/100 ns, and the steps cost n² ns for each right-hand side and 5n² ns beside
 * (measured at n = 500, 1000, 2000).
 */
export function isFasterRefined(n: number, k: number): boolean {
  return n > 100 * (k + 5);
}

/** Refinement steps; after these, float64 takes over. */
const MOST_STEPS = 30;

/**
 * Replaces each row b of B by A⁻¹ b. B is k×n, packed, float64, in scratch. The lower triangle of A (n×n, packed, in
 * scratch) counts; it is mirrored.
 *
 * Returns false, with B as it was, where float32 cannot hold or factor A, or where the residual of a row does not fall
 * to √n ε ‖A‖∞ ‖x‖∞ in 30 steps.
 */
export function refineSolve(A: View, B: View): boolean {
  const { context, rows: k, cols: n } = B;
  return context.arena.run(() => {
    const [L, D] = [scratch(context, n, n, 4), scratch(context, k, n, 4)];
    L.floats().set(A.entries());
    if (potrf(L) !== 0) return false;
    const [M, X, R] = [A, scratch(context, k, n), scratch(context, k, n)];
    mirror(M);
    const level = Math.sqrt(n) * Number.EPSILON * rowSumNorm(M.entries(), n);
    X.entries().fill(0);
    for (let step = 0; step <= MOST_STEPS; step++) {
      R.entries().set(B.entries());
      if (step > 0) subtractProduct(X, M, R);
      const sizes = Array.from({ length: k }, (_, i) => maxAbs(R.row(i)));
      if (!sizes.every(Number.isFinite)) return false;
      if (sizes.every((size, i) => size === 0 || (step > 0 && size <= level * maxAbs(X.row(i))))) {
        B.entries().set(X.entries());
        return true;
      }
      // Each row is scaled to 1: a small residual must not underflow.
      const [scaled, residual] = [D.floats(), R.entries()];
      for (let at = 0; at < k * n; at++) scaled[at] = residual[at] / (sizes[Math.floor(at / n)] || 1);
      substitute(D, L.t);
      substitute(D, L);
      const [correction, solution] = [D.floats(), X.entries()];
      for (let at = 0; at < k * n; at++) solution[at] += correction[at] * sizes[Math.floor(at / n)];
    }
    return false;
  });
}

/** R −= X M, for a symmetric M. A product of few rows reads M once for each; it would be packed otherwise. */
function subtractProduct(X: View, M: View, R: View): void {
  if (X.rows >= FEW_ROWS) gemm(-1, X, M, 1, R);
  else for (let i = 0; i < X.rows; i++) gemv(-1, M, X.slice(i, 1), 1, R.slice(i, 1));
}

const FEW_ROWS = 4;
