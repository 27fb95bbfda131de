// Divide and conquer for a symmetric tridiagonal T (Cuppen 1981; Gu & Eisenstat 1995; LAPACK dstedc):
//
//   T = [T1 0; 0 T2] + rho u uᵀ,  T_i = Q_iᵀ D_i Q_i
//   T = Qᵀ (D + rho z zᵀ) Q, z from the last column of Q1 and the first of Q2
//
// Entries of z that vanish, and poles that coincide, are eigenpairs already (deflation). The others solve the secular
// equation; z is then recomputed from the roots, so that the eigenvectors are orthogonal whatever the roots' rounding.
// New vectors are two products that skip the zero halves of Q. Eigenvectors are rows; `index` lists them by ascending
// eigenvalue.
import { lineBytes } from "../../blas/blocksize";
import { multiply, productScratchBytes } from "../../blas/product";
import { forEachUnit, threads } from "../../team/team";
import { hsum } from "../../simd/words";
import { ql, rotate } from "./ql";
import { secular } from "./secular";

/** Up to here QL, rotations included, beats another level of merging (LAPACK: 25). */
// @ts-ignore: decorator
@inline const LEAF: i32 = 32;
// @ts-ignore: decorator
@inline const EPS: f64 = 1.1102230246251565e-16;
/** Columns in which a row of the two halves' Q is not zero. */
// @ts-ignore: decorator
@inline const TOP: i32 = 0;
// @ts-ignore: decorator
@inline const DENSE: i32 = 1;
// @ts-ignore: decorator
@inline const BOTTOM: i32 = 2;
/** Lines of scratch before the two squares. */
// @ts-ignore: decorator
@inline const LINES: i32 = 9;
/** Bytes of what threads share of a merge. */
// @ts-ignore: decorator
@inline const JOB: usize = 64;

export function divideScratchBytes(n: i32): f64 {
  const own = <f64>JOB + <f64>(lineBytes(<usize>n) + 64) * <f64>threads();
  return LINES * <f64>lineBytes(<usize>n) + own + 2 * (<f64>n * <f64>n * 8 + 64) + 64 + productScratchBytes<f64>(n, n, n, 0, threads());
}

// @ts-ignore: decorator
@inline
function get(x: usize, i: i32): f64 {
  return load<f64>(x + (<usize>i << 3));
}
// @ts-ignore: decorator
@inline
function put(x: usize, i: i32, value: f64): void {
  store<f64>(x + (<usize>i << 3), value);
}
// @ts-ignore: decorator
@inline
function geti(x: usize, i: i32): i32 {
  return load<i32>(x + (<usize>i << 2));
}
// @ts-ignore: decorator
@inline
function puti(x: usize, i: i32, value: i32): void {
  store<i32>(x + (<usize>i << 2), value);
}

/**
 * d becomes the eigenvalues, the n×n block at q (zeros on entry) the eigenvectors in rows, both in the order of
 * `index`. e is destroyed. `line`: bytes of a line of scratch. Returns 1 + the index of an eigenvalue that did not
 * converge.
 */
export function divide(n: i32, d: usize, e: usize, q: usize, rowBytes: usize, index: usize, line: usize, work: usize): i32 {
  if (n <= LEAF) {
    for (let i = 0; i < n; i++) store<f64>(q + <usize>i * (rowBytes + 8), 1);
    const info = ql(n, d, e, q, rowBytes);
    for (let i = 0; i < n; i++) puti(index, i, i);
    sort(n, index, d);
    return info;
  }
  const n1 = n >> 1, n2 = n - n1, rho = get(e, n1 - 1), size = Math.abs(rho), at = <usize>n1 << 3;
  put(d, n1 - 1, get(d, n1 - 1) - size);
  put(d, n1, get(d, n1) - size);
  let info = divide(n1, d, e, q, rowBytes, index, line, work);
  if (info) return info;
  info = divide(n2, d + at, e + at, q + at + <usize>n1 * rowBytes, rowBytes, index + (<usize>n1 << 2), line, work);
  if (info) return n1 + info;
  return merge(n, n1, rho, d, q, rowBytes, index, line, work);
}

