// Logistic sigmoid: e = exp(−|z|), q = 1/(1+e); σ = q or e·q, σ' = e·q² (MATH.md §1): accurate in both tails.
import { expNegative } from "../simd/exp";
import { constant4, exp4, NUMBERS } from "../simd/exp4";
import { one, signBit } from "../simd/words";
import { Activation, Float32Activation } from "./activation";
import { logisticDualActivation } from "./probit";

// @ts-ignore: decorator
@final @unmanaged
export class Sigmoid extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const zero = f64x2.splat(0);
    const e = expNegative(v128.or(z, signBit()));
    const q = f64x2.div(one(), f64x2.add(one(), e)), eq = f64x2.mul(e, q);
    v128.store(s, v128.bitselect(eq, q, f64x2.lt(z, zero)));
    v128.store(g, f64x2.mul(gain, f64x2.mul(eq, q)));
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    logisticDualActivation(false, nodes, a, b, c, delta, out);
  }
}

/** e = exp(−|z|), q = 1/(1 + e); σ = q or e q, σ' = e q². */
// @ts-ignore: decorator
@final @unmanaged
export class Sigmoid4 extends Float32Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const one = constant4(NUMBERS, 0), zero = f32x4.splat(0);
    const e = exp4(v128.or(z, constant4(NUMBERS, 3)), zero);
    const q = f32x4.div(one, f32x4.add(one, e)), eq = f32x4.mul(e, q);
    v128.store(s, v128.bitselect(eq, q, f32x4.lt(z, zero)));
    v128.store(g, f32x4.mul(gain, f32x4.mul(eq, q)));
  }
}
