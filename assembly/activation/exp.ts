// Exponential: value and slope are one number. Above 709.78 it is Infinity.
import { expAny } from "../simd/exp";
import { madd } from "../simd/words";
import { Activation } from "./activation";

// @ts-ignore: decorator
@final @unmanaged
export class Exp extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const e = expAny(z);
    v128.store(s, e);
    v128.store(g, f64x2.mul(gain, e));
  }

  /** T = Ṫ = e^((a + b)/2 + c). */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const e = expAny(madd(f64x2.splat(0.5), f64x2.add(a, b), c));
    v128.store(out, e);
    v128.store(out, e, 16);
  }
}
