/**
 * A regression whose mean has coefficients of its own, fitted by generalised least squares: the coefficients have a
 * flat prior, and their uncertainty is a part of every variance (Rasmussen & Williams 2006, 2.7). With k the cross
 * kernel at x and ρ = h(x) − Sᵀk,
 *
 *   mean = f0 + kᵀα + h(x)ᵀb,   b = M⁻¹Sᵀr,   variance = K(x, x) − kᵀA⁻¹k + ρᵀM⁻¹ρ.
 */
import type { Context } from "../context.js";
import { applied, diagonalOf, scaledBy } from "../linalg/rowTerms.js";
import { backwardErrorOf } from "../linalg/system.js";
import { dot, transposed } from "../linalg/vectors.js";
import { copyIn } from "../linalg/view.js";
import { type Matrix, matrix, rowsOf } from "../matrix.js";
import { MeanBasis } from "../model/meanBasis.js";
import type { Problem } from "../problem.js";
import type { DualSolution } from "./dual.js";
import { dualSystem } from "./dualSystem.js";
import { quadraticsOf } from "./evidence.js";
import { clampDiagonal } from "./factoredSolution.js";
import type { LeftOut } from "./jackknife.js";
import { dualResiduals, leftOutResiduals } from "./leaveOneOut.js";
import type { Latent, Solution, SolutionState } from "./solution.js";
import { checkIndependent, type Trend, TrendInverse, trendsOf } from "./trendSystem.js";

/** Rows of new points at a time. */
const TILE = 1024;

/** A problem whose mean has coefficients. */
export type TrendProblem = Problem & { trend: NonNullable<Problem["trend"]> };

export class TrendSolution implements Solution {
  readonly #context: Context;
  readonly #problem: TrendProblem;
  readonly #inner: DualSolution;
  /** α, columns×n, and b, columns×m. */
  readonly #alpha: Float64Array;
  readonly #coefficients: Float64Array;
  #made: Trend[] | undefined;
  #leftOut: TrendInverse | undefined;

  /** @throws RangeError where the coefficients have no one answer */
  constructor(
    context: Context,
    problem: TrendProblem,
    inner: DualSolution,
    known?: Pick<SolutionState, "alpha" | "trend">,
  ) {
    this.#context = context;
    this.#problem = problem;
    this.#inner = inner;
    const { R, columns, size: n, trend } = problem;
    const m = trend.basis.size;
    if (known) {
      this.#alpha = known.alpha;
      this.#coefficients = known.trend as Float64Array;
      return;
    }
    if (inner.truncated)
      throw new RangeError(
        `mean "${trend.basis.kind}" needs a kernel with a ridge above rounding level: without one the kernel alone fits the targets; expected a larger ridge, or mean "zero"`,
      );
    this.#alpha = transposed(inner.dualWeights(), n, columns);
    this.#coefficients = new Float64Array(columns * m);
    for (let c = 0; c < columns; c++) {
      const own = this.#trend(c);
      const b = own.solve(own.project(R.subarray(c * n, (c + 1) * n)));
      own.add(b, this.#alpha.subarray(c * n, (c + 1) * n), -1);
      this.#coefficients.set(b, c * m);
    }
  }

  get #trends(): Trend[] {
    this.#made ??= trendsOf(this.#context, this.#inner.inverse(), this.ridges.length, this.#problem.trend.H);
    return this.#made;
  }

