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
import { blockInto, blockTransposeInto, blockWeights, FEW_VECTORS, hasBlocks } from "./tangentBlock.js";
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
  /** Φ(Φᵀ v) of each vector, new vectors, in slices. */
  slicing(vectors: readonly Float64Array[]): Generator<void, Float64Array[], void>;
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
  const size = (multiplyAdds: number) => Math.min(tileRows(loaded), Math.max(16, Math.floor(SLICE / multiplyAdds)));
  // Φu makes pre-activations: a part's stay in L2, the one of each thread.
  const part = Math.max(16, Math.floor(2 ** 15 / widest)) * context.threads;
  function* slices(most: number, body: (tile: Tile, row: number) => void): Generator<void, void, void> {
    for (let row = 0; row < X.rows; row += most) {
      const rows = Math.min(most, X.rows - row);
      context.arena.run(() =>
        body(kept ? partOfTile(kept, row, rows) : wholeTile(context, loaded, inputs.slice(row, rows)), row),
      );
      yield;
    }
  }
  function* transposing(given: Float64Array): Generator<void, Float64Array, void> {
    v.entries().set(given);
    u.entries().fill(0);
    yield* slices(size(P), (tile, row) => tangentTransposeInto(context, loaded, tile, v.slice(row, tile.rows), u));
    return u.copy();
  }
  function* multiplying(given: Float64Array): Generator<void, Float64Array, void> {
    u.entries().set(given);
    v.entries().fill(0);
    yield* slices(size(P), (tile, first) => {
      for (let row = 0; row < tile.rows; row += part) {
        const rows = partOfTile(tile, row, Math.min(part, tile.rows - row));
        tangentInto(context, loaded, rows, u, v.slice(first + row, rows.rows));
      }
    });
    return v.copy();
  }
  function* together(vectors: readonly Float64Array[]): Generator<void, Float64Array[], void> {
    const sums = vectors.map(() => new Float64Array(P));
    const products = vectors.map(() => new Float64Array(X.rows));
    // Four vectors of a product of matrices take the time of one alone.
    const most = size((P * vectors.length) / 4);
    yield* slices(most, (tile, row) => blockTransposeInto(loaded, tile, row, vectors, sums));
    const weights = blockWeights(loaded, sums);
    yield* slices(most, (tile, row) => blockInto(loaded, tile, row, weights, products));
    return products;
  }
  return {
    transposeTimes: (given) => drain(transposing(given)),
    times: (given) => drain(multiplying(given)),
    *slicing(vectors) {
      if (vectors.length >= FEW_VECTORS && hasBlocks(loaded)) return yield* together(vectors);
      const products: Float64Array[] = [];
      for (const v of vectors) products.push(yield* multiplying(yield* transposing(v)));
      return products;
    },
  };
}
