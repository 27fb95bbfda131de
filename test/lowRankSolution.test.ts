/** A regression on a few columns of the kernel, against dense formulas of the kernel that these columns make. */
import { describe, expect, test } from "vitest";
import { createNetwork, type Model, rbfKernel } from "../src/index.js";
import { type RowTerms, rowTerms } from "../src/linalg/rowTerms.js";
import { checkData, type Problem, residualProblem } from "../src/problem.js";
import { restoreLowRank, solvingLowRank, tryingLowRank } from "../src/regression/lowRank.js";
import { factoring } from "../src/regression/lowRankSystem.js";
import { drain } from "../src/slices.js";
import { identity, multiply, type Rows, solve, toRows, transpose } from "./oracle/dense.js";
import { expectRelative } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

const [N, RANK, RIDGE] = [10, 4, 0.2];
const X = randomMatrix(N, 2, 1, 2);
const T = randomMatrix(3, 2, 3, 2);
const noise = Float64Array.from({ length: N }, (_, i) => 0.1 + i / 20);
const weights = Float64Array.from({ length: N }, (_, i) => 1 + (i % 3));
const two = createNetwork({ inputs: 2, hidden: 6, outputs: 2, biasStd: 1, activation: "tanh", seed: 4 });

const plus = (A: Rows, B: Rows, factor = 1) => A.map((row, i) => row.map((x, j) => x + factor * B[i][j]));
const diagonal = (values: ArrayLike<number>) =>
  Array.from(values, (x, i) => Array.from(values, (_, j) => (i === j ? x : 0)));
