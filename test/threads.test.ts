/**
 * Threads. Every public method gives the same bits at 1, 2, 3 and 8 threads, and shares its work. A page's main thread
 * may not sleep while it waits for helpers that have no core, so a browser has one of these numbers. The suites run
 * with threads too (`NTK_THREADS=2`); this one does whatever that says.
 */
import { afterAll, describe, expect, test } from "vitest";
import { Arena } from "../src/arena.js";
import { createTeam, createWasmBackend } from "../src/backend/atOnce.js";
import { whyNotShared } from "../src/backend/threads/choose.js";
import type { Context } from "../src/context.js";
import { Core } from "../src/core.js";
import {
  BackendError,
  createInfiniteNetwork,
  createNetwork,
  load,
  randomFeatures,
  type SweepOptions,
} from "../src/index.js";
import { Ntk } from "../src/ntk.js";
import { drain } from "../src/slices.js";
import { sweepingNetworks } from "../src/training/sweep.js";
import { randomMatrix } from "./setup/random.js";
import { variants } from "./setup/variants.js";

const shareable = whyNotShared() === undefined;

const N = 150;
const X = randomMatrix(N, 3, 1, 1);
const X2 = randomMatrix(40, 3, 2, 1);
const wide = randomMatrix(N, 20, 6, 1);
const Y = randomMatrix(N, 1, 3, 1);
const Y2 = randomMatrix(N, 2, 4, 1);
const SIGNS = Y.data.map((y) => (y > 0 ? 1 : -1));
const CLASSES = Y.data.map((y) => (y > 0 ? 1 : 0));
const A = randomMatrix(N, N, 5, 1);
const net = createNetwork({ inputs: 3, hidden: 150, biasStd: 1, seed: 1 });
/** Variances and weights of rows. */
const own = randomMatrix(N, 1, 7, 0.4).data.map((value) => value + 0.5);
const broad = createNetwork({ inputs: 20, hidden: 90, seed: 1, activation: "gelu" });
const activation = ["erf", { name: "sin", frequency: 2, phase: 1 }] as const;
const deep = createNetwork({ inputs: 3, hidden: [40, 60], outputs: 2, activation, seed: 2 });
const few = createNetwork({ inputs: 3, hidden: 12, seed: 2 });
const features = randomFeatures(createInfiniteNetwork({ depth: 2, activation: "erf" }), { count: 120 });
const infinites = createInfiniteNetwork({ depth: 3, activation: "erf" });
const infinite = ["relu", "softplus", "tanh", { name: "abRelu", negative: -0.2, positive: 1 }] as const;
/** Sweeps of small networks, whose runs train together: the last rate diverges. */
const points = Array.from({ length: 12 }, (_, i) => i / 6 - 1);
const values = points.map((x) => Math.sin(3 * x));
const grid = { widths: [16, 5], learningRates: [{ fraction: 0.5 }, 0.1, 1e4], seeds: 5, steps: 12 };
const small: Partial<SweepOptions>[] = [
  { recordAt: [0, 3, 12], network: { activation: "relu", biasStd: 1 }, Xtest: [0.1, 0.7], Ytest: [1, 2] },
  { recordAt: [5], momentum: 0.9, nesterov: true, weightDecay: 0.01, inits: ["ntk", "unit"] },
];
const positive = (ntk: Ntk) => {
  const { data } = ntk.gram(A);
  return { data: data.map((x, i) => x + (i % (N + 1) === 0 ? N : 0)), rows: N, cols: N };
};

