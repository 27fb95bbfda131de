// Sine; its slope is the cosine. z = n π/2 + r with r in two parts, |r| ≤ π/4; the polynomials of both are swapped and
// signed by n. Right for every double: beyond 2^20 π/2 the remainder comes from the bits of 2/π (seldom, and slow).
import { expNegative } from "../simd/exp";
import { cosReduced, hugeRemainder, quadrant, REDUCIBLE, reduced, sinReduced } from "../simd/trig";
import { constant, madd, sqrtProduct } from "../simd/words";
import { Activation } from "./activation";

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

// @ts-ignore: decorator
@final @unmanaged
export class Sin extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    let n = quadrant(z), r = reduced(z, n, false), rest = reduced(z, n, true);
    if (v128.any_true(f64x2.gt(f64x2.abs(z), f64x2.splat(REDUCIBLE)))) {
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
    const sine = sinReduced(r, rest), cosine = cosReduced(r, rest);
    // n mod 4: odd swaps; sin changes sign for 2 and 3, cos for 1 and 2.
    const swap = i64x2.ne(v128.and(n, i64x2.splat(1)), i64x2.splat(0));
    const value = v128.bitselect(cosine, sine, swap), slope = v128.bitselect(sine, cosine, swap);
    const signValue = i64x2.shl(v128.and(n, i64x2.splat(2)), 62);
    const signSlope = i64x2.shl(v128.and(i64x2.add(n, i64x2.splat(1)), i64x2.splat(2)), 62);
    v128.store(s, v128.xor(value, signValue));
    v128.store(g, f64x2.mul(gain, v128.xor(slope, signSlope)));
  }

  /**
   * e^(|c| − (a+b)/2) and e^(−|c| − (a+b)/2): the first exponent from (√a − √b)²/2 + delta/(√(ab) + |c|), which does
   * not cancel.
   */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const half = f64x2.splat(0.5), zero = f64x2.splat(0), positive = f64x2.abs(c);
    const difference = f64x2.sub(f64x2.sqrt(a), f64x2.sqrt(b)), sum = f64x2.add(sqrtProduct(a, b), positive);
    const ratio = v128.bitselect(f64x2.div(delta, sum), zero, f64x2.gt(sum, zero));
    const up = expNegative(f64x2.neg(madd(half, f64x2.mul(difference, difference), ratio)));
    const mean = f64x2.mul(half, f64x2.add(a, b));
    const down = expNegative(f64x2.neg(f64x2.add(mean, positive)));
    const u = f64x2.mul(c, c), small = f64x2.mul(expNegative(f64x2.neg(mean)), madd(f64x2.mul(positive, u), sinhTail(u), positive));
    const value = v128.bitselect(small, f64x2.mul(half, f64x2.sub(up, down)), f64x2.lt(positive, half));
    v128.store(out, v128.or(value, v128.and(c, f64x2.splat(-0.0))));
    v128.store(out, f64x2.mul(half, f64x2.add(up, down)), 16);
  }
}
