/**
 * The N×N solver without an N×N matrix, for many points: conjugate gradients in float64. A product Φ(Φᵀv) passes
 * through the features of a finite network and costs O(NP). Means and weights come from β = Φᵀα; a variance costs a
 * solve of its own. Quantities that need a factor (evidences, leave-one-out, degrees of freedom, the spectrum) do not
 * exist here.
 *
 * With a ridge above rounding level, conjugate gradients solve (Θ + λI)α = r. With a ridge of 0, or one lost in
 * rounding, the system is singular, and α may grow along the null space without a trace in the residual. Then Lanczos
 * gives the minimum-norm answer (`lanczos.ts`).
 */
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { kernelDiagonal } from "../kernel/finite/kernel.js";
import { type Tangents, withTangents } from "../kernel/finite/kernelOperator.js";
import { firstOrder } from "../kernel/finite/tangents.js";
import { conjugateGradients, type Operator } from "../linalg/conjugateGradients.js";
import { isLost } from "../linalg/eigen.js";
import { roundingLevel, roundingTolerance, showRidge, sufficientRidge } from "../linalg/factor.js";
import { minimumNorm } from "../linalg/lanczos.js";
import { dot, maxAbs } from "../linalg/vectors.js";
import type { Matrix } from "../matrix.js";
import { rowsOf } from "../matrix.js";
import type { Network } from "../model/network.js";
import { Xoshiro256 } from "../model/random.js";
import type { Problem } from "../problem.js";
import type { Latent, Method, Solution, SolutionState } from "./solution.js";

/** Most products of a solve. After these a factorisation, if it fits at all, is likely to be cheaper. */
const MOST_ITERATIONS = 1000;

/** @throws ConvergenceError, MemoryLimitError */
export function solveMatrixFree(context: Context, problem: Problem, net: Network, ridge: number): Solution {
  return new MatrixFreeSolution(context, problem, net, ridge);
}

/** A solution from its state; its products are made again. */
export function restoreMatrixFree(context: Context, problem: Problem, net: Network, state: SolutionState): Solution {
  const { alpha, displacement, method, ridges } = state;
  const { iterations = 0 } = method;
  const beta = displacement as Float64Array;
  const solved = { alpha, beta, iterations, backwardError: state.backwardError ?? Number.NaN };
  return new MatrixFreeSolution(context, problem, net, ridges[0], solved);
}

/** The solution of one right-hand side: α, β = Φᵀα, and how well it was solved. */
interface Solved {
  alpha: Float64Array;
  beta: Float64Array;
  iterations: number;
  backwardError: number;
}

class MatrixFreeSolution implements Solution {
  readonly solver = "cg";
  readonly ridges: Float64Array;
  readonly fixed = 'a fit by solver "cg" cannot be updated; fit again with solver "dual"';
  readonly method: Method;
  readonly #truncated: boolean;
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #net: Network;
  readonly #ridge: number;
  readonly #norm: number;
  readonly #solved: Solved;

