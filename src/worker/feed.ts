/**
 * A stream of batches that come by messages: what `fitStream` iterates over in the worker. A push is answered when the
 * batch is in the sums.
 */
import type { Ntk } from "../ntk.js";
import type { Batch } from "../regression/batchSource.js";
import type { FeatureModel } from "../regression/featureModel.js";
import type { StreamOptions, StreamProgress } from "../regression/stream.js";
import type { StreamFit } from "../regression/streamFit.js";
import { isPlainObject } from "../scalars.js";
import { type PlainError, unpackError } from "./protocol.js";

type Result = IteratorResult<Batch, undefined>;

/** What the stream waits for. */
interface Wanted {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export class Feed {
  readonly #controller = new AbortController();
  readonly #fit: Promise<StreamFit>;
  /** The next time that the stream wants a batch. */
  #wanted: Promise<Wanted>;
  #want!: (wanted: Wanted) => void;
  #progress: StreamProgress | undefined;

  constructor(ntk: Ntk, model: unknown, options: unknown) {
    this.#wanted = this.#next();
    const batches = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<Result>((resolve, reject) => this.#want({ resolve, reject })),
      }),
    };
    const onProgress = (progress: StreamProgress) => {
      this.#progress = progress;
    };
    // What are no options is refused by the method.
    const own = { signal: this.#controller.signal, onProgress };
    const all =
      options === undefined || isPlainObject(options, "options") ? { ...(options as object), ...own } : options;
    this.#fit = ntk.fitStream(model as FeatureModel, batches, all as StreamOptions);
    // It is told to whoever asks next.
    this.#fit.catch(() => {});
  }

  #next(): Promise<Wanted> {
    return new Promise((resolve) => {
      this.#want = resolve;
    });
  }

  /** Waits until the stream wants a batch; fails where it has ended. */
  async #ask(): Promise<Wanted> {
    const ended = this.#fit.then((): never => {
      throw new Error("internal: a batch for a stream that has ended");
    });
    ended.catch(() => {});
    return Promise.race([this.#wanted, ended]);
  }

  async #give(): Promise<Wanted> {
    const wanted = await this.#ask();
    this.#wanted = this.#next();
    return wanted;
  }

  async push(value: Batch): Promise<StreamProgress | undefined> {
    (await this.#give()).resolve({ done: false, value });
    await this.#ask();
    return this.#progress;
  }

  async end(): Promise<StreamFit> {
    (await this.#give()).resolve({ done: true, value: undefined });
    return this.#fit;
  }

  /** Ends the stream as its source did. */
  async fail(error: PlainError): Promise<StreamFit> {
    (await this.#give()).reject(unpackError(error));
    return this.#fit;
  }

  /** Ends the stream as a signal does. */
  async stop(reason: unknown): Promise<StreamFit> {
    this.#controller.abort(isPlainError(reason) ? unpackError(reason) : reason);
    return this.end();
  }

  dispose(): void {
    this.stop("disposed of").catch(() => {});
  }
}

function isPlainError(reason: unknown): reason is PlainError {
  return typeof reason === "object" && reason !== null && "message" in reason;
}
