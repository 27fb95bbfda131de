/**
 * What does not fit is a MemoryLimitError before any work: for every method that makes something of size N×N, N×N2 or
 * more, for many points.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type Fit,
  initialization,
  MemoryLimitError,
  type Ntk,
} from "../../src/index.js";
import { loadVariant, variants } from "../setup/variants.js";

/** Cheap to make, and its square is 320 GB. */
const N = 200_000;
/** Between what Θ takes and what its eigenvectors take beside it: 3.2 GB, and four times that. */
const MEDIUM = 20_000;
const points = (n: number) => Float64Array.from({ length: n }, (_, i) => i / n);
const X = points(N);
const medium = points(MEDIUM);
const net = createNetwork({ inputs: 1, hidden: 8 });
const two = createNetwork({ inputs: 1, hidden: 8, outputs: 2 });
const deep = createNetwork({ inputs: 1, hidden: [4, 4] });
const infinite = createInfiniteNetwork({ activation: "relu" });
const mixture = createInfiniteNetwork();
const targets = (n: number) => ({ data: new Float64Array(2 * n), rows: n, cols: 2 });

const labels = (n: number, C: number) => Int32Array.from({ length: n }, (_, i) => i % C);

/**
 * The work itself would take longer by orders of magnitude at full speed, or end the process. So a quick refusal came
 * before the work.
 */
const SOON = 10_000;

function refuses(call: () => unknown, ...words: RegExp[]): void {
  const began = performance.now();
  expect(call).toThrow(MemoryLimitError);
  expect(performance.now() - began).toBeLessThan(SOON);
  for (const word of words) expect(call).toThrow(word);
}

