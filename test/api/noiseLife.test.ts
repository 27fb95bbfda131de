/** The life of fits with noise and weights per point: updates, snapshots, paths, float32, predictions, refusals. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type Fit,
  type FitOptions,
  type Matrix,
  type Model,
  type Ntk,
  type UpdateOptions,
} from "../../src/index.js";
import { expectNear, expectRelative } from "../setup/golden.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 24;
const X = randomMatrix(N, 2, 3, 1.5);
const T = randomMatrix(6, 2, 5, 1.5);
const next = generator(9);
const noise = Float64Array.from({ length: N }, (_, i) => (i % 5 === 0 ? 0 : 10 ** next()));
const weights = Float64Array.from({ length: N }, () => 10 ** next());
const net = createNetwork({ inputs: 2, hidden: 40, biasStd: 1, seed: 1 });
const few = createNetwork({ inputs: 2, hidden: 2, biasStd: 1, activation: "tanh", seed: 1 });
const pair = createNetwork({ inputs: 2, hidden: 2, outputs: 2, biasStd: 1, activation: "erf", seed: 2 });
const infinite = createInfiniteNetwork({ depth: 2, activation: "relu", biasStd: 0.3 });
const targets = (C: number): Matrix => randomMatrix(N, C, 4, 1);

const CASES: [string, Model, number, FitOptions][] = [
  ["dual", net, 1, { ridge: 0.2, solver: "dual" }],
  ["full outputs", pair, 2, { ridge: 0.2, solver: "dual", scale: "fit" }],
  ["averaged outputs", pair, 2, { ridge: 0.2, outputs: "average" }],
  ["infinite", infinite, 2, { ridge: 0.2, scale: "fit" }],
  ["primal", few, 1, { ridge: 0.2, solver: "primal" }],
  ["primal, full outputs", pair, 2, { ridge: 0.2, solver: "primal" }],
  ["a path", net, 1, { ridges: [0.01, 0.2, 3] }],
];
const OWN: [string, Pick<FitOptions, "noise" | "weights">][] = [
  ["noise", { noise }],
  ["weights", { weights }],
  ["both", { noise, weights }],
  ["none", {}],
];

/** Condition numbers of these systems are below 10⁴, and both sides are rounded. */
const CLOSE = 1e-10;

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  let float32: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
    float32 = await loadVariant(variant, "float32");
  });

  /** The rows after an update, by hand. */
  function changed(rows: number[][], { add, remove, move }: { add: number[][]; remove: number[]; move: number[][] }) {
    const moved = rows.map((row, i) => (i === 7 ? move[0] : i === 2 ? move[1] : row));
    return [...moved.filter((_, i) => !remove.includes(i)), ...add];
  }

  test.each(CASES.flatMap((one) => OWN.map((own) => [`${one[0]}, ${own[0]}`, one, own[1]] as const)))(
    "%s: points that come and go keep their own",
    (_, [, model, C, options], own) => {
      const Y = targets(C);
      const come = { X: [[0.3, -0.2]], Y: [[0.5, 0.1].slice(0, C)] };
      const steps: UpdateOptions[] = [
        { move: { index: [7, 2], noise: [0.7, 0.1], weights: [3, 0.2] } },
        { add: { ...come, noise: [0.4], weights: [5] }, remove: 11 },
        { add: { X: [[-1, 1]], Y: come.Y } },
        { move: { index: 7, X: [[0.9, 0.4]] } },
      ];
      const list = ({ data, cols }: Matrix) =>
        Array.from({ length: N }, (__, i) => [...data.slice(i * cols, (i + 1) * cols)]);
      const change = (rows: number[][], first: number[], second: number[], move: number[][]) =>
        changed(rows, { add: [first, second], remove: [11], move });
      const before = { noise: own.noise ?? new Float64Array(N), weights: own.weights ?? new Float64Array(N).fill(1) };
      const column = (values: ArrayLike<number>) => Array.from(values, (value) => [value]);
      const after = {
        noise: change(column(before.noise), [0.4], [0], [[0.7], [0.1]]).flat(),
        weights: change(column(before.weights), [5], [1], [[3], [0.2]]).flat(),
      };
      const rowsX = change(list(X), come.X[0], [-1, 1], [[0.9, 0.4], list(X)[2]]);
      const rowsY = change(list(Y), come.Y[0], come.Y[0], [list(Y)[7], list(Y)[2]]);
      const fit = ntk.fit(model, X, Y, { ...options, ...own });
      for (const step of steps) fit.update(step);
      const { ridge } = fit.report;
      const fresh = ntk.fit(model, rowsX, rowsY, { ...options, ridges: undefined, ridge, ...after });
      const [one, two] = [fit, fresh].map((each) => each.predict(T));
      expectRelative(one.mean.data, two.mean.data, CLOSE, "mean: a fresh fit, rounding");
      expectRelative(one.variance.data, two.variance.data, CLOSE, "variance: a fresh fit, rounding");
      expect(fit.report.logEvidence).toBeCloseTo(fresh.report.logEvidence ?? Number.NaN, 7);
      expectRelative(
        fit.report.looResiduals?.data ?? [],
        fresh.report.looResiduals?.data ?? [1],
        CLOSE,
        "leave-one-out: a fresh fit, rounding",
      );
      roundTrip(ntk, fit);
      fit.dispose();
      fresh.dispose();
    },
  );

  test.each([...CASES, ["cg", net, 1, { ridge: 0.2, solver: "cg" }] as const])(
    "%s: a snapshot keeps noise and weights, to the bit",
    (_, model, C, options) => {
      for (const [, own] of OWN) {
        const fit = ntk.fit(model, X, targets(C), { ...options, ...own });
        roundTrip(ntk, fit);
        const { format } = fit.toJSON() as { format: string };
        expect(format, "readers that know of no noise refuse it").toBe(
          `ntk-wasm/fit/${own.noise || own.weights ? 2 : 1}`,
        );
        fit.dispose();
      }
    },
  );

  test("a path has the numbers of its fits, and a ridge for each output works", () => {
    const ridges = [0.01, 0.2, 3];
    for (const [, own] of OWN.slice(0, 3)) {
      const path = ntk.fit(infinite, X, targets(2), { ridges, perOutput: true, scale: "fit", ...own });
      for (const point of path.path) {
        const { report } = ntk.fit(infinite, X, targets(2), { ridge: point.ridge, ...own });
        expect(point.logEvidence).toBeCloseTo(report.logEvidence ?? Number.NaN, 8);
        expect(point.logEvidenceProfiled).toBeCloseTo(report.logEvidenceProfiled ?? Number.NaN, 8);
        expect(point.degreesOfFreedom).toBeCloseTo(report.degreesOfFreedom ?? Number.NaN, 8);
        const { data } = report.looResiduals as Matrix;
        const rmse = Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0) / data.length);
        expect(point.looRmse).toBeCloseTo(rmse, 8);
      }
      const chosen = path.report.perOutput.map(({ ridge }) => ridge);
      const again = ntk.fit(infinite, X, targets(2), { ridge: chosen, scale: "fit", ...own });
      const [one, two] = [path, again].map((fit) => fit.predict(T, { noise: true }));
      expectRelative(one.mean.data, two.mean.data, CLOSE, "mean: rounding");
      expectRelative(one.variance.data, two.variance.data, CLOSE, "variance: rounding");
    }
  });

  test("ridge 0: noise alone, and weights that do not move an interpolant", () => {
    const all = noise.map((value) => value + 0.1);
    const shifted = ntk.fit(net, X, targets(1), { ridge: 0.1, noise });
    for (const [model, solver] of [
      [net, "dual"],
      [net, "cg"],
      [few, "primal"],
    ] as const) {
      const fit = ntk.fit(model, X, targets(1), { noise: all, solver });
      const want = model === net ? shifted : ntk.fit(few, X, targets(1), { ridge: 0.1, noise, solver: "dual" });
      expectRelative(fit.predict(T).mean.data, want.predict(T).mean.data, CLOSE, `${solver}: mean`);
      expectRelative(fit.predict(T).variance.data, want.predict(T).variance.data, CLOSE, `${solver}: variance`);
      if (solver === "cg") continue;
      expect(fit.report.logEvidence).toBeCloseTo(want.report.logEvidence ?? Number.NaN, 7);
      expect(fit.report.conditionNumber).toBeGreaterThan(1);
      expect(fit.report.solver).toBe(solver);
    }
    const interpolants = [{}, { weights }].map((own) => ntk.fit(infinite, X, targets(1), own).predict(T).mean.data);
    expectRelative(interpolants[1], interpolants[0], 1e-7, "the interpolant has no noise to weigh");
    // Weighted least squares of a model with fewer weights than rows: the normal equations of weight space.
    const [dual, primal] = (["dual", "primal"] as const).map((solver) =>
      ntk.fit(few, X, targets(1), { weights, solver }),
    );
    expect(dual.report.solver).toBe("eigen");
    expectRelative(dual.predict(T).mean.data, primal.predict(T).mean.data, 1e-6, "weighted least squares");
    const plain = ntk.fit(few, X, targets(1), { solver: "primal" }).predict(T).mean.data;
    expect(Math.abs(plain[0] - primal.predict(T).mean.data[0]), "weights matter there").toBeGreaterThan(1e-3);
  });

  test("cg with rows a million times as noisy as others", () => {
    const far = noise.map((_, i) => (i % 2 === 0 ? 1e-4 : 1e2));
    const [dual, cg] = (["dual", "cg"] as const).map((solver) => ntk.fit(net, X, targets(1), { noise: far, solver }));
    expectRelative(cg.predict(T).mean.data, dual.predict(T).mean.data, 1e-8, "mean: κ of 10⁶ times rounding");
    expect(cg.report.iterations).toBeLessThan(4 * N);
    // A row without noise beside a ridge that is lost in rounding: the minimum-norm answer, and the report says so.
    const exact = far.map((value, i) => (i < 12 ? 0 : value));
    const lost = ntk.fit(few, X, targets(1), { noise: exact, solver: "cg" });
    expect(lost.report.notes.join()).toMatch("so is the noise of a row");
    const same = ntk.fit(few, X, targets(1), { noise: exact, solver: "dual" });
    expectRelative(lost.predict(T).mean.data, same.predict(T).mean.data, 1e-6, "mean: as the N×N solver");
    expectNear(
      lost.predict(T).variance.data,
      same.predict(T).variance.data,
      1e-10,
      "variance: 0, to rounding of the kernel",
    );
  });

  test("float32 preconditions systems with noise and weights", () => {
    for (const model of [net, infinite])
      for (const [, own] of OWN.slice(0, 3)) {
        const options = { ridge: 0.2, solver: "dual", ...own } as const;
        const [fit, want] = [float32, ntk].map((each) => each.fit(model, X, targets(1), options));
        expect(fit.report.precision).toBe("float32");
        expectRelative(fit.dualWeights().data, want.dualWeights().data, 1e-9, "α: residuals are in float64");
        expectRelative(fit.predict(T).variance.data, want.predict(T).variance.data, 1e-9, "variance: in float64");
      }
  });

  test("predictions with noise: the common ridge, a variance, one for each row", () => {
    const each = Float64Array.from({ length: T.rows }, (_, i) => i / 10);
    for (const [, model, C, options] of CASES) {
      const fit = ntk.fit(model, X, targets(C), { ...options, noise });
      const full = "parameters" in model && C > 1 && options.outputs !== "average";
      const latent = fit.predict(T, { covariance: true });
      const size = latent.covariance.rows;
      for (const [given, added] of [
        [true, () => fit.report.scale * fit.report.ridge],
        [0.3, () => 0.3],
        [each, (i: number) => each[i]],
        [[...each], (i: number) => each[i]],
      ] as const) {
        const { variance, covariance, mean } = fit.predict(T, { covariance: true, noise: given });
        expect(mean.data).toEqual(latent.mean.data);
        // Where outputs have scales of their own, the mean scale is not that of each.
        if (given === true && !full && C > 1 && options.scale === "fit") continue;
        const want = latent.variance.data.map((value, at) => value + added(Math.floor(at / C)));
        expectRelative(variance.data, want, 1e-14, "variance: one addition");
        const block = size / T.rows;
        const matrix = latent.covariance.data.map((value, at) =>
          at % (size + 1) === 0 ? value + added(Math.floor(at / (size + 1) / block) % T.rows) : value,
        );
        if (block === 1 || full) expectRelative(covariance.data, matrix, 1e-14, "covariance: one addition");
      }
      // Draws of 4000 functions have the variance of the band.
      const draws = fit.sample(T, { draws: 4000, noise: each });
      const { variance, mean } = fit.predict(T, { noise: each });
      const spread = mean.data.map((m, at) => draws.reduce((sum, { data }) => sum + (data[at] - m) ** 2 / 4000, 0));
      expectRelative(spread, variance.data, 0.12, "variance of draws: five standard errors of 4000");
    }
  });

  test("what is refused, and how", () => {
    const Y = targets(1);
    const fitWith = (options: FitOptions) => () => ntk.fit(few, X, Y, { ridge: 0.1, ...options });
    expect(fitWith({ noise: [1, 2] })).toThrow(
      new RangeError("noise has 2 numbers; expected 24: one for each row of X"),
    );
    expect(fitWith({ weights: [1] })).toThrow("weights has 1 numbers; expected 24: one for each row of X");
    expect(fitWith({ noise: noise.map((_, i) => (i === 3 ? -1 : 0)) })).toThrow(
      "noise[3] is -1; expected a finite number ≥ 0",
    );
    const tiny = noise.map(() => 1e-310);
    expect(fitWith({ weights: tiny })).toThrow("weights[0] is 1e-310; expected a number of at least 2.2");
    expect(fitWith({ ridge: 1e300, weights: noise.map(() => 1e-20) })).toThrow(
      "the noise of row 0 overflows: ridge 1e+300 over weight 1e-20, plus noise 0; expected a finite sum",
    );
    expect(fitWith({ weights: noise })).toThrow("weights[0] is 0; expected a finite number > 0");
    expect(fitWith({ ridge: 0, noise, solver: "primal" })).toThrow('noise[0] is 0 and the ridge is 0; solver "primal"');
    expect(ntk.fit(few, X, Y, { noise }).report.solver, "auto takes the N×N system there").not.toBe("primal");
    const fitted = ntk.fit(few, X, Y, { ridge: 0.1, solver: "primal" });
    expect(() => fitted.predict(T, { noise: [1] })).toThrow("noise has 1 numbers; expected 6: one for each row of X");
    expect(() => fitted.predict(T, { noise: -1 })).toThrow("noise is -1");
    const before = fitted.predict(T).mean.data;
    for (const wrong of [
      { move: { index: [1, 2], noise: [1] } },
      { add: { X: [[0, 0]], Y: [0], weights: [1, 2] } },
      { add: { X: [[0, 0]], Y: [0], noise: [Number.NaN] } },
    ])
      expect(() => fitted.update(wrong)).toThrow(RangeError);
    expect(fitted.predict(T).mean.data).toEqual(before);
    const exact = ntk.fit(few, X, Y, { noise: noise.map((value) => value + 1), solver: "primal" });
    expect(() => exact.update({ add: { X: [[0, 0]], Y: [0] } })).toThrow("noise[24] is 0 and the ridge is 0");
  });
});

/** A fit, its bytes and its JSON say the same, to the bit. */
function roundTrip(ntk: Ntk, fit: Fit): void {
  const want = fit.predict(T, { noise: 0.1 });
  for (const stored of [fit.snapshot(), JSON.stringify(fit)]) {
    const again = ntk.restore(stored);
    const got = again.predict(T, { noise: 0.1 });
    expect(got.mean.data).toEqual(want.mean.data);
    expect(got.variance.data).toEqual(want.variance.data);
    for (const name of ["logEvidence", "degreesOfFreedom", "looResiduals", "rank", "conditionNumber"] as const)
      expect(again.report[name], name).toEqual(fit.report[name]);
    again.dispose();
  }
}
