// The regression that the page shows, in Node: a drag's short way against a whole fit, and both against the textbook.
import { load, type Ntk } from "ntk-wasm";
import { beforeAll, describe, expect, test } from "vitest";
import { smooth } from "../src/compute/curve";
import { fitJson, modelOf, Regression } from "../src/compute/regression";
import type { RegressionRequest } from "../src/compute/regressionTypes";

let ntk: Ntk;
beforeAll(async () => {
  ntk = await load();
});

const settings = { width: 64, activation: "erf", weightStd: 3, biasStd: 3, seed: 1, ridge: 0.1 } as const;
const columns = (points: [id: number, x: number, y: number][]) => ({
  ids: Float64Array.from(points, ([id]) => id),
  xs: Float64Array.from(points, ([, x]) => x),
  ys: Float64Array.from(points, ([, , y]) => y),
});
const request = (points: [number, number, number][], more: Partial<RegressionRequest> = {}): RegressionRequest => ({
  points: columns(points),
  frame: { x: 1, sx: 2, y: -1, sy: 3 },
  settings,
  model: "both",
  grid: Float64Array.from({ length: 181 }, (_, i) => -5 + i / 15),
  draws: 2,
  ...more,
});
const wave: [number, number, number][] = Array.from({ length: 30 }, (_, i) => [
  i,
  i / 3 - 5,
  2 * Math.sin(i / 3) + Math.sin(97 * i),
]);
/** The largest difference, relative to the largest value. */
function distance(a: Float64Array, b: Float64Array): number {
  const size = b.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  return a.reduce((top, value, i) => Math.max(top, Math.abs(value - b[i])), 0) / size;
}

describe("a dragged point", () => {
  test.each([
    ["moves", wave.map((p) => (p[0] === 7 ? ([7, 0.1, 5] as typeof p) : p)), 7],
    ["moves onto another", wave.map((p) => (p[0] === 7 ? ([7, wave[8][1], 1] as typeof p) : p)), 7],
    ["is new", [...wave, [99, 0.123, 4]] as typeof wave, 99],
    ["is the only one", [[5, 0.3, 0.7]] as typeof wave, 5],
    [
      "is one of two",
      [
        [5, 0.3, 0.7],
        [6, 1, -1],
      ] as typeof wave,
      6,
    ],
  ])("%s: the curves of a whole fit", (_, points, drag) => {
    for (const activation of ["erf", "sigmoid"] as const) {
      const own = { ...settings, activation };
      const dragging = new Regression(ntk);
      dragging.run(request(wave, { settings: own }));
      const short = dragging.run(request(points, { settings: own, drag }));
      expect(short.how).toBe("drag");
      const whole = new Regression(ntk).run(request(points, { settings: own }));
      expect(whole.how).toBe("fit");
      for (const kind of ["finite", "infinite"] as const) {
        const [a, b] = [short[kind], whole[kind]];
        if (!a || !b) throw new Error(`${kind} is missing`);
        // Systems of condition number 1e4 at most, in other orders of their sums.
        for (const key of ["mean", "low", "high"] as const) expect(distance(a[key], b[key])).toBeLessThan(1e-9);
        expect(a.scale / b.scale).toBeCloseTo(1, 9);
        // A square root of a nearly singular covariance has half its digits.
        for (const [i, sample] of a.samples.entries()) expect(distance(sample, b.samples[i])).toBeLessThan(1e-4);
      }
      // Where it is dropped the fit of before is edited.
      const dropped = dragging.run(request(points, { settings: own }));
      if (points.length > 20) expect(dropped.how).toBe("update");
      expect(distance(dropped.finite?.mean as Float64Array, whole.finite?.mean as Float64Array)).toBeLessThan(1e-9);
    }
  });

  test("computes no kernel between points that rest", () => {
    const sizes: number[] = [];
    const kernel = ntk.kernel.bind(ntk);
    const counting = Object.create(ntk, {
      variant: { value: ntk.variant },
      ...Object.fromEntries(
        (["fit", "cholesky", "solve", "eigh", "matmul", "kernelDiagonal"] as const).map((name) => [
          name,
          { value: (ntk[name] as (...all: unknown[]) => unknown).bind(ntk) },
        ]),
      ),
      kernel: {
        value: (...all: Parameters<typeof kernel>) => {
          const K = kernel(...all);
          sizes.push(K.data.length);
          return K;
        },
      },
    }) as Ntk;
    const regression = new Regression(counting);
    const plain = { draws: 0, model: "infinite" } as const;
    regression.run(request(wave, plain));
    const at = (y: number) => wave.map((p) => (p[0] === 3 ? ([3, p[1], y] as typeof p) : p));
    sizes.length = 0;
    regression.run(request(at(1), { ...plain, drag: 3 }));
    regression.run(request(at(2), { ...plain, drag: 3 }));
    // The dragged point with the others, the grid and itself.
    expect(sizes).toEqual([29 + 181 + 1, 29 + 181 + 1]);
    // Another ridge needs none at all, but for the point that has rested meanwhile.
    regression.run(request(at(2), plain));
    sizes.length = 0;
    regression.run(request(at(2), { ...plain, settings: { ...settings, ridge: 1 } }));
    expect(sizes).toEqual([]);
  });
});

