/** A layer's rows of the Jacobian, and their product with a vector, in JavaScript: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import { scaled } from "./features.js";
import type { Memory } from "./memory.js";

type JacobianOps = Pick<Ops, "dkhatrirao" | "dvjp">;

/** out_(j·stride) += Σ_r w_r A_rj over up to four rows, w_r = scale v_r (x_r); x < 0: no x. */
function addRows(
  h: Float64Array, units: number, rows: number, scale: number, v: number, x: number, ldx: number, a: number, lda: number,
  out: number, stride: number,
): void {
  const weight = (r: number) => (r < rows ? scale * h[v + r] * (x < 0 ? 1 : h[x + r * ldx]) : 0);
  const row = (r: number) => a + (r < rows ? r * lda : 0);
  const [w0, w1, w2, w3] = [weight(0), weight(1), weight(2), weight(3)];
  const [a1, a2, a3] = [row(1), row(2), row(3)];
  for (let j = 0; j < units; j++, out += stride) {
    h[out] += w0 * h[a + j] + w1 * h[a1 + j] + (w2 * h[a2 + j] + w3 * h[a3 + j]);
  }
}

export function jacobianOps(memory: Memory): JacobianOps {
  return {
    dkhatrirao(r0, r1, m, d, scale, g, ldg, x, ldx, repeat, j, ldj) {
      const h = memory.f64;
      for (let i = r0; i < r1; i++) {
        const gi = (g >>> 3) + i * ldg;
        const xi = (x >>> 3) + Math.floor(i / repeat) * ldx;
        const to = (j >>> 3) + i * ldj;
        if (d === 1) scaled(h, m, x ? scale * h[xi] : scale, gi, to);
        else for (let u = 0; u < m; u++) scaled(h, d, scale * h[gi + u], xi, to + u * d);
      }
      return 0;
    },
    dvjp(u0, u1, n, d, bScale, cScale, dScale, v, x, ldx, s, lds, g, ldg, ub, uc, ud) {
      const h = memory.f64;
      const units = u1 - u0;
      for (let i = 0; i < n; i += 4) {
        const rows = Math.min(4, n - i);
        const vi = (v >>> 3) + i;
        const xi = (x >>> 3) + i * ldx;
        const gi = (g >>> 3) + i * ldg + u0;
        if (ub) addRows(h, units, rows, bScale, vi, -1, 0, (s >>> 3) + i * lds + u0, lds, (ub >>> 3) + u0, 1);
        if (ud) addRows(h, units, rows, dScale, vi, -1, 0, gi, ldg, (ud >>> 3) + u0, 1);
        for (let t = 0; t < d; t++) addRows(h, units, rows, cScale, vi, xi + t, ldx, gi, ldg, (uc >>> 3) + u0 * d + t, d);
      }
      return 0;
    },
  };
}
