/**
 * The features of the training points of a network with one hidden layer and one output, kept in a held block.
 * Predictions need them for β and for the cross kernel. While points come and go, the kernel of a new point with all of
 * them is two passes over the block, β² + α² S s + (α₁² X x + β₁²) ∘ (G g) (MATH.md §2), instead of N·m activations;
 * Φᵀv is one pass more. Rows lie in slots: a point that goes leaves its slot to a point that comes.
 */
import type { Context } from "../../context.js";
import type { Matrix } from "../../matrix.js";
import { type Network, scales, widths } from "../../model/network.js";
import { allocTile, fillTile, loadInputs, loadNetwork, type Tile } from "./layers.js";
import { outputsInto, tangentInto } from "./tangents.js";

/** Most doubles that are kept (256 MiB); wider networks make the features of a tile at a time, as `kernel` does. */
const LIMIT = 2 ** 25;

/** Hidden units of one product, as in `kernel`: its scratch is bounded. */
const UNITS = 1024;

/** True where these features are the kernel, and few enough to keep: no more than `limit` doubles. */
export function canReside(net: Network | undefined, n: number, limit = LIMIT): net is Network {
  return net !== undefined && net.outputs === 1 && widths(net).length === 1 && n * rowSize(net) <= limit;
}

/** Inputs, features and slopes of a point. */
function rowSize(net: Network): number {
  return net.inputs + 2 * widths(net)[0];
}

/** Where rows of X, S and G lie. */
interface Rows {
  x: number;
  s: number;
  g: number;
}

export class ResidentFeatures {
  readonly #context: Context;
  readonly #net: Network;
  #capacity: number;
  #block: number;
  /** The slot of each point; slots [0, number of points) are in use. */
  #slots: Int32Array;

