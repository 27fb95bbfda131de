/** Means with coefficients by themselves: the inverse without the part that they explain, against dense formulas. */
import { describe, expect, test } from "vitest";
import type { Context } from "../src/context.js";
import { createInfiniteNetwork, rbfKernel } from "../src/index.js";
import { rowTerms } from "../src/linalg/rowTerms.js";
import { factorByEigen, factorSystem } from "../src/linalg/system.js";
import { copyIn } from "../src/linalg/view.js";
import { type Matrix, matrix } from "../src/matrix.js";
import { checkData, residualProblem } from "../src/problem.js";
import { solveDual } from "../src/regression/dual.js";
import { TrendSolution, withTrend } from "../src/regression/trendSolution.js";
import { checkIndependent, Trend, TrendInverse, trendsOf } from "../src/regression/trendSystem.js";
import { identity, multiply, type Rows, solve, toRows, transpose } from "./oracle/dense.js";
import { expectNear, expectRelative } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

const toMatrix = (rows: Rows): Matrix => matrix(rows.length, rows[0].length, Float64Array.from(rows.flat()));
const diagonalOf = (A: Rows) => A.map((row, i) => row[i]);
const plus = (A: Rows, B: Rows, factor = 1) => A.map((row, i) => row.map((x, j) => x + factor * B[i][j]));

/** A symmetric positive definite matrix. */
function definite(n: number, seed: number): Rows {
  const B = toRows(randomMatrix(n, n, seed));
  return plus(multiply(B, transpose(B)), identity(n));
}

/** P = A⁻¹ − A⁻¹H (HᵀA⁻¹H)⁻¹ HᵀA⁻¹. */
function projectedInverse(A: Rows, H: Rows): Rows {
  const S = solve(A, H);
  return plus(solve(A, identity(A.length)), multiply(S, solve(multiply(transpose(H), S), transpose(S))), -1);
}

describe("S and M of one ridge", () => {
  const [n, m] = [7, 3];
  const H = toRows(randomMatrix(n, m, 1));
  const A = definite(n, 2);
  const S = solve(A, H);
  const M = multiply(transpose(H), S);
  const trend = new Trend(toMatrix(H), toMatrix(transpose(S)).data);
  const b = [0.3, -2, 1];

  test("M⁻¹, its half, and log|M|", () => {
    const want = solve(
      M,
      b.map((x) => [x]),
    ).flat();
    expectRelative(trend.solve(Float64Array.from(b)), want, 1e-12, "M⁻¹b");
    const half = trend.half(Float64Array.from(b));
    const square = half.reduce((sum, x) => sum + x * x, 0);
    expect(square).toBeCloseTo(
      b.reduce((sum, x, a) => sum + x * want[a], 0),
      11,
    );
    // The determinant of 3×3 by its rule.
    const [[p, q, r], [s, t, u], [v, w, x]] = M;
    const determinant = p * (t * x - u * w) - q * (s * x - u * v) + r * (s * w - t * v);
    expect(trend.logDeterminant).toBeCloseTo(Math.log(determinant), 11);
  });

  test("Sᵀv and v + f S b", () => {
    const v = randomMatrix(n, 1, 3).data;
    expectRelative(trend.project(v), multiply([[...v]], S)[0], 1e-14, "Sᵀv");
    const sum = v.slice();
    trend.add(b, sum, -2);
    expectRelative(
      sum,
      S.map((row, i) => v[i] - 2 * row.reduce((total, x, a) => total + x * b[a], 0)),
      1e-14,
      "v − 2Sb",
    );
  });

  test("coefficients that rounding has lost have no answer", () => {
    const words = "the coefficients of the mean are lost in rounding beside the kernel";
    const one = matrix(2, 1, Float64Array.of(1, 1));
    expect(() => new Trend(one, new Float64Array(2))).toThrow(words);
    expect(() => new Trend(one, Float64Array.of(1, -2))).toThrow(words);
    expect(() => new Trend(one, Float64Array.of(1, Number.NaN))).toThrow(words);
    expect(new Trend(one, Float64Array.of(1e-300, 0)).logDeterminant).toBeCloseTo(-300 * Math.LN10, 9);
    // A pivot of M = (1 1; 1 1 + d) is d, and 2ε of what it was is rounding.
    const two = matrix(2, 2, Float64Array.of(1, 0, 0, 1));
    const pair = (d: number) => () => new Trend(two, Float64Array.of(1, 1, 1, 1 + d));
    expect(pair(2 * Number.EPSILON)).toThrow(words);
    expect(pair(3 * Number.EPSILON)).not.toThrow();
  });
});

