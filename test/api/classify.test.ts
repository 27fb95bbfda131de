/**
 * Classification: Laplace's approximation against its textbook definition, against scikit-learn and against integrals;
 * the other methods against regressions by hand; what a caller sees.
 */
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { classifyModel } from "../../src/classification/classifier.js";
import { LatentKernel } from "../../src/classification/latentKernel.js";
import {
  type ClassifyOptions,
  createInfiniteNetwork,
  createNetwork,
  type Model,
  type Ntk,
  precomputed,
  rbfKernel,
  scaled,
  sumOf,
} from "../../src/index.js";
import { solve, toRows } from "../oracle/dense.js";
import { gaussianIntegral, laplaceOracle, regressionOracle } from "../oracle/laplace.js";
import { expectNear } from "../setup/golden.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadContext, loadVariant, variants } from "../setup/variants.js";
import golden from "../vectors/classify.json" with { type: "json" };

const N = 14;
const X = randomMatrix(N, 2, 3, 1.5);
const Xnew = randomMatrix(5, 2, 8, 1.5);
const next = generator(5);
/** Labels of C classes that follow the inputs, with noise. */
const labelsOf = (C: number) =>
  Array.from({ length: N }, (_, i) =>
    Math.min(C - 1, Math.max(0, Math.floor((X.data[2 * i] + 0.3 * next() + 1.5) * (C / 3)))),
  );
const two = labelsOf(2);
const three = labelsOf(3);
const four = labelsOf(4);

