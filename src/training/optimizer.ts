/** The rule by which training moves the weights: its options, and what its steps need beside the rate. */

import { OptimizerCode } from "../ops.js";
import { type Check, choice, list, nonNegative, optional, or, positive, type Schema } from "../options.js";
import type { Rule } from "./descent.js";

/** How the real network's weights move. Descent has the options of {@link DescentOptions}. */
export interface OptimizerOptions {
  /**
   * - `descent` (default): with momentum and Nesterov on request.
   * - `adam`: Kingma & Ba 2015; weight decay is part of the gradient.
   * - `adamW`: Loshchilov & Hutter 2019; weight decay is a step of its own, η κ (θ − anchor).
   */
  optimizer?: "descent" | "adam" | "adamW";
  /** β1 and β2 of Adam, in [0, 1). Default [0.9, 0.999]. */
  betas?: readonly number[];
  /** ε of Adam, > 0. Default 1e-8. */
  epsilon?: number;
  /**
   * Where weight decay pulls the weights: to θ0 (`start`, the default, which the first-order model follows), or to 0
   * (`zero`), as in most training of networks.
   */
  decayTo?: "start" | "zero";
}

/** A number in [0, 1). */
const beta: Check<number> = (value, name) => {
  const number = nonNegative(value, name);
  if (number >= 1) throw new RangeError(`${name} is ${number}; expected a number in [0, 1)`);
  return number;
};

const betas: Check<number[]> = (value, name) => {
  const pair = list(beta, "β1 and β2, [0.9, 0.999] say")(value, name);
  if (pair.length !== 2) throw new RangeError(`${name} has ${pair.length} numbers; expected β1 and β2`);
  return pair;
};

/** The schema of {@link OptimizerOptions}. */
export const OPTIMIZER = {
  optimizer: or(choice(["descent", "adam", "adamW"]), "descent"),
  betas: optional(betas),
  epsilon: optional(positive),
  decayTo: or(choice(["start", "zero"]), "start"),
} satisfies Schema<OptimizerOptions>;

type Checked = { [Key in keyof typeof OPTIMIZER]: ReturnType<(typeof OPTIMIZER)[Key]> };

/** A checked optimizer. */
export interface Optimizer {
  name: keyof typeof OptimizerCode;
  code: OptimizerCode;
  beta1: number;
  beta2: number;
  epsilon: number;
  decayTo: "start" | "zero";
}

/** @throws RangeError where options contradict each other. */
export function optimizerOf({ optimizer, betas, epsilon, decayTo }: Checked, rule: Rule): Optimizer {
  const adam = optimizer !== "descent";
  if (adam && (rule.momentum > 0 || rule.nesterov))
    throw new RangeError(
      `momentum or nesterov is given with optimizer "${optimizer}"; expected betas, its own moments`,
    );
  if (!adam && (betas || epsilon !== undefined))
    throw new RangeError('betas or epsilon is given with optimizer "descent"; expected optimizer "adam" or "adamW"');
  const [beta1, beta2] = betas ?? [0.9, 0.999];
  return { name: optimizer, code: OptimizerCode[optimizer], beta1, beta2, epsilon: epsilon ?? 1e-8, decayTo };
}

/** What the optimizer keeps from step to step, in vectors like θ. */
export function keptBy({ code }: Optimizer, { momentum }: Rule): { velocity: boolean; squares: boolean } {
  const adam = code !== OptimizerCode.descent;
  return { velocity: adam || momentum > 0, squares: adam };
}

/** 1/(1 − β1^t) and 1/(1 − β2^t) for the steps t of Adam, from 1 on, at [from, from + count). */
export function corrections({ beta1, beta2 }: Optimizer, from: number, count: number): Float64Array {
  const result = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    result[2 * k] = 1 / (1 - power(beta1, from + k + 1));
    result[2 * k + 1] = 1 / (1 - power(beta2, from + k + 1));
  }
  return result;
}

/** x^k by squaring: the same bits in every engine, which Math.pow does not promise. */
function power(x: number, k: number): number {
  if (k === 0) return 1;
  const half = power(x * x, Math.floor(k / 2));
  return k % 2 === 1 ? x * half : half;
}
