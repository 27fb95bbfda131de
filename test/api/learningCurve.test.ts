/** Predicted learning curves against fits to random subsets, against published equations, and where they are exact. */
import { beforeAll, describe, expect, test } from "vitest";
import { createInfiniteNetwork, createNetwork, type Matrix, type Model, type Ntk } from "../../src/index.js";
import { pickRows } from "../../src/matrix.js";
import { learningCurve, type Modes } from "../../src/regression/learningCurve.js";
import { publishedError } from "../oracle/spectrum.js";
import { expectNear } from "../setup/golden.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 160;
/** Points on a sphere in six dimensions: inputs of one length. */
function onSphere(n: number, d: number, seed: number): Matrix {
  const next = generator(seed);
  const X = { data: new Float64Array(n * d), rows: n, cols: d };
  for (let i = 0; i < n; i++) {
    // Sums of uniform numbers: normal enough.
    const x = Array.from({ length: d }, () => next() + next() + next() + next());
    const length = Math.hypot(...x) / Math.sqrt(d);
    x.forEach((value, t) => {
      X.data[i * d + t] = value / length;
    });
  }
  return X;
}
const X = onSphere(N, 6, 1);
const targets = (C: number): Matrix => ({
  data: Float64Array.from({ length: N * C }, (_, at) => {
    const [i, c] = [Math.floor(at / C), at % C];
    return Math.sin(2 * X.data[6 * i] + c) + 0.3 * (c + 1) * X.data[6 * i + 1];
  }),
  rows: N,
  cols: C,
});

/** Draws n of the points, fits, and takes the error at the others: mean over runs and its standard error. */
function measured(
  ntk: Ntk,
  model: Model,
  Y: Matrix,
  n: number,
  { ridge, noise, outputs }: { ridge: number; noise: number; outputs: "full" | "average" },
) {
  const next = generator(n + 7);
  const fresh = () => Math.sqrt(3 * noise) * next();
  const errors = Array.from({ length: 80 }, () => {
    const order = Array.from({ length: N }, (_, i) => i);
    for (let i = 0; i < n; i++) {
      const j = i + Math.floor(((next() + 1) / 2) * (N - i));
      [order[i], order[j]] = [order[j], order[i]];
    }
    const [inside, outside] = [order.slice(0, n), order.slice(n)];
    const noisy = pickRows(Y, inside);
    for (let at = 0; at < noisy.data.length; at++) noisy.data[at] += fresh();
    using fit = ntk.fit(model, pickRows(X, inside), noisy, { ridge, outputs, centered: true, solver: "dual" });
    const got = fit.predict(pickRows(X, outside), { variance: false }).mean.data;
    const want = pickRows(Y, outside).data;
    return noise + got.reduce((sum, f, at) => sum + (f - want[at]) ** 2, 0) / got.length;
  });
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const spread = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (errors.length - 1);
  return { mean, standardError: Math.sqrt(spread / errors.length) };
}

