/**
 * The largest eigenvalue of a symmetric positive semidefinite matrix, to rounding. Small matrices are made tridiagonal
 * by Householder reflections; large ones by Lanczos steps with full reorthogonalisation (Parlett 1998, ch. 13) from a
 * random start, which no symmetry of the matrix can make orthogonal to an eigenvector. Of a tridiagonal matrix a
 * bisection counts eigenvalues: it cannot pass one by.
 */
import type { Matrix } from "../matrix.js";
import { Xoshiro256 } from "./random.js";

/** Up to here 2n³ operations take some 0.1 s. */
const DENSE = 400;
/**
 * Steps before the first residual: after these the value is 1 % too small with a chance below 10⁻⁸: 1.7 √n exp(−2k
 * √0.01) (Kuczyński & Woźniakowski 1992), whatever the spectrum.
 */
const FIRST = 120;
const BETWEEN = 20;

/** λ_max, a multiple of ε‖A‖ from the truth. Infinity or NaN where an entry is. */
export function largestEigenvalue({ data, rows: n }: Matrix): number {
  let scale = 0;
  for (const x of data) scale = Math.max(scale, Math.abs(x));
  if (!(scale > 0 && scale < Infinity)) return scale;
  const a = data.map((x) => x / scale);
  return scale * (n <= DENSE ? top(tridiagonal(a, n)) : lanczos(a, n));
}

interface Tridiagonal {
  /** The diagonal, and what stands beside it. */
  d: Float64Array;
  e: Float64Array;
}

/** H A H … of the n×n matrix a, which is lost. */
function tridiagonal(a: Float64Array, n: number): Tridiagonal {
  const [d, e] = [new Float64Array(n), new Float64Array(Math.max(0, n - 1))];
  const w = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    d[k] = a[k * (n + 1)];
    if (k === n - 1) break;
    const v = a.subarray(k * n + k + 1, (k + 1) * n);
    const length = Math.sqrt(dot(v, v));
    e[k] = v[0] > 0 ? -length : length;
    // v ← x − e_k (1, 0, …): no cancellation, for their signs differ.
    v[0] -= e[k];
    const half = dot(v, v) / 2;
    if (half === 0) continue;
    const m = v.length;
    const rest = (i: number) => a.subarray((k + 1 + i) * n + k + 1, (k + 2 + i) * n);
    for (let i = 0; i < m; i++) w[i] = dot(rest(i), v) / half;
    const share = dot(v, w) / (2 * half);
    for (let i = 0; i < m; i++) w[i] -= share * v[i];
    for (let i = 0; i < m; i++) {
      const row = rest(i);
      const [vi, wi] = [v[i], w[i]];
      for (let j = 0; j < m; j++) row[j] -= vi * w[j] + wi * v[j];
    }
  }
  return { d, e };
}

/** The largest eigenvalue of T: bisection between the largest diagonal entry and Gershgorin's bound. */
function top({ d, e }: Tridiagonal): number {
  let [low, high] = [-Infinity, -Infinity];
  for (let i = 0; i < d.length; i++) {
    low = Math.max(low, d[i]);
    high = Math.max(high, d[i] + Math.abs(e[i - 1] ?? 0) + Math.abs(e[i] ?? 0));
  }
  for (;;) {
    const middle = low + (high - low) / 2;
    if (!(middle > low && middle < high)) return high;
    if (isAbove({ d, e }, middle)) high = middle;
    else low = middle;
  }
}

/** Whether x is above all eigenvalues: xI − T has pivots above 0 alone. */
function isAbove({ d, e }: Tridiagonal, x: number): boolean {
  let pivot = 1;
  for (let i = 0; i < d.length; i++) {
    pivot = x - d[i] - (i > 0 ? (e[i - 1] * e[i - 1]) / pivot : 0);
    if (!(pivot > 0)) return false;
  }
  return true;
}

/** At the latest after n steps the space is invariant, and the value exact. */
function lanczos(a: Float64Array, n: number): number {
  const random = new Xoshiro256(n);
  const basis: Float64Array[] = [];
  const [d, e]: [number[], number[]] = [[], []];
  let v = unit(Float64Array.from({ length: n }, () => random.normal()));
  for (;;) {
    basis.push(v);
    const next = times(a, v);
    d.push(dot(v, next));
    // Twice is enough (Parlett 1998, §6.9).
    for (let pass = 0; pass < 2; pass++) for (const q of basis) add(next, -dot(q, next), q);
    const length = Math.sqrt(dot(next, next));
    const k = d.length;
    const T = () => ({ d: Float64Array.from(d), e: Float64Array.from(e) });
    if (k === n || length <= n * Number.EPSILON) return top(T());
    if (k >= FIRST && (k - FIRST) % BETWEEN === 0) {
      const value = ritz(a, basis, T());
      if (value !== undefined) return value;
    }
    e.push(length);
    v = unit(next);
  }
}

/** yᵀA y of T's top eigenvector in the basis; undefined where ‖A y − (yᵀA y) y‖ is above rounding. */
function ritz(a: Float64Array, basis: Float64Array[], { d, e }: Tridiagonal): number | undefined {
  const k = d.length;
  const n = basis[0].length;
  const shift = top({ d, e }) * (1 + 4 * Number.EPSILON);
  // Inverse iteration: L D Lᵀ of the positive definite (shift) I − T needs no pivoting.
  const pivots = new Float64Array(k);
  for (let i = 0; i < k; i++)
    pivots[i] = Math.max(shift - d[i] - (i > 0 ? e[i - 1] ** 2 / pivots[i - 1] : 0), Number.EPSILON ** 2);
  const random = new Xoshiro256(k);
  const s = Float64Array.from({ length: k }, () => random.normal());
  for (let pass = 0; pass < 3; pass++) {
    for (let i = 1; i < k; i++) s[i] += (e[i - 1] / pivots[i - 1]) * s[i - 1];
    for (let i = k - 1; i >= 0; i--) s[i] = (s[i] + (i < k - 1 ? e[i] * s[i + 1] : 0)) / pivots[i];
    unit(s);
  }
  const y = new Float64Array(n);
  basis.forEach((q, i) => {
    add(y, s[i], q);
  });
  const product = times(a, unit(y));
  const value = dot(y, product);
  add(product, -value, y);
  return Math.sqrt(dot(product, product)) <= 16 * Math.sqrt(n) * Number.EPSILON * value ? value : undefined;
}

/** A v. */
function times(a: Float64Array, v: Float64Array): Float64Array {
  const n = v.length;
  return v.map((_, i) => dot(a.subarray(i * n, (i + 1) * n), v));
}

/** v / ‖v‖, in place. */
function unit(v: Float64Array): Float64Array {
  const length = Math.sqrt(dot(v, v));
  for (let i = 0; i < v.length; i++) v[i] /= length;
  return v;
}

/** y += c x. */
function add(y: Float64Array, c: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] += c * x[i];
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}
