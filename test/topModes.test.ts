/** Lanczos by products alone: what does not converge is an error, and products are as few as they can be. */
import { describe, expect, test } from "vitest";
import { ConvergenceError } from "../src/index.js";
import { topModes } from "../src/linalg/topModes.js";
import { expectNear } from "./setup/golden.js";
import { generator } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const n = 300;
  const diagonal = (value: (i: number) => number) => {
    const calls = { count: 0 };
    const times = (v: Float64Array) => {
      calls.count++;
      const product = v.map((x, i) => value(i) * x);
      // What is handed over is the caller's to overwrite.
      v.fill(Number.NaN);
      return product;
    };
    return { calls, times };
  };

  test("a spectrum that falls fast takes few products", () => {
    const { calls, times } = diagonal((i) => 2 ** -i);
    const { values, residuals } = topModes(context, n, 5, times, 1e-10);
    expectNear(values, [2 ** -4, 2 ** -3, 0.25, 0.5, 1], 1e-14, "eigenvalues");
    expect(Math.max(...residuals)).toBeLessThanOrEqual(1e-10);
    // Two runs, the probe of at least 40, and one product each for the residuals.
    expect(calls.count).toBeGreaterThanOrEqual(45 + 5);
    expect(calls.count).toBeLessThan(150);
    expect(context.arena.scratchBytesInUse).toBe(0);
  });

  test.each([1e-9, 1e9])("the tolerance is relative to the largest eigenvalue: %d", (scale) => {
    const { calls, times } = diagonal((i) => scale * 2 ** -i);
    const { values, residuals } = topModes(context, n, 5, times, 1e-10);
    expectNear(
      values,
      [2 ** -4, 2 ** -3, 0.25, 0.5, 1].map((value) => scale * value),
      1e-14,
      "eigenvalues",
      scale,
    );
    expect(Math.max(...residuals)).toBeLessThanOrEqual(1e-10 * scale);
    expect(calls.count).toBeLessThan(150);
  });

  test("a copy that is hard to tell from the rest is found", () => {
    const values = Array.from({ length: 3000 }, (_, i) => (i < 2 ? 1.0002 : i === 2 ? 1.0001 : i / 3001));
    const times = (v: Float64Array) => v.map((x, i) => values[i] * x);
    expectNear(topModes(context, 3000, 2, times, 1e-10).values, [1.0002, 1.0002], 1e-13, "eigenvalues");
  });

  test("restarts: more products than the basis holds", () => {
    const { calls, times } = diagonal((i) => 1 + i / n);
    const { values } = topModes(context, n, 4, times, 1e-9);
    expectNear(
      values,
      [296, 297, 298, 299].map((i) => 1 + i / n),
      1e-13,
      "eigenvalues: squares of residuals over gaps",
    );
    expect(calls.count).toBeGreaterThan(44);
  });

  test("products that are noise beyond the tolerance are given up", () => {
    const next = generator(3);
    const noisy = (v: Float64Array) => v.map((x, i) => x / (1 + i) + 1e-6 * next());
    expect(() => topModes(context, n, 3, noisy, 1e-10)).toThrow(ConvergenceError);
    expect(() => topModes(context, n, 3, noisy, 1e-10)).toThrow(
      /the 3 largest eigenvalues did not reach residuals of 1e-10/,
    );
    expect(context.arena.scratchBytesInUse).toBe(0);
  });
});
