// Heaviside's step: 1 for z > 0, else 0. Its slope is 0 everywhere by convention: it has an NNGP kernel only.
import { INVERSE_TURN, wideAngle } from "../simd/trig";
import { one, sqrtProduct } from "../simd/words";
import { Activation } from "./activation";

// @ts-ignore: decorator
@final @unmanaged
export class Step extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    // What is no number stays none.
    v128.store(s, v128.bitselect(z, v128.and(one(), f64x2.gt(z, f64x2.splat(0))), f64x2.ne(z, z)));
    v128.store(g, f64x2.splat(0));
  }

  /** T = ¼ + asin(ρ)/2π, the angle of (−c, √delta) over 2π. A variance of 0 is a unit that is 0. */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const zero = f64x2.splat(0), turn = f64x2.splat(INVERSE_TURN), live = f64x2.gt(sqrtProduct(a, b), zero);
    v128.store(out, v128.and(f64x2.mul(turn, wideAngle(f64x2.sqrt(delta), c)), live));
    v128.store(out, zero, 16);
  }
}
