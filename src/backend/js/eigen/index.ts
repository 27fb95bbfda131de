/**
 * Symmetric eigenproblem on the JavaScript backend, the steps of assembly/lapack/eigen: power-of-two scaling, blocked
 * Householder tridiagonalisation, divide and conquer, back-transformation in compact WY blocks. Indices here are into
 * `h`, not addresses.
 */
import type { Ops } from "../../../ops.js";
import type { Memory } from "../memory.js";
import { divide, divideDoubles } from "./divide.js";
import { ql } from "./ql.js";
import { applyReflectors, reflectorDoubles } from "./reflectors.js";
import { tridiagonalDoubles, tridiagonalise } from "./tridiagonal.js";

type EigenOps = Pick<Ops, "deigh" | "deighScratchBytes">;

export function eigenOps(memory: Memory): EigenOps {
  return {
    deigh: (vectors, n, a, lda, w, work) => eigh(memory.f64, vectors === 1, n, a >>> 3, lda, w >>> 3, work >>> 3),
    deighScratchBytes: (vectors, n) =>
      8 * (3 * n + Math.max(tridiagonalDoubles(n), vectors ? n * n + Math.max(divideDoubles(n), reflectorDoubles(n)) : 0)),
  };
}

function eigh(h: Float64Array, vectors: boolean, n: number, a: number, lda: number, w: number, work: number): number {
  if (n === 0) return 0;
  const scale = normalise(h, n, a, lda);
  const e = work;
  const tau = e + n;
  const index = tau + n;
  const s = index + n;
  const free = s + n * n;
  tridiagonalise(h, n, a, lda, w, e, tau, s);
  if (vectors) {
    h.fill(0, s, s + n * n);
    const info = divide(h, n, w, e, s, n, index, free);
    if (info) return info;
    applyReflectors(h, n, a, lda, tau, s, free);
    for (let i = 0; i < n; i++) {
      const from = h[index + i];
      h[e + i] = h[w + from];
      h.copyWithin(a + i * lda, s + from * n, s + (from + 1) * n);
    }
    h.copyWithin(w, e, e + n);
  } else {
    const info = ql(h, n, w, e, -1, 0);
    if (info) return info;
    h.subarray(w, w + n).sort();
  }
  for (let i = 0; i < n; i++) h[w + i] *= scale;
  return 0;
}

/** Scales the lower triangle to entries below 2 by a power of two; returns what undoes it. */
function normalise(h: Float64Array, n: number, a: number, lda: number): number {
  let top = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) top = Math.max(top, Math.abs(h[a + i * lda + j]));
  if (top === 0) return 1;
  const up = 2 ** Math.min(1020, Math.max(-1020, Math.floor(Math.log2(top))));
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) h[a + i * lda + j] /= up;
  return up;
}