/** Each public method of an Ntk, on a size that threads share. */
const METHODS: Record<string, (ntk: Ntk) => unknown> = {
  forward: (ntk) => [ntk.forward(net, X), ntk.forward(deep, X), ntk.forward(broad, wide)],
  jacobian: (ntk) => [ntk.jacobian(net, X), ntk.jacobian(deep, X2)],
  kernel: (ntk) => [
    ntk.kernel(net, X),
    ntk.kernel(net, X, X2),
    ntk.kernel(broad, wide),
    ntk.kernel(deep, X),
    ntk.kernel(deep, X, X2, { outputs: "full" }),
    ...infinite.flatMap((activation) => {
      const model = createInfiniteNetwork({ depth: 2, activation, biasStd: 0.3 });
      return [ntk.kernel(model, X), ntk.kernel(model, X, X2), ntk.kernel(model, wide)];
    }),
  ],
  kernelTiles: (ntk) => [
    ...ntk.kernelTiles(net, X, undefined, { rows: 60 }),
    ...ntk.kernelTiles(createInfiniteNetwork({ depth: 2, activation: "relu" }), X, X2, { rows: 60 }),
  ],
  features: (ntk) => ntk.features(features, wide),
  primalSums: (ntk) => [ntk.primalSums(few, X, Y), ntk.primalSums(features, X, Y2)],
  fitSums: (ntk) =>
    ([few, features] as const).map((model) => {
      const fit = ntk.fitSums(model, ntk.primalSums(model, X, Y), { ridge: 0.1, scale: "fit" });
      const { degreesOfFreedom, logEvidence, rank } = fit.report;
      const result = [fit.predict(X2, { covariance: true }), fit.sums(), degreesOfFreedom, logEvidence, rank];
      fit.dispose();
      return result;
    }),
  fitStream: async (ntk) => {
    const batches = [X, X2].map((rows) => ({ X: rows, Y: Y.data.slice(0, rows.rows) }));
    const fit = await ntk.fitStream(few, batches, { ridge: 0.1 });
    const result = [fit.predict(X2), fit.parameters()];
    fit.dispose();
    return result;
  },
  kernelDiagonal: (ntk) => [ntk.kernelDiagonal(net, X), ntk.kernelDiagonal(deep, X, { outputs: "full" })],
  kernelBlocks: (ntk) => [ntk.kernelBlocks(net, X), ntk.kernelBlocks(deep, X, X2)],
  kernelTimesVector: (ntk) => [
    ntk.kernelTimesVector(net, X, Y),
    ntk.kernelTimesVector(deep, X, randomMatrix(2 * N, 3, 8, 1)),
  ],
  fit: (ntk) =>
    [
      ntk.fit(net, X, Y, { ridge: 0.1, solver: "dual", scale: "fit" }),
      ntk.fit(net, X, Y, { ridge: 0.1, solver: "cg" }),
      ntk.fit(createInfiniteNetwork({ depth: 1 }), X, Y2, { ridge: 0.1, solver: "cg" }),
      ntk.fit(few, X, Y, { ridge: 0.1, solver: "lowrank" }),
      ntk.fit(net, X, Y, { ridges: [1e-3, 0.1] }),
      ntk.fit(few, X, Y, { ridge: 0.1, solver: "primal" }),
      ntk.fit(net, X, Y, { ridge: 0.1, solver: "dual", noise: own, weights: own.map((value) => 1 / value) }),
      ntk.fit(few, X, Y, { ridge: 0.1, solver: "primal", noise: own }),
      ntk.fit(net, X, Y, { ridge: 0.1, solver: "cg", noise: own }),
      ntk.fit(net, X, Y, { ridges: [1e-3, 0.1], weights: own }),
      ntk.fit(deep, X, Y2, { ridge: 0.1, solver: "dual" }),
      ntk.fit(createInfiniteNetwork({ depth: 1, activation: "erf" }), X, Y2, { ridge: 0.1 }),
    ].map((fit) => {
      const before = [fit.predict(X2, { covariance: true }), fit.report.looResiduals, fit.report.logEvidence];
      if (fit.report.solver !== "cg" && fit.path.length === 0)
        fit.update({
          remove: [3, 4],
          add: { X: [[1, 2, 3]], Y: [Array.from({ length: before.length && fit.predict(X2).mean.cols }, () => 1)] },
        });
      const after = [
        fit.predict(X2),
        fit.report.degreesOfFreedom,
        fit.report.rank,
        fit.sample(X2, { draws: 2, seed: 1 }),
        fit.dualWeights(),
        fit.influence([[1, 2, 3]]),
      ];
      fit.dispose();
      return [before, after];
    }),
  classify: (ntk) => {
    const labels = Array.from({ length: N }, (_, i) => (Y.data[i] > 0.3 ? 2 : Y.data[i] > -0.3 ? 1 : 0));
    const two = labels.map((label) => label > 0);
    return [
      ntk.classify(net, X, labels, { scale: 2 }),
      ntk.classify(infinites, X, two, { ridge: 0.1 }),
      ntk.classify(infinites, X, labels, { method: "dirichlet", scale: "fit" }),
      ntk.classify(deep, X, labels, { method: "ridge", ridge: 1 }),
    ].map((classifier) => {
      const result = [classifier.report, classifier.predict(X2)];
      classifier.dispose();
      return result;
    });
  },
  fitting: (ntk) => {
    const progress = [...ntk.fitting(net, X, Y, { ridge: 0.1, solver: "cg" })];
    return [progress, drain(ntk.fitting(net, X, Y, { ridge: 0.1, solver: "cg" })).predict(X2)];
  },
  restore: (ntk) => ntk.restore(ntk.fit(net, X, Y, { ridge: 0.1 }).snapshot()).predict(X2),
  spectrum: (ntk) => {
    const limit = createInfiniteNetwork({ depth: 2, activation: "relu" });
    return [
      ntk.spectrum(net, X, Y),
      ntk.spectrum(deep, X, Y2, { outputs: "full" }),
      ntk.spectrum(deep, X, Y2, { top: 5 }),
      ntk.spectrum(limit, X, Y2, { top: 20 }),
    ].map((spectrum) => ({ ...spectrum, curve: spectrum.learningCurve({ sizes: [1], ridge: 100, noise: 10 }) }));
  },
  alignment: (ntk) => [ntk.alignment(net, deep, X), ntk.alignment(infinites, Y2, X)],
  dynamics: (ntk) => {
    const path = ntk.dynamics(deep, X, Y2, { learningRate: 1e-3 });
    const batches = { learningRate: 1e-3, momentum: 0.5, batchSize: 7 };
    const stepped = [
      ntk.dynamics(deep, X, Y2, batches),
      ntk.dynamics(deep, X, Y2, { learningRate: 1e-3, loss: "huber", kind: "flow" }),
      ntk.dynamics(infinites, X, Y2, { learningRate: 1e-3, loss: "huber" }),
    ].map((steps) => [steps.eigenvalues, steps.eigenvectors(), steps.lossAt(20), steps.at([3, 11], X2)]);
    return [path.eigenvalues, path.eigenvectors(), path.at(100), path.at(10, X2), stepped];
  },
  train: (ntk) => [
    ntk.train(net, X, Y, { steps: 7, learningRate: 1e-3, momentum: 0.9 }),
    ntk.train(broad, wide, Y, { steps: 3, learningRate: 1e-3 }),
    ntk.train(deep, X, Y2, { steps: 3, learningRate: 1e-3 }),
    ntk.train(broad, wide, SIGNS, { steps: 3, learningRate: 1e-3, loss: "logistic", record: ["sharpness"] }),
    ntk.train(broad, wide, Y, { steps: 3, learningRate: 1e-3, optimizer: "adam", batchSize: 90 }),
    ntk.train(deep, X, CLASSES, { steps: 3, learningRate: 1e-3, loss: "crossEntropy", optimizer: "adamW" }),
  ],
  training: (ntk) => [...ntk.training(net, X, Y, { steps: 3, learningRate: 1e-3 })].length,
  compare: (ntk) => ntk.compare(net, X, Y, { steps: 5, learningRate: 1e-3, recordAt: [0, 5] }),
  comparing: (ntk) => [...ntk.comparing(net, X, Y, { steps: 3, learningRate: 1e-3 })].length,
  sweep: (ntk) => [
    ntk.sweep(X, Y, { widths: [30, 90], learningRates: [1e-3], steps: 3, seeds: 2 }),
    ntk.sweep(X, Y2, { widths: [12], learningRates: [1e-3], steps: 3, seeds: 2 }),
    ntk.sweep(X, Y, { widths: [7], depth: 2, learningRates: [1e-3], steps: 3, seeds: 2 }),
    ...small.map((options) => ntk.sweep(points, values, { ...grid, ...options })),
  ],
  sweeping: (ntk) => drain(ntk.sweeping(points, values, { ...grid, widths: [3, 17] })),
  ensemble: (ntk) => {
    const model = createInfiniteNetwork({ depth: 2, activation: "erf", biasStd: 0.1 });
    return ntk.ensemble(model, X, Y, { learningRate: 1e-3 }).at(10, X2);
  },
  sampleKernel: (ntk) => {
    const shallow = { inputs: 3, hidden: 9 };
    return [
      ntk.sampleKernel({ inputs: 3, hidden: [20, 30] }, X, { draws: 3 }),
      ntk.sampleKernel(shallow, X2, { draws: 37, seed: 5 }),
      ntk.sampleKernel({ ...shallow, outputs: 2 }, X2, { draws: 7, X2: X }),
      ntk.sampleKernel({ ...shallow, outputs: 2 }, X2, { draws: 3, outputs: "full" }),
    ].map((samples) => {
      // Draw by draw: what is made in advance is not seen.
      const seen = Array.from({ length: 2 }, () => samples.step() && [samples.draws, samples.mean]);
      const { mean, standardError, draws } = samples.result();
      return [seen, mean, standardError, draws];
    });
  },
  tune: (ntk) =>
    ntk.tune(createInfiniteNetwork({ depth: 1 }), X2, randomMatrix(40, 1, 9, 1), {
      weightStd: [0.5, 2],
      evaluations: 4,
    }),
  crossValidate: (ntk) =>
    ntk.crossValidate([net, { model: createInfiniteNetwork(), name: "wide" }], X, Y, {
      folds: 3,
      ridges: [0.1, 1],
      standardize: "both",
    }),
  crossValidating: (ntk) => [...ntk.crossValidating(net, X, Y, { folds: 2, ridge: 1 })],
  tuning: (ntk) => [
    ...ntk.tuning(createInfiniteNetwork({ depth: 1 }), X2, randomMatrix(40, 1, 9, 1), {
      weightStd: [0.5, 2],
      evaluations: 3,
    }),
  ],
  linearize: (ntk) => ntk.linearize(net).at(net.parameters, X2),
  matmul: (ntk) => [ntk.matmul(A, A), ntk.matmul(X2, randomMatrix(3, 50, 1, 1))],
  gram: (ntk) => ntk.gram(A),
  cholesky: (ntk) => [ntk.cholesky(positive(ntk)), ntk.cholesky(big(ntk))],
  solve: (ntk) => [
    ntk.solve(positive(ntk), Y2),
    ntk.solve(big(ntk), randomMatrix(400, 30, 5, 1)),
    ntk.solve(GENERAL, randomMatrix(300, 3, 5, 1)),
  ],
  inverse: (ntk) => [ntk.inverse(big(ntk)), ntk.inverse(GENERAL)],
  logDeterminant: (ntk) => [ntk.logDeterminant(big(ntk)), ntk.logDeterminant(GENERAL)],
  eigh: (ntk) => ntk.eigh(positive(ntk)),
  svd: (ntk) => [ntk.svd(GENERAL), ntk.svd(randomMatrix(40, 300, 2, 1))],
};
/** Not symmetric: what LU factors. */
const GENERAL = randomMatrix(300, 300, 9, 1);
/** Above the order up to which rows of a solve are shared. */
const big = (ntk: Ntk) => {
  const { data } = ntk.gram(randomMatrix(400, 400, 7, 1));
  return { data: data.map((x, i) => x + (i % 401 === 0 ? 400 : 0)), rows: 400, cols: 400 };
};
/** What computes nothing, and what is JavaScript's on one thread. */
const OTHERS = ["constructor", "dispose", "threads", "threadsReason", "leastSquares"];

