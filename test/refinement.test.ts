/** Solves by a float32 factor and refinement, at sizes where `solve` would take float64 for its speed. */
import { describe, expect, test } from "vitest";
import { isFasterRefined, refineSolve } from "../src/linalg/iterativeRefinement.js";
import { copyIn } from "../src/linalg/view.js";
import { expectNear } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** A = G Gᵀ/n + I, and right-hand sides A x for known x, in rows. */
  function system(n: number, k: number, scale: number) {
    const G = randomMatrix(n, n, 1, 1).data;
    const A = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = i === j ? n : 0;
        for (let t = 0; t < n; t++) sum += G[i * n + t] * G[j * n + t];
        A[i * n + j] = (scale * sum) / n;
      }
    }
    const x = randomMatrix(k, n, 2, 1).data;
    const b = new Float64Array(k * n);
    for (let r = 0; r < k; r++)
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) b[r * n + i] += A[i * n + j] * x[r * n + j];
    return { A, x, b };
  }

  test.each([
    [1, 1],
    [5, 3],
    [40, 1],
    [40, 4],
    [120, 7],
  ])("n = %i, %i right-hand sides: to float64's rounding", (n, k) => {
    const { A, x, b } = system(n, k, 1);
    const solved = context.arena.run(() => {
      const rows = copyIn(context, b, k, n);
      expect(refineSolve(copyIn(context, A, n, n), rows)).toBe(true);
      return rows.copy();
    });
    // The condition number is below 10: 100 n ε for it, the products b and the stopping level.
    expectNear(solved, x, 100 * n * Number.EPSILON, "x, from its own right-hand side");
  });

  test("what float32 cannot hold or factor is left as it was", () => {
    const { A, b } = system(6, 2, 1e200);
    const indefinite = system(6, 2, -1);
    for (const [matrix, sides] of [
      [A, b],
      [indefinite.A, indefinite.b],
    ]) {
      context.arena.run(() => {
        const rows = copyIn(context, sides, 2, 6);
        expect(refineSolve(copyIn(context, matrix, 6, 6), rows)).toBe(false);
        expect(rows.copy()).toEqual(sides);
      });
    }
  });
});

test("large systems with few right-hand sides are refined", () => {
  expect([isFasterRefined(600, 1), isFasterRefined(601, 1), isFasterRefined(2000, 100)]).toEqual([false, true, false]);
});
