/** Leave-one-out, its intervals, and rows that repeat: by module, beside refits and determinants by elimination. */
import { describe, expect, test } from "vitest";
import type { KernelSource } from "../src/kernel/kernel.js";
import { diagonalOf, type RowTerms, rowTerms } from "../src/linalg/rowTerms.js";
import type { View } from "../src/linalg/view.js";
import { type Matrix, matrix } from "../src/matrix.js";
import type { Problem } from "../src/problem.js";
import { evidenceError, gaussianEvidence, repeatsNote, sumOrNone } from "../src/regression/evidence.js";
import { interval, intervalsAt } from "../src/regression/jackknife.js";
import {
  dualResiduals,
  type LeftOutInverse,
  leftOutResiduals,
  primalResiduals,
} from "../src/regression/leaveOneOut.js";
import { copiesIn, meanOfGroup, repeatsOf } from "../src/regression/repeats.js";
import type { Solution } from "../src/regression/solution.js";
import { identity, logDeterminant, multiply, type Rows, solve, transpose } from "./oracle/dense.js";
import { logDensity } from "./oracle/gauss.js";
import { expectNear } from "./setup/golden.js";
import { generator, randomMatrix } from "./setup/random.js";
import { loadContext } from "./setup/variants.js";

const toMatrix = (rows: readonly (readonly number[])[]): Matrix =>
  matrix(rows.length, rows[0].length, Float64Array.from(rows.flat()));

/** A problem with one kernel for all outputs, or with all pairs of them, and no kernel at all. */
function problemOf(X: number[][], Y: number[][], terms?: RowTerms, block = 1): Problem {
  const [N, C] = [X.length, Y[0].length];
  const R = block > 1 ? Y.flat() : transpose(Y).flat();
  return {
    source: { block } as unknown as KernelSource,
    X: toMatrix(X),
    Y: toMatrix(Y),
    R: Float64Array.from(R),
    size: N * block,
    columns: C / block,
    outputs: C,
    terms,
  };
}

/** exp(−½|x − y|²). */
const bell = (X: number[][], Z = X): Rows =>
  X.map((x) => Z.map((z) => Math.exp(-0.5 * x.reduce((sum, value, t) => sum + (value - z[t]) ** 2, 0))));

const plus = (K: Rows, D: ArrayLike<number>): Rows =>
  K.map((row, i) => row.map((value, j) => value + (i === j ? D[i] : 0)));

/** What leave-one-out asks of inverses that are known, one for each ridge. */
const inverseOf = (inverses: readonly Rows[]): LeftOutInverse => ({
  n: inverses[0].length,
  inverseDiagonal: (k) => Float64Array.from(inverses[k], (row, i) => row[i]),
  explained(B: View) {
    const rows = Array.from({ length: B.rows }, (_, i) => [...B.row(i)]);
    return Float64Array.from(
      rows.flatMap((b) => inverses.map((inverse) => multiply([b], multiply(inverse, transpose([b])))[0][0])),
    );
  },
});

