/** Inverses in place: products with what they invert are the identity. Orders lie on both sides of blocks' edges. */
import { describe, expect, test } from "vitest";
import { invertTriangle, squareOfInverse } from "../../src/linalg/triangularInverse.js";
import { copyIn } from "../../src/linalg/view.js";
import { maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  test.each([1, 2, 7, 127, 128, 129, 300])("n = %i", (n) => {
    // The diagonal outweighs the rest of a row, so that the triangle is well conditioned.
    const { data } = randomMatrix(n, n, n, 1);
    const L = data.map((x, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return i === j ? 2 + x : i > j ? x / Math.sqrt(n) : Number.NaN;
    });
    context.arena.run(() => {
      const M = copyIn(context, L, n, n);
      invertTriangle(M);
      const inverse = M.copy();
      const lower = (at: number) => Math.floor(at / n) >= at % n;
      const error = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j <= i; j++) {
          let sum = i === j ? -1 : 0;
          for (let t = j; t <= i; t++) sum += L[i * n + t] * inverse[t * n + j];
          error[i * n + j] = sum;
        }
      const size = maxAbs(inverse.filter((_, at) => lower(at)));
      expect(maxAbs(error), "L L⁻¹ − 1").toBeLessThan(8 * n * Number.EPSILON * size);
      squareOfInverse(M);
      const square = M.copy();
      // Each row i of (L Lᵀ)⁻¹ is column i of L⁻¹ times L⁻¹.
      const wrong = square.map((x, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        let sum = 0;
        for (let t = Math.max(i, j); t < n; t++) sum += inverse[t * n + i] * inverse[t * n + j];
        return x - sum;
      });
      expect(maxAbs(wrong), "L⁻ᵀL⁻¹").toBeLessThan(4 * n * Number.EPSILON * maxAbs(square));
    });
    expect(context.arena.scratchBytesInUse).toBe(0);
  });
});
