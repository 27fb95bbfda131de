// Sine, cosine and arc tangent, two lanes at a time, and the reduction of any double modulo π/2. Polynomials:
// scripts/coefficients.py.
import { constant, half, madd, one } from "./words";

const SIN_TAIL: usize = memory.data<f64>([
  1.5918115263265974e-10, -2.505113165023518e-08, 2.7557316101617874e-06, -0.00019841269836756774,
  0.008333333333330948, -0.16666666666666666,
]);

/** (sin r − r)/r³ for u = r² ≤ (π/4)². */
// @ts-ignore: decorator
@inline
function sinTail(u: v128): v128 {
  let p = madd(constant(SIN_TAIL, 0), u, constant(SIN_TAIL, 1));
  p = madd(p, u, constant(SIN_TAIL, 2));
  p = madd(p, u, constant(SIN_TAIL, 3));
  p = madd(p, u, constant(SIN_TAIL, 4));
  return madd(p, u, constant(SIN_TAIL, 5));
}

const COS_TAIL: usize = memory.data<f64>([
  -1.1382623647474604e-11, 2.087614614655861e-09, -2.7557317271145144e-07, 2.480158729876456e-05,
  -0.0013888888888887398, 0.041666666666666664,
]);

/** (cos r − 1 + r²/2)/r⁴ for u = r² ≤ (π/4)². */
// @ts-ignore: decorator
@inline
function cosTail(u: v128): v128 {
  let p = madd(constant(COS_TAIL, 0), u, constant(COS_TAIL, 1));
  p = madd(p, u, constant(COS_TAIL, 2));
  p = madd(p, u, constant(COS_TAIL, 3));
  p = madd(p, u, constant(COS_TAIL, 4));
  return madd(p, u, constant(COS_TAIL, 5));
}

const ATAN_TAIL: usize = memory.data<f64>([
  -0.019175404711104935, 0.03923044778479309, -0.050854078345894844, 0.05858140904866328, -0.06664510525508936,
  0.07692183125376892, -0.0909090457530649, 0.11111111015187018, -0.14285714284665682, 0.19999999999995516,
  -0.3333333333333333,
]);

/** (atan r − r)/r³ for u = r² ≤ tan²(π/8). */
// @ts-ignore: decorator
@inline
function atanTail(u: v128): v128 {
  let p = madd(constant(ATAN_TAIL, 0), u, constant(ATAN_TAIL, 1));
  p = madd(p, u, constant(ATAN_TAIL, 2));
  p = madd(p, u, constant(ATAN_TAIL, 3));
  p = madd(p, u, constant(ATAN_TAIL, 4));
  p = madd(p, u, constant(ATAN_TAIL, 5));
  p = madd(p, u, constant(ATAN_TAIL, 6));
  p = madd(p, u, constant(ATAN_TAIL, 7));
  p = madd(p, u, constant(ATAN_TAIL, 8));
  p = madd(p, u, constant(ATAN_TAIL, 9));
  return madd(p, u, constant(ATAN_TAIL, 10));
}

/** sin(r + tail) for |r| ≤ π/4, |tail| ≤ ulp(r)/2. */
// @ts-ignore: decorator
@inline
export function sinReduced(r: v128, tail: v128): v128 {
  const u = f64x2.mul(r, r);
  const cube = f64x2.mul(f64x2.mul(u, r), sinTail(u));
  return f64x2.add(r, f64x2.add(cube, f64x2.sub(tail, f64x2.mul(f64x2.mul(half(), u), tail))));
}

/** cos(r + tail), likewise; 1 − r²/2 is kept in two parts. */
// @ts-ignore: decorator
@inline
export function cosReduced(r: v128, tail: v128): v128 {
  const u = f64x2.mul(r, r), h = f64x2.mul(half(), u);
  const w = f64x2.sub(one(), h), rest = f64x2.sub(f64x2.sub(one(), w), h);
  const fourth = f64x2.mul(f64x2.mul(u, u), cosTail(u));
  return f64x2.add(w, f64x2.add(rest, f64x2.sub(fourth, f64x2.mul(r, tail))));
}

