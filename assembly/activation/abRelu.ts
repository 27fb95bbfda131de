// Two half-lines: σ = αz for z ≤ 0, βz for z > 0. relu, leakyRelu and abs are cases. The slope at 0 is α.
// Parameters: α, β, αβ, s = (α² + β²)/2, p² and q² of p = (α + β)/2 and q = (β − α)/2, 2q²/π, αp, α².
import { angle } from "../simd/trig";
import { constant, madd, sqrtProduct } from "../simd/words";
import { Activation, parameter } from "./activation";

/** The record of relu. */
export const RELU: usize = memory.data<f64>([10.0, 1.0, 0.0, 1.0, 0.0, 0.5, 0.25, 0.25, 0.15915494309189535, 0.0, 0.0]);

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
export class AbRelu extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const record = changetype<usize>(this);
    const slope = v128.bitselect(parameter(record, 1), parameter(record, 0), f64x2.gt(z, f64x2.splat(0)));
    v128.store(s, f64x2.mul(z, slope));
    v128.store(g, f64x2.mul(gain, slope));
  }

  /**
   * With c = ±√(ab) cos t for the angle t to the nearer axis and w = sin t − t cos t (MATH.md §6):
   * T = kc + (2q²/π) √(ab) w and Ṫ = k ± (2q²/π) t, where k = αβ and + on the far side (c < 0), k = s and − on the near
   * one. A variance of 0 is a unit that is 0, whose slope is α.
   */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const record = changetype<usize>(this), zero = f64x2.splat(0), one = f64x2.splat(1);
    const root = sqrtProduct(a, b), live = f64x2.gt(root, zero), inverse = v128.and(f64x2.div(one, root), live);
    const r = f64x2.sqrt(delta), positive = f64x2.abs(c);
    const t = angle(r, positive), u = f64x2.mul(t, t), sine = f64x2.mul(r, inverse), cosine = f64x2.mul(positive, inverse);
    const direct = f64x2.sub(sine, f64x2.mul(t, cosine));
    const w = v128.bitselect(f64x2.mul(f64x2.mul(u, t), gapTail(u)), direct, f64x2.lt(t, one));
    const far = f64x2.lt(c, zero), k = v128.bitselect(parameter(record, 2), parameter(record, 3), far);
    const bend = parameter(record, 6), bent = f64x2.mul(bend, w);
    v128.store(out, v128.and(madd(k, c, f64x2.mul(root, bent)), live));
    const turn = v128.xor(f64x2.mul(bend, t), v128.andnot(f64x2.splat(-0.0), far));
    const still = v128.bitselect(parameter(record, 7), parameter(record, 8), f64x2.gt(f64x2.add(a, b), zero));
    v128.store(out, v128.bitselect(f64x2.add(k, turn), still, live), 16);
    // √(T11 T22) − T12, in which 1 − cos t = sin² t/(1 + cos t).
    const more = f64x2.add(one, cosine), less = f64x2.div(f64x2.mul(sine, sine), more);
    const farGap = madd(parameter(record, 4), more, f64x2.mul(parameter(record, 5), less));
    const nearGap = f64x2.mul(parameter(record, 3), less);
    const gap = f64x2.mul(root, f64x2.sub(v128.bitselect(farGap, nearGap, far), bent));
    v128.store(out, f64x2.max(v128.and(gap, live), zero), 32);
  }
}