  constructor(context: Context, problem: Problem, net: Network, ridge: number, known?: Solved) {
    this.#context = context;
    this.#problem = problem;
    this.#net = net;
    this.#ridge = ridge;
    this.ridges = Float64Array.of(ridge);
    const diagonal = maxAbs(kernelDiagonal(context, net, problem.X, "full"));
    const { norm, solved } = withTangents(context, net, problem.X, (tangents) => {
      const size = Math.max(
        diagonal,
        normFromBelow(problem.size, (v) => thetaTimes(tangents, v)),
      );
      return { norm: size, solved: known ?? this.#solve(tangents, problem.R, size) };
    });
    this.#norm = norm;
    this.#solved = solved;
    this.#truncated = this.#isLost(norm);
    this.method = { precision: "float64", iterations: solved.iterations, fallback: undefined };
  }

  findings() {
    const notes = this.#truncated ? [this.#lostNote(this.#norm)] : [];
    return { rank: undefined, truncated: this.#truncated, conditionNumber: undefined, notes };
  }

  displacement(): Float64Array {
    return this.#solved.beta;
  }

  free(): void {}

  update(): never {
    throw new RangeError(this.fixed);
  }

  dualWeights(): Float64Array {
    return this.#solved.alpha.slice();
  }

  predict(X: Matrix, start: boolean, variance: boolean): Latent {
    const mean = firstOrder(this.#context, this.#net, X, this.#solved.beta, start);
    return { mean, variance: variance ? this.#variance(X) : undefined };
  }

  /**
   * K** − k(Θ + λI)⁻¹k = ‖φ* − Φᵀw‖² + λ‖w‖², w = (Θ + λI)⁻¹k. The sum is never negative, and its error is only the
   * square of w's error.
   */
  #variance(X: Matrix): Float64Array {
    const result = new Float64Array(X.rows * this.#net.outputs);
    this.#unexplained(X, (rest, w, row) => {
      result[row] = dot(rest, rest) + this.#weightOf(w);
    });
    return result;
  }

  /** (φ_i − Φᵀw_i)·(φ_j − Φᵀw_j) + λ w_i·w_j. */
  covariances(X: Matrix): Float64Array[] {
    const size = X.rows * this.#net.outputs;
    const [rests, weights]: Float64Array[][] = [[], []];
    this.#unexplained(X, (rest, w) => {
      rests.push(rest);
      weights.push(w);
    });
    const result = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        const value = dot(rests[i], rests[j]) + (this.#truncated ? 0 : this.#ridge * dot(weights[i], weights[j]));
        result[i * size + j] = value;
        result[j * size + i] = value;
      }
    }
    return [result];
  }

  quadratics(): Float64Array {
    return Float64Array.of(Math.max(0, dot(this.#problem.R, this.#solved.alpha)));
  }

  logDeterminants(): undefined {}

  looResiduals(): undefined {}

  degreesOfFreedom(): undefined {}

  spectrum(): undefined {}

  backwardError(): number {
    return this.#solved.backwardError;
  }

  state(): SolutionState {
    return {
      space: "cg",
      factor: "cholesky",
      ridges: this.ridges,
      method: this.method,
      alpha: this.#solved.alpha,
      displacement: this.#solved.beta,
      packed: undefined,
      truncated: this.#truncated,
      resident: false,
      backwardError: this.#solved.backwardError,
    };
  }

  #weightOf(w: Float64Array): number {
    return this.#truncated ? 0 : this.#ridge * dot(w, w);
  }

  /** Calls `body(φ − Φᵀw, w, row)` for each row φ of Φ(X). */
  #unexplained(X: Matrix, body: (rest: Float64Array, w: Float64Array, row: number) => void): void {
    const C = this.#net.outputs;
    const unit = new Float64Array(C);
    withTangents(this.#context, this.#net, this.#problem.X, (tangents) => {
      for (let row = 0; row < X.rows * C; row++) {
        unit.fill(0)[row % C] = 1;
        const point = rowsOf(X, Math.floor(row / C), 1);
        const tangent = withTangents(this.#context, this.#net, point, (own) => own.transposeTimes(unit));
        const { alpha, beta } = this.#solve(tangents, tangents.times(tangent), this.#norm);
        const rest = tangent.map((value, p) => value - beta[p]);
        body(rest, alpha, row);
      }
    });
  }

  #isLost(norm: number): boolean {
    return isLost(this.#ridge, roundingLevel(this.#problem.size, norm));
  }

  #lostNote(norm: number): string {
    const answer = "the answer is the minimum-norm one, modes at rounding level left out";
    if (this.#ridge === 0) return `the ridge is 0: ${answer}`;
    const enough = showRidge(sufficientRidge(this.#problem.size, 0, norm));
    return `the ridge ${this.#ridge} is lost in rounding beside the kernel: ${answer}; a ridge above ${enough} would count`;
  }

  #solve(tangents: Tangents, b: Float64Array, norm: number): Solved {
    const tolerance = roundingTolerance(b.length);
    const M = this.#operator(tangents, norm);
    if (this.#isLost(norm)) {
      const solved = minimumNorm(this.#context, (v) => thetaTimes(tangents, v), b, MOST_ITERATIONS);
      if (!solved.converged) throw this.#notReached(solved.iterations, b.length, norm);
      return this.#checked(tangents, M, solved.x, solved.projected, solved.iterations);
    }
    const { x, iterations, converged } = conjugateGradients(M, b, tolerance, MOST_ITERATIONS);
    if (!converged) throw this.#notReached(iterations, b.length, norm);
    return this.#checked(tangents, M, x, b, iterations);
  }

  /**
   * A solution x with its weights and its backward error. M and b are the matrix and right-hand side of the solved
   * system.
   */
  #checked(tangents: Tangents, M: Operator, x: Float64Array, b: Float64Array, iterations: number): Solved {
    const product = M.times(x);
    const bound = M.norm * maxAbs(x) + maxAbs(b);
    const residual = maxAbs(b.map((value, i) => value - product[i]));
    const backwardError = bound === 0 ? 0 : residual / bound;
    return { alpha: x, beta: tangents.transposeTimes(x), iterations, backwardError };
  }

  #notReached(iterations: number, n: number, norm: number): ConvergenceError {
    const enough = showRidge(sufficientRidge(n, 0, norm));
    return new ConvergenceError(
      `conjugate gradients did not reach a backward error of ${roundingTolerance(n).toExponential(1)} in ${iterations} iterations with ridge ` +
        `${this.#ridge}; use a larger ridge, or solver "dual" where its ${n}×${n} matrix fits (a ridge below ${enough} is lost in rounding)`,
    );
  }

  #operator(tangents: Tangents, norm: number): Operator {
    const ridge = this.#isLost(norm) ? 0 : this.#ridge;
    return {
      n: this.#problem.size,
      norm: norm + ridge,
      times(v) {
        const product = thetaTimes(tangents, v);
        for (let i = 0; i < v.length; i++) product[i] += ridge * v[i];
        return product;
      },
      precondition: (r) => r.slice(),
    };
  }
}

/** Steps of the power method from a random start. They estimate ‖Θ‖₂ for a handful of products. */
const POWER_STEPS = 4;

/**
 * A lower bound of ‖A‖∞ for a symmetric positive semi-definite A: a convergence test against it is never too lax.
 *
 * A·1 gives ‖A‖∞ itself where no entry is negative. It may be 0 where the kernel is odd and the inputs lie
 * symmetrically about 0. So ‖A‖₂ ≤ ‖A‖∞ is estimated too, from a start that no symmetry makes orthogonal.
 */
export function normFromBelow(n: number, times: (v: Float64Array) => Float64Array): number {
  const random = new Xoshiro256(0);
  let v: Float64Array = Float64Array.from({ length: n }, () => random.uniform() - 0.5);
  let norm = maxAbs(times(new Float64Array(n).fill(1)));
  for (let step = 0; step < POWER_STEPS; step++) {
    const size = maxAbs(v);
    if (size === 0) break;
    v = times(v.map((value) => value / size));
    // ‖A‖∞ ≥ ‖Av‖∞ where ‖v‖∞ = 1.
    norm = Math.max(norm, maxAbs(v));
  }
  return norm;
}

/** Θ v. */
function thetaTimes(tangents: Tangents, v: Float64Array): Float64Array {
  return tangents.times(tangents.transposeTimes(v));
}
