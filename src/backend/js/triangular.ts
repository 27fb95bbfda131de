/** Cholesky and triangular solves on the JavaScript backend, recursive as in assembly/: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import { dot } from "./level2.js";
import type { Memory } from "./memory.js";
import { product, productScratchBytes } from "./product.js";

type TriangularOps = Pick<Ops, "dpotrf" | "dpotrfScratchBytes" | "dtrsm" | "dtrsmScratchBytes" | "dtrsv">;

/** Up to here plain substitution beats packing for the product. */
const BASE = 32;

function half(n: number): number {
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
function trsm(
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
  const update = () =>
    product(h, depth, { at: from, ld: ldb, trans: false }, { at: l21, ld: ldl, trans: !trans }, target, work);
  if (trans) {
    trsm(h, trans, r0, r1, n1, l, ldl, b, ldb, work);
    update();
    trsm(h, trans, r0, r1, n2, l21 + n1, ldl, b + n1, ldb, work);
  } else {
    trsm(h, trans, r0, r1, n2, l21 + n1, ldl, b + n1, ldb, work);
    update();
    trsm(h, trans, r0, r1, n1, l, ldl, b, ldb, work);
  }
}

/** `least`: index of the least pivots allowed. */
function potrf(h: Float64Array, n: number, least: number, a: number, lda: number, work: number): number {
  if (n <= BASE) {
    for (let i = 0, row = a; i < n; i++, row += lda) {
      forward(h, i, a, lda, row);
      const pivot = h[row + i] - dot(h, i, row, row);
      if (!(pivot > 0 && pivot > h[least + i] && pivot < Infinity)) return i + 1;
      h[row + i] = Math.sqrt(pivot);
    }
    return 0;
  }
  const n1 = half(n);
  const a21 = a + n1 * lda;
  const info = potrf(h, n1, least, a, lda, work);
  if (info) return info;
  trsm(h, 1, 0, n - n1, n1, a, lda, a21, lda, work);
  const rows = { at: a21, ld: lda, trans: false };
  const target = { lower: true, r0: 0, r1: n - n1, n: n - n1, scale: -1, gamma: 1, delta: 0, c: a21 + n1, ldc: lda };
  product(h, n1, rows, rows, target, work);
  const rest = potrf(h, n - n1, least + n1, a21 + n1, lda, work);
  return rest ? n1 + rest : 0;
}

export function triangularOps(memory: Memory): TriangularOps {
  return {
    dpotrf(n, tolerance, a, lda, work) {
      const h = memory.f64;
      // The least pivots allowed: the diagonal is overwritten long before its pivot comes.
      for (let i = 0; i < n; i++) h[(work >>> 3) + i] = tolerance * h[(a >>> 3) + i * (lda + 1)];
      return potrf(h, n, work >>> 3, a >>> 3, lda, work + n * 8);
    },
    dpotrfScratchBytes: (n) => n * 8 + productScratchBytes(n, n, n, 0),
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
