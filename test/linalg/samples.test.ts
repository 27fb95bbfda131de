/** Draws from a Gaussian: their mean and covariance, one covariance for all outputs, one for each, and one of both. */
import { describe, expect, test } from "vitest";
import { drawSamples } from "../../src/linalg/gaussianSamples.js";
import { loadContext, variants } from "../setup/variants.js";

const DRAWS = 4000;
const matrixOf = (rows: number[][]) => ({
  data: Float64Array.from(rows.flat()),
  rows: rows.length,
  cols: rows[0].length,
});

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const K = [
    [2, 0.9],
    [0.9, 1],
  ];
  const L = [
    [0.5, -0.4],
    [-0.4, 3],
  ];
  const mean = matrixOf([
    [10, 20, 30],
    [40, 50, 60],
  ]);

  /** Mean and covariance of the six entries over all draws. */
  function moments(covariances: number[][][], seed: number) {
    const draws = drawSamples(context, mean, covariances.map(matrixOf), { draws: DRAWS, seed });
    expect(draws.length).toBe(DRAWS);
    const entries = draws.map(({ data, rows, cols }) => {
      expect([rows, cols, data.length]).toEqual([2, 3, 6]);
      return [...data].map((value, at) => value - mean.data[at]);
    });
    const average = (value: (draw: number[]) => number) =>
      entries.reduce((total, draw) => total + value(draw), 0) / DRAWS;
    return {
      means: mean.data.map((_, i) => average((draw) => draw[i])),
      covariance: (i: number, j: number) => average((draw) => draw[i] * draw[j]),
    };
  }

  /** Entry of point i and output c. */
  const at = (i: number, c: number) => 3 * i + c;
  // Means of 4000 products of normals of variances up to 6 spread by 6 √(2/4000) = 0.13: four of these.
  const near = 0.55;

  test.each([
    ["shared", [K], (c: number) => [K, K, K][c]],
    ["its own for each output", [K, L, K], (c: number) => [K, L, K][c]],
  ] as const)("a covariance that is %s", (_, covariances, own) => {
    const got = moments(covariances as unknown as number[][][], 3);
    for (const value of got.means) expect(Math.abs(value)).toBeLessThan(4 * Math.sqrt(3 / DRAWS));
    for (let c = 0; c < 3; c++)
      for (let d = 0; d < 3; d++)
        for (let i = 0; i < 2; i++)
          for (let j = 0; j < 2; j++) {
            const want = c === d ? own(c)[i][j] : 0;
            expect(
              Math.abs(got.covariance(at(i, c), at(j, d)) - want),
              `points ${i}, ${j}, outputs ${c}, ${d}`,
            ).toBeLessThan(near / 2);
          }
  });

  test("one covariance of all entries", () => {
    const root = Array.from({ length: 6 }, (_, i) =>
      Array.from({ length: 6 }, (_, j) => (j <= i ? 1 / (1 + i - j) : 0)),
    );
    const all = root.map((row) => root.map((other) => row.reduce((total, value, k) => total + value * other[k], 0)));
    const got = moments([all], 4);
    for (let i = 0; i < 6; i++)
      for (let j = 0; j < 6; j++)
        expect(Math.abs(got.covariance(i, j) - all[i][j]), `entries ${i}, ${j}`).toBeLessThan(near);
  });

  test("a singular covariance has no spread off its range; seeds and counts as asked", () => {
    const draw = (seed: number, draws = 2) =>
      drawSamples(
        context,
        matrixOf([[1], [2]]),
        [
          matrixOf([
            [1, 1],
            [1, 1],
          ]),
        ],
        { draws, seed },
      ).map(({ data }) => [...data]);
    for (const [x, y] of draw(5, 20)) expect(Math.abs(y - 1 - x)).toBeLessThan(1e-7);
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
    expect(draw(5)[0]).not.toEqual(draw(5)[1]);
    expect(draw(5, 3).slice(0, 2)).toEqual(draw(5));
  });
});
