/**
 * Divide and conquer for a symmetric tridiagonal matrix: as in assembly/lapack/eigen/divide.ts. Index lists are kept as
 * doubles.
 */
import { product, productScratchBytes } from "../product.js";
import { ql, rotate } from "./ql.js";
import { secular } from "./secular.js";

const LEAF = 32;
const EPS = Number.EPSILON / 2;
/** Columns in which a row of the two halves' Q is not zero. */
const TOP = 0;
const DENSE = 1;
const BOTTOM = 2;

export function divideDoubles(n: number): number {
  return 9 * n + 2 + 2 * n * n + productScratchBytes(n, n, n, 0) / 8;
}

/** d ← eigenvalues, the n×n block at q (zeros on entry) ← eigenvectors in rows, both in the order of `index`. */
export function divide(
  h: Float64Array, n: number, d: number, e: number, q: number, ldq: number, index: number, work: number,
): number {
  if (n <= LEAF) {
    for (let i = 0; i < n; i++) h[q + i * (ldq + 1)] = 1;
    const info = ql(h, n, d, e, q, ldq);
    for (let i = 0; i < n; i++) h[index + i] = i;
    sort(h, n, index, d);
    return info;
  }
  const n1 = n >> 1;
  const rho = h[e + n1 - 1];
  h[d + n1 - 1] -= Math.abs(rho);
  h[d + n1] -= Math.abs(rho);
  const info = divide(h, n1, d, e, q, ldq, index, work);
  if (info) return info;
  const second = divide(h, n - n1, d + n1, e + n1, q + n1 * (ldq + 1), ldq, index + n1, work);
  return second ? n1 + second : merge(h, n, n1, rho, d, q, ldq, index, work);
}

function merge(
  h: Float64Array, n: number, n1: number, rho: number, d: number, q: number, ldq: number, index: number, work: number,
): number {
  const z = work;
  const pole = z + n;
  const weight = pole + n;
  const hat = weight + n;
  const row = hat + n;
  const kind = row + n;
  const live = kind + n;
  const dead = live + n;
  const place = dead + n;
  const slopes = place + n;
  const leftRows = slopes + 2;
  const u = leftRows + n * n;
  const free = (u + n * n) * 8;
  const n2 = n - n1;
  for (let i = 0; i < n; i++) {
    const entry = h[q + i * ldq + (i < n1 ? n1 - 1 : n1)];
    h[z + i] = Math.SQRT1_2 * (rho < 0 && i >= n1 ? -entry : entry);
  }
  mergeOrder(h, n, n1, d, index, place);
  const strength = 2 * Math.abs(rho);
  const K = deflate(h, n, n1, strength, d, z, q, ldq, index, kind, live, dead);
  sort(h, n - K, dead, d);

  let tops = 0;
  let bottoms = 0;
  for (let i = 0; i < K; i++) {
    const k = h[kind + h[live + i]];
    if (k === TOP) tops++;
    else if (k === BOTTOM) bottoms++;
  }
  const left = K - bottoms;
  const right = K - tops;
  const rightRows = leftRows + left * n1;
  const deadRows = rightRows + right * n2;
  let top = 0;
  let dense = tops;
  let bottom = left;
  for (let i = 0; i < K; i++) {
    const from = h[live + i];
    const k = h[kind + from];
    const to = k === TOP ? top++ : k === DENSE ? dense++ : bottom++;
    h[place + i] = to;
    h[pole + i] = h[d + from];
    h[weight + i] = h[z + from];
    const start = q + from * ldq;
    if (k !== BOTTOM) h.copyWithin(leftRows + to * n1, start, start + n1);
    if (k !== TOP) h.copyWithin(rightRows + (to - tops) * n2, start + n1, start + n);
  }
  for (let i = 0; i < n - K; i++) {
    const from = h[dead + i];
    h[row + i] = h[d + from];
    h.copyWithin(deadRows + i * n, q + from * ldq, q + from * ldq + n);
  }

  for (let i = 0; i < n - K; i++) {
    h[d + K + i] = h[row + i];
    h.copyWithin(q + (K + i) * ldq, deadRows + i * n, deadRows + (i + 1) * n);
    h[index + K + i] = i;
  }
  for (let j = 0; j < K; j++) {
    const root = secular(h, K, j, pole, weight, strength, u + j * K, slopes);
    if (Number.isNaN(root)) return j + 1;
    h[d + j] = root;
    h[index + j] = j;
  }
  weights(h, K, pole, weight, u, hat);
  for (let j = 0; j < K; j++) vector(h, K, hat, place, row, u + j * K);
  const into = (c: number, columns: number) => ({
    lower: false, r0: 0, r1: K, n: columns, scale: 1, gamma: 0, delta: 0, c, ldc: ldq,
  });
  product(h, left, { at: u, ld: K, trans: false }, { at: leftRows, ld: n1, trans: true }, into(q, n1), free);
  product(h, right, { at: u + tops, ld: K, trans: false }, { at: rightRows, ld: n2, trans: true }, into(q + n1, n2), free);
  mergeOrder(h, n, K, d, index, place);
  return 0;
}

