/** Where batches come from: an iterable, or an async one. Both sides of a worker take them off it in the same way. */
import { toMatrix } from "../check.js";
import type { MatrixLike } from "../matrix.js";
import { any, isList, read, type Schema } from "../options.js";
import { describe, isArray, reading } from "../words.js";

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

const BATCH = { X: any, Y: any } satisfies Schema<Batch>;

/** @throws TypeError, RangeError for what is no batch; the matrices in it are not looked at. */
export function readBatch(value: unknown): Batch {
  if (typeof value !== "object" || value === null) throw new TypeError(`it is ${describe(value)}; expected { X, Y }`);
  return read(value, "a batch", "{ X, Y }", BATCH) as Batch;
}

/** The first row of X or Y that is no row of finite numbers; undefined where that is not what is wrong. */
export function badRow(matrices: readonly unknown[], cols: readonly (number | undefined)[]): number | undefined {
  const rows = matrices.map((value, k) => {
    const width = cols[k] === undefined ? {} : { cols: cols[k] };
    const isBad = (row: unknown) => {
      try {
        toMatrix([isList(row) ? row : [row]] as MatrixLike, "the row", width);
        return false;
      } catch {
        return true;
      }
    };
    try {
      if (isArray(value)) return value.findIndex(isBad);
      const A = toMatrix(value as MatrixLike, "it", { finite: false });
      const at = A.data.findIndex((x) => !Number.isFinite(x));
      return at < 0 ? at : Math.floor(at / A.cols);
    } catch {
      return -1;
    }
  });
  const found = rows.filter((row) => row >= 0);
  return found.length > 0 ? found.reduce((low, row) => Math.min(low, row)) : undefined;
}
