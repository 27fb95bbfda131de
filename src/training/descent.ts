/**
 * Gradient descent on a quadratic, one eigenmode at a time (MATH.md §4). ψ(t) describes a mode with eigenvalue λ: the
 * weights' part along the mode is ψ times the mode's coefficient of y − f0. λψ runs from 0 (start) to λ/(λ + nκ) (end
 * of training).
 */
import { checkNonNegative, describe } from "../check.js";
import { toVector } from "../lists.js";
import type { NumberList } from "../matrix.js";
import { zeros } from "../memory.js";
import {
  type Check,
  choice,
  flag,
  isList,
  list,
  MOST_ENTRIES,
  nonNegative,
  or,
  positive,
  type Schema,
} from "../options.js";

/** How weights move: θ ← θ − η v. Shared by `dynamics`, `train`, `compare` and `sweep`. */
export interface DescentOptions {
  /** η > 0, or one rate ≥ 0 for each step. */
  learningRate: number | NumberList;
  /** μ in [0, 1): v ← μv + g. Default 0. */
  momentum?: number;
  /** Step along g + μv instead of v. Default false. */
  nesterov?: boolean;
  /** κ ≥ 0 of the penalty (κ/2)‖θ − θ0‖². Default 0. */
  weightDecay?: number;
}

/** A rate η > 0, or a copy of a schedule. */
export const learningRate: Check<number | Float64Array> = (value, name) => {
  if (isList(value)) return schedule(value, name);
  if (typeof value !== "number")
    throw new TypeError(`${name} is ${describe(value)}; expected a number or a list of one per step`);
  return positive(value, name);
};

function schedule(value: unknown, name: string): Float64Array {
  const rates = toVector(value, name, "one rate for each step");
  if (rates.length === 0) throw new RangeError(`${name} is empty; expected one rate for each step`);
  for (let k = 0; k < rates.length; k++) {
    if (!(rates[k] >= 0 && rates[k] < Infinity)) checkNonNegative(rates[k], `${name}[${k}]`);
  }
  return rates;
}

const momentum: Check<number> = (value, name) => {
  checkNonNegative(value, name);
  if (value >= 1) throw new RangeError(`${name} is ${value}; expected a number in [0, 1)`);
  return value;
};

/** The schema of {@link DescentOptions}. */
export const DESCENT = {
  learningRate,
  momentum: or(momentum, 0),
  nesterov: or(flag, false),
  weightDecay: or(nonNegative, 0),
} satisfies Schema<DescentOptions>;

/** Time in steps, or continuous time. */
export const descentKind = choice(["descent", "flow"]);

/** Checked {@link DescentOptions}. */
type Descent = { [Key in keyof typeof DESCENT]: ReturnType<(typeof DESCENT)[Key]> };

/** A checked rule. */
export interface Rule {
  /** Discrete steps, or gradient flow in continuous time. */
  kind: "descent" | "flow";
  /** The constant rate, or the largest rate of the schedule. */
  rate: number;
  schedule: Float64Array | undefined;
  momentum: number;
  nesterov: boolean;
  decay: number;
}

/** The rule of checked options. @throws RangeError */
export function ruleOf({ learningRate, momentum, nesterov, weightDecay }: Descent, kind: "descent" | "flow"): Rule {
  const schedule = typeof learningRate === "number" ? undefined : learningRate;
  const rate = typeof learningRate === "number" ? learningRate : learningRate.reduce((top, x) => Math.max(top, x), 0);
  if (kind === "flow" && (momentum > 0 || schedule)) {
    throw new RangeError('gradient flow has no momentum and no schedule; expected kind "descent" with them');
  }
  return { kind, rate, schedule, momentum, nesterov, decay: weightDecay };
}

/** Descent is stable iff 0 < η(λ + nκ)/n < this, for every mode. */
function stabilityBound({ momentum, nesterov }: Pick<Rule, "momentum" | "nesterov">): number {
  return (2 * (1 + momentum)) / (nesterov ? 1 + 2 * momentum : 1);
}

/** Largest stable rate of descent, momentum included, for eigenvalues up to λ_max. Infinity where nothing moves. */
export function maxLearningRate(rule: Rule, n: number, largest: number): number {
  return (stabilityBound(rule) * n) / (largest + n * rule.decay);
}

/**
 * @throws TypeError, RangeError unless `t` is a time of the rule: an integer number of steps (within the schedule) or
 *   Infinity for descent, a real number ≥ 0 or Infinity for flow.
 */
export function checkTime(rule: Rule, t: unknown): asserts t is number {
  if (typeof t !== "number") throw new TypeError(`t is ${describe(t)}; expected a number`);
  const whole = rule.kind === "flow" || Number.isSafeInteger(t) || t === Infinity;
  if (!(t >= 0) || !whole) {
    throw new RangeError(
      `t is ${t}; expected ${rule.kind === "flow" ? "a time" : "an integer number of steps"} ≥ 0, or Infinity`,
    );
  }
  if (rule.schedule && t > rule.schedule.length) {
    throw new RangeError(`t is ${t}; expected at most ${rule.schedule.length}, the length of the schedule`);
  }
}