describe("few points", () => {
  const model = modelOf("infinite", settings);
  const standard = (x: number) => (x - 1) / 2;
  const theta = (a: number, b: number) => ntk.kernel(model, [standard(a)], [standard(b)]).data[0];
  const given = (points: [number, number, number][]) => {
    const asked = request(points, { model: "infinite", draws: 0 });
    const result = new Regression(ntk).run(asked).infinite;
    if (!result) throw new Error("no curve");
    return { ...result, grid: asked.grid };
  };

  test("none: the prior's mean, band and samples", () => {
    const { mean, low, high, samples, grid, scale, loo } = given([]);
    expect(scale).toBe(1);
    expect(loo).toBeUndefined();
    expect(samples.length).toBeGreaterThan(2);
    for (const i of [0, 50, 180]) {
      const half = 2 * 3 * Math.sqrt(theta(grid[i], grid[i]) + settings.ridge);
      expect(mean[i]).toBe(-1);
      expect(high[i]).toBeCloseTo(-1 + half, 9);
      expect(low[i]).toBeCloseTo(-1 - half, 9);
    }
  });

  test("the samples have the prior's variance", () => {
    const { infinite } = new Regression(ntk).run(request([], { model: "infinite", draws: 4000 }));
    const at = 90;
    const values = infinite?.samples.map((sample) => (sample[at] + 1) / 3) ?? [];
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    const x = request([]).grid[at];
    // The standard error is √(2/4000) = 2.2 %: five of them.
    expect(Math.abs(variance / theta(x, x) - 1)).toBeLessThan(0.11);
  });

  test("one, at the mean of the frame or not: scale 1, and a band that is no line", () => {
    for (const y of [-1, 2]) {
      const { mean, low, high, grid, scale, loo } = given([[1, 0.5, y]]);
      expect(scale).toBe(1);
      expect(loo).toBeUndefined();
      for (const i of [0, 83, 180]) {
        const [k, own, all] = [theta(grid[i], 0.5), theta(0.5, 0.5) + settings.ridge, theta(grid[i], grid[i])];
        expect(mean[i]).toBeCloseTo(-1 + (3 * (k * (y + 1))) / 3 / own, 9);
        const half = 2 * 3 * Math.sqrt(all - (k * k) / own + settings.ridge);
        expect((high[i] - low[i]) / 2).toBeCloseTo(half, 9);
      }
    }
  });

  test("three that agree tell no scale", () => {
    const { scale, low, high } = given([
      [1, 0, -1],
      [2, 1, -1],
      [3, 2, -1],
    ]);
    expect(scale).toBe(1);
    expect(high[0] - low[0]).toBeGreaterThan(1);
  });
});

test("the fit as JSON is of the points that it is asked for", () => {
  const points = wave.slice(0, 9);
  const stored = JSON.parse(fitJson(ntk, request(points, { model: "infinite" })));
  expect(stored.standardized).toEqual({ x: { mean: 1, std: 2 }, y: { mean: -1, std: 3 } });
  const restored = ntk.restore(stored);
  const { grid, frame } = request([]);
  const { mean } = restored.predict(
    grid.map((x) => (x - frame.x) / frame.sx),
    { variance: false },
  );
  const shown = new Regression(ntk).run(request(points)).infinite?.mean as Float64Array;
  expect(distance(mean.data.map((value) => 3 * value - 1) as Float64Array, shown)).toBeLessThan(1e-9);
  restored.dispose();
});

test("cubics between every third value are exact for parabolas", () => {
  const parabola = (i: number) => 1 + i - 0.01 * i * i;
  const coarse = Float64Array.from({ length: 11 }, (_, i) => parabola(3 * i));
  const fine = smooth(coarse, 3, 31);
  expect(fine).toHaveLength(31);
  for (let i = 3; i <= 27; i++) expect(fine[i]).toBeCloseTo(parabola(i), 12);
});
