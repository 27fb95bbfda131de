// Sigmoid, tanh, softplus and silu: the logistic function is a scale mixture of probits, σ(x) = Σ p_i Φ(s_i x), so their duals are double
// sums of closed forms over the nodes (MATH.md §6). Right at every variance, and slow: the series of series.ts serves the usual ones.
// `nodes` holds NODES scales and NODES weights.
import { madd } from "../simd/words";
import { angle } from "../simd/trig";
import { DualGelu, DualRelu, INVERSE_TURN, wideAngle } from "./closedForms";

// @ts-ignore: decorator
@inline export const NODES: i32 = 24;

// @ts-ignore: decorator
@inline
function node(nodes: usize, i: i32): v128 {
  return v128.load64_splat(nodes + (<usize>i << 3));
}

/** Duals of σ(x) (odd = false), or of σ(x) − ½ (odd = true): Σ w φ/2π or Σ w asin/2π, and Σ w s t/√(A B − g²)/2π. */
export function sigmoidMixture(odd: bool, nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
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

/** tanh x = 2σ(2x) − 1. */
export function tanhMixture(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  const four = f64x2.splat(4);
  sigmoidMixture(true, nodes, f64x2.mul(four, a), f64x2.mul(four, b), f64x2.mul(four, c), f64x2.mul(f64x2.splat(16), delta), out);
  v128.store(out, f64x2.mul(four, v128.load(out)));
  v128.store(out, f64x2.mul(f64x2.splat(16), v128.load(out, 16)), 16);
}

/** Σ w · relu's T at (a + s⁻², c, b + t⁻²); the slope is the sigmoid's T. */
export function softplusMixture(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  const one = f64x2.splat(1), weights = nodes + (<usize>NODES << 3), relu = changetype<DualRelu>(0);
  sigmoidMixture(false, nodes, a, b, c, delta, out);
  const slope = v128.load(out);
  let value = f64x2.splat(0);
  for (let i = 0; i < NODES; i++) {
    const s = node(nodes, i), x = f64x2.div(one, f64x2.mul(s, s)), p = node(weights, i), ax = f64x2.add(a, x);
    for (let j = 0; j < NODES; j++) {
      const t = node(nodes, j), y = f64x2.div(one, f64x2.mul(t, t));
      const rest = f64x2.add(f64x2.add(delta, f64x2.mul(b, x)), f64x2.mul(ax, y));
      relu.pair(ax, f64x2.add(b, y), c, rest, out);
      value = madd(f64x2.mul(p, node(weights, j)), v128.load(out), value);
    }
  }
  v128.store(out, value);
  v128.store(out, slope, 16);
}

/** silu = Σ p_i gelu(s_i x)/s_i. */
export function siluMixture(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  const weights = nodes + (<usize>NODES << 3), gelu = changetype<DualGelu>(0);
  let value = f64x2.splat(0), slope = f64x2.splat(0);
  for (let i = 0; i < NODES; i++) {
    const s = node(nodes, i), s2 = f64x2.mul(s, s), p = node(weights, i);
    for (let j = 0; j < NODES; j++) {
      const t = node(nodes, j), t2 = f64x2.mul(t, t), w = f64x2.mul(p, node(weights, j)), st = f64x2.mul(s, t);
      gelu.pair(f64x2.mul(s2, a), f64x2.mul(t2, b), f64x2.mul(st, c), f64x2.mul(f64x2.mul(s2, t2), delta), out);
      value = madd(f64x2.div(w, st), v128.load(out), value);
      slope = madd(w, v128.load(out, 16), slope);
    }
  }
  v128.store(out, value);
  v128.store(out, slope, 16);
}
