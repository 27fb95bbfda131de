/** A layer's features on the JavaScript backend: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import { activationAt } from "./activation.js";
import type { Memory } from "./memory.js";
import { product, productScratchBytes } from "./product.js";

/** Up to here axpys beat packing for the gemm. */
const FEW_INPUTS = 4;

type FeatureOps = Pick<Ops, "daffine" | "dactivate" | "dfeatures" | "dfeaturesScratchBytes">;

/** z += a x over m entries. */
function axpy(h: Float64Array, m: number, a: number, x: number, z: number): void {
  for (let j = 0; j < m; j++) h[z + j] += a * h[x + j];
}

/** to = a from. */
export function scaled(h: Float64Array, m: number, a: number, from: number, to: number): void {
  for (let j = 0; j < m; j++) h[to + j] = a * h[from + j];
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
  const activate: Ops["dactivate"] = (activation, r0, r1, m, gain, s, lds, g, ldg, work) => {
    const h = memory.f64;
    const known = activationAt(h, activation);
    if (!known) return -1;
    const { map, record } = known;
    const ones = work >>> 3;
    const unused = ones + m;
    h.fill(1, ones, ones + m);
    for (let i = r0; i < r1; i++)
      map(h, m, gain ? gain >>> 3 : ones, (s >>> 3) + i * lds, g ? (g >>> 3) + i * ldg : unused, record);
    return 0;
  };
  return {
    daffine: affine,
    dactivate: activate,
    dfeatures(activation, r0, r1, m, d, alpha, x, ldx, c, ldc, beta, bias, gain, s, lds, g, ldg, work) {
      affine(r0, r1, m, d, alpha, x, ldx, c, ldc, beta, bias, s, lds, work + 2 * m * 8);
      return activate(activation, r0, r1, m, gain, s, lds, g, ldg, work);
    },
    dfeaturesScratchBytes: (rows, m, d) => 2 * m * 8 + (d <= FEW_INPUTS ? m * d * 8 : productScratchBytes(rows, m, d, 0)),
  };
}
