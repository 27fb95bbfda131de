/**
 * A fit of rows that come in batches: one pass, memory O(P² + batch). Between batches the sums are all there is, so an
 * interrupted stream goes on from its sums.
 */
import type { Context } from "../context.js";
import { BackendError } from "../errors.js";
import { callback, flag, optional, read, type Schema, signal } from "../options.js";
import type { Signal } from "../signal.js";
import { breath } from "../slices.js";
import { shortened } from "../words.js";
import { type Batch, type Batches, badRow, type Pull, pullOf, readBatch } from "./batchSource.js";
import type { FeatureMap } from "./featureMap.js";
import { type FeatureModel, featureMap } from "./featureModel.js";
import { checkBlock, ownSums, type PrimalSums, type PrimalSumsLike, primalSums, RunningSums } from "./primalSums.js";
import { primalMemory } from "./primalSystem.js";
import { StreamError } from "./streamError.js";
import { StreamFit } from "./streamFit.js";
import { checkSumsOf, SUMS_FIT, type SumsFitOptions, solveSums } from "./sumsSolver.js";

/** How far a stream has come. */
export interface StreamProgress {
  /** Batches of this call. */
  batches: number;
  /** Rows in the sums, those of `state` included. */
  rows: number;
}

export interface StreamOptions extends SumsFitOptions {
  /** Fit f − f0 instead of f, which leaves out the start values of the network. Default false, or that of `state`. */
  centered?: boolean;
  /** The sums of the rows that came before: the `state` of a {@link StreamError}, or `fit.sums()`. */
  state?: PrimalSumsLike;
  /** Called after each batch. */
  onProgress?: (progress: StreamProgress) => void;
  /** Stops between batches: a {@link StreamError} with the sums so far. */
  signal?: Signal;
}

const OPTIONS = {
  ...SUMS_FIT,
  centered: optional(flag),
  state: optional(primalSums),
  onProgress: optional(callback),
  signal,
} satisfies Schema<StreamOptions>;

/** Milliseconds after which a page may paint, and a signal be seen. */
const SLICE = 16;

/** `ntk.fitStream`: see {@link ../ntk.js}. */
export async function streamFitOf(
  context: Context,
  model: FeatureModel,
  batches: Batches,
  options: StreamOptions,
): Promise<StreamFit> {
  const checked = read(options, "fitStream", "{ ridge: 1e-3 }", OPTIONS);
  const map = featureMap(context, model);
  const next = pullOf(batches);
  context.arena.require(primalMemory(map.count));
  const state = checked.state && ownSums(checked.state);
  if (state) checkSumsOf(map, state, "state");
  if (state && checked.centered !== undefined && checked.centered !== state.centered)
    throw new RangeError(`centered is ${checked.centered}, and ${state.centered} in state; expected the same`);
  const stream = new Stream(map, state, checked.centered ?? state?.centered ?? false);
  try {
    await stream.drain(next, checked);
    const sums = stream.sums();
    stream.dispose();
    if (!sums) throw new RangeError("batches has no batch; expected at least one { X, Y }");
    return new StreamFit(solveSums(map, sums, checked, []));
  } finally {
    stream.dispose();
    await next.close();
  }
}

const GIVEN = "the signal was given";

/** Sums that begin with the first batch, which may tell the number of outputs. */
class Stream {
  readonly #map: FeatureMap;
  readonly #centered: boolean;
  #sums: RunningSums | undefined;
  #known: PrimalSums | undefined;
  #rows: number;

  constructor(map: FeatureMap, state: PrimalSums | undefined, centered: boolean) {
    this.#map = map;
    this.#centered = centered;
    this.#known = state;
    this.#rows = state?.rows ?? 0;
  }

  /** Adds all batches. @throws StreamError */
  async drain(pull: Pull, { onProgress, signal }: StreamOptions): Promise<void> {
    let painted = performance.now();
    for (let batch = 0; ; batch++) {
      if (signal?.aborted) throw this.#stopped(batch, undefined, GIVEN, reasonOf(signal));
      let result: IteratorResult<Batch>;
      try {
        result = await pull();
      } catch (error) {
        throw this.#stopped(batch, undefined, `the source of the batches failed: ${messageOf(error)}`, error);
      }
      if (result.done && signal?.aborted) throw this.#stopped(batch, undefined, GIVEN, reasonOf(signal));
      if (result.done) return;
      this.#add(result.value, batch);
      onProgress?.({ batches: batch + 1, rows: this.#rows });
      if (performance.now() - painted < SLICE) continue;
      await breath();
      painted = performance.now();
    }
  }

  #add(value: unknown, batch: number): void {
    const given = this.#checked(value, batch);
    this.#sums ??= new RunningSums(this.#map, given, this.#centered, this.#known);
    this.#known = undefined;
    this.#sums.add(given);
    this.#rows += given.X.rows;
  }

  #checked(value: unknown, batch: number) {
    let rows: unknown[] = [];
    try {
      const { X, Y } = readBatch(value);
      rows = [X, Y];
      return checkBlock(X, Y, this.#shape());
    } catch (error) {
      const { inputs, outputs } = this.#shape();
      const row = badRow(rows, [inputs, outputs]);
      throw this.#stopped(batch, row, messageOf(error), error);
    }
  }

  /** What a batch has to look like, as far as it is known. */
  #shape(): Pick<FeatureMap, "inputs" | "outputs"> {
    const known = this.#known;
    return this.#sums ?? (known ? { inputs: known.inputs, outputs: known.squares.length } : this.#map);
  }

  /** The error that ends the stream, with what there is. */
  #stopped(batch: number, row: number | undefined, why: string, cause: unknown): Error {
    // Without its backend there are no sums, and nothing else is to be said.
    if (cause instanceof BackendError) return cause;
    const state = this.#kept();
    const where = row === undefined ? `batch ${batch}` : `batch ${batch}, row ${row}`;
    const rest = state ? `the ${state.rows} rows before this batch are in error.state` : "no rows came before it";
    return new StreamError(`${where}: ${why}; ${rest}`, { batch, row, state, cause });
  }

  /** {@link sums}, or undefined where they have overflowed. */
  #kept(): PrimalSums | undefined {
    try {
      return this.sums();
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** The sums so far; undefined where no row has come. */
  sums(): PrimalSums | undefined {
    return this.#sums ? this.#sums.result() : this.#known;
  }

  dispose(): void {
    this.#sums?.dispose();
  }
}

function reasonOf(signal: Signal): unknown {
  return (signal as { reason?: unknown }).reason;
}

/** Characters of an error that are repeated: most of one of this library's, which is checked to have fewer than 500. */
const MOST_OF_ERROR = 400;

function messageOf(error: unknown): string {
  return shortened(error instanceof Error ? error.message : String(error), MOST_OF_ERROR);
}
