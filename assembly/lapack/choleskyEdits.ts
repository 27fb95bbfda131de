// Cholesky factors that follow their matrix: a rank-1 update, a rank-1 downdate, a row and column deleted. See
// src/ops.ts for the contract.
// Rotation k is fixed by row k and serves all rows below. Given the rotations, those rows are independent, so four run
// together: one row alone waits for its own chain of two products. Each row is read and written once. The rotations of
// all columns before (16 bytes each) stay in L1 or L2.
import { lineBytes } from "../blas/blocksize";
import { dot } from "../blas/level2";
import { madd, nmadd } from "../simd/words";
import { trsv } from "../blas/trsm";

/**
 * Rows that run together: two pairs in lanes cover the latency of the chain, and their eight pointers and sums fit the
 * registers.
 */
// @ts-ignore: decorator
@inline const ROWS: i32 = 4;

export function ch1upScratchBytes(n: i32): f64 {
  return <f64>(lineBytes(<usize>n) + (<usize>n << 4));
}

export function ch1up(n: i32, l: usize, ldl: i32, x: usize, work: usize): i32 {
  turn(n, l, l, <usize>ldl << 3, x, work);
  return 0;
}

export function chdex(n: i32, j: i32, l: usize, ldl: i32, work: usize): i32 {
  const ldBytes = <usize>ldl << 3, trailing = n - 1 - j, rotations = work + lineBytes(<usize>n);
  const row = l + <usize>j * ldBytes, corner = row + (<usize>j << 3);
  for (let i = 0; i < trailing; i++) {
    const below = <usize>(i + 1) * ldBytes;
    store<f64>(work + (<usize>i << 3), load<f64>(corner + below));
    memory.copy(row + below - ldBytes, row + below, <usize>j << 3);
  }
  turn(trailing, corner + ldBytes + 8, corner, ldBytes, work, rotations);
  return 0;
}

/**
 * L' L'ᵀ = L Lᵀ + x xᵀ for L at `from`, L' at `to`: the same place, or `to` one row up and one column left. Destroys x.
 */
function turn(n: i32, from: usize, to: usize, ldBytes: usize, x: usize, rotations: usize): void {
  for (let r = 0; r < n; r += ROWS) {
    const live = min(ROWS, n - r), at = <usize>r * ldBytes, xr = x + (<usize>r << 3);
    if (live == ROWS) rotateFour(r, from + at, to + at, ldBytes, xr, rotations);
    for (let i = 0; i < live; i++) {
      const origin = from + at + <usize>i * ldBytes, target = to + at + <usize>i * ldBytes, xi = xr + (<usize>i << 3);
      rotate(live == ROWS ? r : 0, r + i, origin, target, xi, rotations);
      const o = <usize>(r + i) << 3;
      store<f64>(target + o, fix(load<f64>(origin + o), load<f64>(xi), rotations + (o << 1)));
    }
  }
}

/**
 * The rotation that turns (a, x), a > 0, into (result, 0): its cosine and sine go to `to`. Scaled: squares would over-
 * or underflow.
 */
function fix(a: f64, x: f64, to: usize): f64 {
  const scale = max(a, Math.abs(x)), p = a / scale, q = x / scale;
  const length = Math.sqrt(p * p + q * q);
  store<f64>(to, p / length);
  store<f64>(to, q / length, 8);
  return scale * length;
}

/** Rotations [start, end) on a row and its entry of x: (l, x) ← (c l + s x, c x − s l). */
function rotate(start: i32, end: i32, from: usize, to: usize, at: usize, rotations: usize): void {
  let x = load<f64>(at);
  for (let k = start; k < end; k++) {
    const o = <usize>k << 3, c = load<f64>(rotations + (o << 1)), s = load<f64>(rotations + (o << 1), 8);
    const a = load<f64>(from + o);
    store<f64>(to + o, c * a + s * x);
    x = c * x - s * a;
  }
  store<f64>(at, x);
}

