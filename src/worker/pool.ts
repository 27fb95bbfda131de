/** Several workers behind one queue: whichever is free takes the next task. */

import { isErrorLike } from "../brand.js";
import { checkKeys, checkPositiveInteger, describe } from "../check.js";
import { BackendError } from "../errors.js";
import { signal as checkSignal } from "../options.js";
import type { Signal } from "../signal.js";
import type { AsyncNtk } from "./types.js";

/** What a pool is asked to do: it is called with the `Ntk` of a free worker, and with what `setup` has made there. */
export type PoolTask<State, Result> = (ntk: AsyncNtk, state: State) => Promise<Result> | Result;

export interface PoolOptions<State = undefined> {
  /** Workers; default: as many as the machine runs at once, less one for the calling thread, at least 1, at most 8. */
  size?: number;
  /** Tasks that may wait. One more is a {@link BackendError}. Default 1000. */
  queue?: number;
  /**
   * Called once for each worker, before its first task. Its result goes to every task: a fit that was restored, for
   * example.
   */
  setup?: (ntk: AsyncNtk) => Promise<State> | State;
}

interface Waiting {
  key: unknown;
  start(ntk: AsyncNtk, state: unknown): Promise<void>;
  drop(reason: unknown): void;
}

interface Member {
  ntk: AsyncNtk;
  state: unknown;
}

/** What there is without `loadPool({ size })`. */
const MOST_WORKERS = 8;
/** Threads of the machine where the engine does not say. */
const USUAL = 4;

/** What `loadPool` does with its options, and how it makes a worker. */
export interface PoolPlan {
  size: number;
  queue: number;
  setup: ((ntk: AsyncNtk) => unknown) | undefined;
  load: () => Promise<AsyncNtk>;
}

/** @throws TypeError, RangeError */
export function checkPool(options: PoolOptions<never>): Omit<PoolPlan, "load"> {
  const { size = usualSize(), queue = 1000, setup } = options;
  checkPositiveInteger(size, "size", 1024);
  checkPositiveInteger(queue, "queue");
  if (setup !== undefined && typeof setup !== "function")
    throw new TypeError(`setup is ${describe(setup)}; expected a function of the Ntk of a worker`);
  return { size, queue, setup: setup as PoolPlan["setup"] };
}

function usualSize(): number {
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  return Math.max(1, Math.min(MOST_WORKERS, (navigator?.hardwareConcurrency ?? USUAL) - 1));
}

/**
 * Workers that share a queue. Tasks start in order; each worker does one at a time. A worker that dies fails its task,
 * and a new one takes its place.
 */
export class Pool<State = undefined> {
  readonly #plan: PoolPlan;
  readonly #waiting: Waiting[] = [];
  readonly #free: Member[] = [];
  readonly #members = new Set<Member>();
  #size: number;
  #running = 0;
  #replaced = 0;
  #roomy: (() => void)[] = [];
  #idle: (() => void)[] = [];
  #down: BackendError | undefined;

  /** @internal Use `loadPool()`. */
  constructor(plan: PoolPlan) {
    this.#plan = plan;
    this.#size = plan.size;
  }

  /** Workers, one that is being replaced included. It falls where one could not be replaced. */
  get size(): number {
    return this.#size;
  }

  /** Tasks that have not started. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Tasks that are being done. */
  get running(): number {
    return this.#running;
  }

  /** Workers that have died and were replaced. */
  get replaced(): number {
    return this.#replaced;
  }

