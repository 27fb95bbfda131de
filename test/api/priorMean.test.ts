/**
 * Means with coefficients: generalised least squares by its textbook formulas, and by a kernel of large
 * coefficients.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type Fit,
  type FitOptions,
  linearKernel,
  type Model,
  type Ntk,
  rbfKernel,
  sumOf,
} from "../../src/index.js";
import { multiply, type Rows, solve, toRows, transpose } from "../oracle/dense.js";
import { generator } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const next = generator(12);
const N = 18;
const X = Array.from({ length: N }, () => [3 + next(), 100 * next()]);
const Y = X.map(([a, b]) => [40 + 2 * a - 0.1 * b + 0.3 * Math.sin(3 * a), b]);
const Xnew = [...Array.from({ length: 4 }, () => [3 + next(), 100 * next()]), [30, -500]];
const net = createNetwork({ inputs: 2, hidden: 6, biasStd: 1, seed: 2, activation: "tanh" });

/** Generalised least squares for one output, by elimination. */
function textbook(ntk: Ntk, model: Model, y: number[], kind: "constant" | "linear", D: number[], start = [0, 0]) {
  const h = (x: number[]) => (kind === "constant" ? [1] : [1, ...x]);
  const K = toRows(ntk.kernel(model, X, undefined, { outputs: "average" }));
  const A = K.map((row, i) => row.map((value, j) => value + (i === j ? D[i] : 0)));
  const H = X.map(h);
  const k = toRows(ntk.kernel(model, X, Xnew, { outputs: "average" }));
  const prior = toRows(ntk.kernel(model, Xnew, undefined, { outputs: "average" }));
  const S = solve(A, H);
  const M = multiply(transpose(H), S);
  const r = y.map((value, i) => [value - (start[i] ?? 0)]);
  const b = solve(M, multiply(transpose(S), r));
  const trend = multiply(H, b);
  const alpha = solve(
    A,
    r.map(([value], i) => [value - trend[i][0]]),
  );
  const Hnew = Xnew.map(h);
  const mean = Hnew.map(
    (row, n) => row.reduce((sum, v, a) => sum + v * b[a][0], 0) + k.reduce((s, own, i) => s + own[n] * alpha[i][0], 0),
  );
  const rest = multiply(transpose(S), k).map((row, a) => row.map((value, n) => Hnew[n][a] - value));
  const covariance = multiply(transpose(k), solve(A, k)).map((row, i) => row.map((v, j) => prior[i][j] - v));
  const more = multiply(transpose(rest), solve(M, rest));
  const logDet = (B: Rows) => {
    // By the pivots of elimination.
    const C = B.map((row) => row.slice());
    let sum = 0;
    for (let p = 0; p < C.length; p++) {
      sum += Math.log(C[p][p]);
      for (let i = p + 1; i < C.length; i++) {
        const f = C[i][p] / C[p][p];
        for (let j = p; j < C.length; j++) C[i][j] -= f * C[p][j];
      }
    }
    return sum;
  };
  const m = H[0].length;
  const quadratic = r.reduce((sum, [value], i) => sum + value * alpha[i][0], 0);
  const evidence = -quadratic / 2 - (logDet(A) + logDet(M) + (N - m) * Math.log(2 * Math.PI)) / 2;
  return {
    b: b.map(([value]) => value),
    mean,
    covariance: covariance.map((row, i) => row.map((v, j) => v + more[i][j])),
    evidence,
    scale: quadratic / (N - m),
  };
}

