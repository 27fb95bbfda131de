/** gemm, syrk and the Gram accumulation on the JavaScript backend: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";
import { type Operand, product, productScratchBytes } from "./product.js";

type ProductOps = Pick<
  Ops,
  "dgemm" | "dgemmScratchBytes" | "dsyrk" | "dgram" | "dgramBlock" | "dgramBlockCross" | "dgramCross" | "dgramScratchBytes"
>;

function operand(address: number, ld: number, trans: boolean): Operand {
  return { at: address >>> 3, ld, trans };
}

export function productOps(memory: Memory): ProductOps {
  return {
    dgemm(transA, transB, r0, r1, n, k, alpha, a, lda, b, ldb, gamma, c, ldc, work) {
      const target = { lower: false, r0, r1, n, scale: alpha, gamma, delta: 0, c: c >>> 3, ldc };
      product(memory.f64, k, operand(a, lda, transA === 1), operand(b, ldb, transB === 0), target, work);
      return 0;
    },
    dgemmScratchBytes: (rows, n, k) => productScratchBytes(rows, n, k, 0),
    dsyrk(trans, r0, r1, k, alpha, a, lda, gamma, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: alpha, gamma, delta: 0, c: c >>> 3, ldc };
      const rows = operand(a, lda, trans === 1);
      product(memory.f64, k, rows, rows, target, work);
      return 0;
    },
    dgram(r0, r1, k, g, ldg, d, alpha, a, lda, beta, gamma, delta, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: beta, gamma, delta, c: c >>> 3, ldc };
      const [G, A] = [operand(g, ldg, false), operand(a, lda, false)];
      product(memory.f64, k, G, G, target, work, { d, alpha, p: A, q: A });
      return 0;
    },
    dgramCross(r0, r1, n2, k, g, ldg, h, ldh, d, alpha, a, lda, b, ldb, beta, gamma, delta, c, ldc, work) {
      const target = { lower: false, r0, r1, n: n2, scale: beta, gamma, delta, c: c >>> 3, ldc };
      const factor = { d, alpha, p: operand(a, lda, false), q: operand(b, ldb, false) };
      product(memory.f64, k, operand(g, ldg, false), operand(h, ldh, false), target, work, factor);
      return 0;
    },
    dgramBlock(r0, r1, k, g, ldg, repeat, f, ldf, gamma, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: 1, gamma, delta: 0, c: c >>> 3, ldc };
      const G = operand(g, ldg, false);
      product(memory.f64, k, G, G, target, work, { repeat, f: f >>> 3, ldf });
      return 0;
    },
    dgramBlockCross(r0, r1, n2, k, g, ldg, h, ldh, repeat, f, ldf, gamma, c, ldc, work) {
      const target = { lower: false, r0, r1, n: n2, scale: 1, gamma, delta: 0, c: c >>> 3, ldc };
      const [G, H] = [operand(g, ldg, false), operand(h, ldh, false)];
      product(memory.f64, k, G, H, target, work, { repeat, f: f >>> 3, ldf });
      return 0;
    },
    dgramScratchBytes: (rows, n2, k, d) => productScratchBytes(rows, n2, k, d),
  };
}
