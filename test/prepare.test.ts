/** The helpers that prepare data: standardize and oneHot. */
import { describe, expect, test } from "vitest";
import { matrix } from "../src/matrix.js";
import { oneHot, standardize } from "../src/prepare.js";
import { expectNear } from "./setup/golden.js";
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
      expect(Math.abs(mean), `mean of column ${j}: rounding of ${rows} terms`).toBeLessThanOrEqual(rows * ε);
      expect(Math.abs(std - 1), `deviation of column ${j}: rounding of ${rows} terms`).toBeLessThanOrEqual(rows * ε);
      const original = moments(X, j);
      expect(Math.abs(result.mean[j] - original.mean), `mean[${j}]: rounding of ${rows} terms`).toBeLessThanOrEqual(
        rows * ε * original.std,
      );
      expect(Math.abs(result.std[j] / original.std - 1), `std[${j}]: rounding of ${rows} terms`).toBeLessThanOrEqual(
        rows * ε,
      );
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
    expectNear(
      X.data,
      [-want, 0, want],
      1e-7,
      "a spread of 1 on 1e8: the mean's rounding, 1e8 ε, and what it does to the deviation",
    );
  });

  test("apply uses the training columns; invert undoes it", () => {
    const { X, mean, std, apply, invert } = standardize(randomMatrix(20, 2, 4, 3));
    const other = randomMatrix(9, 2, 5, 8);
    const mapped = apply(other);
    expect(mapped).toMatchObject({ rows: 9, cols: 2 });
    expect([...mapped.data]).toEqual([...other.data].map((x, at) => (x - mean[at % 2]) / std[at % 2]));
    expectNear(
      invert(mapped).data,
      other.data,
      8 * 4 * ε,
      "invert after apply: a product and a sum of numbers below 8",
    );
    expectNear(apply(invert(X)).data, X.data, 8 * 4 * ε, "apply after invert: a product and a sum of numbers below 8");
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
      expect(
        Math.max(...X.data.map(Math.abs)),
        "a constant column: zeros, but for the mean's rounding",
      ).toBeLessThanOrEqual(rows * ε * Math.abs(value));
      expect(Math.abs(invert([0]).data[0] - value), "invert gives the constant back").toBeLessThanOrEqual(
        rows * ε * Math.abs(value),
      );
    },
  );

  test.each([1e-200, 1e200])("a column times %d is standardised like any other", (factor) => {
    const { X, invert } = standardize([-factor, factor]);
    expectNear(X.data, [-1, 1], 4 * ε, `standardised at ${factor}: a mean, a deviation and a quotient`);
    expectNear(invert(X).data, [-factor, factor], 4 * ε * factor, `inverted at ${factor}: a product and a sum`);
  });

  // Sums in another order, other units: what differs by rounding is one value.
  test.each([
    [0.3, 0.1 + 0.2],
    [1.1, 1.1 * (1 + 2 * ε)],
    [-2.5e300, -2.5e300 * (1 - 4 * ε)],
    [1e-300, 1e-300 * (1 + 4 * ε)],
  ])("a column of %d and %d is constant", (a, b) => {
    const { X, mean, std, apply } = standardize([a, b, a, a, b]);
    expect(std[0]).toBe(1);
    expect(Math.abs(mean[0] / a - 1), "mean of values that differ by rounding").toBeLessThanOrEqual(4 * ε);
    expect(
      Math.max(...X.data.map(Math.abs)),
      "a constant column: zeros, but for the mean's rounding",
    ).toBeLessThanOrEqual(8 * ε * Math.abs(a));
    // A new value is off by what it is off, not by 1e15 deviations.
    if (Math.abs(a) < 10)
      expect(
        Math.abs(apply([a + 0.1]).data[0] - 0.1),
        "apply divides by 1 where the column is constant",
      ).toBeLessThanOrEqual(8 * ε);
  });

  test("a spread of 16 ε of the largest is rounding, one of 64 is data", () => {
    const spread = (k: number) => standardize([1, 1 + 2 * k * ε]).std[0];
    expect(spread(16)).toBe(1);
    expect(spread(64)).toBeLessThan(1e-13);
  });

  test("the mean of a million numbers is right to rounding", () => {
    const data = Float64Array.from({ length: 1_000_001 }, (_, i) => 1e6 + ((i * 7919) % 1000) / 1000);
    let exact = 0n;
    // Thousandths are whole numbers.
    for (let i = 0; i < data.length; i++) exact += 1_000_000_000n + BigInt((i * 7919) % 1000);
    const want = Number(exact) / 1000 / data.length;
    expect(Math.abs(standardize(data).mean[0] - want), "mean of a million numbers: two ulp").toBeLessThanOrEqual(
      2 * ε * want,
    );
  });

  test("what is handed out may be written to", () => {
    const { mean, std, apply } = standardize([[1], [2], [3]]);
    mean.fill(Number.NaN);
    std.fill(Number.NaN);
    expect(apply([[2]]).data[0]).toBe(0);
  });
});

