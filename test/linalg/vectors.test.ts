/** Plain vectors: each against its definition, and where squares overflow. */
import { expect, test } from "vitest";
import { dot, maxAbs, norm, placeOfLargest, rowSumNorm, sum, transposed } from "../../src/linalg/vectors.js";

const of = (...values: number[]) => Float64Array.from(values);

test("sums, products, sizes", () => {
  expect(sum(of(1, -2, 4))).toBe(3);
  expect(sum(of())).toBe(0);
  expect(dot(of(1, -2, 3), of(4, 5, 6))).toBe(12);
  expect(maxAbs(of(1, -7, 3))).toBe(7);
  expect(maxAbs(of())).toBe(0);
  expect(rowSumNorm(of(1, -2, 3, 4), 2)).toBe(7);
  expect(rowSumNorm(of(-5, -3, 3, 4), 2)).toBe(8);
});

test("rows become columns", () => {
  expect([...transposed(of(1, 2, 3, 4, 5, 6), 2, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
});

test("the first of the largest entries, from a place on", () => {
  expect(placeOfLargest(of(9, 1, 3, 3, 2), 1, 4)).toBe(1);
  expect(placeOfLargest(of(9, 4, 3, 8), 1, 2)).toBe(0);
  expect(placeOfLargest(of(1, 2, 3), 0, 3)).toBe(2);
});

test("a length neither overflows nor vanishes", () => {
  expect(norm(of(3, -4))).toBe(5);
  expect(norm(of(3e300, -4e300))).toBeCloseTo(5e300, -287);
  expect(norm(of(3e-300, 4e-300)) / 5e-300).toBeCloseTo(1, 14);
  expect(norm(of(0, 0))).toBe(0);
  expect(norm(of(1, -Infinity))).toBe(Infinity);
});