const diagonalOf = (A: Rows) => A.map((row, i) => row[i]);

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const problemOf = (model: Model, C: number, terms?: RowTerms): Problem => {
    const Y = randomMatrix(N, C, 2);
    return residualProblem(checkData(context, model, X, Y, undefined), new Float64Array(N * C), terms);
  };

  test.each<[string, Model, number, RowTerms | undefined]>([
    ["one ridge, two outputs", rbfKernel(), 2, undefined],
    ["noise and weights of rows", rbfKernel(), 1, rowTerms(noise, weights)],
    ["the outputs of a network together", two, 2, undefined],
    ["the outputs of a network together, with noise", two, 2, rowTerms(noise, undefined)],
  ])("%s", (_, model, C, terms) => {
    const problem = problemOf(model, C, terms);
    const { source, size: n, columns } = problem;
    const target = { traceError: undefined, rank: RANK };
    const made = drain(factoring(context, problem, RIDGE, target, false));
    const pivots = [...(made?.factor.pivots ?? [])];
    made?.factor.free();
    expect(pivots).toHaveLength(RANK);
    const solution = drain(solvingLowRank(context, problem, RIDGE, target));

    const K = toRows(source.square(problem.X));
    const D = Array.from({ length: n }, (__, i) => {
      const own = terms && {
        v: terms.noise?.[(i / source.block) | 0] ?? 0,
        w: terms.weights?.[(i / source.block) | 0] ?? 1,
      };
      return own ? own.v + RIDGE / own.w : RIDGE;
    });
    const KS = K.map((row) => pivots.map((pivot) => row[pivot]));
    const SS = pivots.map((pivot) => KS[pivot]);
    const Q = multiply(KS, solve(SS, transpose(KS)));
    const A = plus(Q, diagonal(D));
    const inverse = solve(A, identity(n));
    const sides = toRows({ data: problem.R, rows: columns, cols: n });
    const alpha = sides.map((r) => multiply([r], inverse)[0]);
    // Condition numbers are below 10⁴.
    const near = (got: ArrayLike<number>, want: ArrayLike<number>, what: string) =>
      expectRelative(got, want, 1e-10, what);
    near(solution.dualWeights(), transpose(alpha).flat(), "(Q + D)⁻¹ r");
    const cross = toRows(source.cross(T, problem.X));
    const { mean, variance } = solution.predict(T, false, true);
    near(mean, multiply(cross, transpose(alpha)).flat(), "means of the whole cross kernel");
    const k = cross.map((row) => pivots.map((pivot) => row[pivot]));
    const known = plus(
      SS,
      multiply(
        transpose(KS),
        KS.map((row, i) => row.map((x) => x / D[i])),
      ),
    );
    const prior = toRows(source.square(T));
    const covariance = plus(
      plus(prior, multiply(k, solve(SS, transpose(k))), -1),
      multiply(k, solve(known, transpose(k))),
    );
    near(variance as Float64Array, diagonalOf(covariance), "variances of the training conditional");
    near(solution.covariances(T)[0], covariance.flat(), "covariances of the training conditional");
    expect(solution.predict(T, false, false).variance).toBeUndefined();
    const quadratics = sides.map((r, c) => r.reduce((sum, x, i) => sum + x * alpha[c][i], 0));
    near(solution.quadratics(), quadratics, "rᵀα");
    near(
      solution.degreesOfFreedom() as Float64Array,
      [diagonalOf(multiply(Q, inverse)).reduce((a, b) => a + b)],
      "trQ(Q + D)⁻¹",
    );

    // What is left of Ω^½KΩ^½, where Ω = μD⁻¹ and μ is the least noise.
    const least = Math.min(...D);
    const scaled = (M: Rows) => diagonalOf(M).reduce((sum, x, i) => sum + (x * least) / D[i], 0);
    const trace = scaled(K) - scaled(Q);
    const { approximation } = solution;
    expect(approximation?.rank).toBe(RANK);
    near(
      [approximation?.trace ?? 0, approximation?.relative ?? 0, approximation?.bound ?? 0],
      [trace, trace / scaled(K), trace / least],
      "trace, part of the trace, bound",
    );
    expect(solution.shift).toBeCloseTo(least, 15);
    const values = solution.spectrum() as Float64Array;
    expect(values.reduce((sum, x) => sum + x, 0)).toBeCloseTo(scaled(Q), 10);
    expect(solution.backwardError()).toBeLessThan(1e-14);
    // Another α is no solution, of the last right-hand side either.
    const state = solution.state();
    const wrong = restoreLowRank(context, problem, {
      ...state,
      alpha: state.alpha.map((x, at) => (at < state.alpha.length - n / 2 ? x : 1.01 * x)),
    });
    expect(wrong.backwardError()).toBeGreaterThan(1e-5);
    const again = restoreLowRank(context, problem, state);
    expect(again.predict(T, false, true)).toEqual(solution.predict(T, false, true));
    for (const one of [solution, wrong, again]) one.free();
  });

  test("notes: what is missed, and that it is more than was asked for", () => {
    const problem = problemOf(rbfKernel(), 1);
    const notesOf = (traceError: number | undefined, rank?: number) => {
      const solution = drain(solvingLowRank(context, problem, RIDGE, { traceError, rank }));
      const { notes } = solution.findings();
      solution.free();
      return notes;
    };
    expect(notesOf(undefined)).toEqual([
      expect.stringMatching(/^the kernel is one of rank 10: .*, which is rounding$/),
    ]);
    const missed =
      /^the kernel is one of rank \d: its trace misses \S+ of that of the kernel \(.*\), and the dual weights/;
    expect(notesOf(0.5)).toEqual([expect.stringMatching(missed)]);
    expect(notesOf(1e-9, 4)).toEqual([
      expect.stringMatching(missed),
      "the trace error of 1.0e-9 was not reached at rank 4",
    ]);
  });

  test("auto tries where each row has noise, and takes a sixteenth of the points at most", () => {
    const few = randomMatrix(320, 1, 1);
    const of = (model: Model, terms?: RowTerms) => {
      const data = checkData(context, model, few, few, undefined);
      return residualProblem(data, new Float64Array(320), terms);
    };
    const rankOf = (problem: Problem, ridge: number) => {
      const solution = drain(tryingLowRank(context, problem, ridge));
      const rank = solution?.approximation?.rank;
      solution?.free();
      return rank;
    };
    const smooth = of(rbfKernel({ lengthScale: 2 }));
    expect(rankOf(smooth, 0.1)).toBeLessThanOrEqual(20);
    expect(rankOf(smooth, 0)).toBeUndefined();
    expect(rankOf(smooth, 1e-18), "lost in rounding").toBeUndefined();
    expect(rankOf(of(rbfKernel({ lengthScale: 0.05 })), 0.1)).toBeUndefined();
    const own = Float64Array.from({ length: 320 }, (_, i) => (i === 7 ? 0 : 0.1));
    expect(rankOf(of(rbfKernel({ lengthScale: 2 }), rowTerms(own, undefined)), 0)).toBeUndefined();
    expect(rankOf(of(rbfKernel({ lengthScale: 2 }), rowTerms(own, undefined)), 0.1)).toBeLessThanOrEqual(20);
    expect(rankOf(of(rbfKernel({ lengthScale: 2 }), rowTerms(own.fill(0.1), undefined)), 0)).toBeLessThanOrEqual(20);
  });
});
