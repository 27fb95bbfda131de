/** The solvers of weight space and of N×N systems, method by method, against one set of dense formulas. */
import { describe, expect, test } from "vitest";
import { createNetwork } from "../src/index.js";
import { jacobian } from "../src/kernel/finite/tangents.js";
import { type RowTerms, rowTerms } from "../src/linalg/rowTerms.js";
import { type Matrix, matrix } from "../src/matrix.js";
import type { Network } from "../src/model/network.js";
import { checkData, type Problem, residualProblem } from "../src/problem.js";
import { restoreDual, solveDual } from "../src/regression/dual.js";
import { restorePrimal, solvePrimal } from "../src/regression/primal.js";
import type { Solution } from "../src/regression/solution.js";
import { identity, logDeterminant, multiply, type Rows, solve, toRows, transpose } from "./oracle/dense.js";
import { expectNear, expectRelative } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

const N = 12;
const X = randomMatrix(N, 1, 1, 2);
const T = randomMatrix(3, 1, 3, 2);
const noise = Float64Array.from({ length: N }, (_, i) => 0.2 + i / 20);
const weights = Float64Array.from({ length: N }, (_, i) => 1 + (i % 3));
const one = createNetwork({ inputs: 1, hidden: 3, biasStd: 1, activation: "tanh", seed: 4 });
const two = createNetwork({ inputs: 1, hidden: 2, outputs: 2, biasStd: 1, activation: "tanh", seed: 5 });

