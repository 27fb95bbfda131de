/**
 * Every public call at the ends of the doubles: each number of what comes back is finite, or stands in the table of
 * documented exceptions, or the call is refused by a typed error that names a cause.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  addSums,
  checkKernel,
  createInfiniteNetwork,
  createNetwork,
  describeData,
  initialization,
  linearKernel,
  type Model,
  maternKernel,
  type Network,
  type Ntk,
  noiseAt,
  periodicKernel,
  productOf,
  randomFeatures,
  rbfKernel,
  scaled,
  standardize,
  sumOf,
} from "../../src/index.js";
import { loadVariant, variants } from "../setup/variants.js";
import { complaints } from "./refusals.js";

const SCALES = [1e-323, 1e-320, 1e-300, 1e-160, 1e-154, 1e154, 1e160, 1e300];
const AXES = ["X", "Y", "weights", "ridge", "noise", "scale"] as const;
type Axis = (typeof AXES)[number];

/** What a call is made of, with one part of it at an end of the doubles. */
function worldOf(axis: Axis, s: number) {
  const by = (name: Axis, list: number[]) => (name === axis ? list.map((x) => x * s) : list);
  const X = by("X", [0.3, -1, 2, 0.7]);
  const Y = by("Y", [1, -0.5, 2, 0.25]);
  const network = (options: Parameters<typeof createNetwork>[0]): Network => {
    const net = createNetwork(options);
    return { ...net, parameters: Float64Array.from(by("weights", [...net.parameters])) };
  };
  const [std] = by("weights", [1.5]);
  const [ridge] = by("ridge", [0.1]);
  const noise = by("noise", [0.1, 0.2, 0.3, 0.4]);
  const [factor] = by("scale", [2]);
  const shape = { inputs: 1, hidden: 3, biasStd: 1 } as const;
  return {
    X,
    Y,
    Y2: Y.map((y) => [y, -y]),
    Xnew: by("X", [0.1, 1.5]),
    ridge,
    ridges: [ridge, 10 * ridge],
    noise,
    factor,
    std,
    shape,
    net: network(shape),
    tanh: network({ ...shape, activation: "tanh", outputs: 2 }),
    relu: network({ ...shape, hidden: [3, 4], activation: "relu" }),
    infinite: createInfiniteNetwork({ activation: "relu", weightStd: std, biasStd: 0.5 }),
    erf: createInfiniteNetwork({ activation: "erf", depth: 2, weightStd: std }),
  };
}
type World = ReturnType<typeof worldOf>;

const run = { learningRate: 0.1, steps: 3 };

/** A fit, and all that it has to say. */
function saysOf(fit: ReturnType<Ntk["fit"]>, { Xnew }: World) {
  return {
    report: () => fit.report,
    path: () => fit.path,
    predict: () => fit.predict(Xnew, { covariance: true, noise: true }),
    interval: () => fit.predict(Xnew, { interval: { level: 0.5 } }),
    gradient: () => fit.predict(Xnew, { gradient: true }),
    mean: () => fit.report.meanCoefficients,
    sample: () => fit.sample(Xnew, { draws: 2 }),
    score: () => fit.score(Xnew, fit.predict(Xnew).mean),
    dualWeights: () => fit.dualWeights(),
    influence: () => fit.influence([[Xnew[0]]]),
    json: () => JSON.parse(JSON.stringify(fit)),
    parameters: () => fit.parameters(),
    update: () => fit.update({ add: { X: [Xnew[1]], Y: [fit.predict([Xnew[1]]).mean.data] } }).predict(Xnew),
    updated: () => fit.report,
    dispose: () => fit.dispose(),
  };
}

type Call = (ntk: Ntk, world: World) => unknown;

