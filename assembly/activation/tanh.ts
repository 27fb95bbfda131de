// Hyperbolic tangent: with e = exp(−2|z|) and h = expm1(−2|z|), tanh = −sign(z) h/(2 + h), tanh' = 4e/(2 + h)².
// Both come from one reduction, so tanh keeps its relative accuracy near 0 and tanh' in the tails.
import { expm1Reduced, expRemainder, expShift, expZero, lower, scaleRaised } from "../simd/exp";
import { BOUNDS, constant4, expm1Reduced4, expShift4, NUMBERS, scale4 } from "../simd/exp4";
import { constant, four, madd, multiplyAdd, one, signBit, two } from "../simd/words";
import { Activation, Float32Activation } from "./activation";
import { logisticDualActivation } from "./probit";

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

  /** tanh x = 2σ(2x) − 1. */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const four = f64x2.splat(4);
    logisticDualActivation(true, nodes, f64x2.mul(four, a), f64x2.mul(four, b), f64x2.mul(four, c), f64x2.mul(f64x2.splat(16), delta), out);
    v128.store(out, f64x2.mul(four, v128.load(out)));
    v128.store(out, f64x2.mul(f64x2.splat(16), v128.load(out, 16)), 16);
  }
}

/** h = expm1(−2|z|): tanh = −sign(z) h/(2 + h), tanh' = 4e/(2 + h)². */
// @ts-ignore: decorator
@final @unmanaged
export class Tanh4 extends Float32Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const one = constant4(NUMBERS, 0), two = constant4(NUMBERS, 1);
    const x = f32x4.pmax(f32x4.mul(f32x4.abs(z), constant4(NUMBERS, 4)), constant4(BOUNDS, 0));
    const t = expShift4(x), p = expm1Reduced4(x, t, f32x4.splat(0)), e = scale4(f32x4.add(p, one), t);
    // Far out the power stays away from the subnormals: h is −1 to the last bit long before.
    const power = i32x4.add(one, i32x4.shl(expShift4(f32x4.pmax(x, constant4(BOUNDS, 1))), 23));
    const h = multiplyAdd<f32>(power, p, f32x4.sub(power, one)), q = f32x4.div(one, f32x4.add(two, h));
    v128.store(s, v128.bitselect(z, f32x4.mul(f32x4.neg(h), q), constant4(NUMBERS, 3)));
    v128.store(g, f32x4.mul(gain, f32x4.mul(f32x4.mul(f32x4.mul(constant4(NUMBERS, 2), e), q), q)));
  }
}
