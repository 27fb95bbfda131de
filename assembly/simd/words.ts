// SIMD words used by every kernel, and the one place that tells the two binaries apart: with relaxed SIMD a
// multiply-add is fused (one rounding, one instruction), without it is a multiply followed by an add.

/** True where a multiply-add is one instruction. */
// @ts-ignore: decorator
@inline export const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;

/** a·b + c. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return multiplyAdd<f64>(a, b, c);
}

/** {@link madd} in lanes of T, f64 or f32. */
// @ts-ignore: decorator
@inline
export function multiplyAdd<T>(a: v128, b: v128, c: v128): v128 {
  if (FUSED) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(v128.mul<T>(a, b), c);
}

/** c − a·b. */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  return multiplySubtract<f64>(a, b, c);
}

/** {@link nmadd} in lanes of T. */
// @ts-ignore: decorator
@inline
export function multiplySubtract<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<T>(a, b, c);
  return v128.sub<T>(c, v128.mul<T>(a, b));
}

/** The number at p in every lane. */
// @ts-ignore: decorator
@inline
export function splatAt<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(p) : v128.load64_splat(p);
}

/**
 * Constant i of a table of doubles, in both lanes: one load. A literal vector is four instructions, which V8 since
 * version 12 repeats in every iteration (Node 24, σ and σ' of 10⁶ values: sigmoid 5.7 → 4.2 ms, erf 15.4 → 11.3; Node
 * 20: 4.2 either way, erf 10.0 → 10.9).
 */
// @ts-ignore: decorator
@inline
export function constant(table: usize, i: usize): v128 {
  return v128.load64_splat(table + (i << 3));
}

const NUMBERS: usize = memory.data<f64>([1.0, 0.5, 2.0, 4.0, -0.0, 134217729.0]);

// @ts-ignore: decorator
@inline
export function one(): v128 {
  return constant(NUMBERS, 0);
}

// @ts-ignore: decorator
@inline
export function half(): v128 {
  return constant(NUMBERS, 1);
}

// @ts-ignore: decorator
@inline
export function two(): v128 {
  return constant(NUMBERS, 2);
}

// @ts-ignore: decorator
@inline
export function four(): v128 {
  return constant(NUMBERS, 3);
}

/** The sign bit of each lane. */
// @ts-ignore: decorator
@inline
export function signBit(): v128 {
  return constant(NUMBERS, 4);
}

/** The leading 26 bits of a (Veltkamp), for |a| < 2^996. */
// @ts-ignore: decorator
@inline
function headOf(a: v128): v128 {
  const t = f64x2.mul(constant(NUMBERS, 5), a);
  return f64x2.sub(t, f64x2.sub(t, a));
}

/** ab − p, exactly, for the rounded product p (Dekker 1971): relaxed multiply-adds need not be fused. */
// @ts-ignore: decorator
@inline
export function productError(a: v128, b: v128, p: v128): v128 {
  const a1 = headOf(a), a2 = f64x2.sub(a, a1), b1 = headOf(b), b2 = f64x2.sub(b, b1);
  const most = f64x2.add(f64x2.sub(f64x2.mul(a1, b1), p), f64x2.mul(a1, b2));
  return f64x2.add(f64x2.add(most, f64x2.mul(a2, b1)), f64x2.mul(a2, b2));
}

/** a + b − s, exactly, for the rounded sum s (Knuth). */
// @ts-ignore: decorator
@inline
export function sumError(a: v128, b: v128, s: v128): v128 {
  const back = f64x2.sub(s, a);
  return f64x2.add(f64x2.sub(a, f64x2.sub(s, back)), f64x2.sub(b, back));
}

/** Sum of all lanes of T. */
// @ts-ignore: decorator
@inline
export function laneSum<T>(a: v128): T {
  if (sizeof<T>() == 8) return <T>hsum(a);
  const pairs = f32x4.add(a, v128.shuffle<f64>(a, a, 1, 0));
  return <T>(f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
}

/** Sum of the two lanes. */
// @ts-ignore: decorator
@inline
export function hsum(a: v128): f64 {
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
}

/** √(ab), a factor at a time: the product may overflow. */
// @ts-ignore: decorator
@inline
export function sqrtProduct(a: v128, b: v128): v128 {
  return f64x2.mul(f64x2.sqrt(a), f64x2.sqrt(b));
}
