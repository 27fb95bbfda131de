/**
 * The N×N solver in float32. Θ and its Cholesky factor are in float32. Conjugate gradients with float64
 * residuals, preconditioned by the factor, continue to the backward error of a float64 solve. Residuals of finite
 * networks are matrix-free; other models have Θ in float64 anyway. A system that does not converge is solved in
 * float64, and the report gives the reason.
 *
 * This solve gives only α, and from α means and weights. Variances, evidences and leave-one-out residuals are
 * differences that would lose all digits in float32: the variance near data is about λ, 1e-6 of the prior or less. They
 * come from a float64 factor, made when they are first asked for.
 */

import type { Context } from "../context.js";
import { withTangents } from "../kernel/finite/kernelOperator.js";
import { gemv, mirror } from "../linalg/blas.js";
import { conjugateGradients, type Operator } from "../linalg/conjugateGradients.js";
import { roundingLevel, roundingTolerance } from "../linalg/factor.js";
import { type Float32Factor, factorFloat32 } from "../linalg/float32Factor.js";
import { applyTerms, scaledBy, termsTimes } from "../linalg/rowTerms.js";
import { maxAbs } from "../linalg/vectors.js";
import { scratch } from "../linalg/view.js";
import type { Problem } from "../problem.js";
import { DualSolution, solveDual } from "./dual.js";
import { fillSystem } from "./dualSystem.js";
import type { Solution } from "./solution.js";

/** Most products with the matrix. After these the float64 factor takes over, which would have been cheaper by then. */
const MOST_ITERATIONS = 30;

type Outcome = { alpha: Float64Array; iterations: number } | { reason: string; iterations?: number };

/** Solves for α with a float32 factor, or in float64. */
export function solveFloat32(context: Context, problem: Problem, ridges: Float64Array): Solution {
  const [ridge] = ridges;
  const outcome: Outcome =
    ridges.length > 1
      ? { reason: "a ridge for each output" }
      : ridge === 0
        ? { reason: "ridge 0" }
        : tryFloat32(context, problem, ridge);
  if ("reason" in outcome) {
    const { reason, iterations } = outcome;
    return solveDual(context, problem, ridges, undefined, { precision: "float64", iterations, fallback: reason });
  }
  const { alpha, iterations } = outcome;
  return new DualSolution(
    context,
    problem,
    ridges,
    { kind: "cholesky", truncated: false },
    { precision: "float32", iterations, fallback: undefined },
    { alpha },
  );
}

/** Doubles that {@link solveFloat32} needs where it does not fall back. */
export function float32Memory({ source, size, X }: Pick<Problem, "source" | "size" | "X">): number {
  return size ** 2 * (source.weights ? 0.5 : 1.5) + source.scratch(X.rows) / (source.weights ? 2 : 1);
}

function tryFloat32(context: Context, problem: Problem, ridge: number): Outcome {
  const { source, X, size: n, terms } = problem;
  const net = source.weights;
  return context.arena.run(() => {
    const A = scratch(context, n, n, 4);
    if (net) {
      try {
        source.fill(X, A);
      } catch (error) {
        if (error instanceof RangeError) return { reason: "the inputs or the weights leave float32" };
        throw error;
      }
      if (terms) applyTerms(A, terms);
      const factor = factorFloat32(A, ridge);
      if ("reason" in factor) return factor;
      return withTangents(context, net, X, (tangents) => {
        const times = (v: Float64Array) => tangents.times(tangents.transposeTimes(v));
        return iterate(problem, ridge, factor, terms ? (v) => termsTimes(terms, v, times) : times);
      });
    }
    const [Theta, v, product] = [scratch(context, n, n), scratch(context, 1, n), scratch(context, 1, n)];
    fillSystem(problem, Theta);
    mirror(Theta);
    A.floats().set(Theta.entries());
    const factor = factorFloat32(A, ridge);
    if ("reason" in factor) return factor;
    return iterate(problem, ridge, factor, (given) => {
      v.entries().set(given);
      gemv(1, Theta, v, 0, product);
      return product.copy();
    });
  });
}

/** Solves each right-hand side separately. `kernelTimes` multiplies by the matrix without its ridge. */
function iterate(
  { R, size: n, columns, terms }: Problem,
  ridge: number,
  factor: Float32Factor,
  kernelTimes: (v: Float64Array) => Float64Array,
): Outcome {
  // The float64 solver refuses a ridge that is lost in rounding.
  if (ridge <= roundingLevel(n, factor.norm)) return { reason: "the ridge is at float64's rounding level" };
  const M: Operator = {
    n,
    norm: factor.norm + ridge,
    times(v) {
      const product = kernelTimes(v);
      for (let i = 0; i < n; i++) product[i] += ridge * v[i];
      return product;
    },
    precondition: factor.solve,
  };
  const alpha = new Float64Array(R.length);
  const scaled = terms ? scaledBy(terms, R) : R;
  let iterations = 0;
  for (let c = 0; c < columns; c++) {
    const b = scaled.subarray(c * n, (c + 1) * n);
    const solved = conjugateGradients(M, b, roundingTolerance(n), MOST_ITERATIONS);
    iterations = Math.max(iterations, solved.iterations);
    if (!solved.converged || !Number.isFinite(maxAbs(solved.x))) {
      return { reason: `no convergence in ${solved.iterations} iterations`, iterations };
    }
    alpha.set(solved.x, c * n);
  }
  return { alpha: terms ? scaledBy(terms, alpha) : alpha, iterations };
}