  /** The trend of right-hand side c. */
  #trend(c: number): Trend {
    return this.#trends[this.#trends.length > 1 ? c : 0];
  }

  #inverse(): TrendInverse {
    this.#leftOut ??= new TrendInverse(this.#inner.inverse(), this.#trends);
    return this.#leftOut;
  }

  get solver() {
    return this.#inner.solver;
  }

  get ridges(): Float64Array {
    return this.#inner.ridges;
  }

  get method() {
    return this.#inner.method;
  }

  get shift(): number {
    return this.#inner.shift;
  }

  get fixed(): string {
    return 'a fit whose mean has coefficients of its own is not edited; expected a new fit, or one with mean "zero"';
  }

  findings() {
    return this.#inner.findings();
  }

  state(): SolutionState {
    const state = this.#inner.state();
    return { ...state, displacement: undefined, alpha: this.#alpha, trend: this.#coefficients };
  }

  displacement(): undefined {
    return undefined;
  }

  dualWeights(): Float64Array {
    return transposed(this.#alpha, this.#problem.columns, this.#problem.size);
  }

  coefficients(): Float64Array {
    const { columns, trend } = this.#problem;
    const m = trend.basis.size;
    const units = Array.from({ length: columns }, (_, c) =>
      trend.basis.inUnits(this.#coefficients.subarray(c * m, (c + 1) * m)),
    );
    return Float64Array.from({ length: m * columns }, (_, at) => units[at % columns][Math.floor(at / columns)]);
  }

  /** ρ = h − Sᵀk of each row of X with the kernel K of the rows, for each ridge. */
  #rests(X: Matrix, K: Float64Array): Float64Array[][] {
    const { size: n, trend } = this.#problem;
    const m = trend.basis.size;
    const H = trend.basis.at(X).data;
    return this.#trends.map((one) =>
      Array.from({ length: X.rows }, (_, i) => {
        const projected = one.project(K.subarray(i * n, (i + 1) * n));
        return projected.map((value, a) => H[i * m + a] - value);
      }),
    );
  }

  predict(X: Matrix, start: boolean, variance: boolean): Latent {
    const { source, columns } = this.#problem;
    const mean = start ? source.start(X, columns).slice() : new Float64Array(X.rows * columns);
    const prior = variance ? source.diagonal(X) : undefined;
    const ridges = this.ridges.length;
    const latent = variance ? new Float64Array(X.rows * ridges) : undefined;
    for (let first = 0; first < X.rows; first += TILE) {
      const points = rowsOf(X, first, Math.min(TILE, X.rows - first));
      const K = source.cross(points, this.#problem.X).data;
      this.#addMean(points, K, mean.subarray(first * columns, (first + points.rows) * columns));
      if (!latent || !prior) continue;
      const explained = this.#context.arena.run(() =>
        this.#inner.inverse().explained(copyIn(this.#context, K, points.rows, this.#problem.size)),
      );
      for (const [r, rests] of this.#rests(points, K).entries()) {
        for (let i = 0; i < points.rows; i++) {
          const z = this.#trends[r].half(rests[i]);
          const left = Math.max(0, prior[first + i] - explained[i * ridges + r]);
          latent[(first + i) * ridges + r] = left + dot(z, z);
        }
      }
    }
    return { mean, variance: latent };
  }

  /** Adds kᵀα + h(x)ᵀb for the rows of X, whose kernel is K. */
  #addMean(X: Matrix, K: Float64Array, mean: Float64Array): void {
    const { columns, size: n, trend } = this.#problem;
    const m = trend.basis.size;
    const H = trend.basis.at(X).data;
    for (let i = 0; i < X.rows; i++) {
      const [k, h] = [K.subarray(i * n, (i + 1) * n), H.subarray(i * m, (i + 1) * m)];
      for (let c = 0; c < columns; c++)
        mean[i * columns + c] +=
          dot(k, this.#alpha.subarray(c * n, (c + 1) * n)) + dot(h, this.#coefficients.subarray(c * m, (c + 1) * m));
    }
  }

  covariances(X: Matrix): Float64Array[] {
    const rests = this.#rests(X, this.#problem.source.cross(X, this.#problem.X).data);
    return this.#inner.covariances(X).map((covariance, r) => {
      const halves = rests[r].map((rest) => this.#trends[r].half(rest));
      for (let i = 0; i < X.rows; i++)
        for (let j = 0; j < X.rows; j++) covariance[i * X.rows + j] += dot(halves[i], halves[j]);
      return clampDiagonal(covariance, X.rows);
    });
  }

  quadratics(): Float64Array {
    return quadraticsOf(this.#problem, this.#alpha);
  }

  logDeterminants(): (number | undefined)[] {
    const units = this.#problem.trend.basis.logUnits;
    return this.#inner
      .logDeterminants()
      .map((value, k) => (value === undefined ? undefined : value + this.#trends[k].logDeterminant + units));
  }

  looResiduals(): Float64Array | undefined {
    if (!this.#inverse().isComplete) return undefined;
    return dualResiduals(this.#context, this.#problem, this.#inverse(), this.ridges, this.#alpha);
  }

  leftOut(): LeftOut | undefined {
    if (!this.#inverse().isComplete) return undefined;
    const { columns } = this.#problem;
    const residuals = leftOutResiduals(this.#inverse(), this.ridges.length, this.dualWeights(), columns);
    return { residuals, shares: (X) => this.shares(X) };
  }

  /** A⁻¹k + S M⁻¹ρ: what the mean takes of each target. */
  shares(X: Matrix): Float64Array[] {
    const { source, size: n } = this.#problem;
    const K = source.cross(X, this.#problem.X).data;
    const rests = this.#rests(X, K);
    const shares = applied(this.#context, this.#inner.inverse(), this.ridges.length, K, n);
    shares.forEach((share, r) => {
      for (const [i, rest] of rests[r].entries())
        this.#trends[r].add(this.#trends[r].solve(rest), share.subarray(i * n, (i + 1) * n), 1);
    });
    return shares;
  }

  trendGradient(X: Matrix): { mean: Matrix[]; variance(): Matrix[] } {
    const { source, columns, trend } = this.#problem;
    const { basis } = trend;
    const m = basis.size;
    const gradient = (coefficients: (row: number) => ArrayLike<number>) => {
      const result = matrix(X.rows, X.cols);
      for (let i = 0; i < X.rows; i++) {
        const b = coefficients(i);
        for (let j = 0; j < X.cols; j++) result.data[i * X.cols + j] = basis.slope(j, b);
      }
      return result;
    };
    const mean = Array.from({ length: columns }, (_, c) =>
      gradient(() => this.#coefficients.subarray(c * m, (c + 1) * m)),
    );
    const variance = () => {
      const rests = this.#rests(X, source.cross(X, this.#problem.X).data);
      return this.#trends.map((one, r) => gradient((i) => one.solve(rests[r][i]).map((b) => 2 * b)));
    };
    return { mean, variance };
  }

  degreesOfFreedom(): Float64Array {
    const { size: n, terms } = this.#problem;
    return this.ridges.map((ridge, k) => {
      const noise = terms ? diagonalOf(terms, ridge) : new Float64Array(n).fill(ridge);
      return Math.min(n, Math.max(0, this.#inverse().degreesOfFreedom(k, noise)));
    });
  }

  /** Of the system A α = r − Hb. */
  backwardError(): number {
    const { R, columns, size: n, trend, terms } = this.#problem;
    const m = trend.basis.size;
    const rest = R.slice();
    for (let c = 0; c < columns; c++)
      for (let i = 0; i < n; i++)
        rest[c * n + i] -= dot(
          trend.H.data.subarray(i * m, (i + 1) * m),
          this.#coefficients.subarray(c * m, (c + 1) * m),
        );
    const system = dualSystem(this.#context, this.#problem, this.ridges);
    if (!terms) return backwardErrorOf(system, rest, this.#alpha, undefined);
    return backwardErrorOf(system, scaledBy(terms, rest), scaledBy(terms, this.#alpha, -1), undefined);
  }

  spectrum(bare = false): Float64Array {
    return this.#inner.spectrum(bare);
  }

  update(): Solution {
    throw new RangeError(this.fixed);
  }

  free(): void {
    this.#inner.free();
  }
}

/** A problem whose mean has coefficients. @throws RangeError where the rows do not determine them */
export function withTrend(problem: Problem, kind: "constant" | "linear"): TrendProblem {
  const basis = new MeanBasis(kind, problem.X);
  const H = basis.at(problem.X);
  checkIndependent(H);
  return { ...problem, trend: { basis, H } };
}
