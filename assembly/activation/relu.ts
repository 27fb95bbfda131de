// Rectifier: σ = max(z, 0), σ' = 1 for z > 0, and 0 at 0 by convention.
import { Activation } from "./activation";

// @ts-ignore: decorator
@final @unmanaged
export class Relu extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const positive = f64x2.gt(z, f64x2.splat(0));
    v128.store(s, v128.and(z, positive));
    v128.store(g, v128.and(gain, positive));
  }
}