describe("rows that repeat", () => {
  test("rows, copies, groups and counts by hand; 0 and −0 are one input", () => {
    const X = [
      [0, 1],
      [5, 5],
      [-0, 1],
      [5, 6],
      [5, 5],
      [0, 1],
    ];
    const Y = [
      [1, 2],
      [3, 3],
      [1, 4],
      [3, 3],
      [3, 3],
      [1, 2],
    ];
    const found = repeatsOf(problemOf(X, Y));
    expect(found).toMatchObject({
      rows: 3,
      copies: 2,
      groups: [
        [0, 2, 5],
        [1, 4],
      ],
    });
    expect([...found.dropped]).toEqual([3, 2]);
    expectNear(found.logWeights, [Math.log(3) + Math.log(2), 2 * Math.log(2)], 1e-15, "sums of two logarithms");
    // Lists are for rows with terms of their own.
    expect(found.copied).toEqual([[], []]);
    const both = repeatsOf(problemOf(X, Y, undefined, 2));
    expect(both.groups).toEqual([
      [0, 4, 10],
      [1, 5, 11],
      [2, 8],
      [3, 9],
    ]);
    expect([...both.dropped]).toEqual([5]);
    const weighed = repeatsOf(problemOf(X, Y, rowTerms(new Float64Array(6).fill(1), undefined)));
    expect(weighed.copied).toEqual([
      [
        [0, 2, 5],
        [1, 4],
      ],
      [
        [0, 5],
        [1, 4],
      ],
    ]);
    expect(repeatsOf(problemOf(X.slice(0, 2), Y.slice(0, 2)))).toMatchObject({ rows: 0, copies: 0, groups: [] });
  });

  const X = [[0], [1], [0], [0], [1], [2], [0]];
  const y = [1, 5, 1, 7, 5, 3, 1];
  test.each<[string, RowTerms | undefined]>([
    ["no terms", undefined],
    ["noise", rowTerms(Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), undefined)],
    ["weights", rowTerms(undefined, Float64Array.of(1, 2, 0.5, 0.25, 3, 1, 4))],
    ["both", rowTerms(Float64Array.of(0.1, 0, 0.3, 0, 0.5, 0, 0.7), Float64Array.of(1, 2, 0.5, 0.25, 3, 1, 4))],
  ])("the determinant of the observations, copies joined: %s", (_, terms) => {
    const ridge = 0.3;
    const problem = problemOf(
      X,
      y.map((value) => [value]),
      terms,
    );
    const D = terms ? diagonalOf(terms, ridge) : new Float64Array(7).fill(ridge);
    // Rows 0, 2 and 6 are one observation, rows 1 and 4 another; row 3 has another target.
    const joined = [[0, 2, 6], [1, 4], [3], [5]];
    const own = joined.map((rows) => 1 / rows.reduce((sum, i) => sum + 1 / D[i], 0));
    const want = logDeterminant(plus(bell(joined.map(([first]) => X[first])), own));
    expect(logDeterminant(plus(bell(X), D)) - copiesIn(problem, 0, ridge)).toBeCloseTo(want, 11);
  });

  test("a copy without noise is certain, and cancels with the whole", () => {
    const terms = rowTerms(Float64Array.of(0, 0.4, 0.2), undefined) as RowTerms;
    const problem = problemOf([[1], [1], [1]], [[2], [2], [2]], terms);
    expect(copiesIn(problem, 0, 0)).toBeCloseTo(Math.log(0.4) + Math.log(0.2), 14);
    const A = [
      [1, 1, 1],
      [1, 1.4, 1],
      [1, 1, 1.2],
    ];
    expect(logDeterminant(A) - copiesIn(problem, 0, 0)).toBeCloseTo(0, 12);
    const none = problemOf([[1], [2], [3]], [[2], [2], [2]], terms);
    expect(copiesIn(none, 0, 0)).toBe(0);
    expect(copiesIn({ ...none, terms: undefined }, 0, 0), "no copy, and no ridge whose logarithm counts").toBe(0);
  });

  test("the mean of a group counts each row by its precision", () => {
    const r = Float64Array.of(9, 9, 1, 4, 16);
    const mean = (terms: RowTerms | undefined, ridge: number) => {
      const problem = problemOf([[1], [1], [1]], [[2], [2], [2]], terms);
      return meanOfGroup(problem, [0, 1, 2], r, ridge, 2);
    };
    expect(mean(undefined, 0.5)).toBe(7);
    // Variances of 1, 2 and 4.
    expect(mean(rowTerms(Float64Array.of(0, 1, 3), undefined), 1)).toBeCloseTo((1 + 4 / 2 + 16 / 4) / 1.75, 14);
    expect(mean(rowTerms(undefined, Float64Array.of(1, 0.5, 0.25)), 3)).toBeCloseTo((1 + 4 / 2 + 16 / 4) / 1.75, 14);
    expect(mean(rowTerms(Float64Array.of(1, 0, 2), undefined), 0), "a row without noise").toBe(4);
    expect(mean(rowTerms(Float64Array.of(0, 0, 2), undefined), 0), "two rows without noise").toBe(2.5);
  });

  test("a note counts them, and says how copies weigh", () => {
    const [X, Y] = [
      [[1], [1], [1]],
      [[2], [2], [3]],
    ];
    expect(repeatsNote(problemOf(X, Y))).toMatch(/^2 of 3 rows .*, 1 of them .* with their number as weight/);
    const terms = rowTerms(new Float64Array(3), undefined);
    expect(repeatsNote(problemOf(X, Y, terms))).toMatch(/with the sum of their precisions/);
    expect(repeatsNote(problemOf([[1], [2]], [[2], [2]]))).toBeUndefined();
  });
});

