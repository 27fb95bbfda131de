/**
 * Symmetric eigenproblem on the JavaScript backend, the steps of assembly/eigen.ts: power-of-two scaling, blocked
 * Householder tridiagonalisation, implicit QL on contiguous rows, back-transformation in compact WY blocks.
 * Indices below are into `h`, not addresses.
 */
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";
import { product, productScratchBytes } from "./product.js";

const PANEL = 32;
const MAX_SWEEPS = 60;
const TINY = 1e-140;
const EPS = Number.EPSILON / 2;

type EigenOps = Pick<Ops, "deigh" | "deighScratchBytes">;

export function eigenOps(memory: Memory): EigenOps {
  return {
    deigh: (vectors, n, a, lda, w, work) => eigh(memory.f64, vectors === 1, n, a >>> 3, lda, w >>> 3, work >>> 3),
    deighScratchBytes: (vectors, n) =>
      (vectors ? n * n * 8 : 0) + n * (3 * PANEL + 2) * 8 + PANEL * PANEL * 8 +
      Math.max(productScratchBytes(n, n, PANEL, 0), productScratchBytes(n, PANEL, n, 0)),
  };
}

function eigh(h: Float64Array, vectors: boolean, n: number, a: number, lda: number, w: number, work: number): number {
  if (n === 0) return 0;
  const scale = normalise(h, n, a, lda);
  const e = work;
  const tau = e + n;
  const s = tau + n;
  const free = vectors ? s + n * n : s;
  tridiagonalise(h, n, a, lda, w, e, tau, free);
  if (vectors) {
    h.fill(0, s, s + n * n);
    for (let i = 0; i < n; i++) h[s + i * (n + 1)] = 1;
  }
  const rows = vectors ? s : -1;
  const info = ql(h, n, w, e, rows);
  if (info) return info;
  sortRows(h, n, w, rows);
  if (vectors) {
    applyReflectors(h, n, a, lda, tau, s, free);
    for (let i = 0; i < n; i++) h.copyWithin(a + i * lda, s + i * n, s + (i + 1) * n);
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

function dot(h: Float64Array, n: number, x: number, y: number): number {
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    s0 += h[x + j] * h[y + j];
    s1 += h[x + j + 1] * h[y + j + 1];
    s2 += h[x + j + 2] * h[y + j + 2];
    s3 += h[x + j + 3] * h[y + j + 3];
  }
  for (; j < n; j++) s0 += h[x + j] * h[y + j];
  return s0 + s1 + (s2 + s3);
}

/** y −= s x + t z. */
function subtract2(h: Float64Array, n: number, s: number, x: number, t: number, z: number, y: number): void {
  for (let j = 0; j < n; j++) h[y + j] -= s * h[x + j] + t * h[z + j];
}

function tridiagonalise(
  h: Float64Array, n: number, a: number, lda: number, d: number, e: number, tau: number, work: number,
): void {
  const V = work;
  const W = V + n * PANEL;
  const free = W + n * PANEL;
  for (let k0 = 0; k0 < n; k0 += PANEL) {
    const count = Math.min(PANEL, n - k0);
    for (let q = 0; q < count; q++) {
      const k = k0 + q;
      const v = V + q * n;
      for (let i = k; i < n; i++) h[v + i] = h[a + i * lda + k];
      for (let p = 0; p < q; p++) {
        subtract2(h, n - k, h[W + p * n + k], V + p * n + k, h[V + p * n + k], W + p * n + k, v + k);
      }
      h[d + k] = h[v + k];
      reflect(h, n, k, a, lda, v, e, tau);
      if (k < n - 1) auxiliary(h, n, k, q, a, lda, V, W, h[tau + k]);
    }
    const next = k0 + count;
    if (next >= n) break;
    const rows = n - next;
    const operand = (at: number) => ({ at: at + next, ld: n, trans: true });
    const target = { lower: true, r0: 0, r1: rows, n: rows, scale: -1, gamma: 1, delta: 0, c: a + next * (lda + 1), ldc: lda };
    product(h, count, operand(V), operand(W), target, free * 8);
    product(h, count, operand(W), operand(V), target, free * 8);
  }
}

/** Householder vector of v[k+1…], kept in column k of A; e_k and tau_k. */
function reflect(
  h: Float64Array, n: number, k: number, a: number, lda: number, v: number, e: number, tau: number,
): void {
  h[tau + k] = 0;
  h[e + k] = 0;
  if (k >= n - 1) return;
  const alpha = h[v + k + 1];
  const below = Math.sqrt(dot(h, n - k - 2, v + k + 2, v + k + 2));
  let beta = alpha;
  if (below > TINY) {
    beta = (alpha < 0 ? 1 : -1) * Math.sqrt(alpha * alpha + below * below);
    h[tau + k] = (beta - alpha) / beta;
    for (let i = k + 2; i < n; i++) h[v + i] /= alpha - beta;
  }
  h[e + k] = beta;
  h[v + k + 1] = 1;
  for (let i = k + 1; i < n; i++) h[a + i * lda + k] = h[v + i];
}

/** w = tau (A v − V Wᵀv − W Vᵀv) − ½ tau (wᵀv) v over rows k + 1 …. */
function auxiliary(
  h: Float64Array, n: number, k: number, q: number, a: number, lda: number, V: number, W: number, t: number,
): void {
  const at = k + 1;
  const count = n - at;
  const v = V + q * n + at;
  const w = W + q * n + at;
  h.fill(0, w, w + count);
  if (t === 0) return;
  symv(h, count, a + at * (lda + 1), lda, v, w);
  for (let p = 0; p < q; p++) {
    const vp = V + p * n + at;
    const wp = W + p * n + at;
    subtract2(h, count, dot(h, count, wp, v), vp, dot(h, count, vp, v), wp, w);
  }
  const half = -0.5 * t * t * dot(h, count, w, v);
  for (let i = 0; i < count; i++) h[w + i] = t * h[w + i] + half * h[v + i];
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

/** Implicit QL with Wilkinson shifts; rows of s (negative: none) are rotated along. */
function ql(h: Float64Array, n: number, d: number, e: number, s: number): number {
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(h[d + i]) + Math.abs(h[e + i]));
  // Against the norm, not the neighbours: a sweep over large entries leaves noise of this size beside small ones.
  const negligible = EPS * norm;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(h[e + m]) > negligible) m++;
      if (m === l) break;
      if (sweep === MAX_SWEEPS) return l + 1;
      qlSweep(h, n, l, m, d, e, s);
    }
  }
  return 0;
}

