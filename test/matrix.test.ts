/** The helpers that prepare data: standardize and oneHot. */
import { describe, expect, test } from "vitest";
import { matrix, oneHot, standardize } from "../src/matrix.js";
import { maxDifference } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";

const ε = Number.EPSILON;

test("matrix: zeros, or a shape around data", () => {
  expect(matrix(2, 3)).toEqual({ data: new Float64Array(6), rows: 2, cols: 3 });
  const data = Float64Array.of(1, 2);
  expect(matrix(1, 2, data).data).toBe(data);
});

/** Mean and population standard deviation of column j. */
function moments({ data, rows, cols }: { data: Float64Array; rows: number; cols: number }, j: number) {
  const column = Array.from({ length: rows }, (_, i) => data[i * cols + j]);
  const mean = column.reduce((sum, x) => sum + x, 0) / rows;
  return { mean, std: Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows) };
}

describe("standardize", () => {
  test.each([
    [2, 1],
    [50, 3],
    [1000, 7],
  ])("%d×%d: mean 0, population std 1 in every column", (rows, cols) => {
    const X = randomMatrix(rows, cols, 3, 5);
    // Another scale and offset in each column.
    for (let at = 0; at < X.data.length; at++) X.data[at] = X.data[at] * 10 ** (at % cols) + 3 * (at % cols);
    const before = X.data.slice();
    const result = standardize(X);
    expect(result.X).toMatchObject({ rows, cols });
    for (let j = 0; j < cols; j++) {
      const { mean, std } = moments(result.X, j);
      expect(Math.abs(mean)).toBeLessThanOrEqual(rows * ε);
      expect(Math.abs(std - 1)).toBeLessThanOrEqual(rows * ε);
      const original = moments(X, j);
      expect(Math.abs(result.mean[j] - original.mean)).toBeLessThanOrEqual(rows * ε * original.std);
      expect(Math.abs(result.std[j] / original.std - 1)).toBeLessThanOrEqual(rows * ε);
    }
    expect(X.data).toEqual(before);
  });

  test("by hand, population and not sample std", () => {
    const { X, mean, std } = standardize([
      [1, 10],
      [3, 30],
    ]);
    expect([...mean]).toEqual([2, 20]);
    expect([...std]).toEqual([1, 10]);
    expect([...X.data]).toEqual([-1, -1, 1, 1]);
  });

  test("a small spread on a large offset", () => {
    const { X } = standardize([1e8 - 1, 1e8, 1e8 + 1]);
    const want = Math.sqrt(1.5);
    expect(maxDifference(X.data, [-want, 0, want])).toBeLessThanOrEqual(1e-7);
  });

  test("apply uses the training columns; invert undoes it", () => {
    const { X, mean, std, apply, invert } = standardize(randomMatrix(20, 2, 4, 3));
    const other = randomMatrix(9, 2, 5, 8);
    const mapped = apply(other);
    expect(mapped).toMatchObject({ rows: 9, cols: 2 });
    expect([...mapped.data]).toEqual([...other.data].map((x, at) => (x - mean[at % 2]) / std[at % 2]));
    expect(maxDifference(invert(mapped).data, other.data)).toBeLessThanOrEqual(8 * 4 * ε);
    expect(maxDifference(apply(invert(X)).data, X.data)).toBeLessThanOrEqual(8 * 4 * ε);
    expect(() => apply([[1, 2, 3]])).toThrow(/X has 3 columns; expected 2/);
    expect(() => invert([1])).toThrow(/X has 1 columns; expected 2/);
  });

  test("a 1-D array is a column", () => {
    const { X, apply } = standardize([1, 2, 3]);
    expect(X).toMatchObject({ rows: 3, cols: 1 });
    expect([...apply([2]).data]).toEqual([0]);
  });

  // 1/10 and 1/3 are not exact: a mean that is off by one ulp must not turn rounding into data.
  test.each([4, 0.1, 1 / 3, -1e8 - 0.1].flatMap((value) => [1, 3, 7, 10, 1000].map((rows) => [value, rows])))(
    "a constant column of %d, %d rows: std 1, zeros",
    (value, rows) => {
      const { X, std, invert } = standardize(new Array<number>(rows).fill(value));
      expect(std[0]).toBe(1);
      expect(Math.max(...X.data.map(Math.abs))).toBeLessThanOrEqual(rows * ε * Math.abs(value));
      expect(Math.abs(invert([0]).data[0] - value)).toBeLessThanOrEqual(rows * ε * Math.abs(value));
    },
  );

  test.each([1e-200, 1e200])("a column times %d is standardised like any other", (factor) => {
    const { X, invert } = standardize([-factor, factor]);
    expect(maxDifference(X.data, [-1, 1])).toBeLessThanOrEqual(4 * ε);
    expect(maxDifference(invert(X).data, [-factor, factor])).toBeLessThanOrEqual(4 * ε * factor);
  });
});

describe("oneHot", () => {
  test("one column for each class", () => {
    expect(oneHot([0, 2, 1])).toEqual({ data: Float64Array.of(1, 0, 0, 0, 0, 1, 0, 1, 0), rows: 3, cols: 3 });
    // The example: two labels, three classes.
    expect([...oneHot([0, 2]).data]).toEqual([1, 0, 0, 0, 0, 1]);
  });

  test("more classes than labels, typed arrays", () => {
    const want = { data: Float64Array.of(0, 1, 0, 0), rows: 1, cols: 4 };
    for (const labels of [[1], Float64Array.of(1), Int32Array.of(1), Uint8Array.of(1)]) {
      expect(oneHot(labels, 4)).toEqual(want);
    }
  });

  test("no labels: no rows", () => {
    expect(oneHot([], 3)).toEqual({ data: new Float64Array(0), rows: 0, cols: 3 });
  });

  test("labels out of range name their row", () => {
    expect(() => oneHot([0, -1])).toThrow(/label -1 in row 1; expected an integer in 0\.\.0/);
    expect(() => oneHot([0, 1, 2], 2)).toThrow(/label 2 in row 2; expected an integer in 0\.\.1/);
    expect(() => oneHot([Number.NaN])).toThrow(RangeError);
  });

  test("the number of classes is an integer", () => {
    expect(() => oneHot([0, 1], 2.5)).toThrow(RangeError);
  });
});
