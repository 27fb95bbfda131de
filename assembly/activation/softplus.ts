// Softplus: log(1 + e^z) = max(z, 0) + log1p(e), e = e^(−|z|). Its slope is the sigmoid.
// log1p(e) = s P(s²) with s = e/(2 + e): nothing cancels, and in the lower tail it is e itself.
// Coefficients: scripts/coefficients.py.
import { expNegative } from "../simd/exp";
import { constant, madd, one, signBit, two } from "../simd/words";
import { Activation } from "./activation";
import { logisticDualActivation, node, NODES } from "./probit";
import { Relu } from "./relu";

const LOGARITHM: usize = memory.data<f64>([
  0.17780763826113302, 0.09880789048764786, 0.13591305485579894, 0.15363676248891633, 0.1818285980047391,
  0.22222190861346283, 0.2857142911165716, 0.399999999952876, 0.6666666666668257, 2.0,
]);

/** 2 atanh(s)/s for u = s² ≤ 1/9. */
// @ts-ignore: decorator
@inline
export function logarithm(u: v128): v128 {
  let p = madd(constant(LOGARITHM, 0), u, constant(LOGARITHM, 1));
  p = madd(p, u, constant(LOGARITHM, 2));
  p = madd(p, u, constant(LOGARITHM, 3));
  p = madd(p, u, constant(LOGARITHM, 4));
  p = madd(p, u, constant(LOGARITHM, 5));
  p = madd(p, u, constant(LOGARITHM, 6));
  p = madd(p, u, constant(LOGARITHM, 7));
  p = madd(p, u, constant(LOGARITHM, 8));
  return madd(p, u, constant(LOGARITHM, 9));
}

/** Σ w · relu's T at (a + s⁻², c, b + t⁻²); the slope is the sigmoid's T. */
function softplusDualActivation(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  const one = f64x2.splat(1), weights = nodes + (<usize>NODES << 3), relu = changetype<Relu>(0);
  logisticDualActivation(false, nodes, a, b, c, delta, out);
  const slope = v128.load(out);
  let value = f64x2.splat(0);
  for (let i = 0; i < NODES; i++) {
    const s = node(nodes, i), x = f64x2.div(one, f64x2.mul(s, s)), p = node(weights, i), ax = f64x2.add(a, x);
    for (let j = 0; j < NODES; j++) {
      const t = node(nodes, j), y = f64x2.div(one, f64x2.mul(t, t));
      const rest = f64x2.add(f64x2.add(delta, f64x2.mul(b, x)), f64x2.mul(ax, y));
      relu.pair(0, ax, f64x2.add(b, y), c, rest, out);
      value = madd(f64x2.mul(p, node(weights, j)), v128.load(out), value);
    }
  }
  v128.store(out, value);
  v128.store(out, slope, 16);
}

// @ts-ignore: decorator
@final @unmanaged
export class Softplus extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const zero = f64x2.splat(0);
    const e = expNegative(v128.or(z, signBit()));
    const inverse = f64x2.div(one(), f64x2.add(two(), e)), r = f64x2.mul(e, inverse);
    // e (P/(2 + e)), not (e/(2 + e)) P: half of the least subnormal would be 0.
    const value = f64x2.mul(e, f64x2.mul(inverse, logarithm(f64x2.mul(r, r))));
    v128.store(s, f64x2.add(f64x2.pmax(z, zero), value));
    const q = f64x2.div(one(), f64x2.add(one(), e));
    v128.store(g, f64x2.mul(gain, v128.bitselect(f64x2.mul(e, q), q, f64x2.lt(z, zero))));
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    softplusDualActivation(nodes, a, b, c, delta, out);
  }
}