/** Every public call. A record of functions is called one by one: what one refuses, the others may answer. */
const CALLS: Record<string, Call> = {
  initialization: (_, w) => initialization({ ...w.shape, weightStd: w.std }).variances,
  expectedKernel: (_, w) => initialization({ ...w.shape, weightStd: w.std }).expectedKernel(w.X),
  hiddenShare: (_, w) => initialization({ ...w.shape, weightStd: w.std }).hiddenShare(w.X),
  maxLearningRate: (_, w) => initialization({ ...w.shape, weightStd: w.std }).maxLearningRate(w.X),
  standardize: (_, w) => {
    const { apply, invert, ...map } = standardize(w.X);
    return { map: () => map, apply: () => apply(w.Xnew), invert: () => invert(w.Xnew) };
  },
  describeData: (_, w) => describeData(w.X, w.Y),
  checkKernel: (ntk, w) => checkKernel({ kernel: (A, B) => ntk.kernel(w.infinite, A, B) }, w.X),
  noiseAt: (_, w) => noiseAt({ edges: [w.X[0]], variances: [w.noise[0], w.noise[1]] }, w.X),
  createNetwork: (_, w) => createNetwork({ ...w.shape, weightStd: w.std, seed: 1 }),
  createInfiniteNetwork: (_, w) => createInfiniteNetwork({ weightStd: w.std }),
  forward: (ntk, w) => ({ net: () => ntk.forward(w.net, w.X), relu: () => ntk.forward(w.relu, w.X) }),
  jacobian: (ntk, w) => ({ net: () => ntk.jacobian(w.net, w.X), relu: () => ntk.jacobian(w.relu, w.X) }),
  ...each("kernel", (ntk, model, w) => ntk.kernel(model, w.X, w.Xnew)),
  ...each("kernel, symmetric", (ntk, model, w) => ntk.kernel(model, w.X)),
  ...each("kernelTiles", (ntk, model, w) => [...ntk.kernelTiles(model, w.X)]),
  ...each("kernelDiagonal", (ntk, model, w) => ntk.kernelDiagonal(model, w.X)),
  kernelBlocks: (ntk, w) => ({
    net: () => ntk.kernelBlocks(w.net, w.X),
    tanh: () => ntk.kernelBlocks(w.tanh, w.X, w.Xnew),
    relu: () => ntk.kernelBlocks(w.relu, w.X),
  }),
  kernelTimesVector: (ntk, w) => ({
    net: () => ntk.kernelTimesVector(w.net, w.X, w.Y),
    relu: () => ntk.kernelTimesVector(w.relu, w.X, w.Y),
  }),
  features: (ntk, w) => ntk.features(randomFeatures(w.infinite, { count: 5 }), w.X),
  ...each("fit", (ntk, model, w) => saysOf(ntk.fit(model, w.X, w.Y, { ridge: w.ridge }), w)),
  ...each("fit with scale", (ntk, model, w) => saysOf(ntk.fit(model, w.X, w.Y, { ridge: w.ridge, scale: "fit" }), w)),
  ...each("fit on a path", (ntk, model, w) => saysOf(ntk.fit(model, w.X, w.Y, { ridges: w.ridges }), w)),
  ...each("fit of outputs", (ntk, model, w) =>
    saysOf(ntk.fit(model, w.X, w.Y2, { ridges: w.ridges, perOutput: true, outputs: "average" }), w),
  ),
  ...each("fit with noise", (ntk, model, w) => saysOf(ntk.fit(model, w.X, w.Y, { ridge: w.ridge, noise: w.noise }), w)),
  ...each("fit with weights", (ntk, model, w) =>
    saysOf(ntk.fit(model, w.X, w.Y, { ridge: w.ridge, weights: w.noise, scale: "fit" }), w),
  ),
  ...each("fit with a mean", (ntk, model, w) =>
    saysOf(ntk.fit(model, w.X, w.Y, { ridge: w.ridge, mean: "constant" }), w),
  ),
  ...each("tune the inputs", (ntk, model, w) =>
    ntk.tune(model, w.X, w.Y, { inputScales: { starts: 1 }, evaluations: 6 }),
  ),
  ...each("fit without ridge", (ntk, model, w) => saysOf(ntk.fit(model, w.X, w.Y), w)),
  "fit, primal": (ntk, w) => saysOf(ntk.fit(w.net, w.X, w.Y, { ridge: w.ridge, solver: "primal" }), w),
  "fit, cg": (ntk, w) => saysOf(ntk.fit(w.relu, w.X, w.Y, { ridge: w.ridge, solver: "cg" }), w),
  "fit, lowrank": (ntk, w) => saysOf(ntk.fit(w.infinite, w.X, w.Y, { ridge: w.ridge, solver: "lowrank" }), w),
  restore: (ntk, w) => saysOf(ntk.restore(ntk.fit(w.net, w.X, w.Y, { ridge: w.ridge, scale: "fit" }).snapshot()), w),
  primalSums: (ntk, w) => ntk.primalSums(w.net, w.X, w.Y),
  addSums: (ntk, w) => addSums(ntk.primalSums(w.net, w.X, w.Y), ntk.primalSums(w.net, w.X, w.Y)),
  fitSums: (ntk, w) => {
    const fit = ntk.fitSums(w.net, ntk.primalSums(w.net, w.X, w.Y), { ridge: w.ridge, scale: "fit" });
    return {
      report: () => fit.report,
      predict: () => fit.predict(w.Xnew, { covariance: true }),
      parameters: () => fit.parameters(),
      dispose: () => fit.dispose(),
    };
  },
  ...each("classify", (ntk, model, w) => {
    const classes = ntk.classify(model, w.X, [0, 1, 0, 1], { scale: w.factor });
    return {
      report: () => classes.report,
      predict: () => classes.predict(w.Xnew),
      dispose: () => classes.dispose(),
    };
  }),
  "classify, others": (ntk, w) => ({
    softmax: () => all(ntk.classify(w.infinite, w.X, [0, 1, 2, 1]), w),
    fitted: () => all(ntk.classify(w.infinite, w.X, [0, 1, 0, 1], { scale: "fit" }), w),
    dirichlet: () => all(ntk.classify(w.infinite, w.X, [0, 1, 2, 1], { method: "dirichlet" }), w),
    ridge: () => all(ntk.classify(w.infinite, w.X, [0, 1, 2, 1], { method: "ridge", ridge: w.ridge }), w),
  }),
  ...each("spectrum", (ntk, model, w) => {
    const spectrum = ntk.spectrum(model, w.X, w.Y);
    return {
      all: () => spectrum,
      curve: () => spectrum.learningCurve({ sizes: [1, 2], ridge: w.ridge, noise: w.noise[0] }),
    };
  }),
  "spectrum, top": (ntk, w) => ntk.spectrum(w.net, w.X, w.Y, { top: 2 }),
  alignment: (ntk, w) => ({
    models: () => ntk.alignment(w.net, w.infinite, w.X),
    targets: () => ntk.alignment(w.relu, w.Y, w.X),
  }),
  ...each("dynamics", (ntk, model, w) => {
    const path = ntk.dynamics(model, w.X, w.Y, { learningRate: 0.1 });
    return {
      rate: () => path.maxLearningRate,
      at: () => path.at([0, 1, 10], w.Xnew),
      end: () => path.at(Infinity),
      loss: () => path.lossAt(3),
      parameters: () => path.parametersAt(2),
      dispose: () => path.dispose(),
    };
  }),
  "dynamics, logistic": (ntk, w) => {
    const path = ntk.dynamics(w.infinite, w.X, [1, -1, 1, -1], { learningRate: 0.1, loss: "logistic" });
    return { rate: () => path.maxLearningRate, at: () => path.at([1, 5], w.Xnew), loss: () => path.lossAt(2) };
  },
  train: (ntk, w) => ({
    net: () => ntk.train(w.net, w.X, w.Y, run),
    tanh: () =>
      ntk.train(w.tanh, w.X, w.Y2, {
        ...run,
        record: ["sharpness", "kernelAlignment", "targetAlignment"],
        Xtest: w.Xnew,
        Ytest: w.Y2.slice(0, 2),
      }),
    relu: () => ntk.train(w.relu, w.X, w.Y, { ...run, optimizer: "adam", record: ["sharpness"] }),
  }),
  compare: (ntk, w) => ({
    net: () => ntk.compare(w.net, w.X, w.Y, { ...run, Xtest: w.Xnew, Ytest: w.Y.slice(0, 2) }),
    relu: () => ntk.compare(w.relu, w.X, w.Y, run),
  }),
  sweep: (ntk, w) => ({
    rates: () =>
      ntk.sweep(w.X, w.Y, { widths: [2, 4], learningRates: [0.1], steps: 2, seeds: 2, network: { weightStd: w.std } }),
    fraction: () => ntk.sweep(w.X, w.Y, { widths: [2, 4], learningRates: [{ fraction: 0.1 }], steps: 2, seeds: 2 }),
  }),
  ensemble: (ntk, w) => {
    const networks = ntk.ensemble(w.infinite, w.X, w.Y);
    return {
      at: () => networks.at([0, 2], w.Xnew, { covariance: true }),
      end: () => networks.at(Infinity, w.Xnew, { covariance: true }),
      sample: () => networks.sample(1, w.Xnew, { draws: 2 }),
      dispose: () => networks.dispose(),
    };
  },
  sampleKernel: (ntk, w) => ntk.sampleKernel({ ...w.shape, weightStd: w.std }, w.X, { draws: 3 }).result(),
  "sampleKernel, one draw": (ntk, w) => ntk.sampleKernel({ ...w.shape, weightStd: w.std }, w.X, { draws: 1 }).result(),
  crossValidate: (ntk, w) => ({
    fits: () => ntk.crossValidate([w.infinite, w.net], w.X, w.Y, { folds: 2, ridge: w.ridge, scale: "fit" }),
    standardized: () => ntk.crossValidate(w.infinite, w.X, w.Y, { folds: 2, ridge: 1, standardize: "both" }),
    classes: () => ntk.crossValidate(w.infinite, w.X, [0, 1, 0, 1], { folds: 2, classify: { scale: w.factor } }),
    loo: () => ntk.crossValidate(w.infinite, w.X, w.Y, { folds: "loo", ridge: w.ridge }),
  }),
  tune: (ntk, w) => ({
    evidence: () => ntk.tune(w.infinite, w.X, w.Y, { evaluations: 3, weightStd: [0.5, 2] }),
    loo: () => ntk.tune(w.infinite, w.X, w.Y, { evaluations: 3, criterion: "loo" }),
    laplace: () => ntk.tune(w.infinite, w.X, [0, 1, 0, 1], { evaluations: 3, criterion: "laplace" }),
    finite: () => ntk.tune(w.net, w.X, w.Y, { evaluations: 3 }),
  }),
  linearize: (ntk, w) =>
    ntk.linearize(w.net).at(
      Float64Array.from(w.net.parameters, (x) => 2 * x),
      w.X,
    ),
  linalg: (ntk, w) => {
    const rows = [w.X, w.Y];
    const A = [
      [2 * w.factor, w.factor],
      [w.factor, 3 * w.factor],
    ];
    return {
      matmul: () => ntk.matmul(rows, w.X),
      gram: () => ntk.gram(rows),
      cholesky: () => ntk.cholesky(A),
      solve: () => ntk.solve(A, [1, 2]),
      "solve, lu": () => ntk.solve(A, [1, 2], { method: "lu" }),
      inverse: () => ntk.inverse(A),
      logDeterminant: () => ntk.logDeterminant(A),
      leastSquares: () => ntk.leastSquares(A, [1, 2]),
      svd: () => ntk.svd(A),
      eigh: () => ntk.eigh(A),
    };
  },
};

