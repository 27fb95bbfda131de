/** Discrete steps in dual weights: α ← α − ηv, v ← μv + ∇L(f) + κα, Nesterov's likewise (MATH.md §4). */
import type { Batches } from "./batches.js";
import type { Rule } from "./descent.js";
import type { Slopes } from "./slopes.js";

/** Where descent is before step t. */
export interface DescentState {
  readonly t: number;
  readonly alpha: Float64Array;
  /** v; not there without momentum. */
  readonly velocity: Float64Array | undefined;
}

export function descentStart(rule: Rule, length: number): DescentState {
  return { t: 0, alpha: new Float64Array(length), velocity: rule.momentum > 0 ? new Float64Array(length) : undefined };
}

/**
 * The state after steps `from.t` … `to` − 1. A result whose t is earlier is the one at which an output was not finite.
 * `live` is called after each step: a loss of one's own may have disposed of the model.
 */
export function descendTo(
  slopes: Slopes,
  { rule, batches, outputs }: { rule: Rule; batches: Batches | undefined; outputs: number },
  from: DescentState,
  to: number,
  live: () => void,
): DescentState {
  const [alpha, velocity] = [from.alpha.slice(), from.velocity?.slice()];
  const g = new Float64Array(alpha.length);
  const places = new Int32Array(batches ? batches.size * outputs : 0);
  for (let t = from.t; t < to; t++) {
    slopes.alpha.entries().set(alpha);
    const rows = batches?.at(t);
    const at = rows && places.subarray(0, rows.length * outputs);
    if (!(rows && at ? slopes.some(rows, g, at) : slopes.all(g))) return { t, alpha, velocity };
    live();
    move(rule, rule.schedule ? rule.schedule[t] : rule.rate, { alpha, velocity, g }, at);
    if (at) for (const place of at) g[place] = 0;
  }
  return { t: to, alpha, velocity };
}

interface Vectors {
  alpha: Float64Array;
  velocity: Float64Array | undefined;
  g: Float64Array;
}

/** One step. Slopes are 0 but at the places `at`, where they are given. */
function move(rule: Rule, rate: number, { alpha, velocity, g }: Vectors, at: Int32Array | undefined): void {
  const { momentum, nesterov, decay } = rule;
  if (velocity) {
    for (let i = 0; i < alpha.length; i++) {
      const slope = g[i] + decay * alpha[i];
      velocity[i] = momentum * velocity[i] + slope;
      alpha[i] -= rate * (nesterov ? slope + momentum * velocity[i] : velocity[i]);
    }
  } else if (at && decay === 0) {
    for (const place of at) alpha[place] -= rate * g[place];
  } else {
    for (let i = 0; i < alpha.length; i++) alpha[i] -= rate * (g[i] + decay * alpha[i]);
  }
}
