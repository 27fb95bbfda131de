/** solver "cg": the dual answer without its matrix. */
import { beforeAll, describe, expect, test } from "vitest";
import { ConvergenceError, createNetwork, type Ntk } from "../../src/index.js";
import { maxAbs, maxDifference } from "../setup/golden.js";
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
    expect(fit.report.backwardError).toBeLessThanOrEqual(2 * size * Number.EPSILON);
    const [got, want] = [fit.predict(T, { covariance: true }), dual.predict(T, { covariance: true })];
    // Backward errors of Nε, magnified by the condition number.
    const allowed = 4 * size * Number.EPSILON * (dual.report.conditionNumber as number);
    expect(maxDifference(got.mean.data, want.mean.data)).toBeLessThanOrEqual(allowed);
    const prior = maxAbs(ntk.kernelDiagonal(net, T, { outputs: "full" }));
    expect(maxDifference(got.variance?.data ?? [], want.variance?.data ?? [])).toBeLessThanOrEqual(allowed * prior);
    expect(maxDifference(got.covariance?.data ?? [], want.covariance?.data ?? [])).toBeLessThanOrEqual(allowed * prior);
    expect(maxDifference(fit.parameters(), dual.parameters())).toBeLessThanOrEqual(allowed);
    for (const key of ["rank", "conditionNumber", "degreesOfFreedom", "logEvidence", "looResiduals"] as const)
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
    expect(maxDifference(means[0], means[1])).toBeLessThanOrEqual(1e-7);
  });

  test("no convergence is an error with advice", () => {
    const net = createNetwork({ inputs: 1, hidden: 300, biasStd: 1, activation: "relu", seed: 1 });
    const X = randomMatrix(200, 1, 3);
    const Y = X.data.map((x) => Math.sign(Math.sin(40 * x)));
    const run = () => ntk.fit(net, X, Y, { ridge: 0, solver: "cg" });
    expect(run).toThrow(ConvergenceError);
    expect(run).toThrow(/use a larger ridge, or solver "dual"/);
  });
});
