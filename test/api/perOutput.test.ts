/**
 * Outputs of an averaged kernel are regressions of their own: each has its scale, evidence, leave-one-out and, where
 * asked for, ridge.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { createInfiniteNetwork, createNetwork, type Fit, type Ntk } from "../../src/index.js";
import { expectNear } from "../setup/golden.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 90;
const next = generator(5);
const noise = () => Array.from({ length: 12 }, next).reduce((sum, value) => sum + value / 2, 0);
const X = randomMatrix(N, 2, 1, 2);
const truth = (X: { data: Float64Array }, i: number) => [Math.sin(2 * X.data[2 * i]), X.data[2 * i + 1], 1];
/** Noise of unlike size in each output. */
const SIGMA = [0.01, 0.3, 2];
const Y = Array.from({ length: N }, (_, i) => truth(X, i).map((f, c) => f + SIGMA[c] * noise()));
const column = (c: number) => Y.map((row) => row[c]);
const T = randomMatrix(7, 2, 9, 2);
const model = createInfiniteNetwork({ activation: "erf" });
const ridges = [1e-6, 1e-4, 1e-2, 1, 100];

const take = (data: ArrayLike<number>, c: number) => Array.from(data).filter((_, at) => at % 3 === c);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  /** A fit of three outputs says of each what a fit of this output says. */
  const same = (fit: Fit, c: number, single: Fit) => {
    const [got, want] = [fit, single].map((each) => each.predict(T, { noise: true, covariance: true }));
    expectNear(
      take(got.mean.data, c),
      want.mean.data,
      1e-9,
      `mean of output ${c}: rounding times the condition number`,
    );
    expectNear(
      take(got.variance?.data ?? [], c),
      want.variance?.data ?? [],
      1e-9,
      `variance of output ${c}: rounding times the condition number`,
    );
    const { perOutput, looResiduals, scales } = fit.report;
    const one = single.report;
    expect(perOutput[c].ridge).toBe(one.ridge);
    expect(perOutput[c].scale).toBeCloseTo(one.scale, 9);
    expect(scales[c]).toBe(perOutput[c].scale);
    expect(perOutput[c].logEvidence).toBeCloseTo(one.logEvidence ?? Number.NaN, 6);
    expect(perOutput[c].logEvidenceProfiled).toBeCloseTo(one.logEvidenceProfiled ?? Number.NaN, 6);
    expect(perOutput[c].degreesOfFreedom).toBeCloseTo(one.degreesOfFreedom ?? Number.NaN, 7);
    expectNear(
      take(looResiduals?.data ?? [], c),
      one.looResiduals?.data ?? [],
      1e-8,
      `leave-one-out of output ${c}: as the mean, over the diagonal of the inverse`,
    );
  };

  test("one ridge: a scale for each", () => {
    const fit = ntk.fit(model, X, Y, { ridge: 0.05, scale: "fit" });
    for (const c of [0, 1, 2]) same(fit, c, ntk.fit(model, X, column(c), { ridge: 0.05, scale: "fit" }));
    const { report } = fit;
    const total = report.perOutput.reduce((sum, one) => sum + (one.logEvidenceProfiled ?? Number.NaN), 0);
    expect(report.logEvidenceProfiled).toBeCloseTo(total, 9);
    // Outputs with scales of their own have covariances of their own.
    const { covariance, variance } = fit.predict(T, { covariance: true });
    expect(covariance).toMatchObject({ rows: 21, cols: 21 });
    for (let at = 0; at < 21; at++) expect(covariance?.data[at * 22]).toBeCloseTo(variance?.data[at] ?? Number.NaN, 9);
    expect(covariance?.data[1]).toBe(0);
  });

  test("a ridge for each, given", () => {
    const ridge = [1e-4, 0.1, 5];
    const fit = ntk.fit(model, X, Y, { ridge, scale: "fit" });
    for (const [c, one] of ridge.entries())
      same(fit, c, ntk.fit(model, X, column(c), { ridge: one, scale: "fit", solver: "dual" }));
    expect(fit.report.ridge).toBe(1e-4);
    expect(fit.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
      10 * N * Number.EPSILON,
    );
    fit.update({ remove: [3, 4], add: { X: [[1, 1]], Y: [[1, 2, 3]] } });
    const rows = [...Array.from({ length: N }, (_, i) => i).filter((i) => i !== 3 && i !== 4)];
    const XX = [...rows.map((i) => [X.data[2 * i], X.data[2 * i + 1]]), [1, 1]];
    ridge.forEach((one, c) => {
      const YY = [...rows.map((i) => Y[i][c]), c + 1];
      same(fit, c, ntk.fit(model, XX, YY, { ridge: one, scale: "fit", solver: "dual" }));
    });
  });

  test("equal ridges for each are one ridge", () => {
    const [list, one] = [[0.1, 0.1, 0.1], 0.1].map((ridge) => ntk.fit(model, X, Y, { ridge }));
    const [a, b] = [list, one].map((fit) => fit.predict(T, { noise: true }));
    expect(a.mean.data).toEqual(b.mean.data);
    expect(a.variance.data).toEqual(b.variance.data);
    expect(list.report.looResiduals).toEqual(one.report.looResiduals);
    for (const fit of [list, one]) fit.update({ remove: 2, add: { X: [[0.1, 0.2]], Y: [[1, 2, 3]] } });
    expect(list.predict(T).variance.data).toEqual(one.predict(T).variance.data);
    expect(ntk.restore(list.snapshot()).predict(T).variance.data).toEqual(one.predict(T).variance.data);
  });

  test("a ridge for each, chosen", () => {
    const fit = ntk.fit(model, X, Y, { ridges, perOutput: true, scale: "fit" });
    for (const c of [0, 1, 2]) same(fit, c, ntk.fit(model, X, column(c), { ridges, scale: "fit" }));
    const chosen = fit.report.perOutput.map(({ ridge }) => ridge);
    expect(new Set(chosen).size).toBeGreaterThan(1);
    fit.path.forEach((point) => {
      expect(point.perOutput?.map((one) => one.chosen)).toEqual(chosen.map((ridge) => ridge === point.ridge));
      expect(point.chosen).toBe(chosen.includes(point.ridge));
    });
  });

  test("bands cover what they promise, whatever the noise of the other outputs", () => {
    const many = randomMatrix(300, 2, 2, 2);
    const values = Array.from({ length: 300 }, (_, i) => truth(many, i).map((f, c) => f + SIGMA[c] * noise()));
    const fine = Array.from({ length: 31 }, (_, i) => 10 ** (-6 + 0.3 * i));
    const fit = ntk.fit(model, many, values, { ridges: fine, perOutput: true, scale: "fit" });
    const fresh = randomMatrix(400, 2, 77, 2);
    const { mean, variance } = fit.predict(fresh, { noise: true });
    for (const c of [0, 1, 2]) {
      let inside = 0;
      for (let i = 0; i < fresh.rows; i++) {
        const at = 3 * i + c;
        const y = truth(fresh, i)[c] + SIGMA[c] * noise();
        if (Math.abs(y - mean.data[at]) <= 1.96 * Math.sqrt(variance?.data[at] ?? 0)) inside++;
      }
      // 95 % of 400 with a standard error of 1.1 %, and noise estimated from 300 points to 4 %.
      expect(inside / fresh.rows, `output ${c}`).toBeGreaterThan(0.88);
      expect(inside / fresh.rows, `output ${c}`).toBeLessThan(0.995);
    }
  });

  test("samples have the covariance of their output", () => {
    const fit = ntk.fit(model, X, Y, { ridge: [1e-3, 0.1, 5], scale: "fit" });
    const { mean, variance } = fit.predict(T);
    const draws = fit.sample(T, { draws: 4000, seed: 1 });
    for (let at = 0; at < 21; at++) {
      const values = draws.map(({ data }) => data[at] - mean.data[at]);
      const second = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      // A variance from 4000 draws has a relative standard error of 2.2 %.
      expect(second / (variance?.data[at] ?? 0)).toBeGreaterThan(0.85);
      expect(second / (variance?.data[at] ?? 0)).toBeLessThan(1.15);
    }
  });

  test("outputs that one system couples share one ridge", () => {
    const net = createNetwork({ inputs: 2, hidden: 8, outputs: 3, biasStd: 1 });
    expect(() => ntk.fit(net, X, Y, { ridge: [1, 2, 3] })).toThrow(/needs outputs "average"/);
    expect(() => ntk.fit(net, X, Y, { ridges, perOutput: true })).toThrow(/perOutput needs outputs "average"/);
    expect(() => ntk.fit(model, X, Y, { ridge: [1, 2] })).toThrow(
      /ridge has 2 entries; expected one number, or one for each of 3/,
    );
    expect(() => ntk.fit(model, X, Y, { ridge: 1, perOutput: true })).toThrow(/perOutput is true without ridges/);
    const fit = ntk.fit(net, X, Y, { ridge: [1, 2, 3], outputs: "average" });
    expect(fit.report.perOutput.map(({ ridge }) => ridge)).toEqual([1, 2, 3]);
  });
});
