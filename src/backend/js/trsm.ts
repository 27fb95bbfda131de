/** Triangular solves on the JavaScript backend, recursive as in assembly/: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import { dot } from "./level2.js";
import type { Memory } from "./memory.js";
import { product, productScratchBytes } from "./product.js";

type TrsmOps = Pick<Ops, "dtrsm" | "dtrsmScratchBytes" | "dtrsv">;

/** Up to here plain substitution beats packing for the product. */
export const BASE = 32;

/** The first half of n, in whole bases. */
export function half(n: number): number {
  return Math.ceil(n / (2 * BASE)) * BASE;
}

/** One row: b ← b L⁻ᵀ. */
export function forward(h: Float64Array, n: number, l: number, ldl: number, b: number): void {
  for (let i = 0; i < n; i++, l += ldl) h[b + i] = (h[b + i] - dot(h, i, l, b)) / h[l + i];
}

/** One row: b ← b L⁻¹. */
function backward(h: Float64Array, n: number, l: number, ldl: number, b: number): void {
  for (let i = n - 1; i >= 0; i--) {
    const row = l + i * ldl;
    const x = h[b + i] / h[row + i];
    h[b + i] = x;
    for (let j = 0; j < i; j++) h[b + j] -= x * h[row + j];
  }
}

/** Indices, not addresses. */
export function trsm(
  h: Float64Array, trans: number, r0: number, r1: number, n: number, l: number, ldl: number, b: number, ldb: number, work: number,
): void {
  if (n <= BASE) {
    for (let i = r0; i < r1; i++) (trans ? forward : backward)(h, n, l, ldl, b + i * ldb);
    return;
  }
  const n1 = half(n);
  const n2 = n - n1;
  const l21 = l + n1 * ldl;
  const [from, to, width, depth] = trans ? [b, b + n1, n2, n1] : [b + n1, b, n1, n2];
  const target = { lower: false, r0, r1, n: width, scale: -1, gamma: 1, delta: 0, c: to, ldc: ldb };
  const eliminate = () =>
    product(h, depth, { at: from, ld: ldb, trans: false }, { at: l21, ld: ldl, trans: !trans }, target, work);
  if (trans) {
    trsm(h, trans, r0, r1, n1, l, ldl, b, ldb, work);
    eliminate();
    trsm(h, trans, r0, r1, n2, l21 + n1, ldl, b + n1, ldb, work);
  } else {
    trsm(h, trans, r0, r1, n2, l21 + n1, ldl, b + n1, ldb, work);
    eliminate();
    trsm(h, trans, r0, r1, n1, l, ldl, b, ldb, work);
  }
}

export function trsmOps(memory: Memory): TrsmOps {
  return {
    dtrsm(trans, r0, r1, n, l, ldl, b, ldb, work) {
      trsm(memory.f64, trans, r0, r1, n, l >>> 3, ldl, b >>> 3, ldb, work);
      return 0;
    },
    dtrsmScratchBytes: (rows, n) => productScratchBytes(rows, n, n, 0),
    dtrsv(trans, n, l, ldl, b) {
      (trans ? forward : backward)(memory.f64, n, l >>> 3, ldl, b >>> 3);
      return 0;
    },
  };
}