test("every public method is here", () => {
  const methods = [Core, Ntk]
    .flatMap((one) => Object.getOwnPropertyNames(one.prototype))
    .filter((name) => !OTHERS.includes(name));
  expect(Object.keys(METHODS).sort()).toEqual(methods.sort());
});

const NUMBERS = globalThis.document ? [3] : [2, 3, 8];

describe.each(variants.filter((variant) => variant !== "js"))("%s", (variant) => {
  for (const precision of ["float64", "float32"] as const) {
    describe.skipIf(!shareable)(precision, () => {
      const alone = new Ntk(createWasmBackend(variant), precision);
      const teams = NUMBERS.map((threads) => {
        const { backend, team } = createTeam(variant, threads);
        team.leastWork = 0;
        return { threads, team, ntk: new Ntk(backend, precision) };
      });
      afterAll(() => {
        for (const { ntk } of teams) ntk.dispose();
      });

      test.each(Object.entries(METHODS))(`%s: the same bits at ${NUMBERS.join(", ")} threads`, async (_, method) => {
        const want = await method(alone);
        for (const { ntk, team, threads } of teams) {
          await team.ready;
          expect(ntk.threads).toBe(threads);
          const before = team.shared.regions;
          expect(await method(ntk), `${threads} threads`).toEqual(want);
          expect(team.shared.regions, "regions that were shared").toBeGreaterThan(before);
        }
      });

      // Features and packed operands are units like all others: sixteen threads make them once, not sixteen times.
      test.runIf(NUMBERS.length > 1)("at 16 threads each unit is computed once", async () => {
        const { backend, team } = createTeam(variant, 16);
        team.leastWork = 0;
        await team.ready;
        using ntk = new Ntk(backend, precision);
        // Helpers of a busy machine may get no core for some time.
        for (let round = 0; round < 50 && team.shared.helped === 0; round++) {
          for (const name of ["kernel", "gram", "cholesky", "eigh", "train"]) {
            METHODS[name](ntk);
            const { units, computed } = team.shared;
            expect(computed, `${name}: computed units of ${units}`).toBe(units);
          }
        }
        expect(team.shared.helped).toBeGreaterThan(0);
      });

      test("an abort in onProgress keeps the runs that were reported", async () => {
        for (const { ntk, team } of teams) {
          await team.ready;
          for (const keep of [1, 7]) {
            const stopAt = (which: Ntk) => {
              const stop = new AbortController();
              const onProgress = ({ done }: { done: number }) => done === keep && stop.abort();
              return which.sweep(points, values, { ...grid, signal: stop.signal, onProgress });
            };
            const got = stopAt(ntk);
            expect(got).toMatchObject({ aborted: true, runs: { length: keep } });
            expect(got).toEqual(stopAt(alone));
          }
        }
      });

      test("helpers compute some of it", () => {
        for (const { team } of teams) expect(team.shared.helped).toBeGreaterThan(0);
      });
    });
  }
});