  /** Only while the scratch stack is empty. @throws MemoryLimitError */
  constructor(context: Context, net: Network, X: Matrix) {
    this.#context = context;
    this.#net = net;
    this.#capacity = X.rows;
    this.#slots = Int32Array.from({ length: X.rows }, (_, i) => i);
    this.#block = context.arena.hold(X.rows * rowSize(net));
    try {
      context.arena.run(() => {
        const { x, s, g } = this.#here;
        fillTile(context, loadNetwork(context, net), loadInputs(context, X), 0, X.rows, { h: [0, s], slopes: [g] });
        context.arena.view(x, X.data.length).set(X.data);
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
    if (n <= this.#capacity) return;
    const { arena } = this.#context;
    const capacity = n + Math.max(8, n >>> 3);
    const block = arena.hold(capacity * rowSize(this.#net));
    this.#copy(this.#here, this.#at(block, capacity), this.#slots.length);
    arena.free(this.#block);
    this.#block = block;
    this.#capacity = capacity;
  }

  /** The features of other points, in scratch: call it inside `arena.run`. */
  load(X: Matrix): Tile {
    const loaded = loadNetwork(this.#context, this.#net);
    return fillTile(this.#context, loaded, loadInputs(this.#context, X), 0, X.rows, allocTile(loaded, X.rows));
  }

  /** Θ of the points in `tile` with all points, in scratch, packed: call it inside `arena.run`. */
  cross({ rows, h, slopes }: Tile): number {
    const { ops, arena } = this.#context;
    const n = this.#slots.length;
    const out = arena.alloc(rows * n);
    arena.run(() => {
      const [{ alpha, beta }, readout] = scales(this.#net);
      const [fanIn, m] = [this.#net.inputs, widths(this.#net)[0]];
      const { x, s, g } = this.#here;
      const d = alpha === 0 ? 0 : fanIn;
      for (let unit = 0; unit < m; unit += UNITS) {
        const k = Math.min(UNITS, m - unit);
        const at = (address: number) => address + unit * 8;
        const [delta, gamma] = unit === 0 ? [readout.beta ** 2, 0] : [0, 1];
        arena.run(() => {
          const work = arena.allocBytes(ops.dgramScratchBytes(rows, n, k, fanIn));
          const [s1, g1, w] = [at(h[1]), at(slopes[0]), readout.alpha ** 2];
          ops.dgramCross(0, rows, n, k, s1, m, at(s), m, 0, 0, 0, 0, 0, 0, w, gamma, delta, out, n, work);
          const [a, b] = [alpha ** 2, beta ** 2];
          ops.dgramCross(0, rows, n, k, g1, m, at(g), m, d, a, h[0], fanIn, x, fanIn, b, 1, 0, out, n, work);
        });
      }
    });
    if (this.#slots.some((slot, i) => slot !== i)) {
      const before = new Float64Array(n);
      for (let r = 0; r < rows; r++) {
        const row = arena.view(out + r * n * 8, n);
        before.set(row);
        for (let i = 0; i < n; i++) row[i] = before[this.#slots[i]];
      }
    }
    return out;
  }

  /** [f(x, θ0) +] φ(x)·u of the points in `tile`. */
  firstOrder(tile: Tile, u: Float64Array, start: boolean): Float64Array {
    const { arena } = this.#context;
    return arena.run(() => {
      const loaded = loadNetwork(this.#context, this.#net);
      const [moved, out] = [arena.copyIn(u), arena.alloc(tile.rows)];
      if (start) outputsInto(this.#context, loaded, tile, out);
      else arena.view(out, tile.rows).fill(0);
      tangentInto(this.#context, loaded, tile, moved, out);
      return arena.copyOut(out, tile.rows);
    });
  }

  /** Θ(x, x) of the points in `tile`. */
  diagonal({ rows, h, slopes }: Tile): Float64Array {
    const { ops } = this.#context;
    const m = widths(this.#net)[0];
    return this.#entries(rows, (out) => {
      ops.drowdot(0, rows, m, 1, h[1], m, h[1], m, 0, out);
      ops.drowdot(0, rows, m, 1, slopes[0], m, slopes[0], m, 0, out + rows * 8);
      const d = this.#net.inputs;
      ops.drowdot(0, rows, d, 1, h[0], d, h[0], d, 0, out + 2 * rows * 8);
    });
  }

  /** Θ of the points in `tile` with all points of {@link exchange}'s `from`, one packed row for each, at `out`. */
  kernelInto(tile: Tile, from: Int32Array, out: number): void {
    const { arena } = this.#context;
    const fresh = { x: tile.h[0], s: tile.h[1], g: tile.slopes[0] };
    const here = this.#here;
    for (let r = 0; r < tile.rows; r++) {
      const old = this.#products(this.#move(fresh, r), here, this.#slots.length);
      const come = this.#products(this.#move(fresh, r), fresh, tile.rows);
      const row = arena.view(out + r * from.length * 8, from.length);
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
    const fresh = tile && { x: tile.h[0], s: tile.h[1], g: tile.slopes[0] };
    let [free, next] = [0, 0];
    const take = (i: number, source: Rows, row: number) => {
      while (holder[free] >= 0) free++;
      this.#copy(this.#move(source, row), this.#move(here, free), 1);
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
    const { ops, arena } = this.#context;
    return arena.run(() => {
      const { hidden, readout, P } = loadNetwork(this.#context, this.#net);
      const { fanIn: d, fanOut: m, alpha, beta, offsets } = hidden[0];
      const { x, s, g } = this.#here;
      const [weights, u] = [arena.alloc(v.length), arena.alloc(P)];
      const slots = arena.view(weights, v.length);
      v.forEach((value, i) => {
        slots[this.#slots[i]] = value;
      });
      arena.view(u, P).fill(0);
      if (readout.bias) arena.view(u + readout.offsets.bias * 8, 1)[0] = readout.beta * v.reduce((a, b) => a + b, 0);
      const [ub, uc] = [u + readout.offsets.weights * 8, u + offsets.weights * 8];
      const ud = hidden[0].bias ? u + offsets.bias * 8 : 0;
      ops.dvjp(0, m, v.length, d, readout.alpha, alpha, beta, weights, x, d, s, m, g, m, ub, uc, ud);
      return arena.copyOut(u, P);
    });
  }

  free(): void {
    this.#context.arena.free(this.#block);
  }

  get #here(): Rows {
    return this.#at(this.#block, this.#capacity);
  }

  #at(block: number, capacity: number): Rows {
    const s = block + capacity * this.#net.inputs * 8;
    return { x: block, s, g: s + capacity * widths(this.#net)[0] * 8 };
  }

  #move({ x, s, g }: Rows, rows: number): Rows {
    const m = widths(this.#net)[0];
    return { x: x + rows * this.#net.inputs * 8, s: s + rows * m * 8, g: g + rows * m * 8 };
  }

  #copy(from: Rows, to: Rows, rows: number): void {
    const { arena } = this.#context;
    const m = widths(this.#net)[0];
    const copy = (source: number, target: number, elements: number) =>
      arena.view(target, elements).set(arena.view(source, elements));
    copy(from.x, to.x, rows * this.#net.inputs);
    copy(from.s, to.s, rows * m);
    copy(from.g, to.g, rows * m);
  }

  /** Θ of one point with `count` others. */
  #products(one: Rows, others: Rows, count: number): Float64Array {
    const { ops } = this.#context;
    const [d, m] = [this.#net.inputs, widths(this.#net)[0]];
    return this.#entries(count, (out) => {
      ops.dgemv(0, count, m, 1, others.s, m, one.s, 0, out);
      ops.dgemv(0, count, m, 1, others.g, m, one.g, 0, out + count * 8);
      ops.dgemv(0, count, d, 1, others.x, d, one.x, 0, out + 2 * count * 8);
    });
  }

  /** Kernel entries from inner products of features, slopes and inputs, which `fill` writes one after the other. */
  #entries(count: number, fill: (out: number) => void): Float64Array {
    const { arena } = this.#context;
    const [layer, readout] = scales(this.#net);
    return arena.run(() => {
      const out = arena.alloc(3 * count);
      fill(out);
      const view = arena.view(out, 3 * count);
      return view.slice(0, count).map((sigmoids, i) => {
        const bells = view[count + i];
        const factor = (layer.alpha === 0 ? 0 : layer.alpha ** 2 * view[2 * count + i]) + layer.beta ** 2;
        // A saturated unit carries no kernel, however large x is: 0 · ∞ = 0 (MATH.md §6).
        return readout.beta ** 2 + readout.alpha ** 2 * sigmoids + (bells === 0 ? 0 : factor * bells);
      });
    });
  }
}
