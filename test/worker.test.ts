/**
 * The worker version is equal to the bit to the plain one, errors and all, in Node's threads and in browsers' workers.
 */
import { afterAll, beforeAll, describe, expect, expectTypeOf, test, vi } from "vitest";
import { whyNotShared } from "../src/backend/threads/choose.js";
import { classMembers } from "../src/fields.js";
import {
  BackendError,
  type ClassPrediction,
  ConvergenceError,
  type CrossValidateProgress,
  createInfiniteNetwork,
  createNetwork,
  defineActivation,
  type LearningCurve,
  linearKernel,
  load,
  type Matrix,
  MemoryLimitError,
  maternKernel,
  NotPositiveDefiniteError,
  type Ntk,
  noiseAt,
  periodicKernel,
  precomputed,
  productOf,
  type Recorded,
  rbfKernel,
  SingularMatrixError,
  StreamError,
  scaled,
  sumOf,
  type Trained,
  type TunePoint,
} from "../src/index.js";
import { Host } from "../src/worker/host.js";
import {
  type AsyncClassifier,
  type AsyncFit,
  type AsyncNtk,
  type AsyncSpectrum,
  loadInWorker,
  type SentModel,
} from "../src/worker/index.js";
import { type Handle, packError, type Reply, unpackError } from "../src/worker/protocol.js";
import { randomMatrix } from "./setup/random.js";
import { loadVariant, variants } from "./setup/variants.js";

const net = createNetwork({ inputs: 1, hidden: 32, biasStd: 1, seed: 1 });
const infinite = createInfiniteNetwork({ biasStd: 1 });
const X = Array.from({ length: 20 }, (_, i) => i / 5 - 2);
const Y = X.map((x) => Math.sin(2 * x));
const Xnew = [-1.9, 0.05, 3];
/** Long enough for several slices, whatever the machine. */
const LONG = { learningRate: 0.05, steps: 1e7, recordAt: [] };

