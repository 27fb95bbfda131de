// Rectifier: σ = max(z, 0), σ' = 1 for z > 0, and 0 at 0 by convention. A mask is faster than abRelu's two slopes.
import { AbRelu, RELU } from "./abRelu";
import { Activation, Float32Activation } from "./activation";

// @ts-ignore: decorator
@final @unmanaged
export class Relu extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const zero = f64x2.splat(0), positive = f64x2.gt(z, zero);
    // What is no number stays none.
    v128.store(s, v128.andnot(z, f64x2.le(z, zero)));
    v128.store(g, v128.and(gain, positive));
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    changetype<AbRelu>(RELU).pair(nodes, a, b, c, delta, out);
  }
}

// @ts-ignore: decorator
@final @unmanaged
export class Relu4 extends Float32Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const zero = f32x4.splat(0), positive = f32x4.gt(z, zero);
    v128.store(s, v128.andnot(z, f32x4.le(z, zero)));
    v128.store(g, v128.and(gain, positive));
  }
}
