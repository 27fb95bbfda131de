/** The Gram accumulation on the JavaScript backend: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";
import { operandAt, product, productScratchBytes } from "./product.js";

type GramOps = Pick<Ops, "dgram" | "dgramBlock" | "dgramBlockCross" | "dgramCross" | "dgramScratchBytes">;

export function gramOps(memory: Memory): GramOps {
  return {
    dgram(r0, r1, k, g, ldg, d, alpha, a, lda, beta, gamma, delta, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: beta, gamma, delta, c: c >>> 3, ldc };
      const [G, A] = [operandAt(g, ldg, false), operandAt(a, lda, false)];
      product(memory.f64, k, G, G, target, work, { d, alpha, p: A, q: A });
      return 0;
    },
    dgramCross(r0, r1, n2, k, g, ldg, h, ldh, d, alpha, a, lda, b, ldb, beta, gamma, delta, c, ldc, work) {
      const target = { lower: false, r0, r1, n: n2, scale: beta, gamma, delta, c: c >>> 3, ldc };
      const factor = { d, alpha, p: operandAt(a, lda, false), q: operandAt(b, ldb, false) };
      product(memory.f64, k, operandAt(g, ldg, false), operandAt(h, ldh, false), target, work, factor);
      return 0;
    },
    dgramBlock(r0, r1, k, g, ldg, repeat, f, ldf, gamma, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: 1, gamma, delta: 0, c: c >>> 3, ldc };
      const G = operandAt(g, ldg, false);
      product(memory.f64, k, G, G, target, work, { repeat, f: f >>> 3, ldf });
      return 0;
    },
    dgramBlockCross(r0, r1, n2, k, g, ldg, h, ldh, repeat, f, ldf, gamma, c, ldc, work) {
      const target = { lower: false, r0, r1, n: n2, scale: 1, gamma, delta: 0, c: c >>> 3, ldc };
      const [G, H] = [operandAt(g, ldg, false), operandAt(h, ldh, false)];
      product(memory.f64, k, G, H, target, work, { repeat, f: f >>> 3, ldf });
      return 0;
    },
    dgramScratchBytes: (rows, n2, k, d) => productScratchBytes(rows, n2, k, d),
  };
}
