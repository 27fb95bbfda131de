// Logistic sigmoid: e = exp(−|z|), q = 1/(1+e); σ = q or e·q, σ' = e·q² (MATH.md §1): accurate in both tails.
import { one, signBit } from "../simd/words";
import { expNegative } from "../simd/exp";
import { Activation } from "./activation";

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
}
