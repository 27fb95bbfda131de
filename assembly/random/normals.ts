// Normals by Wichura's inverse CDF, two lanes at a time: the operations of src/model/normal.ts in the same order, hence
// the same bits. No multiply-add here: with relaxed SIMD it would round once instead of twice. The table is passed in:
// its numbers stand once, and as a part of both binaries they would be 2 % of them.
import { constant, half, one, signBit, two } from "../simd/words";
import { centredUniforms } from "./xoshiro";

/** Where the table's pairs of polynomials begin, numerator and denominator, and the series of log. */
// @ts-ignore: decorator
@inline const CENTRE: i32 = 0;
// @ts-ignore: decorator
@inline const MIDDLE: i32 = 16;
// @ts-ignore: decorator
@inline const TAIL: i32 = 32;
// @ts-ignore: decorator
@inline const SERIES: i32 = 48;

/** Numbers of one pass; their uniforms and the list of those in the tails stay in L1. */
// @ts-ignore: decorator
@inline const BLOCK: i32 = 256;

/** A block of doubles, then one of indices. */
export function normalsScratchBytes(): f64 {
  return BLOCK * 12;
}

export function normals(n: i32, scale: f64, table: usize, state: usize, out: usize, work: usize): i32 {
  for (let from = 0; from < n; from += BLOCK) {
    const count = min(BLOCK, n - from), to = out + (<usize>from << 3);
    centredUniforms(count, state, work);
    centres(count, scale, table, work, to);
    tails(count, scale, table, work, work + (BLOCK << 3), to);
  }
  return 0;
}

/** (factor · numerator) / denominator of the pair at `at` of the table, of degree 7 each. */
// @ts-ignore: decorator
@inline
function ratio(table: usize, at: i32, x: v128, factor: v128): v128 {
  let above = constant(table, at + 7), below = constant(table, at + 15);
  for (let k = at + 6; k >= at; k--) {
    above = f64x2.add(f64x2.mul(above, x), constant(table, k));
    below = f64x2.add(f64x2.mul(below, x), constant(table, k + 8));
  }
  return f64x2.div(f64x2.mul(factor, above), below);
}

/** Quantiles of ½ + q, as if |q| ≤ 0.425. */
function centres(n: i32, scale: f64, table: usize, q: usize, out: usize): void {
  const factor = f64x2.splat(scale), square = f64x2.splat(0.180625);
  for (let i = 0; i < n; i += 2, q += 16, out += 16) {
    const x = v128.load(q);
    const r = f64x2.sub(square, f64x2.mul(x, x));
    const y = f64x2.mul(factor, ratio(table, CENTRE, r, x));
    if (i + 1 < n) v128.store(out, y);
    else v128.store64_lane(out, y, 0);
  }
}

/** Quantiles where |q| > 0.425, one of seven: they are listed first. An odd last one is computed twice. */
function tails(n: i32, scale: f64, table: usize, q: usize, list: usize, out: usize): void {
  let found = 0;
  for (let i = 0; i < n; i++) {
    store<i32>(list + (<usize>found << 2), i);
    found += i32(abs(load<f64>(q + (<usize>i << 3))) > 0.425);
  }
  const factor = f64x2.splat(scale), sign = signBit();
  for (let k = 0; k < found; k += 2) {
    const i = <usize>load<i32>(list + (<usize>k << 2)) << 3;
    const j = <usize>load<i32>(list + (<usize>min(k + 1, found - 1) << 2)) << 3;
    const x = v128.load64_lane(q + j, v128.load64_zero(q + i), 1);
    const p = f64x2.sub(half(), v128.andnot(x, sign));
    const size = outer(table, f64x2.sqrt(f64x2.neg(logarithm(table, p))));
    const y = f64x2.mul(factor, v128.or(size, v128.and(x, sign)));
    v128.store64_lane(out + i, y, 0);
    v128.store64_lane(out + j, y, 1);
  }
}

/** Sizes of the quantiles of p outside of the centre, r = √−log p. */
// @ts-ignore: decorator
@inline
function outer(table: usize, r: v128): v128 {
  const x = ratio(table, MIDDLE, f64x2.sub(r, f64x2.splat(1.6)), one()), five = f64x2.splat(5);
  const far = f64x2.gt(r, five);
  // Once in 4·10¹⁰ draws.
  if (!v128.any_true(far)) return x;
  return v128.bitselect(ratio(table, TAIL, f64x2.sub(r, five), one()), x, far);
}

/** Natural logarithms of positive normal numbers. */
// @ts-ignore: decorator
@inline
function logarithm(table: usize, x: v128): v128 {
  // An integer k < 2^52 in the lowest bits of the double 2^52 is 2^52 + k: so the exponent field becomes a double.
  const field = v128.or(i64x2.shr_u(x, 52), i64x2.splat(0x4330000000000000));
  let e = f64x2.sub(field, f64x2.splat(4503599627371519));
  let m = v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), one());
  const above = f64x2.gt(m, f64x2.splat(1.4142135623730951));
  m = v128.bitselect(f64x2.mul(m, half()), m, above);
  e = f64x2.add(e, v128.and(above, one()));
  const f = f64x2.div(f64x2.sub(m, one()), f64x2.add(m, one()));
  const u = f64x2.mul(f, f);
  let series = constant(table, SERIES + 9);
  for (let k = 8; k >= 0; k--) series = f64x2.add(f64x2.mul(series, u), constant(table, SERIES + k));
  const twice = f64x2.mul(two(), f);
  const low = f64x2.mul(e, f64x2.splat(1.9082149292705877e-10));
  const tail = f64x2.add(twice, f64x2.add(f64x2.mul(f64x2.mul(twice, u), series), low));
  return f64x2.add(f64x2.mul(e, f64x2.splat(0.6931471803691238)), tail);
}