describe.each(variants)("%s", (variant) => {
  let here: Ntk;
  let there: AsyncNtk;
  beforeAll(async () => {
    here = await loadVariant(variant);
    there = await loadInWorker({ variant });
  });
  afterAll(() => there.terminate());

  test("says what it is", () => {
    const { backend, precision } = here;
    expect(there).toMatchObject({ backend, variant, precision, threads: 1, threadsReason: undefined });
  });

  test("has every method of Ntk", () => {
    const names = classMembers(here).flatMap(([name]) => (name === "constructor" ? [] : [name]));
    expect(names).toEqual(expect.arrayContaining(["kernel", "train"]));
    for (const name of names) expect(there).toHaveProperty(name);
  });

  test("kernels and linear algebra", async () => {
    const A = [
      [4, 2],
      [2, 5],
    ];
    expect(await there.forward(net, X)).toEqual(here.forward(net, X));
    expect(await there.jacobian(net, X)).toEqual(here.jacobian(net, X));
    expect(await there.kernel(net, X, Xnew, { outputs: "full" })).toEqual(
      here.kernel(net, X, Xnew, { outputs: "full" }),
    );
    expect(await there.kernelDiagonal(infinite, X)).toEqual(here.kernelDiagonal(infinite, X));
    expect(await there.kernelBlocks(net, X)).toEqual(here.kernelBlocks(net, X));
    expect(await there.kernelTimesVector(net, X, Y)).toEqual(here.kernelTimesVector(net, X, Y));
    expect(await there.matmul(A, A)).toEqual(here.matmul(A, A));
    expect(await there.gram(A)).toEqual(here.gram(A));
    expect(await there.cholesky(A)).toEqual(here.cholesky(A));
    expect(await there.solve(A, [1, 2])).toEqual(here.solve(A, [1, 2]));
    expect(await there.solve(A, [1, 2], { method: "lu" })).toEqual(here.solve(A, [1, 2], { method: "lu" }));
    expect(await there.inverse(A)).toEqual(here.inverse(A));
    expect(await there.logDeterminant(A)).toEqual(here.logDeterminant(A));
    expect(await there.leastSquares(A, [1, 2])).toEqual(here.leastSquares(A, [1, 2]));
    expect(await there.svd(A)).toEqual(here.svd(A));
    expect(await there.eigh(A)).toEqual(here.eigh(A));
  });

  test("activations with parameters cross", async () => {
    const activation = [{ name: "sin", frequency: 2 }, "tanh", { name: "hermite", coefficients: [0, 1, 0.5] }] as const;
    const mixed = createNetwork({ inputs: 1, hidden: [9, 8, 7], activation, biasStd: 1 });
    const bell = createInfiniteNetwork({ activation: { name: "gaussian", beta: 0.5 }, depth: 2 });
    for (const model of [mixed, bell]) expect(await there.kernel(model, X)).toEqual(here.kernel(model, X));
  });

  test("every kind of model crosses, with its options", async () => {
    const layered = createNetwork({
      inputs: 1,
      hidden: [6, 6, 6],
      residual: 1,
      rates: { c1: 0, b: 2 },
      weightStd: [1, 2, 1, 0.5],
      activation: ["tanh", { name: "leakyRelu", slope: 0.1 }, "erf"],
      outputScale: 2,
      seed: 3,
    });
    const models: SentModel[] = [
      layered,
      createNetwork({ inputs: 1, hidden: 9, centeredStart: true, parametrization: "meanField" }),
      createInfiniteNetwork({ depth: 3, activation: ["relu", "erf", "relu"], residual: 1, rates: [1, 0, 2, 1] }),
      linearKernel({ biasStd: 0.5 }),
      rbfKernel({ lengthScale: [0.5] }),
      maternKernel({ nu: 1.5 }),
      periodicKernel({ period: 2 }),
      sumOf([{ model: layered, weight: 0.5 }, { model: scaled(infinite, 2) }]),
      productOf([rbfKernel(), linearKernel()]),
    ];
    for (const model of models) {
      expect(await there.kernel(model, X, Xnew)).toEqual(here.kernel(model, X, Xnew));
      const fit = await there.fit(model, X, Y, { ridge: 0.1 });
      expect(await fit.predict(Xnew)).toEqual(here.fit(model, X, Y, { ridge: 0.1 }).predict(Xnew));
      await fit.dispose();
      const path = await there.dynamics(model, X, Y, { learningRate: 0.01 });
      expect(await path.at(5, Xnew)).toEqual(here.dynamics(model, X, Y, { learningRate: 0.01 }).at(5, Xnew));
      await path.dispose();
      const tuned = await there.tune(model, X, Y);
      expect(tuned.ridge).toBe(here.tune(model, X, Y).ridge);
    }
    const stored = precomputed(here.kernel(infinite, X), { cross: here.kernel(infinite, Xnew, X) });
    const rows = X.map((_, i) => i);
    expect(await there.kernel(stored, rows, [20, 21])).toEqual(here.kernel(stored, rows, [20, 21]));
    const prior = await there.ensemble(maternKernel(), X, Y);
    expect(await prior.at(3, Xnew)).toEqual(here.ensemble(maternKernel(), X, Y).at(3, Xnew));
    await prior.dispose();
  });

  test("a fit: predictions, report, updates", async () => {
    const ours = here.fit(net, X, Y, { ridges: [1e-3, 1e-1], scale: "fit" });
    const theirs = await there.fit(net, X, Y, { ridges: [1e-3, 1e-1], scale: "fit" });
    expect(theirs.path).toEqual(ours.path);
    expect(await theirs.predict(Xnew, { covariance: true })).toEqual(ours.predict(Xnew, { covariance: true }));
    expect(await theirs.sample(Xnew, { seed: 3 })).toEqual(ours.sample(Xnew, { seed: 3 }));
    expect(await theirs.parameters()).toEqual(ours.parameters());
    expect(await theirs.toJSON()).toEqual(ours.toJSON());
    const { rank, looResiduals, logEvidence } = ours.report;
    expect(await theirs.report(["rank", "looResiduals"])).toEqual({ rank, looResiduals });
    // Twice: the report keeps what it gave.
    expect(await theirs.report()).toMatchObject({ rank, looResiduals, logEvidence, jitter: 0 });
    await expect(theirs.report(["nothing" as "rank"])).rejects.toThrow(/no field "nothing"; expected solver/);
    expect(await theirs.dualWeights()).toEqual(ours.dualWeights());
    expect(await theirs.influence([0.5])).toEqual(ours.influence([0.5]));
    const change = { move: { index: 3, Y: [2] }, remove: 0 };
    expect(await theirs.update(change)).toBe(theirs);
    expect(await theirs.predict(Xnew)).toEqual(ours.update(change).predict(Xnew));
    theirs.dispose();
  });

  test("kernels in blocks of rows", async () => {
    const blocks: object[] = [];
    for await (const block of there.kernelTiles(net, X, Xnew, { rows: 8 })) blocks.push(block);
    expect(blocks).toEqual([...here.kernelTiles(net, X, Xnew, { rows: 8 })]);
    await expect(there.kernelTiles(net, X, Xnew, { rows: 0 }).next()).rejects.toThrow(RangeError);
  });

  test("sums, and rows that come in batches", async () => {
    const parts = [0, 8].map((row) => ({ X: X.slice(row, row + 8), Y: Y.slice(row, row + 8) }));
    const sums = here.primalSums(net, X, Y);
    expect(await there.primalSums(net, X, Y)).toEqual(sums);
    const ours = await here.fitStream(net, parts, { ridge: 0.1, scale: "fit" });
    const seen: object[] = [];
    const onProgress = (progress: object) => seen.push(progress);
    async function* later() {
      yield* parts;
    }
    for (const theirs of [
      await there.fitStream(net, later(), { ridge: 0.1, scale: "fit", onProgress }),
      await there.fitSums(net, ours.sums(), { ridge: 0.1, scale: "fit" }),
    ]) {
      expect(await theirs.predict(Xnew, { covariance: true })).toEqual(ours.predict(Xnew, { covariance: true }));
      expect(await theirs.sums()).toEqual(ours.sums());
      expect(await theirs.report(["rows", "scale"])).toEqual({ rows: 16, scale: ours.report.scale });
      theirs.dispose();
    }
    expect(seen).toEqual([
      { batches: 1, rows: 8 },
      { batches: 2, rows: 16 },
    ]);
  });

  test("what ends a stream comes with its sums", async () => {
    const first = { X: X.slice(0, 8), Y: Y.slice(0, 8) };
    const state = here.primalSums(net, first.X, first.Y);
    const bad = { X: [[Number.NaN]], Y: [[0]] };
    const ended = (stream: Promise<unknown>) => expect(stream).rejects;
    await ended(there.fitStream(net, [first, bad])).toMatchObject({ name: "StreamError", batch: 1, row: 0, state });
    await ended(there.fitStream(net, [first, { ...first, f: () => 0 } as never])).toMatchObject({ batch: 1, state });
    async function* failing() {
      yield first;
      throw new Error("the line is down");
    }
    await ended(there.fitStream(net, failing())).toMatchObject({
      batch: 1,
      state,
      cause: { message: "the line is down" },
    });
    const controller = new AbortController();
    const stopped = there.fitStream(net, [first, first], {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await ended(stopped).toBeInstanceOf(StreamError);
    await ended(stopped).toMatchObject({ batch: 1, state, cause: { message: "enough" } });
    await ended(there.fitStream(net, 3 as never)).toThrow(/batches is number 3/);
    await ended(there.fitStream(net, [first], { ridge: -1 })).toThrow(/ridge/);
    const resumed = await there.fitStream(net, [first], { state, ridge: 1 });
    expect(await resumed.report(["rows"])).toEqual({ rows: 16 });
  });

  test("a classifier: classes, report, predictions", async () => {
    const labels = X.map((_, i) => ["low", "middle", "high"][i % 3]);
    for (const options of [{ scale: "fit" }, { method: "dirichlet" }, { method: "ridge", ridge: 1 }] as const) {
      const ours = here.classify(infinite, X, labels, options);
      const theirs = await there.classify(infinite, X, labels, options);
      expect(theirs.classes).toEqual(ours.classes);
      expect(theirs.report).toEqual(ours.report);
      expect(await theirs.predict(Xnew, { seed: 2 })).toEqual(ours.predict(Xnew, { seed: 2 }));
      theirs.dispose();
      await expect(theirs.predict(Xnew)).rejects.toThrow(/this classify was disposed of/);
    }
    const criterion = "laplace";
    expect(await there.tune(infinite, X, labels, { criterion })).toEqual(here.tune(infinite, X, labels, { criterion }));
  });

  test("dynamics, ensembles, the first-order model", async () => {
    const ours = here.dynamics(net, X, Y, { learningRate: 0.01 });
    const theirs = await there.dynamics(net, X, Y, { learningRate: 0.01 });
    expect([theirs.eigenvalues, theirs.maxLearningRate]).toEqual([ours.eigenvalues, ours.maxLearningRate]);
    expect(await theirs.at(10)).toEqual(ours.at(10));
    expect(await theirs.at([1, Infinity], Xnew)).toEqual(ours.at([1, Infinity], Xnew));
    expect(await theirs.eigenvectors()).toEqual(ours.eigenvectors());
    for (const more of [{ loss: "huber" }, { batchSize: 2 }, { loss: "huber", kind: "flow" }] as const) {
      const stepped = here.dynamics(net, X, Y, { learningRate: 0.01, ...more });
      const away = await there.dynamics(net, X, Y, { learningRate: 0.01, ...more });
      expect([away.eigenvalues, away.maxLearningRate]).toEqual([stepped.eigenvalues, stepped.maxLearningRate]);
      expect(await away.at([5, 2], Xnew)).toEqual(stepped.at([5, 2], Xnew));
      expect(await away.lossAt(3)).toBe(stepped.lossAt(3));
      expect(await away.parametersAt(3)).toEqual(stepped.parametersAt(3));
    }
    const own = { value: () => 0, gradient: () => [0] };
    await expect(there.dynamics(net, X, Y, { learningRate: 0.01, loss: own })).rejects.toThrow(
      /functions do not cross to a worker/,
    );
    const many = await there.ensemble(infinite, X, Y);
    expect(await many.at(2, Xnew, { covariance: true })).toEqual(
      here.ensemble(infinite, X, Y).at(2, Xnew, { covariance: true }),
    );
    const linear = await there.linearize(net);
    const theta = net.parameters.map((value) => value + 0.01);
    expect(await linear.at(theta, Xnew)).toEqual(here.linearize(net).at(theta, Xnew));
  });

  test("spectra and alignment", async () => {
    const curve = { sizes: [2, 5], ridge: 1, noise: 0.1 };
    for (const options of [{}, { top: 4 }]) {
      const ours = here.spectrum(net, X, Y, options);
      const theirs = await there.spectrum(net, X, Y, options);
      expect(theirs).toMatchObject({ ...ours });
      expect(theirs.coefficients).toEqual(ours.coefficients);
      expect(await theirs.learningCurve(curve)).toEqual(ours.learningCurve(curve));
      theirs.dispose();
      await expect(theirs.learningCurve(curve)).rejects.toThrow("this spectrum was disposed of");
    }
    const modes = await there.spectrum(infinite, X);
    expect(modes.coefficients).toBeUndefined();
    await expect(modes.learningCurve(curve)).rejects.toThrow(/needs targets/);
    expect(await there.alignment(net, infinite, X)).toBe(here.alignment(net, infinite, X));
    expect(await there.alignment(net, Y, X)).toBe(here.alignment(net, Y, X));
  });

  test("train, compare, sweep, tune, with their progress", async () => {
    const run = { learningRate: 0.05, steps: 3000, recordAt: [0, 10, 3000] };
    const steps: number[] = [];
    expect(await there.train(net, X, Y, { ...run, onProgress: ({ step }) => steps.push(step) })).toEqual(
      here.train(net, X, Y, run),
    );
    expect(steps.at(-1)).toBe(3000);
    expect(await there.compare(net, X, Y, { ...run, Xtest: Xnew })).toEqual(
      here.compare(net, X, Y, { ...run, Xtest: Xnew }),
    );
    const people = {
      ...run,
      loss: "huber",
      optimizer: "adam",
      batchSize: 3,
      record: ["sharpness", "kernelAlignment"],
      validation: { X, Y },
      patience: 1e6,
    } as const;
    const [near, far]: Recorded[][] = [[], []];
    const whole = here.train(net, X, Y, { ...people, onRecord: (recorded) => near.push(recorded) });
    expect(await there.train(net, X, Y, { ...people, onRecord: (recorded) => far.push(recorded) })).toEqual(whole);
    expect(far).toEqual(near);
    const half = await there.train(net, X, Y, { ...people, steps: 1500, recordAt: [] });
    expect((await there.train(half.network, X, Y, { ...people, state: half.state })).network).toEqual(whole.network);
    const sliced: Recorded[] = [];
    for await (const _ of there.training(net, X, Y, { ...people, onRecord: (recorded) => sliced.push(recorded) }));
    expect(sliced).toEqual(near);
    await expect(there.train(net, X, Y, { ...run, loss: { value: () => 0, gradient: () => [0] } })).rejects.toThrow(
      /functions do not cross to a worker/,
    );
    const grid = { widths: [8, 16], learningRates: [{ fraction: 0.5 }], steps: 20, seeds: 2 };
    const done: number[] = [];
    expect(await there.sweep(X, Y, { ...grid, onProgress: (progress) => done.push(progress.done) })).toEqual(
      here.sweep(X, Y, grid),
    );
    expect(done).toEqual([1, 2, 3, 4]);
    const search = { weightStd: [0.5, 2] as const, evaluations: 5 };
    const trace: TunePoint[] = [];
    const tuned = await there.tune(infinite, X, Y, { ...search, onProgress: (point) => trace.push(point) });
    expect(tuned).toEqual(here.tune(infinite, X, Y, search));
    expect(trace).toEqual(tuned.trace);
    // Noise and weights of points go out, come back, and have the same bits.
    const noisy = await there.tune(infinite, X, Y, { noise: "binned", bins: 3 });
    expect(noisy).toEqual(here.tune(infinite, X, Y, { noise: "binned", bins: 3 }));
    const noise = noiseAt(noisy.noise, X);
    const own = { ridge: noisy.ridge, noise, weights: noise.map((value) => 1 + value) };
    const fit = await there.fit(infinite, X, Y, own);
    const same = here.fit(infinite, X, Y, own);
    const at = { noise: noiseAt(noisy.noise, Xnew) };
    expect(await fit.predict(Xnew, at)).toEqual(same.predict(Xnew, at));
    const add = { X: [[0.25]], Y: [[1]], noise: [0.5], weights: [2] };
    await fit.update({ add, move: { index: 1, noise: [0.3] } });
    expect(await fit.predict(Xnew)).toEqual(same.update({ add, move: { index: 1, noise: [0.3] } }).predict(Xnew));
    expect(await fit.snapshot()).toEqual(same.snapshot());
    await fit.dispose();
  });

  test("generators are async ones", async () => {
    const points: TunePoint[] = [];
    for await (const point of there.tuning(infinite, X, Y)) points.push(point);
    expect(points).toEqual([...here.tuning(infinite, X, Y)]);
    const steps: CrossValidateProgress[] = [];
    for await (const step of there.crossValidating(net, X, Y, { folds: 2, ridge: 1 })) steps.push(step);
    expect(steps).toEqual([...here.crossValidating(net, X, Y, { folds: 2, ridge: 1 })]);
    const fits = there.fitting(net, X, Y, { ridge: 0.1, solver: "cg" });
    let step = await fits.next();
    while (!step.done) step = await fits.next();
    const local = here.fit(net, X, Y, { ridge: 0.1, solver: "cg" });
    expect(await step.value.predict(Xnew)).toEqual(local.predict(Xnew));
    await step.value.dispose();
    const slices = there.training(net, X, Y, { learningRate: 0.05, steps: 100 });
    let last = await slices.next();
    while (!last.done) last = await slices.next();
    expect(last.value).toEqual(here.train(net, X, Y, { learningRate: 0.05, steps: 100 }));
    const { mean, standardError } = here.sampleKernel({ inputs: 1, hidden: 8 }, X, { draws: 4 }).result();
    const samples = await there.sampleKernel({ inputs: 1, hidden: 8 }, X, { draws: 4 });
    expect(await samples.step()).toBe(true);
    for await (const { draws } of samples) if (draws === 3) break;
    expect(await samples.result()).toEqual({ draws: 4, total: 4, mean, standardError });
  });
});

/** Where memory can be shared. */
const shareable = whyNotShared() === undefined;

describe("threads", () => {
  const [variant] = variants;

  test.skipIf(!shareable)("the same bits, and as many as at load", async () => {
    const ntk = await loadInWorker({ variant, threads: 2 });
    expect(ntk).toMatchObject({ variant, threads: 2, threadsReason: undefined });
    const A = randomMatrix(300, 300, 1);
    const here = await load({ variant });
    expect(await ntk.gram(A)).toEqual(here.gram(A));
    const many = randomMatrix(200, 1, 2);
    const ours = here.fit(net, many, many, { ridge: 1e-3 });
    const theirs = await ntk.fit(net, many, many, { ridge: 1e-3 });
    expect(await theirs.predict(Xnew)).toEqual(ours.predict(Xnew));
    expect(await ntk.train(net, many, many, { learningRate: 1e-3, steps: 20 })).toEqual(
      here.train(net, many, many, { learningRate: 1e-3, steps: 20 }),
    );
    await ntk.dispose();
  });

  test("auto: as many as run, or the reason", async () => {
    const ntk = await loadInWorker({ threads: "auto" });
    expect(ntk.threads).toBeGreaterThanOrEqual(1);
    if (!shareable) expect(ntk).toMatchObject({ threads: 1, threadsReason: whyNotShared() });
    ntk.terminate();
    const js = await loadInWorker({ backend: "js", threads: "auto" });
    expect(js).toMatchObject({ threads: 1, threadsReason: expect.stringMatching(/JavaScript backend has one thread/) });
    js.terminate();
  });

  test.skipIf(shareable)("where memory cannot be shared a number is a BackendError", async () => {
    await expect(loadInWorker({ threads: 2 })).rejects.toThrow(BackendError);
    await expect(loadInWorker({ threads: 2 })).rejects.toThrow(/Cross-Origin-Opener-Policy/);
  });
});

describe("errors, signals, life time", () => {
  let ntk: AsyncNtk;
  beforeAll(async () => {
    ntk = await loadInWorker({ variant: "simd" });
  });
  afterAll(() => ntk.terminate());

  test("errors are instances of their classes, with their fields", async () => {
    const error = await ntk
      .cholesky([
        [1, 2],
        [2, 1],
      ])
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(NotPositiveDefiniteError);
    expect(error).toMatchObject({ name: "NotPositiveDefiniteError", pivot: 1, ridge: 0 });
    const diverged = await ntk.train(net, X, Y, { learningRate: 1e3, steps: 50 }).catch((reason) => reason);
    expect(diverged).toBeInstanceOf(ConvergenceError);
    expect(diverged.maxLearningRate).toBeGreaterThan(0);
    expect(diverged.partial.loss.length).toBe(diverged.partial.steps.length);
    await expect(ntk.forward(net, [[1, 2]])).rejects.toThrow(RangeError);
    await expect(ntk.forward(net, [[1, 2]])).rejects.toThrow("X has 2 columns; expected 1");
    await expect(ntk.forward(net, "X" as never)).rejects.toThrow(TypeError);
    await expect(ntk.fit(net, X, Y, { lambda: 1 } as never)).rejects.toThrow(/unknown option "lambda"/);
  });

  test("functions do not cross", async () => {
    // The compiler refuses it too.
    const custom = { kernel: (): Matrix => ({ data: new Float64Array(1), rows: 1, cols: 1 }) } as unknown as SentModel;
    await expect(ntk.fit(custom, X, Y)).rejects.toThrow(TypeError);
    await expect(ntk.fit(custom, X, Y)).rejects.toThrow(/functions do not cross to a worker/);
    const cube = defineActivation({ name: "cube", value: (z) => z ** 3, slope: (z) => 3 * z * z });
    const inside = [
      createNetwork({ inputs: 1, hidden: 3, activation: cube }),
      createInfiniteNetwork({ activation: cube }),
      sumOf([{ model: net }, { model: custom }]),
    ];
    for (const model of inside) {
      await expect(ntk.kernel(model, X)).rejects.toThrow(TypeError);
      await expect(ntk.kernel(model, X)).rejects.toThrow(/functions do not cross .* activations of your own/);
    }
    await expect(ntk.fit(net, X, Y, { ridge: (() => 1) as never })).rejects.toThrow(/functions do not cross/);
    await expect(ntk.train(net, X, Y, { ...LONG, onProgress: 3 as never })).rejects.toThrow(/onProgress is number 3/);
  });

  test("a signal stops work between slices, and what there is comes back", async () => {
    const controller = new AbortController();
    const trained = await ntk.train(net, X, Y, {
      ...LONG,
      signal: controller.signal,
      onProgress: ({ step }) => step > 100 && controller.abort(),
    });
    expect(trained.aborted).toBe(true);
    expect(trained.network.parameters).not.toEqual(net.parameters);
    expect((await ntk.train(net, X, Y, { ...LONG, signal: AbortSignal.abort() })).aborted).toBe(true);
    const stop = new AbortController();
    const samples = await ntk.sampleKernel({ inputs: 1, hidden: 8 }, X, { draws: 1e6 });
    const { draws } = await samples.result({ signal: stop.signal, onProgress: () => stop.abort() });
    expect(draws).toBeLessThan(1e6);
    // Given up while it waits behind another call: the estimate as it is.
    const [, waiting] = await Promise.all([
      ntk.train(net, X, Y, { learningRate: 0.05, steps: 100 }),
      samples.result({ signal: AbortSignal.abort() }),
    ]);
    expect(waiting.draws).toBe(draws);
  });

  test("other work is given up at once", async () => {
    const reason = new Error("changed my mind");
    await expect(ntk.fit(net, X, Y, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    // Conjugate gradients have an answer at any time.
    const seen: number[] = [];
    const early = await ntk.fit(net, X, Y, {
      ridge: 1e-3,
      solver: "cg",
      signal: AbortSignal.abort(reason),
      onProgress: ({ iteration }) => seen.push(iteration),
    });
    expect((await early.report(["notes"])).notes[0]).toMatch(/stopped by a signal after 0 iterations/);
    expect(seen).toContain(0);
    early.dispose();
    const fit = ntk.fit(net, X, Y, { ridge: 1, signal: controller.signal });
    controller.abort(reason);
    await expect(fit).rejects.toBe(reason);
    expect((await ntk.forward(net, X)).rows).toBe(X.length);
  });

  test("what onProgress throws ends the call", async () => {
    const thrown = new Error("stop");
    const onProgress = () => {
      throw thrown;
    };
    await expect(ntk.train(net, X, Y, { ...LONG, onProgress })).rejects.toBe(thrown);
  });

  test("calls are answered in order", async () => {
    const order: string[] = [];
    await Promise.all([
      ntk.train(net, X, Y, { learningRate: 0.05, steps: 20000, recordAt: [] }).then(() => order.push("train")),
      ntk.forward(net, X).then(() => order.push("forward")),
      ntk.fit(net, X, Y, { ridge: 1 }).then(() => order.push("fit")),
    ]);
    expect(order).toEqual(["train", "forward", "fit"]);
  });

  test("what is disposed of cannot be used", async () => {
    const fit = await ntk.fit(net, X, Y, { ridge: 1 });
    const last = fit.predict(Xnew);
    fit.dispose();
    fit.dispose();
    expect((await last).mean.rows).toBe(3);
    await expect(fit.predict(Xnew)).rejects.toThrow(BackendError);
    await expect(fit.predict(Xnew)).rejects.toThrow("this fit was disposed of; make a new one with ntk.fit(…)");
    const used = await ntk.fit(net, X, Y, { ridge: 1 });
    used[Symbol.dispose]();
    await expect(used.predict(Xnew)).rejects.toThrow(BackendError);
  });

  test("the worker gives back what is freed: disposed of, finished, or given up", async () => {
    const plain = await loadVariant("simd");
    const made: { dispose(): void }[] = [];
    const original = plain.fit.bind(plain);
    plain.fit = ((...args: Parameters<typeof original>) => {
      const fit = original(...args);
      made.push(fit);
      return fit;
    }) as typeof plain.fit;
    const replies: Reply[] = [];
    const host = new Host(
      async () => plain,
      (reply) => replies.push(reply),
    );
    const settle = async (count: number) => {
      while (replies.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    const call = { type: "call" as const, target: 0, method: "fit", args: [net, X, Y, { ridge: 1 }] };
    host.receive({ type: "load", id: 0, variant: "simd", precision: "float64" });
    host.receive({ ...call, id: 1 });
    await settle(2);
    const [, reply] = replies;
    if (reply.type !== "handle") throw new Error(`a fit is answered by ${reply.type}`);
    host.receive({ type: "free", target: reply.handle.target });
    host.receive({ type: "call", id: 2, target: reply.handle.target, method: "predict", args: [Xnew] });
    // Given up before its turn: never begun.
    host.receive({ ...call, id: 3 });
    host.receive({ type: "abort", id: 3 });
    await settle(4);
    expect(replies[2]).toMatchObject({ type: "error", error: { name: "BackendError" } });
    expect(made.length).toBe(1);
    expect(() => (made[0] as ReturnType<typeof original>).predict(Xnew)).toThrow(/this fit was disposed of/);
  });

  test("termination and disposal", async () => {
    const one = await loadInWorker({ backend: "js" });
    const running = one.train(net, X, Y, LONG);
    one.terminate();
    await expect(running).rejects.toThrow(/terminated/);
    await expect(one.forward(net, X)).rejects.toThrow(BackendError);
    const two = await loadInWorker();
    const asked = two.forward(net, X);
    await two.dispose();
    expect((await asked).rows).toBe(X.length);
    await expect(two.forward(net, X)).rejects.toThrow(/disposed of/);
    await two.dispose();
  });

  test("disposed of twice while a call is under way: both wait for it", async () => {
    const one = await loadInWorker({ backend: "js" });
    const asked = one.train(net, X, Y, { learningRate: 0.05, steps: 20000, recordAt: [] });
    const [trained] = await Promise.all([asked, one.dispose(), one.dispose()]);
    expect(trained.aborted).toBe(false);
    const two = await loadInWorker({ backend: "js" });
    const running = two.train(net, X, Y, LONG);
    const waiting = [two.dispose(), two.dispose()];
    two.terminate();
    await expect(running).rejects.toThrow(BackendError);
    await Promise.all(waiting);
    if (Symbol.asyncDispose) await two[Symbol.asyncDispose]();
  });

  test("precision, and options that are wrong", async () => {
    const float32 = await loadInWorker({ precision: "float32", variant: "simd" });
    expect(float32.precision).toBe("float32");
    expect(await float32.kernel(net, X)).toEqual((await loadVariant("simd", "float32")).kernel(net, X));
    float32.terminate();
    await expect(loadInWorker({ precision: "half" as never })).rejects.toThrow(RangeError);
    await expect(loadInWorker({ nothing: 1 } as never)).rejects.toThrow(/unknown option "nothing"/);
    await expect(loadInWorker({ worker: 1 as never })).rejects.toThrow(/worker is number 1/);
    await expect(loadInWorker({ module: {} as never })).rejects.toThrow(/no WebAssembly.Module/);
  });
});

describe("workers that are none, say nothing, or die", () => {
  /** As a Worker, with nobody in it. */
  const silent = () => {
    const listeners: Record<string, (event: unknown) => void> = {};
    return {
      postMessage() {},
      terminate: vi.fn(),
      addEventListener: (type: string, listener: (event: unknown) => void) => {
        listeners[type] = listener;
      },
      listeners,
    };
  };

  test.each([
    ["an object", () => ({}), /worker\(\) gave an object \(Object\); expected a Worker/],
    ["nothing", () => undefined, /worker\(\) gave undefined; expected a Worker/],
    ["null", () => null, /gave null/],
    ["a promise", async () => silent(), /gave an object \(Promise\)/],
    ["half a worker", () => ({ postMessage() {}, terminate() {} }), /gave an object \(Object\)/],
    ["a string", () => "worker-script.js", /gave the string "worker-script.js"/],
  ])("worker() gives %s", async (_, worker, message) => {
    await expect(loadInWorker({ worker: worker as never })).rejects.toThrow(TypeError);
    await expect(loadInWorker({ worker: worker as never })).rejects.toThrow(message);
  });

  test("worker() throws: a BackendError with its reason", async () => {
    const thrown = new Error("not allowed");
    const worker = () => {
      throw thrown;
    };
    const error = await loadInWorker({ worker }).catch((reason) => reason);
    expect(error).toBeInstanceOf(BackendError);
    expect(error).toMatchObject({ cause: thrown, message: expect.stringMatching(/not allowed.*worker-src blob:/) });
  });

  test.each([
    [{ url: 5 }, TypeError, /url is number 5; expected the address/],
    [{ url: null }, TypeError, /url is null/],
    [{ url: {} }, TypeError, /url is an object/],
    [{ url: { href: 5 } }, TypeError, /url is an object/],
    [{ url: "" }, RangeError, /url is ""/],
    [{ url: "nowhere.js", worker: silent }, RangeError, /both worker and url/],
    [{ timeout: "1" }, TypeError, /timeout is the string "1"; expected milliseconds/],
    [{ timeout: 0 }, RangeError, /timeout is 0; expected milliseconds above 0, or Infinity/],
    [{ timeout: Number.NaN }, RangeError, /timeout is NaN/],
    [{ threads: "all" }, RangeError, /threads is "all"; expected one of auto/],
    [{ threads: 0 }, RangeError, /threads is 0; expected an integer/],
    [{ threads: 2, backend: "js" }, BackendError, /threads is 2, but the JavaScript backend has one thread/],
    [{ module: null }, TypeError, /no WebAssembly.Module/],
  ])("options %j", async (options, ErrorType, message) => {
    await expect(loadInWorker(options as never)).rejects.toThrow(ErrorType);
    await expect(loadInWorker(options as never)).rejects.toThrow(message);
  });

  test.each([null, 5, "simd", true])("options that are %j", async (options) => {
    await expect(loadInWorker(options as never)).rejects.toThrow(/loadInWorker: options are .*; expected an object/);
    await expect(load(options as never)).rejects.toThrow(/load: options are .*; expected an object/);
  });

  test("a worker that says nothing, or something else, is given up", async () => {
    const worker = silent();
    const loading = loadInWorker({ worker: () => worker, timeout: 20 });
    for (const data of [null, undefined, 5, "hello", { hello: 1 }]) worker.listeners.message?.({ data });
    await expect(loading).rejects.toThrow(BackendError);
    await expect(loading).rejects.toThrow(
      /has said nothing for 20 ms; is it ntk-wasm\/worker-script.js of this version/,
    );
    expect(worker.terminate).toHaveBeenCalled();
  });

  test("its first word is enough: what follows may take longer", async () => {
    const worker = silent();
    const loading = loadInWorker({ worker: () => worker, timeout: 20 });
    worker.listeners.message?.({ data: { type: "ready" } });
    const state = await Promise.race([
      loading.catch(() => "given up"),
      new Promise((resolve) => setTimeout(resolve, 300, "waiting")),
    ]);
    expect(state).toBe("waiting");
    worker.listeners.message?.({ data: { type: "down", reason: "it could not read a message" } });
    await expect(loading).rejects.toThrow(/it could not read a message/);
  });

  test("a thread that is busy for longer than the timeout is no reason", async () => {
    // Firefox starts a worker only once the thread is free: a slow machine has this long for it.
    const silence = 3000;
    const loading = loadInWorker({ backend: "js", timeout: silence });
    const until = performance.now() + silence + 200;
    while (performance.now() < until);
    (await loading).terminate();
  });
});

test("each kind of object has its number, its methods and its fields", async () => {
  const replies: Reply[] = [];
  const ntk = await loadVariant("js");
  const host = new Host(
    async () => ntk,
    (reply) => replies.push(reply),
  );
  const descent = { learningRate: 0.01 };
  const small = { inputs: 1, hidden: 8 };
  host.receive({ type: "load", id: 0, variant: "js", precision: "float64" });
  const calls: [method: string, args: unknown[], kind: string, methods: string[]][] = [
    [
      "fit",
      [net, X, Y, { ridge: 1 }],
      "fit",
      [
        "predict",
        "score",
        "sample",
        "parameters",
        "dualWeights",
        "influence",
        "toJSON",
        "snapshot",
        "update",
        "report",
      ],
    ],
    [
      "dynamics",
      [net, X, Y, descent],
      "dynamics",
      ["at", "outputsAt", "walk", "lossAt", "parametersAt", "eigenvectors"],
    ],
    ["ensemble", [infinite, X, Y], "ensemble", ["at", "sample"]],
    ["sampleKernel", [small, X, { draws: 2 }], "sampleKernel", ["step", "result", "estimate"]],
    ["linearize", [net], "linearize", ["at"]],
    ["training", [net, X, Y, { ...descent, steps: 2 }], "slices", ["next"]],
    ["comparing", [net, X, Y, { ...descent, steps: 2 }], "slices", ["next"]],
    ["sweeping", [X, Y, { widths: [8], learningRates: [0.1], steps: 2, seeds: 1 }], "slices", ["next"]],
    ["tuning", [infinite, X, Y], "slices", ["next"]],
    ["crossValidating", [net, X, Y], "slices", ["next"]],
    ["kernelTiles", [net, X], "slices", ["next"]],
    ["fitSums", [net, ntk.primalSums(net, X, Y)], "fitSums", ["predict", "score", "parameters", "sums", "report"]],
    ["fitStream", [net], "feed", ["push", "end", "fail", "stop"]],
    ["fitting", [infinite, X, Y, { ridge: 1 }], "slices", ["next"]],
    ["classify", [infinite, X, X.map((_, i) => i % 2)], "classify", ["predict", "score"]],
    ["spectrum", [net, X, Y], "spectrum", ["learningCurve"]],
  ];
  calls.forEach(([method, args], i) => {
    host.receive({ type: "call", id: i + 1, target: 0, method, args });
  });
  while (replies.length <= calls.length) await new Promise((resolve) => setTimeout(resolve, 1));
  const names = classMembers(ntk).map(([name]) => name);
  const methods = names.filter((name) => !["constructor", "dispose", "threads", "threadsReason"].includes(name));
  const handles = replies.map((reply) => (reply.type === "handle" ? reply.handle : reply));
  expect(handles[0]).toMatchObject({ target: 0, kind: "ntk", methods, fields: { ...ntk, threads: 1 } });
  expect(handles.slice(1)).toMatchObject(
    calls.map(([, , kind, asked], i) => ({ target: i + 1, kind, methods: asked })),
  );
  expect(handles[1]).toMatchObject({ fields: { path: [] } });
  expect(handles[4]).toMatchObject({ fields: { total: 2 } });
  expect(handles.at(-2)).toMatchObject({ fields: { classes: [0, 1] } });
  for (const handle of handles.slice(5, -2)) expect(handle).toMatchObject({ fields: {} });
  expect(handles.at(-1)).toMatchObject({ fields: { ...ntk.spectrum(net, X, Y) } });
  expect((handles[4] as Handle).fields).not.toHaveProperty("draws");
});

test("errors cross with their name and cause", () => {
  const inner = Object.assign(new Error("no memory"), { name: "CompileError" });
  const error = unpackError(packError(new BackendError("does not run", { cause: inner })));
  expect(error).toBeInstanceOf(BackendError);
  expect(error).toMatchObject({ name: "BackendError", cause: { name: "CompileError", message: "no memory" } });
  expect(unpackError(packError("thrown by hand"))).toMatchObject({ name: "Error", message: "thrown by hand" });
  for (const make of [
    NotPositiveDefiniteError,
    SingularMatrixError,
    ConvergenceError,
    MemoryLimitError,
    BackendError,
  ]) {
    const made = new (make as new (message: string) => Error)("message");
    expect(made.name).toBe(make.name);
    expect(unpackError(packError(made))).toBeInstanceOf(make);
  }
});

test("types are those of the plain API, as promises", () => {
  expectTypeOf<AsyncNtk["kernel"]>().returns.resolves.toEqualTypeOf<Matrix>();
  expectTypeOf<AsyncNtk["fit"]>().returns.resolves.toEqualTypeOf<AsyncFit>();
  expectTypeOf<AsyncFit["update"]>().returns.resolves.toEqualTypeOf<AsyncFit>();
  expectTypeOf<AsyncNtk["classify"]>().returns.resolves.toExtend<AsyncClassifier>();
  expectTypeOf<AsyncClassifier<string>["predict"]>().returns.resolves.toEqualTypeOf<ClassPrediction<string>>();
  expectTypeOf<AsyncNtk["spectrum"]>().returns.resolves.toEqualTypeOf<AsyncSpectrum>();
  expectTypeOf<AsyncSpectrum["eigenvectors"]>().toEqualTypeOf<Matrix>();
  expectTypeOf<AsyncSpectrum["learningCurve"]>().returns.resolves.toEqualTypeOf<LearningCurve>();
  expectTypeOf<AsyncNtk["alignment"]>().returns.resolves.toEqualTypeOf<number>();
  expectTypeOf<AsyncNtk["train"]>().returns.resolves.toEqualTypeOf<Trained>();
  expectTypeOf<AsyncNtk["variant"]>().toEqualTypeOf<Ntk["variant"]>();
});
