/** Descent on the JavaScript backend, by its own features and vjp: contract in src/ops.ts. */
import { LossCode, type Ops, OptimizerCode, RULE } from "../../ops.js";
import { dot } from "./level2.js";
import { entry } from "./loss.js";
import type { Memory } from "./memory.js";

type Features = Pick<Ops, "dfeatures" | "dfeaturesScratchBytes" | "dvjp">;
type TrainOps = Pick<Ops, "ddescend" | "dtrain" | "dtrainScratchBytes">;
type Rule = Record<(typeof RULE)[number], number>;

/** Rows whose features are made at a time: they stay in L2. */
const ROWS = 32;

export function trainOps(memory: Memory, { dfeatures, dfeaturesScratchBytes, dvjp }: Features): TrainOps {
  return {
    ddescend(P, k, gradient, theta, rule) {
      const h = memory.f64;
      step(h, P, k, gradient >>> 3, theta >>> 3, ruleAt(h, rule));
      return 0;
    },
    dtrain(
      activation, steps, n, m, d, alpha1, beta1, alpha2, beta2, bias, ta, tb, tc, td, x, y, theta, losses, limit, rule, work,
    ) {
      const h = memory.f64;
      const r = ruleAt(h, rule);
      const P = m * (d + 1) + (bias ? m + 1 : 0);
      const gradient = work;
      const gain = gradient + P * 8;
      const v = gain + m * 8;
      const s = v + ROWS * 8;
      const g = s + ROWS * m * 8;
      const rest = g + ROWS * m * 8;
      const first = bias ? 8 : 0;
      const [b, gb] = [theta + first, gradient + first];
      const [c, gc] = [b + m * 8, gb + m * 8];
      const [bd, gd] = bias ? [c + m * d * 8, gc + m * d * 8] : [0, 0];
      let order = r.order;
      for (let k = 0; k < steps; k++) {
        let [size, xk, yk] = [n, x, y];
        if (r.sizes > 0) {
          const ints = new Int32Array(h.buffer);
          size = ints[(r.sizes >>> 2) + k];
          [xk, yk] = [r.room, r.room + 8 * size * d];
          gather(h, ints.subarray(order >>> 2, (order >>> 2) + size), d, x, xk);
          gather(h, ints.subarray(order >>> 2, (order >>> 2) + size), 1, y, yk);
          order += 4 * size;
        }
        h.fill(0, gradient >>> 3, (gradient >>> 3) + P);
        for (let j = 0; j < m; j++) h[(gain >>> 3) + j] = alpha2 * h[(b >>> 3) + j];
        let value = 0;
        let total = 0;
        for (let i = 0; i < size; i += ROWS) {
          const rows = Math.min(ROWS, size - i);
          dfeatures(activation, 0, rows, m, d, alpha1, xk + i * d * 8, d, c, d, beta1, bd, gain, s, m, g, m, rest);
          for (let row = 0; row < rows; row++) {
            const f = (bias ? beta2 * h[theta >>> 3] : 0) + dot(h, m, (s >>> 3) + row * m, gain >>> 3);
            const [slope, target] = [(v >>> 3) + row, (yk >>> 3) + i + row];
            h[slope] = f;
            if (r.loss === LossCode.squared) {
              const difference = f - h[target];
              value += 0.5 * (difference * difference);
              h[slope] = difference / size;
            } else value += entry(r.loss, h, 1 / size, slope, target);
            total += h[slope];
          }
          dvjp(0, m, rows, d, tb, tc, td, v, xk + i * d * 8, d, s, m, g, m, gb, gc, gd);
        }
        if (bias) h[gradient >>> 3] = ta * total;
        const loss = value / size;
        h[(losses >>> 3) + k] = loss;
        if (!(loss <= limit) || loss <= r.until) return k + 1;
        step(h, P, k, gradient >>> 3, theta >>> 3, r);
      }
      return 0;
    },
    dtrainScratchBytes: (_n, m, d) => 8 * (m * (d + 2) + 1 + m + ROWS + 2 * ROWS * m) + dfeaturesScratchBytes(ROWS, m, d),
  };
}

function ruleAt(h: Float64Array, rule: number): Rule {
  return Object.fromEntries(RULE.map((name, i) => [name, h[(rule >>> 3) + i]])) as Rule;
}

/** Rows of X, d numbers each. */
function gather(h: Float64Array, rows: Int32Array, d: number, x: number, to: number): void {
  for (let i = 0; i < rows.length; i++) {
    const from = (x >>> 3) + rows[i] * d;
    h.copyWithin((to >>> 3) + i * d, from, from + d);
  }
}

/** Step k of a rule. */
function step(h: Float64Array, P: number, k: number, g: number, at: number, r: Rule): void {
  if (r.optimizer === OptimizerCode.descent) plainStep(h, P, k, g, at, r);
  else adamStep(h, k, g, at, r);
}

function plainStep(h: Float64Array, P: number, k: number, g: number, at: number, r: Rule): void {
  const { momentum, nesterov, decay } = r;
  const [at0, va] = [r.anchor >>> 3, r.velocity >>> 3];
  const rate = h[(r.rates >>> 3) + k];
  for (let p = 0; p < P; p++) {
    const x = h[at + p];
    const slope = h[g + p] + decay * (x - h[at0 + p]);
    let direction = slope;
    if (momentum !== 0) {
      const v = momentum * h[va + p] + slope;
      h[va + p] = v;
      direction = nesterov ? slope + momentum * v : v;
    }
    h[at + p] = x - rate * direction;
  }
}

function adamStep(h: Float64Array, k: number, g: number, at: number, r: Rule): void {
  const [at0, ma, sa, blocks] = [r.anchor >>> 3, r.velocity >>> 3, r.squares >>> 3, r.blocks >>> 3];
  const rate = h[(r.rates >>> 3) + k];
  const [c1, c2] = [h[(r.corrections >>> 3) + 2 * k], h[(r.corrections >>> 3) + 2 * k + 1]];
  const apart = r.optimizer === OptimizerCode.adamW;
  let p = 0;
  for (let block = 0; block < r.blockCount; block++) {
    const end = p + h[blocks + 2 * block];
    const factor = rate * h[blocks + 2 * block + 1];
    for (; p < end; p++) {
      const x = h[at + p];
      const gone = r.decay * (x - h[at0 + p]);
      const slope = apart ? h[g + p] : h[g + p] + gone;
      h[ma + p] = r.momentum * h[ma + p] + (1 - r.momentum) * slope;
      h[sa + p] = r.beta2 * h[sa + p] + (1 - r.beta2) * (slope * slope);
      const direction = (h[ma + p] * c1) / (Math.sqrt(h[sa + p] * c2) + r.epsilon);
      h[at + p] = x - factor * (apart ? direction + gone : direction);
    }
  }
}
