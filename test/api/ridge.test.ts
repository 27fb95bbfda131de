/** Ridges that are lost in rounding, ridges at a bound, and ridges that an error names. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type CustomKernel,
  createInfiniteNetwork,
  createNetwork,
  type FitOptions,
  NotPositiveDefiniteError,
  type Ntk,
} from "../../src/index.js";
import { expectNear } from "../setup/golden.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const net = createNetwork({ inputs: 1, hidden: 200, biasStd: 1, weightStd: 4, activation: "relu", seed: 1 });
const X = [0, 0, 0.5, 1, 1.5, 2];
const Y = [1, 2, 0, 1, 0, 1];
const T = [0, 0.25, 0.7, 1.9];

/** A kernel of stored numbers, addressed by integer rows. */
const stored = (K: number[][]): CustomKernel => ({
  kernel: (A, B) => {
    const data = new Float64Array(A.rows * B.rows).map(
      (_, at) => K[A.data[Math.floor(at / B.rows)]][B.data[at % B.rows]],
    );
    return { data, rows: A.rows, cols: B.rows };
  },
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  let float32: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
    float32 = await loadVariant(variant, "float32");
  });

  test.each(["dual", "primal", "auto"] as const)(
    "%s: a lost ridge is the minimum-norm answer, and says so",
    (solver) => {
      for (const each of solver === "primal" ? [ntk] : [ntk, float32]) {
        const fit = each.fit(net, X, Y, { ridge: 7e-15, solver });
        const zero = each.fit(net, X, Y, { ridge: 0, solver });
        expect(fit.report).toMatchObject({ solver: "eigen", ridge: 7e-15, rank: 5, jitter: 0 });
        expect(fit.report.notes[0]).toMatch(
          /^the ridge 7e-15 is lost in rounding .* a ridge above [\d.e-]+ would count$/,
        );
        expect(zero.report.notes[0]).toMatch(/^the kernel is singular to rounding and the ridge is 0/);
        expect(fit.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
          100 * Number.EPSILON,
        );
        for (const name of ["logEvidence", "logEvidenceProfiled", "looResiduals"] as const)
          expect(fit.report[name], name).toBeUndefined();
        expect(fit.report.degreesOfFreedom).toBeCloseTo(5, 9);
        const [got, want] = [fit.predict(T, { covariance: true }), zero.predict(T, { covariance: true })];
        expectNear(
          got.mean.data,
          want.mean.data,
          1e-8,
          "mean, lost ridge and ridge 0: the kept modes are the same to rounding",
        );
        expectNear(
          got.variance?.data ?? [],
          want.variance?.data ?? [],
          1e-8,
          "variance, lost ridge and ridge 0: the kept modes are the same to rounding",
        );
        // The twins' targets are averaged.
        expect(got.mean.data[0]).toBeCloseTo(1.5, 7);
        for (let i = 0; i < T.length; i++) expect(got.covariance?.data[i * (T.length + 1)]).toBeGreaterThanOrEqual(0);
        // The ridge that the note names does count.
        const enough = Number(/a ridge above ([\d.e-]+)/.exec(fit.report.notes[0])?.[1]);
        expect(each.fit(net, X, Y, { ridge: enough, solver }).report.solver).not.toBe("eigen");
      }
    },
  );

  test("paths and tunes leave lost ridges out of the choice", () => {
    const path = ntk.fit(net, X, Y, { ridges: [1e-30, 1e-20, 0, 0.1, 1] });
    expect(path.path.slice(0, 3).map((point) => point.logEvidenceProfiled)).toEqual([undefined, undefined, undefined]);
    expect(path.report.ridge).toBeGreaterThanOrEqual(0.1);
    const { ridge, notes } = ntk.tune(net, X, Y, { ridge: [1e-40, 10] });
    expect(ntk.fit(net, X, Y, { ridge }).report.solver).not.toBe("eigen");
    expect(notes.at(-1)).toMatch(/^1 of 6 rows repeat/);
    expect(() => ntk.tune(net, X, Y, { ridge: [1e-40, 1e-30] })).toThrow(/lost in rounding beside the kernel/);
  });

  test("a choice at a bound is told", () => {
    const model = createInfiniteNetwork({ activation: "erf" });
    const inputs = randomMatrix(40, 1, 3);
    const smooth = inputs.data.map((x) => Math.sin(2 * x));
    const low = ntk.fit(model, inputs, smooth, { ridges: [1e-2, 1, 100] });
    expect(low.report.atBound).toBe(true);
    expect(low.report.notes).toEqual(["the chosen ridge 0.01 is the smallest of 3: the best one may lie below it"]);
    expect(low.path.map(({ atBound }) => atBound)).toEqual([true, false, false]);
    const noise = randomMatrix(40, 1, 8).data;
    const high = ntk.fit(model, inputs, noise, { ridges: [1e-3, 1e-2] });
    expect(high.report.notes[0]).toMatch(/the chosen ridge 0.01 is the largest of 2: the best one may lie above it/);
    // One ridge is no choice, and nothing lies below 0.
    expect(ntk.fit(model, inputs, smooth, { ridges: [1] }).report.atBound).toBe(false);
    expect(ntk.fit(model, [-1, 0, 1], [-1, 0, 1], { ridges: [0, 10] }).report.atBound).toBe(false);

    const tuned = ntk.tune(model, inputs, smooth, { weightStd: [0.01, 0.02], depth: [1, 2], evaluations: 12 });
    expect(tuned.atBound).toBe(true);
    expect(tuned.notes.join("\n")).toMatch(/the chosen weightStd 0\.0(2|199\d*) is at the upper end of its range/);
    const short = ntk.tune(model, inputs, smooth, { weightStd: [0.1, 10], evaluations: 3 });
    expect(short.notes.join("\n")).toMatch(/the search at depth 1 used up its 3 kernels before it converged/);
    const wide = ntk.tune(model, inputs, noise, { ridge: [1e-3, 1e-2] });
    expect(wide).toMatchObject({ atBound: true });
    expect(wide.trace[0].atBound).toBe(true);
  });

  test("targets without anything to explain", () => {
    const model = createInfiniteNetwork({ activation: "erf" });
    const constant = ntk.tune(model, X, [3, 3, 3, 3, 3, 3]);
    expect(constant.score).toBeGreaterThan(-Infinity);
    expect(constant.score).toBeLessThan(Infinity);
    expect(() => ntk.tune(model, X, [0, 0, 0, 0, 0, 0])).toThrow(/targets equal the start values of the model/);
    const zero = ntk.fit(model, X, [0, 0, 0, 0, 0, 0], { ridges: [0.1, 1], scale: "fit" });
    expect(zero.report.notes[0]).toMatch(/no ridge of the path has a finite evidence/);
    expect([...zero.predict(T).mean.data]).toEqual([0, 0, 0, 0]);
  });

  test("the ridge that an error names is enough", () => {
    const next = generator(9);
    for (let trial = 0; trial < 200; trial++) {
      const n = 2 + (trial % 12);
      const rank = 1 + (trial % n);
      const rows = Array.from({ length: n }, () => Array.from({ length: rank }, next));
      const scale = 10 ** ((trial % 7) * 3 - 9);
      const size = 10 ** -(trial % 9);
      const K = rows.map((a, i) =>
        rows.map((b, j) => scale * (a.reduce((sum, x, t) => sum + x * b[t], 0) - (i === j ? size : 0))),
      );
      const at = Array.from({ length: n }, (_, i) => i);
      const values = at.map(() => next());
      const run = (options: FitOptions) => ntk.fit(stored(K), at, values, options);
      for (const options of [{ ridge: 0 }, { ridge: (scale * size) / 2 }, { ridges: [scale, 2 * scale] }]) {
        try {
          run(options);
        } catch (error) {
          expect(error).toBeInstanceOf(NotPositiveDefiniteError);
          const enough = Number(/with one ridge above ([\d.e+-]+)/.exec((error as Error).message)?.[1]);
          expect(
            run({ ridge: enough }).report.backwardError,
            "backward error of the system that was solved, c N ε",
          ).toBeLessThanOrEqual(20 * n * Number.EPSILON);
        }
      }
    }
  });

  test("an update's error names a ridge that is enough", () => {
    const next = generator(4);
    for (let trial = 0; trial < 100; trial++) {
      const n = 3 + (trial % 10);
      const points = Array.from({ length: n }, next);
      const wide = createNetwork({ inputs: 1, hidden: 300, biasStd: 1, weightStd: 3, activation: "relu", seed: trial });
      const fit = ntk.fit(wide, points, points, { ridge: 1e-18 * (trial % 3), solver: "dual" });
      if (fit.report.solver === "eigen") continue;
      let message = "";
      try {
        fit.update({ add: { X: [points[0]], Y: [3] } });
      } catch (error) {
        message = (error as Error).message;
      }
      const enough = Number(/use a ridge above ([\d.e+-]+)/.exec(message)?.[1]);
      const again = ntk.fit(wide, points, points, { ridge: enough, solver: "dual" });
      expect(again.update({ add: { X: [points[0]], Y: [3] } }).report.solver).toBe("dual");
    }
  });

  test("what cannot be never comes out: scales, variances, degrees of freedom, condition numbers", () => {
    const next = generator(6);
    for (let trial = 0; trial < 150; trial++) {
      const n = 2 + (trial % 40);
      const some = createNetwork({
        inputs: 1 + (trial % 2),
        hidden: 1 + (trial % 11),
        biasStd: 1,
        activation: (["sigmoid", "tanh", "relu", "erf", "sin"] as const)[trial % 5],
        seed: trial,
      });
      const points = Array.from({ length: n }, () => Array.from({ length: some.inputs }, next));
      if (trial % 3 === 0) points.push(points[0]);
      const values = points.map(() => next());
      const ridge = 10 ** -(trial % 19);
      const solver = (["auto", "dual", "primal"] as const)[trial % 3];
      const fit = ntk.fit(some, points, values, { ridge, solver, scale: "fit" });
      const { report } = fit;
      const what = `trial ${trial}: ${solver}, ${report.solver}, ridge ${ridge}`;
      const { variance, covariance } = fit.predict(points, { covariance: true });
      expect(report.scale, what).toBeGreaterThanOrEqual(0);
      expect(Math.min(...variance.data), what).toBeGreaterThanOrEqual(0);
      points.forEach((_, i) => {
        expect(covariance?.data[i * (points.length + 1)], what).toBeGreaterThanOrEqual(0);
      });
      expect(report.degreesOfFreedom, what).toBeGreaterThanOrEqual(0);
      expect(report.degreesOfFreedom, what).toBeLessThanOrEqual(points.length * (1 + 1e-12));
      expect(report.conditionNumber, what).toBeGreaterThanOrEqual(1 - 1e-12);
      expect(report.conditionNumber, what).toBeLessThanOrEqual(1 / Number.EPSILON);
      // With more parameters than rows, ΦᵀΦ is singular: the automatic choice is the N×N system.
      if (solver === "auto" && some.parameters.length >= points.length)
        expect(["dual", "eigen"]).toContain(report.solver);
    }
  });
});