function merge(n: i32, n1: i32, rho: f64, d: usize, q: usize, rowBytes: usize, index: usize, line: usize, work: usize): i32 {
  const z = work, pole = z + line, weight = pole + line, hat = weight + line, row = hat + line;
  const kind = row + line, live = kind + line, dead = live + line, place = dead + line, slopes = place + line;
  const q2 = slopes + JOB + (line + 64) * <usize>threads(), n2 = n - n1, square = lineBytes(<usize>n * <usize>n), u = q2 + square, free = u + square;
  couple(n, n1, rho < 0, q, rowBytes, z);
  mergeOrder(n, n1, d, index, place);
  const strength = 2 * Math.abs(rho);
  const K = deflate(n, n1, strength, d, z, q, rowBytes, index, kind, live, dead);
  sort(n - K, dead, d);

  // Rows that take part, by kind: those that are not zero on the left are the first `left`, those not zero on the right
  // the last.
  let tops = 0, bottoms = 0;
  for (let i = 0; i < K; i++) {
    const k = geti(kind, geti(live, i));
    if (k == TOP) tops++;
    else if (k == BOTTOM) bottoms++;
  }
  const left = K - bottoms, right = K - tops;
  const leftRows = q2, rightRows = leftRows + (<usize>left * <usize>n1 << 3), deadRows = rightRows + (<usize>right * <usize>n2 << 3);
  let top = 0, dense = tops, bottom = left;
  for (let i = 0; i < K; i++) {
    const from = geti(live, i), k = geti(kind, from), to = k == TOP ? top++ : k == DENSE ? dense++ : bottom++;
    puti(place, i, to);
    put(pole, i, get(d, from));
    put(weight, i, get(z, from));
    const start = q + <usize>from * rowBytes;
    if (k != BOTTOM) memory.copy(leftRows + (<usize>to * <usize>n1 << 3), start, <usize>n1 << 3);
    if (k != TOP) memory.copy(rightRows + (<usize>(to - tops) * <usize>n2 << 3), start + (<usize>n1 << 3), <usize>n2 << 3);
  }
  for (let i = 0; i < n - K; i++) {
    const from = geti(dead, i);
    put(row, i, get(d, from));
    memory.copy(deadRows + (<usize>i * <usize>n << 3), q + <usize>from * rowBytes, <usize>n << 3);
  }

  for (let i = 0; i < n - K; i++) {
    put(d, K + i, get(row, i));
    memory.copy(q + <usize>(K + i) * rowBytes, deadRows + (<usize>i * <usize>n << 3), <usize>n << 3);
    puti(index, K + i, i);
  }
  const job = changetype<Merge>(slopes), own = slopes + JOB, lineOwn = line + 64;
  job.K = K; job.pole = pole; job.weight = weight; job.strength = strength; job.u = u; job.d = d; job.hat = hat; job.place = place;
  const units = (K + ROOTS - 1) / ROOTS, size = <f64>K * <f64>K;
  forEachUnit(secularUnit, units, slopes, own, lineOwn, ROOT_TIME * size);
  for (let j = 0; j < K; j++) {
    if (get(d, j) != get(d, j)) return j + 1;
    puti(index, j, j);
  }
  forEachUnit(weightsUnit, units, slopes, own, lineOwn, WEIGHT_TIME * size);
  forEachUnit(vectorsUnit, units, slopes, own, lineOwn, VECTOR_TIME * size);
  const ld = <i32>(rowBytes >> 3);
  multiply<f64>(false, 0, K, n1, left, 0, u, K, 0, leftRows, n1, 1, 0, q, ld, free);
  multiply<f64>(false, 0, K, n2, right, 0, u + (<usize>tops << 3), K, 0, rightRows, n2, 1, 0, q + (<usize>n1 << 3), ld, free);
  mergeOrder(n, K, d, index, place);
  return 0;
}

/** Roots, weights or vectors of a unit. */
// @ts-ignore: decorator
@inline const ROOTS: i32 = 16;
// Nanoseconds for a root and a pole, a weight and a root, a vector and an entry.
// @ts-ignore: decorator
@inline const ROOT_TIME: f64 = 10;
// @ts-ignore: decorator
@inline const WEIGHT_TIME: f64 = 2;
// @ts-ignore: decorator
@inline const VECTOR_TIME: f64 = 4;

/** What threads share of a merge. */
@unmanaged
class Merge {
  K: i32;
  pole: usize;
  weight: usize;
  strength: f64;
  u: usize;
  d: usize;
  hat: usize;
  place: usize;
}

/** Roots: d_j, NaN where it did not converge, and the differences to all poles. */
function secularUnit(address: usize, unit: i32, slopes: usize): void {
  const t = changetype<Merge>(address), K = t.K;
  for (let j = unit * ROOTS, end = min(j + ROOTS, K); j < end; j++) {
    put(t.d, j, secular(K, j, t.pole, t.weight, t.strength, t.u + (<usize>j * <usize>K << 3), slopes));
  }
}

function weightsUnit(address: usize, unit: i32, _work: usize): void {
  const t = changetype<Merge>(address), from = unit * ROOTS;
  weights(from, min(from + ROOTS, t.K), t.K, t.pole, t.weight, t.u, t.hat);
}

function vectorsUnit(address: usize, unit: i32, row: usize): void {
  const t = changetype<Merge>(address), K = t.K;
  for (let j = unit * ROOTS, end = min(j + ROOTS, K); j < end; j++) vector(K, t.hat, t.place, row, t.u + (<usize>j * <usize>K << 3));
}

/** z = (last column of Q1, ± first column of Q2) / √2: of length 1. */
function couple(n: i32, n1: i32, negative: bool, q: usize, rowBytes: usize, z: usize): void {
  for (let i = 0; i < n; i++) {
    const entry = get(q + <usize>i * rowBytes, i < n1 ? n1 - 1 : n1);
    put(z, i, Math.SQRT1_2 * (negative && i >= n1 ? -entry : entry));
  }
}

