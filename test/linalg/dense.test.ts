/** Products, Gram matrices, Cholesky factors, solves and eigenvectors of plain matrices, against textbook loops. */
import { beforeAll, describe, expect, test } from "vitest";
import { NotPositiveDefiniteError, type Ntk } from "../../src/index.js";
import { multiply, type Rows, solve, toRows, transpose } from "../oracle/dense.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const EPS = Number.EPSILON;
const ORDERS = [1, 2, 5, 9, 34];

/** G Gᵀ + I: eigenvalues of at least 1. */
function definite(n: number): Rows {
  const G = toRows(randomMatrix(n, n, n, 1));
  return multiply(G, transpose(G)).map((row, i) => row.map((value, j) => value + (i === j ? 1 : 0)));
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each([
    [1, 1, 1],
    [1, 4, 1],
    [3, 1, 2],
    [4, 7, 2],
    [9, 5, 6],
  ])("matmul of %i×%i and … ×%i, and the Gram matrix of the left one", (m, k, n) => {
    const [A, B] = [randomMatrix(m, k, 1), randomMatrix(k, n, 2)];
    const got = ntk.matmul(A, B);
    expect([got.rows, got.cols]).toEqual([m, n]);
    expectNear(got.data, multiply(toRows(A), toRows(B)).flat(), k * EPS, "A B, sums of k terms up to 1");
    const G = ntk.gram(A);
    expect([G.rows, G.cols]).toEqual([m, m]);
    expectNear(G.data, multiply(toRows(A), transpose(toRows(A))).flat(), k * EPS, "A Aᵀ, sums of k terms up to 1");
  });

  test.each(ORDERS)("cholesky, n = %i: L Lᵀ = A, zeros above the diagonal", (n) => {
    const A = definite(n);
    const { data, rows, cols } = ntk.cholesky(A);
    expect([rows, cols]).toEqual([n, n]);
    const L = toRows({ data, rows, cols });
    L.forEach((row, i) => {
      expect(row.slice(i + 1)).toEqual(new Array(n - 1 - i).fill(0));
      expect(row[i]).toBeGreaterThan(0);
    });
    expectNear(multiply(L, transpose(L)).flat(), A.flat(), (n + 1) * EPS, "L Lᵀ, beside A", maxAbs(A.flat()));
  });

  test.each(ORDERS)("solve, n = %i: columns as by elimination", (n) => {
    const A = definite(n);
    for (const k of [1, 3]) {
      const B = randomMatrix(n, k, 7);
      const got = ntk.solve(A, B);
      expect([got.rows, got.cols]).toEqual([n, k]);
      const want = solve(A, toRows(B)).flat();
      expectNear(got.data, want, 8 * n * EPS * maxAbs(A.flat()), "X, the condition number times rounding");
    }
  });

  test.each(ORDERS)("eigh, n = %i: A V = V Λ with eigenvectors in columns, ascending", (n) => {
    const A = definite(n);
    const { values, vectors } = ntk.eigh(A);
    expect([vectors.rows, vectors.cols, values.length]).toEqual([n, n, n]);
    expect([...values].sort((x, y) => x - y)).toEqual([...values]);
    const V = toRows(vectors);
    const size = maxAbs(values);
    const scaled = V.map((row) => row.map((value, j) => value * values[j]));
    expectNear(multiply(A, V).flat(), scaled.flat(), 8 * n * EPS, "A V", size);
    const unit = A.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
    expectNear(multiply(transpose(V), V).flat(), unit.flat(), 8 * n * EPS, "Vᵀ V");
  });

  test("a matrix that is not positive definite: the pivot, counted from 0", () => {
    const A = [
      [4, 2, 0],
      [2, 1, 0],
      [0, 0, 1],
    ];
    for (const run of [
      () => ntk.cholesky(A),
      () =>
        ntk.solve(
          A,
          [1, 2, 3].map((x) => [x]),
        ),
    ]) {
      expect(run).toThrow(NotPositiveDefiniteError);
      expect(run).toThrow(/^A is not positive definite: pivot 1 of 3 is not positive; add a ridge/);
      expect(run).toThrow(expect.objectContaining({ pivot: 1, ridge: 0 }));
    }
  });
});
