// Sine, alone and with frequency and phase; its slope is the cosine. z = n π/2 + r with r in two parts, |r| ≤ π/4; the
// polynomials of both are swapped and signed by n. Right for every double: beyond 2^20 π/2 the remainder comes from the
// bits of 2/π (seldom, and slow).
import { expNegative } from "../simd/exp";
import { cosReduced, hugeRemainder, quadrant, REDUCIBLE, reduced, sinReduced } from "../simd/trig";
import { constant, madd, productError, sqrtProduct, sumError } from "../simd/words";
import { Activation, parameter } from "./activation";

const SINH_TAIL: usize = memory.data<f64>([
  1.6116496514371548e-10, 2.505194670972162e-08, 2.755731943362024e-06, 0.00019841269841146993, 0.00833333333333336,
  0.16666666666666666,
]);

/** (sinh c − c)/c³ for u = c² ≤ 1/4. */
// @ts-ignore: decorator
@inline
function sinhTail(u: v128): v128 {
  let p = madd(constant(SINH_TAIL, 0), u, constant(SINH_TAIL, 1));
  p = madd(p, u, constant(SINH_TAIL, 2));
  p = madd(p, u, constant(SINH_TAIL, 3));
  p = madd(p, u, constant(SINH_TAIL, 4));
  return madd(p, u, constant(SINH_TAIL, 5));
}

/**
 * Stores sin at s and gain · cos at g, of z + tail + quarter π/2. The tail is at most half an ulp of z; `hasTail` is a
 * constant.
 */
// @ts-ignore: decorator
@inline
function storeSinCos(z: v128, tail: v128, hasTail: bool, quarter: v128, gain: v128, s: usize, g: usize): void {
  let n = quadrant(z), r = reduced(z, n, false), rest = reduced(z, n, true);
  const huge = f64x2.gt(f64x2.abs(z), f64x2.splat(REDUCIBLE));
  if (v128.any_true(huge)) {
    const z0 = f64x2.extract_lane(z, 0), z1 = f64x2.extract_lane(z, 1);
    if (abs(z0) > REDUCIBLE) {
      n = i64x2.replace_lane(n, 0, <i64>hugeRemainder(z0, 2));
      r = f64x2.replace_lane(r, 0, hugeRemainder(z0, 0));
      rest = f64x2.replace_lane(rest, 0, hugeRemainder(z0, 1));
    }
    if (abs(z1) > REDUCIBLE) {
      n = i64x2.replace_lane(n, 1, <i64>hugeRemainder(z1, 2));
      r = f64x2.replace_lane(r, 1, hugeRemainder(z1, 0));
      rest = f64x2.replace_lane(rest, 1, hugeRemainder(z1, 1));
    }
  }
  if (hasTail) {
    const more = v128.andnot(tail, huge), sum = f64x2.add(r, more);
    rest = f64x2.add(sumError(r, more, sum), rest);
    r = sum;
    n = i64x2.add(n, quarter);
  }
  const sine = sinReduced(r, rest), cosine = cosReduced(r, rest);
  // n mod 4: odd swaps; sin changes sign for 2 and 3, cos for 1 and 2.
  const swap = i64x2.ne(v128.and(n, i64x2.splat(1)), i64x2.splat(0));
  const value = v128.bitselect(cosine, sine, swap), slope = v128.bitselect(sine, cosine, swap);
  const signValue = i64x2.shl(v128.and(n, i64x2.splat(2)), 62);
  const signSlope = i64x2.shl(v128.and(i64x2.add(n, i64x2.splat(1)), i64x2.splat(2)), 62);
  v128.store(s, v128.xor(value, signValue));
  v128.store(g, f64x2.mul(gain, v128.xor(slope, signSlope)));
}

// @ts-ignore: decorator
@final @unmanaged
export class Sin extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    storeSinCos(z, z, false, z, gain, s, g);
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    changetype<Wave>(SIN).pair(nodes, a, b, c, delta, out);
  }
}

/** The record of the plain sine. */
export const SIN: usize = memory.data<f64>([8.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);

/** w z + γ as a number and its rounding error: the sine has an ulp bound of its own then. No inlining: it is long. */
function storeWave(record: usize, z: v128, gain: v128, s: usize, g: usize): void {
  const w = parameter(record, 0), phase = parameter(record, 1);
  const product = f64x2.mul(w, z), sum = f64x2.add(product, phase);
  const tail = f64x2.add(sumError(product, phase, sum), productError(w, z, product));
  const quarter = i64x2.splat(<i64>load<f64>(record, 32));
  storeSinCos(sum, tail, true, quarter, f64x2.mul(gain, w), s, g);
}

/**
 * sin(wz + γ), or with a quarter turn more cos(wz + γ). Parameters: w, γ, 0 or 1 quarter turn, w², and cos² and sin² of
 * the phase with its quarter.
 */
// @ts-ignore: decorator
@final @unmanaged
export class Wave extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    storeWave(changetype<usize>(this), z, gain, s, g);
  }

  /**
   * Even and odd half-sums of e^(±c − (a+b)/2), a, b and c times w² (MATH.md §6): T = cos² · odd + sin² · even,
   * Ṫ = w² (cos² · even + sin² · odd). The exponent |c| − (a+b)/2 comes from (√a − √b)²/2 + delta/(√(ab) + |c|), which
   * does not cancel.
   */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const record = changetype<usize>(this), w2 = parameter(record, 3), half = f64x2.splat(0.5), zero = f64x2.splat(0);
    const x = f64x2.mul(w2, c), positive = f64x2.abs(x), mean = f64x2.mul(half, f64x2.mul(w2, f64x2.add(a, b)));
    const difference = f64x2.sub(f64x2.sqrt(a), f64x2.sqrt(b)), sum = f64x2.add(sqrtProduct(a, b), f64x2.abs(c));
    const ratio = v128.bitselect(f64x2.div(delta, sum), zero, f64x2.gt(sum, zero));
    const up = expNegative(f64x2.neg(f64x2.mul(w2, madd(half, f64x2.mul(difference, difference), ratio))));
    const down = expNegative(f64x2.neg(f64x2.add(mean, positive)));
    const u = f64x2.mul(x, x), small = f64x2.mul(expNegative(f64x2.neg(mean)), madd(f64x2.mul(positive, u), sinhTail(u), positive));
    const size = v128.bitselect(small, f64x2.mul(half, f64x2.sub(up, down)), f64x2.lt(positive, half));
    const odd = v128.or(size, v128.and(c, f64x2.splat(-0.0))), even = f64x2.mul(half, f64x2.add(up, down));
    const cosine = parameter(record, 4), sine = parameter(record, 5);
    v128.store(out, madd(cosine, odd, f64x2.mul(sine, even)));
    v128.store(out, f64x2.mul(w2, madd(cosine, even, f64x2.mul(sine, odd))), 16);
  }
}
