/**
 * Derivatives of infinitely wide networks' kernels in their inputs. Θ(x, x') is a function of p = x·x', q = ‖x‖²
 * and q', so that ∂Θ/∂x = ∂Θ/∂p x' + 2 ∂Θ/∂q x. Both derivatives go up the layers beside C and Θ (MATH.md §6):
 *
 *   C⁺ = wT + b,   dC⁺ = w (∂T/∂c dC + ∂T/∂a da),   dΘ⁺ = w (Ṫ dΘ + Θ dṪ) + s dT.
 */
import type { Context } from "../../context.js";
import { gemm } from "../../linalg/blas.js";
import { scratch } from "../../linalg/view.js";
import { type Matrix, matrix } from "../../matrix.js";
import { type BuiltIn, nameOf, recordOf, rowOf } from "../../model/activation.js";
import { isDefined } from "../../model/definedActivation.js";
import { dualSlopesOf } from "../../model/dualSlopes.js";
import type { InfiniteNetwork } from "../../model/infinite.js";
import { residualOf } from "../../model/networkLayers.js";
import { valueAt } from "../../model/perLayer.js";
import { COLUMNS, consecutive, Pairs, type PointSet, ROWS, tileMemory, type Watch } from "./pairs.js";
import { probitSlopes, slopesByProbits } from "./probitSlopes.js";
import { firstOf, type Step, stepOf } from "./recursion.js";
import { ownSeries, siluSeries, slopesBySeries } from "./slopeSeries.js";
import type { Tile } from "./tile.js";

/** Ṫ, ∂T/∂c, ∂T/∂a, ∂Ṫ/∂c and ∂Ṫ/∂a of point i of the first set and point j of all points. */
type PairSlopes = (i: number, j: number, a: number, b: number, c: number, delta: number, out: Float64Array) => void;

/** One hidden layer: its step, its pairs, and what the points have of their own. */
interface Layer extends Step {
  readonly pairs: PairSlopes;
  /** Variances of the first set, and of all points. */
  readonly a: Float64Array;
  readonly all: Float64Array;
  /** ∂a/∂q of the first set. */
  readonly slopes: Float64Array;
}

/** The pairs of a layer with the variances `all`, of the first set and then of the others. */
function pairsOf(model: InfiniteNetwork, l: number, all: Float64Array): PairSlopes {
  const activation = valueAt(model.activation, l);
  const name = isDefined(activation) ? undefined : nameOf(activation);
  const series = isDefined(activation) ? ownSeries(activation, all) : name === "silu" ? siluSeries(all) : undefined;
  if (series) return (i, j, _a, _b, c, _delta, out) => slopesBySeries(series, i, j, c, out);
  const probits = name && probitSlopes(name, all);
  if (probits) return (i, j, _a, _b, c, _delta, out) => slopesByProbits(probits, i, j, c, out);
  const slopes = dualSlopesOf(activation as BuiltIn);
  return (_i, _j, a, b, c, delta, out) => slopes(a, b, c, delta, out);
}

/** The layers of some points; the derivatives in q are those of the first set. */
function layersOf(model: InfiniteNetwork, d: number, sets: readonly PointSet[]): Layer[] {
  const { alpha, unit } = firstOf(model, d);
  const n = sets[0].X.rows;
  const layers: Layer[] = [];
  let slopes = new Float64Array(n).fill(alpha * unit * unit);
  const out = new Float64Array(6);
  for (let l = 0; l < model.depth; l++) {
    const parts = sets.map((set) => set.layers[l].variances.copy());
    const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((from, part) => {
      all.set(part, from);
      return from + part.length;
    }, 0);
    const step = stepOf(model, l);
    const a = parts[0];
    const pairs = pairsOf(model, l, all);
    layers.push({ ...step, pairs, a, all, slopes });
    const skip = l + 1 < model.depth ? residualOf(model, l + 1) : -1;
    slopes = slopes.map((slope, i) => {
      pairs(i, i, a[i], a[i], a[i], 0, out);
      // Both arguments of T(a, a, a) move with a, and so does c.
      const own = step.weight * (2 * out[2] + out[1]) * slope;
      return skip < 0 ? own : own + layers[skip].slopes[i];
    });
  }
  return layers;
}

