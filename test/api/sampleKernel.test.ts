/** Monte Carlo kernels against the exact expected kernel, the infinite one, and the law of large widths. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  initialization,
  type NetworkOptions,
  type Ntk,
} from "../../src/index.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const X = randomMatrix(5, 2, 1, 2);
/** Of 25 z-scores (15 of them different) none exceeds this but once in 10⁴ runs; seeds are fixed. */
const Z = 4.7;

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each<NetworkOptions>([
    { inputs: 2, hidden: 20, biasStd: 1 },
    { inputs: 2, hidden: 20, init: "ntk", activation: "relu" },
    { inputs: 2, hidden: 15, outputs: 3, init: "he", activation: "gelu" },
  ])("one hidden layer: the expected kernel within its standard error, %o", (options) => {
    const want = initialization(options).expectedKernel(X).data;
    const { mean, standardError } = ntk.sampleKernel(options, X, { draws: 400, seed: 7 }).result();
    mean.data.forEach((value, at) => {
      expect(Math.abs(value - want[at]) / standardError.data[at], `entry ${at}`).toBeLessThanOrEqual(Z);
    });
  });

  test("deeper: the infinite kernel within standard error + c/m", () => {
    const m = 64;
    const shape = { activation: "tanh", weightStd: 1.3, biasStd: 0.4 } as const;
    const want = ntk.kernel(createInfiniteNetwork({ ...shape, depth: 3 }), X).data;
    const options: NetworkOptions = { ...shape, inputs: 2, hidden: [m, m, m], init: "ntk" };
    const { mean, standardError } = ntk.sampleKernel(options, X, { draws: 150 }).result();
    const size = Math.max(...want);
    mean.data.forEach((value, at) => {
      expect(
        Math.abs(value - want[at]),
        `mean kernel, entry ${at}: Z standard errors, and 1/m for the width`,
      ).toBeLessThanOrEqual(Z * standardError.data[at] + (4 * size) / m);
    });
  });

  test("a single draw is off by 1/√m", () => {
    const widths = [32, 128, 512, 2048];
    const want = ntk.kernel(createInfiniteNetwork({ activation: "erf" }), X).data;
    const distances = widths.map((hidden) => {
      let sum = 0;
      for (let seed = 0; seed < 40; seed++) {
        const K = ntk.kernel(createNetwork({ inputs: 2, hidden, activation: "erf", init: "ntk", seed }), X).data;
        sum += K.reduce((total, value, at) => total + (value - want[at]) ** 2, 0);
      }
      return Math.log(Math.sqrt(sum / 40));
    });
    const x = widths.map(Math.log);
    const [mx, my] = [x, distances].map((values) => values.reduce((sum, value) => sum + value, 0) / 4);
    const slope =
      x.reduce((sum, value, i) => sum + (value - mx) * (distances[i] - my), 0) /
      x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
    // Each point is good to 1/√80 = 0.11, three standard errors of the slope are 0.1.
    expect(Math.abs(slope + 0.5), "the standard error falls like draws^(−½)").toBeLessThanOrEqual(0.1);
  });

  test("iterating: every draw, resumable, the same as the mean of kernels", () => {
    const options = { inputs: 2, hidden: 6, outputs: 2 };
    const T = randomMatrix(3, 2, 4);
    const samples = ntk.sampleKernel(options, X, { draws: 5, seed: 3, X2: T, outputs: "full" });
    expect(samples.total).toBe(5);
    const seen: number[] = [];
    for (const { draws, standardError } of samples) {
      seen.push(draws);
      if (draws === 1) expect(standardError.data[0]).toBe(Infinity);
      if (draws === 3) break;
    }
    for (const { draws } of samples) seen.push(draws);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(samples.step()).toBe(false);
    const kernels = [3, 4, 5, 6, 7].map((seed) =>
      ntk.kernel(createNetwork({ ...options, seed }), X, T, { outputs: "full" }),
    );
    const { mean, standardError } = samples.result();
    expect(mean).toMatchObject({ rows: 10, cols: 6 });
    mean.data.forEach((value, at) => {
      const values = kernels.map(({ data }) => data[at]);
      const average = values.reduce((sum, x) => sum + x, 0) / 5;
      const variance = values.reduce((sum, x) => sum + (x - average) ** 2, 0) / 4;
      expect(value).toBeCloseTo(average, 12);
      expect(standardError.data[at]).toBeCloseTo(Math.sqrt(variance / 5), 12);
    });
  });

  test("bad input, before any draw", () => {
    const options = { inputs: 2, hidden: 3 };
    expect(() => ntk.sampleKernel(options, X, { draws: 0 })).toThrow(/draws is 0/);
    expect(() => ntk.sampleKernel(options, X, { seed: -1 })).toThrow(/seed is -1/);
    expect(() => ntk.sampleKernel({ ...options, seed: 1 }, X)).toThrow(/without parameters and seed/);
    expect(() => ntk.sampleKernel(options, [[1]])).toThrow(/X has 1 columns; expected 2/);
    expect(() => ntk.sampleKernel({ ...options, hidden: 0 }, X)).toThrow(RangeError);
    expect(() => ntk.sampleKernel(options, X, { outputs: "all" as never })).toThrow(RangeError);
  });
});
