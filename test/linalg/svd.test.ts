/** Singular values and vectors, against matrices that were made of known ones. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Ntk } from "../../src/index.js";
import { identity, multiply, type Rows, toRows, transpose } from "../oracle/dense.js";
import { maxDifference } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const EPS = Number.EPSILON;

/** Orthonormal columns, m×r: textbook Gram–Schmidt, twice. */
function orthonormal(m: number, r: number, seed: number): Rows {
  const columns = transpose(toRows(randomMatrix(m, r, seed, 1)));
  columns.forEach((column, c) => {
    for (let pass = 0; pass < 2; pass++)
      for (const other of columns.slice(0, c)) {
        const along = column.reduce((sum, x, i) => sum + x * other[i], 0);
        other.forEach((x, i) => {
          column[i] -= along * x;
        });
      }
    const length = Math.hypot(...column);
    for (let i = 0; i < m; i++) column[i] /= length;
  });
  return transpose(columns);
}

/** A = U diag(σ) Vᵀ. */
function made(m: number, n: number, sigma: number[]): Rows {
  const [U, V] = [orthonormal(m, sigma.length, m), orthonormal(n, sigma.length, n + 1)];
  return multiply(
    U.map((row) => row.map((x, c) => x * sigma[c])),
    transpose(V),
  );
}
const far = (A: Rows, B: Rows) => maxDifference(A.flat(), B.flat());

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each([
    [1, 1, 1],
    [1, 5, 1],
    [6, 6, 6],
    [9, 4, 4],
    [4, 9, 4],
    [40, 17, 17],
    [33, 70, 33],
    [20, 12, 5],
  ])("%i×%i of rank %i: values, vectors and their product", (m, n, r) => {
    const sigma = Array.from({ length: r }, (_, i) => 4 * 0.8 ** i);
    const A = made(m, n, sigma);
    const { U, singularValues, V, rank, notes } = ntk.svd(A);
    const k = Math.min(m, n);
    expect([U.rows, U.cols, V.rows, V.cols, rank, notes.length]).toEqual([m, r, n, r, r, r < k ? 1 : 0]);
    singularValues.forEach((value, i) => {
      expect(Math.abs(value - sigma[i])).toBeLessThan((4 * (k + 2) * EPS * sigma[0] ** 2) / sigma[i]);
    });
    const [left, right] = [toRows(U), toRows(V)];
    const bound = (4 * (k + 2) * EPS * sigma[0] ** 2) / sigma[r - 1] ** 2;
    expect(far(multiply(transpose(left), left), identity(r))).toBeLessThan(bound);
    expect(far(multiply(transpose(right), right), identity(r))).toBeLessThan(bound);
    const scaled = left.map((row) => row.map((x, c) => x * singularValues[c]));
    expect(far(multiply(scaled, transpose(right)), A)).toBeLessThan(8 * (k + 2) * EPS * sigma[0]);
  });

  test("small values to the stated bound, and what is below the level is left out", () => {
    const sigma = [1, 1e-2, 1e-4, 1e-6, 1e-9, 1e-12];
    const { singularValues, rank, level, notes } = ntk.svd(made(30, 6, sigma));
    expect(rank).toBe(4);
    expect(level).toBeCloseTo(Math.sqrt(6 * EPS), 12);
    singularValues.forEach((value, i) => {
      expect(Math.abs(value - sigma[i])).toBeLessThan((8 * 6 * EPS) / sigma[i]);
    });
    expect(notes).toEqual([expect.stringMatching(/^2 of 6 singular values are at most √\(6 ε\) of the largest/)]);
  });

  test("any size: a power of two changes powers of two only", () => {
    const A = toRows(randomMatrix(7, 4, 3, 1));
    const plain = ntk.svd(A);
    for (const e of [-1000, -500, 500, 1000]) {
      const other = ntk.svd(A.map((row) => row.map((x) => x * 2 ** e)));
      expect([...other.singularValues]).toEqual([...plain.singularValues].map((x) => x * 2 ** e));
      expect(other.U).toEqual(plain.U);
      expect(other.V).toEqual(plain.V);
    }
  });

  test("zeros have rank 0; a value beyond float64 is an error", () => {
    const { U, singularValues, V, rank } = ntk.svd([[0, 0, 0]]);
    expect([U.cols, V.rows, V.cols, singularValues.length, rank]).toEqual([0, 3, 0, 0, 0]);
    const top = Number.MAX_VALUE;
    expect(() => ntk.svd([[top, top]])).toThrow(RangeError);
    expect(() => ntk.svd([[1, Number.NaN]])).toThrow(/A has NaN at row 0, column 1/);
  });
});