test("plain JavaScript", () => {
  refuses(() => initialization({ inputs: 1, hidden: 8 }).expectedKernel(X));
  refuses(() => initialization({ inputs: 1, hidden: 8 }).hiddenShare(X));
  refuses(() => initialization({ inputs: 1, hidden: 8 }).maxLearningRate(X));
  refuses(() => createNetwork({ inputs: 1, hidden: new Array(10_000).fill(1000) }));
  refuses(() => createNetwork({ inputs: 2 ** 52, hidden: 2 ** 52 }), /needs .* bytes/);
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  let fits: Fit[];
  beforeAll(async () => {
    ntk = await loadVariant(variant);
    fits = [
      ntk.fit(net, [0, 1], [0, 1], { ridge: 1, solver: "dual" }),
      ntk.fit(net, [0, 1], [0, 1], { ridge: 1, solver: "primal" }),
      ntk.fit(net, [0, 1], [0, 1], { ridge: 1, solver: "cg" }),
      ntk.fit(infinite, [0, 1], [0, 1], { ridge: 1 }),
    ];
    return () => {
      for (const fit of fits) fit.dispose();
    };
  });

  test.each<[string, () => unknown]>([
    ["kernel", () => ntk.kernel(net, X)],
    ["kernel, deep", () => ntk.kernel(deep, X)],
    ["kernel, cross", () => ntk.kernel(net, X, X.slice())],
    ["kernel, full", () => ntk.kernel(two, X, X, { outputs: "full" })],
    ["kernel, infinite", () => ntk.kernel(infinite, X)],
    ["kernel, mixture", () => ntk.kernel(mixture, X)],
    ["kernelBlocks", () => ntk.kernelBlocks(net, X)],
    ["jacobian", () => ntk.jacobian(createNetwork({ inputs: 1, hidden: 4000 }), X)],
    ["fit, infinite", () => ntk.fit(infinite, X, X, { ridge: 1 })],
    ["fit, dual", () => ntk.fit(net, X, X, { ridge: 1, solver: "dual" })],
    ["fit, ridges", () => ntk.fit(net, X, X, { ridges: [1, 2] })],
    ["fit, ridges, medium", () => ntk.fit(net, medium, medium, { ridges: [1, 2] })],
    ["fit, primal", () => ntk.fit(createNetwork({ inputs: 1, hidden: 10_000 }), X, X, { ridge: 1, solver: "primal" })],
    ["classify", () => ntk.classify(net, X, labels(N, 2))],
    ["classify, medium", () => ntk.classify(infinite, medium, labels(medium.length, 40))],
    ["classify, one-hot ridge", () => ntk.classify(infinite, X, labels(N, 3), { method: "ridge" })],
    ["dynamics", () => ntk.dynamics(net, X, X, { learningRate: 1 })],
    ["dynamics, medium", () => ntk.dynamics(net, medium, medium, { learningRate: 1 })],
    ["dynamics, loss", () => ntk.dynamics(net, X, X, { learningRate: 1, loss: "huber" })],
    ["spectrum", () => ntk.spectrum(net, X)],
    ["spectrum, medium", () => ntk.spectrum(net, medium, medium)],
    ["spectrum, the top of a network", () => ntk.spectrum(net, X, X, { top: 3000 })],
    ["spectrum, the top of an infinite one", () => ntk.spectrum(infinite, X, X, { top: 1 })],
    ["alignment", () => ntk.alignment(net, infinite, X)],
    ["alignment with targets", () => ntk.alignment(infinite, X, X)],
    ["ensemble", () => ntk.ensemble(infinite, X, X)],
    ["ensemble, medium", () => ntk.ensemble(infinite, medium, medium)],
    ["train", () => ntk.train(net, X, X, { learningRate: 1, steps: 1 })],
    ["training", () => ntk.training(net, X, X, { learningRate: 1, steps: 1 }).next()],
    ["compare", () => ntk.compare(net, X, X, { learningRate: 1, steps: 1 })],
    ["sweep", () => ntk.sweep(X, X, { widths: [4], learningRates: [1], steps: 1 })],
    ["sweep, of the largest rate", () => ntk.sweep(X, X, { widths: [4], learningRates: [{ fraction: 1 }], steps: 1 })],
    ["sampleKernel", () => ntk.sampleKernel({ inputs: 1, hidden: 4 }, X)],
    ["sampleKernel, a network", () => ntk.sampleKernel({ inputs: 1, hidden: 2 ** 40 }, [1])],
    ["tune", () => ntk.tune(infinite, X, X)],
    ["tune, medium", () => ntk.tune(infinite, medium, medium)],
    ["tune for labels", () => ntk.tune(infinite, X, labels(N, 2), { criterion: "laplace" })],
    ["tuning, medium", () => ntk.tuning(net, medium, medium)],
    ["fitting", () => ntk.fitting(infinite, X, X)],
    [
      "kernelTimesVector",
      () => ntk.kernelTimesVector(createNetwork({ inputs: 1, hidden: 4e6 }), [0], [new Array(100).fill(1)]),
    ],
    ["matmul", () => ntk.matmul({ data: X, rows: N, cols: 1 }, [X])],
    ["gram", () => ntk.gram(X)],
  ])("%s", (_, call) => refuses(call));

  test("predictions: covariances, samples, many draws", () => {
    for (const fit of fits) {
      refuses(() => fit.predict(X, { covariance: true }));
      refuses(() => fit.sample(X));
      // The covariance would fit, its eigenvectors do not.
      refuses(() => fit.sample(medium));
      refuses(() => fit.sample([0], { draws: 1e9 }));
    }
    const classifier = ntk.classify(infinite, [0, 1, 2], [0, 1, 2]);
    refuses(() => classifier.predict([0], { draws: 1e9 }));
    classifier.dispose();
    const path = ntk.dynamics(net, [0, 1], [0, 1], { learningRate: 0.1 });
    refuses(() => path.at(new Float64Array(1e5), X));
    path.dispose();
    const networks = ntk.ensemble(infinite, [0, 1], [0, 1]);
    refuses(() => networks.at(1, X, { covariance: true }));
    refuses(() => networks.sample(1, X));
    refuses(() => networks.sample(1, medium));
    refuses(() => networks.sample(1, [0], { draws: 1e9 }));
    networks.dispose();
  });

  test("several outputs in full: the error names the averaged kernel", () => {
    const x = points(4000);
    const ten = createNetwork({ inputs: 1, hidden: 8, outputs: 10 });
    const Y = { data: new Float64Array(40_000), rows: 4000, cols: 10 };
    const advice = /outputs: "average", one kernel for all 10 outputs, 100 times smaller/;
    refuses(() => ntk.fit(ten, x, Y, { ridge: 1, solver: "dual" }), advice);
    refuses(() => ntk.fit(ten, x, Y, { ridges: [1] }), advice);
    refuses(() => ntk.dynamics(ten, x, Y, { learningRate: 1 }), advice);
    refuses(() => ntk.tune(ten, x, Y), advice);
    refuses(() => ntk.spectrum(ten, x, Y, { outputs: "full" }), advice);
    // Where it would not help, nothing is said of it.
    expect(() => ntk.fit(net, X, X, { ridge: 1, solver: "dual" })).not.toThrow(/average/);
    expect(() => ntk.fit(two, X, targets(N), { outputs: "average", ridge: 1 })).not.toThrow(/average/);
  });
});