const infinite = createInfiniteNetwork({ activation: "erf", depth: 2, weightStd: 1.5 });
const MODELS: Record<string, Model> = {
  infinite,
  finite: createNetwork({ inputs: 2, hidden: 30, biasStd: 1, seed: 1 }),
  deep: createNetwork({ inputs: 2, hidden: [12, 9], outputs: 3, activation: "erf", biasStd: 0.5, seed: 2 }),
  composed: sumOf([{ model: infinite }, { model: rbfKernel({ lengthScale: 1 }), weight: 2 }]),
  custom: { kernel: (A, B) => rbfOf(toRows(A), toRows(B)) },
};
const rbfOf = (A: number[][], B: number[][]) =>
  A.map((a) => B.map((b) => 3 * Math.exp(-a.reduce((sum, x, t) => sum + (x - b[t]) ** 2, 0))));

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const kernels = (model: Model, scale = 1, ridge = 0) => {
    const times = (rows: number[][]) => rows.map((row) => row.map((x) => scale * x));
    const K = times(toRows(ntk.kernel(model, X))).map((row, i) => row.map((x, j) => x + (i === j ? ridge : 0)));
    const cross = times(toRows(ntk.kernel(model, Xnew, X)));
    return { K, cross, own: Array.from(ntk.kernelDiagonal(model, Xnew), (x) => scale * x) };
  };

  test.each(Object.entries(MODELS))("%s: mode, evidence and predictions are those of the definition", (_, model) => {
    for (const [labels, C] of [
      [two, 2],
      [three, 3],
      [four, 4],
    ] as const) {
      for (const [scale, ridge] of [
        [1, 1e-3],
        [20, 0.5],
      ]) {
        const { K, cross, own: variances } = kernels(model, scale, ridge);
        const oracle = laplaceOracle(K, labels, C, C === 2);
        using classifier = ntk.classify(model, X, labels, { scale, ridge });
        const { report } = classifier;
        expectNear(
          [report.logEvidence as number],
          [oracle.logEvidence],
          1e-8,
          "evidence",
          1 + Math.abs(oracle.logEvidence),
        );
        const { mean, variance } = classifier.predict(Xnew);
        for (let t = 0; t < 5; t++) {
          const want = oracle.predict(cross[t], variances[t]);
          expectNear(mean.data.subarray(t * mean.cols, (t + 1) * mean.cols), want.mean, 1e-7, "mean", 1 + scale);
          const diagonal = want.covariance.map((row, c) => row[c]);
          expectNear(
            variance.data.subarray(t * mean.cols, (t + 1) * mean.cols),
            diagonal,
            1e-7,
            "variance",
            1 + scale * 10,
          );
        }
        expect(report.gradient).toBeLessThan(1.1e-10);
        expect(report.notes).toEqual([]);
      }
    }
  });

  test("a kernel of rank 2 is a logistic regression, whatever its scale", () => {
    const linear = createInfiniteNetwork({ depth: 0, biasStd: 0 });
    const perUnit = ntk.kernel(linear, [[1, 0]]).data[0];
    for (const C of [2, 3]) {
      // Labels without a pattern: the weights stay finite.
      const labels = Array.from({ length: N }, (_, i) => i % C);
      for (const scale of [1, 100, 1e4, 1e6, 1e8]) {
        using classifier = ntk.classify(linear, X, labels, { scale });
        const want = regressionOracle(toRows(X), labels, C, scale * perUnit);
        if (scale <= 100) expect(classifier.report.gradient).toBeLessThan(1.1e-10);
        // Rounding of a large kernel costs few steps. It blurs the mode of three classes, and the report says so.
        expect(classifier.report.iterations).toBeLessThanOrEqual(C === 2 ? 5 : 10);
        const blurred = classifier.report.notes.some((note) => note.startsWith("the mode is blurred by rounding"));
        if (C === 3 && scale > 100 && blurred) continue;
        expectNear(classifier.predict(X).mean.data, want, 1e-6, `mean of ${C} classes at scale ${scale}`);
      }
    }
  });

  test("rounding that blurs the mode is told", () => {
    const linear = createInfiniteNetwork({ depth: 0, biasStd: 0 });
    const labels = Array.from({ length: N }, (_, i) => i % 2);
    using classifier = ntk.classify(linear, X, labels, { scale: 1e12 });
    const { gradient, notes } = classifier.report;
    expect(gradient).toBeGreaterThan(1e-8);
    expect(notes).toEqual([
      `the mode is blurred by rounding: the gradient there is ${gradient.toPrecision(2)}; a smaller scale or a ridge would sharpen it`,
    ]);
  });

  test("a Newton step is as exact as it has to be: few steps, and few products", () => {
    for (const [scale, steps, products] of [
      [1, 5, 41],
      [20, 7, 87],
      [1000, 11, 192],
    ]) {
      using classifier = ntk.classify(
        infinite,
        X,
        Array.from({ length: N }, (_, i) => i % 3),
        { scale },
      );
      const { report } = classifier;
      expect(report.iterations).toBe(steps);
      // Rounding decides about the last product of a step.
      expect(Math.abs(report.products - products), `${report.products}, expected ${products}`).toBeLessThan(
        1 + products / 20,
      );
      expect(report.factorisations, "one factor, at the mode").toBe(4);
    }
  });

  test("the zero kernel, classes without rows, extreme scales", () => {
    const zero = precomputed([
      [0, 0],
      [0, 0],
    ]);
    for (const method of ["laplace", "dirichlet", "ridge"] as const) {
      using classifier = ntk.classify(zero, [0, 1], [0, 1], { scale: "fit", method, ridge: 0.1 });
      expect(Math.abs(classifier.report.scale - 0.1)).toBeLessThan(0.002);
      expectNear(classifier.predict([0, 1]).probabilities.data, [0.5, 0.5, 0.5, 0.5], 1e-12, method);
    }
    const letters = two.map((y) => "ab"[y]);
    using named = ntk.classify(infinite, X, letters, { classes: ["a", "b", "c"] });
    expect(named.report.notes).toEqual(['1 of 3 classes have no row: "c"']);
    const at = (scale: number) => () => ntk.classify(infinite, X, two, { scale });
    expect(at(1e200)).toThrow(RangeError);
    expect(at(1e200)).toThrow(/scale 1e\+200 makes the largest entry of the kernel 6.93\d*e\+200, whose square/);
    expect(at(1e-300)).not.toThrow();
    expect(() => ntk.classify(infinite, X, two, { scale: true as never })).toThrow(TypeError);
    // An end of the range is that number itself; a range of one number has no end to be at.
    const searched = (scale: [number, number], labels = two) =>
      ntk.tune(createInfiniteNetwork({ activation: "erf" }), X, labels, { criterion: "laplace", scale });
    expect(searched([1e-9, 1e-8])).toMatchObject({ scale: 1e-8, atBound: true });
    const torn = Array.from({ length: N }, (_, i) => i % 2);
    expect(searched([1e4, 1e5], torn)).toMatchObject({ scale: 1e4, atBound: true });
    expect(searched([2, 2])).toMatchObject({ scale: 2, atBound: false });
    expect(searched([1e-6, 1e6]).atBound).toBe(false);
  });

  test("products of the kernel and factorisations are counted", () => {
    const times = vi.spyOn(LatentKernel.prototype, "times");
    const factors = vi.spyOn(LatentKernel.prototype, "factorWeighted");
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    for (const labels of [two, three])
      for (const scale of [2, "fit"] as const) {
        times.mockClear();
        factors.mockClear();
        using classifier = ntk.classify(infinite, X, labels, { scale });
        const { products, factorisations } = classifier.report;
        expect(products).toBe(times.mock.calls.length);
        // Of more classes a factor has a triangle more than it has classes.
        expect(factorisations).toBe((factors.mock.calls.length * (labels === two ? 1 : 4)) / (labels === two ? 1 : 3));
      }
  });

  test("at the training points the mean is the mode", () => {
    const { K } = kernels(infinite, 5);
    using classifier = ntk.classify(infinite, X, three, { scale: 5 });
    const { f } = laplaceOracle(K, three, 3);
    const { mean } = classifier.predict(X);
    expectNear(
      mean.data,
      Array.from({ length: 3 * N }, (_, at) => f[(at % 3) * N + Math.floor(at / 3)]),
      1e-6,
      "f",
    );
  });

  interface Stored {
    name: string;
    model: { kind: string; depth: number; weightStd: number; biasStd: number; lengthScale: number; amplitude: number };
    X: number[][];
    labels: string[];
    evidence: number;
    mode: number[];
    mean: number[];
    variance: number[];
    probability: number[];
  }
  const stored = golden as unknown as {
    cases: Stored[];
  };

  test.each(stored.cases.map((item) => [item.name, item] as const))("scikit-learn, %s", (_, item) => {
    const { model: given } = item;
    const model =
      given.kind === "rbf"
        ? rbfKernel({ lengthScale: given.lengthScale, amplitude: given.amplitude })
        : createInfiniteNetwork({ activation: "relu", depth: 1, weightStd: given.weightStd, biasStd: given.biasStd });
    const part = <T>(values: T[], test: boolean) => values.filter((_, i) => (i % 5 === 0) === test);
    using classifier = ntk.classify(model, part(item.X, false), part(item.labels, false));
    expect(classifier.report.logEvidence).toBeCloseTo(item.evidence, 7);
    expectNear(classifier.predict(part(item.X, false)).mean.data, item.mode, 1e-6, "mode");
    const { mean, variance, probabilities } = classifier.predict(part(item.X, true));
    expectNear(mean.data, item.mean, 1e-6, "mean");
    expectNear(variance.data, item.variance, 1e-6, "variance");
    // scikit-learn integrates by five error functions (Williams & Barber 1998).
    expectNear(
      probabilities.data.filter((_, at) => at % 2 === 1),
      item.probability,
      2e-3,
      "probability",
    );
  });

  test("one point: against integrals over f", () => {
    const sigma = (f: number) => 1 / (1 + Math.exp(-f));
    const errors = [1, 0.1, 0.01].map((k) => {
      const model = precomputed([[k]], { cross: [[0.7 * k]], diagonal: [k] });
      using classifier = ntk.classify(model, [0], ["b"], { classes: ["a", "b"] });
      const evidence = gaussianIntegral(sigma, 0, k);
      // p(y* = b) = ∫∫ σ(f*) p(f*|f) p(f|y): f* given f is normal.
      const given = (f: number) => gaussianIntegral100(sigma, 0.7 * f, k - 0.49 * k);
      const truth = gaussianIntegral100((f) => given(f) * sigma(f), 0, k) / evidence;
      const { probabilities } = classifier.predict([1]);
      return [
        Math.abs((classifier.report.logEvidence as number) - Math.log(evidence)),
        Math.abs(probabilities.data[1] - truth),
      ];
    });
    // Laplace's error is of the second order in k.
    for (const which of [0, 1]) {
      expect(errors[0][which]).toBeLessThan(0.03);
      expect(errors[1][which]).toBeLessThan(errors[0][which] / 20);
      expect(errors[2][which]).toBeLessThan(Math.max(errors[1][which] / 20, 1e-9));
    }
  });
  const gaussianIntegral100 = (g: (f: number) => number, mean: number, variance: number) => {
    const h = 0.1;
    let sum = 0;
    for (let t = -90; t <= 90; t++) sum += h * g(mean + Math.sqrt(variance) * h * t) * Math.exp(-((h * t) ** 2) / 2);
    return sum / Math.sqrt(2 * Math.PI);
  };

  test("two classes: the probability is the integral of the logistic function over the latent Gaussian", () => {
    for (const scale of [0.1, 1, 30, 1000]) {
      using classifier = ntk.classify(infinite, X, two, { scale });
      const { mean, variance, probabilities } = classifier.predict(Xnew);
      for (let t = 0; t < 5; t++) {
        const want = gaussianIntegral((f) => 1 / (1 + Math.exp(-f)), mean.data[t], variance.data[t]);
        expectNear(probabilities.data.subarray(2 * t, 2 * t + 2), [1 - want, want], 1e-12, `scale ${scale}`);
      }
    }
  });

  test("dirichlet and ridge: regressions by hand", () => {
    const { K, cross, own } = kernels(infinite, 2);
    const alphas = (c: number) => three.map((label) => 0.01 + (label === c ? 1 : 0));
    const targets = [0, 1, 2].map((c) => alphas(c).map((a) => Math.log(a) - Math.log1p(1 / a) / 2));
    const priors = [0, 1, 2].map((c) => Math.log((three.filter((y) => y === c).length + 0.01) / (N + 0.03)));
    const shift = targets.flatMap((row, c) => row.map((y) => y - priors[c])).reduce((sum, x) => sum + x, 0) / (3 * N);
    using dirichlet = ntk.classify(infinite, X, three, { method: "dirichlet", scale: 2, ridge: 0.1 });
    const { mean, variance, probabilities } = dirichlet.predict(Xnew);
    let evidence = 0;
    for (let c = 0; c < 3; c++) {
      const A = K.map((row, i) => row.map((x, j) => x + (i === j ? 0.1 + Math.log1p(1 / alphas(c)[i]) : 0)));
      const right = targets[c].map((y) => y - priors[c] - shift);
      const alpha = solve(
        A,
        right.map((y) => [y]),
      ).map(([x]) => x);
      evidence += logGaussian(A, right);
      for (let t = 0; t < 5; t++) {
        const want = priors[c] + shift + cross[t].reduce((sum, x, j) => sum + x * alpha[j], 0);
        expect(mean.data[3 * t + c]).toBeCloseTo(want, 9);
        const spread = solve(
          A,
          cross[t].map((x) => [x]),
        ).reduce((sum, [x], j) => sum + x * cross[t][j], 0);
        expect(variance.data[3 * t + c]).toBeCloseTo(own[t] - spread, 9);
      }
    }
    expect(dirichlet.report.logEvidence).toBeCloseTo(evidence, 8);
    expectNear(rowSums(probabilities), new Array(5).fill(1), 1e-14, "rows sum to 1");
    using ridge = ntk.classify(infinite, X, three, { method: "ridge", scale: 2, ridge: 0.1 });
    const A = K.map((row, i) => row.map((x, j) => x + (i === j ? 0.1 : 0)));
    const predicted = ridge.predict(Xnew);
    let sum = 0;
    for (let c = 0; c < 3; c++) {
      const share = three.filter((y) => y === c).length / N;
      const right = three.map((y) => (y === c ? 1 : 0) - share);
      const alpha = solve(
        A,
        right.map((y) => [y]),
      ).map(([x]) => x);
      sum += logGaussian(A, right);
      for (let t = 0; t < 5; t++) {
        const want = share + cross[t].reduce((total, x, j) => total + x * alpha[j], 0);
        expect(predicted.mean.data[3 * t + c]).toBeCloseTo(want, 9);
      }
    }
    expect(ridge.report.logEvidence).toBeCloseTo(sum, 8);
    for (let t = 0; t < 5; t++) {
      const row = cross[t].map((x) => [x]);
      const left = own[t] - solve(A, row).reduce((total, [x], j) => total + x * cross[t][j], 0);
      for (let c = 0; c < 3; c++) expect(predicted.variance.data[3 * t + c]).toBeCloseTo(left, 9);
      const clipped = Array.from(predicted.mean.data.subarray(3 * t, 3 * t + 3), (x) => Math.max(0, x));
      const total = clipped.reduce((p, x) => p + x, 0);
      expectNear(
        predicted.probabilities.data.subarray(3 * t, 3 * t + 3),
        clipped.map((x) => x / total),
        1e-14,
        "clipped",
      );
    }
  });

  test("softmax probabilities: many plain draws from the latent Gaussian agree", () => {
    const { K, cross, own } = kernels(infinite, 3);
    const oracle = laplaceOracle(K, three, 3);
    using classifier = ntk.classify(infinite, X, three, { scale: 3 });
    const { probabilities } = classifier.predict(Xnew);
    const fine = classifier.predict(Xnew, { draws: 50_000, seed: 7 }).probabilities;
    expectNear(probabilities.data, fine.data, 2e-3, "2048 draws");
    expect(probabilities.data).not.toEqual(fine.data);
    expect(classifier.predict(Xnew).probabilities).toEqual(probabilities);
    const { mean, covariance } = oracle.predict(cross[0], own[0]);
    const want = plainDraws(mean, covariance);
    expectNear(fine.data.subarray(0, 3), want, 4e-3, "200 000 plain draws, whose error is about 1e-3");
  });

  test("scale: the fitted one has the largest evidence", () => {
    for (const options of [{}, { method: "dirichlet" }, { method: "ridge", ridge: 0.1 }] as ClassifyOptions<number>[]) {
      for (const labels of [two, three]) {
        using best = ntk.classify(infinite, X, labels, { ...options, scale: "fit" });
        const { scale, logEvidence = Number.NaN, notes, atBound } = best.report;
        expect(atBound, notes.join()).toBe(false);
        for (const factor of [0.5, 0.97, 1.03, 2]) {
          using other = ntk.classify(infinite, X, labels, { ...options, scale: factor * scale });
          expect(other.report.logEvidence).toBeLessThan(logEvidence + 1e-6);
        }
        using again = ntk.classify(infinite, X, labels, { ...options, scale });
        expect(again.report.logEvidence).toBeCloseTo(logEvidence, 9);
        expectNear(best.predict(Xnew).probabilities.data, again.predict(Xnew).probabilities.data, 1e-8, "same");
      }
    }
  });

  test("a fitted scale follows the units of the kernel, and its report sums the work of all scales", () => {
    using plain = ntk.classify(infinite, X, three, { scale: "fit" });
    for (const factor of [1e-10, 1e10]) {
      using other = ntk.classify(scaled(infinite, factor), X, three, { scale: "fit" });
      expect(other.report.atBound).toBe(false);
      expect(Math.abs((other.report.scale * factor) / plain.report.scale - 1)).toBeLessThan(5e-3);
      expect(other.report.logEvidence).toBeCloseTo(plain.report.logEvidence as number, 5);
    }
    using again = ntk.classify(infinite, X, three, { scale: plain.report.scale });
    for (const key of ["iterations", "factorisations", "products"] as const)
      expect(plain.report[key], key).toBeGreaterThan(again.report[key]);
    expect(again.report.products).toBeGreaterThan(0);
    // Each scale starts where its neighbour ended: 58 and 64 steps, where starts at 0 take 93 and 129.
    expect(plain.report.iterations).toBeLessThan(75);
    using binary = ntk.classify(infinite, X, two, { scale: "fit" });
    expect(binary.report.iterations).toBeLessThan(95);
  });

  test("more new points than a tile has: each is predicted as if alone", () => {
    using classifier = ntk.classify(infinite, X, three, { scale: 3 });
    // A tile has 2²¹ / (14·4) rows.
    const n = 2 ** 16;
    const many = randomMatrix(n, 2, 4, 1.5);
    const all = classifier.predict(many, { draws: 16 });
    for (const row of [0, 37_448, 37_449, 37_450, n - 1]) {
      const one = classifier.predict([Array.from(many.data.subarray(2 * row, 2 * row + 2))], { draws: 16 });
      expect(all.labels[row]).toBe(one.labels[0]);
      for (const part of ["mean", "variance", "probabilities"] as const)
        expectNear(all[part].data.subarray(3 * row, 3 * row + 3), one[part].data, 1e-12, `${part} of row ${row}`);
    }
  });

  test("hard cases: separable data, huge kernels, repeated points, a singular kernel", () => {
    const line = [-3, -2, -2, -1, 1, 2, 2, 3];
    for (const [labels, C] of [
      [["n", "n", "n", "n", "p", "p", "p", "p"], 2],
      [["n", "n", "m", "m", "p", "p", "o", "o"], 4],
    ] as const) {
      for (const scale of [1e-6, 1, 1e6]) {
        for (const model of [createInfiniteNetwork({ depth: 0 }), createInfiniteNetwork({ activation: "relu" })]) {
          using classifier = ntk.classify(model, line, labels, { scale });
          const { probabilities, mean } = classifier.predict([...line, 1e6]);
          expectNear(rowSums(probabilities), new Array(9).fill(1), 1e-12, "rows sum to 1");
          expect(mean.data.every(Number.isFinite)).toBe(true);
          expect(Number.isFinite(classifier.report.logEvidence)).toBe(true);
          expect(classifier.classes).toHaveLength(C);
          if (scale < 1e6) expect(classifier.report.notes).toEqual([]);
          if (scale < 1) expectNear(probabilities.data.subarray(0, C), new Array(C).fill(1 / C), 1e-3, "the prior");
        }
      }
    }
    // The ridge that would count beside a kernel of norm 2000 and order 2: 16 times its rounding.
    const indefinite = precomputed([
      [1, 2],
      [2, 1],
    ]);
    expect(() => ntk.classify(indefinite, [0, 1], [0, 1], { scale: 1e3 })).toThrow(/use a ridge above 1.5e-11/);
    // Labels that no kernel can tell apart: the probability stays in between.
    using torn = ntk.classify(
      infinite,
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      [true, true, false],
      { scale: 1e6 },
    );
    const { probabilities, labels } = torn.predict([[0, 0]]);
    expect(labels).toEqual([true]);
    expect(probabilities.data[1]).toBeGreaterThan(0.5);
    expect(probabilities.data[1]).toBeLessThan(0.75);
  });

  test("exact Newton steps take over where conjugate gradients are slow", () => {
    const n = 60;
    const points = randomMatrix(n, 1, 4, 3);
    const labels = Array.from({ length: n }, (_, i) => i % 3);
    // Labels without a pattern under a huge kernel.
    const model = rbfKernel({ lengthScale: 0.05, amplitude: 1 });
    const factors = vi.spyOn(LatentKernel.prototype, "factorWeighted");
    onTestFinished(() => {
      factors.mockRestore();
    });
    using classifier = ntk.classify(model, points, labels, { scale: 1e8 });
    const { report } = classifier;
    const K = toRows(ntk.kernel(model, points)).map((row) => row.map((x) => 1e8 * x));
    const { mean } = classifier.predict(points);
    // The mode: K (y − π(f)) = f.
    const slope = Array.from({ length: 3 * n }, (_, at) => {
      const [i, c] = [Math.floor(at / 3), at % 3];
      const row = mean.data.subarray(3 * i, 3 * i + 3);
      const top = Math.max(...row);
      const total = row.reduce((sum, f) => sum + Math.exp(f - top), 0);
      return (labels[i] === c ? 1 : 0) - Math.exp(row[c] - top) / total;
    });
    const worst = K.reduce((top, row, i) => {
      const errors = [0, 1, 2].map((c) => row.reduce((sum, x, j) => sum + x * slope[3 * j + c], -mean.data[3 * i + c]));
      return Math.max(top, ...errors.map(Math.abs));
    }, 0);
    expect(worst, "rounding of a kernel of 1e8").toBeLessThan(1e-3);
    expect(report.factorisations).toBeGreaterThan(4);
    // Three classes, and the sum of their inverses.
    expect(report.factorisations).toBe((4 / 3) * factors.mock.calls.length);
    const noteOf = (most: number) => [
      `conjugate gradients took more than ${most} products of the kernel for a Newton step; exact factors took over, 4 factorisations a step`,
    ];
    expect(report.notes).toEqual(noteOf(50));
    // An exact step of 120 points costs as much as (3·3 + 1)·120/(6·3) products.
    const more = randomMatrix(120, 1, 4, 3);
    using larger = ntk.classify(
      model,
      more,
      Array.from({ length: 120 }, (_, i) => i % 3),
      { scale: 1e8 },
    );
    expect(larger.report.notes).toEqual(noteOf(67));
  });

  test("labels: kinds, classes, what the report says", () => {
    using strings = ntk.classify(
      infinite,
      X,
      two.map((y) => (y ? "yes" : "no")),
      { ridge: 0.1 },
    );
    expect(strings.classes).toEqual(["no", "yes"]);
    expect(new Set(strings.predict(X).labels)).toEqual(new Set(["no", "yes"]));
    using sparse = ntk.classify(
      infinite,
      X,
      Int32Array.from(three, (y) => 10 * y - 5),
    );
    expect(sparse.classes).toEqual([-5, 5, 15]);
    using given = ntk.classify(infinite, X, two, { classes: 3 });
    expect(given.classes).toEqual([0, 1, 2]);
    expect(given.report.notes).toEqual(["1 of 3 classes have no row: 2"]);
    expect(given.predict(Xnew).mean.cols).toBe(3);
    // Equal points with both labels tell nothing: the smaller the scale the better.
    using torn = ntk.classify(infinite, new Float64Array(4), [0, 1, 0, 1], { scale: "fit" });
    expect(torn.report.atBound).toBe(true);
    expect(torn.report.notes).toEqual([
      `the chosen scale ${torn.report.scale} is at an end of its range: a better one may lie beyond it`,
    ]);
    const absent = (classes: number) => {
      using many = ntk.classify(infinite, X, two, { classes, scale: 0.1 });
      return many.report.notes;
    };
    expect(absent(7)).toEqual(["5 of 7 classes have no row: 2, 3, 4, 5, 6"]);
    expect(absent(9)).toEqual(["7 of 9 classes have no row: 2, 3, 4, 5, 6, …"]);
    // The order of classes turns the latent function round.
    using turned = ntk.classify(infinite, X, two, { classes: [1, 0] });
    using plain = ntk.classify(infinite, X, two);
    expect(turned.report.logEvidence).toBeCloseTo(plain.report.logEvidence as number, 9);
    expectNear(
      turned.predict(Xnew).mean.data,
      plain.predict(Xnew).mean.data.map((f) => -f),
      1e-9,
      "turned",
    );
    // What the caller does to the classes is theirs.
    plain.classes.reverse();
    expect(plain.predict(X).labels[0]).toBe(two[0]);
    expect(plain.report).toMatchObject({
      method: "laplace",
      scale: 1,
      ridge: 0,
      atBound: false,
      gradient: expect.any(Number),
    });
  });

  test("start values of a finite network are left out", () => {
    const { K } = kernels(MODELS.finite, 1, 0.1);
    using classifier = ntk.classify(MODELS.finite, X, two, { ridge: 0.1 });
    using other = ntk.classify(
      precomputed(K),
      Array.from({ length: N }, (_, i) => i),
      two,
    );
    expect(classifier.report.logEvidence).toBeCloseTo(other.report.logEvidence as number, 8);
  });

  test("all held memory comes back: by dispose(), by using, and where training fails", () => {
    const context = loadContext(variant);
    const { arena } = context;
    for (const options of [{}, { method: "dirichlet" }, { method: "ridge", ridge: 0.1 }] as ClassifyOptions<number>[]) {
      for (const scale of [2, "fit"] as const) {
        for (const labels of [two, three]) {
          const first = classifyModel(context, infinite, X, labels, { ...options, scale });
          expect(arena.heldBytes).toBeGreaterThan(0);
          first.dispose();
          expect(arena.heldBytes).toBe(0);
          {
            using second = classifyModel(context, infinite, X, labels, { ...options, scale });
            second.predict(Xnew);
          }
          expect(arena.heldBytes).toBe(0);
        }
      }
    }
    const indefinite = precomputed([
      [1, 2],
      [2, 1],
    ]);
    for (const scale of [1e3, "fit"] as const) {
      expect(() => classifyModel(context, indefinite, [0, 1], [0, 1], { scale })).toThrow(/indefinite/);
      expect(arena.heldBytes).toBe(0);
    }
    const singular = precomputed([
      [1, 1],
      [1, 1],
    ]);
    const options = { method: "ridge", scale: "fit" } as const;
    expect(() => classifyModel(context, singular, [0, 1], [0, 1], options)).toThrow(/expected a ridge > 0/);
    expect(arena.heldBytes).toBe(0);
  });

  test("after dispose()", () => {
    const arena = () => ntk.classify(infinite, X, three);
    const first = arena();
    first.dispose();
    first.dispose();
    expect(() => first.predict(X)).toThrow(/this classify was disposed of; make a new one with ntk.classify/);
    expect(() =>
      ntk.classify(
        precomputed([
          [1, 2],
          [2, 1],
        ]),
        [0, 1],
        [0, 1],
        { scale: 1e3 },
      ),
    ).toThrow(/indefinite/);
    expect(() => ntk.classify(precomputed([[1]]), [0], [3], { classes: [3, 4], scale: 1e308 * 10 })).toThrow(/scale/);
  });

  test("tune by Laplace's evidence: nothing on a grid is better", () => {
    const base = createInfiniteNetwork({ activation: "erf" });
    const tuned = ntk.tune(base, X, three, { criterion: "laplace", weightStd: [0.3, 4], evaluations: 30 });
    expect(tuned.ridge).toBe(0);
    const scale = tuned.scale as number;
    using best = ntk.classify(tuned.model, X, three, { scale });
    expect(best.report.logEvidence).toBeCloseTo(tuned.score, 8);
    for (const weightStd of [0.3, 0.6, 1.2, 2.4, 4]) {
      for (const factor of [0.1, 0.5, 1, 2, 10]) {
        using other = ntk.classify({ ...base, weightStd }, X, three, { scale: factor * scale });
        expect(other.report.logEvidence).toBeLessThan(tuned.score + 0.01);
      }
    }
    const steps = [...ntk.tuning(base, X, two, { criterion: "laplace", depth: [1, 2], scale: [0.1, 0.2] })];
    expect(steps.map(({ depth }) => depth)).toEqual([1, 2]);
    for (const step of steps) expect(step.scale).toBeLessThanOrEqual(0.2);
    const bound = ntk.tune(base, X, two, { criterion: "laplace", scale: [1e-9, 1e-8] });
    expect(bound.atBound).toBe(true);
    expect(bound.notes.join()).toMatch(/the chosen scale 1e-8 is at an end of its range/);
    const named = ntk.tune(
      base,
      X,
      three.map((y) => "abc"[y]),
      { criterion: "laplace" },
    );
    expect(named.score).toBeCloseTo(ntk.tune(base, X, three, { criterion: "laplace" }).score, 9);
  });

  test("bad input", () => {
    const run =
      (options: object, labels: unknown = two) =>
      () =>
        ntk.classify(infinite, X, labels as number[], options);
    expect(run({ method: "probit" })).toThrow(/method is "probit"; expected one of laplace, dirichlet, ridge/);
    expect(run({ ridge: -1 })).toThrow(/ridge is -1/);
    expect(run({ scale: 0 })).toThrow(/scale is 0/);
    expect(run({ scale: "best" })).toThrow(/scale is the string "best"; expected a number > 0 or "fit"/);
    expect(run({ lambda: 1 })).toThrow(/unknown option "lambda"/);
    expect(() => ntk.classify(MODELS.finite, randomMatrix(N, 3, 1), two)).toThrow(/X has 3 columns; expected 2/);
    expect(run({}, [1, 2])).toThrow(/labels has 2 rows; expected 14, one for each row of X/);
    expect(run({}, new Array(N).fill("a"))).toThrow(/labels has 1 class; expected at least two/);
    expect(
      run(
        {},
        two.map((y, i) => (i === 4 ? 0.5 : y)),
      ),
    ).toThrow(/label 0.5 in row 4; expected an integer/);
    expect(
      run(
        { classes: ["a", "b"] },
        two.map((_, i) => (i === 6 ? "c" : "ab"[i % 2])),
      ),
    ).toThrow(/label "c" in row 6; expected one of the 2 classes "a", "b"/);
    expect(run({ classes: 2 }, three)).toThrow(/label 2 in row \d+; expected an integer in 0..1/);
    const singular = precomputed([
      [1, 1],
      [1, 1],
    ]);
    expect(() => ntk.classify(singular, [0, 1], [0, 1], { method: "ridge", scale: "fit" })).toThrow(
      /expected a ridge > 0/,
    );
    expect(() => ntk.tune(infinite, X, two, { criterion: "laplace", ridge: [1, 2] })).toThrow(/labels have no noise/);
    expect(() => ntk.tune(infinite, X, two, { scale: [1, 2] })).toThrow(/scale is given/);
    expect(() => ntk.tune(infinite, X, two, { criterion: "laplace", outputs: "full" })).toThrow(/outputs is "full"/);
  });
});

