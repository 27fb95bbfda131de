// Dual activations in closed form (MATH.md §6): for (u, v) ~ N(0, [[a, c], [c, b]]) and delta = ab − c², T = E[σ(u)σ(v)] and
// Ṫ = E[σ'(u)σ'(v)], two pairs at a time. Sources: Williams 1997 (erf), Cho & Saul 2009 (relu). Angles are taken to the nearer side of π/2,
// and differences from delta, so that near-parallel and antipodal inputs keep their digits.
import { expNegative } from "../simd/exp";
import { constant, madd } from "../simd/words";
import { angle } from "../simd/trig";

/** 1/2π. */
// @ts-ignore: decorator
@inline export const INVERSE_TURN: f64 = 0.15915494309189535;

// @ts-ignore: decorator
@unmanaged
export abstract class Dual {
  /** Stores T at out and Ṫ at out + 16; relu also √(T11 T22) − T12 at out + 32. */
  abstract pair(a: v128, b: v128, c: v128, delta: v128, out: usize): void;
}

/** The angle of (−c, r): φ in [0, π], from the nearer side. */
// @ts-ignore: decorator
@inline
export function wideAngle(r: v128, c: v128): v128 {
  const t = angle(r, f64x2.abs(c));
  const far = f64x2.add(f64x2.sub(f64x2.splat(3.141592653589793), t), f64x2.splat(1.2246467991473532e-16));
  return v128.bitselect(t, far, f64x2.lt(c, f64x2.splat(0)));
}

// @ts-ignore: decorator
@inline
export function sqrtProduct(a: v128, b: v128): v128 {
  return f64x2.mul(f64x2.sqrt(a), f64x2.sqrt(b));
}

// @ts-ignore: decorator
@final @unmanaged
export class DualIdentity extends Dual {
  // @ts-ignore: decorator
  @inline
  pair(a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    v128.store(out, c);
    v128.store(out, f64x2.splat(1), 16);
  }
}

// @ts-ignore: decorator
@final @unmanaged
export class DualErf extends Dual {
  // @ts-ignore: decorator
  @inline
  pair(a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const two = f64x2.splat(2), sum = madd(two, f64x2.add(a, b), f64x2.splat(1));
    const root = f64x2.sqrt(madd(f64x2.splat(4), delta, sum));
    const t = angle(f64x2.mul(two, f64x2.abs(c)), root);
    const value = f64x2.mul(f64x2.splat(0.6366197723675814), t);
    v128.store(out, v128.or(value, v128.and(c, f64x2.splat(-0.0))));
    v128.store(out, f64x2.div(f64x2.splat(1.2732395447351628), root), 16);
  }
}

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

/**
 * With c = √(ab) cos t and w = sin t − t cos t for the angle t to the nearer axis: T = √(ab) w/2π and Ṫ = t/2π on the far side,
 * T = (√delta + (π − t) c)/2π and Ṫ = (π − t)/2π on the near one. A variance of 0 is a unit that is 0: relu'(0) = 0.
 */
// @ts-ignore: decorator
@final @unmanaged
export class DualRelu extends Dual {
  // @ts-ignore: decorator
  @inline
  pair(a: v128, b: v128, c: v128, delta: v128, out: usize): void {
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

/** T = [cφ + (c² + abD)/((1 + a)(1 + b) r)]/2π, Ṫ = [φ + (c/r)(1/D + (2 + a + b)/((1 + a)(1 + b)))]/2π, D = r² = 1 + a + b + delta. */
// @ts-ignore: decorator
@final @unmanaged
export class DualGelu extends Dual {
  // @ts-ignore: decorator
  @inline
  pair(a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const one = f64x2.splat(1), turn = f64x2.splat(INVERSE_TURN);
    const a1 = f64x2.add(one, a), b1 = f64x2.add(one, b);
    const D = f64x2.add(f64x2.add(a1, b), delta), r = f64x2.sqrt(D), phi = wideAngle(r, c);
    const inverse = f64x2.div(one, f64x2.mul(a1, b1)), over = f64x2.div(one, r);
    const squares = madd(c, c, f64x2.mul(f64x2.mul(a, b), D));
    v128.store(out, f64x2.mul(turn, madd(c, phi, f64x2.mul(squares, f64x2.mul(inverse, over)))));
    const slope = madd(over, over, f64x2.mul(f64x2.add(a1, b1), inverse));
    v128.store(out, f64x2.mul(turn, madd(f64x2.mul(c, over), slope, phi)), 16);
  }
}

const SINH_TAIL: usize = memory.data<f64>([
  1.6116496514371548e-10, 2.505194670972162e-08, 2.755731943362024e-06, 0.00019841269841146993, 0.00833333333333336,
  0.16666666666666666,
]);

/** (sinh c − c)/c³ for u = c² ≤ 1/4. */
// @ts-ignore: decorator
@inline
function sinhTail(u: v128): v128 {
  let p = madd(constant(SINH_TAIL, 0), u, constant(SINH_TAIL, 1));
  p = madd(p, u, constant(SINH_TAIL, 2));
  p = madd(p, u, constant(SINH_TAIL, 3));
  p = madd(p, u, constant(SINH_TAIL, 4));
  return madd(p, u, constant(SINH_TAIL, 5));
}

/** e^(|c| − (a+b)/2) and e^(−|c| − (a+b)/2): the first exponent from (√a − √b)²/2 + delta/(√(ab) + |c|), which does not cancel. */
// @ts-ignore: decorator
@final @unmanaged
export class DualSin extends Dual {
  // @ts-ignore: decorator
  @inline
  pair(a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const half = f64x2.splat(0.5), zero = f64x2.splat(0), positive = f64x2.abs(c);
    const difference = f64x2.sub(f64x2.sqrt(a), f64x2.sqrt(b)), sum = f64x2.add(sqrtProduct(a, b), positive);
    const ratio = v128.bitselect(f64x2.div(delta, sum), zero, f64x2.gt(sum, zero));
    const up = expNegative(f64x2.neg(madd(half, f64x2.mul(difference, difference), ratio)));
    const mean = f64x2.mul(half, f64x2.add(a, b));
    const down = expNegative(f64x2.neg(f64x2.add(mean, positive)));
    const u = f64x2.mul(c, c), small = f64x2.mul(expNegative(f64x2.neg(mean)), madd(f64x2.mul(positive, u), sinhTail(u), positive));
    const value = v128.bitselect(small, f64x2.mul(half, f64x2.sub(up, down)), f64x2.lt(positive, half));
    v128.store(out, v128.or(value, v128.and(c, f64x2.splat(-0.0))));
    v128.store(out, f64x2.mul(half, f64x2.add(up, down)), 16);
  }
}
