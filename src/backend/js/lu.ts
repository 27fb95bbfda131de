/** LU on the JavaScript backend, recursive as in assembly/: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";
import { product, productScratchBytes } from "./product.js";

type LuOps = Pick<Ops, "dgetrf" | "dgetrfScratchBytes">;

/** Columns of a panel. */
const BASE = 16;

/** Half of n, in whole bases. */
const half = (n: number) => Math.ceil(n / (2 * BASE)) * BASE;

/** The matrix, where its pivots and its scratch are, and the least pivot. Indices, not addresses, but for `work`. */
interface Job {
  h: Float64Array;
  n: number;
  a: number;
  lda: number;
  pivots: number;
  tolerance: number;
  work: number;
}

/** C −= A B, all in rows of lda. */
function eliminate({ h, lda, work }: Job, rows: number, cols: number, depth: number, a: number, b: number, c: number) {
  const target = { lower: false, r0: 0, r1: rows, n: cols, scale: -1, gamma: 1, delta: 0, c, ldc: lda };
  product(h, depth, { at: a, ld: lda, trans: false }, { at: b, ld: lda, trans: true }, target, work);
}

/** Columns [from, from + width) of the rows from `from` on. */
function recurse(job: Job, from: number, width: number): number {
  if (width <= BASE) return panel(job, from, width);
  const { n, a, lda } = job;
  const n1 = half(width);
  const a11 = a + from * (lda + 1);
  const a21 = a11 + n1 * lda;
  const info = recurse(job, from, n1);
  if (info) return info;
  solveLeft(job, n1, width - n1, a11, a11 + n1);
  eliminate(job, n - from - n1, width - n1, n1, a21, a11 + n1, a21 + n1);
  return recurse(job, from + n1, width - n1);
}

function panel({ h, n, a, lda, pivots, tolerance }: Job, from: number, width: number): number {
  const end = from + width;
  for (let j = from; j < end; j++) {
    let at = j;
    for (let i = j + 1; i < n; i++) if (Math.abs(h[a + i * lda + j]) > Math.abs(h[a + at * lda + j])) at = i;
    const [row, other] = [a + j * lda, a + at * lda];
    const pivot = h[other + j];
    if (!(Math.abs(pivot) > tolerance && Math.abs(pivot) < Infinity)) return j + 1;
    h[pivots + j] = at;
    if (at !== j) {
      for (let k = 0; k < n; k++) {
        const x = h[row + k];
        h[row + k] = h[other + k];
        h[other + k] = x;
      }
    }
    for (let i = j + 1; i < n; i++) {
      const below = a + i * lda;
      const l = h[below + j] / pivot;
      h[below + j] = l;
      for (let k = j + 1; k < end; k++) h[below + k] -= l * h[row + k];
    }
  }
  return 0;
}

/** X ← L⁻¹ X in place, L unit lower n×n, X n×cols. */
function solveLeft(job: Job, n: number, cols: number, l: number, x: number): void {
  const { h, lda } = job;
  if (n <= BASE) {
    for (let i = 1; i < n; i++) {
      for (let t = 0; t < i; t++) {
        const by = h[l + i * lda + t];
        for (let j = 0; j < cols; j++) h[x + i * lda + j] -= by * h[x + t * lda + j];
      }
    }
    return;
  }
  const n1 = half(n);
  const l21 = l + n1 * lda;
  solveLeft(job, n1, cols, l, x);
  eliminate(job, n - n1, cols, n1, l21, x, x + n1 * lda);
  solveLeft(job, n - n1, cols, l21 + n1, x + n1 * lda);
}

export function luOps(memory: Memory): LuOps {
  return {
    dgetrf: (n, tolerance, a, lda, pivots, work) =>
      recurse({ h: memory.f64, n, a: a >>> 3, lda, pivots: pivots >>> 3, tolerance, work }, 0, n),
    dgetrfScratchBytes: (n) => productScratchBytes(n, n, n, 0),
  };
}
