// Hyperbolic tangent: with e = exp(−2|z|) and h = expm1(−2|z|), tanh = −sign(z) h/(2 + h), tanh' = 4e/(2 + h)².
// Both come from one reduction, so tanh keeps its relative accuracy near 0 and tanh' in the tails.
import { EXP_NORMAL, EXP_ZERO, expShift, expRemainder, expm1Reduced, scaleNormal, scaleSubnormal } from "../math";
import { madd } from "../simd";
import { Activation } from "./activation";

// @ts-ignore: decorator
@final @unmanaged
export class Tanh extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const one = f64x2.splat(1);
    const x = f64x2.max(f64x2.mul(f64x2.abs(z), f64x2.splat(-2)), f64x2.splat(EXP_ZERO));
    const t = expShift(x);
    const p = expm1Reduced(expRemainder(x, t));
    const floor = f64x2.splat(EXP_NORMAL), small = f64x2.lt(x, floor);
    // h needs no subnormal scale: it is −1 to the last bit long before.
    const scale = scaleNormal(one, expShift(f64x2.max(x, floor)));
    const h = v128.bitselect(f64x2.splat(-1), madd(scale, p, f64x2.sub(scale, one)), small);
    const y = f64x2.add(p, one);
    const e = v128.any_true(small) ? scaleSubnormal(y, t) : scaleNormal(y, t);
    const q = f64x2.div(one, f64x2.add(f64x2.splat(2), h));
    const value = f64x2.div(f64x2.neg(h), f64x2.add(f64x2.splat(2), h));
    v128.store(s, v128.bitselect(z, value, f64x2.splat(-0.0)));
    v128.store(g, f64x2.mul(gain, f64x2.mul(f64x2.mul(f64x2.mul(f64x2.splat(4), e), q), q)));
  }
}
