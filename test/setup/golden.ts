/** Reading golden vectors: `{shape, data}` arrays and the tolerance rule of their README. */
import { expect } from "vitest";
import type { Matrix } from "../../src/index.js";

export interface Golden {
  shape: number[];
  data: number[];
}

export function toMatrix({ shape, data }: Golden): Matrix {
  const [rows, cols = 1] = shape;
  return { data: Float64Array.from(data), rows, cols };
}

export function expectClose(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  tol: { rtol: number; atol: number },
  what: string,
): void {
  expect(got.length, what).toBe(expected.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i] - expected[i]) / (tol.atol + tol.rtol * Math.abs(expected[i]) || Number.MIN_VALUE);
    if (!(error <= worst)) {
      worst = error;
      at = i;
    }
  }
  expect(
    worst,
    `${what}: entry ${at} is ${got[at]}, expected ${expected[at]}; error in units of the tolerance`,
  ).toBeLessThanOrEqual(1);
}

/** Largest |x|. */
export function maxAbs(values: ArrayLike<number>): number {
  return Array.from(values).reduce((top, x) => Math.max(top, Math.abs(x)), 0);
}

/** Largest |x − y|; NaN if one is NaN. */
export function maxDifference(x: ArrayLike<number>, y: ArrayLike<number>): number {
  expect(x.length).toBe(y.length);
  return Array.from(x).reduce((top, value, i) => {
    const difference = Math.abs(value - y[i]);
    return difference > top || Number.isNaN(difference) ? difference : top;
  }, 0);
}