/** Two ascending runs of `index`, [0, n1) and [n1, n) (counted from n1), become one. */
function mergeOrder(h: Float64Array, n: number, n1: number, d: number, index: number, tmp: number): void {
  let i = 0;
  let j = n1;
  for (let to = 0; to < n; to++) {
    const a = i < n1 ? h[index + i] : 0;
    const b = j < n ? n1 + h[index + j] : 0;
    const first = j >= n || (i < n1 && h[d + a] <= h[d + b]);
    h[tmp + to] = first ? a : b;
    if (first) i++;
    else j++;
  }
  h.copyWithin(index, tmp, tmp + n);
}

/** Insertion sort of indices by d: the lists are short, or nearly sorted. */
function sort(h: Float64Array, n: number, index: number, d: number): void {
  for (let i = 1; i < n; i++) {
    const x = h[index + i];
    const key = h[d + x];
    let j = i;
    for (; j > 0 && h[d + h[index + j - 1]] > key; j--) h[index + j] = h[index + j - 1];
    h[index + j] = x;
  }
}

/**
 * Fills `live` (poles that take part, ascending) and `dead`; returns how many live. Coinciding poles are rotated apart.
 */
function deflate(
  h: Float64Array, n: number, n1: number, rho: number, d: number, z: number, q: number, ldq: number,
  index: number, kind: number, live: number, dead: number,
): number {
  let largest = 0;
  for (let i = 0; i < n; i++) {
    largest = Math.max(largest, Math.abs(h[d + i]), Math.abs(h[z + i]));
    h[kind + i] = i < n1 ? TOP : BOTTOM;
  }
  const negligible = 8 * EPS * largest;
  let K = 0;
  let deads = 0;
  let held = -1;
  for (let i = 0; i < n; i++) {
    const j = h[index + i];
    if (rho * Math.abs(h[z + j]) <= negligible) {
      h[dead + deads++] = j;
      continue;
    }
    if (held >= 0) {
      const length = Math.sqrt(h[z + held] ** 2 + h[z + j] ** 2);
      const c = h[z + j] / length;
      const s = h[z + held] / length;
      const dh = h[d + held];
      const dj = h[d + j];
      if (Math.abs((dj - dh) * c * s) <= negligible) {
        h[z + j] = length;
        if (h[kind + j] !== h[kind + held]) h[kind + j] = DENSE;
        rotate(h, n, c, s, q + held * ldq, q + j * ldq);
        h[d + held] = dh * c * c + dj * s * s;
        h[d + j] = dh * s * s + dj * c * c;
        h[dead + deads++] = held;
      } else h[live + K++] = held;
    }
    held = j;
  }
  if (held >= 0) h[live + K++] = held;
  return K;
}

/** |hat_i|² = −Π_j (d_i − λ_j) / Π_(j≠i) (d_i − d_j) (Gu & Eisenstat 1994, eq. 3.3). */
function weights(h: Float64Array, K: number, pole: number, weight: number, u: number, hat: number): void {
  h.fill(1, hat, hat + K);
  for (let j = 0; j < K; j++) {
    const delta = u + j * K;
    const p = h[pole + j];
    for (let i = 0; i < j; i++) h[hat + i] *= h[delta + i] / (h[pole + i] - p);
    h[hat + j] *= h[delta + j];
    for (let i = j + 1; i < K; i++) h[hat + i] *= h[delta + i] / (h[pole + i] - p);
  }
  for (let i = 0; i < K; i++) {
    const size = Math.sqrt(Math.abs(h[hat + i]));
    h[hat + i] = h[weight + i] < 0 ? -size : size;
  }
}

/** Differences become the unit vector hat_i / delta_i, entry i at place_i. */
function vector(h: Float64Array, K: number, hat: number, place: number, row: number, delta: number): void {
  let sum = 0;
  for (let i = 0; i < K; i++) {
    const x = h[hat + i] / h[delta + i];
    h[row + i] = x;
    sum += x * x;
  }
  const length = Math.sqrt(sum);
  for (let i = 0; i < K; i++) h[delta + h[place + i]] = h[row + i] / length;
}
