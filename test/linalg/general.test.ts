/** General matrices: solves by LU, inverses, determinants and least squares, against textbook elimination. */
import { beforeAll, describe, expect, test } from "vitest";
import { NotPositiveDefiniteError, type Ntk, SingularMatrixError } from "../../src/index.js";
import { identity, multiply, type Rows, solve, toRows, transpose } from "../oracle/dense.js";
import { maxAbs, maxDifference } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const EPS = Number.EPSILON;
/** About the panels of 16, their halvings, and the switch to the blocked solve. */
const ORDERS = [1, 2, 3, 15, 16, 17, 33, 64, 65];
const square = (n: number, seed = 3) => toRows(randomMatrix(n, n, seed + n, 1));

/** Largest |A X − B| of a column over n (‖A‖ ‖x‖ + ‖b‖), the largest entries for norms: the backward error. */
function backwardError(A: Rows, X: Rows, B: Rows): number {
  const AX = multiply(A, X);
  const errors = B[0].map((_, c) => {
    const column = (M: Rows) => M.map((row) => row[c]);
    const left = maxAbs(AX.map((row, i) => row[c] - B[i][c]));
    return left / (A.length * (maxAbs(A.flat()) * maxAbs(column(X)) + maxAbs(column(B))));
  });
  return maxAbs(errors);
}

