// Identity: the linear network, whose kernel is known in closed form at any width.
import { Activation, Float32Activation } from "./activation";

// @ts-ignore: decorator
@final @unmanaged
export class Identity extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    v128.store(s, z);
    v128.store(g, gain);
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    v128.store(out, c);
    v128.store(out, f64x2.splat(1), 16);
  }
}

// @ts-ignore: decorator
@final @unmanaged
export class Identity4 extends Float32Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    v128.store(s, z);
    v128.store(g, gain);
  }
}