describe("evidences", () => {
  test("the density of observations, at scale 1 and at the best one, without what copies add", () => {
    const A = plus(bell([[0], [1], [3]]), [0.1, 0.1, 0.1]);
    const r = [1, -2, 0.5];
    const quadratic = multiply([r], solve(A, transpose([r])))[0][0];
    const found = gaussianEvidence(3, quadratic, logDeterminant(A) + 0.7, 0.7);
    expect(found.scale).toBe(quadratic / 3);
    expect(found.logEvidence).toBeCloseTo(logDensity(A, r, 1), 12);
    expect(found.logEvidenceProfiled).toBeCloseTo(logDensity(A, r), 12);
    expect(gaussianEvidence(3, 0, 1)).toEqual({
      logEvidence: -0.5 - 1.5 * Math.log(2 * Math.PI),
      logEvidenceProfiled: undefined,
      scale: 0,
    });
    expect(gaussianEvidence(2, 6, undefined)).toEqual({
      logEvidence: undefined,
      logEvidenceProfiled: undefined,
      scale: 3,
    });
  });

  test("the error of log |A| counts by half for each right-hand side", () => {
    const solution = (error: number | undefined) => ({ logDeterminantError: () => error }) as unknown as Solution;
    const problem = problemOf(
      [[1], [2]],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    );
    expect(evidenceError(problem, solution(0.5))).toBe(0.75);
    expect(evidenceError(problem, solution(0))).toBe(0);
    expect(evidenceError(problem, solution(undefined))).toBeUndefined();
    expect(evidenceError(problem, {} as unknown as Solution)).toBeUndefined();
  });

  test("a sum with a part that has no value, or that overflows, has none", () => {
    expect(sumOrNone([1, -3])).toBe(-2);
    expect(sumOrNone([1, undefined])).toBeUndefined();
    expect(sumOrNone([1e308, 1e308])).toBeUndefined();
  });
});

