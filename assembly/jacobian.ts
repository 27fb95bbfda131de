// Tangent features of one hidden layer and their vector-Jacobian product: see src/ops.ts for the contract.
import { madd } from "./simd";

export function djacobian(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, bias: i32, aScale: f64, bScale: f64, cScale: f64, dScale: f64,
  x: usize, ldx: i32, s: usize, lds: i32, g: usize, ldg: i32, j: usize, ldj: i32,
): i32 {
  const mBytes = <usize>m << 3;
  for (let i = rowStart; i < rowEnd; i++) {
    const row = <usize>i, gi = g + (row * <usize>ldg << 3), xi = x + (row * <usize>ldx << 3);
    let to = j + (row * <usize>ldj << 3);
    if (bias) {
      store<f64>(to, aScale);
      to += 8;
    }
    scaleRow(mBytes, bScale, s + (row * <usize>lds << 3), to);
    to += mBytes;
    if (d == 1) scaleRow(mBytes, cScale * load<f64>(xi), gi, to);
    else outerRow(m, d, cScale, gi, xi, to);
    to += mBytes * <usize>d;
    if (bias) scaleRow(mBytes, dScale, gi, to);
  }
  return 0;
}

function scaleRow(bytes: usize, scale: f64, from: usize, to: usize): void {
  const v = f64x2.splat(scale);
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) v128.store(to + o, f64x2.mul(v, v128.load(from + o)));
  if (o < bytes) store<f64>(to + o, scale * load<f64>(from + o));
}

/** to = (scale g_j) x, d numbers for each unit j. */
function outerRow(m: i32, d: i32, scale: f64, g: usize, x: usize, to: usize): void {
  const dBytes = <usize>d << 3;
  for (let j = 0; j < m; j++) {
    scaleRow(dBytes, scale * load<f64>(g + (<usize>j << 3)), x, to);
    to += dBytes;
  }
}

/**
 * Units two at a time: their sums over all rows stay in registers, ub, ud and the first input together. Walking
 * a column pair of S and G costs a cache line for 16 bytes, so eight neighbours (one line) are done in one sweep.
 */
export function dvjp(
  unitStart: i32, unitEnd: i32, n: i32, d: i32, bScale: f64, cScale: f64, dScale: f64,
  v: usize, x: usize, ldx: i32, s: usize, lds: i32, g: usize, ldg: i32, ub: usize, uc: usize, ud: usize,
): i32 {
  const dBytes = <usize>d << 3;
  for (let j = unitStart; j < unitEnd; ) {
    const units = unitEnd - j >= 8 ? 8 : 1;
    const at = <usize>j << 3;
    columnSums(units, n, bScale, v, 0, 0, s + at, <usize>lds << 3, ub + at, 8);
    if (ud) columnSums(units, n, dScale, v, 0, 0, g + at, <usize>ldg << 3, ud + at, 8);
    for (let t = 0; t < d; t++) {
      const xt = x + (<usize>t << 3);
      columnSums(units, n, cScale, v, xt, <usize>ldx << 3, g + at, <usize>ldg << 3, uc + at * <usize>d + (<usize>t << 3), dBytes);
    }
    j += units;
  }
  return 0;
}

/** out_j += scale Σ_i w_i A_ij for 8 or 1 neighbouring columns, w_i = v_i or v_i x_i; `outBytes` between outputs. */
function columnSums(
  units: i32, n: i32, scale: f64, v: usize, x: usize, xBytes: usize, a: usize, aBytes: usize, out: usize, outBytes: usize,
): void {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  const end = v + (<usize>n << 3);
  if (units == 1) {
    let sum = s0;
    for (; v < end; v += 8, a += aBytes, x += xBytes) {
      const w = load<f64>(v) * (xBytes ? load<f64>(x) : 1);
      sum = madd(f64x2.splat(w), v128.load64_splat(a), sum);
    }
    store<f64>(out, load<f64>(out) + scale * f64x2.extract_lane(sum, 0));
    return;
  }
  for (; v < end; v += 8, a += aBytes, x += xBytes) {
    const w = f64x2.splat(load<f64>(v) * (xBytes ? load<f64>(x) : 1));
    s0 = madd(w, v128.load(a), s0);
    s1 = madd(w, v128.load(a, 16), s1);
    s2 = madd(w, v128.load(a, 32), s2);
    s3 = madd(w, v128.load(a, 48), s3);
  }
  const k = f64x2.splat(scale);
  addPair(out, outBytes, f64x2.mul(k, s0));
  addPair(out + 2 * outBytes, outBytes, f64x2.mul(k, s1));
  addPair(out + 4 * outBytes, outBytes, f64x2.mul(k, s2));
  addPair(out + 6 * outBytes, outBytes, f64x2.mul(k, s3));
}

// @ts-ignore: decorator
@inline
function addPair(out: usize, outBytes: usize, sum: v128): void {
  store<f64>(out, load<f64>(out) + f64x2.extract_lane(sum, 0));
  store<f64>(out + outBytes, load<f64>(out + outBytes) + f64x2.extract_lane(sum, 1));
}
