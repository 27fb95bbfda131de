// Exact GELU, z Φ(z): with a = |z| and q = Φ(−a) = e^(−a²/2) (1 − t) P(t), t = (a − 4)/(a + 4), it is z − a q or −a q, its slope
// 1 − q + z φ or q + z φ: no cancellation but near the slope's root at −0.7518. a² is an exact square and a tail, and what is small stays
// raised by 2^128 until it is stored, so both tails keep their digits into the subnormals. Coefficients: scripts/coefficients.py.
import { expRaised, LOWER } from "../math";
import { madd } from "../simd";
import { Activation } from "./activation";

/** erfc(a/√2)/2 · e^(a²/2)/(1 − t), t = (a − 4)/(a + 4). */
// @ts-ignore: decorator
@inline
function tail(t: v128): v128 {
  let p = madd(f64x2.splat(-9.034593650438061e-11), t, f64x2.splat(-3.1392161608677077e-10));
  p = madd(p, t, f64x2.splat(2.39711908168769e-10));
  p = madd(p, t, f64x2.splat(2.448465930555771e-09));
  p = madd(p, t, f64x2.splat(1.6576365412524875e-09));
  p = madd(p, t, f64x2.splat(-1.067123919167826e-08));
  p = madd(p, t, f64x2.splat(-1.9365891548591587e-08));
  p = madd(p, t, f64x2.splat(3.39726243543125e-08));
  p = madd(p, t, f64x2.splat(1.276900626613634e-07));
  p = madd(p, t, f64x2.splat(-7.871121047616247e-08));
  p = madd(p, t, f64x2.splat(-7.400195201843135e-07));
  p = madd(p, t, f64x2.splat(8.958326740388073e-08));
  p = madd(p, t, f64x2.splat(4.393085083844453e-06));
  p = madd(p, t, f64x2.splat(-2.385323715988697e-07));
  p = madd(p, t, f64x2.splat(-2.888686676633008e-05));
  p = madd(p, t, f64x2.splat(1.6668039069901737e-05));
  p = madd(p, t, f64x2.splat(0.00020385230718371832));
  p = madd(p, t, f64x2.splat(-0.00043496154592661423));
  p = madd(p, t, f64x2.splat(-0.0009425236208399227));
  p = madd(p, t, f64x2.splat(0.007549571861367212));
  p = madd(p, t, f64x2.splat(-0.02331523224495718));
  p = madd(p, t, f64x2.splat(0.04839217509277682));
  p = madd(p, t, f64x2.splat(-0.07598708024648651));
  return madd(p, t, f64x2.splat(0.09441064130196894));
}

// @ts-ignore: decorator
@final @unmanaged
export class Gelu extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const four = f64x2.splat(4), half = f64x2.splat(0.5), lower = f64x2.splat(LOWER);
    const a = f64x2.min(f64x2.abs(z), f64x2.splat(39)); // e^(−39²/2) is 0
    const head = v128.and(a, i64x2.splat(-134217728)); // 26 leading bits: head² is exact
    const rest = f64x2.mul(half, f64x2.mul(f64x2.sub(head, a), f64x2.add(a, head)));
    const e = expRaised(f64x2.neg(f64x2.mul(half, f64x2.mul(head, head))), rest);
    const inverse = f64x2.div(f64x2.splat(1), f64x2.add(a, four));
    const p = f64x2.mul(f64x2.mul(f64x2.splat(8), inverse), tail(f64x2.mul(f64x2.sub(a, four), inverse)));
    const raised = f64x2.mul(e, p), bell = f64x2.mul(f64x2.mul(a, e), f64x2.splat(0.3989422804014327));
    const below = f64x2.mul(f64x2.mul(a, raised), lower), slope = f64x2.mul(f64x2.sub(raised, bell), lower);
    const negative = f64x2.lt(z, f64x2.splat(0));
    v128.store(s, v128.bitselect(f64x2.neg(below), f64x2.sub(z, below), negative));
    v128.store(g, f64x2.mul(gain, v128.bitselect(slope, f64x2.sub(f64x2.splat(1), slope), negative)));
  }
}