test("columns that are combinations of those before: which one, and how near they may come", () => {
  const check =
    (...columns: number[][]) =>
    () =>
      checkIndependent(toMatrix(transpose(columns)));
  const [one, line] = [
    [1, 1, 1, 1],
    [-1, 0, 1, 2],
  ];
  expect(check(one, line, [1, 0, 0, 5])).not.toThrow();
  expect(check(one, line, [3, 1, -1, -3])).toThrow("has a coefficient for column 1 of X, which is a combination");
  expect(check(one, [2, 2, 2, 2], line)).toThrow("for column 0 of X");
  expect(check(one, [0, 0, 0, 0])).toThrow("for column 0 of X");
  expect(check(one, [1, 1, Number.NaN, 1])).toThrow("for column 0 of X");
  // The rest of (1, 1, 1, 1 + d) beside (1, 1, 1, 1) is √¾ d, of a size of 2; 16·4ε of the size is rounding.
  const level = (2 * 16 * 4 * Number.EPSILON) / Math.sqrt(0.75);
  expect(check(one, [1, 1, 1, 1 + 1.1 * level])).not.toThrow();
  expect(check(one, [1, 1, 1, 1 + 0.9 * level])).toThrow("for column 0 of X");
  // However large a column is.
  expect(check(one, [1e9, 1e9, 1e9, 1e9 + 1])).not.toThrow();
  expect(
    check(
      one,
      line.map((x) => 1e-150 * x),
    ),
  ).not.toThrow();
});

