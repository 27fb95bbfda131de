/** Where batches come from: an iterable, or an async one. Both sides of a worker take them off it in the same way. */
import type { MatrixLike } from "../matrix.js";
import { describe, reading } from "../words.js";

/** Inputs and targets of some rows: `X` N×d, `Y` N×C. */
export interface Batch {
  X: MatrixLike;
  Y: MatrixLike;
}

/** Batches that are there, or that come. */
export type Batches = Iterable<Batch> | AsyncIterable<Batch>;

const BATCHES = "an iterable or async iterable of { X, Y }";

/** Gives the batches one by one. */
export interface Pull {
  (): Promise<IteratorResult<Batch>>;
  /** Tells the source that no more are wanted, where it has not ended. */
  close(): Promise<void>;
}

/** @throws TypeError for what is no iterable. */
export function pullOf(batches: Batches): Pull {
  const source = reading("batches", () => {
    const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = Object(batches);
    const begin = typeof later === "function" ? later : now;
    return typeof begin === "function" ? (begin.call(batches) as AsyncIterator<Batch> | Iterator<Batch>) : undefined;
  });
  if (typeof source?.next !== "function") throw new TypeError(`batches is ${describe(batches)}; expected ${BATCHES}`);
  let ended = false;
  const pull = async () => {
    try {
      const result = await source.next();
      ended = result.done === true;
      return result;
    } catch (error) {
      ended = true;
      throw error;
    }
  };
  const close = async () => {
    if (!ended) await source.return?.();
  };
  return Object.assign(pull, { close });
}
