/** Input checks on their own; `test/bad/` has the same through the public API. */
import { describe, expect, test } from "vitest";
import * as check from "../src/check.js";
import type { MatrixLike } from "../src/matrix.js";
import * as words from "../src/words.js";

/** Wrong on purpose: past the type checker. */
const wrong = <T>(value: unknown): T => value as T;

describe("toMatrix", () => {
  test("a Matrix and a Float64Array pass through without a copy", () => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    const result = check.toMatrix({ data, rows: 2, cols: 3 }, "X");
    // The same memory, seen through an array of our own.
    expect(result.data.buffer).toBe(data.buffer);
    expect(result).toEqual({ data, rows: 2, cols: 3 });
    const column = check.toMatrix(data, "X");
    expect(column.data.buffer).toBe(data.buffer);
    expect(column).toMatchObject({ rows: 6, cols: 1 });
  });

  test("a 1-D array is a column", () => {
    expect(check.toMatrix([1, 2, 3], "X")).toEqual({ data: Float64Array.of(1, 2, 3), rows: 3, cols: 1 });
  });

  test("nested rows, plain or Float64Array, are copied", () => {
    const want = { data: Float64Array.of(1, 2, 3, 4), rows: 2, cols: 2 };
    const rows = [Float64Array.of(1, 2), Float64Array.of(3, 4)];
    const result = check.toMatrix(wrong<MatrixLike>(rows), "X");
    expect(result).toEqual(want);
    rows[0][0] = 9;
    expect(result).toEqual(want);
    expect(
      check.toMatrix(
        [
          [1, 2],
          [3, 4],
        ],
        "X",
      ),
    ).toEqual(want);
    expect(check.toMatrix(wrong<MatrixLike>([Float64Array.of(1, 2), [3, 4]]), "X")).toEqual(want);
  });

  test("empty only where it is allowed", () => {
    expect(check.toMatrix([], "X", { allowEmpty: true })).toMatchObject({ rows: 0, cols: 1 });
    expect(check.toMatrix([[], []], "X", { allowEmpty: true })).toMatchObject({ rows: 2, cols: 0 });
    expect(() => check.toMatrix([], "X")).toThrow(/X is empty \(0×1\); expected at least one row and one column/);
    expect(() => check.toMatrix([[], []], "X")).toThrow(/X is empty \(2×0\)/);
  });

  test("rows and cols that are asked for", () => {
    expect(check.toMatrix([[1, 2]], "X", { rows: 1, cols: 2 })).toMatchObject({ rows: 1, cols: 2 });
    expect(() => check.toMatrix([1, 2], "Y", { rows: 3 })).toThrow(/^Y has 2 rows; expected 3$/);
    expect(() => check.toMatrix([1, 2], "Y", { cols: 3 })).toThrow(/^Y has 1 columns; expected 3$/);
  });

  test.each<[string, unknown, new (...args: never[]) => Error, RegExp]>([
    ["a row among numbers", [1, [2]], TypeError, /X has an object \(Array\) at row 1, column 0; expected a number/],
    ["a number among rows", [[1], 2], TypeError, /X row 1 is number 2; expected an array of numbers/],
    ["undefined inside", [1, undefined], TypeError, /X has undefined at row 1, column 0/],
    // A hole is undefined, not 0.
    ["holes", new Array(3), TypeError, /X has undefined at row 0, column 0/],
    ["one hole", Object.assign([], { 0: 1, 2: 3 }), TypeError, /X has undefined at row 1, column 0/],
    ["a hole in a row", [Object.assign([], { 0: 1, 2: 3 })], TypeError, /X has undefined at row 0, column 1/],
    [
      "rows that are no number",
      { data: new Float64Array(2), rows: "2", cols: 1 },
      TypeError,
      /X.rows is the string "2"/,
    ],
    [
      "negative cols",
      { data: new Float64Array(1), rows: -1, cols: -1 },
      RangeError,
      /X.rows is -1; expected an integer ≥ 0/,
    ],
  ])("%s", (_, value, ErrorType, message) => {
    const attempt = () => check.toMatrix(wrong<MatrixLike>(value), "X");
    expect(attempt).toThrow(ErrorType);
    expect(attempt).toThrow(message);
  });
});

