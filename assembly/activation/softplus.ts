// Softplus: log(1 + e^z) = max(z, 0) + log1p(e), e = e^(−|z|), with log1p(e) = e/(2 + e) P(s²), s = e/(2 + e): no cancellation, and e
// itself in the lower tail. Its slope is the sigmoid. Coefficients: scripts/coefficients.py.
import { expNegative } from "../math";
import { madd } from "../simd";
import { Activation } from "./activation";

/** 2 atanh(s)/s for u = s² ≤ 1/9. */
// @ts-ignore: decorator
@inline
function logarithm(u: v128): v128 {
  let p = madd(f64x2.splat(0.17780763826113302), u, f64x2.splat(0.09880789048764786));
  p = madd(p, u, f64x2.splat(0.13591305485579894));
  p = madd(p, u, f64x2.splat(0.15363676248891633));
  p = madd(p, u, f64x2.splat(0.1818285980047391));
  p = madd(p, u, f64x2.splat(0.22222190861346283));
  p = madd(p, u, f64x2.splat(0.2857142911165716));
  p = madd(p, u, f64x2.splat(0.399999999952876));
  p = madd(p, u, f64x2.splat(0.6666666666668257));
  return madd(p, u, f64x2.splat(2.0));
}

// @ts-ignore: decorator
@final @unmanaged
export class Softplus extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const zero = f64x2.splat(0), one = f64x2.splat(1);
    const e = expNegative(v128.or(z, f64x2.splat(-0.0)));
    const inverse = f64x2.div(one, f64x2.add(f64x2.splat(2), e)), r = f64x2.mul(e, inverse);
    // e (P/(2 + e)), not (e/(2 + e)) P: half of the least subnormal would be 0.
    const value = f64x2.mul(e, f64x2.mul(inverse, logarithm(f64x2.mul(r, r))));
    v128.store(s, f64x2.add(f64x2.max(z, zero), value));
    const q = f64x2.div(one, f64x2.add(one, e));
    v128.store(g, f64x2.mul(gain, v128.bitselect(f64x2.mul(e, q), q, f64x2.lt(z, zero))));
  }
}
