/** What a run is: jobs that know nothing of each other (the map), and a reducer that adds their results in order. */

import type { Model } from "../kernel/models.js";
import type { Matrix } from "../matrix.js";
import type { NetworkOptions } from "../model/network.js";
import type { FeatureModel } from "../regression/featureModel.js";
import type { FitOptions } from "../regression/fitOptions.js";
import type { PrimalSums, PrimalSumsOptions } from "../regression/primalSums.js";
import type { Tuned, TuneOptions } from "../regression/tuneOptions.js";
import type { SampleKernelOptions } from "../training/sampleKernel.js";
import type { Sweep, SweepOptions } from "../training/sweep.js";

type Awaitable<T> = T | PromiseLike<T>;

/** The part of an `Ntk` that jobs ask. An `AsyncNtk` gives the same bits. */
export interface Computer {
  sweep(X: Matrix, Y: Matrix, options: SweepOptions): Awaitable<Sweep>;
  tune(model: Model, X: Matrix, Y: Matrix, options: TuneOptions): Awaitable<Tuned>;
  kernel(model: Model, X: Matrix, X2: Matrix, options: { outputs?: "full" | "average" }): Awaitable<Matrix>;
  primalSums(model: FeatureModel, X: Matrix, Y: Matrix, options: PrimalSumsOptions): Awaitable<PrimalSums>;
  fit(
    model: Model,
    X: Matrix,
    Y: Matrix,
    options: FitOptions,
  ): Awaitable<{ predict(X: Matrix, options: { variance: false }): Awaitable<{ mean: Matrix }>; dispose(): void }>;
  sampleKernel(
    options: NetworkOptions,
    X: Matrix,
    sampling: SampleKernelOptions,
  ): Awaitable<{ result(): Awaitable<{ mean: Matrix; standardError: Matrix }> }>;
}

/** A job of a run. */
export interface Job {
  /** What messages call it. */
  name: string;
  /** What tells it from the others: small. */
  own: unknown;
  /** Makes what it needs beside `shared`: its rows, say. */
  operand?: () => unknown;
}

/** A run before it is submitted. */
export interface Plan {
  kind: string;
  /** What every job needs. */
  shared: unknown;
  /** Known at once, or one after the other: what a job needs is then stored before the next one comes. */
  jobs: readonly Job[] | AsyncIterable<Job>;
  /** What the reducer needs. */
  reduce: unknown;
}

/** Takes the results of jobs in their order, whatever the order they arrive in. */
export interface Reducer {
  add(result: unknown, job: number): void;
  finish(): unknown;
}

/** A kind of runs. Both functions know nothing but their arguments, so that any machine can take them up. */
export interface Kind {
  run(ntk: Computer, shared: unknown, own: unknown, operand: unknown): Promise<unknown>;
  reducer(reduce: unknown): Reducer;
}

/** The most jobs of a run: each costs its submitter a line. */
const MOST_JOBS = 1_000_000;

/** @throws RangeError for too many jobs; `what` names what makes them */
export function checkJobs(count: number, what: string): void {
  if (count > MOST_JOBS) throw new RangeError(`${what} make ${count} jobs; expected at most ${MOST_JOBS}`);
}

/** [from, to) for each shard of so many rows. @throws RangeError for too many; `what` names rows and size */
export function shards(rows: number, size: number, what: string): [from: number, to: number][] {
  const count = Math.ceil(rows / size);
  checkJobs(count, what);
  return Array.from({ length: count }, (_, i) => [i * size, Math.min(rows, (i + 1) * size)]);
}
