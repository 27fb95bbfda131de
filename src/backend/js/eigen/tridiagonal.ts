/**
 * Blocked Householder tridiagonalisation, rows from the last to the first: as in assembly/lapack/eigen/tridiagonal.ts.
 */
import { dot } from "../level2.js";
import { type Operand, product, productScratchBytes } from "../product.js";

const PANEL = 32;
const TINY = 1e-140;

export function tridiagonalDoubles(n: number): number {
  return 3 * PANEL * n + productScratchBytes(n, n, 2 * PANEL, 0) / 8;
}

/** d, e ← T; row k of A keeps v_k, whose entry k − 1 is 1, with its tau_k. */
export function tridiagonalise(
  h: Float64Array, n: number, a: number, lda: number, d: number, e: number, tau: number, work: number,
): void {
  const V = work;
  const W = V + n * PANEL;
  const V2 = W + n * PANEL;
  const free = (V2 + n * PANEL) * 8;
  for (let end = n; end > 0; end -= PANEL) {
    const count = Math.min(PANEL, end);
    for (let q = 0; q < count; q++) {
      const k = end - 1 - q;
      const row = a + k * lda;
      for (let p = 0; p < q; p++) subtract2(h, k + 1, h[W + p * n + k], V + p * n, h[V + p * n + k], W + p * n, row);
      h[d + k] = h[row + k];
      if (k === 0) break;
      h[tau + k] = reflect(h, k, row, e + k - 1);
      h.copyWithin(V + q * n, row, row + k);
      auxiliary(h, k, q, a, lda, V, W, n, h[tau + k]);
    }
    const rest = end - count;
    if (rest === 0) break;
    h.copyWithin(V2, V, W);
    const operand = (at: number): Operand => ({ at, ld: n, trans: true });
    const target = { lower: true, r0: 0, r1: rest, n: rest, scale: -1, gamma: 1, delta: 0, c: a, ldc: lda };
    product(h, 2 * PANEL, operand(V), operand(W), target, free);
  }
}

/** Householder vector of row[0 … k), in place; what is left of the row goes to `e`. Returns tau. */
function reflect(h: Float64Array, k: number, row: number, e: number): number {
  const head = row + k - 1;
  const alpha = h[head];
  const rest = Math.sqrt(dot(h, k - 1, row, row));
  h[head] = 1;
  if (rest <= TINY) {
    h.fill(0, row, head);
    h[e] = alpha;
    return 0;
  }
  const beta = (alpha < 0 ? 1 : -1) * Math.sqrt(alpha * alpha + rest * rest);
  for (let j = row; j < head; j++) h[j] /= alpha - beta;
  h[e] = beta;
  return (beta - alpha) / beta;
}

/** W_q = tau (A v − V Wᵀv − W Vᵀv) − ½ tau (wᵀv) v over k rows, A being the block before this panel. */
function auxiliary(
  h: Float64Array, k: number, q: number, a: number, lda: number, V: number, W: number, n: number, tau: number,
): void {
  const v = V + q * n;
  const w = W + q * n;
  h.fill(0, w, w + k);
  if (tau === 0) return;
  symv(h, k, a, lda, v, w);
  for (let p = 0; p < q; p++) {
    const vp = V + p * n;
    const wp = W + p * n;
    subtract2(h, k, dot(h, k, wp, v), vp, dot(h, k, vp, v), wp, w);
  }
  const half = -0.5 * tau * tau * dot(h, k, w, v);
  for (let i = 0; i < k; i++) h[w + i] = tau * h[w + i] + half * h[v + i];
}

/** y −= s x + t z. */
function subtract2(h: Float64Array, n: number, s: number, x: number, t: number, z: number, y: number): void {
  for (let j = 0; j < n; j++) h[y + j] -= s * h[x + j] + t * h[z + j];
}

/** y += A x from the lower triangle, two rows at a time: each entry is read once. */
function symv(h: Float64Array, n: number, a: number, lda: number, x: number, y: number): void {
  let i = 0;
  for (; i + 2 <= n; i += 2) {
    const r0 = a + i * lda;
    const r1 = r0 + lda;
    const x0 = h[x + i];
    const x1 = h[x + i + 1];
    let s0 = 0;
    let s1 = 0;
    for (let j = 0; j < i; j++) {
      const a0 = h[r0 + j];
      const a1 = h[r1 + j];
      const xj = h[x + j];
      s0 += a0 * xj;
      s1 += a1 * xj;
      h[y + j] += a0 * x0 + a1 * x1;
    }
    const corner = h[r1 + i];
    h[y + i] += s0 + h[r0 + i] * x0 + corner * x1;
    h[y + i + 1] += s1 + corner * x0 + h[r1 + i + 1] * x1;
  }
  if (i < n) {
    const row = a + i * lda;
    h[y + i] += dot(h, i, row, x) + h[row + i] * h[x + i];
    for (let j = 0; j < i; j++) h[y + j] += h[row + j] * h[x + i];
  }
}