/**
 * A time, or a list of times, for a rule.
 *
 * @throws TypeError, RangeError
 */
export function timesOf(rule: Rule, t: unknown): number[] {
  const time: Check<number> = (value) => {
    checkTime(rule, value);
    return value;
  };
  return isList(t) ? list(time, "a list of times", MOST_ENTRIES, 0)(t, "t") : [time(t, "t")];
}

/**
 * ψ at each of `times` for a mode with λ + nκ = b > 0, where n is the number of targets. ψ is infinite where descent
 * blows up, and at t = Infinity where it has no limit.
 */
export function responses(rule: Rule, b: number, n: number, times: readonly number[]): Float64Array {
  if (rule.schedule) return scheduled(rule, rule.schedule, b, n, times);
  const a = (rule.rate * b) / n;
  return Float64Array.from(times, (t) => progress(rule, a, t) / b);
}

/** bψ(t), from 0 to 1. */
function progress(rule: Rule, a: number, t: number): number {
  if (t === 0) return 0;
  if (rule.kind === "flow") return -Math.expm1(-a * t);
  if (t === Infinity) return a < stabilityBound(rule) ? 1 : Infinity;
  if (rule.momentum === 0) return covered(a, t);
  return accelerated(rule, a, t);
}

/** 1 − (1 − s)^k without cancellation. */
function covered(s: number, k: number): number {
  return s < 1 ? -Math.expm1(k * Math.log1p(-s)) : 1 - (1 - s) ** k;
}

/** Up to this many steps, powers of a step lose less than 1000 ε, and the closed form below would cancel. */
const FEW_STEPS = 1000;

/**
 * Momentum: x_k = bψ_k follows a linear recursion with roots 1 − s1 and 1 − s2, s1 s2 = a. Slow modes (s1 ≪ s2) use the
 * closed form, whose first term carries the answer. The other modes settle within 1/(1 − √μ) steps; they use powers of
 * the step.
 */
function accelerated({ momentum, nesterov }: Rule, a: number, k: number): number {
  const sum = 1 - momentum + a * (nesterov ? 1 + momentum : 1);
  const discriminant = sum * sum - 4 * a;
  if (k > FEW_STEPS && discriminant > 0 && sum > 0) {
    const root = Math.sqrt(discriminant);
    const s1 = (2 * a) / (sum + root);
    const s2 = (sum + root) / 2;
    if (s1 < s2 / 4) {
      const first = a * (nesterov ? 1 + momentum : 1);
      return ((s2 - first) * covered(s1, k) - (s1 - first) * covered(s2, k)) / root;
    }
  }
  return power(affineStep(momentum, nesterov, a), k)[4];
}

/** (x, w) ↦ [p q; r s](x, w) + (u, v), as [p, q, r, s, u, v]. w is η times the velocity, scaled like x. */
type Affine = [number, number, number, number, number, number];

function affineStep(momentum: number, nesterov: boolean, a: number): Affine {
  const pull = nesterov ? a * (1 + momentum) : a;
  return [1 - pull, nesterov ? -momentum * momentum : -momentum, a, momentum, pull, -a];
}

/** g ∘ f. */
function compose(g: Affine, f: Affine): Affine {
  return [
    g[0] * f[0] + g[1] * f[2],
    g[0] * f[1] + g[1] * f[3],
    g[2] * f[0] + g[3] * f[2],
    g[2] * f[1] + g[3] * f[3],
    g[0] * f[4] + g[1] * f[5] + g[4],
    g[2] * f[4] + g[3] * f[5] + g[5],
  ];
}

/** The k-th power of a step, k ≥ 1, by squaring. */
function power(step: Affine, k: number): Affine {
  if (k === 1) return step;
  const half = power(step, Math.floor(k / 2));
  const square = compose(half, half);
  return k % 2 === 1 ? compose(step, square) : square;
}

/** Rates that change: one pass over the steps records ψ at the given times. */
function scheduled(rule: Rule, schedule: Float64Array, b: number, n: number, times: readonly number[]): Float64Array {
  const { momentum, nesterov } = rule;
  const last = times.reduce((top, t) => Math.max(top, t), 0);
  const path = zeros(last + 1);
  let velocity = 0;
  for (let k = 0; k < last; k++) {
    const gradient = (b * path[k] - 1) / n;
    velocity = momentum * velocity + gradient;
    path[k + 1] = path[k] - schedule[k] * (nesterov ? gradient + momentum * velocity : velocity);
  }
  return Float64Array.from(times, (t) => path[t]);
}
