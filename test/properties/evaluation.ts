/** Scores, cross-validation, intervals and descriptions of data. */
import fc from "fast-check";
import type { CrossValidateOptions } from "../../src/index.js";
import { labelsOf, matrixOf, modelOf, netOf, ridge, scale, sized } from "./arbitraries.js";
import { build, buildNet } from "./build.js";
import { type AnyProperty, attempt, demand, property, sameBits } from "./property.js";
import { api } from "./recorder.js";

/** What holds of the scores of a regression. */
function checkScore(score: { rmse: number; r2?: number } | undefined): void {
  if (!score) return;
  demand(score.rmse >= 0, () => `rmse is ${score.rmse}`);
  demand(score.r2 === undefined || score.r2 <= 1, () => `r2 is ${score.r2}`);
}

const scores = property(
  "a fit scores itself, and its intervals hold their mean",
  sized([2, 6, 2], (d, N, C) =>
    fc.record({ model: modelOf(d, C), X: matrixOf(N, d), Y: matrixOf(N, C), ridge, level: fc.constantFrom(0.5, 0.9) }),
  ),
  ({ ntk }, { model: recipe, X, Y, ridge, level }) => {
    const model = attempt("the model", () => build(recipe));
    const fit = model && attempt("fit", () => ntk.fit(model, X, Y, { ridge }));
    if (!fit) return;
    checkScore(attempt("score", () => fit.score(X, Y)));
    const found = attempt("interval", () => fit.predict(X, { interval: { level } }));
    const { interval } = found ?? {};
    interval?.lower.data.forEach((low, at) => {
      demand(low <= interval.upper.data[at], () => `interval ${at} is from ${low} to ${interval.upper.data[at]}`);
    });
    fit.dispose();
  },
);

const gradients = property(
  "derivatives of predictions are finite, one for each output and input",
  sized([2, 6], (d, N) =>
    fc.record({
      model: modelOf(d, 1),
      X: matrixOf(N, d),
      Y: matrixOf(N, 1),
      Xnew: matrixOf(2, d),
      ridge,
      mean: fc.constantFrom("zero" as const, "constant" as const, "linear" as const),
    }),
  ),
  ({ ntk }, { model: recipe, X, Y, Xnew, ridge, mean }) => {
    const model = attempt("the model", () => build(recipe));
    const fit = model && attempt("fit", () => ntk.fit(model, X, Y, { ridge, mean, outputs: "average" }));
    if (!fit) return;
    const found = attempt("gradient", () => fit.predict(Xnew, { gradient: true }));
    if (found) {
      const { mean: slopes, variance } = found.gradient;
      demand(slopes.length === 1 && variance?.length === 1, () => `${slopes.length} gradients of one output`);
      for (const { data } of [...slopes, ...(variance ?? [])])
        demand(data.length === Xnew.length * Xnew[0].length && data.every(Number.isFinite), () => `gradient ${data}`);
    }
    fit.dispose();
  },
);

const inputScales = property(
  "scales of the inputs are no worse than none",
  sized([2, 6], (d, N) => fc.record({ model: modelOf(d, 1), X: matrixOf(N, d), Y: matrixOf(N, 1) })),
  ({ ntk }, { model: recipe, X, Y }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const tuned = attempt("tune", () => ntk.tune(model, X, Y, { inputScales: { starts: 1 }, evaluations: 5 }));
    const plain = tuned && attempt("tune", () => ntk.tune(model, X, Y));
    if (!tuned || !plain) return;
    demand(tuned.score >= plain.score, () => `the score ${tuned.score} is below ${plain.score}`);
    for (const { inputScales = [] } of tuned.trace)
      demand(
        inputScales.every((scale) => scale > 0 && scale < Infinity),
        () => `scales ${inputScales}`,
      );
  },
);

const otherScores = property(
  "fits of sums and classes score themselves",
  sized([2, 4], (d, more) =>
    fc.record({
      net: netOf(d, 1),
      X: matrixOf(more + 2, d),
      Y: matrixOf(more + 2, 1),
      labels: labelsOf(more + 2, 2),
      ridge,
    }),
  ),
  ({ ntk }, { net: recipe, X, Y, labels, ridge }) => {
    const net = attempt("the network", () => buildNet(recipe));
    if (!net) return;
    const sums = attempt("primalSums", () => ntk.primalSums(net, X, Y));
    const fit = sums && attempt("fitSums", () => ntk.fitSums(net, sums, { ridge }));
    checkScore(fit && attempt("score", () => fit.score(X, Y)));
    const classes = attempt("classify", () => ntk.classify(net, X, labels));
    const score = classes && attempt("score", () => classes.score(X, labels));
    if (score)
      demand(score.accuracy >= 0 && score.accuracy <= 1 && score.logLoss >= 0, () => `scores ${JSON.stringify(score)}`);
    for (const one of [fit, classes]) one?.dispose();
  },
);

const crossValidate = property(
  "cross-validation gives finite scores, the same in slices",
  sized([2, 4, 2], (d, more, C) =>
    fc.record({
      model: modelOf(d, C),
      X: matrixOf(more + 3, d),
      Y: matrixOf(more + 3, C),
      options: fc
        .record({
          ridge,
          folds: fc.constantFrom(2, 3, "loo"),
          more: fc.constantFrom(
            {},
            { standardize: "inputs" },
            { standardize: "both" },
            { scale: "fit" },
            { repeats: 2 },
          ),
        })
        .map(({ more, ...own }) => ({ ...own, ...more })) as fc.Arbitrary<CrossValidateOptions>,
    }),
  ),
  ({ ntk }, { model: recipe, X, Y, options }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const found = attempt("crossValidate", () => ntk.crossValidate(model, X, Y, options));
    const sliced = attempt("crossValidate", () => {
      const run = ntk.crossValidating(model, X, Y, options);
      for (let step = run.next(); ; step = run.next()) if (step.done) return step.value;
    });
    demand(!found === !sliced, () => `crossValidate ${found ? "answers" : "refuses"}, crossValidating does not`);
    const [a, b] = [found, sliced].map((one) => one?.models[0].mean.rmse);
    if (a === undefined || b === undefined) return;
    demand(a >= 0, () => `rmse is ${a}`);
    sameBits("the rmse in slices", [b], [a]);
  },
);

const describeData = property(
  "a description of a table has finite numbers",
  sized([7, 3], (N, d) => fc.record({ X: matrixOf(N, d), Y: matrixOf(N, 1, scale) })),
  (_, { X, Y }) => {
    const found = attempt("describeData", () => api.describeData(X, Y));
    if (found) demand(found.missingRows.length === 0, () => `missing rows ${found.missingRows}`);
  },
);

export const EVALUATION: AnyProperty[] = [scores, gradients, inputScales, otherScores, crossValidate, describeData];