/** Two ascending runs of `index`, [0, n1) and [n1, n) (counted from n1), become one. */
function mergeOrder(n: i32, n1: i32, d: usize, index: usize, tmp: usize): void {
  let i = 0, j = n1;
  for (let to = 0; to < n; to++) {
    const a = i < n1 ? geti(index, i) : 0, b = j < n ? n1 + geti(index, j) : 0;
    const first = j >= n || (i < n1 && get(d, a) <= get(d, b));
    puti(tmp, to, first ? a : b);
    if (first) i++;
    else j++;
  }
  memory.copy(index, tmp, <usize>n << 2);
}

/** Insertion sort of indices by d: the lists are short, or nearly sorted. */
function sort(n: i32, index: usize, d: usize): void {
  for (let i = 1; i < n; i++) {
    const x = geti(index, i), key = get(d, x);
    let j = i;
    for (; j > 0 && get(d, geti(index, j - 1)) > key; j--) puti(index, j, geti(index, j - 1));
    puti(index, j, x);
  }
}

/**
 * Fills `live` (poles that take part, ascending) and `dead`; returns how many live. Coinciding poles are rotated apart.
 */
function deflate(
  n: i32, n1: i32, rho: f64, d: usize, z: usize, q: usize, rowBytes: usize, index: usize, kind: usize, live: usize, dead: usize,
): i32 {
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) {
    largest = max(largest, max(Math.abs(get(d, i)), Math.abs(get(z, i))));
    puti(kind, i, i < n1 ? TOP : BOTTOM);
  }
  const negligible = 8 * EPS * largest;
  let K = 0, deads = 0, held = -1;
  for (let i = 0; i < n; i++) {
    const j = geti(index, i);
    if (rho * Math.abs(get(z, j)) <= negligible) {
      puti(dead, deads++, j);
      continue;
    }
    if (held >= 0) {
      const zh = get(z, held), zj = get(z, j), length = Math.sqrt(zh * zh + zj * zj), c = zj / length, s = zh / length;
      if (Math.abs((get(d, j) - get(d, held)) * c * s) <= negligible) {
        // The pair turned so that all of z is in j: what couples the two then is negligible.
        put(z, j, length);
        if (geti(kind, j) != geti(kind, held)) puti(kind, j, DENSE);
        rotate(n, c, s, q + <usize>held * rowBytes, q + <usize>j * rowBytes);
        const dh = get(d, held), dj = get(d, j);
        put(d, held, dh * c * c + dj * s * s);
        put(d, j, dh * s * s + dj * c * c);
        puti(dead, deads++, held);
      } else puti(live, K++, held);
    }
    held = j;
  }
  if (held >= 0) puti(live, K++, held);
  return K;
}

/**
 * |hat_i|² = −Π_j (d_i − λ_j) / Π_(j≠i) (d_i − d_j), the z for which the computed λ are exact (Gu & Eisenstat 1994, eq.
 * 3.3), for i in [from, to).
 */
function weights(from: i32, to: i32, K: i32, pole: usize, weight: usize, u: usize, hat: usize): void {
  for (let i = from; i < to; i++) put(hat, i, 1);
  for (let j = 0; j < K; j++) {
    const delta = u + (<usize>j * <usize>K << 3);
    ratios(from, min(j, to), get(pole, j), pole, delta, hat);
    if (j >= from && j < to) put(hat, j, get(hat, j) * get(delta, j));
    ratios(max(j + 1, from), to, get(pole, j), pole, delta, hat);
  }
  for (let i = from; i < to; i++) {
    const size = Math.sqrt(Math.abs(get(hat, i)));
    put(hat, i, get(weight, i) < 0 ? -size : size);
  }
}

/** hat_i *= delta_i / (pole_i − p). */
function ratios(from: i32, to: i32, p: f64, pole: usize, delta: usize, hat: usize): void {
  const vp = f64x2.splat(p);
  let i = from;
  for (; i + 2 <= to; i += 2) {
    const o = <usize>i << 3, ratio = f64x2.div(v128.load(delta + o), f64x2.sub(v128.load(pole + o), vp));
    v128.store(hat + o, f64x2.mul(v128.load(hat + o), ratio));
  }
  if (i < to) put(hat, i, get(hat, i) * (get(delta, i) / (get(pole, i) - p)));
}

/** Differences become the unit vector hat_i / delta_i, entry i at place_i. */
function vector(K: i32, hat: usize, place: usize, row: usize, delta: usize): void {
  let squares = f64x2.splat(0), i = 0;
  for (; i + 2 <= K; i += 2) {
    const o = <usize>i << 3, x = f64x2.div(v128.load(hat + o), v128.load(delta + o));
    v128.store(row + o, x);
    squares = f64x2.add(squares, f64x2.mul(x, x));
  }
  let sum = hsum(squares);
  if (i < K) {
    const x = get(hat, i) / get(delta, i);
    put(row, i, x);
    sum += x * x;
  }
  const length = Math.sqrt(sum);
  for (i = 0; i < K; i++) put(delta, geti(place, i), get(row, i) / length);
}
