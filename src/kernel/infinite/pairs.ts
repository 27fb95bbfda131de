/**
 * Infinitely wide networks in backend memory: points first, then pairs of points. A point has a unit vector, the
 * variances of every layer, and the moments of the probit mixture where the activation needs them. Pairs are taken tile
 * by tile, all layers of a tile while it is in cache. For the mixture, points are taken in the order of their variance:
 * a tile needs no more terms than its own variances ask for.
 */
import type { Context } from "../../context.js";
import { gram, transpose } from "../../linalg/blas.js";
import { copyIn, scratch, type View } from "../../linalg/view.js";
import { intact } from "../../lists.js";
import type { Matrix } from "../../matrix.js";
import { type Activation, nameOf, recordOf, rowOf } from "../../model/activation.js";
import { isDefined } from "../../model/definedActivation.js";
import type { InfiniteNetwork } from "../../model/infinite.js";
import { residualOf } from "../../model/networkLayers.js";
import { valueAt } from "../../model/perLayer.js";
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "../../model/probit.js";
import { activationArgument } from "../activationArgument.js";
import { hermiteSeries } from "./hermiteSeries.js";
import { covariance, dual, moments, momentTable, nextVariances, padded, termsOf, unitVectors } from "./infiniteOps.js";
import { join, keep } from "./joined.js";
import { seriesRows } from "./ownDual.js";
import { type First, firstOf, stepOf } from "./recursion.js";
import { termsFor } from "./seriesTerms.js";
import type { PointLayer, Points, Recursion, Tile } from "./tile.js";

/** Rows and columns of a tile: C, Δ and Θ of 16×512 pairs are 192 KiB. */
export const [ROWS, COLUMNS] = [16, 512];
/**
 * Up to so many inputs, all angles come from differences of unit vectors. Above, they come from one product and the few
 * differences that matter.
 */
const FEW_INPUTS = 32;

type Mixture = { readonly scale: number; readonly slopes?: boolean };

/** A set of points in scratch, in the order `order`. */
export interface PointSet extends Points {
  /** Row of the caller's X that comes i-th. */
  readonly order: Uint32Array;
  readonly layers: PointLayer[];
}

/** Points [from, from + n) of a set; `from` is a multiple of four. */
export function consecutive(set: Points, from: number, n: number): Points {
  const { X, U, Ut, layers } = set;
  if (n === X.rows) return set;
  return {
    X: X.slice(from, n),
    U: U.slice(from, n),
    Ut: Ut?.block(0, from, Ut.rows, n),
    layers: layers.map((layer) => part(layer, from, n)),
  };
}

/** {@link consecutive} of one layer. */
function part({ variances, alone, own, moments }: PointLayer, from: number, n: number): PointLayer {
  return {
    own: own && { ...own, from: own.from + from },
    variances: variances.slice(from, n),
    alone: alone?.slice(from, n),
    moments: moments?.slice(from / 4, padded(n) / 4),
  };
}

/** The recursion from hidden layer l to the layer above. */
function recursionOf(context: Context, model: InfiniteNetwork, l: number, nodes: View | undefined): Recursion {
  const activation = valueAt(model.activation, l);
  const code = isDefined(activation) ? -1 : activationArgument(context, activation);
  return { code, nodes, ...stepOf(model, l) };
}

/** Scales and weights of the probit mixture. */
function probitNodes(context: Context): View {
  const nodes = scratch(context, 2, PROBIT_SCALES.length);
  nodes.row(0).set(PROBIT_SCALES);
  nodes.row(1).set(PROBIT_WEIGHTS);
  return nodes;
}

/** What follows a tile up the layers. */
export interface Watch {
  /** Before the step from hidden layer l, with C, Delta and Theta of that layer. */
  below(l: number, tile: Tile): void;
  /** Where the tile is kept for a layer that adds it. */
  keep(): void;
  /** Where the kept tile is added. */
  join(): void;
}

/** A model on inputs of one dimension: points, and tiles of pairs. Lives in scratch: make it inside `arena.run`. */
export class Pairs {
  readonly #context: Context;
  readonly #model: InfiniteNetwork;
  /** The series of each hidden layer whose activation is a mixture. */
  readonly #mixtures: readonly (Mixture | undefined)[];
  readonly #nodes: View | undefined;
  readonly #first: First;
  readonly #recursions: readonly Recursion[];

