/** solver "cg": the dual answer without its matrix. */
import { beforeAll, describe, expect, test } from "vitest";
import { ConvergenceError, createNetwork, type Ntk, precomputed } from "../../src/index.js";
import { normFromBelow } from "../../src/regression/matrixFreeSystem.js";
import { toRows } from "../oracle/dense.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 60;

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each([
    ["one hidden layer", createNetwork({ inputs: 2, hidden: 70, biasStd: 1, activation: "tanh", seed: 4 })],
    ["deep, two outputs", createNetwork({ inputs: 2, hidden: [20, 30], outputs: 2, biasStd: 1, seed: 5 })],
  ])("agrees with the factorisation: %s", (_, net) => {
    const X = randomMatrix(N, 2, 1, 2);
    const T = randomMatrix(5, 2, 2, 2);
    const Y = {
      data: Float64Array.from({ length: N * net.outputs }, (_, i) => Math.sin(2 * X.data[i % (2 * N)])),
      rows: N,
      cols: net.outputs,
    };
    using fit = ntk.fit(net, X, Y, { ridge: 0.1, solver: "cg" });
    using dual = ntk.fit(net, X, Y, { ridge: 0.1, solver: "dual" });
    const size = N * net.outputs;
    expect(fit.report).toMatchObject({ solver: "cg", precision: "float64", ridge: 0.1, fallback: undefined });
    expect(fit.report.iterations).toBeGreaterThan(1);
    expect(fit.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
      2 * size * Number.EPSILON,
    );
    const [got, want] = [fit.predict(T, { covariance: true }), dual.predict(T, { covariance: true })];
    // Backward errors of Nε, magnified by the condition number.
    const allowed = 4 * size * Number.EPSILON * (dual.report.conditionNumber as number);
    expectNear(got.mean.data, want.mean.data, allowed, "mean: backward errors of Nε times the condition number");
    const prior = maxAbs(ntk.kernelDiagonal(net, T, { outputs: "full" }));
    expectNear(
      got.variance?.data ?? [],
      want.variance?.data ?? [],
      allowed * prior,
      "variance: as the mean, of the prior's size",
    );
    expectNear(
      got.covariance?.data ?? [],
      want.covariance?.data ?? [],
      allowed * prior,
      "covariance: as the mean, of the prior's size",
    );
    expectNear(
      fit.parameters(),
      dual.parameters(),
      allowed,
      "weights: backward errors of Nε times the condition number",
    );
    for (const key of ["rank", "conditionNumber", "degreesOfFreedom", "looResiduals"] as const)
      expect(fit.report[key], key).toBeUndefined();
    expect(JSON.parse(JSON.stringify(fit))).toMatchObject({ solver: "cg", ridge: 0.1 });
  });

  test("more points than an N×N matrix would fit: features by tiles", () => {
    const net = createNetwork({ inputs: 1, hidden: 8, biasStd: 1, weightStd: 3, activation: "tanh", seed: 1 });
    const X = randomMatrix(30000, 1, 3);
    const Y = X.data.map((x) => Math.sin(3 * x));
    using fit = ntk.fit(net, X, Y, { ridge: 100, solver: "cg" });
    using primal = ntk.fit(net, X, Y, { ridge: 100, solver: "primal" });
    const T = [-0.5, 0, 0.7];
    const means = [fit, primal].map((each) => each.predict(T, { variance: false }).mean.data);
    expectNear(
      means[0],
      means[1],
      1e-7,
      "means, cg and primal: two backward errors at rounding level, times the condition number",
    );
  });

  test("a singular kernel without a ridge that counts: the minimum-norm answer, and few iterations", () => {
    const T = randomMatrix(5, 2, 2, 1);
    for (const [rows, hidden, bias] of [
      [12, 2, true],
      [30, 3, true],
      [9, 40, true],
      [14, 5, false],
    ] as const) {
      const net = createNetwork({
        inputs: 2,
        hidden,
        bias,
        ...(bias && { biasStd: 2 }),
        weightStd: 3,
        activation: "sin",
        seed: 4,
      });
      const some = randomMatrix(rows, 2, 3, 2);
      // Two rows that repeat others, with targets that contradict them.
      const X = Float64Array.of(...some.data, ...some.data.subarray(0, 4));
      const Y = Float64Array.from({ length: rows + 2 }, (_, i) => Math.cos(5 * i));
      for (const ridge of [0, 1e-40, 1e-19]) {
        const data = { data: X, rows: rows + 2, cols: 2 };
        const fit = ntk.fit(net, data, Y, { ridge, solver: "cg" });
        const dual = ntk.fit(net, data, Y, { ridge, solver: "dual" });
        expect(dual.report.solver).toBe("eigen");
        const size = rows + 2;
        // Both leave out what is at rounding level; the modes that are kept magnify rounding by their condition number.
        const allowed = 20 * size * Number.EPSILON * (dual.report.conditionNumber as number);
        expect(allowed).toBeLessThan(1e-3);
        const [got, want] = [fit.predict(T), dual.predict(T)];
        expectNear(
          got.mean.data,
          want.mean.data,
          allowed,
          `mean, ${rows} rows, ridge ${ridge}: kept modes magnify rounding by their condition number`,
        );
        expectNear(
          got.variance.data,
          want.variance.data,
          allowed,
          `variance, ${rows} rows, ridge ${ridge}: kept modes magnify rounding by their condition number`,
        );
        const weights = dual.parameters();
        expectNear(
          fit.parameters(),
          weights,
          allowed * Math.max(1, maxAbs(weights)),
          `weights, ${rows} rows, ridge ${ridge}: as the mean, of their own size`,
        );
        expect(fit.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
          4 * size * Number.EPSILON,
        );
        expect(fit.report.iterations, "iterations: one for each mode, and one to see the end").toBeLessThanOrEqual(
          (dual.report.rank as number) + 1,
        );
        expect(fit.report.notes[0]).toMatch(
          ridge === 0 ? /the ridge is 0/ : /is lost in rounding .* a ridge above [\d.e-]+ would count$/,
        );
        using again = ntk.restore(fit.snapshot());
        expect(again.report.notes).toEqual(fit.report.notes);
      }
    }
  });

  test("an odd kernel on symmetric inputs: the norm is not that of Θ times ones, which is 0", () => {
    const net = createNetwork({ inputs: 1, hidden: 60, bias: false, activation: "tanh", weightStd: 2, seed: 1 });
    const half = Array.from({ length: 60 }, (_, i) => (i + 1) / 20);
    const X = [...half.map((x) => -x).reverse(), ...half];
    const Y = X.map((x) => Math.sin(x));
    const K = ntk.kernel(net, X);
    const { values } = ntk.eigh(K);
    const times = (v: Float64Array) => ntk.matmul(K, v).data;
    expect(maxAbs(times(new Float64Array(120).fill(1)))).toBeLessThan(1e-9 * values[119]);
    const norm = normFromBelow(120, times);
    const rows = toRows(K).map((row) => row.reduce((sum, value) => sum + Math.abs(value), 0));
    expect(norm).toBeGreaterThan(0.5 * values[119]);
    expect(norm).toBeLessThanOrEqual(maxAbs(rows) * (1 + 1e-12));
    const fit = ntk.fit(net, X, Y, { ridge: 1e-6 * values[119], solver: "cg" });
    const dual = ntk.fit(net, X, Y, { ridge: 1e-6 * values[119], solver: "dual" });
    expect(fit.report.iterations).toBeLessThanOrEqual(60);
    const means = [fit, dual].map((one) => one.predict([0.5, 9]).mean.data);
    expectNear(means[0], means[1], 1e-7, "cg ends at rounding, and the condition is 1e6");
  });

  test("a kernel of rank 1 takes two steps", () => {
    const net = createNetwork({ inputs: 1, hidden: 1, bias: false, activation: "identity" });
    const X = Array.from({ length: 40 }, (_, i) => 10 ** (i / 10 - 2));
    const { report } = ntk.fit(net, X, X.map(Math.cos), { ridge: 0.1, solver: "cg" });
    expect(report.iterations, "iterations: a kernel of rank 1 needs two").toBeLessThanOrEqual(3);
  });

  test("covariance and samples of more numbers than an engine takes as arguments", () => {
    const net = createNetwork({ inputs: 1, hidden: 2, biasStd: 1 });
    const X = new Float64Array(130_000).map((_, i) => i / 1e5);
    const fit = ntk.fit(net, X, X.map(Math.sin), { ridge: 1000, solver: "cg" });
    const { covariance, variance } = fit.predict([0.5, 1], { covariance: true });
    expect(covariance?.data[0]).toBeCloseTo(variance?.data[0] ?? Number.NaN, 12);
    expect(fit.sample([0.5], { draws: 2 })).toHaveLength(2);
  });

  test("a ridge of a millionth: what took more than 1000 products converges", () => {
    const net = createNetwork({ inputs: 1, hidden: 300, biasStd: 1, activation: "relu", seed: 1 });
    const X = randomMatrix(200, 1, 3);
    const Y = X.data.map((x) => Math.sign(Math.sin(40 * x)));
    const { report } = ntk.fit(net, X, Y, { ridge: 1e-6, solver: "cg" });
    expect(report.iterations).toBeLessThan(200);
    expect(report.backwardError).toBeLessThan(200 * 2 * Number.EPSILON);
  });

  test("no convergence is an error with advice", () => {
    const net = createNetwork({ inputs: 2, hidden: 150, biasStd: 1, activation: "relu", seed: 1 });
    const X = randomMatrix(400, 2, 3, 1);
    const Y = Float64Array.from({ length: 400 }, (_, i) => Math.sign(Math.sin(40 * X.data[2 * i])));
    const run = () => ntk.fit(net, X, Y, { ridge: 3e-7, solver: "cg" });
    expect(run).toThrow(ConvergenceError);
    expect(run).toThrow(/use a larger ridge, or solver "dual"/);
  });

  test("an evidence whose quadrature has not settled says so", () => {
    // Eigenvalues over four decades, of which no low rank takes the most.
    const N = 600;
    const size = (i: number) => 10 ** ((-4 * i) / N);
    const rows = Array.from({ length: N }, (_, i) => i);
    const K = precomputed(rows.map((i) => rows.map((j) => (i === j ? size(i) : 0))));
    const y = rows.map((i) => Math.sin(i) * Math.sqrt(size(i)));
    using fit = ntk.fit(K, rows, y, { ridge: 1e-5, solver: "cg" });
    expect(fit.report.notes).toEqual([]);
    expect(fit.report.logEvidence).toBeTypeOf("number");
    expect(fit.report.notes).toEqual([
      expect.stringMatching(/log det had not settled after 150 products in \d+ of 16 probes: logEvidence may be off/),
    ]);
    using settled = ntk.fit(K, rows, y, { ridge: 1, solver: "cg" });
    expect(settled.report.logEvidence).toBeTypeOf("number");
    expect(settled.report.notes).toEqual([]);
  });
});