describe("limits that are stated", () => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant("js");
  });
  const sweep = { widths: [2], learningRates: [0.1], steps: 1 };
  test.each<[string, () => unknown, RegExp]>([
    ["seeds", () => ntk.sweep([0], [0], { ...sweep, seeds: 3e7 }), /seeds is 30000000; expected at most 1000000/],
    [
      "runs",
      () => ntk.sweep([0], [0], { ...sweep, widths: [2, 3], seeds: 6e5 }),
      /make 1200000 runs; expected at most/,
    ],
    [
      "depth",
      () => ntk.sweep([0], [0], { ...sweep, depth: 1e9 }),
      /depth is 1000000000; expected an integer from 1 to/,
    ],
    ["depth of tune", () => ntk.tune(net, [0], [0], { depth: [1e9] }), /depth\[0\] is 1000000000; expected an integer/],
    [
      "infinite depth",
      () => createInfiniteNetwork({ depth: 1e9 }),
      /depth is 1000000000; expected an integer from 0 to/,
    ],
    ["layers", () => createNetwork({ inputs: 1, hidden: new Array(200_000).fill(1) }), /at most 100000/],
    [
      "ridges",
      () => ntk.fit(net, [0], [0], { ridges: new Float64Array(2e6) }),
      /ridges has 2000000 entries; expected at/,
    ],
    [
      "times",
      () => ntk.dynamics(net, [0], [0], { learningRate: 1 }).at(new Float64Array(2e6)),
      /t has 2000000 entries/,
    ],
    ["indices", () => ntk.fit(net, [0], [0], { ridge: 1 }).update({ remove: new Uint8Array(9) }), /at most 2/],
    [
      "a sum of seeds",
      () => ntk.sampleKernel({ inputs: 1, hidden: 2 }, [0], { draws: 2 ** 52, seed: 2 ** 52 + 1 }),
      /seed/,
    ],
  ])("%s", (_, call, message) => {
    const began = performance.now();
    expect(call).toThrow(message);
    expect(performance.now() - began).toBeLessThan(SOON);
  });

  test("what is many and lazy is no error", () => {
    const samples = ntk.sampleKernel({ inputs: 1, hidden: 2 }, [0], { draws: 1e15 });
    expect(samples.step()).toBe(true);
    const slices = ntk.training(net, [0], [0], { learningRate: 1e-3, steps: 1e15, recordAt: [] });
    expect(slices.next().done).toBe(false);
    slices.return(undefined as never);
    expect(ntk.tuning(infinite, [0, 1], [0, 1], { evaluations: 1e15 }).next().done).toBe(false);
  });
});
