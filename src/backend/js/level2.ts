/** Ops that read each number once, on the JavaScript backend: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";

type Level2Ops = Pick<Ops, "dgemv" | "dhadamard" | "drowdot" | "dmirror" | "dasymmetry" | "dtranspose">;

/** Σ x_j y_j, four sums: one chain of additions would wait for itself. */
export function dot(h: Float64Array, n: number, x: number, y: number): number {
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    s0 += h[x + j] * h[y + j];
    s1 += h[x + j + 1] * h[y + j + 1];
    s2 += h[x + j + 2] * h[y + j + 2];
    s3 += h[x + j + 3] * h[y + j + 3];
  }
  // A pair stays a pair: units and their twins cancel to the bit.
  if (j + 2 <= n) {
    s0 += h[x + j] * h[y + j];
    s1 += h[x + j + 1] * h[y + j + 1];
    j += 2;
  }
  if (j < n) s0 += h[x + j] * h[y + j];
  return s0 + s1 + (s2 + s3);
}

/** Transposes are walked in squares of this side, so that both sides stay in L1. */
const BLOCK = 32;

export function level2Ops(memory: Memory): Level2Ops {
  const drowdot: Ops["drowdot"] = (r0, r1, n, alpha, a, lda, b, ldb, gamma, out) => {
    const h = memory.f64;
    for (let i = r0; i < r1; i++) {
      const sum = alpha * dot(h, n, (a >>> 3) + i * lda, (b >>> 3) + i * ldb);
      const to = (out >>> 3) + i;
      h[to] = gamma !== 0 ? gamma * h[to] + sum : sum;
    }
    return 0;
  };
  return {
    drowdot,
    dgemv: (r0, r1, n, alpha, a, lda, x, gamma, y) => drowdot(r0, r1, n, alpha, a, lda, x, 0, gamma, y),
    dhadamard(r0, r1, m, alpha, a, lda, period, b, ldb, repeat, c, ldc) {
      const h = memory.f64;
      for (let i = r0; i < r1; i++) {
        const x = (a >>> 3) + (period ? i % period : i) * lda;
        const y = (b >>> 3) + Math.floor(i / repeat) * ldb;
        const to = (c >>> 3) + i * ldc;
        for (let j = 0; j < m; j++) h[to + j] = alpha * h[x + j] * h[y + j];
      }
      return 0;
    },
    dmirror(n, a, lda) {
      const h = memory.f64;
      const at = a >>> 3;
      for (let i0 = 0; i0 < n; i0 += BLOCK) {
        for (let j0 = 0; j0 <= i0; j0 += BLOCK) {
          for (let i = i0; i < Math.min(n, i0 + BLOCK); i++) {
            for (let j = j0; j < Math.min(i, j0 + BLOCK); j++) h[at + j * lda + i] = h[at + i * lda + j];
          }
        }
      }
      return 0;
    },
    dasymmetry(n, a, lda) {
      const [d, at] = [memory.f64, a >>> 3];
      let worst = 0;
      for (let i0 = 0; i0 < n; i0 += BLOCK) {
        for (let j0 = 0; j0 <= i0; j0 += BLOCK) {
          for (let i = i0; i < Math.min(n, i0 + BLOCK); i++) {
            for (let j = j0; j <= Math.min(i, j0 + BLOCK - 1); j++) {
              // NaN stays.
              worst = Math.max(worst, Math.abs(d[at + i * lda + j] - d[at + j * lda + i]));
            }
          }
        }
      }
      return worst;
    },
    dtranspose(rows, cols, a, lda, b, ldb) {
      const h = memory.f64;
      for (let i0 = 0; i0 < rows; i0 += BLOCK) {
        for (let j0 = 0; j0 < cols; j0 += BLOCK) {
          for (let i = i0; i < Math.min(rows, i0 + BLOCK); i++) {
            for (let j = j0; j < Math.min(cols, j0 + BLOCK); j++) h[(b >>> 3) + j * ldb + i] = h[(a >>> 3) + i * lda + j];
          }
        }
      }
      return 0;
    },
  };
}