/** 2/π; 1.5·2^52, which leaves an integer in the low bits; π/2 in three parts of 33 bits and a rest. */
const QUARTERS: usize = memory.data<f64>([
  0.6366197723675814, 6755399441055744.0, 1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32,
]);
/** Up to 2^20 π/2, n times a 33-bit part of π/2 is exact. */
// @ts-ignore: decorator
@inline export const REDUCIBLE: f64 = 1647099.0;

/** z · 2/π rounded to an integer, in the low bits. */
// @ts-ignore: decorator
@inline
export function quadrant(z: v128): v128 {
  return f64x2.add(f64x2.mul(z, constant(QUARTERS, 0)), constant(QUARTERS, 1));
}

/** The rounding error of d = a − b. */
// @ts-ignore: decorator
@inline
function differenceError(a: v128, b: v128, d: v128): v128 {
  const back = f64x2.sub(d, a);
  return f64x2.sub(f64x2.sub(a, f64x2.sub(d, back)), f64x2.add(b, back));
}

/**
 * The parts of z − n π/2 for |z| ≤ REDUCIBLE: π/2 = three parts of 33 bits and a rest, so the sum is right to 2^-130.
 */
// @ts-ignore: decorator
@inline
export function reduced(z: v128, q: v128, second: bool): v128 {
  const n = f64x2.sub(q, constant(QUARTERS, 1));
  const a = f64x2.sub(z, f64x2.mul(n, constant(QUARTERS, 2)));
  const p = f64x2.mul(n, constant(QUARTERS, 3)), b = f64x2.sub(a, p);
  const o = f64x2.mul(n, constant(QUARTERS, 4)), c = f64x2.sub(b, o);
  const rest = f64x2.mul(n, constant(QUARTERS, 5));
  const error = f64x2.sub(f64x2.add(differenceError(a, p, b), differenceError(b, o, c)), rest);
  const r = f64x2.add(c, error);
  return second ? f64x2.add(f64x2.sub(c, r), error) : r;
}

/** Word i of the binary fraction 2/π, from the point down; 0 above it. */
function twoOverPi(i: i32): u64 {
  switch (i) {
    case 0: return 0xa2f9836e4e441529;
    case 1: return 0xfc2757d1f534ddc0;
    case 2: return 0xdb6295993c439041;
    case 3: return 0xfe5163abdebbc561;
    case 4: return 0xb7246e3a424dd2e0;
    case 5: return 0x06492eea09d1921c;
    case 6: return 0xfe1deb1cb129a73e;
    case 7: return 0xe88235f52ebb4484;
    case 8: return 0xe99c7026b45f7e41;
    case 9: return 0x3991d639835339f4;
    case 10: return 0x9c845f8bbdf9283b;
    case 11: return 0x1ff897ffde05980f;
    case 12: return 0xef2f118b5a0a6d1f;
    case 13: return 0x6d367ecf27cb09b7;
    case 14: return 0x4f463f669e5fea2d;
    case 15: return 0x7527bac7ebe5f17b;
    case 16: return 0x3d0739f78a5292ea;
    case 17: return 0x6bfb5fb11f8d5d08;
    case 18: return 0x56033046fc7b6bab;
    default: return 0;
  }
}

/** 64 bits of 2/π from bit `at` (0 is the first behind the point; negative: zeros). */
function bitsOfTwoOverPi(at: i32): u64 {
  const word = at >> 6, shift = <u64>(at & 63);
  const high = twoOverPi(word) << shift;
  return shift ? high | (twoOverPi(word + 1) >> (64 - shift)) : high;
}

/** The upper 64 bits of a·b. */
function highProduct(a: u64, b: u64): u64 {
  const al = a & 0xffffffff, ah = a >> 32, bl = b & 0xffffffff, bh = b >> 32;
  const middle = ah * bl + ((al * bl) >> 32), low = al * bh + (middle & 0xffffffff);
  return ah * bh + (middle >> 32) + (low >> 32);
}

/**
 * Payne & Hanek 1983: z = m·2^e times the 192 bits of 2/π from weight 2/2^e down, modulo 4, for |z| > REDUCIBLE. Parts
 * of the result: 0 the remainder z − n π/2, 1 its rounding error, 2 n modulo 4. Slow, and seldom.
 */