describe("residuals of rows that are left out", () => {
  const X = [[0], [1.3], [0], [2.1], [-1], [1.3], [0]];
  const Y = [
    [1, 2],
    [2, 1],
    [0.5, 2],
    [3, 0],
    [-1, 1],
    [2.5, -1],
    [1, 4],
  ];
  const without = <T>(list: readonly T[], gone: readonly number[]) => list.filter((_, i) => !gone.includes(i));

  test.each([[[0.3]], [[0.3, 0.05]]])("N×N, ridges %j: rows with equal inputs go together", (ridges) => {
    const context = loadContext("js");
    const K = bell(X);
    const systems = ridges.map((ridge) => plus(K, new Array(7).fill(ridge)));
    const own = (c: number) => (ridges.length > 1 ? c : 0);
    const inverses = systems.map((A) => solve(A, identity(7)));
    const alphas = [0, 1].map((c) =>
      multiply(
        inverses[own(c)],
        Y.map((row) => [row[c]]),
      ).flat(),
    );
    const factor = inverseOf(inverses);
    const problem = problemOf(X, Y);
    const lambdas = Float64Array.from(ridges);
    const got = dualResiduals(context, problem, factor, lambdas, Float64Array.from(alphas.flat()));
    const alone = leftOutResiduals(factor, ridges.length, Float64Array.from(transpose(alphas).flat()), 2);
    const missed = (i: number, gone: number[], c: number) => {
      const A = plus(bell(without(X, gone)), new Array(7 - gone.length).fill(ridges[own(c)]));
      const k = bell([X[i]], without(X, gone));
      return (
        Y[i][c] -
        multiply(
          k,
          solve(
            A,
            without(Y, gone).map((row) => [row[c]]),
          ),
        )[0][0]
      );
    };
    const equal = (i: number) => X.flatMap(([x], j) => (x === X[i][0] ? [j] : []));
    const each = (want: (i: number, c: number) => number) => X.flatMap((_, i) => [want(i, 0), want(i, 1)]);
    // The condition number is at most 7/0.05.
    expectNear(
      got,
      each((i, c) => missed(i, equal(i), c)),
      1e-12,
      "refits without the group",
    );
    expectNear(
      alone,
      each((i, c) => missed(i, [i], c)),
      1e-12,
      "refits without the row",
    );
    expect(context.arena.heldBytes).toBe(0);
  });

  test("more groups than a tile has", () => {
    const context = loadContext("js");
    // Pairs; a tile has 2²¹/n rows of indicators.
    const n = 2200;
    const count = n / 2;
    expect(count).toBeGreaterThan(2 ** 21 / n);
    const next = generator(3);
    const numbers = () => Array.from({ length: n }, () => 2 + next());
    const [diagonals, alpha, r] = [
      [numbers(), numbers()],
      [...numbers(), ...numbers()],
      [...numbers(), ...numbers()],
    ];
    const X = Array.from({ length: n }, (_, i) => [Math.floor(i / 2)]);
    const problem = problemOf(
      X,
      X.map((_, i) => [r[i], r[n + i]]),
    );
    let tiles = 0;
    const factor: LeftOutInverse = {
      n,
      inverseDiagonal: (k) => Float64Array.from(diagonals[k]),
      explained(B) {
        tiles++;
        return Float64Array.from({ length: 2 * B.rows }, (_, at) =>
          B.row(Math.floor(at / 2)).reduce((sum, value, i) => sum + value ** 2 * diagonals[at % 2][i], 0),
        );
      },
    };
    const got = dualResiduals(context, problem, factor, Float64Array.of(1, 2), Float64Array.from(alpha));
    const want = Array.from({ length: 2 * n }, (_, at) => {
      const [i, c] = [Math.floor(at / 2), at % 2];
      const [one, two] = [2 * Math.floor(i / 2), 2 * Math.floor(i / 2) + 1];
      const left = (alpha[c * n + one] + alpha[c * n + two]) / (diagonals[c][one] + diagonals[c][two]);
      return left + r[c * n + i] - (r[c * n + one] + r[c * n + two]) / 2;
    });
    expectNear(got, want, 1e-14, "sums of two numbers");
    expect(tiles).toBe(2);
  });

  test.each([[undefined], [[1, 0.5, 2, 1, 0.25, 1, 3]]])(
    "P×P, weights %j: rows with equal inputs go together",
    (omega) => {
      const mu = 0.2;
      const y = Y.map(([first]) => first);
      const features = (points: number[][]) => points.map(([x]) => [1, x, x * x]);
      const solved = (rows: readonly number[]) => {
        const Phi = features(rows.map((i) => X[i]));
        const weighed = Phi.map((row, k) => row.map((value) => value * (omega?.[rows[k]] ?? 1)));
        const M = plus(multiply(transpose(weighed), Phi), [mu, mu, mu]);
        return {
          M,
          beta: solve(
            M,
            multiply(
              transpose(weighed),
              rows.map((i) => [y[i]]),
            ),
          ),
        };
      };
      const all = X.map((_, i) => i);
      const { M, beta } = solved(all);
      const Phi = features(X);
      const residual = multiply(Phi, beta).map(([value], i) => y[i] - value);
      const leverages = Phi.map((phi) => multiply([phi], solve(M, transpose([phi])))[0][0]);
      const got = primalResiduals(
        problemOf(X, Y),
        Float64Array.from(residual),
        Float64Array.from(leverages),
        omega && Float64Array.from(omega),
      );
      const want = all.map((i) => {
        const rest = all.filter((j) => X[j][0] !== X[i][0]);
        return y[i] - multiply(features([X[i]]), solved(rest).beta)[0][0];
      });
      expectNear(got, want, 1e-12, "refits without the group; the condition number is below 1e3", 10);
    },
  );
});

