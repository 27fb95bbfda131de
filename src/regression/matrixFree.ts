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
import { roundingTolerance, showRidge, sufficientRidge } from "../linalg/factor.js";
import { minimumNorm } from "../linalg/lanczos.js";
import { dot, maxAbs } from "../linalg/vectors.js";
import type { Matrix } from "../matrix.js";
import { rowsOf } from "../matrix.js";
import type { Network } from "../model/network.js";
import type { Problem } from "../problem.js";
import { type MatrixFreeSystem, matrixFreeSystem } from "./matrixFreeSystem.js";
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
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #net: Network;
  readonly #ridge: number;
  readonly #system: MatrixFreeSystem;
  readonly #solved: Solved;

  constructor(context: Context, problem: Problem, net: Network, ridge: number, known?: Solved) {
    this.#context = context;
    this.#problem = problem;
    this.#net = net;
    this.#ridge = ridge;
    this.ridges = Float64Array.of(ridge);
    const diagonal = kernelDiagonal(context, net, problem.X, "full");
    const { system, solved } = withTangents(context, net, problem.X, (tangents) => {
      const system = matrixFreeSystem(problem, ridge, diagonal, tangents);
      return { system, solved: known ?? this.#solve(tangents, problem.R, system) };
    });
    this.#system = system;
    this.#solved = solved;
    this.method = { precision: "float64", iterations: solved.iterations, fallback: undefined };
  }

  findings() {
    const { lost } = this.#system;
    const notes = lost ? [this.#lostNote()] : [];
    return { rank: undefined, truncated: lost, conditionNumber: undefined, notes };
  }

  displacement(): Float64Array {
    return this.#solved.beta;
  }

  get shift(): number {
    return this.#system.shift;
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
   * K** − kA⁻¹k = ‖φ* − Φᵀw‖² + wᵀDw, w = A⁻¹k, with D = λI, or that of the rows. The sum is never
   * negative, and its error is only the square of w's error.
   */
  #variance(X: Matrix): Float64Array {
    const result = new Float64Array(X.rows * this.#net.outputs);
    this.#unexplained(X, (rest, w, row) => {
      result[row] = dot(rest, rest) + this.#system.product(w, w);
    });
    return result;
  }

  /** (φ_i − Φᵀw_i)·(φ_j − Φᵀw_j) + w_iᵀDw_j. */
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
        const value = dot(rests[i], rests[j]) + this.#system.product(weights[i], weights[j]);
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
      truncated: this.#system.lost,
      resident: false,
      backwardError: this.#solved.backwardError,
    };
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
        const { alpha, beta } = this.#solve(tangents, tangents.times(tangent), this.#system);
        const rest = tangent.map((value, p) => value - beta[p]);
        body(rest, alpha, row);
      }
    });
  }

  #lostNote(): string {
    const { size, terms } = this.#problem;
    const answer = "the answer is the minimum-norm one, modes at rounding level left out";
    if (this.#ridge === 0) return `the ridge is 0${terms?.noise ? ", and so is the noise of a row" : ""}: ${answer}`;
    const enough = showRidge(sufficientRidge(size, 0, this.#system.norm));
    return `the ridge ${this.#ridge} is lost in rounding beside the kernel: ${answer}; a ridge above ${enough} would count`;
  }

  #solve(tangents: Tangents, r: Float64Array, system: MatrixFreeSystem): Solved {
    const b = system.scaled(r);
    const { lost, norm, shift } = system;
    const times = (v: Float64Array) => system.times(tangents, v);
    const M: Operator = {
      n: b.length,
      norm: norm + shift,
      times(v) {
        const product = times(v);
        for (let i = 0; i < v.length; i++) product[i] += shift * v[i];
        return product;
      },
      precondition: (v) => v.slice(),
    };
    const { x, iterations, converged, target } = lost
      ? lanczosOf(this.#context, times, b)
      : { ...conjugateGradients(M, b, roundingTolerance(b.length), MOST_ITERATIONS), target: b };
    if (!converged) throw this.#notReached(iterations, b.length, norm);
    const alpha = system.scaled(x);
    return {
      alpha,
      beta: tangents.transposeTimes(alpha),
      iterations,
      backwardError: backwardErrorOf(M, x, target),
    };
  }

  #notReached(iterations: number, n: number, norm: number): ConvergenceError {
    const enough = showRidge(sufficientRidge(n, 0, norm));
    return new ConvergenceError(
      `conjugate gradients did not reach a backward error of ${roundingTolerance(n).toExponential(1)} in ${iterations} iterations with ridge ` +
        `${this.#ridge}; use a larger ridge, or solver "dual" where its ${n}×${n} matrix fits (a ridge below ${enough} is lost in rounding)`,
    );
  }
}

/** The minimum-norm answer. `target` is the right-hand side that it solves, the part of b along the kept modes. */
function lanczosOf(context: Context, times: (v: Float64Array) => Float64Array, b: Float64Array) {
  const solved = minimumNorm(context, times, b, MOST_ITERATIONS);
  return { ...solved, target: solved.projected };
}

/** The backward error of Mx = b. */
function backwardErrorOf(M: Operator, x: Float64Array, b: Float64Array): number {
  const product = M.times(x);
  const bound = M.norm * maxAbs(x) + maxAbs(b);
  const residual = maxAbs(b.map((value, i) => value - product[i]));
  return bound === 0 ? 0 : residual / bound;
}