/** The derivatives of a tile's C and Θ in p and q, as far up as they are; rows are `width` apart. */
class TileSlopes implements Watch {
  readonly p: Float64Array;
  readonly q: Float64Array;
  readonly #cp: Float64Array;
  readonly #cq: Float64Array;
  readonly #kept: Float64Array[] = [];
  readonly #out = new Float64Array(6);
  #at = { row: 0, col: 0 };

  constructor(
    readonly layers: readonly Layer[],
    readonly first: { c: number; theta: number },
    readonly nngp: boolean,
  ) {
    const size = ROWS * COLUMNS;
    [this.p, this.q, this.#cp, this.#cq] = Array.from({ length: 4 }, () => new Float64Array(size));
  }

  /** A new tile, whose first pair is point `row` of the first set with point `col` of all points. */
  begin(row: number, col: number): void {
    this.#at = { row, col };
    this.#cp.fill(this.first.c);
    this.p.fill(this.first.theta);
    this.#cq.fill(0);
    this.q.fill(0);
  }

  /** ∂K/∂p and ∂K/∂q of the tile: of Θ, or of C where C is the kernel. */
  get ofKernel(): readonly [Float64Array, Float64Array] {
    return this.nngp ? [this.#cp, this.#cq] : [this.p, this.q];
  }

  below(l: number, { C, Delta, Theta }: Tile): void {
    const { pairs, weight: w, scale, a, all, slopes } = this.layers[l];
    const { row, col } = this.#at;
    const [p, q, cp, cq, out] = [this.p, this.q, this.#cp, this.#cq, this.#out];
    for (let r = 0; r < C.rows; r++) {
      const [c, delta, theta] = [C.row(r), Delta.row(r), Theta?.row(r)];
      const i = row + r;
      const slope = slopes[i];
      for (let j = 0; j < C.cols; j++) {
        const at = r * COLUMNS + j;
        pairs(i, col + j, a[i], all[col + j], c[j], delta[j], out);
        const Tq = out[1] * cq[at] + out[2] * slope;
        const Tp = out[1] * cp[at];
        if (theta) {
          p[at] = w * (p[at] * out[0] + theta[j] * out[3] * cp[at]) + scale * Tp;
          q[at] = w * (q[at] * out[0] + theta[j] * (out[3] * cq[at] + out[4] * slope)) + scale * Tq;
        }
        cp[at] = w * Tp;
        cq[at] = w * Tq;
      }
    }
  }

  keep(): void {
    for (const [k, from] of [this.p, this.q, this.#cp, this.#cq].entries()) {
      this.#kept[k] ??= new Float64Array(from.length);
      this.#kept[k].set(from);
    }
  }

  join(): void {
    for (const [k, to] of [this.p, this.q, this.#cp, this.#cq].entries())
      for (let at = 0; at < to.length; at++) to[at] += this.#kept[k][at];
  }
}

/** The slopes of C and Θ in p before the first layer, and the unit of the inputs. */
function start(model: InfiniteNetwork, d: number) {
  const { alpha, thetaAlpha, unit } = firstOf(model, d);
  return { c: alpha * unit * unit, theta: thetaAlpha * unit * unit, unit };
}

/**
 * Σ_m W[n, m] ∂Θ(x_n, x2_m)/∂x_n for each W, N×d. W has a row for each row of X, or one that they share.
 *
 * @throws RangeError, MemoryLimitError
 */
export function infinitePull(
  context: Context,
  model: InfiniteNetwork,
  X: Matrix,
  X2: Matrix,
  W: readonly Matrix[],
): Matrix[] {
  const { arena } = context;
  const { rows: n, cols: d } = X;
  return arena.run(() => {
    const pairs = new Pairs(context, model, d);
    const [A, B] = pairs.load([X, X2]);
    const { unit, ...first } = start(model, d);
    const slopes = new TileSlopes(layersOf(model, d, [A, B]), first, model.kernel === "nngp");
    const memory = tileMemory(context, model, ROWS);
    const [H, G] = [scratch(context, ROWS, COLUMNS), scratch(context, W.length * n, d)];
    G.entries().fill(0);
    for (let row = 0; row < n; row += ROWS) {
      const rows = Math.min(ROWS, n - row);
      const some = consecutive(A, row, rows);
      for (let col = 0; col < X2.rows; col += COLUMNS) {
        const cols = Math.min(COLUMNS, X2.rows - col);
        const others = consecutive(B, col, cols);
        slopes.begin(row, n + col);
        pairs.tile(some, others, memory, slopes);
        const [p, q] = slopes.ofKernel;
        W.forEach((weights, k) => {
          const own = G.slice(k * n + row, rows);
          for (let r = 0; r < rows; r++) {
            const from = weights.rows === 1 ? 0 : A.order[row + r] * weights.cols;
            const [to, x, g] = [H.row(r, cols), some.X.row(r), own.row(r)];
            let along = 0;
            for (let j = 0; j < cols; j++) {
              const weight = weights.data[from + B.order[col + j]];
              to[j] = weight * p[r * COLUMNS + j];
              along += weight * q[r * COLUMNS + j];
            }
            for (let t = 0; t < d; t++) g[t] += 2 * along * x[t];
          }
          gemm(1, H.block(0, 0, rows, cols), others.X, 1, own);
        });
      }
    }
    return W.map((_, k) => {
      const result = matrix(n, d);
      for (let i = 0; i < n; i++) {
        const row = G.row(k * n + i);
        for (let t = 0; t < d; t++) result.data[A.order[i] * d + t] = row[t] / unit;
      }
      return result;
    });
  });
}

/** ∂Θ(x, x)/∂x for each row of X, N×d: 2x times the derivative in q, by the recursion of one point. */
export function infiniteDiagonalGradient(context: Context, model: InfiniteNetwork, X: Matrix): Matrix {
  const { rows: n, cols: d } = X;
  const { order, layers } = context.arena.run(() => {
    const [set] = new Pairs(context, model, d).load([X]);
    return { order: set.order, layers: layersOf(model, d, [set]) };
  });
  const { thetaAlpha, thetaBeta } = firstOf(model, d);
  const { theta: slope, c, unit } = start(model, d);
  const result = matrix(n, d);
  const out = new Float64Array(6);
  const dual = new Float64Array(3);
  for (let i = 0; i < n; i++) {
    const x = X.data.subarray(order[i] * d, (order[i] + 1) * d);
    let theta = thetaBeta;
    for (const value of x) theta += thetaAlpha * (unit * value) ** 2;
    let [own, variance] = [slope, c];
    const kept: { theta: number; own: number }[] = [];
    layers.forEach(({ pairs, weight, scale, shift, a, slopes }, l) => {
      if (l + model.residual < model.depth && residualOf(model, l + model.residual) === l) kept[0] = { theta, own };
      pairs(i, i, a[i], a[i], a[i], 0, out);
      const value = meanSquare(model, l, a[i], out, dual);
      const V = (2 * out[2] + out[1]) * slopes[i];
      own = weight * (own * out[0] + theta * (2 * out[4] + out[3]) * slopes[i]) + scale * V;
      theta = weight * theta * out[0] + scale * value + shift;
      variance = weight * V;
      if (l + 1 < model.depth && residualOf(model, l + 1) >= 0) {
        own += kept[0].own;
        theta += kept[0].theta;
      }
    });
    const total = model.kernel === "nngp" ? variance : own;
    for (let t = 0; t < d; t++) result.data[order[i] * d + t] = 2 * total * x[t];
  }
  return result;
}

/** E[σ²] at variance a; a series has left it in out[5]. */
function meanSquare(model: InfiniteNetwork, l: number, a: number, out: Float64Array, dual: Float64Array): number {
  const activation = valueAt(model.activation, l);
  if (isDefined(activation)) return out[5];
  rowOf(activation).dualActivation(a, a, a, 0, dual, recordOf(activation));
  return dual[0];
}
