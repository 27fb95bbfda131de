// Hyperbolic tangent: with e = exp(−2|z|) and h = expm1(−2|z|), tanh = −sign(z) h/(2 + h), tanh' = 4e/(2 + h)².
// Both come from one reduction, so tanh keeps its relative accuracy near 0 and tanh' in the tails.
import { expm1Reduced, expRemainder, expShift, expZero, lower, scaleRaised } from "../simd/exp";
import { constant, four, madd, one, signBit, two } from "../simd/words";
import { Activation } from "./activation";

const NEGATIVE: usize = memory.data<f64>([-1.0, -2.0]);

// @ts-ignore: decorator
@final @unmanaged
export class Tanh extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const x = f64x2.pmax(f64x2.mul(f64x2.abs(z), constant(NEGATIVE, 1)), expZero());
    const t = expShift(x), p = expm1Reduced(expRemainder(x, t));
    const e = f64x2.mul(scaleRaised(f64x2.add(p, one()), t), lower());
    // Where the scale is subnormal h is −1 to the last bit, whatever it rounds to.
    const scale = f64x2.mul(scaleRaised(one(), t), lower());
    const h = madd(scale, p, f64x2.sub(scale, one()));
    const q = f64x2.div(one(), f64x2.add(two(), h));
    const value = f64x2.div(f64x2.neg(h), f64x2.add(two(), h));
    v128.store(s, v128.bitselect(z, value, signBit()));
    v128.store(g, f64x2.mul(gain, f64x2.mul(f64x2.mul(f64x2.mul(four(), e), q), q)));
  }
}
