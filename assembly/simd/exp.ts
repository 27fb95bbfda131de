// The vectorised exponential, in pieces, so that activations can share a reduction between a value and its derivative:
//
//   x = n ln2 + r,   |r| ≤ ln2/2,   t = x log2(e) + 1.5·2^52 + 128, which holds n + 128 in its low bits
//   e^x = 2^−128 · 2^(n+128) (1 + expm1Reduced(r))
//
// The detour over 2^128 keeps every intermediate result normal for x ≥ −746, so that a subnormal e^x is rounded once,
// by the last product, and no lane needs a branch (a test of the vector for it took 12 % of the sigmoid's time).
//
// Coefficients: scripts/coefficients.py (near-minimax, error 1.6e-17). Arguments are clamped by the caller.
import { constant, madd, nmadd, one } from "./words";

/** log2(e), 1.5·2^52 + 128, ln2 in two parts, and the two numbers below. */
const REDUCTION: usize = memory.data<f64>([
  1.4426950408889634, 6755399441055872.0, 0.6931471803691238, 1.9082149292705877e-10, -746.0, 2.9387358770557188e-39,
]);

/** Where e^x has overflowed. */
const RANGE: usize = memory.data<f64>([710.0]);

/** e^x for any x: Infinity above 709.78. 2^n is two factors, so that neither overflows before the product does. */
export function expAny(x: v128): v128 {
  const number = f64x2.eq(x, x);
  x = f64x2.pmin(f64x2.pmax(x, expZero()), constant(RANGE, 0));
  const t = expShift(x), y = f64x2.add(expm1Reduced(expRemainder(x, t)), one());
  const n = i64x2.sub(t, constant(REDUCTION, 1)), h = i64x2.shr_s(n, 1);
  const rest = i64x2.shl(i64x2.add(i64x2.sub(n, h), i64x2.splat(1023)), 52);
  // A shift of the bits would make a number of what is none.
  return v128.bitselect(f64x2.mul(i64x2.add(y, i64x2.shl(h, 52)), rest), x, number);
}

/** e^x is 0 in double precision from here down. */
// @ts-ignore: decorator
@inline
export function expZero(): v128 {
  return constant(REDUCTION, 4);
}

/** 2^-128: what {@link expRaised} is too large by. */
// @ts-ignore: decorator
@inline
export function lower(): v128 {
  return constant(REDUCTION, 5);
}

/** x log2(e), rounded to an integer n, as n + 128 in the low bits. */
// @ts-ignore: decorator
@inline
export function expShift(x: v128): v128 {
  return madd(x, constant(REDUCTION, 0), constant(REDUCTION, 1));
}

/** r = x − n ln2, ln2 in two parts. */
// @ts-ignore: decorator
@inline
export function expRemainder(x: v128, t: v128): v128 {
  const n = f64x2.sub(t, constant(REDUCTION, 1)), r = nmadd(n, constant(REDUCTION, 2), x);
  return nmadd(n, constant(REDUCTION, 3), r);
}

/** Coefficients of q, from r⁰ up. */
const Q: usize = memory.data<f64>([
  0.5000000000000001, 0.16666666666666669, 0.04166666666662413, 0.008333333333330062, 0.0013888888917213717, 0.00019841269863053618,
  2.4801521295954376e-05, 2.7557268459997064e-06, 2.7620088445409746e-07, 2.510038549551032e-08,
]);

/** e^r − 1 for |r| ≤ ln2/2: r + r² q(r), q of degree 9 by Estrin's scheme. */
// @ts-ignore: decorator
@inline
export function expm1Reduced(r: v128): v128 {
  const r2 = f64x2.mul(r, r), r4 = f64x2.mul(r2, r2);
  const p01 = madd(constant(Q, 1), r, constant(Q, 0)), p23 = madd(constant(Q, 3), r, constant(Q, 2));
  const p45 = madd(constant(Q, 5), r, constant(Q, 4)), p67 = madd(constant(Q, 7), r, constant(Q, 6));
  const p89 = madd(constant(Q, 9), r, constant(Q, 8));
  const p03 = madd(p23, r2, p01), p47 = madd(p67, r2, p45);
  const q = madd(madd(p89, r4, p47), r4, p03);
  return madd(q, r2, r);
}

/** 2^(n+128) y. */
// @ts-ignore: decorator
@inline
export function scaleRaised(y: v128, t: v128): v128 {
  return i64x2.add(y, i64x2.shl(t, 52));
}

/** e^x for x ≤ 0, to 1 ulp, gradual underflow included. */
// @ts-ignore: decorator
@inline
export function expNegative(x: v128): v128 {
  x = f64x2.pmax(x, expZero());
  const t = expShift(x);
  return f64x2.mul(scaleRaised(f64x2.add(expm1Reduced(expRemainder(x, t)), one()), t), lower());
}

/** e^x − 1 for x ≤ 0, without cancellation. No inlining: quadratures call it. */
export function expm1Negative(x: v128): v128 {
  x = f64x2.pmax(x, expZero());
  const t = expShift(x), p = expm1Reduced(expRemainder(x, t));
  // Where the scale is subnormal the result is −1 to the last bit.
  const scale = f64x2.mul(scaleRaised(one(), t), lower());
  return madd(scale, p, f64x2.sub(scale, one()));
}

/**
 * 2^128 e^(x + tail) for −770 ≤ x ≤ 0 and |tail| ≪ 1: never subnormal, so that products with it round once, when they
 * are lowered.
 */
// @ts-ignore: decorator
@inline
export function expRaised(x: v128, tail: v128): v128 {
  const t = expShift(x);
  return scaleRaised(f64x2.add(expm1Reduced(f64x2.add(expRemainder(x, t), tail)), one()), t);
}

/** e^(x + tail) for x ≤ 0 and |tail| ≪ 1. */
// @ts-ignore: decorator
@inline
export function expTail(x: v128, tail: v128): v128 {
  return f64x2.mul(expRaised(f64x2.pmax(x, expZero()), tail), lower());
}
