/**
 * The memory that a call asks for before its work is the memory that it takes: no less, or it would fail halfway,
 * and no more, or a call would be refused that fits.
 */
import { describe, expect, test } from "vitest";
import type { Context } from "../../src/context.js";
import type { Matrix } from "../../src/index.js";
import { deleteRows } from "../../src/linalg/choleskyEdits.js";
import { cholesky, eigh, gram, inverse, logDeterminant, matmul, solve } from "../../src/linalg/dense.js";
import { drawSamples, samplesMemory } from "../../src/linalg/gaussianSamples.js";
import { LowRankFactor } from "../../src/linalg/lowRankFactor.js";
import { pivotedCholesky, pivotedMemory } from "../../src/linalg/pivotedCholesky.js";
import { svd } from "../../src/linalg/svd.js";
import { topModes, topModesMemory } from "../../src/linalg/topModes.js";
import { hold, scratch } from "../../src/linalg/view.js";
import { multiply, toRows } from "../oracle/dense.js";
import { memoryUse } from "../setup/memoryUse.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, THREADS, variants } from "../setup/variants.js";

/** A Aᵀ/n + I, in JavaScript. */
function definite(n: number): Matrix {
  const A = toRows(randomMatrix(n, n, n, 1));
  const product = multiply(
    A,
    A[0].map((_, j) => A.map((row) => row[j])),
  );
  const data = Float64Array.from(product.flat(), (x, at) => x / n + (at % (n + 1) === 0 ? 1 : 0));
  return { data, rows: n, cols: n };
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const single: Context = { ...context, precision: "float32" };

  /** Blocks begin at multiples of 64 bytes, so there may be gaps. */
  function expectAsked(body: () => unknown): void {
    const { asked, used, gaps } = memoryUse(context, body);
    expect(asked).toBeLessThanOrEqual(used);
    expect(asked).toBeGreaterThanOrEqual(used - gaps);
    expect(gaps).toBeLessThan(0.02 * used);
  }

  const general = randomMatrix(90, 90, 1);
  const S = definite(90);
  const indefinite = { ...S, data: S.data.map((x, at) => (at % 91 === 0 ? x - 2 : x)) };
  const large = definite(460);
  // Large enough for a float32 factor to be faster, which a float64 solve does not take.
  const banded = Float64Array.from({ length: 610 ** 2 }, (_, at) => (at % 611 === 0 ? 4 : 0));
  const CASES: [string, () => unknown][] = [
    ["matmul, tall", () => matmul(context, randomMatrix(200, 20, 1), randomMatrix(20, 30, 2))],
    ["matmul, wide", () => matmul(context, randomMatrix(20, 30, 1), randomMatrix(30, 300, 2))],
    ["matmul, deep", () => matmul(context, randomMatrix(10, 900, 1), randomMatrix(900, 12, 2))],
    ["matmul, float32", () => matmul(single, randomMatrix(150, 160, 1), randomMatrix(160, 140, 2))],
    ["gram", () => gram(context, randomMatrix(60, 100, 1))],
    ["gram, many rows", () => gram(context, randomMatrix(200, 10, 1))],
    ["gram, float32", () => gram(single, randomMatrix(180, 190, 1))],
    ["cholesky", () => cholesky(context, S)],
    ["cholesky, float32", () => cholesky(single, large)],
    ["solve", () => solve(context, S, randomMatrix(90, 3, 1))],
    ["solve by LU", () => solve(context, S, randomMatrix(90, 3, 1), "lu")],
    ["solve by LU, many", () => solve(context, S, randomMatrix(90, 200, 1), "lu")],
    ["solve, not symmetric", () => solve(context, general, randomMatrix(90, 60, 1))],
    ["inverse", () => inverse(context, general)],
    ["inverse of an indefinite one", () => inverse(context, indefinite)],
    [
      "solve, few right-hand sides",
      () => solve(context, { data: banded, rows: 610, cols: 610 }, randomMatrix(610, 1, 1)),
    ],
    ["eigh", () => eigh(context, S)],
    ["svd, tall", () => svd(context, randomMatrix(200, 60, 1))],
    ["svd, wide", () => svd(context, randomMatrix(60, 200, 1))],
    ["svd, square", () => svd(context, general)],
    ["svd, one column", () => svd(context, randomMatrix(5000, 1, 1))],
    ["svd, one row", () => svd(context, randomMatrix(1, 5000, 1))],
  ];
  test.each(CASES)("%s", (_, body) => expectAsked(body));

  // What a look at the matrix decides comes after the check: the larger of two ways counts.
  test.each([
    ["inverse of a positive definite matrix", () => inverse(context, S), 1.4],
    ["determinant", () => logDeterminant(context, general), 1.2],
    ["determinant of a positive definite matrix", () => logDeterminant(context, S), 1.01],
  ])("%s", (_, body, most) => {
    const { asked, used, gaps } = memoryUse(context, body);
    expect(asked).toBeGreaterThanOrEqual(used - gaps);
    // Each thread has scratch of its own; a small matrix has no work for two.
    expect(asked).toBeLessThan(most * used * THREADS);
  });

  test("rows that go: what lies below them is kept, to be undone", () => {
    const n = 120;
    const L = hold(context, n, n);
    const taken = (indices: number[]) => {
      L.entries().fill(0);
      L.shift(1);
      return memoryUse(context, () => context.arena.run(() => deleteRows(L, indices))).used;
    };
    const none = taken([]);
    const rows = (first: number) => (n * (n + 1) - first * (first + 1)) / 2;
    for (const first of [0, 60, n - 1]) {
      expect(taken([first]) - none).toBeGreaterThanOrEqual(rows(first) - 8);
      expect(taken([first]) - none).toBeLessThanOrEqual(rows(first) + 8);
    }
    context.arena.free(L.at);
  });

  test("draws", () => {
    const mean = randomMatrix(40, 2, 1);
    for (const draws of [1, 100]) {
      const { used } = memoryUse(context, () => drawSamples(context, mean, [definite(40)], { draws, seed: 1 }));
      const said = samplesMemory(context, 40, 2, draws);
      expect(said).toBeGreaterThanOrEqual(used - 100);
      expect(said).toBeLessThanOrEqual(used);
    }
  });

  test("the largest eigenvalues", () => {
    const n = 150;
    const A = definite(n);
    const rows = toRows(A);
    const times = (v: Float64Array) => Float64Array.from(rows, (row) => row.reduce((sum, x, j) => sum + x * v[j], 0));
    for (const count of [1, 30, 60]) {
      const { used } = memoryUse(context, () => topModes(context, n, count, times, 1e-8));
      const said = topModesMemory(context, n, count);
      expect(said).toBeGreaterThanOrEqual(used - 100);
      expect(said).toBeLessThanOrEqual(used);
    }
  });

  test("a pivoted factor and the factor of its ridge", () => {
    // Candidates of a block may repeat each other: it is then smaller. Outputs of a point always come together.
    for (const [n, most, block, above] of [
      [400, 200, 1, 1.35],
      [400, 20, 1, 1.5],
      [320, 100, 160, 1.1],
    ]) {
      const A = definite(n);
      const { data } = A;
      const diagonal = Float64Array.from({ length: n }, (_, i) => data[i * (n + 1)]);
      const { used } = memoryUse(context, () =>
        context.arena.run(() => {
          const out = scratch(context, most, n);
          const fill = (points: readonly number[], to: { row(i: number): Float64Array }) =>
            points.forEach((point, k) => {
              for (let c = 0; c < block; c++)
                to.row(k * block + c).set(data.subarray((point * block + c) * n, (point * block + c + 1) * n));
            });
          for (const _ of pivotedCholesky(context, { n, diagonal, block, fill }, 0, out));
        }),
      );
      const said = most * n + pivotedMemory(context, n, most, block);
      expect(said).toBeGreaterThanOrEqual(used - 100);
      expect(said).toBeLessThan(above * used);
    }
    const [n, r] = [400, 64];
    const { used } = memoryUse(context, () => {
      const Lt = hold(context, r, n);
      Lt.entries().fill(0);
      Lt.shift(1);
      new LowRankFactor(Lt, 1, { pivots: [], trace: 0 }).free();
    });
    expect(LowRankFactor.memory(n, r)).toBe(n * r + r * r);
    expect(LowRankFactor.memory(n, r)).toBeLessThan(used);
  });
});
