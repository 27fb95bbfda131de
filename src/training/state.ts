/** What a run of training can go on from: everything that its steps depend on beside θ and the options. */

import { checkFinite, describe } from "../check.js";
import { toVector } from "../lists.js";
import type { NumberList } from "../matrix.js";
import { any, nonNegative, readWithin, size } from "../options.js";
import { isPlainObject } from "../scalars.js";
import type { Rule } from "./descent.js";
import { keptBy, type Optimizer } from "./optimizer.js";

/**
 * Where training stands, plain data. `train(trained.network, X, Y, { …, state: trained.state })` with the same data and
 * options goes on as if it had never stopped, to the bit.
 */
export interface TrainingState {
  optimizer: "descent" | "adam" | "adamW";
  /** Steps that were made. */
  step: number;
  /** θ0, where the first run began: drifts are measured from it, and decay pulls to it. */
  start: Float64Array;
  /** The velocity of momentum, or Adam's first moments; empty without. */
  velocity: Float64Array;
  /** Adam's second moments; empty without. */
  squares: Float64Array;
  /** A loss above this one counts as diverged. */
  limit: number;
  /** With `validation`: the best loss so far, and for how many checks it has not been beaten. */
  best?: { loss: number; step: number; parameters: Float64Array };
  worse: number;
  /** Steps after which `validation` was last looked at; −1 before the first time. */
  validated: number;
}

/** What a caller may give back: {@link TrainingState}, also after JSON. */
export type TrainingStateLike = Omit<TrainingState, "start" | "velocity" | "squares" | "best"> & {
  start: NumberList | Readonly<Record<number, number>>;
  velocity: NumberList | Readonly<Record<number, number>>;
  squares: NumberList | Readonly<Record<number, number>>;
  best?: { loss: number; step: number; parameters: NumberList | Readonly<Record<number, number>> };
};

const STATE = {
  optimizer: any,
  step: size,
  start: any,
  velocity: any,
  squares: any,
  limit: nonNegative,
  best: any,
  worse: size,
  validated: any,
};
const BEST = { loss: any, step: size, parameters: any };
const FROM = "the `state` of what train() gave";

/** A copy of a state, for a network of P weights. @throws TypeError, RangeError */
export function checkState(value: unknown, P: number, optimizer: Optimizer, rule: Rule): TrainingState {
  if (!isPlainObject(value, "state")) throw new TypeError(`state is ${describe(value)}; expected ${FROM}`);
  const given = readWithin(value, "state", FROM, STATE);
  if (given.optimizer !== optimizer.name)
    throw new RangeError(
      `state is of optimizer ${describe(given.optimizer)}, and this run has "${optimizer.name}"; expected the same options as in the run before`,
    );
  const vector = (name: string, list: unknown, length: number) => {
    const data = toVector(list, `state.${name}`, `${length}, as for this network and optimizer`, { length });
    checkFinite({ data, rows: length, cols: 1 }, `state.${name}`);
    return data;
  };
  const kept = keptBy(optimizer, rule);
  const validated = given.validated === -1 ? -1 : size(given.validated, "state.validated");
  return {
    optimizer: optimizer.name,
    step: given.step,
    start: vector("start", given.start, P),
    velocity: vector("velocity", given.velocity, kept.velocity ? P : 0),
    squares: vector("squares", given.squares, kept.squares ? P : 0),
    limit: given.limit,
    worse: given.worse,
    validated,
    ...(given.best !== undefined && { best: bestOf(given.best, (list) => vector("best.parameters", list, P)) }),
  };
}

function bestOf(value: unknown, vector: (list: unknown) => Float64Array): NonNullable<TrainingState["best"]> {
  const { loss, step, parameters } = readWithin(value, "state.best", FROM, BEST);
  if (typeof loss !== "number" || Number.isNaN(loss))
    throw new TypeError(`state.best.loss is ${describe(loss)}; expected a number`);
  return { loss, step, parameters: vector(parameters) };
}
