/**
 * The P×P solver for finite networks: β = (ΦᵀΦ + λI)⁻¹ Φᵀ r. The dual solver has the same answer; this one is cheaper
 * where P is small beside N. `primalSystem.ts` has the system, with Ω and μ where rows have terms of their own.
 */
import type { Context } from "../context.js";
import { loadInputs, loadNetwork } from "../kernel/finite/layers.js";
import { firstOrder, jacobian, transposeTimes } from "../kernel/finite/tangents.js";
import type { CholeskyFactor } from "../linalg/cholesky.js";
import type { Factor } from "../linalg/factor.js";
import { factorSystem } from "../linalg/system.js";
import { dot } from "../linalg/vectors.js";
import { copyIn, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { pickRows } from "../matrix.js";
import type { Network } from "../model/network.js";
import type { Problem } from "../problem.js";
import { type Change, exchanged } from "./exchange.js";
import { type Expected, FactoredSolution, restoredFactor } from "./factoredSolution.js";
import { type FeatureMap, networkFeatures } from "./featureMap.js";
import { featureCovariance, featureVariance, forEachHalf, type Posterior } from "./featurePosterior.js";
import type { LeftOut } from "./jackknife.js";
import { primalResiduals } from "./leaveOneOut.js";
import { type PrimalSystem, primalSystem, scaleRows, tangentTiles } from "./primalSystem.js";
import { DIRECT, type Latent, type Solution, type SolutionState } from "./solution.js";

/** Builds ΦᵀΦ, factors it and solves for β. All outputs together are one right-hand side. */
export function solvePrimal(context: Context, problem: Problem, net: Network, ridges: Float64Array): Solution {
  const system = primalSystem(context, problem, net, ridges);
  const factor = factorSystem(system);
  try {
    return new PrimalSolution(system, problem, net, factor);
  } catch (error) {
    factor.free();
    throw error;
  }
}

/** A primal solution from its state: predictions have the same bits. @throws MemoryLimitError */
export function restorePrimal(context: Context, problem: Problem, net: Network, state: SolutionState): Solution {
  const system = primalSystem(context, problem, net, state.ridges);
  return new PrimalSolution(system, problem, net, restoredFactor(system, state), state.displacement);
}

/** The rows of the system that belong to points. */
function rowsOf(points: readonly number[], outputs: number): number[] {
  return points.flatMap((point) => Array.from({ length: outputs }, (_, c) => point * outputs + c));
}

/** Rows of a fresh ΦᵀΦ in the time of an edit: 4 for a rank-1 update, 9 for a downdate (measured at P = 1000). */
const ROWS_OF_AN_EDIT = 8;

class PrimalSolution extends FactoredSolution implements Solution {
  readonly method = DIRECT;
  readonly #beta: Float64Array;
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #net: Network;
  readonly #map: FeatureMap;
  readonly #system: PrimalSystem;
  /** ΦᵀΩr, the right-hand side, once it was needed. */
  #rhs: Float64Array | undefined;
  /** r − Φβ, once it was needed. */
  #known: Float64Array | undefined;

  constructor(system: PrimalSystem, problem: Problem, net: Network, factor: Factor | Expected, solved?: Float64Array) {
    super("primal", system, factor);
    this.#context = system.context;
    this.#system = system;
    this.#problem = problem;
    this.#net = net;
    this.#map = networkFeatures(system.context, net);
    this.#beta = solved ?? this.#solve(this.#rightHandSide());
  }

  /** B b for one right-hand side. */
  #solve(b: Float64Array): Float64Array {
    const factor = this.factor();
    return this.#context.arena.run(() => {
      const beta = copyIn(this.#context, b, 1, b.length);
      factor.solve(beta);
      return beta.copy();
    });
  }

  #rightHandSide(): Float64Array {
    const { X, R } = this.#problem;
    this.#rhs ??= transposeTimes(this.#context, this.#net, X, this.#weighted(R));
    return this.#rhs;
  }

  /** Ω v. */
  #weighted(v: Float64Array): Float64Array {
    const omega = this.#omega;
    return omega ? v.map((value, i) => omega[i] * value) : v;
  }

  override get ridges(): Float64Array {
    return this.#system.given;
  }

  get #omega(): Float64Array | undefined {
    return this.#system.omega;
  }

  /** μ. */
  get #ridge(): number {
    return this.system.ridges[0];
  }

  /**
   * True where μ is 0 or lost in rounding. B is then a pseudo-inverse, and projections give the unexplained
   * part.
   */
  get #minimumNorm(): boolean {
    return this.#ridge === 0 || this.truncated;
  }

  get #residual(): Float64Array {
    const { X, R } = this.#problem;
    if (!this.#known) {
      const fitted = firstOrder(this.#context, this.#net, X, this.#beta, false);
      this.#known = R.map((value, i) => value - fitted[i]);
    }
    return this.#known;
  }

  displacement(): Float64Array {
    return this.#beta;
  }

  dualWeights(): Float64Array {
    const ridge = this.#ridge;
    if (!this.#minimumNorm) return this.#weighted(this.#residual).map((value) => value / ridge);
    // Minimum norm: α = ΩΦ (ΦᵀΩΦ)⁺ β, for which Φᵀα = β.
    return this.#weighted(firstOrder(this.#context, this.#net, this.#problem.X, this.#solve(this.#beta), false));
  }

  predict(X: Matrix, start: boolean, variance: boolean): Latent {
    const mean = firstOrder(this.#context, this.#net, X, this.#beta, start);
    return { mean, variance: variance ? featureVariance(this.#map, this.#posterior, X) : undefined };
  }

  covariances(X: Matrix): Float64Array[] {
    return [featureCovariance(this.#map, this.#posterior, X)];
  }

  get #posterior(): Posterior {
    return { factor: this.factor(), ridge: this.#ridge, minimumNorm: this.#minimumNorm };
  }

  /**
   * rᵀα = ‖β‖² + ‖Ω^½(r − Φβ)‖²/μ, since r = Φβ + Dα and β = Φᵀα. It is a sum of squares, which rounding cannot make
   * negative.
   */
  quadratics(): Float64Array {
    if (this.#minimumNorm) return Float64Array.of(Math.max(0, dot(this.#problem.R, this.dualWeights())));
    const squares = dot(this.#residual, this.#weighted(this.#residual));
    return Float64Array.of(dot(this.#beta, this.#beta) + squares / this.#ridge);
  }

  logDeterminants(): (number | undefined)[] {
    const factor = this.factor();
    const inner = this.#minimumNorm ? undefined : factor.logDeterminant(0);
    if (inner === undefined) return [undefined];
    // log |D| is n log μ − Σ log ω.
    const own = this.#omega?.reduce((sum, omega) => sum + Math.log(omega), 0) ?? 0;
    return [inner + (this.#problem.size - factor.n) * Math.log(this.#ridge) - own];
  }

  looResiduals(): Float64Array | undefined {
    if (this.#minimumNorm) return undefined;
    return primalResiduals(this.#problem, this.#residual, this.#leverages(), this.#omega);
  }

  /** φ_iᵀBφ_i. */
  #leverages(): Float64Array {
    const leverages = new Float64Array(this.#residual.length);
    forEachHalf(this.#map, this.#posterior, this.#problem.X, (_, halves, first) => leverages.set(halves, first));
    return leverages;
  }

  leftOut(): LeftOut | undefined {
    if (this.#minimumNorm || this.#problem.source.block > 1) return undefined;
    const leverages = this.#weighted(this.#leverages());
    const residuals = this.#residual.map((residual, i) => residual / (1 - leverages[i]));
    return { residuals, shares: (X) => this.shares(X) };
  }

  shares(X: Matrix): Float64Array[] {
    const { X: training, size } = this.#problem;
    const { data, rows, cols } = jacobian(this.#context, this.#net, X, 0.5);
    const result = new Float64Array(rows * size);
    for (let i = 0; i < rows; i++) {
      const solved = this.#solve(data.subarray(i * cols, (i + 1) * cols));
      result.set(this.#weighted(firstOrder(this.#context, this.#net, training, solved, false)), i * size);
    }
    return [result];
  }

  degreesOfFreedom(): Float64Array {
    return Float64Array.of(Math.min(this.#problem.size, this.factor().degreesOfFreedom(0)));
  }

  backwardError(): number {
    return this.backwardErrorOf(this.#rightHandSide(), this.#beta);
  }

  state(): SolutionState {
    return this.stateWith(new Float64Array(), this.#beta, false);
  }

  update(change: Change): Solution {
    const { problem } = change;
    const system = primalSystem(this.#context, problem, this.#net, this.ridges);
    const factor = this.#edited(change, system) ?? factorSystem(system, "error");
    try {
      const next = new PrimalSolution(system, problem, this.#net, factor);
      this.free();
      return next;
    } catch (error) {
      factor.free();
      throw error;
    }
  }

  /**
   * A copy of the factor after rows of Φ have come, by rank-1 updates, and others have gone, by downdates.
   *
   * Undefined where a fresh factorisation is better: many rows, a row that carried nearly all of some direction
   * (CholeskyFactor.takeOff), or an overflow.
   */
  #edited(change: Change, next: PrimalSystem): CholeskyFactor | undefined {
    const context = this.#context;
    if (next.ridges[0] !== this.#ridge) return undefined;
    const { X, come, gone } = exchanged(change, this.#problem.X);
    const edits = (X.rows + gone.length) * this.#net.outputs;
    const fresh = change.problem.size + this.system.n / 3;
    if (!this.cholesky || ROWS_OF_AN_EDIT * edits > fresh) return undefined;
    const copy = this.cholesky.copy();
    let whole = true;
    const rootsAt = ({ omega }: PrimalSystem, points: readonly number[]) =>
      omega && Float64Array.from(rowsOf(points, this.#net.outputs), (row) => Math.sqrt(omega[row]));
    const forEachRow = (points: Matrix, roots: Float64Array | undefined, body: (row: View) => void) => {
      if (points.rows === 0) return;
      const loaded = loadNetwork(context, this.#net);
      tangentTiles(context, loaded, loadInputs(context, points), (Phi, first) => {
        if (roots) scaleRows(Phi, roots, first);
        for (let i = 0; i < Phi.rows; i++) body(Phi.block(i, 0, 1, Phi.cols));
      });
    };
    try {
      context.arena.run(() => {
        forEachRow(X, rootsAt(next, come), (row) => {
          whole &&= Number.isFinite(row.row(0).reduce((sum, value) => sum + value * value, 0));
          if (whole) copy.add(row);
        });
        forEachRow(pickRows(this.#problem.X, gone), rootsAt(this.#system, gone), (row) => {
          whole &&= copy.takeOff(row);
        });
      });
    } catch (error) {
      copy.free();
      throw error;
    }
    if (whole) return copy;
    copy.free();
    return undefined;
  }
}