const infinite = createInfiniteNetwork({ depth: 1, activation: "relu", biasStd: 0.5 });
const two = createNetwork({
  inputs: 6,
  hidden: 60,
  outputs: 2,
  init: "ntk",
  biasStd: 0.5,
  activation: "relu",
  seed: 1,
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each<[string, Model, number, { ridge: number; noise: number; outputs: "full" | "average" }]>([
    ["a small ridge", infinite, 1, { ridge: 1e-2, noise: 0, outputs: "average" }],
    ["noise", infinite, 1, { ridge: 0.3, noise: 0.1, outputs: "average" }],
    ["a large ridge", infinite, 2, { ridge: 5, noise: 0.05, outputs: "average" }],
    ["a network's mean over outputs", two, 2, { ridge: 0.1, noise: 0.02, outputs: "average" }],
    ["a network's outputs together", two, 2, { ridge: 0.1, noise: 0.02, outputs: "full" }],
  ])("the mean error of 80 fits to random points: %s", (_, model, C, given) => {
    const Y = targets(C);
    const sizes = [12, 50, 120];
    const { outputs, ridge, noise } = given;
    const spectrum = ntk.spectrum(model, X, Y, { outputs, centered: true });
    const { error } = spectrum.learningCurve({ sizes, ridge, noise });
    sizes.forEach((n, k) => {
      const { mean, standardError } = measured(ntk, model, Y, n, given);
      // Three standard errors, and 4 % for eigenfunctions that are no Gaussian numbers.
      expectNear([error[k]], [mean], 3 * standardError + 0.04 * mean, `n = ${n}: standard error ${standardError}`);
      expect(standardError).toBeLessThan(0.03 * mean);
    });
  });

  test("the top modes predict what all modes do, or say that they do not know", () => {
    const Y = targets(2);
    const all = ntk.spectrum(infinite, X, Y);
    const some = ntk.spectrum(infinite, X, Y, { top: 40 });
    const curve = { sizes: [1, 4, 8], ridge: 1, noise: 0.1 };
    expectNear(
      some.learningCurve(curve).error,
      all.learningCurve(curve).error,
      0.05,
      "error: two readings of what is not known differ by at most 5 %",
    );
    expect(some.learningCurve(curve).perOutput).toMatchObject({ rows: 3, cols: 2 });
    expect(() => some.learningCurve({ sizes: [100] })).toThrow(
      /sizes has 100, at which modes beyond the top ones matter: the error is between about .* and .*; use smaller sizes/,
    );
    const whole = ntk.spectrum(infinite, X, Y, { top: N });
    expectNear(
      whole.learningCurve({ sizes: [20, 100], ridge: 0.1 }).error,
      all.learningCurve({ sizes: [20, 100], ridge: 0.1 }).error,
      1e-9,
      "all modes by Lanczos: residuals of 1e-10",
    );
    // A kernel of low rank is known from its top modes.
    const few = createNetwork({ inputs: 6, hidden: 2, bias: false, activation: "tanh", seed: 1 });
    const [known, full] = [{ top: 14 }, {}].map((more) => ntk.spectrum(few, X, targets(1), more));
    const low = { sizes: [20, 100, N], ridge: 1e-3, noise: 0.1 };
    expectNear(known.learningCurve(low).error, full.learningCurve(low).error, 1e-6, "rank 14: nothing is left");
  });

  test.each<[string, (i: number) => number]>([
    ["all alike", () => 0.4],
    ["as few as can be, each as large as the smallest known", (i) => (i < 20 ? 2 : 0)],
    ["one that is smaller than all that are known", (i) => (i < 1 ? 1.5 : 0)],
  ])("the two readings of modes that are not known: %s", (_, tail) => {
    const rows = 60;
    const values = Array.from({ length: rows }, (__, i) => (i < 10 ? 20 - 2 * i : tail(i - 10)));
    const model: Model = {
      kernel: (A, B) => ({
        data: Float64Array.from({ length: rows * rows }, (__, at) => (at % (rows + 1) === 0 ? values[at % rows] : 0)),
        rows: A.rows,
        cols: B.rows,
      }),
    };
    // Targets along modes above 0 alone.
    const Y = values.map((value, i) => (value > 0 ? 1 + (i % 3) : 0));
    const points = values.map((__, i) => i);
    const options = { sizes: [40], ridge: 0.01, noise: 0.1 };
    const [truth] = ntk.spectrum(model, points, Y).learningCurve(options).error;
    const few = ntk.spectrum(model, points, Y, { top: 10 });
    let message = "";
    try {
      few.learningCurve(options);
    } catch (error) {
      message = (error as Error).message;
    }
    const [, low, high] = message.match(/between about (\S+) and (\S+);/) ?? [];
    expect([low, high]).toContain(truth.toPrecision(3));
    expect(low).not.toBe(high);
  });

  test("all points: generalised cross-validation, and the mean of the leave-one-out errors", () => {
    const Y = targets(1);
    for (const ridge of [0, 0.1, 3]) {
      const { error } = ntk.spectrum(infinite, X, Y).learningCurve({ sizes: [N], ridge });
      using fit = ntk.fit(infinite, X, Y, { ridge });
      const residuals = fit.predict(X, { variance: false }).mean.data.map((f, i) => f - Y.data[i]);
      const mse = residuals.reduce((sum, x) => sum + x * x, 0) / N;
      const freedom = fit.report.degreesOfFreedom as number;
      if (ridge > 0) expect(error[0] / (mse / (1 - freedom / N) ** 2)).toBeCloseTo(1, 8);
      const loo = fit.report.looResiduals?.data.reduce((sum, x) => sum + (x * x) / N, 0) as number;
      expect(error[0] / loo).toBeGreaterThan(0.8);
      expect(error[0] / loo).toBeLessThan(1.25);
    }
  });
});