describe("intervals", () => {
  test("levels are between 0 and 1, and neither", () => {
    for (const level of [0, 1, -0.1, 2, Number.NaN])
      expect(() => interval({ level }, "interval")).toThrow(
        `interval.level is ${level}; expected a number between 0 and 1`,
      );
    for (const level of ["0.9", undefined, null]) expect(() => interval({ level }, "interval")).toThrow(TypeError);
    expect(() => interval({ level: 0.5, method: "split" }, "interval")).toThrow(/interval.method/);
    expect(interval({ level: 1e-300 }, "interval").level).toBe(1e-300);
    expect(interval({ level: 1 - 2 ** -53, method: "jackknife+" }, "interval").level).toBe(1 - 2 ** -53);
  });

  test.each([
    [1, 9, 0.9],
    [2, 9, 0.9],
    [2, 19, 0.8],
    [1, 4, 0.2],
  ])("shares of %i ridges, %i rows, level %d: order statistics, tile by tile", (ridges, N, level) => {
    const [rows, C] = [5, 2];
    const [residuals, means] = [randomMatrix(N, C, 3).data, randomMatrix(rows, C, 4)];
    const shares = Array.from({ length: ridges }, (_, k) => randomMatrix(rows, N, 5 + k).data);
    const X = matrix(
      rows,
      1,
      Float64Array.from({ length: rows }, (_, i) => i),
    );
    const asked: number[] = [];
    const leftOut = {
      residuals,
      shares(points: Matrix) {
        asked.push(points.rows);
        return shares.map((s) => s.slice(points.data[0] * N, (points.data[0] + points.rows) * N));
      },
    };
    // As if there were so many ridges that a tile has two rows.
    const { lower, upper } = intervalsAt(leftOut, Math.floor(2 ** 20 / N), X, means, { level });
    expect(asked).toEqual([2, 2, 1]);
    const outside = Math.round((1 - level) * (N + 1));
    for (let at = 0; at < rows * C; at++) {
      const [p, c] = [Math.floor(at / C), at % C];
      const r = Array.from({ length: N }, (_, i) => residuals[i * C + c]);
      const middle = r.map((x, i) => means.data[at] - shares[ridges > 1 ? c : 0][p * N + i] * x);
      const ends = [-1, 1].map((sign) => middle.map((m, i) => m + sign * Math.abs(r[i])).sort((a, b) => a - b));
      expect(lower.data[at]).toBe(ends[0][outside - 1]);
      expect(upper.data[at]).toBe(ends[1][N - outside]);
    }
  });

  test("too few rows for a level are refused, with the level that they reach", () => {
    const leftOut = { residuals: new Float64Array(8), shares: () => [new Float64Array(8)] };
    const at = (level: number) => () => intervalsAt(leftOut, 1, matrix(1, 1), matrix(1, 1), { level });
    expect(at(0.9)).toThrow(/interval.level is 0.9, and 8 rows tell of levels up to 0.889/);
    expect(at(8 / 9)).not.toThrow();
  });
});
