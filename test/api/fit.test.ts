/** Regression: both solvers against each other, against textbook formulas and against explicit refits. */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetwork, type Fit, type Ntk } from "../../src/index.js";
import { multiply, type Rows, solve, toRows, transpose } from "../oracle/dense.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const net = createNetwork({ inputs: 2, hidden: 5, biasStd: 1, activation: "tanh", seed: 4 });
const N = 40;
const X = randomMatrix(N, 2, 1, 2);
const Y = {
  data: Float64Array.from({ length: N }, (_, i) => Math.sin(2 * X.data[2 * i]) + X.data[2 * i + 1]),
  rows: N,
  cols: 1,
};
const T = randomMatrix(6, 2, 9, 2);

const diagonal = (A: Rows, value: number) => A.map((row, i) => row.map((x, j) => (i === j ? x + value : x)));

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  describe.each(["dual", "primal"] as const)("%s", (solver) => {
    test("is the textbook's ridge regression", () => {
      const ridge = 0.1;
      using fit = ntk.fit(net, X, Y, { ridge, solver });
      const K = toRows(ntk.kernel(net, X));
      const A = diagonal(K, ridge);
      const r = Y.data.map((y, i) => y - ntk.forward(net, X).data[i]);
      const alpha = solve(
        A,
        Array.from(r, (value) => [value]),
      );
      const cross = toRows(ntk.kernel(net, T, X));
      const mean = multiply(cross, alpha).map(([value], i) => value + ntk.forward(net, T).data[i]);
      const explained = multiply(cross, solve(A, transpose(cross)));
      const prior = toRows(ntk.kernel(net, T));
      const got = fit.predict(T, { covariance: true });
      expectNear(got.mean.data, mean, 1e-9, "mean: κ(A) N ε, κ about 1e4");
      const covariance = prior.flatMap((row, i) => row.map((value, j) => value - explained[i][j]));
      expectNear(got.covariance?.data ?? [], covariance, 1e-9, "covariance: κ(A) N ε, κ about 1e4");
      expectNear(
        got.variance?.data ?? [],
        prior.map((row, i) => row[i] - explained[i][i]),
        1e-9,
        "variance: κ(A) N ε, κ about 1e4",
      );
      const { report } = fit;
      const inverse = solve(
        A,
        A.map((_, i) => A.map((__, j) => (i === j ? 1 : 0))),
      );
      const trace = multiply(K, inverse).reduce((sum, row, i) => sum + row[i], 0);
      expect(report.degreesOfFreedom).toBeCloseTo(trace, 8);
      expectNear(
        report.looResiduals?.data ?? [],
        alpha.map(([a], i) => a / inverse[i][i]),
        1e-8,
        "leave-one-out: κ(A) N ε, over the diagonal of the inverse",
      );
      expect(report).toMatchObject({ solver, ridge, jitter: 0, scale: 1 });
      expect(report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
        10 * N * Number.EPSILON,
      );
    });

    test("θ0 + β is the fitted first-order model", () => {
      using fit = ntk.fit(net, X, Y, { ridge: 0.01, solver });
      const mean = ntk.linearize(net).at(fit.parameters(), T).data;
      expectNear(mean, fit.predict(T).mean.data, 1e-11, "mean by the weights: the same numbers in another order");
    });

    test("leave-one-out residuals are refits without the point", () => {
      using fit = ntk.fit(net, X, Y, { ridge: 0.5, solver });
      const loo = fit.report.looResiduals?.data ?? new Float64Array(0);
      for (const left of [0, 7, N - 1]) {
        const keep = Array.from({ length: N }, (_, i) => i).filter((i) => i !== left);
        using refit = ntk.fit(
          net,
          keep.map((i) => [X.data[2 * i], X.data[2 * i + 1]]),
          keep.map((i) => Y.data[i]),
          { ridge: 0.5, solver },
        );
        const predicted = refit.predict([[X.data[2 * left], X.data[2 * left + 1]]]).mean.data[0];
        expect(loo[left]).toBeCloseTo(Y.data[left] - predicted, 9);
      }
    });

    test("centered leaves f0 out", () => {
      using fit = ntk.fit(net, X, Y, { ridge: 0.01, solver, centered: true });
      const shifted = Y.data.map((y, i) => y + ntk.forward(net, X).data[i]);
      using plain = ntk.fit(net, X, shifted, { ridge: 0.01, solver });
      const want = plain.predict(T).mean.data.map((value, i) => value - ntk.forward(net, T).data[i]);
      expectNear(fit.predict(T).mean.data, want, 1e-10, "centered: the same system, shifted data");
    });

    test("noise adds sλ, scale multiplies", () => {
      using fit = ntk.fit(net, X, Y, { ridge: 0.2, solver, scale: "fit" });
      using unit = ntk.fit(net, X, Y, { ridge: 0.2, solver });
      const s = fit.report.scale;
      expect(s).not.toBe(1);
      const latent = unit.predict(T).variance?.data ?? [];
      expectNear(
        fit.predict(T, { noise: true }).variance?.data ?? [],
        Array.from(latent, (v) => s * (v + 0.2)),
        1e-9 * s,
        "variance with noise: s (v + λ), rounding times κ",
      );
      expect(fit.predict(T, { variance: false }).variance).toBeUndefined();
      // ŝ maximises the evidence over the scale: the profiled value is the larger one.
      expect(fit.report.logEvidenceProfiled).toBeGreaterThan(fit.report.logEvidence ?? Infinity);
    });
  });

  test("dual and primal say the same", () => {
    const [dual, primal] = (["dual", "primal"] as const).map((solver) =>
      ntk.fit(net, X, Y, { ridge: 0.05, solver }),
    ) as [Fit, Fit];
    for (const key of ["logEvidence", "logEvidenceProfiled", "degreesOfFreedom", "rank"] as const) {
      expect(primal.report[key], key).toBeCloseTo(dual.report[key] as number, 7);
    }
    expectNear(primal.parameters(), dual.parameters(), 1e-9, "weights, primal and dual: κ N ε");
    expectNear(
      primal.report.looResiduals?.data ?? [],
      dual.report.looResiduals?.data ?? [],
      1e-9,
      "leave-one-out, primal and dual: κ N ε",
    );
    dual.dispose();
    primal.dispose();
  });

  test("auto takes the cheaper side", () => {
    const wide = createNetwork({ inputs: 2, hidden: 200, biasStd: 1 });
    using dual = ntk.fit(wide, X, Y, { ridge: 1 });
    using primal = ntk.fit(createNetwork({ inputs: 2, hidden: 2, biasStd: 1 }), X, Y, { ridge: 1 });
    expect(dual.report.solver).toBe("dual");
    expect(primal.report.solver).toBe("primal");
  });

  test.each(["dual", "primal"] as const)("%s: ridge 0 on a singular kernel is the minimum-norm answer", (solver) => {
    // 40 points, P = 9 features: rank 9.
    const few = createNetwork({ inputs: 2, hidden: 2, weightStd: 2, biasStd: 1, activation: "tanh", seed: 4 });
    using fit = ntk.fit(few, X, Y, { ridge: 0, solver });
    const Phi = toRows(ntk.jacobian(few, X));
    const r = Array.from(Y.data, (y, i) => [y - ntk.forward(few, X).data[i]]);
    const beta = solve(multiply(transpose(Phi), Phi), multiply(transpose(Phi), r)).map(([value]) => value);
    const got = fit.parameters().map((value, i) => value - few.parameters[i]);
    expect(fit.report.rank).toBe(few.parameters.length);
    expect(fit.report.jitter).toBe(0);
    expectNear(
      got,
      beta,
      1e-6,
      "weights: the oracle's normal equations square the condition number of Φ",
      maxAbs(beta),
    );
    expect(fit.report.degreesOfFreedom).toBeCloseTo(few.parameters.length, 6);
    expect(
      maxAbs(fit.predict(X).variance?.data ?? []),
      "variance at the data with ridge 0: rounding, of the kernel's size",
    ).toBeLessThanOrEqual(1e-6);
  });

  test("a constant kernel, a zero kernel: rank 1 and 0, backward errors at rounding level", () => {
    // No unit is ever active: Θ = 1.
    const dead = createNetwork({ inputs: 1, hidden: 2, activation: "relu", parameters: [0.5, 1, 1, 1, 1, -9, -9] });
    using mean = ntk.fit(dead, [0, 1, 2], [1, 2, 6]);
    expect(mean.predict([7]).mean.data[0]).toBeCloseTo(3, 12);
    expect(mean.report).toMatchObject({ rank: 1, conditionNumber: 1, logEvidence: undefined });
    expect(mean.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
      30 * Number.EPSILON,
    );
    const none = createNetwork({ inputs: 1, hidden: 1, activation: "relu", bias: false, parameters: [1, -1] });
    using zero = ntk.fit(none, [0, 1, 2], [1, 2, 6]);
    expect([...zero.predict([3]).mean.data]).toEqual([0]);
    expect(zero.report).toMatchObject({ rank: 0, conditionNumber: undefined, degreesOfFreedom: 0, backwardError: 0 });
    // Evidence that leaves float64 is not there.
    using huge = ntk.fit(
      net,
      X,
      Y.data.map((y) => 1e300 * y),
      { ridge: 1 },
    );
    expect(huge.report.logEvidence).toBeUndefined();
    expect(huge.predict(T).mean.data.every(Number.isFinite)).toBe(true);
  });

  test("ridge 0 with duplicated points: rank, finite weights, the average of what the twins say", () => {
    const wide = createNetwork({ inputs: 1, hidden: 50, biasStd: 2, weightStd: 4, activation: "relu", seed: 1 });
    const points = [-1, 0, 1, 1, 2];
    using fit = ntk.fit(wide, points, [0, 1, 2, 4, 3]);
    expect(fit.report.rank).toBe(4);
    expect(fit.report.logEvidence).toBeUndefined();
    expect(fit.report.looResiduals).toBeUndefined();
    expectNear(
      fit.predict([-1, 0, 1, 2]).mean.data,
      [0, 1, 3, 3],
      1e-9,
      "minimum-norm mean at the data: rounding times the condition number of the kept modes",
    );
  });

  test("a ridge path agrees with single fits and picks the best profiled evidence", () => {
    const ridges = [1e-3, 1e-2, 0.1, 1, 10];
    using path = ntk.fit(net, X, Y, { ridges });
    expect(path.path.map(({ ridge }) => ridge)).toEqual(ridges);
    for (const point of path.path) {
      using single = ntk.fit(net, X, Y, { ridge: point.ridge, solver: "dual" });
      expect(point.logEvidence).toBeCloseTo(single.report.logEvidence ?? Number.NaN, 6);
      expect(point.logEvidenceProfiled).toBeCloseTo(single.report.logEvidenceProfiled ?? Number.NaN, 6);
      expect(point.degreesOfFreedom).toBeCloseTo(single.report.degreesOfFreedom ?? Number.NaN, 6);
      const loo = single.report.looResiduals?.data ?? [];
      expect(point.looRmse).toBeCloseTo(Math.sqrt(Array.from(loo).reduce((sum, x) => sum + x * x, 0) / N), 6);
    }
    const best = path.path.reduce((top, point) =>
      (point.logEvidenceProfiled ?? -Infinity) > (top.logEvidenceProfiled ?? -Infinity) ? point : top,
    );
    expect(path.report.ridge).toBe(best.ridge);
    using single = ntk.fit(net, X, Y, { ridge: best.ridge });
    const [a, b] = [path.predict(T), single.predict(T)];
    expectNear(
      a.mean.data,
      b.mean.data,
      1e-8,
      "mean, path and single fit: an eigendecomposition against Cholesky, κ N ε",
    );
    expectNear(
      a.variance?.data ?? [],
      b.variance?.data ?? [],
      1e-8,
      "variance, path and single fit: an eigendecomposition against Cholesky, κ N ε",
    );
  });

  test("a custom kernel with several outputs", () => {
    const square = (x: number, y: number) => Math.exp(-((x - y) ** 2));
    const custom = {
      kernel: (A: { data: Float64Array }, B: { data: Float64Array }) => ({
        data: Float64Array.from({ length: A.data.length * B.data.length }, (_, at) =>
          square(A.data[Math.floor(at / B.data.length)], B.data[at % B.data.length]),
        ),
        rows: A.data.length,
        cols: B.data.length,
      }),
      mean: (A: { rows: number }) => ({ data: new Float64Array(A.rows * 2).fill(1), rows: A.rows, cols: 2 }),
    };
    const points = [0, 0.5, 1, 2];
    const targets = [
      [1, 2],
      [2, 1],
      [0, 0],
      [1, 5],
    ];
    using fit = ntk.fit(custom, points, targets, { ridge: 0.1 });
    const A = points.map((x, i) => points.map((y, j) => square(x, y) + (i === j ? 0.1 : 0)));
    const alpha = solve(
      A,
      targets.map((row) => row.map((y) => y - 1)),
    );
    const want = multiply(
      [0.2, 3].map((x) => points.map((y) => square(x, y))),
      alpha,
    )
      .flat()
      .map((value) => value + 1);
    const { mean, variance } = fit.predict([0.2, 3]);
    expect(mean).toMatchObject({ rows: 2, cols: 2 });
    expectNear(mean.data, want, 1e-12, "mean of a custom kernel: rounding, κ is below 42");
    expect(variance?.data[0]).toBe(variance?.data[1]);
    expect(fit.report.looResiduals).toMatchObject({ rows: 4, cols: 2 });
    expect(() => fit.parameters()).toThrow(RangeError);
  });

  test("one point, many points, repeated use", () => {
    using fit = ntk.fit(net, [[0.5, 0.5]], [2], { ridge: 0 });
    expect(fit.predict([[0.5, 0.5]]).mean.data[0]).toBeCloseTo(2, 12);
    expect(fit.predict(randomMatrix(3000, 2, 3)).mean.rows).toBe(3000);
  });

  test("toJSON survives JSON and names what it holds", () => {
    using fit = ntk.fit(net, X, Y, { ridge: 0.1 });
    const json = JSON.parse(JSON.stringify(fit));
    expect(json).toMatchObject({ format: "ntk-wasm/fit/1", ridge: 0.1, rows: N, inputs: 2, outputs: 1 });
    expect(json.parameters).toEqual([...fit.parameters()]);
  });
});