describe.each(variants)("%s", (variant) => {
  const context: Context = loadContext(variant);

  test("P of each ridge: quadratic forms, diagonals, degrees of freedom", () => {
    const [n, m] = [8, 2];
    const [H, K] = [toRows(randomMatrix(n, m, 4)), definite(n, 5)];
    const ridges = Float64Array.of(0.5, 2);
    const fill = (A: { entries(): Float64Array }) => A.entries().set(K.flat());
    const factor = factorByEigen({ context, n, ridges, fill });
    const trends = trendsOf(context, factor, 2, toMatrix(H));
    const inverse = new TrendInverse(factor, trends);
    expect(inverse.n).toBe(n);
    const B = toRows(randomMatrix(3, n, 6));
    const explained = context.arena.run(() => inverse.explained(copyIn(context, Float64Array.from(B.flat()), 3, n)));
    const noise = randomMatrix(n, 1, 7).data.map((x) => 1 + x / 2);
    ridges.forEach((ridge, k) => {
      const P = projectedInverse(plus(K, identity(n), ridge), H);
      const forms = diagonalOf(multiply(multiply(B, P), transpose(B)));
      expectRelative(
        explained.filter((_, at) => at % 2 === k),
        forms,
        1e-12,
        "b P bᵀ",
      );
      expectRelative(inverse.inverseDiagonal(k), diagonalOf(P), 1e-12, "the diagonal of P");
      const freedom = n - diagonalOf(P).reduce((sum, x, i) => sum + noise[i] * x, 0);
      expect(inverse.degreesOfFreedom(k, noise)).toBeCloseTo(freedom, 11);
    });
    expect(inverse.isComplete).toBe(true);
    factor.free();
  });

  test("a row that alone determines a coefficient has a diagonal of 0, and the others have not", () => {
    const n = 5;
    const K = definite(n, 8);
    const fill = (A: { entries(): Float64Array }) => A.entries().set(K.flat());
    const factor = factorSystem({ context, n, ridges: Float64Array.of(1), fill });
    const inverseOf = (spike: number) => {
      const H = matrix(n, 2, Float64Array.of(1, 1, 1, spike, 1, spike, 1, spike, 1, spike));
      return new TrendInverse(factor, trendsOf(context, factor, 1, H));
    };
    const alone = inverseOf(0);
    expect(alone.inverseDiagonal(0)[0]).toBe(0);
    expect(
      alone
        .inverseDiagonal(0)
        .slice(1)
        .every((value) => value > 1e-3),
    ).toBe(true);
    expect(alone.isComplete).toBe(false);
    factor.free();
  });

  describe("a solution", () => {
    const [n, C] = [9, 2];
    const X = randomMatrix(n, 2, 1, 2);
    const Y = matrix(
      n,
      C,
      randomMatrix(n, C, 2).data.map((y, at) => (at % C === 0 ? y : 50 + 3 * y + X.data[at])),
    );
    const T = randomMatrix(3, 2, 3, 2);
    const noise = Float64Array.from({ length: n }, (_, i) => 0.1 + i / 20);
    const weights = Float64Array.from({ length: n }, (_, i) => 1 + (i % 3));

    test.each([
      ["one ridge", Float64Array.of(0.2), undefined],
      ["a ridge each", Float64Array.of(0.2, 3), undefined],
      ["noise and weights of rows", Float64Array.of(0.2), rowTerms(noise, weights)],
    ] as const)("%s: against generalised least squares", (_, ridges, terms) => {
      const model = rbfKernel({ lengthScale: 1.5 });
      const data = checkData(context, model, X, Y, undefined);
      const problem = withTrend(residualProblem(data, new Float64Array(n * C), terms), "linear");
      const solution = new TrendSolution(context, problem, solveDual(context, problem, ridges));
      const K = toRows(data.source.square(data.X));
      const cross = toRows(data.source.cross(T, data.X));
      const [H, Hnew] = [problem.trend.H, problem.trend.basis.at(T)].map(toRows);
      const targets = transpose(toRows(Y));
      const { mean, variance } = solution.predict(T, false, true);
      const freedom = solution.degreesOfFreedom();
      const loo = solution.looResiduals() as Float64Array;
      const shares = solution.shares(T);
      const covariances = solution.covariances(T);
      const gradients = solution.trendGradient(T);
      targets.forEach((y, c) => {
        const k = ridges.length > 1 ? c : 0;
        const D = Array.from(noise, (v, i) => (terms ? v + ridges[k] / weights[i] : ridges[k]));
        const A = K.map((row, i) => row.map((x, j) => x + (i === j ? D[i] : 0)));
        const column = y.map((x) => [x]);
        const P = projectedInverse(A, H);
        const S = solve(A, H);
        const M = multiply(transpose(H), S);
        const b = solve(M, multiply(transpose(S), column));
        const rest = plus(Hnew, multiply(cross, S), -1);
        const alpha = multiply(P, column).flat();
        const of = (values: Float64Array, columns: number, at: number) => values.filter((_, i) => i % columns === at);
        // Condition numbers are below 100.
        const near = (got: ArrayLike<number>, want: ArrayLike<number>, what: string) =>
          expectRelative(got, want, 1e-11, `${what} of output ${c}`);
        near(of(solution.dualWeights(), C, c), alpha, "α");
        near(of(mean, C, c), plus(multiply(cross, multiply(P, column)), multiply(Hnew, b)).flat(), "means");
        const share = plus(multiply(cross, solve(A, identity(n))), multiply(rest, solve(M, transpose(S))));
        near(shares[k], share.flat(), "shares");
        const prior = toRows(data.source.square(T));
        const more = multiply(rest, solve(M, transpose(rest)));
        const covariance = plus(plus(prior, multiply(cross, solve(A, transpose(cross))), -1), more);
        near(covariances[k], covariance.flat(), "covariances");
        near(of(variance as Float64Array, ridges.length, k), diagonalOf(covariance), "variances");
        near(
          of(loo, C, c),
          alpha.map((x, i) => x / P[i][i]),
          "leave-one-out",
        );
        expect(freedom[k]).toBeCloseTo(n - diagonalOf(P).reduce((sum, x, i) => sum + D[i] * x, 0), 10);
        expect(solution.quadratics()[c]).toBeCloseTo(
          y.reduce((sum, x, i) => sum + x * alpha[i], 0),
          8,
        );
        near(solution.state().trend?.subarray(3 * c, 3 * c + 3) as Float64Array, b.flat(), "coefficients");
        const slope = [0, 1].map((j) => problem.trend.basis.slope(j, b.flat()));
        near(
          gradients.mean[c].data,
          T.data.map((_, at) => slope[at % 2]),
          "slopes",
        );
        const turned = solve(M, transpose(rest));
        near(
          gradients.variance()[k].data,
          T.data.map(
            (_, at) =>
              2 *
              problem.trend.basis.slope(
                at % 2,
                turned.map((row) => row[Math.floor(at / 2)]),
              ),
          ),
          "slopes of the variance",
        );
      });
      expect(solution.backwardError()).toBeLessThan(1e-14);
      // Coefficients of their own for each output, so those of another are far off.
      const state = solution.state();
      const wrong = { ...state, trend: state.trend?.map((b, at) => (at < 3 ? b : b + 1)) };
      const other = new TrendSolution(context, problem, solveDual(context, problem, ridges), wrong);
      expect(other.backwardError()).toBeGreaterThan(1e-3);
      solution.free();
      other.free();
    });

    test("points in several tiles are predicted as each alone", () => {
      const data = checkData(context, createInfiniteNetwork({ activation: "relu" }), X, Y, undefined);
      const problem = withTrend(residualProblem(data, new Float64Array(n * C)), "constant");
      const solution = new TrendSolution(context, problem, solveDual(context, problem, Float64Array.of(0.5, 2)));
      const many = randomMatrix(1030, 2, 5, 2);
      const { mean, variance } = solution.predict(many, false, true);
      for (const i of [0, 1023, 1024, 1029]) {
        const one = solution.predict(matrix(1, 2, many.data.slice(2 * i, 2 * i + 2)), false, true);
        expectNear(mean.subarray(2 * i, 2 * i + 2), one.mean, 1e-10, "mean: a sum of 9 terms", 50);
        const alone = one.variance as Float64Array;
        expectNear((variance as Float64Array).subarray(2 * i, 2 * i + 2), alone, 1e-12, "variance");
      }
      expect(solution.predict(many, false, false).variance).toBeUndefined();
      solution.free();
    });
  });
});
