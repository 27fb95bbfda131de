// Exact GELU: z Φ(z), with slope Φ + z φ.
//
//   a = |z|,   t = (a − 4)/(a + 4),   q = Φ(−a) = e^(−a²/2) (1 − t) P(t)
//   value  z − a q  or  −a q,   slope  1 − q + z φ  or  q + z φ
//
// Nothing cancels but near the slope's root at −0.7518. a² is an exact square and a tail. What is small stays raised by
// 2^128 until it is stored, so both tails keep their digits into the subnormals. Coefficients: scripts/coefficients.py.
import { expRaised, lower } from "../simd/exp";
import { INVERSE_TURN, wideAngle } from "../simd/trig";
import { constant, four, half, madd, one } from "../simd/words";
import { Activation } from "./activation";

const TAIL: usize = memory.data<f64>([
  -9.034593650438061e-11, -3.1392161608677077e-10, 2.39711908168769e-10, 2.448465930555771e-09,
  1.6576365412524875e-09, -1.067123919167826e-08, -1.9365891548591587e-08, 3.39726243543125e-08,
  1.276900626613634e-07, -7.871121047616247e-08, -7.400195201843135e-07, 8.958326740388073e-08,
  4.393085083844453e-06, -2.385323715988697e-07, -2.888686676633008e-05, 1.6668039069901737e-05,
  0.00020385230718371832, -0.00043496154592661423, -0.0009425236208399227, 0.007549571861367212,
  -0.02331523224495718, 0.04839217509277682, -0.07598708024648651, 0.09441064130196894,
]);

/** erfc(a/√2)/2 · e^(a²/2)/(1 − t), t = (a − 4)/(a + 4). */
// @ts-ignore: decorator
@inline
function tail(t: v128): v128 {
  let p = madd(constant(TAIL, 0), t, constant(TAIL, 1));
  p = madd(p, t, constant(TAIL, 2));
  p = madd(p, t, constant(TAIL, 3));
  p = madd(p, t, constant(TAIL, 4));
  p = madd(p, t, constant(TAIL, 5));
  p = madd(p, t, constant(TAIL, 6));
  p = madd(p, t, constant(TAIL, 7));
  p = madd(p, t, constant(TAIL, 8));
  p = madd(p, t, constant(TAIL, 9));
  p = madd(p, t, constant(TAIL, 10));
  p = madd(p, t, constant(TAIL, 11));
  p = madd(p, t, constant(TAIL, 12));
  p = madd(p, t, constant(TAIL, 13));
  p = madd(p, t, constant(TAIL, 14));
  p = madd(p, t, constant(TAIL, 15));
  p = madd(p, t, constant(TAIL, 16));
  p = madd(p, t, constant(TAIL, 17));
  p = madd(p, t, constant(TAIL, 18));
  p = madd(p, t, constant(TAIL, 19));
  p = madd(p, t, constant(TAIL, 20));
  p = madd(p, t, constant(TAIL, 21));
  p = madd(p, t, constant(TAIL, 22));
  return madd(p, t, constant(TAIL, 23));
}

/** Where a stops: e^(−39²/2) is 0; 2k of t's k = 4; 1/√(2π). */
const OTHERS: usize = memory.data<f64>([39.0, 8.0, 0.3989422804014327]);

// @ts-ignore: decorator
@final @unmanaged
export class Gelu extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const low = lower();
    const a = f64x2.pmin(f64x2.abs(z), constant(OTHERS, 0));
    const head = v128.and(a, i64x2.splat(-134217728)); // 26 leading bits: head² is exact
    const rest = f64x2.mul(half(), f64x2.mul(f64x2.sub(head, a), f64x2.add(a, head)));
    const e = expRaised(f64x2.neg(f64x2.mul(half(), f64x2.mul(head, head))), rest);
    const inverse = f64x2.div(one(), f64x2.add(a, four()));
    const p = f64x2.mul(f64x2.mul(constant(OTHERS, 1), inverse), tail(f64x2.mul(f64x2.sub(a, four()), inverse)));
    const raised = f64x2.mul(e, p), bell = f64x2.mul(f64x2.mul(a, e), constant(OTHERS, 2));
    const below = f64x2.mul(f64x2.mul(a, raised), low), slope = f64x2.mul(f64x2.sub(raised, bell), low);
    const negative = f64x2.lt(z, f64x2.splat(0));
    v128.store(s, v128.bitselect(f64x2.neg(below), f64x2.sub(z, below), negative));
    v128.store(g, f64x2.mul(gain, v128.bitselect(slope, f64x2.sub(one(), slope), negative)));
  }

  /**
   * T = [cφ + (c² + abD)/((1 + a)(1 + b) r)]/2π, Ṫ = [φ + (c/r)(1/D + (2 + a + b)/((1 + a)(1 + b)))]/2π, D = r² = 1 + a
   * + b + delta.
   */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
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
