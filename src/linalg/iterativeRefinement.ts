/**
 * A⁻¹B from a float32 factor by iterative refinement with float64 residuals, all right-hand sides together: LAPACK's dsposv (Buttari et
 * al. 2007), with its limits.
 */
import type { Context } from "../context.js";
import { intact } from "../lists.js";
import type { Matrix } from "../matrix.js";
import { maxAbs, rowSumNorm } from "./vectors.js";

/** Steps before float64 takes over. */
const MOST_STEPS = 30;

/**
 * Rows x = A⁻¹ b for the rows of `b` (k×n, float64 in scratch), in place, A n×n of which the lower triangle counts; false where float32 cannot
 * hold or factor A, or the residual of a row does not fall to √n ε ‖A‖∞ ‖x‖∞ in 30 steps. `b` is then as it was.
 */
export function refineSolve(context: Context, A: Matrix, b: number, k: number): boolean {
  const { ops, arena } = context;
  const n = A.rows;
  const data = intact(A.data, n * n);
  return arena.run(() => {
    const [l, d] = [arena.allocBytes(n * n * 4), arena.allocBytes(k * n * 4)];
    arena.singles(l, n * n).set(data);
    const info = arena.run(() => ops.spotrf(n, 0, l, n, arena.allocBytes(ops.spotrfScratchBytes(n))));
    if (info !== 0) return false;
    const [a, x, r] = [arena.copyIn(data), arena.alloc(k * n), arena.alloc(k * n)];
    ops.dmirror(n, a, n);
    const level = Math.sqrt(n) * Number.EPSILON * rowSumNorm(arena.view(a, n * n), n);
    arena.view(x, k * n).fill(0);
    const rows = (address: number, i: number) => arena.view(address + i * n * 8, n);
    for (let step = 0; step <= MOST_STEPS; step++) {
      arena.view(r, k * n).set(arena.view(b, k * n));
      if (step > 0) {
        arena.run(() => {
          const room = arena.allocBytes(ops.dgemmScratchBytes(k, n, n));
          ops.dgemm(0, 0, 0, k, n, n, -1, x, n, a, n, 1, r, n, room);
        });
      }
      const sizes = Array.from({ length: k }, (_, i) => maxAbs(rows(r, i)));
      if (!sizes.every(Number.isFinite)) return false;
      if (sizes.every((size, i) => size === 0 || (step > 0 && size <= level * maxAbs(rows(x, i))))) {
        arena.view(b, k * n).set(arena.view(x, k * n));
        return true;
      }
      // Each row scaled to 1: a small residual must not underflow.
      const scaled = arena.singles(d, k * n);
      const residual = arena.view(r, k * n);
      for (let at = 0; at < k * n; at++) scaled[at] = residual[at] / (sizes[Math.floor(at / n)] || 1);
      arena.run(() => {
        const room = arena.allocBytes(ops.strsmScratchBytes(k, n));
        for (const trans of [1, 0]) ops.strsm(trans, 0, k, n, l, n, d, n, room);
      });
      const correction = arena.singles(d, k * n);
      const solution = arena.view(x, k * n);
      for (let at = 0; at < k * n; at++) solution[at] += correction[at] * sizes[Math.floor(at / n)];
    }
    return false;
  });
}
