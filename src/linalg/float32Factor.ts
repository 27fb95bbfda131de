/**
 * The float32 Cholesky factor that preconditions a float64 solve. It factors A + shift I, shift = max(ridge, 4 ε₃₂
 * ‖A‖∞). With a smaller shift, the rounding of A to float32 could make A + shift I indefinite.
 */
import { potrf, substitute } from "./blas.js";
import { EPSILON32 } from "./precision.js";
import { maxAbs } from "./vectors.js";
import { scratch, type View } from "./view.js";

export interface Float32Factor {
  /** ‖A‖∞ of the rounded entries. */
  norm: number;
  /** Rows z = (A + shift I)⁻¹ r in float32 from a float64 r. */
  solve(r: Float64Array): Float64Array;
}

/**
 * Factors the lower triangle of a float32 matrix in scratch, in place. Returns a reason where the matrix has no factor.
 */
export function factorFloat32(A: View, ridge: number): Float32Factor | { reason: string } {
  const n = A.rows;
  const norm = rowSumNorm(A.floats(), n);
  if (!Number.isFinite(norm)) return { reason: "the kernel leaves float32" };
  A.shift(Math.max(ridge, 4 * EPSILON32 * norm));
  const info = potrf(A);
  if (info > 0) return { reason: `the float32 factor fails at pivot ${info - 1}` };
  const B = scratch(A.context, 1, n, 4);
  const solve = (r: Float64Array) => {
    // r is scaled to 1: a small residual must not underflow.
    const scale = maxAbs(r) || 1;
    const rhs = B.floats();
    for (let i = 0; i < n; i++) rhs[i] = r[i] / scale;
    substitute(B, A.t);
    substitute(B, A);
    return Float64Array.from(B.floats(), (x) => x * scale);
  };
  return { norm, solve };
}

/** Largest row sum of |A_ij| for a symmetric A, from its lower triangle. */
function rowSumNorm(a: Float32Array, n: number): number {
  const sums = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < i; j++) {
      const size = Math.abs(a[i * n + j]);
      sum += size;
      sums[j] += size;
    }
    sums[i] += sum + Math.abs(a[i * (n + 1)]);
  }
  return sums.reduce((top, x) => Math.max(top, x), 0);
}
