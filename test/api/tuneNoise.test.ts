/** `tune` with a noise for each bin of the inputs: what it finds is there, is an optimum, and nothing is silent. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type BinnedNoise,
  createInfiniteNetwork,
  createNetwork,
  type Ntk,
  noiseAt,
  rbfKernel,
  type Tuned,
  type TuneOptions,
} from "../../src/index.js";
import { generator } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const next = generator(21);
/** Nearly a normal: the sum of twelve uniforms. */
const normal = () => Array.from({ length: 12 }, next).reduce((sum, value) => sum + value / 2, 0);
const N = 160;
const x = Float64Array.from({ length: N }, (_, i) => (2 * i) / N - 1);
/** Standard deviations of the noise: 0.02, 0.3 and 0.1, over thirds. */
const SIGMA = [0.02, 0.3, 0.1];
const sigmaAt = (at: number) => SIGMA[at < -1 / 3 ? 0 : at < 1 / 3 ? 1 : 2];
const Y = [...x].map((at) => Math.sin(4 * at) + sigmaAt(at) * normal());
const model = rbfKernel({ lengthScale: 0.5 });
const binned = { noise: "binned", bins: 3 } as const;

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const fitted = (tuned: Tuned, inputs: ArrayLike<number> = x, targets: number[] | number[][] = Y) =>
    ntk.fit(tuned.model, Float64Array.from(inputs), targets, {
      ridge: tuned.ridge,
      noise: noiseAt(tuned.noise as BinnedNoise, Float64Array.from(inputs)),
      scale: "fit",
    });

  test("finds the noise that the data have", () => {
    const tuned = ntk.tune(model, x, Y, binned);
    const { report } = fitted(tuned);
    expect(tuned.notes).toEqual([]);
    expect(report.logEvidenceProfiled).toBeCloseTo(tuned.score, 6);
    const { edges, variances } = tuned.noise as BinnedNoise;
    expect(edges.map((edge) => edge.toFixed(1))).toEqual(["-0.3", "0.3"]);
    // 53 rows to a bin: a standard deviation has a standard error of a tenth.
    variances.forEach((variance, bin) => {
      const found = Math.sqrt(report.scale * (tuned.ridge + variance));
      expect(found / SIGMA[bin], `bin ${bin}: ${found}`).toBeGreaterThan(0.7);
      expect(found / SIGMA[bin], `bin ${bin}: ${found}`).toBeLessThan(1.4);
    });
    const plain = ntk.tune(model, x, Y);
    expect(plain.noise).toBeUndefined();
    expect(tuned.score).toBeGreaterThan(plain.score + 20);
    expect(tuned.trace.at(-1)?.noise).toHaveLength(3);
    expect(tuned.score).toBe(Math.max(...tuned.trace.map(({ score }) => score)));
  });

  test.each([
    ["one output", createNetwork({ inputs: 1, hidden: 64, biasStd: 1, seed: 1 }), 1, {}],
    ["several outputs", createInfiniteNetwork({ activation: "erf", weightStd: 3 }), 2, {}],
    ["all pairs of outputs", createNetwork({ inputs: 1, hidden: 64, outputs: 2, biasStd: 1 }), 2, { outputs: "full" }],
    ["rows that repeat", model, 1, {}],
  ] as const)("no step of a bin raises the evidence: %s", (name, of, C, options) => {
    const rows = [...Array(N).keys()].filter((i) => i % 2 === 0);
    // Every row of the third bin twice, with its target: copies are no evidence of a small noise.
    if (name === "rows that repeat") rows.push(...rows.filter((i) => x[i] > 1 / 3));
    const [inputs, targets] = [Float64Array.from(rows, (i) => x[i]), rows.map((i) => [Y[i], Y[N - 1 - i]].slice(0, C))];
    const tuned = ntk.tune(of, inputs, targets, { ...binned, ...options });
    const { edges, variances } = tuned.noise as BinnedNoise;
    const evidence = (factors: number[]) => {
      const all = variances.map((variance, bin) => factors[bin] * (tuned.ridge + variance));
      const noise = noiseAt({ edges, variances: all }, inputs);
      return (
        ntk.fit(of, inputs, targets, { noise, solver: "dual", ...options }).report.logEvidenceProfiled ?? Number.NaN
      );
    };
    const best = evidence([1, 1, 1]);
    // Rounding times the condition number, 10⁷ of the first network.
    expect(best).toBeCloseTo(tuned.score, 4);
    for (let bin = 0; bin < 3; bin++)
      for (const factor of [0.8, 1.25]) {
        const gain = evidence([0, 1, 2].map((other) => (other === bin ? factor : 1))) - best;
        // The search ends where a step adds less than 10⁻³; it may be a few such steps from the top.
        expect(gain, `bin ${bin} times ${factor}`).toBeLessThan(0.02);
      }
    expect(tuned.notes.some((note) => note.includes("end of its range"))).toBe(false);
  });

  test("scales are searched with it, in turn", () => {
    const options = { ...binned, lengthScale: [0.1, 5], evaluations: 30 } as const;
    const [plain, tuned] = [{ ...options, noise: undefined, bins: undefined }, options].map((one) =>
      ntk.tune(model, x, Y, one),
    );
    expect(tuned.score).toBeGreaterThan(plain.score + 20);
    expect(fitted(tuned).report.logEvidenceProfiled).toBeCloseTo(tuned.score, 6);
    expect([...ntk.tuning(model, x, Y, options)]).toEqual(tuned.trace);
    // A kernel without the noise that was found, and one with it.
    expect(new Set(tuned.trace.map(({ noise }) => noise?.length)).size).toBe(2);
  });

  test("nothing is silent", () => {
    const tune = (options: TuneOptions) => ntk.tune(model, x, Y, { ...binned, ...options });
    expect(tune({ evaluations: 2 }).notes.join()).toMatch("the noise used up its 2 decompositions before it converged");
    const bound = tune({ ridge: [1e-3, 1e-2] });
    expect(bound.atBound).toBe(true);
    expect(bound.notes.join()).toMatch(/the noise of bin 2, x from 0\.3\d* to Infinity, is at the upper end/);
    const controller = new AbortController();
    const aborted = tune({
      signal: controller.signal,
      onProgress: ({ noise }) => noise && controller.abort(),
    });
    expect(aborted.aborted).toBe(true);
    expect(aborted.trace).toHaveLength(2);
    expect(aborted.noise?.variances).toHaveLength(3);
    controller.abort();
    expect(tune({ signal: controller.signal }).trace).toHaveLength(1);
  });

  test("bins: equal inputs stay together, and bins that cannot be are left out", () => {
    const inputs = [0, 0, 0, 0, 0, 1, 1, 2, 3, 4];
    const targets = inputs.map((at, i) => at + ((i * 7) % 3) / 10);
    const tuned = ntk.tune(model, inputs, targets, { noise: "binned", bins: 10 });
    expect(tuned.noise?.edges).toEqual([0.5, 1.5, 2.5, 3.5]);
    expect(tuned.notes.join()).toMatch("5 bins instead of 10");
    expect(ntk.tune(model, inputs, targets, { noise: "binned" }).noise).toEqual({ edges: [], variances: [0] });
    expect(ntk.tune(model, x, Y, { noise: "binned", evaluations: 1 }).noise?.edges).toHaveLength(7);
  });

  test("what is refused", () => {
    const tune = (options: TuneOptions) => () => ntk.tune(model, x, Y, options);
    expect(tune({ bins: 3 })).toThrow("bins is given without a noise model");
    expect(tune({ ...binned, criterion: "loo" })).toThrow('expected criterion "evidence"');
    expect(tune({ ...binned, bins: N + 1 })).toThrow(`bins is ${N + 1}; expected at most one for each of ${N} rows`);
    expect(() => ntk.tune(model, [[0, 1]], [1], binned)).toThrow('noise "binned" needs inputs of one number; X has 2');
  });
});

test("noiseAt looks bins up, and refuses what is none", () => {
  const noise = { edges: [0, 1], variances: [0.1, 0.2, 0.3] };
  expect([...noiseAt(noise, [-5, 0, 0.5, 1, 7])]).toEqual([0.1, 0.2, 0.2, 0.3, 0.3]);
  expect([...noiseAt({ edges: [], variances: [2] }, [1])]).toEqual([2]);
  expect(() => noiseAt({ ...noise, edges: [1, 1] }, [0])).toThrow(
    "edges[1] is 1; expected more than the edge before it",
  );
  expect(() => noiseAt({ ...noise, variances: [1] }, [0])).toThrow("noise.variances has 1 entries; expected 3");
  expect(() => noiseAt({ ...noise, variances: [1, 2, -1] }, [0])).toThrow("noise.variances[2] is -1");
  expect(() => noiseAt({ ...noise, edges: [0, Number.NaN] }, [0])).toThrow("noise.edges[1] is NaN");
  expect(() => noiseAt(noise, [[0, 1]])).toThrow(RangeError);
});