function qlSweep(h: Float64Array, n: number, l: number, m: number, d: number, e: number, s: number): void {
  const shift = (h[d + l + 1] - h[d + l]) / (2 * h[e + l]);
  const root = Math.sqrt(shift * shift + 1);
  let g = h[d + m] - h[d + l] + h[e + l] / (shift + (shift < 0 ? -root : root));
  let sine = 1;
  let cosine = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = sine * h[e + i];
    const b = cosine * h[e + i];
    const r = Math.sqrt(f * f + g * g);
    h[e + i + 1] = r < TINY ? 0 : r;
    if (r < TINY) {
      h[d + i + 1] -= p;
      h[e + m] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = h[d + i + 1] - p;
    const t = (h[d + i] - g) * sine + 2 * cosine * b;
    p = sine * t;
    h[d + i + 1] = g + p;
    g = cosine * t - b;
    if (s >= 0) rotate(h, n, cosine, sine, s + i * n);
  }
  h[d + l] -= p;
  h[e + l] = g;
  h[e + m] = 0;
}

/** (x, y) ← (c x − s y, s x + c y) for a row and the next. */
function rotate(h: Float64Array, n: number, c: number, s: number, x: number): void {
  for (let j = x, k = x + n; j < x + n; j++, k++) {
    const u = h[j];
    const v = h[k];
    h[j] = c * u - s * v;
    h[k] = s * u + c * v;
  }
}

/** S ← S H_(n−2) … H_0, in blocks I − Y Tᵀ Yᵀ from the last to the first. */
function applyReflectors(h: Float64Array, n: number, a: number, lda: number, tau: number, s: number, work: number): void {
  const Y = work;
  const T = Y + n * PANEL;
  const B = T + PANEL * PANEL;
  const C = B + n * PANEL;
  const free = (C + n * PANEL) * 8;
  for (let k0 = Math.floor((n - 2) / PANEL) * PANEL; k0 >= 0; k0 -= PANEL) {
    const count = Math.min(PANEL, n - 1 - k0);
    const first = k0 + 1;
    const width = n - first;
    for (let q = 0; q < count; q++) {
      const k = k0 + q;
      for (let j = first; j < n; j++) h[Y + q * n + j - first] = j <= k ? 0 : j === k + 1 ? 1 : h[a + j * lda + k];
    }
    compactWY(h, count, width, n, Y, tau + k0, T);
    const into = (c: number, ldc: number, columns: number, scale: number, gamma: number) => ({
      lower: false, r0: 0, r1: n, n: columns, scale, gamma, delta: 0, c, ldc,
    });
    product(h, width, { at: s + first, ld: n, trans: false }, { at: Y, ld: n, trans: false }, into(B, PANEL, count, 1, 0), free);
    product(h, count, { at: B, ld: PANEL, trans: false }, { at: T, ld: PANEL, trans: false }, into(C, PANEL, count, 1, 0), free);
    product(h, count, { at: C, ld: PANEL, trans: false }, { at: Y, ld: n, trans: true }, into(s + first, n, width, -1, 1), free);
  }
}

/** T, upper triangular, of H_0 H_1 … = I − V T Vᵀ (LAPACK dlarft). */
function compactWY(
  h: Float64Array, count: number, width: number, ldy: number, Y: number, tau: number, T: number,
): void {
  h.fill(0, T, T + PANEL * PANEL);
  for (let j = 0; j < count; j++) {
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let p = i; p < j; p++) sum += h[T + i * PANEL + p] * dot(h, width, Y + p * ldy, Y + j * ldy);
      h[T + i * PANEL + j] = -h[tau + j] * sum;
    }
    h[T + j * PANEL + j] = h[tau + j];
  }
}

/** Sorts d ascending, with the rows of s (negative: none). */
function sortRows(h: Float64Array, n: number, d: number, s: number): void {
  for (let i = 0; i < n - 1; i++) {
    let least = i;
    for (let j = i + 1; j < n; j++) if (h[d + j] < h[d + least]) least = j;
    if (least === i) continue;
    [h[d + i], h[d + least]] = [h[d + least], h[d + i]];
    if (s < 0) continue;
    const row = h.slice(s + i * n, s + (i + 1) * n);
    h.copyWithin(s + i * n, s + least * n, s + (least + 1) * n);
    h.set(row, s + least * n);
  }
}
