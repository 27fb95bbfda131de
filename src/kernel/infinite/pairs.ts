/**
 * Infinitely wide networks in backend memory: points first, then pairs of points. A point has a unit vector, the
 * variances of every layer, and the moments of the probit mixture where the activation needs them. Pairs are taken tile
 * by tile, all layers of a tile while it is in cache. For the mixture, points are taken in the order of their variance:
 * a tile needs no more terms than its own variances ask for.
 */
import type { Context } from "../../context.js";
import { intact } from "../../lists.js";
import type { Matrix } from "../../matrix.js";
import { ACTIVATIONS } from "../../model/activation.js";
import type { InfiniteNetwork } from "../../model/infinite.js";
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "../../model/probit.js";
import { ActivationCode } from "../../ops.js";
import { termsFor } from "./seriesTerms.js";

/** Rows and columns of a tile: C, Δ and Θ of 16×512 pairs are 192 KiB. */
export const [ROWS, COLUMNS] = [16, 512];
/**
 * Up to so many inputs, all angles come from differences of unit vectors. Above, they come from one product and the few
 * differences that matter.
 */
const FEW_INPUTS = 32;

/** A set of points in scratch, in the order `order`. */
export interface Points {
  readonly n: number;
  /** Row of X that comes i-th. */
  readonly order: Uint32Array;
  /** X, n×d. */
  readonly x: number;
  /** Unit vectors, n×(d+1), and transposed, (d+1)×padded n (few inputs only). */
  readonly units: number;
  readonly transposed: number;
  /** Variances of the pre-activations of each layer, and of the readout. */
  readonly variances: readonly number[];
  /** Moments of each hidden layer; 0 without. */
  readonly moments: { at: number; held: number }[];
}

/** n rounded up to the four columns that the ops take at a time. */
const padded = (n: number) => Math.ceil(n / 4) * 4;

/** Recursion constants of a model for d inputs. */
function constants(model: InfiniteNetwork, d: number) {
  const { weightStd, biasStd, bias, parametrization, width = 0 } = model;
  const standard = parametrization === "standard";
  const weight = weightStd ** 2;
  const shift = bias ? biasStd ** 2 : 0;
  return {
    standard,
    /** First layer: α x·x' + β. */
    alpha: weight / d,
    weight,
    bias: shift,
    /** Θ ← … + scale T + shift: Q of the next layer, or in `standard` fan_in q + 1. */
    thetaScale: standard ? width : weight,
    thetaShift: standard ? (bias ? 1 : 0) : shift,
  };
}

/** A model on inputs of one dimension: points, and tiles of pairs. Lives in scratch: make it inside `arena.run`. */
export class Pairs {
  readonly #context: Context;
  readonly #model: InfiniteNetwork;
  readonly #code: number;
  readonly #mixture: number;
  readonly #d: number;
  readonly #constants: ReturnType<typeof constants>;
  readonly #nodes: number;

  constructor(context: Context, model: InfiniteNetwork, d: number) {
    this.#context = context;
    this.#model = model;
    this.#d = d;
    this.#code = ActivationCode[model.activation];
    this.#mixture = ACTIVATIONS[model.activation].mixture?.scale ?? 0;
    this.#constants = constants(model, d);
    this.#nodes = this.#mixture ? context.arena.copyIn(Float64Array.from([...PROBIT_SCALES, ...PROBIT_WEIGHTS])) : 0;
  }

  /** True where points are in the order of their variance rather than as given. */
  get sorted(): boolean {
    return this.#mixture > 0;
  }

  /** Terms for the largest variances a and b of a block. */
  #terms(a: number, b: number): number {
    const slopes = ACTIVATIONS[this.#model.activation].mixture?.slopes ?? false;
    return this.#mixture ? termsFor(this.#mixture * a, this.#mixture * b, slopes) : 0;
  }

