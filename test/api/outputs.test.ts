/**
 * Regression and training of deep networks with several outputs against textbook linear algebra on the oracle's
 * Jacobian.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetwork, type Ntk } from "../../src/index.js";
import { jacobianOf } from "../oracle/autodiff.js";
import { multiply, type Rows, solve, toRows, transpose } from "../oracle/dense.js";
import { linearDescent } from "../oracle/descent.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const [N, C, RIDGE] = [5, 3, 0.05];
const NETS = [
  createNetwork({ inputs: 2, hidden: [4, 5], outputs: C, biasStd: 1, activation: "tanh", seed: 3 }),
  createNetwork({ inputs: 2, hidden: 6, outputs: C, init: "ntk", activation: "erf", seed: 4 }),
  createNetwork({ inputs: 2, hidden: [3, 4, 3], outputs: C, bias: false, init: "he", activation: "sigmoid", seed: 5 }),
];
const X = randomMatrix(N, 2, 1, 2);
const Y = randomMatrix(N, C, 2);
const T = randomMatrix(4, 2, 3, 2);
const gramOf = (A: Rows, B = A) => multiply(A, transpose(B));
const plusRidge = (K: Rows, ridge: number) => K.map((row, i) => row.map((x, j) => (i === j ? x + ridge : x)));
const column = (values: ArrayLike<number>) => Array.from(values, (x) => [x]);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  describe.each(NETS.map((net, i) => ({ i, net })))("network $i", ({ net }) => {
    const Phi = jacobianOf(net, toRows(X));
    const PhiT = jacobianOf(net, toRows(T));

    test.each(["dual", "primal"] as const)("fit, full outputs, %s", (solver) => {
      const [f0, f0T] = [ntk.forward(net, X).data, ntk.forward(net, T).data];
      const r = column(Y.data.map((y, at) => y - f0[at]));
      const A = plusRidge(gramOf(Phi), RIDGE);
      const alpha = solve(A, r);
      const cross = gramOf(PhiT, Phi);
      using fit = ntk.fit(net, X, Y, { ridge: RIDGE, solver });
      expect(fit.report.solver).toBe(solver);
      const { mean, variance, covariance } = fit.predict(T, { covariance: true });
      const want = multiply(cross, alpha).map(([x], at) => x + f0T[at]);
      expect(mean).toMatchObject({ rows: 4, cols: C });
      expectRelative(mean.data, want, 1e-10, "mean");
      const explained = multiply(cross, solve(A, transpose(cross)));
      const posterior = gramOf(PhiT).map((row, i) => row.map((x, j) => x - explained[i][j]));
      expect(covariance).toMatchObject({ rows: 4 * C, cols: 4 * C });
      expectRelative(covariance?.data ?? [], posterior.flat(), 1e-10, "covariance");
      expect(variance).toMatchObject({ rows: 4, cols: C });
      expectRelative(
        variance?.data ?? [],
        posterior.map((row, i) => row[i]),
        1e-10,
        "variance",
      );
      const weights = multiply(transpose(Phi), alpha).map(([x], p) => x + net.parameters[p]);
      expectRelative(fit.parameters(), weights, 1e-10, "parameters");
      expectRelative(ntk.linearize(net).at(fit.parameters(), T).data, mean.data, 1e-12, "linearize");
      const inverse = solve(
        A,
        A.map((_, i) => A.map((__, j) => (i === j ? 1 : 0))),
      );
      expect(fit.report.looResiduals).toMatchObject({ rows: N, cols: C });
      expectRelative(
        fit.report.looResiduals?.data ?? [],
        alpha.map(([x], i) => x / inverse[i][i]),
        1e-9,
        "loo",
      );
      const dof = A.reduce((sum, _, i) => sum + 1 - RIDGE * inverse[i][i], 0);
      expect(fit.report.degreesOfFreedom).toBeCloseTo(dof, 9);
      // log N(r; 0, A), by elimination's pivots.
      const logDet =
        2 * Array.from(ntk.cholesky(A).data).reduce((sum, x, at) => sum + (at % (N * C + 1) ? 0 : Math.log(x)), 0);
      const quadratic = r.reduce((sum, [x], i) => sum + x * alpha[i][0], 0);
      const evidence = -0.5 * (quadratic + logDet + N * C * Math.log(2 * Math.PI));
      expect(fit.report.logEvidence).toBeCloseTo(evidence, 8);
    });

    test("fit, averaged outputs: one N×N system for all", () => {
      const K = toRows(ntk.kernel(net, X));
      const [f0, f0T] = [ntk.forward(net, X), ntk.forward(net, T)].map(toRows);
      const alpha = solve(
        plusRidge(K, RIDGE),
        toRows(Y).map((row, i) => row.map((y, c) => y - f0[i][c])),
      );
      const cross = toRows(ntk.kernel(net, T, X));
      const want = multiply(cross, alpha).flatMap((row, i) => row.map((x, c) => x + f0T[i][c]));
      using fit = ntk.fit(net, X, Y, { ridge: RIDGE, outputs: "average" });
      const { mean, variance, covariance } = fit.predict(T, { covariance: true });
      expectRelative(mean.data, want, 1e-11, "mean");
      expect(variance).toMatchObject({ rows: 4, cols: C });
      expect(variance?.data[0]).toBe(variance?.data[C - 1]);
      expect(covariance).toMatchObject({ rows: 4, cols: 4 });
      expect(fit.report.looResiduals).toMatchObject({ rows: N, cols: C });
      expect(() => fit.parameters()).toThrow(/parameters\(\) needs outputs "full"/);
      expect(() => ntk.fit(net, X, Y, { solver: "primal", outputs: "average" })).toThrow(/needs outputs "full"/);
    });

    test("a ridge path agrees with single fits", () => {
      using path = ntk.fit(net, X, Y, { ridges: [1, 0.1, 0.01] });
      using single = ntk.fit(net, X, Y, { ridge: path.report.ridge, solver: "dual" });
      const best = path.path.find(({ ridge }) => ridge === path.report.ridge);
      expect(best?.logEvidenceProfiled).toBeCloseTo(single.report.logEvidenceProfiled ?? Number.NaN, 9);
      expectRelative(path.predict(T).mean.data, single.predict(T).mean.data, 1e-11, "mean");
    });

    test("dynamics against steps of the linear model, and at infinity against the fit", () => {
      const options = { momentum: 0.5, weightDecay: 0.01 };
      const f0 = ntk.forward(net, X).data;
      using probe = ntk.dynamics(net, X, Y, { ...options, learningRate: 1 });
      const learningRate = 0.4 * probe.maxLearningRate;
      using path = ntk.dynamics(net, X, Y, { ...options, learningRate });
      const times = [0, 1, 7, 50];
      const want = linearDescent(Phi, f0, Y.data, { ...options, learningRate }, times);
      path.at(times).forEach(({ data, rows, cols }, k) => {
        expect([rows, cols]).toEqual([N, C]);
        expectRelative(data, want[k].f, 1e-12, `outputs at ${times[k]}`);
        expectRelative(
          path.parametersAt(times[k]),
          want[k].moved.map((x, p) => x + net.parameters[p]),
          1e-12,
          `weights at ${times[k]}`,
        );
        expectRelative(
          path.at(times[k], T).data,
          ntk.linearize(net).at(path.parametersAt(times[k]), T).data,
          1e-12,
          "test outputs",
        );
      });
      // Decay κ is the ridge n κ with n = N·C entries in the loss.
      using fit = ntk.fit(net, X, Y, { ridge: N * C * options.weightDecay });
      expectRelative(path.at(Infinity, T).data, fit.predict(T).mean.data, 1e-9, "infinity");
      using averaged = ntk.dynamics(net, X, Y, { learningRate, outputs: "average" });
      expect(averaged.eigenvalues).toHaveLength(N);
      expectRelative(averaged.at(0, T).data, ntk.forward(net, T).data, 1e-14, "averaged, start");
      expect(() => averaged.parametersAt(1)).toThrow(/parametersAt\(\) needs outputs "full"/);
    });

    test.each([
      { momentum: 0, nesterov: false, weightDecay: 0 },
      { momentum: 0.9, nesterov: false, weightDecay: 0.02 },
      { momentum: 0.8, nesterov: true, weightDecay: 0 },
    ])("train against a textbook loop, momentum $momentum", (rule) => {
      const [steps, learningRate] = [12, 0.05];
      const theta = Array.from(net.parameters);
      const velocity = theta.map(() => 0);
      const losses: number[] = [];
      for (let k = 0; k <= steps; k++) {
        const at = { ...net, parameters: Float64Array.from(theta) };
        const J = jacobianOf(at, toRows(X));
        const residual = ntk.forward(at, X).data.map((f, i) => f - Y.data[i]);
        losses.push(residual.reduce((sum, x) => sum + x * x, 0) / (2 * N * C));
        if (k === steps) break;
        const slope = theta.map(
          (x, p) =>
            J.reduce((sum, row, i) => sum + row[p] * residual[i], 0) / (N * C) +
            rule.weightDecay * (x - net.parameters[p]),
        );
        slope.forEach((g, p) => {
          velocity[p] = rule.momentum * velocity[p] + g;
          theta[p] -= learningRate * (rule.nesterov ? g + rule.momentum * velocity[p] : velocity[p]);
        });
      }
      const trained = ntk.train(net, X, Y, { ...rule, learningRate, steps, recordAt: [0, 1, 5, steps] });
      expectRelative(trained.network.parameters, theta, 1e-12, "weights");
      expectRelative(
        trained.loss,
        [0, 1, 5, steps].map((k) => losses[k]),
        1e-12,
        "losses",
      );
      const before = ntk.kernel(net, X, X, { outputs: "full" }).data;
      const after = ntk.kernel(trained.network, X, X, { outputs: "full" }).data;
      const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
      expect(trained.kernelDrift[3]).toBeCloseTo(norm(after.map((x, i) => x - before[i])) / norm(before), 12);
    });

    test("compare: the gap vanishes with the rate, and is the distance of the two models", () => {
      const at = (learningRate: number) => ntk.compare(net, X, Y, { learningRate, steps: 20, Xtest: T });
      const [coarse, fine] = [at(0.02), at(0.002)];
      expect(fine.gap.at(-1)).toBeLessThan((coarse.gap.at(-1) ?? 0) / 4);
      using path = ntk.dynamics(net, X, Y, { learningRate: 0.02 });
      const [f, linear, start] = [ntk.forward(coarse.network, X).data, path.at(20).data, ntk.forward(net, X).data];
      const distance = (a: Float64Array, b: Float64Array) => Math.hypot(...a.map((x, i) => x - b[i]));
      expect(coarse.gap.at(-1)).toBeCloseTo(distance(f, linear) / distance(linear, start), 12);
    });
  });

  test("a sweep over deep networks with several outputs", () => {
    const { runs, summary } = ntk.sweep(X, Y, {
      widths: [8, 16],
      depth: 2,
      inits: ["ntk"],
      learningRates: [{ fraction: 0.5 }],
      seeds: 2,
      steps: 5,
      recordAt: [5],
    });
    expect(runs).toHaveLength(4);
    expect(summary.map(({ width }) => width)).toEqual([8, 16]);
    for (const run of runs) expect(run.gap[0]).toBeGreaterThan(0);
  });
});