/** det A by cofactors. */
function determinant(A: Rows): number {
  if (A.length === 0) return 1;
  return A[0].reduce((sum, x, j) => {
    const minor = A.slice(1).map((row) => row.filter((_, c) => c !== j));
    return sum + (j % 2 ? -x : x) * determinant(minor);
  }, 0);
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(ORDERS.slice(1))("solve, n = %i: a general matrix, by backward error and beside elimination", (n) => {
    const A = square(n);
    for (const k of [1, 3, 6]) {
      const B = toRows(randomMatrix(n, k, 7, 1));
      const X = toRows(ntk.solve(A, B));
      expect(backwardError(A, X, B), `${k} right-hand sides`).toBeLessThan(4 * EPS);
      const want = solve(A, B).flat();
      const error = maxAbs(X.flat().map((x, i) => x - want[i]));
      const condition = n * maxAbs(A.flat()) * n * maxAbs(solve(A, identity(n)).flat());
      expect(error).toBeLessThan(8 * EPS * condition * maxAbs(want));
    }
  });

  test("a row of the smallest numbers", () => {
    const least = Number.MIN_VALUE;
    const { data } = ntk.solve(
      [
        [0, 4 * least],
        [1, 0],
      ],
      [12 * least, 5],
    );
    expect([...data]).toEqual([5, 3]);
  });

  test("units of rows, columns and right-hand sides change powers of two only", () => {
    const n = 20;
    const [A, B] = [square(n), toRows(randomMatrix(n, 2, 5, 1))];
    const X = toRows(ntk.solve(A, B));
    for (const [row, col, side] of [
      [2 ** -500, 1, 1],
      [2 ** 500, 1, 2 ** -500],
      [1, 2 ** 400, 2 ** -100],
      [2 ** -600, 2 ** 300, 2 ** 200],
    ]) {
      const r = (i: number) => (i % 2 ? row : 1);
      const c = (j: number) => (j % 3 ? col : 1);
      const scaled = A.map((line, i) => line.map((x, j) => x * r(i) * c(j)));
      const got = toRows(
        ntk.solve(
          scaled,
          B.map((line, i) => line.map((b) => b * r(i) * side)),
        ),
      );
      const want = X.map((line, j) => line.map((x) => (x / c(j)) * side));
      got.forEach((line, j) => {
        line.forEach((x, t) => {
          const size = maxAbs(X.map((own) => own[t])) * (side / c(j));
          expect(Math.abs(x - want[j][t]) / size).toBeLessThan(1e-11);
        });
      });
    }
    for (const scale of [1e-150, 1e150, 1e-300]) {
      const scaled = A.map((line) => line.map((x) => x * scale));
      const got = toRows(
        ntk.solve(
          scaled,
          B.map((line) => line.map((b) => b * scale)),
        ),
      );
      expect(maxAbs(got.flat().map((x, i) => x - X.flat()[i]))).toBeLessThan(1e-10 * maxAbs(X.flat()));
    }
    expect(() =>
      ntk.solve(
        [
          [1e-200, 0],
          [1, 1e-200],
        ],
        [1e200, 1],
      ),
    ).toThrow(/overflows float64/);
  });

  test("the method: by symmetry, or as asked for", () => {
    const indefinite = [
      [0, 1],
      [1, 0],
    ];
    expect(() => ntk.solve(indefinite, [1, 2])).toThrow(NotPositiveDefiniteError);
    expect(() => ntk.solve(indefinite, [1, 2])).toThrow(/solve takes method "lu"/);
    expect([...ntk.solve(indefinite, [1, 2], { method: "lu" }).data]).toEqual([2, 1]);
    const general = [
      [0, 1],
      [2, 0],
    ];
    expect([...ntk.solve(general, [1, 2]).data]).toEqual([1, 1]);
    expect(() => ntk.solve(general, [1, 2], { method: "cholesky" })).toThrow(/not symmetric/);
    const definite = [
      [4, 2],
      [2, 5],
    ];
    expect(ntk.solve(definite, [8, 12], { method: "cholesky" })).toEqual(ntk.solve(definite, [8, 12]));
    expect(() => ntk.solve([[1, 2]], [1])).toThrow(/A is 1×2; expected a square matrix; leastSquares/);
  });

  test("singular matrices: the column, in any units", () => {
    const A = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ];
    for (const unit of [1, 1e-200, 1e200]) {
      const scaled = A.map((row, i) => row.map((x) => (i === 1 ? x * unit : x)));
      for (const run of [
        () => ntk.solve(scaled, [1, 2, 3]),
        () => ntk.inverse(scaled),
        () => ntk.logDeterminant(scaled),
      ]) {
        expect(run).toThrow(SingularMatrixError);
        expect(run).toThrow(/column 2 of 3 depends on the columns before it; use leastSquares/);
        expect(run).toThrow(expect.objectContaining({ pivot: 2 }));
      }
    }
    expect(() => ntk.inverse([[0]])).toThrow(expect.objectContaining({ pivot: 0 }));
    // Small is not singular.
    expect(
      ntk.logDeterminant([
        [1e-300, 0],
        [1, 1e-300],
      ]).logDeterminant,
    ).toBeCloseTo(-600 * Math.LN10, 9);
  });

  test.each(ORDERS)("inverse, n = %i: A A⁻¹ = 1, and symmetric to the bit where A is definite", (n) => {
    const A = square(n);
    const inverse = toRows(ntk.inverse(A));
    expect(backwardError(A, inverse, identity(n))).toBeLessThan(4 * EPS);
    const definite = multiply(A, transpose(A)).map((row, i) => row.map((x, j) => x + +(i === j)));
    const symmetric = toRows(ntk.inverse(definite));
    expect(transpose(symmetric)).toEqual(symmetric);
    expect(backwardError(definite, symmetric, identity(n))).toBeLessThan(4 * EPS);
  });

  test("the determinant: by cofactors, of products, of permutations, and of large powers", () => {
    for (const n of [1, 2, 3, 6]) {
      const A = square(n, 11);
      const want = determinant(A);
      const { sign, logDeterminant } = ntk.logDeterminant(A);
      expect(sign).toBe(Math.sign(want));
      expect(Math.exp(logDeterminant)).toBeCloseTo(Math.abs(want), 12);
    }
    const cycle = identity(4).map((_, i, rows) => rows[(i + 1) % 4]);
    expect(ntk.logDeterminant(cycle)).toEqual({ sign: -1, logDeterminant: 0 });
    const n = 60;
    const A = square(n);
    const G = multiply(A, transpose(A));
    const [one, both] = [ntk.logDeterminant(A), ntk.logDeterminant(G)];
    expect(both.sign).toBe(1);
    expect(Math.abs(both.logDeterminant - 2 * one.logDeterminant)).toBeLessThan(1e-8);
    const large = ntk.logDeterminant(A.map((row) => row.map((x) => x * 1e150)));
    expect(large.sign).toBe(one.sign);
    expect(Math.abs(large.logDeterminant - one.logDeterminant - n * 150 * Math.LN10)).toBeLessThan(1e-9);
  });

  test("a positive definite matrix that LU takes for singular has its determinant and its inverse", () => {
    const near = 2 ** -52;
    const A = [
      [1, 1],
      [1, 1 + near],
    ];
    expect(() => ntk.solve(A, [1, 1], { method: "lu" })).toThrow(SingularMatrixError);
    expect(ntk.logDeterminant(A)).toEqual({ sign: 1, logDeterminant: Math.log(near) });
    expect([...ntk.inverse(A).data]).toEqual([1 / near + 1, -1 / near, -1 / near, 1 / near]);
  });

  describe("leastSquares", () => {
    /** Solves AᵀA X = AᵀB by elimination. */
    const normal = (A: Rows, B: Rows) => solve(multiply(transpose(A), A), multiply(transpose(A), B));

    test.each([
      [1, 1, 1],
      [5, 2, 1],
      [12, 7, 3],
      [40, 20, 2],
    ])("%i×%i with %i right-hand sides: the normal equations", (m, n, k) => {
      const A = toRows(randomMatrix(m, n, 4, 1));
      const B = toRows(randomMatrix(m, k, 5, 1));
      const { solution, rank, residualNorms, notes } = ntk.leastSquares(A, B);
      const want = normal(A, B);
      expect([solution.rows, solution.cols, rank, notes]).toEqual([n, k, n, []]);
      expect(maxAbs(solution.data.map((x, i) => x - want.flat()[i]))).toBeLessThan(1e-10 * maxAbs(want.flat()));
      const left = multiply(A, want).map((row, i) => row.map((x, c) => x - B[i][c]));
      residualNorms.forEach((size, c) => {
        expect(size).toBeCloseTo(Math.hypot(...left.map((row) => row[c])), 11);
      });
    });

    test("fewer rows than columns: Aᵀ(A Aᵀ)⁻¹ b, and a note", () => {
      const [A, b] = [toRows(randomMatrix(4, 9, 4, 1)), toRows(randomMatrix(4, 1, 5, 1))];
      const { solution, rank, residualNorms, notes } = ntk.leastSquares(A, b);
      const want = multiply(transpose(A), solve(multiply(A, transpose(A)), b)).flat();
      expect(rank).toBe(4);
      expect(maxAbs(solution.data.map((x, i) => x - want[i]))).toBeLessThan(1e-12);
      expect(residualNorms[0]).toBeLessThan(1e-13);
      expect(notes.join()).toMatch(/A has 4 rows for 9 unknowns: the solution is the one of minimum norm/);
    });

    test.each([1, 1e-150, 1e150])("dependent columns: the limit of a small ridge; units of %d", (unit) => {
      const [L, R] = [toRows(randomMatrix(10, 3, 4, 1)), toRows(randomMatrix(3, 7, 5, 1))];
      const A = multiply(L, R);
      const b = toRows(randomMatrix(10, 1, 6, 1));
      const { solution, rank, notes } = ntk.leastSquares(
        A.map((row) => row.map((x) => x * unit)),
        b,
      );
      // A⁺ = Rᵀ (R Rᵀ)⁻¹ (LᵀL)⁻¹ Lᵀ.
      const inner = solve(multiply(transpose(L), L), multiply(transpose(L), b));
      const want = multiply(transpose(R), solve(multiply(R, transpose(R)), inner)).flat();
      expect(rank).toBe(3);
      expect(maxAbs(solution.data.map((x, i) => x * unit - want[i]))).toBeLessThan(1e-11 * maxAbs(want));
      expect(notes.join()).toMatch(/A has rank 3 of at most 7, by a tolerance of/);
    });

    test.each([2 ** 1000, 2 ** -1000])("right-hand sides in units of %d", (unit) => {
      const [A, b] = [toRows(randomMatrix(9, 4, 4, 1)), toRows(randomMatrix(9, 2, 5, 1))];
      const { solution, residualNorms } = ntk.leastSquares(
        A,
        b.map(([one, two]) => [one * unit, two]),
      );
      const plain = ntk.leastSquares(A, b);
      expect(solution.data.map((x, at) => (at % 2 === 0 ? x / unit : x))).toEqual(plain.solution.data);
      expect([residualNorms[0] / unit, residualNorms[1]]).toEqual([...plain.residualNorms]);
    });

    test("the tolerance decides the rank; zeros have rank 0", () => {
      const A = [
        [1, 1],
        [1, 1 + 1e-8],
        [1, 1],
      ];
      const ranks = [undefined, 1e-12, 1e-6].map((tolerance) => ntk.leastSquares(A, [1, 2, 3], { tolerance }).rank);
      expect(ranks).toEqual([2, 2, 1]);
      const zero = ntk.leastSquares([[0, 0]], [3]);
      expect([[...zero.solution.data], zero.rank, [...zero.residualNorms]]).toEqual([[0, 0], 0, [3]]);
      expect(() => ntk.leastSquares([[1e-200]], [1e200])).toThrow(/overflows float64/);
    });

    test("columns that repeat stand first: pivoting finds the others", () => {
      const A = [
        [1, 1, 0, 2],
        [2, 2, 0, 1],
        [0, 0, 3, 1],
        [1, 1, 1, 0],
      ];
      const { solution, rank } = ntk.leastSquares(A, [3, 3, 4, 2]);
      expect(rank).toBe(3);
      // Of all solutions (1 − t, t, 1, 1) the shortest.
      expect(maxDifference(solution.data, [0.5, 0.5, 1, 1])).toBeLessThan(1e-14);
    });

    test("targets of any size", () => {
      const A = toRows(randomMatrix(6, 3, 4, 1));
      const b = toRows(randomMatrix(6, 1, 5, 1));
      const plain = ntk.leastSquares(A, b).solution.data;
      for (const e of [-1000, 900, 1000]) {
        const { solution, residualNorms } = ntk.leastSquares(
          A,
          b.map(([x]) => [x * 2 ** e]),
        );
        expect([...solution.data]).toEqual([...plain].map((x) => x * 2 ** e));
        expect(residualNorms[0]).toBeGreaterThan(0);
      }
    });
  });

  test("leastSquares: what is left of a column is compared with the longest one", () => {
    const of = (size: number) =>
      ntk.leastSquares(
        Array.from({ length: 64 }, (_, i) => [1, i % 2 ? size : -size]),
        Array.from({ length: 64 }, (_, i) => [i]),
        { tolerance: 0.1 },
      ).rank;
    expect([of(0.09), of(0.11), of(1)]).toEqual([1, 2, 2]);
  });
});
