/**
 * The solver for kernels of low numerical rank: Θ ≈ L Lᵀ by pivoted Cholesky to a requested trace error, O(N r²), with
 * r columns of Θ. Where rows have noise of their own, L Lᵀ stands for Ω^½ΘΩ^½ (`matrixFreeSystem.ts`).
 *
 * - α = (L Lᵀ + D)⁻¹ r. The mean is that of the exact cross kernel, K(x, X) α. With E = Θ − L Lᵀ and A = Θ + D,
 *   α − A⁻¹r = A⁻¹Eα, so ‖α − A⁻¹r‖ ≤ tr E / min D ‖α‖.
 * - Variances and covariances are those of the deterministic training conditional (DTC, Seeger et al. 2003; Quiñonero-
 *   Candela & Rasmussen 2005) with the exact prior at new points: K** − Q Qᵀ + μ Q C⁻¹ Qᵀ, Q = K(x, S) L_S⁻ᵀ for the
 *   pivots S. They are never negative, take L Lᵀ for the kernel of the training points, and cost O(r²) a point.
 * - Evidence, leave-one-out and degrees of freedom are those of L Lᵀ + D.
 */
import type { Context } from "../context.js";
import { firstOrder, transposeTimes } from "../kernel/finite/tangents.js";
import { mirror, rowDots, syrk } from "../linalg/blas.js";
import { tileRows } from "../linalg/factor.js";
import { diagonalOf, type Inverse, RowFactor } from "../linalg/rowTerms.js";
import { maxAbs, transposed } from "../linalg/vectors.js";
import { copyIn } from "../linalg/view.js";
import { type Matrix, pickRows, rowsOf } from "../matrix.js";
import type { Problem } from "../problem.js";
import { drain } from "../slices.js";
import { crossMean, quadraticsOf } from "./crossMean.js";
import type { Change } from "./exchange.js";
import { clampDiagonal } from "./factoredSolution.js";
import type { FitProgress } from "./fitOptions.js";
import { dualResiduals } from "./leaveOneOut.js";
import { factoring, type LowRankTarget, type Made } from "./lowRankSystem.js";
import { type Approximation, DIRECT, type Latent, type Solution, type SolutionState } from "./solution.js";

/** `auto`: the part of the points that a rank may be. */
const RANK_PART = 1 / 16;
/** Yields after each block of columns. @throws RangeError, NotPositiveDefiniteError, MemoryLimitError */
export function* solvingLowRank(
  context: Context,
  problem: Problem,
  ridge: number,
  target: LowRankTarget,
): Generator<FitProgress, Solution, void> {
  const made = yield* factoring(context, problem, ridge, target, false);
  return solutionOf(context, problem, ridge, target, made as Made);
}

/** The solution where `auto` may take it: undefined where the trace does not reach rounding level at a small rank. */
export function* tryingLowRank(
  context: Context,
  problem: Problem,
  ridge: number,
): Generator<FitProgress, Solution | undefined, void> {
  const { size, terms } = problem;
  if (!(terms ? diagonalOf(terms, ridge).every((value) => value > 0) : ridge > 0)) return undefined;
  const target = { traceError: undefined, rank: Math.floor(size * RANK_PART) };
  const made = yield* factoring(context, problem, ridge, target, true);
  return made && solutionOf(context, problem, ridge, { ...target, rank: undefined }, made);
}

/** A solution from its state; L is made again when it is needed. */
export function restoreLowRank(context: Context, problem: Problem, state: SolutionState): Solution {
  const { alpha, displacement, ridges, lowRank } = state;
  if (!lowRank) throw new Error("internal: a low-rank state without its target");
  return new LowRankSolution(context, problem, ridges[0], lowRank, undefined, { alpha, displacement });
}

function solutionOf(context: Context, problem: Problem, ridge: number, target: LowRankTarget, made: Made): Solution {
  try {
    return new LowRankSolution(context, problem, ridge, target, made);
  } catch (error) {
    made.factor.free();
    throw error;
  }
}

