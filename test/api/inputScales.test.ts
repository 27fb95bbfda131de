/**
 * Scales of the inputs: the inputs that matter are found, and nothing near the scales that were found is better.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type InputScaledModel,
  inputScaled,
  linearKernel,
  type Model,
  maternKernel,
  type Ntk,
  periodicKernel,
  productOf,
  rbfKernel,
  scaled,
  sumOf,
} from "../../src/index.js";
import { generator } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const next = generator(5);
  const X = Array.from({ length: 50 }, () => [next(), next(), next()]);
  const y = X.map(([a, b]) => Math.sin(3 * a) + 0.5 * b + 0.2 * next());

  test.each<[string, Model]>([
    ["an infinite network", createInfiniteNetwork({ activation: "erf", depth: 2 })],
    ["relu", createInfiniteNetwork({ activation: "relu", biasStd: 0.3 })],
    ["NNGP of tanh", createInfiniteNetwork({ activation: "tanh", kernel: "nngp" })],
    ["rbf", rbfKernel()],
    ["matern", maternKernel({ nu: 1.5, lengthScale: [2, 1, 0.5] })],
    ["a sum", sumOf([{ model: rbfKernel() }, { model: linearKernel() }])],
    ["a product", scaled(productOf([maternKernel(), createInfiniteNetwork({ activation: "erf" })]), 2)],
    ["periodic", periodicKernel({ period: 5 })],
  ])("%s: the third input does not matter, and nothing near is better", (_, model) => {
    const tuned = ntk.tune(model, X, y, { inputScales: { starts: 1 } });
    const best = tuned.trace.find(({ score }) => score === tuned.score);
    const scales = best?.inputScales as number[];
    expect(scales).toHaveLength(3);
    expect(scales[2]).toBeLessThan(0.3 * Math.min(scales[0], 3 * scales[1]));
    const base = ntk.tune(model, X, y);
    expect(tuned.score).toBeGreaterThan(base.score);
    // On logarithmic scales nothing beside the best is better, up to the slope that ends the search.
    for (const j of [0, 1]) {
      for (const factor of [0.97, 1.03]) {
        const other = inputScaled(
          model,
          scales.map((scale, k) => (k === j ? scale * factor : scale)),
        );
        const { report } = ntk.fit(other, X, y, { ridge: tuned.ridge });
        expect(report.logEvidenceProfiled).toBeLessThan(tuned.score + 1e-4);
      }
    }
  });

  test("with another scale they are searched in turn", () => {
    const model = createInfiniteNetwork({ activation: "erf" });
    const tuned = ntk.tune(model, X, y, {
      inputScales: { starts: 1 },
      biasStd: [0.05, 5],
      depth: [1, 2],
      evaluations: 30,
    });
    const alone = ntk.tune(model, X, y, { biasStd: [0.05, 5], depth: [1, 2], evaluations: 30 });
    expect(tuned.score).toBeGreaterThan(alone.score);
    const { model: inner, scales } = tuned.model as unknown as InputScaledModel;
    expect(scales).toHaveLength(3);
    const { report } = ntk.fit(tuned.model, X, y, { ridge: tuned.ridge });
    expect(report.logEvidenceProfiled).toBeCloseTo(tuned.score, 6);
    expect(tuned.trace.some((point) => point.inputScales === undefined)).toBe(true);
    expect((inner as typeof model).biasStd).not.toBe(1);
  });

  test("seeds: the same search again, and another one", () => {
    const trace = (seed: number) => ntk.tune(rbfKernel(), X, y, { inputScales: { starts: 2, seed } }).trace;
    expect(trace(1)).toEqual(trace(1));
    expect(trace(1)).not.toEqual(trace(2));
  });

  test("too few kernels are said, and an abort keeps the best", () => {
    const short = ntk.tune(rbfKernel(), X, y, { inputScales: { starts: 2 }, evaluations: 3 });
    expect(short.notes.join()).toMatch(/2 of 2 searches of the input scales used up their 3 kernels/);
    const controller = new AbortController();
    let count = 0;
    const aborted = ntk.tune(rbfKernel(), X, y, {
      inputScales: true,
      signal: controller.signal,
      onProgress: ({ inputScales }) => {
        if (inputScales && ++count === 4) controller.abort();
      },
    });
    expect(aborted.aborted).toBe(true);
    expect(count).toBe(4);
    expect(aborted.score).toBe(Math.max(...aborted.trace.map(({ score }) => score)));
  });

  test("refuses what has no slope", () => {
    const tune =
      (model: Model, options = {}) =>
      () =>
        ntk.tune(model, X, y, { inputScales: true, ...options });
    expect(tune(createNetwork({ inputs: 3, hidden: 8 }))).toThrow(/start values too; expected an infinite network/);
    expect(tune({ kernel: (A, B) => ntk.kernel(rbfKernel(), A, B) })).toThrow(/kernel of one's own are not known/);
    expect(tune(rbfKernel(), { criterion: "loo" })).toThrow(/expected criterion "evidence"/);
    expect(tune(rbfKernel(), { solver: "cg" })).toThrow(/solver "dual"/);
    expect(() =>
      ntk.tune(
        rbfKernel(),
        X,
        y.map((value) => value > 0),
        { inputScales: true, criterion: "laplace" } as never,
      ),
    ).toThrow(/gradient of the evidence/);
  });

  test("inputScaled is the model on scaled inputs", () => {
    const model = createInfiniteNetwork({ activation: "gelu" });
    const scales = [2, 0.5, 1];
    const own = inputScaled(model, scales);
    const moved = X.map((x) => x.map((value, j) => value * scales[j]));
    expect(ntk.kernel(own, X).data).toEqual(ntk.kernel(model, moved).data);
    expect(ntk.kernel(own, X, X.slice(3)).data).toEqual(ntk.kernel(model, moved, moved.slice(3)).data);
    expect(ntk.kernelDiagonal(own, X)).toEqual(ntk.kernelDiagonal(model, moved));
    const fit = ntk.fit(own, X, y, { ridge: 0.1 });
    const again = ntk.restore(fit.snapshot());
    expect(again.predict(X).mean.data).toEqual(fit.predict(X).mean.data);
    expect(ntk.restore(JSON.parse(JSON.stringify(fit))).model).toEqual(own);
    scales[0] = 7;
    expect(own.scales[0]).toBe(2);
    expect(() => ntk.kernel(own, [[1, 2]])).toThrow(/X has 2 columns; expected 3/);
    expect(() => ntk.kernel(inputScaled(rbfKernel({ lengthScale: [1, 2] }), scales), X)).toThrow(
      /scales has 3 numbers; expected 2/,
    );
  });
});
