/** The request of a training run, checked before any work. */

import { describe, toMatrix } from "../check.js";
import { copied, type Matrix, type MatrixLike } from "../matrix.js";
import { type Network, ownNetwork, validateNetwork, withParameters } from "../model/network.js";
import { rateOf } from "../model/networkLayers.js";
import { any, count, optional, readWithin } from "../options.js";
import { isPlainObject } from "../scalars.js";
import type { Signal } from "../signal.js";
import { type Rule, ruleOf } from "./descent.js";
import { type CheckedLoss, targetsOf } from "./loss.js";
import { type Optimizer, optimizerOf } from "./optimizer.js";
import { checkState, type TrainingState } from "./state.js";
import type { Checked, Measured, Progress, Recorded } from "./trainOptions.js";

/** Inputs with their targets, N×C. */
export interface Points {
  X: Matrix;
  Y: Matrix;
}

/** Checked input of a training run: copies. */
export interface Run extends Points {
  /** The network at the first step of this call. */
  net: Network;
  /** The network that drifts are measured from: with `state` the one of the first run. */
  start: Network;
  loss: CheckedLoss;
  rule: Rule;
  optimizer: Optimizer;
  batches: { size: number; seed: number } | undefined;
  steps: number;
  recordAt: number[];
  record: readonly Measured[];
  test: Points | undefined;
  untilLoss: number | undefined;
  validation: (Points & { every: number; patience: number }) | undefined;
  state: TrainingState | undefined;
  onRecord: ((recorded: Recorded) => void) | undefined;
  onProgress: ((progress: Progress) => void) | undefined;
  signal: Signal | undefined;
}

/** What of a run does not depend on the network and the data. */
export type Plan = Omit<Run, "net" | "start" | "X" | "Y" | "test" | "validation" | "state">;

/** @throws TypeError, RangeError */
export function checkRun(value: Network, Xlike: MatrixLike, Ylike: MatrixLike, options: Checked): Run {
  const net = ownNetwork(validateNetwork(value));
  const plan = checkSteps(options);
  const { loss, optimizer, rule, batches, steps } = plan;
  const points = pointsOf(net, loss, Xlike, Ylike, ["X", "Y"]);
  if (optimizer.decayTo === "zero" && rule.decay > 0 && net.blocks.some(({ name }) => rateOf(net)(name) !== 1)) {
    throw new RangeError(
      'decayTo is "zero", but the network has rates other than 1; expected rates of 1, or decayTo "start"',
    );
  }
  const { Xtest, Ytest } = options;
  if ((Xtest === undefined) !== (Ytest === undefined))
    throw new RangeError(`${Xtest === undefined ? "Ytest" : "Xtest"} is given alone; expected Xtest and Ytest`);
  const test =
    Xtest === undefined ? undefined : pointsOf(net, loss, Xtest as MatrixLike, Ytest as MatrixLike, ["Xtest", "Ytest"]);
  const validation = validationOf(net, options, plan, points.X.rows);
  const state =
    options.state === undefined ? undefined : checkState(options.state, net.parameters.length, optimizer, rule);
  if (state && state.step > steps)
    throw new RangeError(
      `steps is ${steps}, and the state has made ${state.step}; expected at least as many: steps counts them all`,
    );
  if (state?.best && !validation)
    throw new RangeError("state has a validation loss; expected the validation and patience of the run before");
  if (options.record.includes("accuracy")) for (const { Y } of test ? [points, test] : [points]) checkClasses(Y, loss);
  if (options.record.includes("sharpness") && loss.own)
    throw new RangeError(
      "record names sharpness, which needs a loss whose curvature is known; expected one of the named losses",
    );
  return {
    net,
    start: state ? withParameters(net, state.start) : net,
    ...points,
    ...plan,
    recordAt: state ? plan.recordAt.filter((step) => step >= state.step) : plan.recordAt,
    batches: batches && { ...batches, size: Math.min(batches.size, points.X.rows) },
    test,
    validation,
    state,
  };
}

function pointsOf(net: Network, loss: CheckedLoss, X: MatrixLike, Y: MatrixLike, names: [string, string]): Points {
  const inputs = copied(toMatrix(X, names[0], { cols: net.inputs }));
  return { X: inputs, Y: targetsOf(loss, Y, names[1], inputs.rows, net.outputs) };
}

const VALIDATION = { X: any, Y: any, every: optional(count) };

function validationOf(net: Network, options: Checked, { loss, batches, steps }: Plan, rows: number): Run["validation"] {
  const { validation, patience } = options;
  if (validation === undefined && patience === undefined) return undefined;
  if (validation === undefined || patience === undefined) {
    const [given, other] = patience === undefined ? ["validation", "patience"] : ["patience", "validation: { X, Y }"];
    throw new RangeError(`${given} is given without ${other}; expected both`);
  }
  if (!isPlainObject(validation, "validation"))
    throw new TypeError(`validation is ${describe(validation)}; expected { X, Y }`);
  const { X, Y, every } = readWithin(validation, "validation", "{ X, Y }", VALIDATION);
  const points = pointsOf(net, loss, X as MatrixLike, Y as MatrixLike, ["validation.X", "validation.Y"]);
  const usual = batches ? Math.ceil(rows / Math.min(batches.size, rows)) : Math.ceil(steps / 100);
  return { ...points, every: every ?? Math.max(1, usual), patience };
}

/** With one output, classes are signs. */
function checkClasses({ data, cols }: Matrix, { name }: CheckedLoss): void {
  const at = cols > 1 || name === "logistic" ? -1 : data.findIndex((y) => Math.abs(y) !== 1);
  if (at >= 0)
    throw new RangeError(
      `record names accuracy, and the target at row ${at} is ${data[at]}; expected targets of -1 and 1 for one output`,
    );
}

const DEFAULT_RECORDED = 100;

/** The options that do not depend on the data. @throws RangeError */
export function checkSteps(options: Checked): Plan {
  const { steps, recordAt, batchSize, shuffleSeed, untilLoss } = options;
  const rule = ruleOf(options, "descent");
  if (rule.schedule && rule.schedule.length < steps) {
    throw new RangeError(`learningRate has ${rule.schedule.length} rates; expected one for each of ${steps} steps`);
  }
  const late = recordAt?.findIndex((step) => step > steps) ?? -1;
  if (recordAt && late >= 0)
    throw new RangeError(`recordAt[${late}] is ${recordAt[late]}; expected at most steps, ${steps}`);
  if (shuffleSeed !== undefined && batchSize === undefined)
    throw new RangeError("shuffleSeed is given without batchSize; expected both: a step of all rows has no order");
  return {
    loss: options.loss,
    rule,
    optimizer: optimizerOf(options, rule),
    batches: batchSize === undefined ? undefined : { size: batchSize, seed: shuffleSeed ?? 0 },
    steps,
    recordAt: recordAt ?? spacedSteps(steps),
    record: options.record,
    untilLoss,
    onRecord: options.onRecord,
    onProgress: options.onProgress,
    signal: options.signal,
  };
}

/** 0, steps, and at most DEFAULT_RECORDED steps between, spaced by ratio. */
function spacedSteps(steps: number): number[] {
  const chosen = new Set([0, steps]);
  for (let i = 0; i < DEFAULT_RECORDED; i++)
    chosen.add(Math.min(steps, Math.round(steps ** (i / (DEFAULT_RECORDED - 1)))));
  return [...chosen].sort((a, b) => a - b);
}
