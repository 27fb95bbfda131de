/** gemm and syrk on the JavaScript backend: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";
import { operandAt, product, productScratchBytes } from "./product.js";

type GemmOps = Pick<Ops, "dgemm" | "dgemmScratchBytes" | "dsyrk">;

export function gemmOps(memory: Memory): GemmOps {
  return {
    dgemm(transA, transB, r0, r1, n, k, alpha, a, lda, b, ldb, gamma, c, ldc, work) {
      const target = { lower: false, r0, r1, n, scale: alpha, gamma, delta: 0, c: c >>> 3, ldc };
      product(memory.f64, k, operandAt(a, lda, transA === 1), operandAt(b, ldb, transB === 0), target, work);
      return 0;
    },
    dgemmScratchBytes: (rows, n, k) => productScratchBytes(rows, n, k, 0),
    dsyrk(trans, r0, r1, k, alpha, a, lda, gamma, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: alpha, gamma, delta: 0, c: c >>> 3, ldc };
      const rows = operandAt(a, lda, trans === 1);
      product(memory.f64, k, rows, rows, target, work);
      return 0;
    },
  };
}