function all(classes: ReturnType<Ntk["classify"]>, { Xnew }: World) {
  return { report: classes.report, prediction: classes.predict(Xnew), dispose: classes.dispose() };
}

/** A call for models of each kind. */
function each(of: string, call: (ntk: Ntk, model: Model, world: World) => unknown): Record<string, Call> {
  const models: Record<string, (world: World) => Model> = {
    finite: ({ net }) => net,
    deep: ({ relu }) => relu,
    infinite: ({ infinite }) => infinite,
    "infinite, deep": ({ erf }) => erf,
    rbf: ({ std }) => rbfKernel({ lengthScale: std }),
    matern: ({ std }) => maternKernel({ lengthScale: std, nu: 1.5 }),
    periodic: ({ std }) => periodicKernel({ period: std, amplitude: std }),
    linear: ({ std }) => linearKernel({ weightStd: std, biasStd: 1 }),
    product: ({ net, infinite, factor }) => scaled(productOf([net, infinite]), factor),
    composed: ({ net, infinite, factor }) => sumOf([{ model: net, weight: factor }, { model: infinite }]),
  };
  return Object.fromEntries(
    Object.entries(models).map(([name, model]) => [`${of} (${name})`, (ntk, w) => call(ntk, model(w), w)]),
  );
}

const times = (list: Iterable<number>, k: number) => Array.from(list, (x) => x * 2 ** k);

