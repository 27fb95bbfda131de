/**
 * The float32 Cholesky factor that preconditions a float64 solve: of A + shift I, shift = max(ridge, 4 ε₃₂ ‖A‖∞). Below that, what
 * rounding has done to A in float32 could cost it its definiteness.
 */
import type { Context } from "../context.js";
import { EPSILON32 } from "./precision.js";
import { maxAbs } from "./vectors.js";

export interface SingleFactor {
  /** ‖A‖∞, of the rounded entries. */
  norm: number;
  /** Rows z = (A + shift I)⁻¹ r in float32 from a float64 r. */
  solve(r: Float64Array): Float64Array;
}

/** Factors the lower triangle of singles at `a` in scratch, n×n, in place; a reason where that cannot be. */
export function factorSingle(context: Context, n: number, a: number, ridge: number): SingleFactor | { reason: string } {
  const { ops, arena } = context;
  const norm = rowSumNorm(arena.singles(a, n * n), n);
  if (!Number.isFinite(norm)) return { reason: "the kernel leaves float32" };
  const shift = Math.max(ridge, 4 * EPSILON32 * norm);
  const view = arena.singles(a, n * n);
  for (let i = 0; i < n; i++) view[i * (n + 1)] += shift;
  const info = arena.run(() => ops.spotrf(n, 0, a, n, arena.allocBytes(ops.spotrfScratchBytes(n))));
  if (info > 0) return { reason: `the float32 factor fails at pivot ${info - 1}` };
  const b = arena.allocBytes(n * 4);
  const solve = (r: Float64Array) => {
    // Scaled to 1: a small residual must not underflow.
    const scale = maxAbs(r) || 1;
    const rhs = arena.singles(b, n);
    for (let i = 0; i < n; i++) rhs[i] = r[i] / scale;
    ops.strsv(1, n, a, n, b);
    ops.strsv(0, n, a, n, b);
    return Float64Array.from(arena.singles(b, n), (x) => x * scale);
  };
  return { norm, solve };
}

/** Largest row sum of |A_ij| for a symmetric A of which the lower triangle is given. */
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