export function hugeRemainder(z: f64, part: i32): f64 {
  const word = reinterpret<u64>(abs(z)), exponent = <i32>(word >> 52);
  if (exponent == 0x7ff) return NaN;
  const m = (word & 0x000fffffffffffff) | 0x0010000000000000, at = exponent - 1075 - 2;
  const v2 = bitsOfTwoOverPi(at), v1 = bitsOfTwoOverPi(at + 64), v0 = bitsOfTwoOverPi(at + 128);
  // m·(v2, v1, v0) modulo 2^192.
  const low = m * v0, carry = highProduct(m, v0), product = m * v1, middle = product + carry;
  const top = m * v2 + highProduct(m, v1) + <u64>(middle < product);
  // Behind the two bits of n: a signed fraction of π/2 in (f2, f1).
  const f2 = <i64>((top << 2) | (middle >> 62)), f1 = (middle << 2) | (low >> 62);
  const n = <i32>(top >> 62) + <i32>(f2 < 0);
  if (part == 2) return <f64>((z < 0 ? -n : n) & 3);
  const a = <f64>(f2 >> 32) * 2.3283064365386963e-10, b = <f64>(f2 & 0xffffffff) * 5.421010862427522e-20;
  const head = a + b, tail = b - (head - a) + <f64>f1 * 2.938735877055719e-39;
  // head·π/2 with its error (Dekker's product: 26 bits each).
  const split = head * 134217729, h1 = split - (split - head), h2 = head - h1;
  const p1 = 1.5707963407039642, p2 = -1.3909067675399456e-8, product1 = head * 1.5707963267948966;
  const error = h1 * p1 - product1 + h1 * p2 + h2 * p1 + h2 * p2;
  const rest = error + (tail * 1.5707963267948966 + head * 6.123233995736766e-17);
  const r = product1 + rest, result = part == 0 ? r : product1 - r + rest;
  return z < 0 ? -result : result;
}

/** tan(π/8); π/4 and π/2 in two parts each. */
const ANGLES: usize = memory.data<f64>([
  0.41421356237309503, 0.7853981633974483, 3.061616997868383e-17, 1.5707963267948966, 6.123233995736766e-17,
]);

/** The angle of (x, y) for x, y ≥ 0: in [0, π/2], 0 for (0, 0); relative accuracy at both ends of y/x. */
// @ts-ignore: decorator
@inline
export function angle(y: v128, x: v128): v128 {
  const zero = f64x2.splat(0);
  const low = f64x2.min(x, y), high = f64x2.max(x, y), steep = f64x2.gt(y, x);
  // Above tan(π/8) the angle is π/4 plus the angle of (high + low, low − high).
  const big = f64x2.gt(low, f64x2.mul(high, constant(ANGLES, 0)));
  const num = v128.bitselect(f64x2.sub(low, high), low, big), den = v128.bitselect(f64x2.add(low, high), high, big);
  const q = v128.bitselect(f64x2.div(num, den), zero, f64x2.gt(den, zero)), u = f64x2.mul(q, q);
  const t = f64x2.add(q, f64x2.mul(f64x2.mul(q, u), atanTail(u)));
  const eighth = f64x2.add(constant(ANGLES, 1), f64x2.add(t, constant(ANGLES, 2)));
  const part = v128.bitselect(eighth, t, big);
  const rest = f64x2.add(f64x2.sub(constant(ANGLES, 3), part), constant(ANGLES, 4));
  return v128.bitselect(rest, part, steep);
}

/** 1/2π. */
// @ts-ignore: decorator
@inline export const INVERSE_TURN: f64 = 0.15915494309189535;

/** The angle of (−c, r): φ in [0, π], from the nearer side. */
// @ts-ignore: decorator
@inline
export function wideAngle(r: v128, c: v128): v128 {
  const t = angle(r, f64x2.abs(c));
  const far = f64x2.add(f64x2.sub(f64x2.splat(3.141592653589793), t), f64x2.splat(1.2246467991473532e-16));
  return v128.bitselect(t, far, f64x2.lt(c, f64x2.splat(0)));
}
