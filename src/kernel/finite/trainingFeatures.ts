/**
 * The features of the training points of a network with one hidden layer and one output, kept in a held block.
 * Predictions need them for β and for the cross kernel. While points come and go, the kernel of a new point with all of
 * them is two passes over the block, β² + α² S s + (α₁² X x + β₁²) ∘ (G g) (MATH.md §2), instead of N·m activations;
 * Φᵀv is one pass more. Rows lie in slots: a point that goes leaves its slot to a point that comes.
 */
import type { Context } from "../../context.js";
import { gemv, gram, rowDots } from "../../linalg/blas.js";
import { copyIn, hold, scratch, type View } from "../../linalg/view.js";
import type { Matrix } from "../../matrix.js";
import { type Network, scales, widths } from "../../model/network.js";
import { UNITS } from "./kernelMemory.js";
import { blocksOf, fillTile, loadInputs, loadNetwork, type Tile, wholeTile } from "./layers.js";
import { vjp } from "./networkOps.js";
import { outputsInto, tangentInto } from "./tangents.js";

/** Most doubles that are kept (256 MiB); wider networks make the features of a tile at a time, as `kernel` does. */
const LIMIT = 2 ** 25;

/** True where these features are the kernel, and few enough to keep: no more than `limit` doubles. */
export function canReside(net: Network | undefined, n: number, limit = LIMIT): net is Network {
  return net !== undefined && net.outputs === 1 && widths(net).length === 1 && n * rowSize(net) <= limit;
}

/** Inputs, features and slopes of a point. */
function rowSize(net: Network): number {
  return net.inputs + 2 * widths(net)[0];
}

/** Inputs, features and slopes of some points, a row for each. */
interface Rows {
  readonly X: View;
  readonly S: View;
  readonly G: View;
}

const map = ({ X, S, G }: Rows, f: (A: View) => View): Rows => ({ X: f(X), S: f(S), G: f(G) });
const rowsOf = ({ h, slopes }: Tile): Rows => ({ X: h[0], S: h[1], G: slopes[0] });

export class ResidentFeatures {
  readonly #context: Context;
  readonly #net: Network;
  /** A held block with a row for each slot. */
  #held: View;
  /** The slot of each point; slots [0, number of points) are in use. */
  #slots: Int32Array;

