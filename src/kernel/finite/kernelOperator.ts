/**
 * Θ(X, X) as a linear map, v ↦ Φ(Φᵀv) in float64: O(NP) a product and no N×N matrix. The features of all rows are made
 * once and kept while they are needed. Where they are too many, they are made anew, tile by tile, for every product.
 */
import type { Context } from "../../context.js";
import { scratch } from "../../linalg/view.js";
import type { Matrix } from "../../matrix.js";
import type { Network } from "../../model/network.js";
import { drain } from "../../slices.js";
import { loadInputs, loadNetwork, partOfTile, type Tile, tileRows, wholeTile } from "./layers.js";
import { tangentInto, tangentTransposeInto } from "./tangents.js";

/** Doubles of features that are kept: 256 MiB. */
const KEPT = 2 ** 25;
/** Multiply-adds of a slice, about 5 ms. */
const SLICE = 2 ** 24;

/**
 * Θ(X, X) of a network with all its outputs; vectors have N·C entries, n·C + c. Alive as long as
 * the memory that it was made in.
 */
export interface Tangents {
  /** Φᵀ v, P numbers. */
  transposeTimes(v: Float64Array): Float64Array;
  /** Φ u. */
  times(u: Float64Array): Float64Array;
  /** Φ(Φᵀ v), in slices. */
  slicing(v: Float64Array): Generator<void, Float64Array, void>;
}

/** Calls `body` with the map; its memory is scratch. */
export function withTangents<T>(context: Context, net: Network, X: Matrix, body: (tangents: Tangents) => T): T {
  return context.arena.run(() => body(tangentsOf(context, net, X)));
}

/** The map, in memory of the context's arena: scratch, or memory that stays. */
export function tangentsOf(context: Context, net: Network, X: Matrix): Tangents {
  const loaded = loadNetwork(context, net);
  const inputs = loadInputs(context, X);
  const { C, P, hidden, widest } = loaded;
  const units = hidden.reduce((sum, { fanOut }) => sum + fanOut, 0);
  const kept = 2 * units * X.rows <= KEPT ? wholeTile(context, loaded, inputs) : undefined;
  const [v, u] = [scratch(context, X.rows, C), scratch(context, 1, P)];
  // Slices depend on the shape alone, so that sums over rows have the same bits for any number of threads.
  const size = Math.min(tileRows(loaded), Math.max(16, Math.floor(SLICE / P)));
  // Φu makes pre-activations: a part's stay in L2, the one of each thread.
  const part = Math.max(16, Math.floor(2 ** 15 / widest)) * context.threads;
  function* slices(body: (tile: Tile, row: number) => void): Generator<void, void, void> {
    for (let row = 0; row < X.rows; row += size) {
      const rows = Math.min(size, X.rows - row);
      context.arena.run(() =>
        body(kept ? partOfTile(kept, row, rows) : wholeTile(context, loaded, inputs.slice(row, rows)), row),
      );
      yield;
    }
  }
  function* transposing(given: Float64Array): Generator<void, Float64Array, void> {
    v.entries().set(given);
    u.entries().fill(0);
    yield* slices((tile, row) => tangentTransposeInto(context, loaded, tile, v.slice(row, tile.rows), u));
    return u.copy();
  }
  function* multiplying(given: Float64Array): Generator<void, Float64Array, void> {
    u.entries().set(given);
    v.entries().fill(0);
    yield* slices((tile, first) => {
      for (let row = 0; row < tile.rows; row += part) {
        const rows = partOfTile(tile, row, Math.min(part, tile.rows - row));
        tangentInto(context, loaded, rows, u, v.slice(first + row, rows.rows));
      }
    });
    return v.copy();
  }
  return {
    transposeTimes: (given) => drain(transposing(given)),
    times: (given) => drain(multiplying(given)),
    *slicing(given) {
      return yield* multiplying(yield* transposing(given));
    },
  };
}
