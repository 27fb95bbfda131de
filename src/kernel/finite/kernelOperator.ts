/**
 * Θ(X, X) as a linear map, v ↦ Φ(Φᵀv) in float64: O(NP) a product and no N×N matrix. The features of all rows are made
 * once and kept while they are needed. Where they are too many, they are made anew, tile by tile, for every product.
 */
import type { Context } from "../../context.js";
import type { Matrix } from "../../matrix.js";
import type { Network } from "../../model/network.js";
import { allocTile, fillTile, forEachTile, loadInputs, loadNetwork, partOfTile, type Tile } from "./layers.js";
import { tangentInto, tangentTransposeInto } from "./tangents.js";

/** Doubles of features that are kept: 256 MiB. */
const KEPT = 2 ** 25;

/**
 * Θ(X, X) of a network with all its outputs; vectors have N·C entries, n·C + c. Alive inside {@link withTangents} only.
 */
export interface Tangents {
  /** Φᵀ v, P numbers. */
  transposeTimes(v: Float64Array): Float64Array;
  /** Φ u. */
  times(u: Float64Array): Float64Array;
}

/** Calls `body` with the map; its memory is scratch. */
export function withTangents<T>(context: Context, net: Network, X: Matrix, body: (tangents: Tangents) => T): T {
  const { arena } = context;
  return arena.run(() => {
    const loaded = loadNetwork(context, net);
    const inputs = loadInputs(context, X);
    const { C, P, hidden } = loaded;
    const n = X.rows * C;
    const widest = hidden.reduce((size, { fanOut }) => Math.max(size, fanOut), 0);
    const units = hidden.reduce((sum, { fanOut }) => sum + fanOut, 0);
    const kept = 2 * units * X.rows <= KEPT && fillTile(context, loaded, inputs, 0, X.rows, allocTile(loaded, X.rows));
    const [v, u] = [arena.alloc(n), arena.alloc(P)];
    const tiles = (body: (tile: Tile) => void) => (kept ? body(kept) : forEachTile(context, loaded, inputs, body));
    // Φu makes pre-activations: a part's stay in L2.
    const part = Math.max(16, Math.floor(2 ** 15 / widest));
    return body({
      transposeTimes(given) {
        arena.view(v, n).set(given);
        arena.view(u, P).fill(0);
        tiles((tile) => tangentTransposeInto(context, loaded, tile, v + tile.row * C * 8, u));
        return arena.copyOut(u, P);
      },
      times(given) {
        arena.view(u, P).set(given);
        arena.view(v, n).fill(0);
        tiles((tile) => {
          for (let row = 0; row < tile.rows; row += part) {
            const rows = partOfTile(loaded, tile, row, Math.min(part, tile.rows - row));
            tangentInto(context, loaded, rows, u, v + rows.row * C * 8);
          }
        });
        return arena.copyOut(v, n);
      },
    });
  });
}
