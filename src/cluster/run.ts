/** What the caller holds of a run: its progress as an async iterator, and its result as a promise. */

/** What a job cost. */
export interface ShardReport {
  /** The shard, in words. */
  name: string;
  /** The worker that answered. */
  worker: string;
  /** Milliseconds from the worker's first look at its operands to its stored result. */
  milliseconds: number;
  /** Of these, the milliseconds of the computation alone. */
  computing: number;
  /** Bytes that the worker read from the store. What it had read for an earlier job is not counted again. */
  bytesIn: number;
  /** Bytes of the result. */
  bytesOut: number;
}

/** How far a run is: results are added in the order of the shards. */
export interface RunProgress {
  /** Shards whose results have been added. */
  done: number;
  /** All shards. */
  total: number;
  /** The shard that was added last. */
  shard: ShardReport;
}

/** What does the work of a {@link Run}. */
export interface RunWork<T> {
  id: string;
  total: number;
  /** Ends with the result; calls `report` after each shard. */
  follow(report: (progress: RunProgress) => void): Promise<T>;
  cancel(): Promise<void>;
}

/**
 * A run of many jobs. Iterate for its progress, await `result` for the answer. An iterator gives every shard from the
 * first on, also where it starts late, and throws what `result` rejects with.
 *
 * @example
 * import { localCluster } from "ntk-wasm/bullmq";
 * const cluster = localCluster(ntk);
 * const run = await cluster.submitKernel(net, X, undefined, { rows: 2 });
 * let last = 0;
 * for await (const { done } of run) last = done;
 * last; // 4
 * (await run.result).rows; // 8
 */
export class Run<T> implements AsyncIterable<RunProgress> {
  /** Names the run: `cluster.resume(id)` takes it up again. */
  readonly id: string;
  /** Number of shards. */
  readonly total: number;
  /** The result, to the bit that of one machine. Rejects with the first error that a shard gave three times. */
  readonly result: Promise<T>;
  readonly #cancel: () => Promise<void>;
  readonly #seen: RunProgress[] = [];
  #waiting: (() => void)[] = [];
  #ended = false;

  /** @internal */
  constructor({ id, total, follow, cancel }: RunWork<T>) {
    this.id = id;
    this.total = total;
    this.#cancel = cancel;
    this.result = follow((progress) => {
      this.#seen.push(progress);
      this.#wake();
    }).finally(() => {
      this.#ended = true;
      this.#wake();
    });
    // Who iterates only is told by the iterator.
    this.result.catch(() => {});
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /**
   * Stops the run: no further job begins, and `result` rejects with an AbortError. Results so far are kept for
   * `cluster.resume(id)`. A run that has ended stays as it is.
   */
  async cancel(): Promise<void> {
    if (!this.#ended) await this.#cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunProgress, void, void> {
    for (let at = 0; ; ) {
      while (at < this.#seen.length) yield this.#seen[at++];
      if (this.#ended) break;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    await this.result;
  }
}

/** What a cancelled run rejects with. */
export function cancelled(id: string): Error {
  return new DOMException(`the run ${id} was cancelled; resume("${id}") takes it up again`, "AbortError");
}