test("checkFinite names the first entry; the largest numbers are finite", () => {
  const data = new Float64Array(12).fill(Number.MAX_VALUE);
  data[3] = -Number.MAX_VALUE;
  data[4] = -0;
  expect(() => check.checkFinite({ data, rows: 3, cols: 4 }, "K")).not.toThrow();
  data[11] = Number.NaN;
  data[6] = Number.NEGATIVE_INFINITY;
  expect(() => check.checkFinite({ data, rows: 3, cols: 4 }, "K")).toThrow(/K has -Infinity at row 1, column 2/);
});

describe("checkSymmetric", () => {
  /** A symmetric N×N matrix whose largest row sum is 2N, but for `excess` at (i, j). */
  function almost(N: number, i: number, j: number, excess: number) {
    const data = new Float64Array(N * N).fill(2);
    data[i * N + j] += excess;
    return { data, rows: N, cols: N };
  }

  test.each([2, 5, 40])("N = %d: 8 N ε ‖A‖∞ is rounding, more is not", (N) => {
    const allowed = 8 * N * Number.EPSILON * 2 * N;
    for (const [i, j] of [
      [1, 0],
      [0, 1],
      [N - 1, N - 2],
      [0, N - 1],
    ]) {
      for (const sign of [1, -1]) {
        expect(() => check.checkSymmetric(almost(N, i, j, sign * 0.9 * allowed), "A")).not.toThrow();
        expect(() => check.checkSymmetric(almost(N, i, j, sign * 1.1 * allowed), "A")).toThrow(RangeError);
      }
    }
  });

  test("names the entry that differs most, and what to do", () => {
    const data = Float64Array.of(1, 2, 3, 2.5, 1, 4, 7, 4, 1);
    const attempt = () => check.checkSymmetric({ data, rows: 3, cols: 3 }, "A");
    expect(attempt).toThrow(/A is not symmetric: entry \(2, 0\) is 7, entry \(0, 2\) is 3; expected .*symmetrise it/);
  });

  test("shapes", () => {
    expect(() => check.checkSymmetric({ data: new Float64Array(6), rows: 2, cols: 3 }, "A")).toThrow(
      /A is 2×3; expected a square/,
    );
    expect(() => check.checkSymmetric({ data: Float64Array.of(-3), rows: 1, cols: 1 }, "A")).not.toThrow();
    expect(() => check.checkSymmetric({ data: new Float64Array(9), rows: 3, cols: 3 }, "A")).not.toThrow();
  });
});

test("checkKeys", () => {
  expect(() => check.checkKeys({}, ["a"], "f")).not.toThrow();
  expect(() => check.checkKeys({ a: 1, b: undefined }, ["a", "b"], "f")).not.toThrow();
  expect(() => check.checkKeys({ a: 1, c: 2 }, ["a", "b"], "fit")).toThrow(
    new TypeError('fit: unknown option "c"; expected a, b'),
  );
  expect(() => check.checkKeys(null, ["a"], "fit")).toThrow(new TypeError("fit: options are null; expected an object"));
  expect(() => check.checkKeys(3, ["a"], "fit")).toThrow(
    new TypeError("fit: options are number 3; expected an object"),
  );
  for (const [value, words] of [
    [new Map(), "a Map"],
    [[], "an Array"],
    [new Date(), "a Date"],
    [new Float64Array(2), "a Float64Array"],
    [() => 1, "a function"],
    ["ridge", 'the string "ridge"'],
  ]) {
    expect(() => check.checkKeys(value, ["ridge"], "fit", "{ ridge: 1e-3 }")).toThrow(
      new TypeError(`fit: options are ${words}; expected an object like { ridge: 1e-3 }`),
    );
  }
  // Names of the caller's are cut and escaped.
  expect(() => check.checkKeys({ ["\n".repeat(1e5)]: 1 }, ["a"], "f")).toThrow(
    /^f: unknown option "(\\n){30}…"; expected a$/,
  );
});

