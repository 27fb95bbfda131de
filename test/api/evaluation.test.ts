/** Scores of fits and classifiers, and cross-validation, beside fits made by hand on the same rows. */
import { beforeAll, describe, expect, test } from "vitest";
import { foldsOf } from "../../src/evaluation/folds.js";
import {
  createInfiniteNetwork,
  createNetwork,
  type Matrix,
  type Ntk,
  noiseAt,
  rbfKernel,
  standardize,
} from "../../src/index.js";
import { generator } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const next = generator(5);
const N = 30;
const X = Array.from({ length: N }, () => [3 * next(), next()]);
const Y = X.map(([a, b]) => [Math.sin(2 * a) + b + 0.2 * next(), a * b + 5]);
const y = Y.map(([first]) => first);
const Xnew = Array.from({ length: 9 }, () => [3 * next(), next()]);
const Ynew = Xnew.map(([a, b]) => [Math.sin(2 * a) + b, a * b + 5 + 0.3 * next()]);
const labels = X.map(([a]) => (a > 1.5 ? "right" : a > 0 ? "middle" : "left"));
const kernel = rbfKernel({ lengthScale: 0.8 });
const net = createNetwork({ inputs: 2, hidden: 12, biasStd: 1, seed: 2, activation: "erf" });
const pick = <T>(list: readonly T[], rows: readonly number[]) => rows.map((row) => list[row]);
const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The scores of one output by their formulas. */
function textbook(mean: readonly number[], variance: readonly number[], targets: readonly number[]) {
  const squares = targets.map((t, i) => (t - mean[i]) ** 2);
  const middle = average(targets);
  return {
    r2: 1 - average(squares) / average(targets.map((t) => (t - middle) ** 2)),
    rmse: Math.sqrt(average(squares)),
    nlpd: average(squares.map((square, i) => 0.5 * Math.log(2 * Math.PI * variance[i]) + square / (2 * variance[i]))),
    coverage: average(squares.map((square, i) => (Math.sqrt(square / variance[i]) <= 1.959963984540054 ? 1 : 0))),
  };
}
const column = ({ data, cols }: Matrix, c: number) => Array.from(data).filter((_, at) => at % cols === c);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each([true, false, 0.25, Float64Array.from(Xnew, (_, i) => 0.1 + i / 10)])(
    "a fit's score, noise %s",
    (noise) => {
      const fit = ntk.fit(kernel, X, Y, { ridge: 0.1, scale: "fit" });
      const { mean, variance } = fit.predict(Xnew, { noise });
      const score = fit.score(Xnew, Ynew, { noise });
      const outputs = [0, 1].map((c) =>
        textbook(
          column(mean, c),
          column(variance, c),
          Ynew.map((row) => row[c]),
        ),
      );
      for (const key of ["r2", "nlpd", "coverage"] as const)
        expect(score[key]).toBeCloseTo(average(outputs.map((output) => output[key])), 12);
      expect(score.rmse).toBeCloseTo(Math.sqrt(average(outputs.map(({ rmse }) => rmse ** 2))), 12);
      score.perOutput.forEach((output, c) => {
        for (const key of ["r2", "rmse", "nlpd", "coverage"] as const)
          expect(output[key]).toBeCloseTo(outputs[c][key], 12);
      });
      expect(score.rows).toBe(9);
      if (noise === true) expect(fit.score(Xnew, Ynew)).toEqual(score);
    },
  );

  test("sums score as the rows do", () => {
    const options = { ridge: 0.1, scale: "fit" } as const;
    const sums = ntk.fitSums(net, ntk.primalSums(net, X, y), options).score(Xnew, pick(y, [1, 2, 3, 4, 5, 6, 7, 8, 9]));
    const rows = ntk.fit(net, X, y, options).score(Xnew, pick(y, [1, 2, 3, 4, 5, 6, 7, 8, 9]));
    for (const key of ["r2", "rmse", "nlpd", "coverage"] as const)
      expect(sums[key]).toBeCloseTo(rows[key] as number, 8);
  });

  test("scores that do not exist are undefined", () => {
    const fit = ntk.fit(kernel, X, y, { ridge: 1e-3 });
    expect(fit.score([Xnew[0]], [1]).r2).toBeUndefined();
    expect(fit.score(Xnew, new Array(9).fill(2)).r2).toBeUndefined();
    expect(fit.score([X[0]], [y[0]], { noise: false }).nlpd).toBeDefined();
    const flat = ntk.fit(rbfKernel({ amplitude: 1e-170 }), X, y, { ridge: 1e-300 });
    const ones = Xnew.map(() => 1);
    expect(flat.score(Xnew, ones, { noise: false }).nlpd).toBeUndefined();
    expect(() =>
      fit.score(
        Xnew,
        new Array(9).fill(1.7e308).map((v, i) => (i ? v : -v)),
      ),
    ).not.toThrow();
  });

  test("a classifier's score", () => {
    const classifier = ntk.classify(kernel, X, labels, { scale: 20 });
    const { labels: predicted, probabilities } = classifier.predict(X);
    const right = predicted.map((label, i) => (label === labels[i] ? 1 : 0));
    const losses = labels.map((label, i) => -Math.log(probabilities.data[3 * i + classifier.classes.indexOf(label)]));
    const score = classifier.score(X, labels);
    expect(score.rows).toBe(N);
    expect(score.accuracy).toBeCloseTo(average(right), 14);
    expect(score.logLoss).toBeCloseTo(average(losses), 12);
    expect(() => classifier.score(X.slice(0, 2), ["left", "up" as never])).toThrow(
      /label "up" in row 1; expected one of the 3/,
    );
    expect(() => classifier.score(X, labels.slice(1))).toThrow(/labels has 29 rows; expected 30/);
  });

  test("every fold is the fit of the other rows", () => {
    const { models, best, criterion, aborted } = ntk.crossValidate(kernel, X, Y, {
      folds: 4,
      repeats: 2,
      seed: 9,
      ridges: [0.01, 0.1, 1],
      scale: "fit",
    });
    const [{ folds, mean, standardError, predictions }] = models;
    expect([best, criterion, aborted]).toEqual([0, "rmse", false]);
    const expected = foldsOf(N, 4, 2, 9, {});
    const sums = new Float64Array(2 * N);
    expected.forEach(({ train, test, repeat, fold }, i) => {
      const fit = ntk.fit(kernel, pick(X, train), pick(Y, train), { ridges: [0.01, 0.1, 1], scale: "fit" });
      const { perOutput: _, rows, ...score } = fit.score(pick(X, test), pick(Y, test));
      expect(folds[i]).toEqual({ repeat, fold, rows, ...score, ridge: fit.report.ridge });
      fit.predict(pick(X, test)).mean.data.forEach((value, at) => {
        sums[2 * test[Math.floor(at / 2)] + (at % 2)] += value / 2;
      });
    });
    for (let at = 0; at < 2 * N; at++) expect(predictions.data[at]).toBeCloseTo(sums[at], 13);
    const errors = folds.map(({ rmse }) => rmse as number);
    const middle = average(errors);
    expect(mean.rmse).toBeCloseTo(middle, 14);
    const share = average(expected.map(({ test, train }) => test.length / train.length));
    const variance = errors.reduce((sum, error) => sum + (error - middle) ** 2, 0) / (errors.length - 1);
    expect(standardError.rmse).toBeCloseTo(Math.sqrt(variance * (1 / errors.length + share)), 14);
  });

  test("models are compared fold by fold, with options of their own", () => {
    const wide = createInfiniteNetwork({ activation: "erf" });
    const models = [{ name: "stiff", model: kernel, ridge: 1e3 }, net, { model: wide, ridges: [0.01, 0.1] }];
    const { models: scored, best, differences } = ntk.crossValidate(models, X, y, { ridge: 0.1, folds: 3 });
    expect(scored.map(({ name }) => name)).toEqual([
      "stiff",
      "network 2-12-1, erf",
      "infinite network of depth 1, erf",
    ]);
    const alone = [
      ntk.crossValidate(kernel, X, y, { ridge: 1e3, folds: 3 }),
      ntk.crossValidate(net, X, y, { ridge: 0.1, folds: 3 }),
      ntk.crossValidate(wide, X, y, { ridges: [0.01, 0.1], folds: 3 }),
    ];
    expect(scored.map(({ folds }) => folds)).toEqual(alone.map(({ models: [one] }) => one.folds));
    const errors = scored.map(({ folds }) => folds.map(({ rmse }) => rmse as number));
    const means = errors.map(average);
    expect(best).toBe(means.indexOf(Math.min(...means)));
    const others = [0, 1, 2].filter((i) => i !== best);
    expect(differences.map(({ name }) => name)).toEqual(others.map((i) => scored[i].name));
    differences.forEach(({ mean, standardError }, k) => {
      const gaps = errors[others[k]].map((error, i) => error - errors[best as number][i]);
      expect(mean).toBeCloseTo(average(gaps), 13);
      const variance = gaps.reduce((sum, gap) => sum + (gap - average(gaps)) ** 2, 0) / 2;
      expect(standardError).toBeCloseTo(Math.sqrt(variance * (1 / 3 + 1 / 2)), 12);
    });
  });

  test("standardised data are those of the rows that are seen, and errors have the units of Y", () => {
    const wide = X.map(([a, b]) => [1000 * a, b]);
    const far = y.map((value) => 1e4 + 50 * value);
    const [{ folds }] = ntk.crossValidate(kernel, wide, far, {
      folds: 3,
      ridge: 0.05,
      scale: "fit",
      standardize: "both",
    }).models;
    foldsOf(N, 3, 1, 0, {}).forEach(({ train, test }, i) => {
      const inputs = standardize(pick(wide, train));
      const targets = standardize(pick(far, train));
      const fit = ntk.fit(kernel, inputs.X, targets.X, { ridge: 0.05, scale: "fit" });
      const { mean, variance } = fit.predict(inputs.apply(pick(wide, test)), { noise: true });
      const score = textbook(
        Array.from(targets.invert(mean).data),
        Array.from(variance.data, (value) => value * targets.std[0] ** 2),
        pick(far, test),
      );
      expect(folds[i].rmse).toBeCloseTo(score.rmse, 9);
      expect(folds[i].nlpd).toBeCloseTo(score.nlpd, 9);
      expect(folds[i].coverage).toBe(score.coverage);
    });
    const [inputs] = ntk.crossValidate(kernel, wide, y, { folds: 3, ridge: 0.05, standardize: "inputs" }).models;
    const first = foldsOf(N, 3, 1, 0, {})[0];
    const { X: Z, apply } = standardize(pick(wide, first.train));
    const fit = ntk.fit(kernel, Z, pick(y, first.train), { ridge: 0.05 });
    expect(inputs.folds[0].rmse).toBe(fit.score(apply(pick(wide, first.test)), pick(y, first.test)).rmse);
  });

  test("rows keep their own noise and weights, when they are seen and when they are not", () => {
    const noise = X.map((_, i) => 0.05 + (i % 3) / 10);
    const weights = X.map((_, i) => 1 + (i % 2));
    const options = { ridge: 0.1, scale: "fit" } as const;
    const [{ folds }] = ntk.crossValidate(kernel, X, Y, { ...options, noise, weights, folds: 3 }).models;
    foldsOf(N, 3, 1, 0, {}).forEach(({ train, test }, i) => {
      const own = { noise: pick(noise, train), weights: pick(weights, train) };
      const fit = ntk.fit(kernel, pick(X, train), pick(Y, train), { ...options, ...own });
      const { mean, variance } = fit.predict(pick(X, test));
      const scores = [0, 1].map((c) =>
        textbook(
          column(mean, c),
          column(variance, c).map((v, k) => v + fit.report.scales[c] * (0.1 / weights[test[k]] + noise[test[k]])),
          pick(Y, test).map((row) => row[c]),
        ),
      );
      expect(folds[i].nlpd).toBeCloseTo(average(scores.map(({ nlpd }) => nlpd)), 11);
      expect(folds[i].rmse).toBeCloseTo(Math.sqrt(average(scores.map(({ rmse }) => rmse ** 2))), 12);
    });
  });

  test("tune chooses on the rows of each fit", () => {
    const tune = { lengthScale: [0.3, 3], evaluations: 6 } as const;
    const [{ folds }] = ntk.crossValidate(kernel, X, y, { folds: 2, tune, scale: "fit" }).models;
    foldsOf(N, 2, 1, 0, {}).forEach(({ train, test }, i) => {
      const { model, ridge } = ntk.tune(kernel, pick(X, train), pick(y, train), tune);
      const { rmse } = ntk.fit(model, pick(X, train), pick(y, train), { ridge }).score(pick(X, test), pick(y, test));
      expect(folds[i]).toMatchObject({ ridge, rmse });
    });
    const x = X.map(([a]) => a);
    const binned = ntk.crossValidate(kernel, x, y, { folds: 2, tune: { noise: "binned", bins: 2 }, scale: "fit" });
    const { train, test } = foldsOf(N, 2, 1, 0, {})[0];
    const found = ntk.tune(kernel, pick(x, train), pick(y, train), { noise: "binned", bins: 2 });
    const fit = ntk.fit(kernel, pick(x, train), pick(y, train), {
      ridge: found.ridge,
      noise: noiseAt(found.noise, pick(x, train)),
      scale: "fit",
    });
    const band = noiseAt(found.noise, pick(x, test)).map((value) => fit.report.scale * (found.ridge + value));
    expect(binned.models[0].folds[0].nlpd).toBeCloseTo(
      fit.score(pick(x, test), pick(y, test), { noise: band }).nlpd as number,
      11,
    );
  });

  test("networks are really trained on each fold", () => {
    const train = { learningRate: 0.05, steps: 40, optimizer: "adam" as const };
    const { models, best } = ntk.crossValidate(
      [
        { model: net, train },
        { name: "kernel", model: kernel, ridge: 0.1 },
      ],
      X,
      y,
      {
        folds: 3,
        seed: 4,
        standardize: "both",
      },
    );
    expect(models[0].name).toBe("network 2-12-1, erf, trained");
    expect(best).toBeDefined();
    for (const [k, { test: unseen, train: seen }] of foldsOf(N, 3, 1, 4, {}).entries()) {
      const inputs = standardize(pick(X, seen));
      const targets = standardize(pick(y, seen).map((value) => [value]));
      const { network } = ntk.train(net, inputs.X, targets.X, train);
      const predicted = targets.invert(ntk.forward(network, inputs.apply(pick(X, unseen))));
      const own = textbook(
        Array.from(predicted.data),
        unseen.map(() => 1),
        pick(y, unseen),
      );
      expect(models[0].folds[k].rmse).toBeCloseTo(own.rmse, 12);
      expect(models[0].folds[k].r2).toBeCloseTo(own.r2, 12);
      expect(models[0].folds[k].nlpd).toBeUndefined();
      unseen.forEach((row, i) => {
        expect(models[0].predictions.data[row]).toBeCloseTo(predicted.data[i], 12);
      });
    }
    const attempt =
      (options: object, targets: unknown = y) =>
      () =>
        ntk.crossValidate([{ model: net, train, ...options }] as never, X, targets as never);
    expect(() => ntk.crossValidate(kernel, X, y, { train })).toThrow(/network/);
    expect(attempt({ tune: {} })).toThrow("both train and tune");
    expect(attempt({ train: { ...train, patience: 3 } })).toThrow("train has patience");
    expect(attempt({ train: { steps: 3 } })).toThrow(/learningRate/);
    expect(attempt({ classify: {} }, labels)).toThrow("train is given beside classify");
    expect(() => ntk.crossValidate([{ model: net, train }], X, y, { folds: "loo" })).toThrow("without train");
    const controller = new AbortController();
    const aborted = ntk.crossValidate([{ model: net, train }], X, y, {
      folds: 3,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect([aborted.aborted, aborted.models[0].folds.length]).toEqual([true, 1]);
  });

  test("leave-one-out of one fit is that of N fits", () => {
    const loo = ntk.crossValidate(kernel, X, y, { folds: "loo", ridge: 0.1 });
    const each = ntk.crossValidate(kernel, X, y, { folds: N, ridge: 0.1 });
    const [quick, slow] = [loo, each].map(({ models: [{ predictions }] }) => predictions.data);
    for (let i = 0; i < N; i++) expect(quick[i]).toBeCloseTo(slow[i], 10);
    const errors = y.map((value, i) => (value - slow[i]) ** 2);
    expect(loo.models[0].mean.rmse).toBeCloseTo(Math.sqrt(average(errors)), 10);
    expect(loo.models[0].mean.nlpd).toBeUndefined();
    expect(() => ntk.crossValidate(kernel, X, y, { folds: "loo", ridge: 0.1, solver: "cg" })).toThrow(
      /solver "cg" has none/,
    );
  });

  test("labels: every class in every fold, probabilities of unseen rows", () => {
    const classify = { scale: 20 };
    const { models, classes, criterion, best } = ntk.crossValidate([kernel, net], X, labels, { folds: 3, classify });
    expect([classes, criterion]).toEqual([["left", "middle", "right"], "logLoss"]);
    expect(best).toBe(Number((models[1].mean.logLoss as number) < (models[0].mean.logLoss as number)));
    const strata = labels.map((label) => (classes as string[]).indexOf(label));
    foldsOf(N, 3, 1, 0, { strata }).forEach(({ train, test }, i) => {
      const classifier = ntk.classify(kernel, pick(X, train), pick(labels, train), { ...classify, classes });
      const { accuracy, logLoss } = classifier.score(pick(X, test), pick(labels, test));
      expect(models[0].folds[i]).toMatchObject({ accuracy, logLoss, scale: 20 });
    });
    for (const c of [0, 1, 2]) {
      const counts = foldsOf(N, 3, 1, 0, { strata }).map(({ test }) => test.filter((row) => strata[row] === c).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    const tuned = ntk.crossValidate(kernel, X, labels, {
      folds: 2,
      classify: {},
      tune: { lengthScale: [0.5, 2], evaluations: 3 },
    });
    expect(tuned.models[0].folds.every(({ scale }) => (scale as number) > 0)).toBe(true);
    expect(tuned.models[0].predictions.cols).toBe(3);
  });

  test("a group is seen or unseen", () => {
    const groups = X.map((_, i) => `subject ${i % 7}`);
    const parts = foldsOf(N, 3, 2, 0, { groups });
    for (const { train, test } of parts) {
      expect([...train, ...test].sort((a, b) => a - b)).toEqual(X.map((_, i) => i));
      const seen = new Set(pick(groups, train));
      expect(test.some((row) => seen.has(groups[row]))).toBe(false);
      expect(Math.abs(test.length - N / 3)).toBeLessThanOrEqual(5);
    }
    expect(ntk.crossValidate(net, X, y, { groups, folds: 3, ridge: 1 }).models[0].folds.length).toBe(3);
    expect(() => ntk.crossValidate(net, X, y, { groups, folds: 8, ridge: 1 })).toThrow(
      /folds is 8; expected 2 to 7, the groups/,
    );
  });

  test("progress, and a signal that keeps the folds so far", () => {
    const controller = new AbortController();
    const told: string[] = [];
    const { models, aborted } = ntk.crossValidate([kernel, net], X, y, {
      folds: 3,
      ridge: 0.1,
      signal: controller.signal,
      onProgress({ model, fold, done, total }) {
        told.push(`${model} ${fold} ${done}/${total}`);
        if (done === 3) controller.abort();
      },
    });
    expect(told).toEqual(["0 0 1/6", "1 0 2/6", "0 1 3/6"]);
    expect(aborted).toBe(true);
    expect(models.map(({ folds }) => folds.length)).toEqual([2, 1]);
    const before = AbortSignal.abort();
    expect(ntk.crossValidate(kernel, X, y, { ridge: 1, signal: before })).toMatchObject({
      aborted: true,
      best: undefined,
    });
  });

  test("what was unusual in a fold is told with the number of folds", () => {
    const { notes } = ntk.crossValidate(kernel, X, y, { folds: 3, ridges: [10, 100] }).models[0];
    expect(notes).toEqual(["in 3 of 3 folds: the chosen ridge 10 is the smallest of 2: the best one may lie below it"]);
  });

  test("bad input is refused before the first fit", () => {
    let calls = 0;
    const counting = {
      kernel(A: Matrix, B: Matrix) {
        calls++;
        return { data: new Float64Array(A.rows * B.rows), rows: A.rows, cols: B.rows };
      },
    };
    const refused: [object, RegExp][] = [
      [{ folds: 1 }, /folds is 1; expected 2 to 30, the rows of X/],
      [{ folds: 31 }, /folds is 31; expected 2 to 30/],
      [{ groups: [1, 2] }, /groups has 2 entries; expected 30/],
      [{ criterion: "accuracy" }, /criterion is "accuracy"; expected rmse, r2, nlpd for targets/],
      [{ ridge: -1 }, /ridge/],
      [{ ridge: 1, ridges: [1, 2] }, /both ridge and ridges/],
      [{ ridge: 1, tune: {} }, /both tune and ridge/],
      [{ noise: [1] }, /noise has 1 numbers; expected 30/],
      [{ folds: "loo", standardize: "both" }, /folds "loo" fits once, without standardize/],
      [{ folds: "loo", tune: {} }, /without tune/],
      [{ classify: {}, ridge: 1 }, /ridge given beside classify/],
    ];
    for (const [options, message] of refused)
      expect(() => ntk.crossValidate(counting, X, "classify" in options ? labels : y, options)).toThrow(message);
    expect(() => ntk.crossValidate([], X, y)).toThrow(/models is empty/);
    expect(() => ntk.crossValidate([{ model: net, classify: {} }, net], X, y)).toThrow(/1 of 2 models classify/);
    expect(() => ntk.crossValidate([{ model: net, rigde: 1 } as never], X, y)).toThrow(/unknown option "rigde"/);
    expect(calls).toBe(0);
  });
});