  /** @internal Starts the workers. */
  async start(): Promise<this> {
    const loading = Array.from({ length: this.size }, () => this.#member());
    const loaded = await Promise.allSettled(loading);
    const failed = loaded.find((one) => one.status === "rejected");
    if (failed) {
      this.terminate();
      throw failed.reason;
    }
    return this;
  }

  async #member(): Promise<void> {
    const ntk = await this.#plan.load();
    const member: Member = { ntk, state: undefined };
    this.#members.add(member);
    try {
      if (this.#down) throw this.#down;
      member.state = await this.#plan.setup?.(ntk);
      if (this.#down) throw this.#down;
    } catch (error) {
      this.#members.delete(member);
      ntk.terminate();
      throw error;
    }
    this.#free.push(member);
    this.#next();
  }

  /**
   * Runs a task on the next free worker. With a `signal` a task that has not started is dropped: the promise rejects
   * with the signal's reason. A task that has started gets the signal's help only from the calls that it makes itself.
   *
   * @throws (the promise is rejected) TypeError, RangeError for bad input; BackendError where the queue is full, after
   *   `dispose()`, and where the worker died; what the task throws.
   * @example
   * import { loadPool } from "ntk-wasm/worker";
   * const pool = await loadPool({ size: 2, setup: (ntk) => ntk.fit(net, X, Y, { ridge: 1e-3 }) });
   * const predictions = await Promise.all(Xnew.map((x) => pool.run((_, fit) => fit.predict([x]))));
   * predictions.length; // 2
   * await pool.dispose();
   */
  run<Result>(task: PoolTask<State, Result>, options: { signal?: Signal } = {}): Promise<Result> {
    return this.#add(task, undefined, options) as Promise<Result>;
  }

  /**
   * {@link run} of the latest task of a key: a task of the same key that has not started is dropped, and its promise
   * resolves with undefined. For sliders and pointers, whose older positions nobody waits for.
   *
   * @throws as {@link run}.
   * @example
   * import { loadPool } from "ntk-wasm/worker";
   * const pool = await loadPool({ size: 1 });
   * const answers = [1, 2, 3].map((ridge) => pool.latest("slider", async (ntk) => {
   *   await ntk.kernel(net, X);
   *   return ridge;
   * }));
   * (await Promise.all(answers)).join(" "); // "1  3": the second was dropped
   * await pool.dispose();
   */
  latest<Result>(
    key: string | number | symbol,
    task: PoolTask<State, Result>,
    options: { signal?: Signal } = {},
  ): Promise<Result | undefined> {
    return this.#add(task, { key }, options);
  }

  #add<Result>(
    task: PoolTask<State, Result>,
    latest: { key: unknown } | undefined,
    options: { signal?: Signal },
  ): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      checkKeys(options, ["signal"], "pool.run", "{ signal }");
      const signal = checkSignal(options.signal, "signal") as AbortSignal | undefined;
      if (typeof task !== "function") throw new TypeError(`task is ${describe(task)}; expected a function of an Ntk`);
      if (this.#down) throw this.#down;
      if (signal?.aborted) throw signal.reason;
      if (latest) this.#supersede(latest.key);
      if (this.#waiting.length >= this.#plan.queue)
        throw new BackendError(
          `the queue of the pool is full: ${this.#waiting.length} tasks wait; await pool.room() before the next one, or try later`,
        );
      const abort = () => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        reject(signal?.reason);
        this.#changed();
      };
      const leave = () => signal?.removeEventListener("abort", abort);
      const waiting: Waiting = {
        key: latest,
        start: async (ntk, state) => {
          leave();
          try {
            resolve(await task(ntk, state as State));
          } catch (error) {
            reject(error);
            throw error;
          }
        },
        drop: (reason) => {
          leave();
          if (reason === undefined) resolve(undefined);
          else reject(reason);
        },
      };
      signal?.addEventListener("abort", abort);
      this.#waiting.push(waiting);
      this.#next();
    });
  }

  /** Drops the waiting task of a key. */
  #supersede(key: unknown): void {
    const at = this.#waiting.findIndex((one) => (one.key as { key: unknown } | undefined)?.key === key);
    if (at >= 0) this.#waiting.splice(at, 1)[0].drop(undefined);
  }

  #next(): void {
    while (this.#free.length > 0 && this.#waiting.length > 0) {
      const member = this.#free.shift() as Member;
      const task = this.#waiting.shift() as Waiting;
      this.#running++;
      void this.#do(task, member);
    }
    this.#changed();
  }

  async #do(task: Waiting, member: Member): Promise<void> {
    let died = false;
    try {
      await task.start(member.ntk, member.state);
    } catch (error) {
      // A worker is asked whether it lives where an error may be its death.
      died = isErrorLike(error) && error.name === "BackendError" && !(await answers(member.ntk));
    }
    this.#running--;
    if (died && !this.#down) {
      this.#members.delete(member);
      this.#replaced++;
      this.#member().catch((reason) => this.#lost(reason));
    } else if (!died) this.#free.push(member);
    this.#next();
  }

  /** A worker that could not be replaced: the others go on, and without any the pool is down. */
  #lost(reason: unknown): void {
    this.#size--;
    if (this.#members.size > 0 || this.#down) return;
    this.#stop(new BackendError("no worker of the pool is left; loadPool() makes a new one", { cause: reason }));
  }

  #changed(): void {
    if (this.#waiting.length < this.#plan.queue) {
      for (const resolve of this.#roomy.splice(0)) resolve();
    }
    if (this.#running === 0 && this.#waiting.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * Resolves as soon as the queue takes another task: back-pressure for whoever makes tasks faster than they are done.
   *
   * @example
   * import { loadPool } from "ntk-wasm/worker";
   * const pool = await loadPool({ size: 1, queue: 2 });
   * for (const x of Xnew) {
   *   await pool.room();
   *   void pool.run((ntk) => ntk.kernel(net, [x]));
   * }
   * await pool.dispose();
   */
  async room(): Promise<void> {
    if (this.#down || this.#waiting.length < this.#plan.queue) return;
    await new Promise<void>((resolve) => {
      this.#roomy.push(resolve);
    });
  }

  /** Waits for the tasks so far, then ends the workers. Later ones are a BackendError. */
  async dispose(): Promise<void> {
    this.#down ??= new BackendError("this pool was disposed of; loadPool() makes a new one");
    if (this.#running > 0 || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
    await Promise.all(Array.from(this.#members, ({ ntk }) => ntk.dispose()));
    this.#members.clear();
  }

  /** Ends the workers at once. Tasks that have no answer are a BackendError. */
  terminate(): void {
    this.#stop(new BackendError("the pool was terminated; loadPool() makes a new one"));
  }

  #stop(reason: BackendError): void {
    this.#down ??= reason;
    for (const task of this.#waiting.splice(0)) task.drop(reason);
    for (const { ntk } of this.#members) ntk.terminate();
    this.#members.clear();
    this.#free.length = 0;
    for (const resolve of this.#roomy.splice(0)) resolve();
  }

  /** {@link dispose}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** True where a worker still answers. */
async function answers(ntk: AsyncNtk): Promise<boolean> {
  try {
    await ntk.matmul([[1]], [[1]]);
    return true;
  } catch {
    return false;
  }
}