const near = (a: number, b: number, size = 1) => expect(Math.abs(a - b)).toBeLessThan(1e-8 * (size + Math.abs(b)));

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const kernel = rbfKernel({ lengthScale: [1, 60] });
  const noise = X.map((_, i) => (i % 3) / 20);
  test.each<[string, Model, "constant" | "linear", FitOptions, number[]]>([
    ["a constant", kernel, "constant", { ridge: 0.1 }, X.map(() => 0.1)],
    ["a line", kernel, "linear", { ridge: 0.1 }, X.map(() => 0.1)],
    ["noise of rows", kernel, "linear", { ridge: 0.1, noise }, noise.map((v) => v + 0.1)],
    [
      "weights of rows",
      kernel,
      "linear",
      { ridge: 0.1, weights: X.map((_, i) => 1 + (i % 2)) },
      X.map((_, i) => 0.1 / (1 + (i % 2))),
    ],
    [
      "an infinite network",
      createInfiniteNetwork({ activation: "erf", depth: 2 }),
      "linear",
      { ridge: 0.2 },
      X.map(() => 0.2),
    ],
    ["a network, centred", net, "linear", { ridge: 0.1, centered: true }, X.map(() => 0.1)],
  ])("%s: mean, covariance, evidence and coefficients of the textbook", (_, model, mean, options, D) => {
    const y = Y.map(([value]) => value);
    const expected = textbook(ntk, model, y, mean, D);
    const fit = ntk.fit(model, X, y, { ...options, mean });
    const { mean: found, covariance } = fit.predict(Xnew, { covariance: true });
    const largest = Math.max(...expected.covariance.map((row, i) => row[i]));
    Xnew.forEach((_, n) => {
      near(found.data[n], expected.mean[n], 40);
    });
    covariance.data.forEach((value, at) => {
      near(value, expected.covariance[Math.floor(at / Xnew.length)][at % Xnew.length], largest);
    });
    near(fit.report.logEvidence as number, expected.evidence, 10);
    const coefficients = fit.report.meanCoefficients;
    expect([coefficients?.rows, coefficients?.cols]).toEqual([expected.b.length, 1]);
    expected.b.forEach((value, a) => {
      near(coefficients?.data[a] as number, value, 40);
    });
    near(ntk.fit(model, X, y, { ...options, mean, scale: "fit" }).report.scale, expected.scale);
    expect(fit.report.backwardError).toBeLessThan(1e-13);
    // The scale by which far bands grow: beyond the data the mean is uncertain too.
    expect(covariance.data[Xnew.length ** 2 - 1]).toBeGreaterThan(covariance.data[0]);
  });

  test("a kernel of large coefficients comes to the same", () => {
    const y = Y.map(([value]) => value);
    const Z = X.map(([a, b]) => [a - 3, b / 100]);
    const wide = sumOf([{ model: rbfKernel() }, { model: linearKernel({ weightStd: 1e4, biasStd: 1e4 }) }]);
    const large = ntk.fit(wide, Z, y, { ridge: 0.1 });
    const fit = ntk.fit(rbfKernel(), Z, y, { ridge: 0.1, mean: "linear" });
    const at = [
      [0.3, 0.2],
      [4, -4],
    ];
    const [a, b] = [fit.predict(at), large.predict(at)];
    a.mean.data.forEach((value, i) => {
      expect(value).toBeCloseTo(b.mean.data[i], 4);
    });
    a.variance.data.forEach((value, i) => {
      expect(value).toBeCloseTo(b.variance.data[i], 4);
    });
    expect(fit.report.degreesOfFreedom).toBeCloseTo(large.report.degreesOfFreedom as number, 4);
    fit.report.looResiduals?.data.forEach((value, i) => {
      expect(value).toBeCloseTo(large.report.looResiduals?.data[i] as number, 4);
    });
    const [own, other] = [fit, large].map((one: Fit) => one.predict(at, { interval: { level: 0.8 } }).interval);
    own?.lower.data.forEach((value, i) => {
      expect(value).toBeCloseTo(other?.lower.data[i] as number, 4);
    });
    const [g, f] = [fit, large].map((one: Fit) => one.predict(at, { gradient: true }).gradient);
    g.mean[0].data.forEach((value, i) => {
      expect(value).toBeCloseTo(f.mean[0].data[i], 3);
    });
    g.variance?.[0].data.forEach((value, i) => {
      expect(value).toBeCloseTo(f.variance?.[0].data[i] as number, 3);
    });
  });

  test("exact lines are found, and adding a line to the targets adds it to the predictions", () => {
    const line = ([a, b]: number[]) => 7 - 2 * a + 0.5 * b;
    const exact = ntk.fit(kernel, X, X.map(line), { ridge: 1e-3, mean: "linear" });
    exact.report.meanCoefficients?.data.forEach((value, a) => {
      expect(value).toBeCloseTo([7, -2, 0.5][a], 6);
    });
    const y = Y.map(([value]) => value);
    const [before, after] = [y, y.map((value, i) => value + line(X[i]))].map((targets) =>
      ntk.fit(kernel, X, targets, { ridge: 0.1, mean: "linear" }).predict(Xnew),
    );
    Xnew.forEach((x, n) => {
      near(after.mean.data[n], before.mean.data[n] + line(x), 500);
    });
    expect(after.variance).toEqual(before.variance);
  });

  test("outputs with ridges of their own, samples, saved and restored", () => {
    const options: FitOptions = { ridge: [0.05, 0.5], mean: "linear", scale: "fit" };
    const fit = ntk.fit(kernel, X, Y, options);
    const { mean, variance } = fit.predict(Xnew);
    for (const c of [0, 1]) {
      const alone = ntk
        .fit(
          kernel,
          X,
          Y.map((row) => [row[c]]),
          { ...options, ridge: (options.ridge as number[])[c] },
        )
        .predict(Xnew);
      Xnew.forEach((_, n) => {
        near(mean.data[2 * n + c], alone.mean.data[n], 100);
        near(variance.data[2 * n + c], alone.variance.data[n], 1);
      });
    }
    for (const saved of [fit.snapshot(), JSON.parse(JSON.stringify(fit))]) {
      const again = ntk.restore(saved);
      const prediction = again.predict(Xnew);
      expect(prediction.mean).toEqual(mean);
      prediction.variance.data.forEach((value, at) => {
        near(value, variance.data[at]);
      });
      expect(again.report.meanCoefficients).toEqual(fit.report.meanCoefficients);
    }
    expect(fit.sample(Xnew, { draws: 2, seed: 1 })).toHaveLength(2);
    expect(fit.score(X, Y).r2).toBeGreaterThan(0.9);
  });

  test("a row that alone determines a coefficient has no fit without it, and that is said", () => {
    const rows = X.map(([a], i) => [a, i === 0 ? 1 : 0]);
    const y = Y.map(([value]) => value);
    const fit = ntk.fit(rbfKernel(), rows, y, { ridge: 0.1, mean: "linear" });
    expect(fit.report.looResiduals).toBeUndefined();
    expect(() => fit.predict(rows, { interval: { level: 0.8 } })).toThrow("a row that alone determines a coefficient");
    expect(fit.predict(rows).mean.data.every(Number.isFinite)).toBe(true);
  });

  test("networks: saved as JSON, and solved N×N however few parameters they have", () => {
    const small = createNetwork({ inputs: 2, hidden: 2, seed: 1, biasStd: 1 });
    const y = Y.map(([value]) => value);
    const fit = ntk.fit(small, X, y, { ridge: 0.1, mean: "constant" });
    expect(fit.report.solver).toBe("dual");
    const again = ntk.restore(JSON.parse(JSON.stringify(fit)));
    expect(again.predict(Xnew).mean).toEqual(fit.predict(Xnew).mean);
  });

  test("columns that are combinations are refused, whatever the rounding", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const draw = generator(seed);
      const rows = Array.from({ length: 15 }, () => {
        const a = draw();
        return [a, 0.1 * a + 0.7];
      });
      const y = rows.map(([a]) => a + draw());
      expect(() => ntk.fit(rbfKernel(), rows, y, { ridge: 0.01, mean: "linear" })).toThrow("is a combination");
    }
  });

  test("crossValidate does not tune without the mean that it fits", () => {
    const y = Y.map(([value]) => value);
    expect(() => ntk.crossValidate(kernel, X, y, { tune: {}, mean: "linear" })).toThrow(
      'tune is given with mean "linear"',
    );
    expect(ntk.crossValidate(kernel, X, y, { ridge: 0.1, mean: "linear" }).models[0].mean.r2).toBeGreaterThan(0.9);
  });

  test("refuses what determines no coefficients", () => {
    const y = Y.map(([value]) => value);
    const attempt =
      (options: FitOptions, rows = X, targets = y, model: Model = kernel) =>
      () =>
        ntk.fit(model, rows, targets, options);
    expect(
      attempt(
        { ridge: 1, mean: "linear" },
        X.map(([a]) => [a, 5]),
      ),
    ).toThrow("column 1 of X is constant");
    expect(
      attempt(
        { ridge: 1, mean: "linear" },
        X.map(([a]) => [a, 2 * a + 1]),
      ),
    ).toThrow("column 1 of X, which is a combination");
    expect(attempt({ ridge: 1, mean: "linear" }, X.slice(0, 3), y.slice(0, 3))).toThrow(
      "has 3 coefficients, and there are 3 rows",
    );
    expect(attempt({ ridge: 1, mean: "linear", solver: "primal" }, X, y, net)).toThrow(
      'mean "linear" is given with solver "primal"',
    );
    expect(attempt({ ridges: [1, 2], mean: "constant" })).toThrow("is given with ridges");
    const two = createNetwork({ inputs: 2, hidden: 4, outputs: 2 });
    expect(() => ntk.fit(two, X, Y, { ridge: 1, mean: "constant" })).toThrow('mean "constant" needs outputs "average"');
    const same = X.map(() => [1, 2]);
    expect(attempt({ mean: "constant" }, same)).toThrow("needs a kernel with a ridge above rounding level");
    const done = ntk.fit(kernel, X, y, { ridge: 1, mean: "constant" });
    expect(() => done.update({ remove: [0] })).toThrow("is not edited");
    expect(() => ntk.fit(net, X, y, { ridge: 1, mean: "constant" }).parameters()).toThrow(
      'no place for the mean "constant"',
    );
  });
});
