// Sine and its slope, the cosine: z = n π/2 + r with r in two parts, then the polynomials of both on |r| ≤ π/4, swapped and signed by n.
// Right for every double: beyond 2^20 π/2 the remainder comes from the bits of 2/π (seldom, and slow).
import { cosReduced, hugeRemainder, quadrant, REDUCIBLE, reduced, sinReduced } from "../simd/trig";
import { Activation } from "./activation";

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
}