const plus = (A: Rows, B: Rows, factor = 1) => A.map((row, i) => row.map((x, j) => x + factor * B[i][j]));
const diagonalOf = (A: Rows) => A.map((row, i) => row[i]);
const total = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0);

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const problemOf = (net: Network, terms?: RowTerms, points: Matrix = X): Problem => {
    const Y = randomMatrix(points.rows, net.outputs, 2);
    const data = checkData(context, net, points, Y, "full");
    return residualProblem(data, data.source.start(data.X, net.outputs), terms);
  };
  const featuresOf = (net: Network, points: Matrix) => toRows(jacobian(context, net, points, 0.5));
  const SOLVERS = {
    dual: (problem: Problem, _: Network, ridge: number) => solveDual(context, problem, Float64Array.of(ridge)),
    primal: (problem: Problem, net: Network, ridge: number) =>
      solvePrimal(context, problem, net, Float64Array.of(ridge)),
  };

  for (const solver of ["dual", "primal"] as const) {
    test.each<[string, Network, number, RowTerms | undefined]>([
      ["a ridge", one, 0.3, undefined],
      ["noise", one, 0.3, rowTerms(noise, undefined)],
      ["noise alone", one, 0, rowTerms(noise, undefined)],
      ["weights", one, 0.3, rowTerms(undefined, weights)],
      ["noise and weights", one, 0.3, rowTerms(noise, weights)],
      ["two outputs", two, 0.3, undefined],
      ["two outputs with noise", two, 0.3, rowTerms(noise, weights)],
    ])(`${solver}: %s`, (_, net, ridge, terms) => {
      const C = net.outputs;
      const problem = problemOf(net, terms);
      const solution: Solution = SOLVERS[solver](problem, net, ridge);
      expect(solution).toMatchObject({ solver, ridges: Float64Array.of(ridge), fixed: undefined });
      const Phi = featuresOf(net, X);
      const K = multiply(Phi, transpose(Phi));
      const n = K.length;
      const D = Array.from({ length: n }, (__, at) => {
        const i = Math.floor(at / C);
        return terms ? ridge / (terms.weights?.[i] ?? 1) + (terms.noise?.[i] ?? 0) : ridge;
      });
      const A = K.map((row, i) => row.map((x, j) => x + (i === j ? D[i] : 0)));
      const inverse = solve(A, identity(n));
      const r = Array.from(problem.R);
      const alpha = multiply([r], inverse)[0];
      // Condition numbers are below 10³.
      const near = (got: ArrayLike<number>, want: ArrayLike<number>, what: string) =>
        expectRelative(got, want, 1e-11, what);
      near(solution.dualWeights(), alpha, "α");
      near(solution.displacement() as Float64Array, multiply([alpha], Phi)[0], "β");
      const New = featuresOf(net, T);
      const cross = multiply(New, transpose(Phi));
      const fitted = multiply([alpha], transpose(cross))[0];
      const start = problem.source.start(T, C);
      const covariance = plus(multiply(New, transpose(New)), multiply(multiply(cross, inverse), transpose(cross)), -1);
      const { mean, variance } = solution.predict(T, false, true);
      near(mean, fitted, "mean");
      // The variance is a difference of numbers of the size of the prior.
      expectNear(variance as Float64Array, diagonalOf(covariance), 1e-11, "variance", 10);
      near(
        solution.predict(T, true, false).mean,
        fitted.map((f, i) => f + start[i]),
        "mean and start",
      );
      expect(solution.predict(T, true, false).variance).toBeUndefined();
      expectNear(solution.covariances(T)[0], covariance.flat(), 1e-11, "covariance", 10);
      near(solution.quadratics(), [total(r.map((x, i) => x * alpha[i]))], "rᵀα");
      near(solution.logDeterminants() as number[], [logDeterminant(A)], "log|A|");
      near(
        solution.looResiduals() as Float64Array,
        alpha.map((x, i) => x / inverse[i][i]),
        "leave-one-out",
      );
      const freedom = total(diagonalOf(multiply(K, inverse)));
      near(solution.degreesOfFreedom() as Float64Array, [freedom], "tr KA⁻¹");
      near(solution.shares?.(T)[0] as Float64Array, multiply(cross, inverse).flat(), "shares");
      const leftOut = solution.leftOut?.();
      if (C > 1) expect(leftOut).toBeUndefined();
      else
        near(
          leftOut?.residuals as Float64Array,
          alpha.map((x, i) => x / inverse[i][i]),
          "left out",
        );
      expect(solution.backwardError()).toBeLessThan(1e-14);
      // From its state it is the same, and with other numbers it is no solution.
      const state = solution.state();
      const restored = (more: object): Solution =>
        solver === "dual"
          ? restoreDual(context, problem, { ...state, ...more })
          : restorePrimal(context, problem, net, { ...state, ...more });
      const again = restored({});
      expect(again.predict(T, true, true)).toEqual(solution.predict(T, true, true));
      expect(again.backwardError()).toBe(solution.backwardError());
      const wrong = restored({
        alpha: state.alpha.map((x) => 1.01 * x),
        displacement: state.displacement?.map((x) => 1.01 * x),
      });
      expect(wrong.backwardError()).toBeGreaterThan(1e-5);
      for (const own of [solution, again, wrong]) own.free();
    });
  }

  test("rows with equal inputs are left out together, in either space", () => {
    const points = matrix(N, 1, X.data.slice());
    points.data[5] = points.data[2];
    points.data[9] = points.data[2];
    for (const terms of [undefined, rowTerms(noise, weights)]) {
      const problem = problemOf(one, terms, points);
      const Phi = featuresOf(one, points);
      const group = [2, 5, 9];
      const others = Array.from({ length: N }, (_, i) => i).filter((i) => !group.includes(i));
      const D = Array.from(noise, (v, i) => (terms ? 0.3 / weights[i] + v : 0.3));
      const K = multiply(Phi, transpose(Phi));
      const A = others.map((i) => others.map((j) => K[i][j] + (i === j ? D[i] : 0)));
      const alpha = solve(
        A,
        others.map((i) => [problem.R[i]]),
      ).flat();
      const want = group.map((i) => problem.R[i] - total(others.map((j, k) => K[i][j] * alpha[k])));
      for (const solver of ["dual", "primal"] as const) {
        const solution: Solution = SOLVERS[solver](problem, one, 0.3);
        const found = solution.looResiduals() as Float64Array;
        expectRelative(
          group.map((i) => found[i]),
          want,
          1e-10,
          solver,
        );
        solution.free();
      }
    }
  });

  test("ridge 0: the answer of minimum norm, whose dual weights give β", () => {
    // More rows than weights, so that in weight space nothing is singular.
    const net = createNetwork({ inputs: 1, hidden: 2, bias: false, weightStd: 2, activation: "sin", seed: 1 });
    const problem = problemOf(net);
    const Phi = featuresOf(net, X);
    const r = Array.from(problem.R);
    const gram = multiply(transpose(Phi), Phi);
    const beta = solve(
      gram,
      multiply(
        transpose(Phi),
        r.map((x) => [x]),
      ),
    ).flat();
    const primal = SOLVERS.primal(problem, net, 0);
    const condition = total(diagonalOf(gram)) * total(diagonalOf(solve(gram, identity(gram.length))));
    const allowed = 16 * Number.EPSILON * condition;
    expect(allowed).toBeLessThan(1e-7);
    expectRelative(primal.displacement() as Float64Array, beta, allowed, "least squares");
    const alpha = Array.from(primal.dualWeights());
    expectRelative(multiply([alpha], Phi)[0], beta, allowed, "Φᵀα = β");
    expectRelative(primal.quadratics(), [total(r.map((x, i) => x * alpha[i]))], allowed, "rᵀα");
    expectRelative(primal.quadratics(), [total(beta.map((x) => x * x))], allowed, "‖β‖²");
    expect(primal.logDeterminants()).toEqual([undefined]);
    expect([primal.looResiduals(), primal.leftOut?.()]).toEqual([undefined, undefined]);
    expect(primal.degreesOfFreedom()?.[0]).toBe(net.parameters.length);
    const { variance } = primal.predict(T, false, true);
    expectNear(variance as Float64Array, new Float64Array(3), allowed, "all features are known", 10);
    primal.free();
  });
});