  constructor(context: Context, model: InfiniteNetwork, d: number) {
    this.#context = context;
    this.#model = model;
    const layers = Array.from({ length: model.depth }, (_, l) => l);
    this.#mixtures = layers.map((l) => {
      const activation = valueAt(model.activation, l);
      return isDefined(activation) ? undefined : rowOf(activation).mixture;
    });
    this.#nodes = this.sorted ? probitNodes(context) : undefined;
    this.#first = firstOf(model, d);
    this.#recursions = layers.map((l) => recursionOf(context, model, l, this.#mixtures[l] && this.#nodes));
  }

  /** True where points are in the order of their variance rather than as given. */
  get sorted(): boolean {
    return this.#mixtures.some((mixture) => mixture !== undefined);
  }

  /** Terms of layer l for the largest variances a and b of a block. */
  #terms(l: number, a: number, b: number): number {
    const mixture = this.#mixtures[l];
    if (!mixture) return 0;
    const { scale, slopes = false } = mixture;
    return termsFor(scale * a, scale * b, slopes);
  }

  /** Loads one or two sets of points; their moments of a layer have the same number of terms. */
  load(sets: readonly Matrix[]): PointSet[] {
    const points = sets.map((X) => this.#inputs(X));
    for (let l = 0; l < this.#model.depth; l++) {
      for (const set of points) this.#checkVariances(set, l);
      this.#ownSeries(points, l);
      const held = points.reduce((most, set) => Math.max(most, this.#most(l, set.layers[l])), 0);
      for (const set of points) this.#finishLayer(set, l, held);
    }
    return points;
  }

  /**
   * @throws RangeError where the product of two variances of hidden layer l leaves the doubles, and with it ab − c² of
   *   two points. Where it underflows only activations with a bend at 0 see the angle that is lost.
   */
  #checkVariances({ X, layers }: PointSet, l: number): void {
    const values = layers[l].variances.entries();
    const bent = isBent(valueAt(this.#model.activation, l));
    for (let i = 0; i < values.length; i++) {
      const a = values[i];
      if (!(a <= MOST_VARIANCE)) throw leaves(l, a, "at most 2^511: the square overflows");
      if (!bent || a >= LEAST_VARIANCE) continue;
      // A point that is 0 has a variance of 0, and no angle.
      if (a > 0 || (l === 0 && this.#first.alpha > 0 && X.row(i).some((x) => x !== 0)))
        throw leaves(l, a, "0, or at least 2^-511: the square underflows");
    }
  }

  /** The series of all points, of as many terms, where the activation of layer l is one's own. */
  #ownSeries(points: readonly PointSet[], l: number): void {
    const activation = valueAt(this.#model.activation, l);
    if (!isDefined(activation)) return;
    const all = points.map(({ layers }) => layers[l].variances.copy());
    const together = new Float64Array(all.reduce((sum, { length }) => sum + length, 0));
    let from = 0;
    for (const variances of all) {
      together.set(variances, from);
      from += variances.length;
    }
    const rows = seriesRows(hermiteSeries(activation, together));
    from = 0;
    for (const { layers } of points) {
      layers[l] = { ...layers[l], own: { ...rows, from } };
      from += layers[l].variances.rows;
    }
  }

  /** Unit vectors and first variances, in the order of the variances where a mixture asks for it. */
  #inputs({ rows: n, cols: d, data }: Matrix): PointSet {
    const context = this.#context;
    const variances = this.#variances(n);
    const U = scratch(context, n, d + 1);
    const X = copyIn(context, intact(data, n * d), n, d);
    const { unit } = this.#first;
    if (unit !== 1) for (const [at, x] of X.entries().entries()) X.entries()[at] = x * unit;
    unitVectors(this.#first.alpha, this.#first.beta, X, variances, U);
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    if (this.sorted) {
      const a = variances.copy();
      order.sort((i, j) => a[i] - a[j] || i - j);
      for (const A of [variances, U, X]) permuteRows(A, order);
    }
    let Ut: View | undefined;
    if (d <= FEW_INPUTS) {
      const room = scratch(context, d + 1, padded(n));
      room.entries().fill(0);
      Ut = room.block(0, 0, d + 1, n);
      transpose(U, Ut);
    }
    return { order, X, U, Ut, layers: [{ variances, alone: undefined, moments: undefined }] };
  }

  /** Room for variances of n points, and zeros up to a multiple of four. */
  #variances(n: number): View {
    const room = scratch(this.#context, padded(n), 1);
    room.entries().fill(0);
    return room.slice(0, n);
  }

  /** The most terms that a point within the series' range asks for; 0 where there is no such point. */
  #most(l: number, { variances }: PointLayer): number {
    if (!this.#mixtures[l]) return 0;
    const values = variances.copy().sort();
    for (let i = values.length - 1; i >= 0; i--) {
      const terms = this.#terms(l, values[i], values[i]);
      if (terms) return terms;
    }
    return 0;
  }

  /** Moments of layer l, and the variances of the next one if it is hidden too. */
  #finishLayer({ X, layers }: PointSet, l: number, held: number): void {
    const n = X.rows;
    const { variances } = layers[l];
    const mixture = this.#mixtures[l];
    if (mixture && this.#nodes && held) {
      const table = momentTable(this.#context, n, held);
      moments(mixture.scale, variances, this.#nodes, table);
      layers[l] = { ...layers[l], moments: table };
    }
    if (l + 1 === this.#model.depth) return;
    const next = this.#variances(n);
    for (let row = 0; row < n; row += ROWS) {
      const rows = Math.min(ROWS, n - row);
      const some = part(layers[l], row, rows);
      nextVariances(this.#recursions[l], this.#within(l, some, some), some, next.slice(row, rows));
    }
    const skip = residualOf(this.#model, l + 1);
    if (skip < 0) {
      layers.push({ variances: next, alone: undefined, moments: undefined });
      return;
    }
    const sum = this.#variances(n);
    const [to, own, below] = [sum, next, layers[skip].variances].map((A) => A.entries());
    for (let i = 0; i < n; i++) to[i] = own[i] + below[i];
    layers.push({ variances: sum, alone: next, moments: undefined });
  }

  /** Terms for the largest variances of a block, where the tables hold so many; else 0, for the double sum. */
  #within(l: number, A: PointLayer, B: PointLayer): number {
    if (!this.#mixtures[l]) return 0;
    const terms = this.#terms(l, largest(A.variances), largest(B.variances));
    return terms <= termsOf(A.moments) ? terms : 0;
  }

  /**
   * The kernel of A against B: Theta, or C where Theta is not wanted, of the first rows and columns of `memory`.
   */
  tile(A: Points, B: Points, { joined: kept, ...memory }: TileMemory, watch?: Watch): View {
    const [rows, cols] = [A.X.rows, B.X.rows];
    const tile = corner(memory, rows, cols);
    const joined = kept && corner(kept, rows, cols);
    const { C, Theta } = tile;
    covariance(A, B, tile);
    const { alpha, beta, thetaAlpha, thetaBeta } = this.#first;
    // C takes nearby points from their difference: it serves Theta where it can.
    if (Theta && thetaAlpha === alpha && thetaBeta === beta)
      memory.Theta?.slice(0, rows).entries().set(memory.C.slice(0, rows).entries());
    else if (Theta) gram(Theta, A.X, B.X, { beta: thetaAlpha, gamma: 0, delta: thetaBeta });
    for (let l = 0; l < this.#model.depth; l++) {
      if (joined && residualOf(this.#model, l + this.#model.residual) === l) {
        keep(tile, joined);
        watch?.keep();
      }
      watch?.below(l, tile);
      dual(this.#recursions[l], this.#within(l, A.layers[l], B.layers[l]), A, B, l, tile);
      const skip = l + 1 < this.#model.depth ? residualOf(this.#model, l + 1) : -1;
      if (joined && skip >= 0) {
        join(tile, joined, [A, B], skip, l + 1);
        watch?.join();
      }
    }
    return Theta ?? C;
  }
}

/** A tile, and room for the one of the last joined layer in residual networks. */
interface TileMemory extends Tile {
  readonly joined: Tile | undefined;
}

/** Scratch for {@link Pairs.tile}; without Theta for the NNGP kernel. */
export function tileMemory(context: Context, model: InfiniteNetwork, rows: number): TileMemory {
  const tile = (): Tile => ({
    C: scratch(context, rows, COLUMNS),
    Delta: scratch(context, rows, COLUMNS),
    Theta: model.kernel === "nngp" ? undefined : scratch(context, rows, COLUMNS),
  });
  return { ...tile(), joined: model.residual > 0 ? tile() : undefined };
}

/** The first rows and columns of a tile. */
function corner({ C, Delta, Theta }: Tile, rows: number, cols: number): Tile {
  return {
    C: C.block(0, 0, rows, cols),
    Delta: Delta.block(0, 0, rows, cols),
    Theta: Theta?.block(0, 0, rows, cols),
  };
}

/** Products of two variances up to this one are doubles. */
const MOST_VARIANCE = 2 ** 511;
/** Products of two variances from this one on are doubles with all their digits. */
const LEAST_VARIANCE = 2 ** -511;

/** True for activations whose expectations depend on angles beside however small a variance. */
function isBent(activation: Activation): boolean {
  if (isDefined(activation)) return false;
  const name = nameOf(activation);
  return name === "relu" || name === "step" || name === "elu" || name === "selu" || recordOf(activation)[1] > 0;
}

function leaves(l: number, variance: number, expected: string): RangeError {
  return new RangeError(
    `a pre-activation of hidden layer ${l + 1} has the variance ${variance}; expected ${expected} float64, rescale the inputs or the weights`,
  );
}

/** The largest of some variances, at least 0. */
function largest(variances: View): number {
  const values = variances.entries();
  let top = 0;
  for (let i = 0; i < values.length; i++) top = Math.max(top, values[i]);
  return top;
}

/** Row i becomes row order[i] of what was there. */
function permuteRows(A: View, order: Uint32Array): void {
  const width = A.cols;
  const from = A.copy();
  const values = A.entries();
  order.forEach((source, i) => {
    values.set(from.subarray(source * width, (source + 1) * width), i * width);
  });
}