/** {@link rotate} by rotations [0, count) on four rows, `count` even: rows in lanes, two columns at a time. */
function rotateFour(count: i32, from: usize, to: usize, ldBytes: usize, at: usize, rotations: usize): void {
  let x = v128.load(at), y = v128.load(at, 16);
  let r0 = from, r1 = r0 + ldBytes, r2 = r1 + ldBytes, r3 = r2 + ldBytes;
  const shift = from - to, end = from + (<usize>count << 3);
  while (r0 < end) {
    let c = v128.load64_splat(rotations), s = v128.load64_splat(rotations, 8);
    let a = v128.load(r0), b = v128.load(r1);
    let p = v128.shuffle<f64>(a, b, 0, 2);
    const q = v128.shuffle<f64>(a, b, 1, 3);
    a = v128.load(r2);
    b = v128.load(r3);
    let t = v128.shuffle<f64>(a, b, 0, 2);
    const u = v128.shuffle<f64>(a, b, 1, 3);
    a = madd(s, x, f64x2.mul(c, p));
    x = nmadd(s, p, f64x2.mul(c, x));
    b = madd(s, y, f64x2.mul(c, t));
    y = nmadd(s, t, f64x2.mul(c, y));
    c = v128.load64_splat(rotations, 16);
    s = v128.load64_splat(rotations, 24);
    p = madd(s, x, f64x2.mul(c, q));
    x = nmadd(s, q, f64x2.mul(c, x));
    t = madd(s, y, f64x2.mul(c, u));
    y = nmadd(s, u, f64x2.mul(c, y));
    v128.store(r0 - shift, v128.shuffle<f64>(a, p, 0, 2));
    v128.store(r1 - shift, v128.shuffle<f64>(a, p, 1, 3));
    v128.store(r2 - shift, v128.shuffle<f64>(b, t, 0, 2));
    v128.store(r3 - shift, v128.shuffle<f64>(b, t, 1, 3));
    r0 += 16; r1 += 16; r2 += 16; r3 += 16;
    rotations += 32;
  }
  v128.store(at, x);
  v128.store(at, y, 16);
}

export function ch1dn(n: i32, tolerance: f64, l: usize, ldl: i32, x: usize, work: usize): i32 {
  trsv<f64>(1, n, l, ldl, x);
  const rest = 1 - dot(n, x, x);
  if (!(rest > tolerance)) return 1;
  // Rotations from the last column to the first: the ones of column k turn (α, x_k) into (α', 0).
  let alpha = Math.sqrt(rest);
  for (let k = n - 1; k >= 0; k--) alpha = fix(alpha, load<f64>(x + (<usize>k << 3)), work + (<usize>k << 4));
  const ldBytes = <usize>ldl << 3;
  for (let i = 0; i < n; i += 2) turnBack(i, i + 1 < n, l + <usize>i * ldBytes, ldBytes, work);
  return 0;
}

/**
 * Rows i and (where `two`) i + 1, columns from the diagonal to the first: (l, z) ← (c l − s z, c z + s l) from z = 0.
 */
function turnBack(i: i32, two: bool, row: usize, ldBytes: usize, rotations: usize): void {
  // Without a second row the first stands in for it, and is written last.
  const next = two ? row + ldBytes : row;
  let z: f64 = 0, y: f64 = 0;
  let o = <usize>(i + 1) << 3;
  if (two) {
    const corner = load<f64>(next + o);
    store<f64>(next + o, load<f64>(rotations + (o << 1)) * corner);
    y = load<f64>(rotations + (o << 1), 8) * corner;
  }
  while (o > 0) {
    o -= 8;
    const c = load<f64>(rotations + (o << 1)), s = load<f64>(rotations + (o << 1), 8);
    const a = load<f64>(row + o), b = load<f64>(next + o);
    store<f64>(next + o, c * b - s * y);
    store<f64>(row + o, c * a - s * z);
    y = c * y + s * b;
    z = c * z + s * a;
  }
}