describe("oneHot", () => {
  test("one column for each class that occurs, in order", () => {
    const Y = oneHot([0, 2, 1]);
    expect(Y).toEqual({ data: Float64Array.of(1, 0, 0, 0, 0, 1, 0, 1, 0), rows: 3, cols: 3, classes: [0, 1, 2] });
    expect(oneHot([7, -1, 7])).toMatchObject({ data: Float64Array.of(0, 1, 1, 0, 0, 1), classes: [-1, 7] });
    expect(oneHot(["b", "a", "B"])).toMatchObject({ classes: ["B", "a", "b"], rows: 3, cols: 3 });
    expect(oneHot([true, false, true])).toMatchObject({
      data: Float64Array.of(0, 1, 1, 0, 0, 1),
      classes: [false, true],
    });
    // By code point, not by UTF-16 unit, locale or value.
    expect(oneHot(["\u{1F600}", "\uFFFD", "10", "9", ""]).classes).toEqual(["", "10", "9", "\uFFFD", "\u{1F600}"]);
  });

  test("a number of classes: labels are columns", () => {
    for (const classes of [undefined, 3]) expect([...oneHot([0, 2], classes).data]).toEqual([1, 0, 0, 0, 0, 1]);
    // From 1000 on, integers are names.
    expect(oneHot([1000, 5, 1000])).toMatchObject({ data: Float64Array.of(0, 1, 1, 0, 0, 1), classes: [5, 1000] });
    const want = { data: Float64Array.of(0, 1, 0, 0), rows: 1, cols: 4, classes: [0, 1, 2, 3] };
    const column = { data: Float64Array.of(1), rows: 1, cols: 1 };
    for (const labels of [[1], Float64Array.of(1), Int32Array.of(1), Uint8Array.of(1), column]) {
      expect(oneHot(labels, 4)).toEqual(want);
      expect(oneHot(labels)).toEqual({ data: Float64Array.of(0, 1), rows: 1, cols: 2, classes: [0, 1] });
    }
  });

  test("the classes of one set are those of another", () => {
    const { classes } = oneHot(["low", "high", "low"]);
    expect(oneHot(["low"], classes)).toMatchObject({ data: Float64Array.of(0, 1), classes: ["high", "low"] });
    expect(oneHot([0.5], [1, 0.5])).toMatchObject({ data: Float64Array.of(0, 1) });
    expect(() => oneHot(["low", "lo"], classes)).toThrow(
      /label "lo" in row 1; expected one of the 2 classes "high", "low"/,
    );
    expect(() => oneHot(["a"], ["b", "b"])).toThrow(/classes has a label twice/);
  });

  test("no labels: no rows", () => {
    expect(oneHot([], 3)).toEqual({ data: new Float64Array(0), rows: 0, cols: 3, classes: [0, 1, 2] });
  });

  test("labels that are none of the classes name their row", () => {
    expect(() => oneHot([0, -1], 1)).toThrow(/label -1 in row 1; expected an integer in 0\.\.0/);
    expect(() => oneHot([0, 1, 2], 2)).toThrow(/label 2 in row 2; expected an integer in 0\.\.1/);
    expect(() => oneHot([Number.NaN])).toThrow(RangeError);
    expect(() => oneHot([1, "1" as never])).toThrow(/label "1" in row 1 after a number; expected labels of one kind/);
    expect(() => oneHot(["a", null as never])).toThrow(/null in row 1; expected an integer, a string or a boolean/);
    expect(() => oneHot({ data: new Float64Array(4), rows: 2, cols: 2 })).toThrow(/labels has 2 columns; expected one/);
  });

  test("an identifier is asked about", () => {
    const names = Array.from({ length: 1001 }, (_, i) => `id${i}`);
    expect(() => oneHot(names)).toThrow(/1001 distinct values in 1001 rows: is it an identifier\?/);
    expect(oneHot(names, names).cols).toBe(1001);
    expect(() => oneHot([1e9, 5e8])).not.toThrow();
  });

  test("the number of classes is an integer", () => {
    expect(() => oneHot([0, 1], 2.5)).toThrow(RangeError);
    expect(() => oneHot([0, 1], 1e9)).toThrow(/classes is 1000000000; expected an integer from 1 to 1000000/);
  });
});
