/**
 * The N×N solver: α = (Θ + λI)⁻¹ r. It works for every model.
 *
 * - Finite networks predict through β = Φᵀα, O(P) a point.
 * - Variances cost a triangular solve with the cross kernel, which comes in tiles of bounded size.
 * - Points that come or go edit the factor. An edit costs O(N²) and the kernel of the new points with all others.
 */

import type { Context } from "../context.js";
import { MemoryLimitError } from "../errors.js";
import type { Tile } from "../kernel/finite/layers.js";
import { firstOrder, transposeTimes } from "../kernel/finite/tangents.js";
import { canReside, ResidentFeatures } from "../kernel/finite/trainingFeatures.js";
import { gemm, mirror, syrk } from "../linalg/blas.js";
import { type Factor, tileRows } from "../linalg/factor.js";
import { applied, type Inverse, RowFactor, scaledBy } from "../linalg/rowTerms.js";
import { factorSystem } from "../linalg/system.js";
import { transposed } from "../linalg/vectors.js";
import { copyIn, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { rowsOf } from "../matrix.js";
import type { Network } from "../model/network.js";
import type { Problem } from "../problem.js";
import { bareSpectrum, dualSystem } from "./dualSystem.js";
import { quadraticsOf } from "./evidence.js";
import { type Change, exchanged, exchangePoints } from "./exchange.js";
import { clampDiagonal, type Expected, FactoredSolution, restoredFactor } from "./factoredSolution.js";
import type { LeftOut } from "./jackknife.js";
import { dualResiduals, leftOutResiduals } from "./leaveOneOut.js";
import { DIRECT, type Latent, type Method, type Solution, type SolutionState } from "./solution.js";

/** Builds Θ, factors it and solves for α. A ridge path gives its own factor instead. */
export function solveDual(
  context: Context,
  problem: Problem,
  ridges: Float64Array,
  given?: Factor,
  method = DIRECT,
): DualSolution {
  const factor = given ?? factorSystem(dualSystem(context, problem, ridges));
  try {
    return new DualSolution(context, problem, ridges, factor, method);
  } catch (error) {
    factor.free();
    throw error;
  }
}

/** A dual solution from its state: predictions have the same bits. @throws MemoryLimitError */
export function restoreDual(context: Context, problem: Problem, state: SolutionState): DualSolution {
  const factor = restoredFactor(dualSystem(context, problem, state.ridges), state);
  return new DualSolution(context, problem, state.ridges, factor, state.method, state);
}

/**
 * If more than this part of the rows go, a new factorisation is as fast. The deletion of a row costs as much as ten to
 * twenty rows of a factorisation.
 */
const EDITED_PART = 1 / 4;
/** Most doubles of features that a fit keeps from its first prediction on (32 MiB). An update keeps more. */
const KEPT = 2 ** 22;
/** Doubles of new points' features that are made at a time. */
const TILE = 2 ** 20;
/**
 * From this many new points on, one product of newly made features is faster than a pass over the kept features for
 * each point.
 */
const MANY_POINTS = 4;

export class DualSolution extends FactoredSolution implements Solution {
  readonly #context: Context;
  readonly #problem: Problem;
  /** α in rows, columns×size. */
  readonly #alpha: Float64Array;
  /** Features of the training points, kept from the first prediction or update on. */
  #features: ResidentFeatures | undefined;
  #displacement: Float64Array | undefined;
  /** The factor as one of A, where rows have terms of their own. */
  #own: Inverse | undefined;

  constructor(
    context: Context,
    problem: Problem,
    ridges: Float64Array,
    factor: Factor | Expected,
    readonly method: Method,
    known: { alpha?: Float64Array; displacement?: Float64Array | undefined; resident?: boolean } = {},
    features?: ResidentFeatures,
  ) {
    super("dual", dualSystem(context, problem, ridges), factor);
    this.#context = context;
    this.#problem = problem;
    this.#features = features;
    this.#displacement = known.displacement;
    const { R, columns, size, X, source } = problem;
    if (known.resident) this.#features = new ResidentFeatures(context, source.weights as Network, X);
    this.#alpha =
      known.alpha ??
      context.arena.run(() => {
        const rows = copyIn(context, R, columns, size);
        this.inverse().solve(rows);
        return rows.copy();
      });
  }

  /** A⁻¹. */
  inverse(): Inverse {
    const { terms } = this.#problem;
    if (!terms) return this.factor();
    this.#own ??= new RowFactor(this.factor(), terms);
    return this.#own;
  }

  displacement(): Float64Array | undefined {
    const { source, X } = this.#problem;
    const net = source.weights;
    if (!net) return undefined;
    this.#displacement ??= this.#keep()?.transpose(this.#alpha) ?? transposeTimes(this.#context, net, X, this.#alpha);
    return this.#displacement;
  }

  dualWeights(): Float64Array {
    return transposed(this.#alpha, this.#problem.columns, this.#problem.size);
  }

  predict(X: Matrix, start: boolean, variance: boolean): Latent {
    const features = variance ? this.#keep() : undefined;
    const displacement = this.displacement();
    if (features && displacement) return this.#onePass(X, start, features, displacement);
    const mean = this.#mean(X, start, displacement);
    if (!variance) return { mean, variance: undefined };
    return { mean, variance: this.#variances(X, this.#problem.source.diagonal(X).slice()) };
  }

  /** Mean and variance from one pass over the features of X. */
  #onePass(X: Matrix, start: boolean, features: ResidentFeatures, displacement: Float64Array): Latent {
    const [mean, prior] = [new Float64Array(X.rows), new Float64Array(X.rows)];
    const variance = this.#variances(X, prior, (tile, first) => {
      mean.set(features.firstOrder(tile, displacement, start), first);
      prior.set(features.diagonal(tile), first);
    });
    return { mean, variance };
  }

  #mean(X: Matrix, start: boolean, displacement: Float64Array | undefined): Float64Array {
    const { source, columns, outputs } = this.#problem;
    if (source.weights && displacement) return firstOrder(this.#context, source.weights, X, displacement, start);
    const result = start ? source.start(X, outputs).slice() : new Float64Array(X.rows * outputs);
    const context = this.#context;
    this.#tiles(X, (K, first) => {
      const part = result.subarray(first * columns, (first + K.rows) * columns);
      const [alpha, out] = [copyIn(context, this.#alpha, columns, K.cols), copyIn(context, part, K.rows, columns)];
      gemm(1, K, alpha.t, 1, out);
      part.set(out.entries());
    });
    return result;
  }

  /**
   * Prior variances minus the part that the training points explain, rows × ridges. Where training features are kept,
   * `visit` sees the features of each tile before its prior variances are read.
   */
  #variances(X: Matrix, prior: Float64Array, visit?: (tile: Tile, first: number) => void): Float64Array {
    const factor = this.inverse();
    const count = this.ridges.length;
    const result = new Float64Array(X.rows * this.#problem.source.block * count);
    this.#tiles(X, (K, first, tile) => {
      if (tile) visit?.(tile, first);
      factor.explained(K).forEach((value, at) => {
        result[first * count + at] = Math.max(0, prior[first + Math.floor(at / count)] - value);
      });
    });
    return result;
  }

  covariances(X: Matrix): Float64Array[] {
    const factor = this.inverse();
    const context = this.#context;
    const { source } = this.#problem;
    const prior = source.square(X);
    const n = prior.rows;
    const cross = source.cross(X, this.#problem.X);
    return Array.from(this.ridges, (_, k) =>
      context.arena.run(() => {
        const out = copyIn(context, prior.data, n, n);
        syrk(-1, factor.half(copyIn(context, cross.data, n, cross.cols), k), 1, out);
        mirror(out);
        return clampDiagonal(out.copy(), n);
      }),
    );
  }

  quadratics(): Float64Array {
    return quadraticsOf(this.#problem, this.#alpha);
  }

  logDeterminants(): (number | undefined)[] {
    const factor = this.inverse();
    return Array.from(this.ridges, (_, k) => factor.logDeterminant(k));
  }

  looResiduals(): Float64Array | undefined {
    const factor = this.inverse();
    if (this.truncated) return undefined;
    return dualResiduals(this.#context, this.#problem, factor, this.ridges, this.#alpha);
  }

  leftOut(): LeftOut | undefined {
    const factor = this.inverse();
    if (this.truncated || this.#problem.source.block > 1) return undefined;
    const residuals = leftOutResiduals(factor, this.ridges.length, this.dualWeights(), this.#problem.columns);
    return { residuals, shares: (X) => this.shares(X) };
  }

  shares(X: Matrix): Float64Array[] {
    const { size, source } = this.#problem;
    return applied(this.#context, this.inverse(), this.ridges.length, source.cross(X, this.#problem.X).data, size);
  }

  degreesOfFreedom(): Float64Array {
    const factor = this.inverse();
    return this.ridges.map((_, k) => factor.degreesOfFreedom(k));
  }

  backwardError(): number {
    const { R, terms } = this.#problem;
    if (!terms) return this.backwardErrorOf(R, this.#alpha);
    return this.backwardErrorOf(scaledBy(terms, R), scaledBy(terms, this.#alpha, -1));
  }

  override spectrum(bare = false): Float64Array {
    return bare ? bareSpectrum(this.#context, this.#problem) : super.spectrum();
  }

  state(): SolutionState {
    const displacement = this.displacement();
    return this.stateWith(this.#alpha, displacement, this.#features !== undefined);
  }

  update(change: Change): Solution {
    const { problem } = change;
    const { size, source } = problem;
    const factor = this.cholesky;
    const { come, X, gone } = exchanged(change, this.#problem.X);
    if (!factor || gone.length > EDITED_PART * this.#problem.X.rows) {
      const fresh = factorSystem(dualSystem(this.#context, problem, this.ridges), "error");
      const next = solveDual(this.#context, problem, this.ridges, fresh, this.#edited);
      this.free();
      return next;
    }
    factor.reserve(size);
    const features = this.#featuresFor(come.length, problem.X.rows);
    const cross = features || X.rows === 0 ? undefined : source.cross(X, problem.X);
    this.#context.arena.run(() => exchangePoints(this.#context, factor, features, cross, X, change));
    if (this.#features !== features) this.#features?.free();
    return new DualSolution(this.#context, problem, this.ridges, factor, this.#edited, {}, features);
  }

  /** The method of a solution after an update. */
  get #edited(): Method {
    if (this.method.precision === "float64") return this.method;
    return { ...DIRECT, fallback: "an update edits a float64 factor" };
  }

  override free(): void {
    super.free();
    this.#features?.free();
  }

  /** The features of the training points: kept ones, or new ones if they are small enough to keep. */
  #keep(): ResidentFeatures | undefined {
    const { source, X } = this.#problem;
    if (this.#features || !canReside(source.weights, X.rows, KEPT)) return this.#features;
    this.#features = made(() => new ResidentFeatures(this.#context, source.weights as Network, X));
    return this.#features;
  }

  /**
   * The features for an update: kept ones, or newly made ones where new points need them. Undefined where memory does
   * not allow them.
   */
  #featuresFor(points: number, size: number): ResidentFeatures | undefined {
    const { source, X } = this.#problem;
    if (points >= MANY_POINTS || !canReside(source.weights, size)) return undefined;
    return made(() => {
      if (points > 0) this.#features ??= new ResidentFeatures(this.#context, source.weights as Network, X);
      this.#features?.reserve(size);
      return this.#features;
    });
  }

  /**
   * Calls `body(Θ(tile, X), first row, features)` for tiles of the rows of X. `features` are given where training ones
   * are kept.
   */
  #tiles(X: Matrix, body: (K: View, first: number, tile?: Tile) => void): void {
    const context = this.#context;
    const n = this.#problem.size;
    const { source } = this.#problem;
    const { block } = source;
    const most = this.#features ? Math.floor(TILE / this.#features.rowSize) : X.rows;
    const size = Math.max(1, Math.min(most, Math.floor(tileRows(n, X.rows * block) / block)));
    for (let first = 0; first < X.rows; first += size) {
      const points = rowsOf(X, first, Math.min(size, X.rows - first));
      const features = this.#features;
      // A user's own kernel may work on this memory, so it is called while no scratch is in use.
      const cross = features ? undefined : source.cross(points, this.#problem.X).data;
      const rows = points.rows * block;
      context.arena.run(() => {
        const tile = features?.load(points);
        const K = tile && features ? features.cross(tile) : copyIn(context, cross as Float64Array, rows, n);
        body(K, first * block, tile);
      });
    }
  }
}

/** Undefined where memory does not allow it. */
function made<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof MemoryLimitError) return undefined;
    throw error;
  }
}
