/** Ensembles of infinitely wide networks against textbook linear algebra, the posterior, and trained wide networks. */
import { beforeAll, describe, expect, test } from "vitest";
import { createInfiniteNetwork, createNetwork, type Matrix, type Ntk } from "../../src/index.js";
import { multiply, type Rows, toRows, transpose } from "../oracle/dense.js";
import { expectNear, expectRelative, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 7;
const X = randomMatrix(N, 2, 1, 2);
const Y = randomMatrix(N, 2, 2);
const T = randomMatrix(5, 2, 3, 2);
const MODEL = createInfiniteNetwork({ activation: "erf", depth: 2, weightStd: 1.4, biasStd: 0.5 });
const READOUT = { ...MODEL, kernel: "nngp" as const };
const add = (A: Rows, B: Rows, factor = 1) => A.map((row, i) => row.map((x, j) => x + factor * B[i][j]));

/**
 * Plain Euler steps of f ← f − η/n Θ(·, X)(f(X) − y) on the joint linear map f_t = M f_0 + A y: M and A after k steps.
 */
function steps(onTrain: Rows, onTest: Rows, rate: number, count: number) {
  const n = N * Y.cols;
  let A: Rows = onTest.map((row) => row.map(() => 0));
  let train: Rows = onTrain.map((row) => row.map(() => 0));
  for (let k = 0; k < count; k++) {
    // The residual of the training outputs is (I − train)(y − f_0).
    const rest = train.map((row, i) => row.map((x, j) => (i === j ? 1 : 0) - x));
    A = add(A, multiply(onTest, rest), rate / n);
    train = add(train, multiply(onTrain, rest), rate / n);
  }
  return A;
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  let kernels: { Theta: Rows; cross: Rows; K: Rows; Kcross: Rows; Kall: Rows };
  beforeAll(async () => {
    ntk = await loadVariant(variant);
    const rows = (model: typeof MODEL, A: Matrix, B: Matrix) => toRows(ntk.kernel(model, A, B));
    kernels = {
      Theta: rows(MODEL, X, X),
      cross: rows(MODEL, T, X),
      K: rows(READOUT, X, X),
      Kcross: rows(READOUT, T, X),
      Kall: rows(READOUT, T, T),
    };
  });

  test.each(["ntk", "nngp"] as const)("descent after k steps, %s", (kernel) => {
    const { K, Kcross, Kall } = kernels;
    const [Theta, cross] = kernel === "ntk" ? [kernels.Theta, kernels.cross] : [K, Kcross];
    const model = kernel === "ntk" ? MODEL : READOUT;
    using probe = ntk.ensemble(model, X, Y);
    const learningRate = 0.7 * probe.maxLearningRate;
    using networks = ntk.ensemble(model, X, Y, { kind: "descent", learningRate });
    const times = [0, 1, 6, 40];
    networks.at(times, T, { covariance: true }).forEach(({ mean, variance, covariance }, i) => {
      const A = steps(Theta, cross, learningRate, times[i]);
      const overlap = multiply(A, transpose(Kcross));
      const want = add(add(add(Kall, multiply(multiply(A, K), transpose(A))), overlap, -1), transpose(overlap), -1);
      expectRelative(mean.data, multiply(A, toRows(Y)).flat(), 1e-11, `mean at ${times[i]}`);
      expectRelative(covariance?.data ?? [], want.flat(), 1e-11, `covariance at ${times[i]}`);
      expectRelative(
        variance.data,
        want.flatMap((row, j) => [row[j], row[j]]),
        1e-11,
        `variance at ${times[i]}`,
      );
    });
    const alone = networks.at(6, T).variance;
    expectRelative(
      alone.data,
      networks.at(6, T, { covariance: true }).variance.data,
      1e-12,
      "variance without covariance",
    );
  });

  test("t = 0 is the prior, t = ∞ interpolates", () => {
    using networks = ntk.ensemble(MODEL, X, Y);
    const start = networks.at(0, T, { covariance: true });
    expect(Array.from(start.mean.data)).toEqual(new Array(10).fill(0));
    expectRelative(start.covariance?.data ?? [], kernels.Kall.flat(), 1e-14, "prior");
    const end = networks.at(Infinity);
    expectRelative(end.mean.data, Y.data, 1e-8, "targets");
    expect(
      maxAbs(end.variance.data),
      "variance at the data, at the end: rounding times the condition number",
    ).toBeLessThanOrEqual(1e-8 * kernels.K[0][0]);
    using fit = ntk.fit(MODEL, X, Y);
    expectRelative(networks.at(Infinity, T).mean.data, fit.predict(T).mean.data, 1e-8, "mean of the kernel regression");
  });

  test("the readout alone, and the NTK as prior, end at the posteriors of their kernels", () => {
    for (const [model, prior] of [
      [READOUT, "nngp"],
      [MODEL, "ntk"],
    ] as const) {
      using networks = ntk.ensemble(model, X, Y, { prior });
      using fit = ntk.fit(model, X, Y);
      const [end, posterior] = [networks.at(Infinity, T, { covariance: true }), fit.predict(T, { covariance: true })];
      expectRelative(end.mean.data, posterior.mean.data, 1e-7, "mean");
      const size = kernels.Kall[0][0];
      expectNear(
        end.covariance?.data ?? [],
        posterior.covariance?.data ?? [],
        1e-7 * size,
        `covariance at the end, prior ${prior}: rounding times the condition number at ridge 0`,
      );
    }
    // With weight decay the mean is the mean of ridge n κ.
    using decayed = ntk.ensemble(READOUT, X, Y, { weightDecay: 0.01 });
    using ridge = ntk.fit(READOUT, X, Y, { ridge: 0.01 * N * Y.cols });
    expectRelative(decayed.at(Infinity, T).mean.data, ridge.predict(T).mean.data, 1e-10, "decay");
  });

  test("covariances are symmetric and positive semi-definite at all times", () => {
    const all: Matrix = { data: Float64Array.of(...X.data, ...T.data), rows: N + 5, cols: 2 };
    for (const options of [{}, { weightDecay: 0.1 }, { prior: "ntk" as const }]) {
      using networks = ntk.ensemble(MODEL, X, Y, options);
      for (const { covariance } of networks.at([0, 0.1, 10, 1e4, Infinity], all, { covariance: true })) {
        const { data, rows } = covariance as Matrix;
        for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) expect(data[i * rows + j]).toBe(data[j * rows + i]);
        const prior = ntk.kernelDiagonal(READOUT, all).reduce((sum, x) => sum + x, 0);
        expect(ntk.eigh(covariance as Matrix).values[0]).toBeGreaterThanOrEqual(-1e-12 * prior);
      }
    }
  });

  test("samples have the mean and the covariance", () => {
    using networks = ntk.ensemble(MODEL, X, Y);
    const t = 20;
    const draws = 3000;
    const samples = networks.sample(t, T, { draws, seed: 5 });
    expect(samples[0]).toMatchObject({ rows: 5, cols: 2 });
    expect(networks.sample(t, T, { draws: 2, seed: 5 })[1].data).toEqual(samples[1].data);
    const { mean, variance, covariance } = networks.at(t, T, { covariance: true });
    mean.data.forEach((want, at) => {
      const values = samples.map(({ data }) => data[at]);
      const average = values.reduce((sum, x) => sum + x, 0) / draws;
      expect(Math.abs(average - want), `mean of the draws, entry ${at}: 4.5 standard errors`).toBeLessThanOrEqual(
        4.5 * Math.sqrt(variance.data[at] / draws),
      );
    });
    // Points 0 and 1 of output 0; the error of a sample covariance is about √(2/draws) of the variances.
    const product =
      samples.reduce((sum, { data }) => sum + (data[0] - mean.data[0]) * (data[2] - mean.data[2]), 0) / draws;
    const size = Math.sqrt(variance.data[0] * variance.data[2]);
    expect(
      Math.abs(product - (covariance?.data[1] ?? 0)),
      "covariance of the draws: 5 standard errors",
    ).toBeLessThanOrEqual(5 * Math.sqrt(2 / draws) * size);
    using fit = ntk.fit(MODEL, X, Y, { ridge: 0.1 });
    const [first] = fit.sample(T, { seed: 3 });
    expect(first).toMatchObject({ rows: 5, cols: 2 });
    expect(fit.sample(T, { seed: 3, noise: true })[0].data).not.toEqual(first.data);
  });

  test("wide networks, trained, have this mean and variance", () => {
    // 60 networks of 512 units; their fluctuation is a standard error, their width an error of order 1/m.
    const [m, seeds] = [512, 60];
    const model = createInfiniteNetwork({ activation: "erf", weightStd: 1.4, biasStd: 0.5 });
    const y = Array.from({ length: N }, (_, i) => Y.data[2 * i]);
    using networks = ntk.ensemble(model, X, y, { kind: "descent", learningRate: 0.5 });
    const steps = 30;
    const { mean, variance } = networks.at(steps, T);
    const outputs = Array.from({ length: seeds }, (_, seed) => {
      const net = createNetwork({
        inputs: 2,
        hidden: m,
        activation: "erf",
        init: "ntk",
        weightStd: 1.4,
        biasStd: 0.5,
        seed,
      });
      const { network } = ntk.train(net, X, y, { learningRate: 0.5, steps, recordAt: [] });
      return ntk.forward(network, T).data;
    });
    mean.data.forEach((want, i) => {
      const values = outputs.map((data) => data[i]);
      const average = values.reduce((sum, x) => sum + x, 0) / seeds;
      const spread = values.reduce((sum, x) => sum + (x - average) ** 2, 0) / (seeds - 1);
      const error = Math.sqrt(variance.data[i] / seeds);
      expect(
        Math.abs(average - want),
        `mean of trained networks, point ${i}: 4 standard errors, and 20/m`,
      ).toBeLessThanOrEqual(4 * error + 20 / m);
      expect(
        Math.abs(spread / variance.data[i] - 1),
        `variance of trained networks, point ${i}: 4 standard errors, and 20/m`,
      ).toBeLessThanOrEqual(4 * Math.sqrt(2 / seeds) + 20 / m);
    });
  });

  test("bad input", () => {
    const make =
      (options: object, model: unknown = MODEL) =>
      () =>
        ntk.ensemble(model as typeof MODEL, X, Y, options);
    expect(make({}, createNetwork({ inputs: 2, hidden: 3 }))).toThrow(/expected an infinite network/);
    expect(make({ prior: "ntkk" })).toThrow(RangeError);
    expect(make({ kind: "descent" })).toThrow(/learningRate is undefined/);
    expect(make({ rate: 1 })).toThrow(TypeError);
    expect(() => ntk.ensemble(MODEL, X, [1, 2])).toThrow(/Y has 2 rows; expected 7/);
    using networks = ntk.ensemble(MODEL, X, Y);
    expect(() => networks.at(-1)).toThrow(/t is -1/);
    expect(() => networks.at(1, [[1, 2, 3]])).toThrow(/X has 3 columns; expected 2/);
    expect(() => networks.sample(1, T, { draws: 0 })).toThrow(/draws is 0/);
    networks.dispose();
    expect(() => networks.at(1)).toThrow(/disposed/);
  });
});
