/**
 * A layer's features, its rows of the Jacobian and their vector-Jacobian product on the JavaScript backend: contract in
 * src/ops.ts.
 */
import type { Ops } from "../../ops.js";
import { ROW_MAPS } from "./activation.js";
import type { Memory } from "./memory.js";
import { product, productScratchBytes } from "./product.js";

/** Up to here axpys beat packing for the gemm. */
const FEW_INPUTS = 4;

type FeatureOps = Pick<Ops, "daffine" | "dfeatures" | "dfeaturesScratchBytes" | "dkhatrirao" | "dvjp">;

/** z += a x over m entries. */
function axpy(h: Float64Array, m: number, a: number, x: number, z: number): void {
  for (let j = 0; j < m; j++) h[z + j] += a * h[x + j];
}

/** to = a from. */
function scaled(h: Float64Array, m: number, a: number, from: number, to: number): void {
  for (let j = 0; j < m; j++) h[to + j] = a * h[from + j];
}

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

export function featureOps(memory: Memory): FeatureOps {
  const affine: Ops["daffine"] = (r0, r1, m, d, alpha, x, ldx, c, ldc, beta, bias, z, ldz, work) => {
    const h = memory.f64;
    const few = d <= FEW_INPUTS;
    const ct = work >>> 3;
    if (few) for (let j = 0; j < m; j++) for (let t = 0; t < d; t++) h[ct + t * m + j] = h[(c >>> 3) + j * ldc + t];
    else {
      const target = { lower: false, r0, r1, n: m, scale: alpha, gamma: 0, delta: 0, c: z >>> 3, ldc: ldz };
      product(h, d, { at: x >>> 3, ld: ldx, trans: false }, { at: c >>> 3, ld: ldc, trans: false }, target, work);
    }
    for (let i = r0; i < r1; i++) {
      const row = (z >>> 3) + i * ldz;
      if (few && bias && d > 0) {
        // The first input together with the bias: one pass for d = 1.
        const a = alpha * h[(x >>> 3) + i * ldx];
        for (let j = 0; j < m; j++) h[row + j] = beta * h[(bias >>> 3) + j] + a * h[ct + j];
      } else if (few && bias) scaled(h, m, beta, bias >>> 3, row);
      else if (few) h.fill(0, row, row + m);
      else if (bias) axpy(h, m, beta, bias >>> 3, row);
      if (few) for (let t = bias ? 1 : 0; t < d; t++) axpy(h, m, alpha * h[(x >>> 3) + i * ldx + t], ct + t * m, row);
    }
    return 0;
  };
  return {
    daffine: affine,
    dfeatures(activation, r0, r1, m, d, alpha, x, ldx, c, ldc, beta, bias, gain, s, lds, g, ldg, work) {
      const map = ROW_MAPS[activation];
      if (!map) return -1;
      const h = memory.f64;
      const ones = work >>> 3;
      const unused = ones + m;
      h.fill(1, ones, ones + m);
      affine(r0, r1, m, d, alpha, x, ldx, c, ldc, beta, bias, s, lds, work + 2 * m * 8);
      for (let i = r0; i < r1; i++) map(h, m, gain ? gain >>> 3 : ones, (s >>> 3) + i * lds, g ? (g >>> 3) + i * ldg : unused);
      return 0;
    },
    dfeaturesScratchBytes: (rows, m, d) => 2 * m * 8 + (d <= FEW_INPUTS ? m * d * 8 : productScratchBytes(rows, m, d, 0)),
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
