// The exponential of exp.ts in four lanes of float, its polynomial cut to float's digits (scripts/coefficients.py).
import { multiplyAdd, multiplySubtract } from "./words";

/**
 * log2(e); 1.5·2^23, whose sum with n holds n in its low bits; ln2 in two parts, the first of 15 bits: n times it is
 * exact.
 */
const REDUCTION: usize = memory.data<f32>([1.4426950216293335, 12582912.0, 0.693145751953125, 0.000001428606765330187]);
/** e^r = 1 + r + r² q(r) for |r| ≤ ln2/2, error 1.1e-8: from q's r⁰ up. */
const Q: usize = memory.data<f32>([0.5, 0.16666576266288757, 0.041666556149721146, 0.008363178931176662, 0.0013926184037700295]);
/** Where e^x is 0; where expm1(x) is −1; 2^−64. */
export const BOUNDS: usize = memory.data<f32>([-105.0, -40.0, 5.421010862427522e-20]);
export const NUMBERS: usize = memory.data<f32>([1.0, 2.0, 4.0, -0.0, -2.0]);

// @ts-ignore: decorator
@inline
export function constant4(table: usize, i: usize): v128 {
  return v128.load32_splat(table + (i << 2));
}

/** x log2(e), rounded to an integer n in the low bits. */
// @ts-ignore: decorator
@inline
export function expShift4(x: v128): v128 {
  return f32x4.add(f32x4.mul(x, constant4(REDUCTION, 0)), constant4(REDUCTION, 1));
}

/** e^(r + tail) − 1 for the remainder r = x − n ln2. */
// @ts-ignore: decorator
@inline
export function expm1Reduced4(x: v128, t: v128, tail: v128): v128 {
  const n = f32x4.sub(t, constant4(REDUCTION, 1));
  const r = f32x4.add(multiplySubtract<f32>(n, constant4(REDUCTION, 3), multiplySubtract<f32>(n, constant4(REDUCTION, 2), x)), tail);
  let q = multiplyAdd<f32>(constant4(Q, 4), r, constant4(Q, 3));
  q = multiplyAdd<f32>(q, r, constant4(Q, 2));
  q = multiplyAdd<f32>(q, r, constant4(Q, 1));
  q = multiplyAdd<f32>(q, r, constant4(Q, 0));
  return multiplyAdd<f32>(q, f32x4.mul(r, r), r);
}

/** 2^n y, raised by 2^64 on the way: gradual underflow. */
// @ts-ignore: decorator
@inline
export function scale4(y: v128, t: v128): v128 {
  return f32x4.mul(i32x4.add(y, i32x4.shl(i32x4.add(t, i32x4.splat(64)), 23)), constant4(BOUNDS, 2));
}

/** e^(x + tail) for x ≤ 0 and |tail| ≪ 1. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128, tail: v128): v128 {
  x = f32x4.pmax(x, constant4(BOUNDS, 0));
  const t = expShift4(x);
  return scale4(f32x4.add(expm1Reduced4(x, t, tail), constant4(NUMBERS, 0)), t);
}