/** What each variant refused, by the axis and the scale. */
const refusals = new Map<string, Map<string, string[]>>();

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });
  describe("results whose squares leave the doubles", () => {
    const X = [0.3, -1, 2, 0.7];
    const ones = { inputs: 1, hidden: 3, bias: false, activation: "relu" } as const;

    test.each([-300, 300])("the standard error of sampled kernels, inputs times 2^%d", (k) => {
      const of = (x: number[]) => ntk.sampleKernel(ones, x, { draws: 4 }).result();
      const [small, large] = [of(X), of(times(X, k))];
      expect([...large.mean.data]).toEqual(times(small.mean.data, 2 * k));
      expect([...large.standardError.data]).toEqual(times(small.standardError.data, 2 * k));
    });

    test.each([-540, 540])("the leave-one-out error of a path, targets times 2^%d", (k) => {
      const of = (Y: number[]) => ntk.fit(rbfKernel(), X, Y, { ridges: [0.1, 1] }).path.map((one) => one.looRmse ?? 0);
      const Y = [1, -0.5, 2, 0.25];
      for (const [i, error] of of(times(Y, k)).entries()) {
        expect(error / 2 ** k / of(Y)[i], `ridge ${i}`).toBeCloseTo(1, 13);
      }
    });

    test.each([-300, 300])("the kernel drift, inputs times 2^%d", (k) => {
      // Scaled inputs and readouts, and a rate that undoes both: the same steps in other units.
      const net = createNetwork({ ...ones, seed: 1 });
      const of = (x: number[], learningRate: number, j: number) =>
        ntk.train(net, x, times([1, -0.5, 2, 0.25], j), { learningRate, steps: 2 }).kernelDrift.at(-1);
      expect((of(times(X, k), 0.01 * 2 ** (-2 * k), k) ?? 0) / (of(X, 0.01, 0) ?? 0)).toBeCloseTo(1, 12);
    });

    test.each([-505, 505])("the gap to the first-order model, inputs and targets times 2^%d", (k) => {
      const net = createNetwork({ ...ones, seed: 1 });
      const of = (k: number) =>
        ntk.compare(net, times(X, k), times([1, -0.5, 2, 0.25], k), { learningRate: 0.01 * 2 ** (-2 * k), steps: 2 })
          .gap;
      expect((of(k).at(-1) ?? 0) / (of(0).at(-1) ?? 1)).toBeCloseTo(1, 9);
    });
  });

  test.each([[[5]], [[5, 4]], [[3, 4, 2]]])("a kernel where only x·x' overflows: hidden layers of %j", (hidden) => {
    const depth = hidden.length;
    const outer = [depth > 1 ? "c1" : "c", "b"];
    for (const parametrization of ["standard", "ntk"] as const) {
      const net = createNetwork({
        ...{ inputs: 2, hidden, activation: "relu", bias: false, outputs: 2, parametrization, seed: 3 },
        rates: { b: 0.5, [outer[0]]: 0.25 },
      });
      const small = { ...net, parameters: net.parameters.slice() };
      for (const { name, offset, length } of net.blocks)
        if (outer.includes(name)) for (let p = offset; p < offset + length; p++) small.parameters[p] *= 2 ** -500;
      const X = [
        [0.3, -1],
        [2, 0.7],
        [-0.4, 1.1],
      ];
      const large = X.map((x) => times(x, 664));
      // Features are 2^164 times as large, gradients 2^-500 times.
      const powers = (name: string) => (outer.includes(name) ? 328 : -672);
      const blocks = ntk.kernelBlocks(net, X);
      const found = ntk.kernelBlocks(small, large);
      for (const [name, { data }] of Object.entries(blocks))
        expect([...found[name].data], name).toEqual(times(data, powers(name)));
      const sums = ntk.kernel(small, large).data;
      for (const [at, value] of sums.entries()) {
        const terms = Object.entries(blocks).map(([name, { data }]) => data[at] * 2 ** powers(name));
        const expected = terms.reduce((sum, term) => sum + term, 0);
        expect(Math.abs(value - expected), `entry ${at}`).toBeLessThanOrEqual(1e-14 * 2 ** 328);
      }
      const diagonal = ntk.kernelDiagonal(small, large);
      for (let i = 0; i < 3; i++) expect(diagonal[i] / sums[4 * i]).toBeCloseTo(1, 13);
      const full = ntk.kernel(small, large, large.slice(1), { outputs: "full" }).data;
      expect(full.every(Number.isFinite)).toBe(true);
      expect((full[0] + full[5]) / 2 / sums[1]).toBeCloseTo(1, 13);
      // What truly overflows is not finite: refused where it is NaN.
      expect(complaints("kernel", () => ntk.kernel(net, large), [])).toEqual([]);
      expect(() =>
        ntk.fit(net, large, [
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      ).toThrow(/overflows float64/);
    }
  });

  test("shares of the hidden layer, and columns of the smallest doubles", () => {
    const share = (std: number) =>
      initialization({ inputs: 1, hidden: 3, bias: false, activation: "relu", weightStd: std }).hiddenShare([1, 2, 3]);
    expect(share(2 ** 250)).toBeCloseTo(share(1), 14);
    const { X, std } = standardize([5e-324, 0, 0, 0, 0, 0]);
    expect(std[0]).toBeGreaterThan(0);
    expect(X.data.every(Number.isFinite)).toBe(true);
  });

  describe.each(AXES)("%s", (axis) => {
    test.each(SCALES)("at %d", (s) => {
      const world = worldOf(axis, s);
      const refused: string[] = [];
      const found = Object.entries(CALLS).flatMap(([of, call]) => complaints(of, () => call(ntk, world), refused));
      expect(found).toEqual([]);
      const at = `${axis} at ${s}`;
      refusals.set(at, (refusals.get(at) ?? new Map()).set(variant, refused));
    });
  });
});

test("every variant refuses the same, by the same class of error", () => {
  for (const [at, byVariant] of refusals) {
    const [[first, expected], ...others] = byVariant;
    for (const [variant, refused] of others) expect(refused, `${at}: ${variant} beside ${first}`).toEqual(expected);
  }
});
