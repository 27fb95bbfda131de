// SiLU (swish): z σ(z), with slope σ (1 + z (1 − σ)), σ the sigmoid.
// With e = e^(−|z|) and q = 1/(1 + e) the sigmoid is q for z ≥ 0 and e q below, and 1 − σ is the other of the two.
// e stays raised by 2^128 until the product is stored. Near the slope's root, −1.278, errors are a few ε, not ulp.
import { expRaised, lower } from "../simd/exp";
import { constant, madd, one } from "../simd/words";
import { Activation } from "./activation";
import { Gelu } from "./gelu";
import { node, NODES } from "./probit";

/** 760 e^−760 is 0. */
const LOWEST: usize = memory.data<f64>([-760.0]);

/** silu = Σ p_i gelu(s_i x)/s_i. */
function siluDualActivation(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  const weights = nodes + (<usize>NODES << 3), gelu = changetype<Gelu>(0);
  let value = f64x2.splat(0), slope = f64x2.splat(0);
  for (let i = 0; i < NODES; i++) {
    const s = node(nodes, i), s2 = f64x2.mul(s, s), p = node(weights, i);
    for (let j = 0; j < NODES; j++) {
      const t = node(nodes, j), t2 = f64x2.mul(t, t), w = f64x2.mul(p, node(weights, j)), st = f64x2.mul(s, t);
      gelu.pair(0, f64x2.mul(s2, a), f64x2.mul(t2, b), f64x2.mul(st, c), f64x2.mul(f64x2.mul(s2, t2), delta), out);
      value = madd(f64x2.div(w, st), v128.load(out), value);
      slope = madd(w, v128.load(out, 16), slope);
    }
  }
  v128.store(out, value);
  v128.store(out, slope, 16);
}

// @ts-ignore: decorator
@final @unmanaged
export class Silu extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const zero = f64x2.splat(0), lowered = lower();
    const low = f64x2.pmax(f64x2.neg(f64x2.abs(z)), constant(LOWEST, 0));
    const raised = expRaised(low, zero), e = f64x2.mul(raised, lowered);
    const q = f64x2.div(one(), f64x2.add(one(), e)), small = f64x2.mul(raised, q);
    const negative = f64x2.lt(z, zero);
    v128.store(s, v128.bitselect(f64x2.mul(f64x2.mul(low, small), lowered), f64x2.mul(z, q), negative));
    const falling = f64x2.mul(f64x2.mul(small, madd(low, q, one())), lowered);
    const rising = f64x2.mul(q, f64x2.sub(one(), f64x2.mul(f64x2.mul(low, small), lowered)));
    v128.store(g, f64x2.mul(gain, v128.bitselect(falling, rising, negative)));
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    siluDualActivation(nodes, a, b, c, delta, out);
  }
}
