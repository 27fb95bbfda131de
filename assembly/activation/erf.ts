// Error function: erf z = z P(z²) up to |z| = 1, 1 − exp(−z²) R((z−2)/(z+2)) up to 6, ±1 beyond (erfc(6) < ε/8);
// derivative 2/√π exp(−z²), with z² as an exact square and a tail, or its error would grow like z²ε.
// Coefficients: scripts/coefficients.py.
import { expTail } from "../simd/exp";
import { constant4, exp4, NUMBERS } from "../simd/exp4";
import { angle } from "../simd/trig";
import { constant, madd, multiplyAdd, one, signBit, two } from "../simd/words";
import { Activation, Float32Activation } from "./activation";

const SMALL: usize = memory.data<f64>([
  5.957176147748911e-11, -1.1372848856791674e-09, 1.4659775274047436e-08, -1.6350312701054695e-07,
  1.6461000484121368e-06, -1.4925595266831182e-05, 0.0001205533111164271, -0.000854832698083379,
  0.0052239776248180145, -0.026866170645076792, 0.11283791670954879, -0.3761263890318375, 1.1283791670955126,
]);

// @ts-ignore: decorator
@inline
function small(u: v128): v128 {
  let p = madd(constant(SMALL, 0), u, constant(SMALL, 1));
  p = madd(p, u, constant(SMALL, 2));
  p = madd(p, u, constant(SMALL, 3));
  p = madd(p, u, constant(SMALL, 4));
  p = madd(p, u, constant(SMALL, 5));
  p = madd(p, u, constant(SMALL, 6));
  p = madd(p, u, constant(SMALL, 7));
  p = madd(p, u, constant(SMALL, 8));
  p = madd(p, u, constant(SMALL, 9));
  p = madd(p, u, constant(SMALL, 10));
  p = madd(p, u, constant(SMALL, 11));
  return madd(p, u, constant(SMALL, 12));
}

const LARGE: usize = memory.data<f64>([
  3.917059299925389e-06, 1.820143195975009e-06, -1.4067532694582058e-05, -2.7647305443610053e-05,
  2.754312818566672e-05, 0.00017436697232946864, 4.3554202452705896e-05, -0.0009819773208131022,
  -0.0008471431980760424, 0.006997461747753573, 0.00373289240349224, -0.07897858101585253, 0.24165819424246987,
  -0.4271858474139579, 0.25539567631050575,
]);

// @ts-ignore: decorator
@inline
function large(t: v128): v128 {
  let p = madd(constant(LARGE, 0), t, constant(LARGE, 1));
  p = madd(p, t, constant(LARGE, 2));
  p = madd(p, t, constant(LARGE, 3));
  p = madd(p, t, constant(LARGE, 4));
  p = madd(p, t, constant(LARGE, 5));
  p = madd(p, t, constant(LARGE, 6));
  p = madd(p, t, constant(LARGE, 7));
  p = madd(p, t, constant(LARGE, 8));
  p = madd(p, t, constant(LARGE, 9));
  p = madd(p, t, constant(LARGE, 10));
  p = madd(p, t, constant(LARGE, 11));
  p = madd(p, t, constant(LARGE, 12));
  p = madd(p, t, constant(LARGE, 13));
  return madd(p, t, constant(LARGE, 14));
}

/** Where a² is 900 and e^−a² long 0; where erfc is below ε/8; 2/√π. */
const OTHERS: usize = memory.data<f64>([30.0, 6.0, 1.1283791670955126]);

// @ts-ignore: decorator
@final @unmanaged
export class Erf extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const a = f64x2.pmin(f64x2.abs(z), constant(OTHERS, 0));
    const head = v128.and(a, i64x2.splat(-134217728)); // 26 leading bits: head² is exact
    const tail = f64x2.mul(f64x2.sub(head, a), f64x2.add(a, head));
    const e = expTail(f64x2.neg(f64x2.mul(head, head)), tail);
    const x = f64x2.pmin(a, constant(OTHERS, 1));
    const t = f64x2.div(f64x2.sub(x, two()), f64x2.add(x, two()));
    const outer = f64x2.sub(one(), f64x2.mul(e, large(t)));
    const inner = f64x2.mul(a, small(f64x2.mul(a, a)));
    const value = v128.bitselect(inner, outer, f64x2.lt(a, one()));
    v128.store(s, v128.bitselect(z, value, signBit()));
    v128.store(g, f64x2.mul(gain, f64x2.mul(constant(OTHERS, 2), e)));
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const two = f64x2.splat(2), sum = madd(two, f64x2.add(a, b), f64x2.splat(1));
    const root = f64x2.sqrt(madd(f64x2.splat(4), delta, sum));
    const t = angle(f64x2.mul(two, f64x2.abs(c)), root);
    const value = f64x2.mul(f64x2.splat(0.6366197723675814), t);
    v128.store(out, v128.or(value, v128.and(c, f64x2.splat(-0.0))));
    v128.store(out, f64x2.div(f64x2.splat(1.2732395447351628), root), 16);
  }
}

/** erf z = z P(z²) for |z| ≤ 1, error 5.5e-8. */
const SMALL4: usize = memory.data<f32>([
  1.1283791065216064, -0.37612342834472656, 0.11280316859483719, -0.026715055108070374, 0.004921761807054281, -0.0005648059886880219,
]);
/** erfc z = e^(−z²) R(t), t = (z − 2)/(z + 2), for 1 ≤ z ≤ 4, error 1.5e-8 beside erf z. */
const LARGE4: usize = memory.data<f32>([
  0.25539565086364746, -0.42718589305877686, 0.24166402220726013, -0.07897195219993591, 0.003592670662328601, 0.0068373666144907475,
]);
/** Where a² is beyond any exponent; where erfc is below ε/8; 2/√π. */
const OTHERS4: usize = memory.data<f32>([12.0, 4.0, 1.1283791670955126]);

/** Both polynomials of erf have six terms. */
// @ts-ignore: decorator
@inline
function sixTerms(table: usize, x: v128): v128 {
  let p = multiplyAdd<f32>(constant4(table, 5), x, constant4(table, 4));
  p = multiplyAdd<f32>(p, x, constant4(table, 3));
  p = multiplyAdd<f32>(p, x, constant4(table, 2));
  p = multiplyAdd<f32>(p, x, constant4(table, 1));
  return multiplyAdd<f32>(p, x, constant4(table, 0));
}

// @ts-ignore: decorator
@final @unmanaged
export class Erf4 extends Float32Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const one = constant4(NUMBERS, 0), two = constant4(NUMBERS, 1);
    const a = f32x4.pmin(f32x4.abs(z), constant4(OTHERS4, 0));
    const head = v128.and(a, i32x4.splat(-4096)); // 12 leading bits: head² is exact
    const e = exp4(f32x4.neg(f32x4.mul(head, head)), f32x4.mul(f32x4.sub(head, a), f32x4.add(a, head)));
    const x = f32x4.pmin(a, constant4(OTHERS4, 1)), t = f32x4.div(f32x4.sub(x, two), f32x4.add(x, two));
    const outer = f32x4.sub(one, f32x4.mul(e, sixTerms(LARGE4, t))), inner = f32x4.mul(a, sixTerms(SMALL4, f32x4.mul(a, a)));
    v128.store(s, v128.bitselect(z, v128.bitselect(inner, outer, f32x4.lt(a, one)), constant4(NUMBERS, 3)));
    v128.store(g, f32x4.mul(gain, f32x4.mul(constant4(OTHERS4, 2), e)));
  }
}
