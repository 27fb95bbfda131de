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

/**
 * Every entry of `got` is within `allowed · size` of its own in `want`. `what` names the result and says why the bound
 * is what it is. One assertion, of the worst entry.
 */
export function expectNear(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  allowed: number,
  what: string,
  size = 1,
): void {
  expect(got.length, `${what}: number of entries`).toBe(want.length);
  let [worst, at] = [0, 0];
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i] - want[i]);
    if (difference <= worst) continue;
    [worst, at] = [difference, i];
    if (Number.isNaN(difference)) break;
  }
  const entry = `entry ${at} of ${got.length} is ${got[at]}, expected ${want[at]} ± ${allowed * size}`;
  expect(worst / size, `${what}: ${entry}`).toBeLessThanOrEqual(allowed);
}

/** {@link expectNear} relative to the largest entry of `want`. */
export function expectRelative(got: ArrayLike<number>, want: ArrayLike<number>, allowed: number, what: string): void {
  expectNear(got, want, allowed, what, maxAbs(want) || 1);
}