describe("the equations", () => {
  const modesOf = (values: number[], squares: number[]): Modes => ({
    values: Float64Array.from(values),
    counts: new Float64Array(values.length).fill(1),
    squares: Float64Array.from(squares),
    columns: 1,
    rows: values.length,
    block: 1,
  });
  const curve = (modes: Modes, sizes: number[], ridge: number, noise = 0) =>
    learningCurve({ sizes, ridge, noise }, modes, undefined);

  test("few of many points: the published equations, up to n/N", () => {
    const n = 4;
    for (const rows of [1000, 10_000, 100_000]) {
      const values = Array.from({ length: rows }, (_, i) => rows / (1 + i) ** 2);
      const squares = Array.from({ length: rows }, (_, i) => rows / (1 + i) ** 1.5);
      for (const [ridge, noise] of [
        [0, 0],
        [0.1, 0.3],
        [2, 0.1],
      ]) {
        const { error, threshold } = curve(modesOf(values, squares), [n], ridge, noise);
        const operator = values.map((value) => value / rows);
        const want = publishedError(
          operator,
          squares.map((square) => square / rows),
          n,
          ridge,
          noise,
        );
        expectNear(error, [want], (5 * n) / rows, `N = ${rows}, ridge ${ridge}`, want);
        const learned = values.reduce((sum, value) => sum + value / (value + threshold[0]), 0);
        expect(learned + (rows * ridge) / threshold[0]).toBeCloseTo(n, rows === 1000 ? 1 : 2);
      }
    }
  });

  test("κ solves its equation to rounding", () => {
    const values = randomMatrix(50, 1, 3).data.map((x) => Math.exp(12 * x));
    for (const ridge of [0, 1e-9, 1, 1e9]) {
      const { threshold } = curve(modesOf([...values], [...values]), [1, 10, 49, 50], ridge);
      threshold.forEach((kappa, k) => {
        const n = [1, 10, 49, 50][k];
        const left = values.reduce((sum, value) => sum + (kappa - ridge) / (value + kappa), 0);
        // Where κ is near the ridge, their difference has lost digits.
        const lost = kappa > 0 ? kappa / Math.max(kappa - ridge, kappa * 1e-3) : 1;
        expectNear([left], [50 - n], 1e-12 * lost, `ridge ${ridge}, n = ${n}`, 50);
      });
    }
  });

  test("units do not matter, up to the largest and the smallest numbers", () => {
    const [values, squares] = [
      [7, 3, 2, 1, 1, 0.5],
      [1, 2, 1, 3, 1, 1],
    ];
    for (const ridge of [0, 0.3]) {
      const plain = curve(modesOf(values, squares), [3, 6], ridge, 0.1);
      for (const factor of [2 ** 1021, 2 ** -1000]) {
        const scaled = modesOf(
          values.map((value) => factor * value),
          squares,
        );
        const { error, threshold } = curve(scaled, [3, 6], factor * ridge, 0.1);
        // Powers of two leave all digits, but κ is found between bounds.
        expectNear(error, plain.error, 1e-13, `ridge ${ridge} times ${factor}`);
        expectNear(
          threshold.map((kappa) => kappa / factor),
          plain.threshold,
          1e-13,
          `ridge ${ridge}`,
          50,
        );
      }
    }
    // A ridge beyond all modes: nothing is learned.
    const small = values.map((value) => value / 2 ** 100);
    const { error, threshold } = curve(modesOf(small, squares), [1, 5], 2 ** 1020);
    expectNear(error, [9 / 6, 9 / 6], 1e-13, "the mean square of the targets");
    expectNear(
      threshold.map((kappa) => kappa / 2 ** 1020),
      [6, 6 / 5],
      1e-13,
      "N/n times the ridge",
    );
  });

  test("groups of modes, outputs and blocks: as each mode by itself", () => {
    const alone = [0, 1].map((c) =>
      curve(
        modesOf(
          [4, 4, 1, 0, 0, 0],
          [
            [1, 2, 3, 1, 0, 2],
            [2, 2, 0, 1, 1, 5],
          ][c],
        ),
        [2, 4, 6],
        0.2,
        0.1,
      ),
    );
    const grouped: Modes = {
      values: Float64Array.of(4, 1, 0),
      counts: Float64Array.of(2, 1, 3),
      squares: Float64Array.of(3, 3, 3, 4, 0, 7),
      columns: 2,
      rows: 6,
      block: 2,
    };
    const found = learningCurve({ sizes: [1, 2, 3], ridge: 0.2, noise: 0.1 }, grouped, grouped);
    expectNear(
      found.perOutput.data,
      [0, 1, 2].flatMap((k) => alone.map(({ error }) => error[k])),
      1e-13,
      "rows of points by columns of outputs",
    );
    expectNear(
      found.error,
      [0, 1, 2].map((k) => (alone[0].error[k] + alone[1].error[k]) / 2),
      1e-13,
      "means",
    );
    expectNear(found.threshold, alone[0].threshold, 1e-13, "κ of sizes times the block");
    expect([...found.sizes]).toEqual([1, 2, 3]);
    expect(() => learningCurve({ sizes: [4] }, grouped, undefined)).toThrow(/expected at most 3/);
  });

  test("two readings may differ by a twentieth of the larger one", () => {
    // With n = N = 1 the error is the square of the target.
    const one = modesOf([1], [1]);
    for (const [square, allowed] of [
      [1.052, true],
      [1.054, false],
      [0.951, true],
      [0.949, false],
    ] as const) {
      const asked = () => learningCurve({ sizes: [1], ridge: 0 }, one, modesOf([1], [square]));
      if (allowed) expect(asked().error[0]).toBe(1);
      else {
        const [low, high] = [Math.min(1, square), Math.max(1, square)].map((value) => value.toPrecision(3));
        expect(asked).toThrow(`the error is between about ${low} and ${high};`);
      }
    }
  });

  test("independent points: nothing is learned of the others", () => {
    const squares = [1, 4, 9, 16];
    for (const ridge of [0, 0.5]) {
      const { error } = curve(modesOf([1, 1, 1, 1], squares), [1, 2, 3, 4], ridge, 0.25);
      expectNear(error, new Array(4).fill(30 / 4 + 0.25), 1e-13, "mean square of the targets, and the noise");
    }
  });

  test("ridge 0 beyond the rank: null modes stay, and the noise has n − rank points to spread over", () => {
    const modes = modesOf([0, 0, 0, 0, 0, 3, 1], [2, 0, 0, 1, 0, 7, 8]);
    const { error, threshold } = curve(modes, [3, 5, 7], 0, 0.2);
    const expected = [3, 5, 7].map((n) => (n * (3 + 5 * 0.2)) / (5 * (n - 2)));
    expectNear(error, expected, 1e-13, "n (Σ c² + M σ²) / (M (n − rank)) over M null modes");
    expect([...threshold]).toEqual([0, 0, 0]);
    // The limit of small ridges.
    expectNear(curve(modes, [3, 5, 7], 1e-9, 0.2).error, expected, 1e-6, "a small ridge");
    expect(() => curve(modes, [2], 0, 0.2)).toThrow(/sizes has 2, the rank of the kernel, .* ridge 0 is infinite/);
    const exact = modesOf([0, 0, 3, 1], [0, 0, 7, 8]);
    expect([...curve(exact, [2, 3], 0).error]).toEqual([0, 0]);
    const regular = curve(modesOf([1, 2, 4], [1, 1, 1]), [3], 0);
    expectNear(
      regular.error,
      [(3 * (1 + 1 / 4 + 1 / 16)) / (1 + 1 / 2 + 1 / 4) ** 2],
      1e-14,
      "n = N without null modes",
    );
    expectNear(curve(modesOf([1, 2, 4], [1, 1, 1]), [3], 1e-200).error, regular.error, 1e-14, "a ridge near 0");
  });

  test("bad input", () => {
    const modes = modesOf([1, 2], [1, 1]);
    const make = (options: object) => () => learningCurve(options as never, modes, undefined);
    expect(make({})).toThrow(/sizes is undefined; expected a list of sizes/);
    expect(make({ sizes: [] })).toThrow(/sizes is empty/);
    expect(make({ sizes: [1, 3] })).toThrow(
      /sizes\[1\] is 3; expected at most 2, the number of points of the spectrum/,
    );
    expect(make({ sizes: [0] })).toThrow(/sizes\[0\] is 0; expected an integer ≥ 1/);
    expect(make({ sizes: [1], ridge: -1 })).toThrow(/ridge is -1/);
    expect(make({ sizes: [1], noise: Number.NaN })).toThrow(/noise is NaN/);
    expect(make({ sizes: [1], sigma: 1 })).toThrow(/unknown option "sigma"; expected sizes, ridge, noise/);
  });
});
