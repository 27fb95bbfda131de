// Rectifier: σ = max(z, 0), σ' = 1 for z > 0, and 0 at 0 by convention.
import { angle, INVERSE_TURN } from "../simd/trig";
import { constant, madd, sqrtProduct } from "../simd/words";
import { Activation, Float32Activation } from "./activation";

const GAP_TAIL: usize = memory.data<f64>([
  -4.4395134340839854e-14, 1.0705075399218444e-11, -1.9270844541424362e-09, 2.505210834766897e-07,
  -2.2045855379092596e-05, 0.0011904761904761784, -0.03333333333333333, 0.3333333333333333,
]);

/** (sin t − t cos t)/t³ for u = t² ≤ 1. */
// @ts-ignore: decorator
@inline
function gapTail(u: v128): v128 {
  let p = madd(constant(GAP_TAIL, 0), u, constant(GAP_TAIL, 1));
  p = madd(p, u, constant(GAP_TAIL, 2));
  p = madd(p, u, constant(GAP_TAIL, 3));
  p = madd(p, u, constant(GAP_TAIL, 4));
  p = madd(p, u, constant(GAP_TAIL, 5));
  p = madd(p, u, constant(GAP_TAIL, 6));
  return madd(p, u, constant(GAP_TAIL, 7));
}

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

  /**
   * With c = √(ab) cos t and w = sin t − t cos t for the angle t to the nearer axis: T = √(ab) w/2π and Ṫ = t/2π on the
   * far side, T = (√delta + (π − t) c)/2π and Ṫ = (π − t)/2π on the near one. A variance of 0 is a unit that is 0:
   * relu'(0) = 0.
   */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const zero = f64x2.splat(0), one = f64x2.splat(1), turn = f64x2.splat(INVERSE_TURN), half = f64x2.splat(0.5);
    const root = sqrtProduct(a, b), live = f64x2.gt(root, zero);
    const inverse = v128.and(f64x2.div(one, root), live);
    const r = f64x2.sqrt(delta), positive = f64x2.abs(c);
    const t = angle(r, positive), u = f64x2.mul(t, t);
    const sine = f64x2.mul(r, inverse), cosine = f64x2.mul(positive, inverse);
    const direct = f64x2.sub(sine, f64x2.mul(t, cosine));
    const w = v128.bitselect(f64x2.mul(f64x2.mul(u, t), gapTail(u)), direct, f64x2.lt(t, one));
    const far = f64x2.lt(c, zero);
    const wide = f64x2.add(f64x2.sub(f64x2.splat(3.141592653589793), t), f64x2.splat(1.2246467991473532e-16));
    const phi = v128.bitselect(t, wide, far);
    const below = f64x2.mul(f64x2.mul(root, w), turn), near = f64x2.mul(madd(phi, c, r), turn);
    v128.store(out, v128.and(v128.bitselect(below, near, far), live));
    v128.store(out, v128.and(f64x2.mul(phi, turn), live), 16);
    // √(T11 T22) − T12 = √(ab) (1 − κ)/2: κ = w/π far, 1 − κ = 1 − cos t − w/π near, 1 − cos t = sin² t/(1 + cos t).
    const nearGap = f64x2.sub(f64x2.div(f64x2.mul(sine, sine), f64x2.add(one, cosine)), f64x2.mul(f64x2.splat(2 * INVERSE_TURN), w));
    const farGap = f64x2.sub(one, f64x2.mul(f64x2.splat(2 * INVERSE_TURN), w));
    const gap = f64x2.mul(f64x2.mul(half, root), v128.bitselect(farGap, nearGap, far));
    v128.store(out, f64x2.max(v128.and(gap, live), zero), 32);
  }
}

// @ts-ignore: decorator
@final @unmanaged
export class Relu4 extends Float32Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const positive = f32x4.gt(z, f32x4.splat(0));
    v128.store(s, v128.and(z, positive));
    v128.store(g, v128.and(gain, positive));
  }
}
