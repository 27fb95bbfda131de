// Error function: erf z = z P(z²) up to |z| = 1, 1 − exp(−z²) R((z−2)/(z+2)) up to 6, ±1 beyond (erfc(6) < ε/8);
// derivative 2/√π exp(−z²), with z² as an exact square and a tail, or its error would grow like z²ε.
// Coefficients: scripts/coefficients.py.
import { expTail } from "../math";
import { madd } from "../simd";
import { Activation } from "./activation";

// @ts-ignore: decorator
@inline
function small(u: v128): v128 {
  let p = madd(f64x2.splat(5.957176147748911e-11), u, f64x2.splat(-1.1372848856791674e-09));
  p = madd(p, u, f64x2.splat(1.4659775274047436e-08));
  p = madd(p, u, f64x2.splat(-1.6350312701054695e-07));
  p = madd(p, u, f64x2.splat(1.6461000484121368e-06));
  p = madd(p, u, f64x2.splat(-1.4925595266831182e-05));
  p = madd(p, u, f64x2.splat(0.0001205533111164271));
  p = madd(p, u, f64x2.splat(-0.000854832698083379));
  p = madd(p, u, f64x2.splat(0.0052239776248180145));
  p = madd(p, u, f64x2.splat(-0.026866170645076792));
  p = madd(p, u, f64x2.splat(0.11283791670954879));
  p = madd(p, u, f64x2.splat(-0.3761263890318375));
  return madd(p, u, f64x2.splat(1.1283791670955126));
}

// @ts-ignore: decorator
@inline
function large(t: v128): v128 {
  let p = madd(f64x2.splat(3.917059299925389e-06), t, f64x2.splat(1.820143195975009e-06));
  p = madd(p, t, f64x2.splat(-1.4067532694582058e-05));
  p = madd(p, t, f64x2.splat(-2.7647305443610053e-05));
  p = madd(p, t, f64x2.splat(2.754312818566672e-05));
  p = madd(p, t, f64x2.splat(0.00017436697232946864));
  p = madd(p, t, f64x2.splat(4.3554202452705896e-05));
  p = madd(p, t, f64x2.splat(-0.0009819773208131022));
  p = madd(p, t, f64x2.splat(-0.0008471431980760424));
  p = madd(p, t, f64x2.splat(0.006997461747753573));
  p = madd(p, t, f64x2.splat(0.00373289240349224));
  p = madd(p, t, f64x2.splat(-0.07897858101585253));
  p = madd(p, t, f64x2.splat(0.24165819424246987));
  p = madd(p, t, f64x2.splat(-0.4271858474139579));
  return madd(p, t, f64x2.splat(0.25539567631050575));
}

// @ts-ignore: decorator
@final @unmanaged
export class Erf extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const one = f64x2.splat(1), two = f64x2.splat(2);
    const a = f64x2.min(f64x2.abs(z), f64x2.splat(30));
    const head = v128.and(a, i64x2.splat(-134217728)); // 26 leading bits: head² is exact
    const tail = f64x2.mul(f64x2.sub(head, a), f64x2.add(a, head));
    const e = expTail(f64x2.neg(f64x2.mul(head, head)), tail);
    const x = f64x2.min(a, f64x2.splat(6));
    const t = f64x2.div(f64x2.sub(x, two), f64x2.add(x, two));
    const outer = f64x2.sub(one, f64x2.mul(e, large(t)));
    const inner = f64x2.mul(a, small(f64x2.mul(a, a)));
    const value = v128.bitselect(inner, outer, f64x2.lt(a, one));
    v128.store(s, v128.bitselect(z, value, f64x2.splat(-0.0)));
    v128.store(g, f64x2.mul(gain, f64x2.mul(f64x2.splat(1.1283791670955126), e)));
  }
}