/** As `load` shares them: networks of which one alone is too small. */
describe.skipIf(!shareable)("small networks side by side", () => {
  const [variant] = variants.filter((name) => name !== "js");
  const X = Array.from({ length: 32 }, (_, i) => i / 16 - 1);
  const Y = X.map((x) => Math.sin(2 * x));
  const options = { steps: 500, recordAt: [0, 50, 500] };

  /** What two threads share of a call, and how many units a helper computes. */
  async function sharedBy(call: (ntk: Ntk) => unknown) {
    const { backend, team } = createTeam(variant, 2);
    await team.ready;
    using ntk = new Ntk(backend);
    call(ntk);
    const { regions, units } = team.shared;
    // A helper may get no core for some time.
    for (let more = 0; more < 500 && regions > 0 && team.shared.helped === 0; more++) call(ntk);
    const { units: opened, computed, helped } = team.shared;
    expect(computed).toBe(opened);
    return { regions, units, helped };
  }

  test("sweep: eight runs at a time", async () => {
    const net = createNetwork({ inputs: 1, hidden: 64 });
    const one = await sharedBy((ntk) => ntk.compare(net, X, Y, { ...options, learningRate: 0.1 }));
    expect(one.regions, "of a run alone").toBe(0);
    const grid = { ...options, widths: [64], learningRates: [0.1, 0.3], seeds: 8 };
    const all = await sharedBy((ntk) => ntk.sweep(X, Y, grid));
    expect(all.regions).toBeGreaterThan(5);
    expect(all.units).toBe(8 * all.regions);
    expect(all.helped).toBeGreaterThan(0);
  });

  test("a sweep that is stopped in a group keeps the runs that had diverged, in the order of the grid", async () => {
    const { backend, team } = createTeam(variant, 2);
    await team.ready;
    using ntk = new Ntk(backend);
    const stop = new AbortController();
    const reported: number[] = [];
    const slices = ntk.sweeping(X, Y, {
      widths: [5],
      learningRates: [0.1, 1e4],
      network: { activation: "relu" },
      steps: 1e9,
      recordAt: [0, 1e9],
      seeds: 3,
      signal: stop.signal,
      onProgress: ({ done }) => reported.push(done),
    });
    for (let slice = 0; slice < 40; slice++) slices.next();
    stop.abort();
    const { runs, summary, aborted } = drain(slices);
    expect(aborted).toBe(true);
    expect(runs.map(({ rate, seed }) => [rate, seed])).toEqual([0, 1, 2].map((seed) => [1e4, seed]));
    expect(runs.every(({ divergedAt, steps }) => divergedAt && steps.length === 1)).toBe(true);
    expect(reported).toEqual([1, 2, 3]);
    expect(summary).toMatchObject([{ rate: 1e4, step: 0, runs: 3, diverged: 3 }]);
  });

  test("a generator that is dropped in a group gives its memory back", async () => {
    const { backend, team } = createTeam(variant, 2);
    await team.ready;
    const { ops } = backend;
    const context: Context = { ops, arena: new Arena(backend), precision: "float64", threads: 2, disposed: false };
    const grid = { widths: [5, 9], learningRates: [0.1], steps: 1e9, seeds: 2 };
    for (let count = 1; count < 12; count++) {
      const slices = sweepingNetworks(context, X, Y, grid);
      for (let slice = 0; slice < count; slice++) slices.next();
      // The first three steps make networks.
      expect(context.arena.heldBytes > 0).toBe(count > 3);
      slices.return(undefined as never);
      expect(context.arena.heldBytes).toBe(0);
    }
    team.end();
  });

  test("sampleKernel: 32 draws at a time", async () => {
    const all = await sharedBy((ntk) => ntk.sampleKernel({ inputs: 1, hidden: 64 }, X, { draws: 80 }).result());
    expect([all.regions, all.units]).toEqual([3, 80]);
    expect(all.helped).toBeGreaterThan(0);
  });
});

