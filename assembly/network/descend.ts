// A step of an optimizer on P weights: see src/ops.ts for the contract.
import { OptimizerCode } from "../../src/codes";
import { madd, nmadd } from "../simd/words";
import { Rule } from "./rule";

export function descend(P: i32, k: i32, gradient: usize, theta: usize, rule: usize): i32 {
  step(P, k, gradient, theta, changetype<Rule>(rule));
  return 0;
}

/** Step k of the rule's rates. */
export function step(P: i32, k: i32, gradient: usize, theta: usize, r: Rule): void {
  if (r.optimizer != OptimizerCode.descent) {
    adamStep(k, gradient, theta, r);
    return;
  }
  const rate = load<f64>(<usize>r.rates + (<usize>k << 3));
  if (r.momentum != 0) momentumStep(P, rate, gradient, theta, r);
  else plainStep(P, rate, r.decay, gradient, theta, <usize>r.anchor);
}

/** theta −= rate (g + decay (theta − anchor)). */
function plainStep(P: i32, rate: f64, decay: f64, g: usize, theta: usize, anchor: usize): void {
  const vr = f64x2.splat(rate), vd = f64x2.splat(decay), bytes = <usize>P << 3;
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) {
    const x = v128.load(theta + o), slope = madd(vd, f64x2.sub(x, v128.load(anchor + o)), v128.load(g + o));
    v128.store(theta + o, nmadd(vr, slope, x));
  }
  if (o < bytes) {
    const x = load<f64>(theta + o);
    store<f64>(theta + o, x - rate * (load<f64>(g + o) + decay * (x - load<f64>(anchor + o))));
  }
}

/** The same with v ← momentum v + g, and v, or (nesterov) g + momentum v, for g. */
function momentumStep(P: i32, rate: f64, g: usize, theta: usize, r: Rule): void {
  const momentum = r.momentum, nesterov = r.nesterov != 0, decay = r.decay, anchor = <usize>r.anchor, velocity = <usize>r.velocity;
  for (let o: usize = 0, bytes = <usize>P << 3; o < bytes; o += 8) {
    const x = load<f64>(theta + o), slope = load<f64>(g + o) + decay * (x - load<f64>(anchor + o));
    const v = momentum * load<f64>(velocity + o) + slope;
    store<f64>(velocity + o, v);
    store<f64>(theta + o, x - rate * (nesterov ? slope + momentum * v : v));
  }
}

/** Adam, block by block, each at its own rate. No step is fused: the last weight has the bits of the others. */
function adamStep(k: i32, gradient: usize, theta: usize, r: Rule): void {
  const rate = load<f64>(<usize>r.rates + (<usize>k << 3)), corrections = <usize>r.corrections + (<usize>k << 4);
  let o: usize = 0;
  for (let b: usize = 0, blocks = <usize>r.blockCount; b < blocks; b++) {
    const block = <usize>r.blocks + (b << 4), end = o + (<usize>load<f64>(block) << 3);
    const factor = f64x2.splat(rate * load<f64>(block, 8));
    const first = v128.load64_splat(corrections), second = v128.load64_splat(corrections, 8);
    for (; o + 16 <= end; o += 16) {
      const x = v128.load(theta + o), m = <usize>r.velocity + o, v = <usize>r.squares + o;
      const gone = f64x2.sub(x, v128.load(<usize>r.anchor + o));
      const slope = slopeOf(r, v128.load(gradient + o), gone);
      const mean = meanOf(r.momentum, v128.load(m), slope), square = meanOf(r.beta2, v128.load(v), f64x2.mul(slope, slope));
      v128.store(m, mean);
      v128.store(v, square);
      v128.store(theta + o, moved(r, x, gone, factor, f64x2.mul(mean, first), f64x2.mul(square, second)));
    }
    if (o < end) {
      const x = v128.load64_zero(theta + o), m = <usize>r.velocity + o, v = <usize>r.squares + o;
      const gone = f64x2.sub(x, v128.load64_zero(<usize>r.anchor + o));
      const slope = slopeOf(r, v128.load64_zero(gradient + o), gone);
      const mean = meanOf(r.momentum, v128.load64_zero(m), slope);
      const square = meanOf(r.beta2, v128.load64_zero(v), f64x2.mul(slope, slope));
      v128.store64_lane(m, mean, 0);
      v128.store64_lane(v, square, 0);
      v128.store64_lane(theta + o, moved(r, x, gone, factor, f64x2.mul(mean, first), f64x2.mul(square, second)), 0);
      o += 8;
    }
  }
}

/** The gradient, with Adam's decay in it. */
// @ts-ignore: decorator
@inline
function slopeOf(r: Rule, gradient: v128, gone: v128): v128 {
  if (r.optimizer == OptimizerCode.adamW) return gradient;
  return f64x2.add(gradient, f64x2.mul(f64x2.splat(r.decay), gone));
}

/** beta a + (1 − beta) b. */
// @ts-ignore: decorator
@inline
function meanOf(beta: f64, a: v128, b: v128): v128 {
  return f64x2.add(f64x2.mul(f64x2.splat(beta), a), f64x2.mul(f64x2.splat(1 - beta), b));
}

/** x − factor (m/(√v + ε) [+ decay (x − anchor)]). */
// @ts-ignore: decorator
@inline
function moved(r: Rule, x: v128, gone: v128, factor: v128, m: v128, v: v128): v128 {
  let direction = f64x2.div(m, f64x2.add(f64x2.sqrt(v), f64x2.splat(r.epsilon)));
  if (r.optimizer == OptimizerCode.adamW) direction = f64x2.add(direction, f64x2.mul(f64x2.splat(r.decay), gone));
  return f64x2.sub(x, f64x2.mul(factor, direction));
}
