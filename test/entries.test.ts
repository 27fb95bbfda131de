/** Entries and rows of matrices. */
import { expect, test } from "vitest";
import { get, toArray } from "../src/index.js";

const A = { data: new Float64Array([1, 2, 3, 4, 5, Infinity]), rows: 2, cols: 3 };

test("an entry by row and column", () => {
  for (let i = 0; i < 2; i++) for (let j = 0; j < 3; j++) expect(get(A, i, j)).toBe(A.data[3 * i + j]);
  expect(get([[1], [2]], 1, 0)).toBe(2);
});

test.each([
  ["i", -1, 0, /i is -1; expected an integer from 0 to 1/],
  ["i", 2, 0, /i is 2; expected an integer from 0 to 1/],
  ["j", 0, 3, /j is 3; expected an integer from 0 to 2/],
  ["j", 0, 0.5, /j is 0.5; expected an integer from 0 to 2/],
  ["i", Number.NaN, 0, /i is NaN/],
])("%s out of range: %d, %d", (_, i, j, message) => {
  expect(() => get(A, i, j)).toThrow(RangeError);
  expect(() => get(A, i, j)).toThrow(message);
});

test("rows as arrays of their own", () => {
  const rows = toArray(A);
  expect(rows).toEqual([
    [1, 2, 3],
    [4, 5, Infinity],
  ]);
  rows[0][0] = 9;
  expect(A.data[0]).toBe(1);
  expect(toArray([7, 8])).toEqual([[7], [8]]);
  // What svd gives of a matrix of zeros.
  expect(toArray({ data: new Float64Array(), rows: 3, cols: 0 })).toEqual([[], [], []]);
});
