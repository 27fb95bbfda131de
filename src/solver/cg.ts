/**
 * The N×N solver without an N×N matrix, for many points: conjugate gradients in float64 on Θ + λI, preconditioned by its diagonal, with
 * products Φ(Φᵀv) through the features of a finite network, O(NP) each. Means and weights come from β = Φᵀα; a variance costs a solve of
 * its own. What needs a factor (evidences, leave-one-out, degrees of freedom, the spectrum) does not exist here.
 */
import type { Context } from "../arena.js";
import { ConvergenceError } from "../errors.js";
import { kernelDiagonal } from "../kernel/empirical.js";
import { type Tangents, withTangents } from "../kernel/implicit.js";
import { rowsOf } from "../kernel/source.js";
import { firstOrder } from "../kernel/tangent.js";
import type { Matrix } from "../matrix.js";
import type { Network } from "../model/network.js";
import { conjugateGradients, type Operator, type Solved } from "./conjugate.js";
import type { Problem } from "./dual.js";
import type { Factor } from "./factor.js";
import { roundingTolerance } from "./refined.js";
import { dot, type Method, maxAbs, type Solution } from "./system.js";

/** Products before a solve is given up: beyond, a factorisation is likely to be cheaper where it fits at all. */
const MOST_ITERATIONS = 1000;

/** @throws ConvergenceError, MemoryLimitError */
export function solveConjugate(context: Context, problem: Problem, net: Network, ridge: number): Solution {
  return new ConjugateSolution(context, problem, net, ridge);
}

class ConjugateSolution implements Solution {
  readonly solver = "cg";
  readonly factor: Factor;
  readonly method: Method;
  readonly displacement: Float64Array;
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #net: Network;
  readonly #ridge: number;
  readonly #diagonal: Float64Array;
  readonly #alpha: Float64Array;
  #norm: number | undefined;

  constructor(context: Context, problem: Problem, net: Network, ridge: number) {
    this.#context = context;
    this.#problem = problem;
    this.#net = net;
    this.#ridge = ridge;
    this.factor = noFactor(problem.size, ridge);
    this.#diagonal = kernelDiagonal(context, net, problem.X, "full").map((value) => value + ridge);
    const { solved, displacement } = withTangents(context, net, problem.X, (tangents) => {
      const result = this.#solve(tangents, problem.R);
      return { solved: result, displacement: tangents.transposeTimes(result.x) };
    });
    this.#alpha = solved.x;
    this.displacement = displacement;
    this.method = { precision: "float64", iterations: solved.iterations, fallback: undefined };
  }

  free(): void {
    this.factor.free();
  }

  dualWeights(): Float64Array {
    return this.#alpha.slice();
  }

  mean(X: Matrix, start: boolean): Float64Array {
    return firstOrder(this.#context, this.#net, X, this.displacement, start);
  }

  /** K** − k(Θ + λI)⁻¹k = ‖φ* − Φᵀw‖² + λ‖w‖², w = (Θ + λI)⁻¹k: never negative, and off by the square of w's error only. */
  variance(X: Matrix): Float64Array {
    const C = this.#net.outputs;
    const result = new Float64Array(X.rows * C);
    this.#weights(X, (w, u, row, tangent) => {
      const unexplained = tangent.map((value, p) => value - u[p]);
      result[row] = dot(unexplained, unexplained) + this.#ridge * dot(w, w);
    });
    return result;
  }

  /** (φ_i − Φᵀw_i)·(φ_j − Φᵀw_j) + λ w_i·w_j. */
  covariance(X: Matrix): Float64Array {
    const size = X.rows * this.#net.outputs;
    const rows: Float64Array[] = [];
    this.#weights(X, (w, u, _, tangent) => {
      const root = Math.sqrt(this.#ridge);
      rows.push(Float64Array.of(...tangent.map((value, p) => value - u[p]), ...w.map((value) => root * value)));
    });
    const result = new Float64Array(size * size);
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++) result[i * size + j] = result[j * size + i] = dot(rows[i], rows[j]);
    return result;
  }

  quadratic(): number {
    return dot(this.#problem.R, this.#alpha);
  }

  logDeterminant(): undefined {}

  looResiduals(): undefined {}

  degreesOfFreedom(): undefined {}

  spectrum(): undefined {}

  backwardError(): number {
    const { R } = this.#problem;
    return withTangents(this.#context, this.#net, this.#problem.X, (tangents) => {
      const M = this.#operator(tangents);
      const product = M.times(this.#alpha);
      const residual = R.map((value, i) => value - product[i]);
      const bound = M.norm * maxAbs(this.#alpha) + maxAbs(R);
      return bound === 0 ? 0 : maxAbs(residual) / bound;
    });
  }

  /** Calls `body(w, Φᵀw, row, φ)` for each row φ of Φ(X). */
  #weights(X: Matrix, body: (w: Float64Array, u: Float64Array, row: number, tangent: Float64Array) => void): void {
    const C = this.#net.outputs;
    const unit = new Float64Array(C);
    withTangents(this.#context, this.#net, this.#problem.X, (tangents) => {
      for (let row = 0; row < X.rows * C; row++) {
        unit.fill(0)[row % C] = 1;
        const point = rowsOf(X, Math.floor(row / C), 1);
        const tangent = withTangents(this.#context, this.#net, point, (own) => own.transposeTimes(unit));
        const { x } = this.#solve(tangents, tangents.times(tangent));
        body(x, tangents.transposeTimes(x), row, tangent);
      }
    });
  }

  #solve(tangents: Tangents, b: Float64Array): Solved {
    const solved = conjugateGradients(this.#operator(tangents), b, roundingTolerance(b.length), MOST_ITERATIONS);
    if (solved.converged) return solved;
    throw new ConvergenceError(
      `conjugate gradients did not reach a backward error of ${roundingTolerance(b.length).toExponential(1)} in ${solved.iterations} ` +
        `iterations with ridge ${this.#ridge}; use a larger ridge, or solver "dual" where its ${b.length}×${b.length} matrix fits`,
    );
  }

  #operator(tangents: Tangents): Operator {
    const ridge = this.#ridge;
    const diagonal = this.#diagonal;
    const times = (v: Float64Array) => {
      const product = tangents.times(tangents.transposeTimes(v));
      for (let i = 0; i < v.length; i++) product[i] += ridge * v[i];
      return product;
    };
    // A lower bound of ‖Θ + λI‖∞, its value for kernels without negative entries: the test of convergence is never too lax.
    this.#norm ??= Math.max(maxAbs(diagonal), maxAbs(times(new Float64Array(diagonal.length).fill(1))));
    return {
      n: diagonal.length,
      norm: this.#norm,
      times,
      precondition: (r) => r.map((value, i) => value / (diagonal[i] || 1)),
    };
  }
}

/** What stands where a factor would: the size and the ridge of the system. */
function noFactor(n: number, ridge: number): Factor {
  const none = (): never => {
    throw new Error('internal: solver "cg" has no factor');
  };
  return {
    kind: "none",
    n,
    ridge,
    rank: n,
    truncated: false,
    modes: undefined,
    halfWidth: n,
    half: none,
    solve: none,
    project() {},
    logDeterminant: none,
    inverseDiagonal: none,
    free() {},
  };
}
