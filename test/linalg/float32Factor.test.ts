/** The float32 factor that preconditions: its norm, its solves at every scale, and the reasons why there is none. */
import { describe, expect, test } from "vitest";
import { factorFloat32 } from "../../src/linalg/float32Factor.js";
import { scratch } from "../../src/linalg/view.js";
import { solve } from "../oracle/dense.js";
import { loadContext, variants } from "../setup/variants.js";

const A = [
  [4, -1, 2],
  [-1, 3, 0.5],
  [2, 0.5, 5],
];

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  /** The factor of the lower triangle; what is above it is no number. */
  function factor<T>(rows: number[][], ridge: number, body: (got: ReturnType<typeof factorFloat32>) => T): T {
    return context.arena.run(() => {
      const n = rows.length;
      const view = scratch(context, n, n, 4);
      view.floats().set(rows.flatMap((row, i) => row.map((x, j) => (j > i ? Number.NaN : x))));
      return body(factorFloat32(view, ridge));
    });
  }

  test("the largest row sum of the whole matrix, and solves of right-hand sides of any size", () => {
    factor(A, 0.5, (got) => {
      if ("reason" in got) throw new Error(got.reason);
      expect(got.norm).toBe(7.5);
      const M = A.map((row, i) => row.map((x, j) => x + (i === j ? 0.5 : 0)));
      const b = [3, -1, 2];
      const want = solve(
        M,
        b.map((x) => [x]),
      ).flat();
      for (const scale of [1, 1e-200, 1e200]) {
        const x = got.solve(Float64Array.from(b, (value) => value * scale));
        x.forEach((value, i) => {
          expect(Math.abs(value / scale - want[i])).toBeLessThan(1e-5);
        });
      }
      expect(got.solve(new Float64Array(3))).toEqual(new Float64Array(3));
    });
    expect(
      factor(
        [
          [2, 0],
          [-3, 1],
        ],
        0.1,
        (got) => "norm" in got,
      ),
    ).toBe(false);
    expect(factor([[5]], 0, (got) => "norm" in got && got.norm)).toBe(5);
  });

  test("a ridge below rounding is lifted to it", () => {
    const ones = [
      [1, 1],
      [1, 1],
    ];
    factor(ones, 0, (got) => {
      if ("reason" in got) throw new Error(got.reason);
      // (11ᵀ + sI)⁻¹ (1, −1) = (1, −1)/s for s = 4 ε₃₂ ‖A‖∞ = 2⁻²⁰.
      const [x, y] = got.solve(Float64Array.of(1, -1));
      expect(x / 2 ** 20).toBeGreaterThan(0.6);
      expect(x / 2 ** 20).toBeLessThan(1.7);
      expect(Math.abs(x + y)).toBeLessThan(1e-6 * x);
    });
  });

  test("why there is no factor", () => {
    const reason = (rows: number[][]) => factor(rows, 0, (got) => ("reason" in got ? got.reason : undefined));
    expect(
      reason([
        [1, 2],
        [2, 1],
      ]),
    ).toBe("the float32 factor fails at pivot 1");
    expect(
      reason([
        [-1, 0],
        [0, 1],
      ]),
    ).toBe("the float32 factor fails at pivot 0");
    expect(
      reason([
        [1, 0],
        [Infinity, 1],
      ]),
    ).toBe("the kernel leaves float32");
    expect(reason(A)).toBeUndefined();
  });
});
