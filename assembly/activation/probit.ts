// The logistic function is a scale mixture of probits, σ(x) = Σ p_i Φ(s_i x) (MATH.md §6). The dual activations of
// sigmoid, tanh, softplus and silu are double sums of closed forms over its nodes. A double sum is right at every
// variance, and slow: the series of infinite/probitSeries.ts serve the usual variances. `nodes` holds NODES scales and
// NODES weights.
import { angle, INVERSE_TURN, wideAngle } from "../simd/trig";
import { madd } from "../simd/words";

// @ts-ignore: decorator
@inline export const NODES: i32 = 24;

// @ts-ignore: decorator
@inline
export function node(nodes: usize, i: i32): v128 {
  return v128.load64_splat(nodes + (<usize>i << 3));
}

/**
 * Dual activations of σ(x) (odd = false), or of σ(x) − ½ (odd = true): Σ w φ/2π or Σ w asin/2π, and
 * Σ w s t/√(A B − g²)/2π.
 */
export function logisticDualActivation(odd: bool, nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  const one = f64x2.splat(1), turn = f64x2.splat(INVERSE_TURN), weights = nodes + (<usize>NODES << 3);
  let value = f64x2.splat(0), slope = f64x2.splat(0);
  for (let i = 0; i < NODES; i++) {
    const s = node(nodes, i), s2 = f64x2.mul(s, s), p = node(weights, i), A = madd(s2, a, one);
    for (let j = 0; j < NODES; j++) {
      const t = node(nodes, j), t2 = f64x2.mul(t, t), w = f64x2.mul(p, node(weights, j)), st = f64x2.mul(s, t);
      const root = f64x2.sqrt(f64x2.add(madd(t2, b, A), f64x2.mul(f64x2.mul(s2, t2), delta))), g = f64x2.mul(st, c);
      value = madd(w, odd ? angle(f64x2.abs(g), root) : wideAngle(root, g), value);
      slope = f64x2.add(slope, f64x2.div(f64x2.mul(w, st), root));
    }
  }
  value = f64x2.mul(turn, value);
  v128.store(out, odd ? v128.or(value, v128.and(c, f64x2.splat(-0.0))) : value);
  v128.store(out, f64x2.mul(turn, slope), 16);
}