/** log N(y; 0, A). */
function logGaussian(A: number[][], y: number[]): number {
  const n = y.length;
  const L = A.map((row) => row.slice());
  let logDeterminant = 0;
  for (let k = 0; k < n; k++) {
    logDeterminant += Math.log(L[k][k]);
    for (let i = k + 1; i < n; i++) {
      const factor = L[i][k] / L[k][k];
      for (let j = k; j < n; j++) L[i][j] -= factor * L[k][j];
    }
  }
  const alpha = solve(
    A,
    y.map((x) => [x]),
  ).map(([x]) => x);
  return -(y.reduce((sum, x, i) => sum + x * alpha[i], 0) + logDeterminant + n * Math.log(2 * Math.PI)) / 2;
}

/** The mean of softmax over 200 000 draws, by Box–Muller and a textbook Cholesky factor. */
function plainDraws(mean: number[], covariance: number[][]): number[] {
  const C = mean.length;
  const L = covariance.map(() => new Array(C).fill(0));
  for (let j = 0; j < C; j++) {
    for (let i = j; i < C; i++) {
      let entry = covariance[i][j];
      for (let k = 0; k < j; k++) entry -= L[i][k] * L[j][k];
      L[i][j] = i === j ? Math.sqrt(entry) : entry / L[j][j];
    }
  }
  const uniform = generator(11);
  const normal = () => Math.sqrt(-2 * Math.log((uniform() + 1.0000001) / 2.0000002)) * Math.cos(Math.PI * uniform());
  const total = new Array(C).fill(0);
  for (let k = 0; k < 200_000; k++) {
    const z = Array.from({ length: C }, normal);
    const exps = mean.map((m, c) => Math.exp(m + L[c].reduce((sum, x, j) => sum + x * z[j], 0)));
    const sum = exps.reduce((p, x) => p + x, 0);
    for (let c = 0; c < C; c++) total[c] += exps[c] / sum / 200_000;
  }
  return total;
}

function rowSums({ data, rows, cols }: { data: Float64Array; rows: number; cols: number }): number[] {
  return Array.from({ length: rows }, (_, i) => data.subarray(i * cols, (i + 1) * cols).reduce((sum, x) => sum + x, 0));
}
