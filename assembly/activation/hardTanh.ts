// z cut off at ±1; its slope is 1 between, and 0 at ±1 and beyond. Parameters: a rule on [0, 1], of
// src/model/quadrature.ts.
//
// σ'' is δ(z + 1) − δ(z − 1), so that dṪ/dc is an exponential in c (Price). With x = 1/√a, y = 1/√b and
// v = tan(ω/2), ω the angle from parallel (MATH.md §6):
//
//   e(v) = exp(−((x−y)²(1+v²)²/8v² + xy(1+v²)/2)) (1 − exp(−(xy(1+v²)/2)(1−v²)/v²)) · 2/(π(1+v²))
//   Ṫ = erf(x/√2) erf(y/√2) + ∫ e dv from v1 = √delta/(√(ab) + |c|) to 1
//   |T| = |c| erf(x/√2) erf(y/√2) + √(ab) ∫ e(v) 2(v² − v1²)/((1+v1²)(1+v²)) dv
//
// Nothing cancels. e has layers at |x−y|/√8 and (x+y)/√8: the integral is cut there.
import { expm1Negative, expNegative } from "../simd/exp";
import { half, madd, one, sqrtProduct } from "../simd/words";
import { Activation, parameter } from "./activation";
import { Erf } from "./erf";

// @ts-ignore: decorator
@final @unmanaged
export class HardTanh extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    v128.store(s, f64x2.pmax(f64x2.pmin(z, one()), f64x2.neg(one())));
    v128.store(g, v128.and(gain, f64x2.lt(f64x2.abs(z), one())));
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    hardTanhDual(changetype<usize>(this), a, b, c, delta, out);
  }
}

function erf(z: v128, out: usize): v128 {
  changetype<Erf>(0).apply(z, z, out, out + 16);
  return v128.load(out);
}

/** exp(−…) of all pairs: no inlining, for the rule calls it. */
function exponential(x: v128): v128 {
  return expNegative(x);
}

function hardTanhDual(record: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  // A variance of 0 is like a small one: no unit reaches ±1.
  const least = f64x2.splat(1e-280), zero = f64x2.splat(0), eighth = f64x2.splat(0.3535533905932738);
  a = f64x2.pmax(a, least);
  b = f64x2.pmax(b, least);
  const x = f64x2.div(one(), f64x2.sqrt(a)), y = f64x2.div(one(), f64x2.sqrt(b)), xy = f64x2.mul(x, y), size = f64x2.abs(c);
  // Rounding must not take a right angle beyond 1: the exponents would change sign.
  const root = sqrtProduct(a, b), v1 = f64x2.pmin(f64x2.div(f64x2.sqrt(delta), f64x2.add(root, size)), one());
  const near = f64x2.mul(eighth, f64x2.abs(f64x2.sub(x, y))), far = f64x2.mul(eighth, f64x2.add(x, y)), layer = f64x2.mul(near, near);
  const low = f64x2.pmin(f64x2.pmax(near, v1), one()), high = f64x2.pmin(f64x2.pmax(far, v1), one());
  let slope = zero, value = zero, from = v1;
  for (let piece = 0; piece < 3; piece++) {
    const to = piece == 0 ? low : piece == 1 ? high : one(), length = f64x2.sub(to, from);
    let sum = zero, weighted = zero;
    for (let n = <usize>load<f64>(record, 16), k: usize = 1; k <= n; k++) {
      const step = f64x2.mul(length, parameter(record, k)), v = f64x2.pmax(f64x2.add(from, step), f64x2.splat(1e-150));
      const v2 = f64x2.mul(v, v), o = f64x2.add(one(), v2), bend = f64x2.mul(half(), f64x2.mul(xy, o));
      const outer = exponential(f64x2.neg(madd(layer, f64x2.div(f64x2.mul(o, o), v2), bend)));
      const ratio = f64x2.div(f64x2.mul(f64x2.sub(one(), v), f64x2.add(one(), v)), v2);
      const inner = expm1Negative(f64x2.neg(f64x2.mul(bend, ratio)));
      const e = f64x2.div(f64x2.mul(parameter(record, n + k), f64x2.mul(outer, inner)), o);
      sum = f64x2.add(sum, e);
      weighted = madd(f64x2.div(e, o), f64x2.mul(f64x2.add(f64x2.sub(from, v1), step), f64x2.add(v, v1)), weighted);
    }
    // e is −(π/2) of what it stands for.
    const factor = f64x2.mul(f64x2.splat(-0.6366197723675814), length);
    slope = madd(factor, sum, slope);
    value = madd(factor, weighted, value);
    from = to;
  }
  const scale = f64x2.splat(0.7071067811865476), both = f64x2.mul(erf(f64x2.mul(scale, x), out), erf(f64x2.mul(scale, y), out));
  const rest = f64x2.div(f64x2.mul(f64x2.add(root, root), value), madd(v1, v1, one()));
  v128.store(out, v128.or(madd(size, both, rest), v128.and(c, f64x2.splat(-0.0))));
  v128.store(out, f64x2.add(both, slope), 16);
}