class LowRankSolution implements Solution {
  readonly solver = "lowrank";
  readonly ridges: Float64Array;
  readonly method = DIRECT;
  readonly fixed = undefined;
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #ridge: number;
  readonly #target: LowRankTarget;
  readonly #alpha: Float64Array;
  #displacement: Float64Array | undefined;
  #made: Made | undefined;

  constructor(
    context: Context,
    problem: Problem,
    ridge: number,
    target: LowRankTarget,
    made: Made | undefined,
    known?: { alpha: Float64Array; displacement: Float64Array | undefined },
  ) {
    this.#context = context;
    this.#problem = problem;
    this.#ridge = ridge;
    this.#target = target;
    this.#made = made;
    this.ridges = Float64Array.of(ridge);
    const { R, columns, size } = problem;
    this.#alpha =
      known?.alpha ??
      context.arena.run(() => {
        const rows = copyIn(context, R, columns, size);
        this.#inverse().solve(rows);
        return rows.copy();
      });
    this.#displacement = known?.displacement;
  }

  /** Made anew after a restore. */
  get #factored(): Made {
    this.#made ??= drain(factoring(this.#context, this.#problem, this.#ridge, this.#target, false)) as Made;
    return this.#made;
  }

  get approximation(): Approximation {
    return this.#factored.approximation;
  }

  get shift(): number {
    return this.#factored.factor.shift;
  }

  /** A⁻¹ = Ω^½ M⁻¹ Ω^½. */
  #inverse(): Inverse {
    const { factor, own } = this.#factored;
    return own ? new RowFactor(factor, own.omega) : factor;
  }

  findings() {
    const { rank, trace, relative, bound } = this.approximation;
    const level = this.#problem.size * Number.EPSILON;
    const wanted = this.#target.traceError ?? level;
    const text = `the kernel is one of rank ${rank}: its trace misses ${relative.toExponential(1)} of that of the kernel`;
    const notes =
      relative <= Math.min(wanted, level)
        ? [`${text}, which is rounding`]
        : [
            `${text} (${trace.toPrecision(2)}), and the dual weights are known to ${bound.toExponential(1)} of their size`,
          ];
    if (relative > wanted) notes.push(`the trace error of ${wanted.toExponential(1)} was not reached at rank ${rank}`);
    return { rank: undefined, truncated: false, conditionNumber: undefined, notes };
  }

  displacement(): Float64Array | undefined {
    const { source, X } = this.#problem;
    const net = source.weights;
    if (!net) return undefined;
    this.#displacement ??= transposeTimes(this.#context, net, X, this.#alpha);
    return this.#displacement;
  }

  dualWeights(): Float64Array {
    return transposed(this.#alpha, this.#problem.columns, this.#problem.size);
  }

  predict(X: Matrix, start: boolean, variance: boolean): Latent {
    return { mean: this.#mean(X, start), variance: variance ? this.#variance(X) : undefined };
  }

  #mean(X: Matrix, start: boolean): Float64Array {
    const { weights: net } = this.#problem.source;
    const displacement = this.displacement();
    if (net && displacement) return firstOrder(this.#context, net, X, displacement, start);
    return crossMean(this.#context, this.#problem, this.#alpha, X, start);
  }

  #variance(X: Matrix): Float64Array {
    const { source } = this.#problem;
    const { factor } = this.#factored;
    const { block } = source;
    const result = source.diagonal(X).slice();
    forTiles(X, Math.max(1, Math.floor(tileRows(factor.rank, X.rows * block) / block)), (tile, first) => {
      const K = this.#pivotColumns(tile);
      this.#context.arena.run(() => {
        const Q = copyIn(this.#context, K, tile.rows * block, factor.rank);
        factor.coordinates(Q);
        const explained = rowDots(Q);
        factor.posterior(Q);
        rowDots(Q).forEach((value, i) => {
          const at = first * block + i;
          // The two parts of what is explained have the same rounding: it cancels before anything is cut off.
          result[at] = Math.max(0, result[at] - explained[i] + value);
        });
      });
    });
    return result;
  }

  covariances(X: Matrix): Float64Array[] {
    const context = this.#context;
    const { factor } = this.#factored;
    const prior = this.#problem.source.square(X);
    const n = prior.rows;
    const K = this.#pivotColumns(X);
    return [
      context.arena.run(() => {
        const [out, Q] = [copyIn(context, prior.data, n, n), copyIn(context, K, n, factor.rank)];
        factor.coordinates(Q);
        syrk(-1, Q, 1, out);
        factor.posterior(Q);
        syrk(1, Q, 1, out);
        mirror(out);
        return clampDiagonal(out.copy(), n);
      }),
    ];
  }

  /** Ω^½-scaled kernel of the rows of X with the pivots, rows×r. */
  #pivotColumns(X: Matrix): Float64Array {
    const { source, X: points } = this.#problem;
    const { factor, own } = this.#factored;
    const { block } = source;
    const { pivots, rank } = factor;
    const used = [...new Set(pivots.map((pivot) => Math.floor(pivot / block)))];
    const places = new Map(used.map((point, k) => [point, k]));
    const K = source.cross(X, pickRows(points, used));
    const result = new Float64Array(K.rows * rank);
    pivots.forEach((pivot, k) => {
      const column = (places.get(Math.floor(pivot / block)) as number) * block + (pivot % block);
      const root = own?.omega.roots?.[pivot] ?? 1;
      for (let i = 0; i < K.rows; i++) result[i * rank + k] = root * K.data[i * K.cols + column];
    });
    return result;
  }

  quadratics(): Float64Array {
    return quadraticsOf(this.#problem, this.#alpha);
  }

  logDeterminants(): (number | undefined)[] {
    return [this.#inverse().logDeterminant(0)];
  }

  looResiduals(): Float64Array {
    return dualResiduals(this.#context, this.#problem, this.#inverse(), this.ridges, this.#alpha);
  }

  degreesOfFreedom(): Float64Array {
    return Float64Array.of(this.#factored.factor.degreesOfFreedom());
  }

  spectrum(): Float64Array {
    return this.#factored.factor.spectrum();
  }

  backwardError(): number {
    const { factor, own } = this.#factored;
    const { R, columns, size } = this.#problem;
    const roots = own?.omega.roots;
    const norm = factor.norm();
    let worst = 0;
    for (let c = 0; c < columns; c++) {
      const part = (values: Float64Array) => values.slice(c * size, (c + 1) * size);
      const b = roots ? part(R).map((value, i) => value * roots[i]) : part(R);
      const x = roots ? part(this.#alpha).map((value, i) => value / roots[i]) : part(this.#alpha);
      const product = factor.times(x);
      const bound = norm * maxAbs(x) + maxAbs(b);
      if (bound > 0) worst = Math.max(worst, maxAbs(b.map((value, i) => value - product[i])) / bound);
    }
    return worst;
  }

  state(): SolutionState {
    return {
      space: "lowrank",
      factor: "cholesky",
      ridges: this.ridges,
      method: this.method,
      alpha: this.#alpha,
      displacement: this.displacement(),
      packed: undefined,
      truncated: false,
      resident: false,
      backwardError: undefined,
      lowRank: this.#target,
    };
  }

  /** The columns are chosen anew. */
  update({ problem }: Change): Solution {
    const next = drain(solvingLowRank(this.#context, problem, this.#ridge, this.#target));
    this.free();
    return next;
  }

  free(): void {
    this.#made?.factor.free();
    this.#made = undefined;
  }
}

function forTiles(X: Matrix, rows: number, body: (tile: Matrix, first: number) => void): void {
  for (let first = 0; first < X.rows; first += rows) body(rowsOf(X, first, Math.min(rows, X.rows - first)), first);
}