  /** Only while the scratch stack is empty. @throws MemoryLimitError */
  constructor(context: Context, net: Network, X: Matrix) {
    this.#context = context;
    this.#net = net;
    this.#slots = Int32Array.from({ length: X.rows }, (_, i) => i);
    this.#held = hold(context, X.rows, rowSize(net));
    try {
      context.arena.run(() => {
        const { X: inputs, S, G } = this.#here;
        fillTile(loadNetwork(context, net), loadInputs(context, X), 0, X.rows, { features: [S], slopes: [G] });
        inputs.entries().set(X.data);
      });
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Doubles of a point. */
  get rowSize(): number {
    return rowSize(this.#net);
  }

  /**
   * Makes room for n points, and an eighth to spare. Only while the scratch stack is empty. @throws MemoryLimitError
   */
  reserve(n: number): void {
    if (n <= this.#held.rows) return;
    const bigger = hold(this.#context, n + Math.max(8, n >>> 3), rowSize(this.#net));
    copy(this.#here, this.#at(bigger), this.#slots.length);
    this.free();
    this.#held = bigger;
  }

  /** The features of other points, in scratch: call it inside `arena.run`. */
  load(X: Matrix): Tile {
    return wholeTile(this.#context, loadNetwork(this.#context, this.#net), loadInputs(this.#context, X));
  }

  /** Θ of the points in `tile` with all points, in scratch: call it inside `arena.run`. */
  cross(tile: Tile): View {
    const n = this.#slots.length;
    const K = scratch(this.#context, tile.rows, n);
    const [{ alpha, beta }, readout] = scales(this.#net).map(({ tangent }) => tangent);
    const m = widths(this.#net)[0];
    const [one, all] = [rowsOf(tile), map(this.#here, (A) => A.slice(0, n))];
    for (let unit = 0; unit < m; unit += UNITS) {
      const k = Math.min(UNITS, m - unit);
      const part = (A: View) => A.block(0, unit, A.rows, k);
      const [delta, gamma] = unit === 0 ? [readout.beta ** 2, 0] : [0, 1];
      gram(K, part(one.S), part(all.S), { beta: readout.alpha ** 2, gamma, delta });
      const [A, A2] = alpha === 0 ? [] : [one.X, all.X];
      gram(K, part(one.G), part(all.G), { A, A2, alpha: alpha ** 2, beta: beta ** 2, gamma: 1 });
    }
    if (this.#slots.some((slot, i) => slot !== i)) {
      const before = new Float64Array(n);
      for (let r = 0; r < tile.rows; r++) {
        const row = K.row(r);
        before.set(row);
        for (let i = 0; i < n; i++) row[i] = before[this.#slots[i]];
      }
    }
    return K;
  }

  /** [f(x, θ0) +] φ(x)·u of the points in `tile`. */
  firstOrder(tile: Tile, u: Float64Array, start: boolean): Float64Array {
    const context = this.#context;
    return context.arena.run(() => {
      const loaded = loadNetwork(context, this.#net);
      const [moved, out] = [copyIn(context, u, 1, u.length), scratch(context, tile.rows, 1)];
      if (start) outputsInto(loaded, tile, out);
      else out.entries().fill(0);
      tangentInto(context, loaded, tile, moved, out);
      return out.copy();
    });
  }

  /** Θ(x, x) of the points in `tile`. */
  diagonal(tile: Tile): Float64Array {
    const { X, S, G } = rowsOf(tile);
    return this.#entries(rowDots(S), rowDots(G), rowDots(X));
  }

  /** Θ of the points in `tile` with all points of {@link exchange}'s `from`, one row for each. */
  kernelInto(tile: Tile, from: Int32Array, K: View): void {
    const fresh = rowsOf(tile);
    const here = map(this.#here, (A) => A.slice(0, this.#slots.length));
    for (let r = 0; r < tile.rows; r++) {
      const one = map(fresh, (A) => A.slice(r, 1));
      const [old, come] = [this.#products(one, here), this.#products(one, fresh)];
      const row = K.row(r);
      let next = 0;
      for (let i = 0; i < from.length; i++) row[i] = from[i] < 0 ? come[next++] : old[this.#slots[from[i]]];
    }
  }

  /**
   * Point i is from now on point `from[i]` of before, or where `from[i]` is -1 the next of `tile`. {@link reserve}
   * comes first; this cannot fail.
   */
  exchange(tile: Tile | undefined, from: Int32Array): void {
    const slots = from.map((old) => (old < 0 ? -1 : this.#slots[old]));
    const holder = new Int32Array(Math.max(this.#slots.length, from.length)).fill(-1);
    slots.forEach((slot, i) => {
      if (slot >= 0) holder[slot] = i;
    });
    const here = this.#here;
    const fresh = tile && rowsOf(tile);
    let [free, next] = [0, 0];
    const take = (i: number, rows: Rows, row: number) => {
      while (holder[free] >= 0) free++;
      copy(
        map(rows, (A) => A.slice(row, 1)),
        map(here, (A) => A.slice(free, 1)),
        1,
      );
      holder[free] = i;
      slots[i] = free;
    };
    if (fresh) for (let i = 0; i < slots.length; i++) if (slots[i] < 0) take(i, fresh, next++);
    // Fewer points than before: those above move down into the gaps.
    for (let slot = from.length; slot < this.#slots.length; slot++)
      if (holder[slot] >= 0) take(holder[slot], here, slot);
    this.#slots = slots;
  }

  /** Φᵀ v, P numbers, for v with an entry for each point. */
  transpose(v: Float64Array): Float64Array {
    const context = this.#context;
    return context.arena.run(() => {
      const { hidden, readout, P } = loadNetwork(context, this.#net);
      const [weights, u] = [scratch(context, v.length, 1), scratch(context, 1, P)];
      const slots = weights.entries();
      v.forEach((value, i) => {
        slots[this.#slots[i]] = value;
      });
      u.entries().fill(0);
      const [above, below] = [blocksOf(u, readout), blocksOf(u, hidden[0])];
      if (above.bias) above.bias.entries()[0] = readout.tangent.beta * v.reduce((a, b) => a + b, 0);
      const tile = map(this.#here, (A) => A.slice(0, v.length));
      const into = { b: above.weights, C: below.weights, d: below.bias };
      vjp(weights, tile, { alpha2: readout.tangent.alpha, ...hidden[0].tangent }, into);
      return u.copy();
    });
  }

  free(): void {
    this.#context.arena.free(this.#held.at);
  }

  get #here(): Rows {
    return this.#at(this.#held);
  }

  /** The three matrices of a block, one after the other. */
  #at(block: View): Rows {
    const [d, m, n] = [this.#net.inputs, widths(this.#net)[0], block.rows];
    return { X: block.part(0, n, d), S: block.part(n * d, n, m), G: block.part(n * (d + m), n, m) };
  }

  /** Θ of one point with others. */
  #products(one: Rows, others: Rows): Float64Array {
    const context = this.#context;
    const product = (A: View, row: View) =>
      context.arena.run(() => {
        const y = scratch(context, 1, A.rows);
        gemv(1, A, row, 0, y);
        return y.copy();
      });
    return this.#entries(product(others.S, one.S), product(others.G, one.G), product(others.X, one.X));
  }

  /** Kernel entries from inner products of features, slopes and inputs. */
  #entries(sigmoids: Float64Array, bells: Float64Array, inputs: Float64Array): Float64Array {
    const [layer, readout] = scales(this.#net).map(({ tangent }) => tangent);
    return sigmoids.map((s, i) => {
      const factor = (layer.alpha === 0 ? 0 : layer.alpha ** 2 * inputs[i]) + layer.beta ** 2;
      // A saturated unit carries no kernel, however large x is: 0 · ∞ = 0 (MATH.md §6).
      return readout.beta ** 2 + readout.alpha ** 2 * s + (bells[i] === 0 ? 0 : factor * bells[i]);
    });
  }
}

/** Copies the first rows. */
function copy(from: Rows, to: Rows, rows: number): void {
  for (const name of ["X", "S", "G"] as const)
    to[name].slice(0, rows).entries().set(from[name].slice(0, rows).entries());
}