describe.skipIf(!shareable)("load({ threads })", () => {
  const [variant] = variants;

  test("as many as asked for; auto: as many as the machine runs", async () => {
    using ntk = await load({ variant, threads: 2 });
    expect(ntk.threads).toBe(2);
    expect(ntk.threadsReason).toBeUndefined();
    using auto = await load({ threads: "auto" });
    expect(auto.threads).toBeGreaterThanOrEqual(1);
    expect(auto.threads).toBeLessThanOrEqual(8);
  });

  test("JavaScript has one thread, and says so", async () => {
    const js = await load({ backend: "js", threads: "auto" });
    expect(js.threads).toBe(1);
    expect(js.threadsReason).toMatch(/JavaScript backend has one thread/);
    await expect(load({ backend: "js", threads: 2 })).rejects.toThrow(BackendError);
  });

  test("after dispose() there is one thread", async () => {
    const ntk = await load({ variant, threads: 2 });
    ntk.dispose();
    expect(ntk.threads).toBe(1);
    expect(() => ntk.gram([[1]])).toThrow(/disposed/);
  });

  test("twenty made and disposed of in a loop", async () => {
    for (let i = 0; i < 20; i++) {
      const ntk = await load({ variant, threads: 2 });
      expect(ntk.gram([[2]]).data[0]).toBe(4);
      ntk.dispose();
    }
  });
});
