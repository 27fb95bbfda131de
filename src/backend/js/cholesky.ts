/** Cholesky on the JavaScript backend, recursive as in assembly/: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import { dot } from "./level2.js";
import type { Memory } from "./memory.js";
import { product, productScratchBytes } from "./product.js";
import { BASE, forward, half, trsm } from "./trsm.js";

type CholeskyOps = Pick<Ops, "dpotrf" | "dpotrfScratchBytes">;

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
  const n2 = n - n1;
  const a21 = a + n1 * lda;
  const info = potrf(h, n1, least, a, lda, work);
  if (info) return info;
  trsm(h, 1, 0, n2, n1, a, lda, a21, lda, work);
  const rows = { at: a21, ld: lda, trans: false };
  const target = { lower: true, r0: 0, r1: n2, n: n2, scale: -1, gamma: 1, delta: 0, c: a21 + n1, ldc: lda };
  product(h, n1, rows, rows, target, work);
  const rest = potrf(h, n2, least + n1, a21 + n1, lda, work);
  return rest ? n1 + rest : 0;
}

export function choleskyOps(memory: Memory): CholeskyOps {
  return {
    dpotrf(n, tolerance, a, lda, work) {
      const h = memory.f64;
      // The least pivots allowed: the diagonal is overwritten long before its pivot comes.
      for (let i = 0; i < n; i++) h[(work >>> 3) + i] = tolerance * h[(a >>> 3) + i * (lda + 1)];
      return potrf(h, n, work >>> 3, a >>> 3, lda, work + n * 8);
    },
    dpotrfScratchBytes: (n) => n * 8 + productScratchBytes(n, n, n, 0),
  };
}