  /** Loads one or two sets of points; their moments of a layer have the same number of terms. */
  load(sets: readonly Matrix[]): Points[] {
    const points = sets.map((X) => this.#inputs(X));
    for (let l = 0; l < this.#model.depth; l++) {
      const held = points.reduce((most, set) => Math.max(most, this.#most(set, l)), 0);
      for (const set of points) this.#nextLayer(set, l, held);
    }
    return points;
  }

  /** Unit vectors and first variances, in the order of the variances where a mixture asks for it. */
  #inputs(X: Matrix): Points {
    const { ops, arena } = this.#context;
    const { alpha, bias } = this.#constants;
    const [n, d] = [X.rows, this.#d];
    const room = padded(n);
    const variances = Array.from({ length: this.#model.depth + 1 }, () => arena.alloc(room));
    for (const address of variances) arena.view(address, room).fill(0);
    const units = arena.alloc(n * (d + 1));
    const x = arena.copyIn(intact(X.data, n * d));
    ops.dunit(n, d, alpha, bias, x, d, variances[0], units, d + 1);
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    if (this.#mixture) {
      const a = arena.copyOut(variances[0], n);
      order.sort((i, j) => a[i] - a[j] || i - j);
      permuteRows(arena.view(variances[0], n), order, 1);
      permuteRows(arena.view(units, n * (d + 1)), order, d + 1);
      permuteRows(arena.view(x, n * d), order, d);
    }
    let transposed = 0;
    if (d <= FEW_INPUTS) {
      transposed = arena.alloc((d + 1) * room);
      arena.view(transposed, (d + 1) * room).fill(0);
      ops.dtranspose(n, d + 1, units, d + 1, transposed, room);
    }
    return { n, order, x, units, transposed, variances, moments: [] };
  }

  /**
   * The most terms that a point within the series' range asks for; 0 where there is no such point. Points are in the
   * order of variance.
   */
  #most({ n, variances }: Points, l: number): number {
    if (!this.#mixture) return 0;
    const values = this.#context.arena.view(variances[l], n);
    for (let i = n - 1; i >= 0; i--) {
      const terms = this.#terms(values[i], values[i]);
      if (terms) return terms;
    }
    return 0;
  }

  /** Moments of layer l, and the variances of the next. */
  #nextLayer({ n, variances, moments }: Points, l: number, held: number): void {
    const { ops, arena } = this.#context;
    const { weight, bias } = this.#constants;
    const [a, next] = [variances[l], variances[l + 1]];
    const at = held ? arena.alloc(padded(n) * (held + 2)) : 0;
    if (held) ops.dmoments(n, a, this.#mixture, this.#nodes, held, at);
    moments.push({ at, held });
    for (let row = 0; row < n; row += ROWS) {
      const end = Math.min(n, row + ROWS);
      const top = largest(arena.view(a, end), row);
      const terms = this.#within(held, top, top);
      arena.run(() => {
        const work = arena.allocBytes(ops.ddualScratchBytes(terms));
        const [code, nodes] = [this.#code, this.#nodes];
        ops.ddual(
          code,
          row,
          end,
          0,
          1,
          nodes,
          terms,
          held,
          a,
          at,
          a,
          at,
          0,
          0,
          next,
          0,
          0,
          0,
          0,
          0,
          weight,
          bias,
          0,
          0,
          work,
        );
      });
    }
  }

  /** Terms for the largest variances of a block, where the tables hold so many; else the double sum. */
  #within(held: number, a: number, b: number): number {
    const terms = this.#terms(a, b);
    return terms <= held ? terms : 0;
  }

  /** The kernel of some rows against some columns, into the tile at c (Q of the readout) and theta (0: not wanted). */
  tile(A: Points, B: Points, row: number, rows: number, col: number, cols: number, at: TileMemory): void {
    const { ops, arena } = this.#context;
    const { standard, weight, bias, thetaScale, thetaShift } = this.#constants;
    const { c, delta, theta } = at;
    const d = this.#d;
    const ld = COLUMNS;
    const shift = (address: number, by: number) => address && address + by * 8;
    const v = shift(B.units, col * (d + 1));
    const a = (l: number) => shift(A.variances[l], row);
    const b = (l: number) => shift(B.variances[l], col);
    arena.run(() => {
      const u = shift(A.units, row * (d + 1));
      if (!A.transposed) {
        const work = arena.allocBytes(ops.dgemmScratchBytes(rows, cols, d + 1));
        ops.dgemm(0, 1, 0, rows, cols, d + 1, 1, u, d + 1, v, d + 1, 0, c, ld, work);
      }
      const vt = shift(B.transposed, col);
      ops.dcovariance(0, rows, cols, d + 1, a(0), u, d + 1, b(0), v, d + 1, vt, padded(B.n), c, ld, delta, ld);
      if (!theta) return;
      if (standard) {
        const work = arena.allocBytes(ops.dgramScratchBytes(rows, cols, d, 0));
        const [x, y] = [shift(A.x, row * d), shift(B.x, col * d)];
        ops.dgramCross(0, rows, cols, d, x, d, y, d, 0, 0, 0, 0, 0, 0, 1, 0, thetaShift, theta, ld, work);
      } else arena.view(theta, rows * ld).set(arena.view(c, rows * ld));
    });
    for (let l = 0; l < this.#model.depth; l++) {
      const last = l === this.#model.depth - 1;
      const { held } = A.moments[l];
      const [topA, topB] = [
        largest(arena.view(A.variances[l], row + rows), row),
        largest(arena.view(B.variances[l], col + cols), col),
      ];
      const terms = this.#within(held, topA, topB);
      // Moments lie in groups of four points; row and col start one.
      const slots = ({ at: table }: { at: number }, from: number) => table && table + from * (held + 2) * 8;
      arena.run(() => {
        const work = arena.allocBytes(ops.ddualScratchBytes(terms));
        const [ma, mb] = [slots(A.moments[l], row), slots(B.moments[l], col)];
        const [nextA, nextB] = last ? [0, 0] : [a(l + 1), b(l + 1)];
        ops.ddual(
          this.#code,
          0,
          rows,
          cols,
          0,
          this.#nodes,
          terms,
          held,
          a(l),
          ma,
          b(l),
          mb,
          nextA,
          nextB,
          c,
          ld,
          delta,
          ld,
          theta,
          ld,
          weight,
          bias,
          thetaScale,
          thetaShift,
          work,
        );
      });
    }
  }
}

export interface TileMemory {
  c: number;
  delta: number;
  theta: number;
}

/** Scratch for {@link Pairs.tile}; without theta for the NNGP kernel. */
export function tileMemory({ arena }: Context, model: InfiniteNetwork, rows: number): TileMemory {
  const size = rows * COLUMNS;
  return { c: arena.alloc(size), delta: arena.alloc(size), theta: model.kernel === "nngp" ? 0 : arena.alloc(size) };
}

function largest(values: Float64Array, from: number): number {
  let top = 0;
  for (let i = from; i < values.length; i++) top = Math.max(top, values[i]);
  return top;
}

/** Row i becomes row order[i] of what was there. */
function permuteRows(values: Float64Array, order: Uint32Array, width: number): void {
  const from = values.slice();
  order.forEach((source, i) => {
    values.set(from.subarray(source * width, (source + 1) * width), i * width);
  });
}