test("what a message repeats is cut, and has no character that is not seen", () => {
  expect(words.quoted('a "b" \\')).toBe('"a \\"b\\" \\\\"');
  expect(words.quoted("x".repeat(60))).toBe(`"${"x".repeat(60)}"`);
  expect(words.quoted("x".repeat(61))).toBe(`"${"x".repeat(60)}…"`);
  expect(words.quoted("\u001b[31m\u0085\u2028\u202e\ud800\r\t")).toBe(
    '"\\u001b[31m\\u0085\\u2028\\u202e\\ud800\\r\\t"',
  );
  expect(words.quoted("λ 日本 😀")).toBe('"λ 日本 😀"');
  expect(words.shortened("a\nb", 300)).toBe("a\\nb");
  expect(words.shortened("\u0000".repeat(1e6), 300).length).toBeLessThanOrEqual(301);
});

test("checkChoice", () => {
  expect(() => check.checkChoice("up", "way", ["up", "down"])).not.toThrow();
  expect(() => check.checkChoice("left", "way", ["up", "down"])).toThrow(
    new RangeError('way is "left"; expected one of up, down'),
  );
  expect(() => check.checkChoice(1, "way", ["up", "down"])).toThrow(
    new TypeError("way is number 1; expected one of up, down"),
  );
});

test("numbers and booleans", () => {
  for (const value of [0, 1, Number.MAX_SAFE_INTEGER]) expect(() => check.checkSize(value, "n")).not.toThrow();
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) {
    expect(() => check.checkSize(value, "n")).toThrow(new RangeError(`n is ${value}; expected an integer ≥ 0`));
    expect(() => check.checkPositiveInteger(value, "n")).toThrow(
      new RangeError(`n is ${value}; expected an integer ≥ 1`),
    );
  }
  expect(() => check.checkPositiveInteger(1, "n")).not.toThrow();
  expect(() => check.checkPositiveInteger(0, "n")).toThrow(RangeError);
  for (const value of [0, 0.5, Number.MAX_VALUE]) expect(() => check.checkNonNegative(value, "x")).not.toThrow();
  for (const value of [-Number.MIN_VALUE, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => check.checkNonNegative(value, "x")).toThrow(
      new RangeError(`x is ${value}; expected a finite number ≥ 0`),
    );
  }
  for (const f of [check.checkSize, check.checkPositiveInteger, check.checkNonNegative]) {
    expect(() => f("1", "n")).toThrow(new TypeError('n is the string "1"; expected a number'));
    expect(() => f(1n, "n")).toThrow(new TypeError("n is bigint 1; expected a number"));
  }
  expect(() => check.checkBoolean(false, "bias")).not.toThrow();
  expect(() => check.checkBoolean(0, "bias")).toThrow(new TypeError("bias is number 0; expected true or false"));
});

test.each<[unknown, string]>([
  [null, "null"],
  [undefined, "undefined"],
  ["abc", 'the string "abc"'],
  [Number.NaN, "number NaN"],
  [2n, "bigint 2"],
  [10n ** 400n, "a bigint beyond 64 bits"],
  ["x".repeat(100), `the string "${"x".repeat(60)}…"`],
  [() => 1, "a function"],
  [true, "boolean true"],
  [Symbol("s"), "symbol Symbol(s)"],
  [[1], "an object (Array)"],
  [{}, "an object (Object)"],
  [new Float32Array(1), "an object (Float32Array)"],
  [Object.create(null), "an object (no prototype)"],
])("describe %#", (value, words) => {
  expect(check.describe(value)).toBe(words);
});
