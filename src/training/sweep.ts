/**
 * `compare` over widths, initialisations, learning rates and seeds. The result has means with standard errors, and the
 * exponents with which gap and drifts fall with the width (MATH.md §5). The protocol stands beside the numbers: the
 * rate, the number of steps, and the widths.
 */

import { describe, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { kernelScratch } from "../kernel/finite/kernel.js";
import { eighScratch } from "../linalg/blas.js";
import { copied, type Matrix, type MatrixLike } from "../matrix.js";
import { INITS, type Init } from "../model/initSchemes.js";
import { createNetwork, type Network, type NetworkOptions, networkShape, parameterCount } from "../model/network.js";
import {
  any,
  type Check,
  choice,
  count,
  isList,
  layers,
  list,
  optional,
  or,
  positive,
  read,
  type Schema,
  seed,
} from "../options.js";
import { isPlainObject } from "../scalars.js";
import { drain } from "../slices.js";
import { type CompareOptions, type Comparison, checkFollowed, checkTest, comparingGroup } from "./compare.js";
import {
  fitExponents,
  type SweepExponents,
  type SweepRate,
  type SweepRun,
  type SweepSummary,
  summarise,
} from "./exponents.js";
import { networkRate, type Outcome } from "./group.js";
import { type CheckedLoss, targetsOf } from "./loss.js";
import { checkSteps, type Run, type Plan as RunPlan } from "./run.js";
import { together } from "./together.js";
import { heldDoubles } from "./trainer.js";
import { TRAIN } from "./trainOptions.js";

export interface SweepOptions
  extends Omit<CompareOptions, "learningRate" | "onProgress" | "onRecord" | "state" | "validation" | "patience"> {
  /** Hidden widths. */
  widths: readonly number[];
  /** Number of hidden layers, each of that width; default 1. */
  depth?: number;
  learningRates: readonly SweepRate[];
  /** Default `["lecun"]`. */
  inits?: readonly Init[];
  /** Number of seeds, 0 … seeds − 1, or a list of the seeds themselves; default 5. */
  seeds?: number | readonly number[];
  /** All other options of the networks. */
  network?: Omit<NetworkOptions, "inputs" | "hidden" | "outputs" | "init" | "seed" | "parameters">;
  /** Called once for each run, in the order of the grid. Runs that train together end together. */
  onProgress?: (progress: SweepProgress) => void;
}

/** The number of finished runs, of all runs. */
export interface SweepProgress {
  done: number;
  total: number;
}

export interface Sweep {
  runs: SweepRun[];
  summary: SweepSummary[];
  exponents: SweepExponents[];
  aborted: boolean;
}

/** What they are is checked with the first network. */
const NETWORK = {
  activation: any,
  parametrization: any,
  weightStd: any,
  biasStd: any,
  bias: any,
  rates: any,
  outputScale: any,
  residual: any,
  centeredStart: any,
} satisfies Schema<SweepOptions["network"]>;

/** A rate > 0, or a fraction of the largest stable rate. */
const sweepRate: Check<SweepRate> = (value, name) => {
  if (isPlainObject(value, name)) return read(value, name, "{ fraction: 0.5 }", { fraction: positive });
  if (typeof value !== "number")
    throw new TypeError(`${name} is ${describe(value)}; expected a number or { fraction }`);
  return positive(value, name);
};

const seedList = list(seed, "a number of seeds, or a list of seeds");

/** The seeds of a number of seeds, or of a list. */
function seedsOf(value: unknown, name: string): number[] {
  if (isList(value)) return seedList(value, name);
  const number = count(value, name);
  if (number > MOST_RUNS) throw new RangeError(`${name} is ${number}; expected at most ${MOST_RUNS}`);
  return Array.from({ length: number }, (_, seed) => seed);
}

/** Most runs of a sweep: each has a record of its own. */
const MOST_RUNS = 1_000_000;

const { learningRate: _, onRecord: __, state: ___, validation: ____, patience: _____, ...RUN } = TRAIN;
const OPTIONS = {
  ...RUN,
  widths: list(count, "a list of widths"),
  depth: or(layers, 1),
  learningRates: list(sweepRate, "a list of rates"),
  inits: or(list(choice(INITS), "a list of initialisations"), ["lecun"]),
  seeds: or(seedsOf, [0, 1, 2, 3, 4]),
  network: optional((value, name) => read(value, `sweep: ${name}`, '{ activation: "relu" }', NETWORK)),
  Xtest: any,
  Ytest: any,
} satisfies Schema<SweepOptions>;

/** What a run of {@link Plan} has not from the options. */
const NOT_SWEPT = {
  onProgress: undefined,
  onRecord: undefined,
  state: undefined,
  validation: undefined,
  patience: undefined,
  Xtest: undefined,
  Ytest: undefined,
};

/** Runs of a group for each thread: where they are unlike, threads wait little for the last one. */
const EACH = 4;

/** `ntk.sweep`. */
export function sweepNetworks(context: Context, X: MatrixLike, Y: MatrixLike, options: SweepOptions): Sweep {
  return drain(sweepingNetworks(context, X, Y, options));
}

/** One run of the grid. */
interface Cell {
  init: Init;
  rate: SweepRate;
  width: number;
  seed: number;
}

/** Checked input of a sweep: copies. */
interface Plan {
  X: Matrix;
  Y: Matrix;
  test: { X?: Matrix; Y?: Matrix };
  grid: Cell[];
  seeds: number;
  /** How many cells from this one on train together. */
  group(at: number): number;
  /** The network of a cell. */
  make(cell: Cell): Network;
  /** The options of a run, without network, data and rate. */
  run: RunPlan;
  onProgress: ((progress: SweepProgress) => void) | undefined;
}

/** `ntk.sweeping`: returns the result of `sweep`. The input is checked and copied at once. */
export function sweepingNetworks(
  context: Context,
  X: MatrixLike,
  Y: MatrixLike,
  options: SweepOptions,
): Generator<SweepProgress, Sweep, void> {
  return sweeping(context, plan(context, X, Y, options));
}

/** @throws TypeError, RangeError, MemoryLimitError */
function plan(context: Context, Xlike: MatrixLike, Ylike: MatrixLike, options: SweepOptions): Plan {
  const example = "{ widths: [64, 256], learningRates: [0.5], steps: 100 }";
  const { widths, depth, learningRates, inits, seeds, network, onProgress, Xtest, Ytest, ...rest } = read(
    options,
    "sweep",
    example,
    OPTIONS,
  );
  const runs = widths.length * learningRates.length * inits.length * seeds.length;
  if (runs > MOST_RUNS)
    throw new RangeError(`widths, learningRates, inits and seeds make ${runs} runs; expected at most ${MOST_RUNS}`);
  const X = copied(toMatrix(Xlike, "X"));
  const { loss } = rest;
  const Y = targetsOf(loss, Ylike, "Y", X.rows, outputsOf(loss, toMatrix(Ylike, "Y", { rows: X.rows })));
  const test = checkTest(loss, Xtest, Ytest, X.cols, Y.cols);
  const run = checkSteps({ ...rest, ...NOT_SWEPT, learningRate: 1 });
  checkFollowed(run);
  const shape = { ...(network as SweepOptions["network"]), inputs: X.cols, outputs: Y.cols };
  const optionsOf = ({ init, width, seed }: Omit<Cell, "rate">): NetworkOptions => ({
    ...shape,
    hidden: depth === 1 ? width : new Array<number>(depth).fill(width),
    init,
    seed,
  });
  // Memory for every network, before the first: the kernel of all outputs, its eigenvectors and what either needs
  // beside it.
  const n = X.rows * Y.cols;
  const spectrum = eighScratch(context, n);
  const doubles = new Map<number, number>();
  for (const init of inits) {
    for (const width of widths) {
      const { network, blocks } = networkShape(optionsOf({ init, width, seed: 0 }));
      const sized = { ...network, parameters: { length: parameterCount(blocks) } };
      const scratch = kernelScratch(context, 8, sized, X.rows, X.rows, "full");
      context.arena.require(n * n + Math.max(spectrum, scratch));
      // Eigenvectors, and the kernel in three places: as it is made, as it is now, as it was at the start.
      doubles.set(width, 4 * n * n + scratch + heldDoubles(sized.parameters.length, { X, Y, ...run }));
    }
  }
  // Deep networks, and those of several outputs, train by many ops.
  const alone = depth > 1 || Y.cols > 1;
  const grid = inits.flatMap((init) =>
    learningRates.flatMap((rate) => widths.flatMap((width) => seeds.map((seed) => ({ init, rate, width, seed })))),
  );
  return {
    X,
    Y,
    test,
    grid,
    seeds: seeds.length,
    group: (at) =>
      alone ? 1 : together(context, EACH, grid.length - at, (i) => doubles.get(grid[at + i].width) as number),
    make: (cell) => createNetwork(optionsOf(cell)),
    run,
    onProgress,
  };
}

function* sweeping(context: Context, plan: Plan): Generator<SweepProgress, Sweep, void> {
  const { test, grid, seeds, onProgress } = plan;
  const { signal } = plan.run;
  const total = grid.length;
  // In the order of the grid; a group that was stopped leaves gaps.
  const finished: (SweepRun | undefined)[] = [];
  let [at, done, aborted] = [0, 0, false];
  while (at < total && !aborted) {
    aborted = signal?.aborted ?? false;
    if (aborted) break;
    const cells = grid.slice(at, at + plan.group(at));
    const runs: Run[] = [];
    for (const cell of cells) {
      if (runs.length > 0) yield { done, total };
      runs.push(runOf(context, plan, cell));
    }
    const outcomes = yield* inSlices(comparingGroup(context, runs, test), { done, total });
    const results = outcomes.map(resultOf);
    const stopped = results.some(({ aborted }) => aborted);
    for (const [
      i,
      { aborted: unfinished, network: _, state: __, best: ___, divergedAt, ...record },
    ] of results.entries()) {
      // A signal between two reports ends the sweep there, whatever the size of the group.
      aborted = stopped || (signal?.aborted ?? false);
      if (aborted && !stopped) break;
      if (unfinished) continue;
      finished[at + i] = { ...cells[i], learningRate: runs[i].rule.rate, divergedAt, ...record };
      done++;
      onProgress?.({ done, total });
    }
    at += cells.length;
  }
  const summary = summarise(finished, seeds);
  const runs = finished.filter((run) => run !== undefined);
  return { runs, summary, exponents: fitExponents(runs, summary), aborted };
}

/** The run of a cell. */
function runOf(context: Context, { X, Y, make, run }: Plan, cell: Cell): Run {
  const net = make(cell);
  const { rate } = cell;
  const learningRate = typeof rate === "number" ? rate : rate.fraction * knownRate(context, net, X, run);
  const alone = { test: undefined, validation: undefined, state: undefined };
  return {
    ...run,
    ...alone,
    net,
    start: net,
    X,
    Y,
    rule: { ...run.rule, rate: positive(learningRate, "learningRate") },
  };
}

/** @throws RangeError for a loss without a known curvature. */
function knownRate(context: Context, net: Network, X: Matrix, run: RunPlan): number {
  const rate = networkRate(context, net, X, run);
  if (rate === 0)
    throw new RangeError(
      "learningRates has a fraction, and the largest stable rate of a loss of one's own is not known; expected numbers",
    );
  return rate;
}

/** Outputs of the networks: the columns of Y, or the number of its classes where Y has labels. */
function outputsOf({ name }: CheckedLoss, Y: Matrix): number {
  if (name !== "crossEntropy" || Y.cols > 1) return Y.cols;
  return 1 + Y.data.reduce((top, label) => Math.max(top, label), 1);
}

/** A run that diverged leaves its record. */
function resultOf(outcome: Outcome<Comparison>): Comparison & { divergedAt: number | undefined } {
  if (!(outcome instanceof ConvergenceError)) return { ...outcome, divergedAt: undefined };
  return { ...(outcome.partial as Comparison), divergedAt: outcome.step };
}

/** A group, slice by slice: yields how far the sweep is. */
function* inSlices<T>(group: Generator<unknown, T, void>, progress: SweepProgress): Generator<SweepProgress, T, void> {
  try {
    for (;;) {
      const { done, value } = group.next();
      if (done) return value;
      yield { ...progress };
    }
  } finally {
    // A group that is stopped from outside gives its memory back. One that has ended ignores this.
    group.return(undefined as never);
  }
}
