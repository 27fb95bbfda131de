/** Scores by their formulas, cross-validation by hand, and descriptions of tables. */
import fc from "fast-check";
import type {
  ClassifyOptions,
  CrossValidated,
  CrossValidateOptions,
  Label,
  Matrix,
  Model,
  Ntk,
  RegressionScore,
} from "../../src/index.js";
import { labelsOf, type ModelCase, matrixOf, mild, modelOf, netOf, type Rows, sized } from "./arbitraries.js";
import { build, buildNet } from "./build.js";
import {
  type AnyProperty,
  attempt,
  attemptLater,
  demand,
  EPS,
  largest,
  near,
  property,
  rowsIn,
  sameBits,
} from "./property.js";
import { api } from "./recorder.js";

const one = fc.constant(1);
const columnOf = ({ data, cols }: Matrix, c: number) => data.filter((_, at) => at % cols === c);
const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x / list.length, 0);
const square = (list: readonly number[]) => {
  const top = largest(list) || 1;
  return top * Math.sqrt(list.reduce((sum, x) => sum + (x / top) ** 2, 0));
};

/** A score is that of its predictions. Variances are of observations. */
function checkScore(what: string, score: RegressionScore, p: { mean: Matrix; variance: Matrix }, Y: Rows): void {
  const [N, C] = [Y.length, Y[0].length];
  const errors = Y.flatMap((row, i) => row.map((y, c) => y - p.mean.data[i * C + c]));
  demand(score.rows === N && score.perOutput.length === C, () => `${what} has ${score.rows} rows`);
  near(`the rmse of ${what}`, [score.rmse], [square(errors) / Math.sqrt(N * C)], 64 * EPS * largest(errors));
  for (const [c, own] of score.perOutput.entries()) {
    const [e, v] = [errors.filter((_, at) => at % C === c), columnOf(p.variance, c)];
    const y = Y.map((row) => row[c]);
    near(`the rmse of output ${c}`, [own.rmse], [square(e) / Math.sqrt(N)], 64 * EPS * largest(e));
    const middle = mean(y);
    const spread = square(y.map((x) => x - middle));
    const left = (square(e) / spread) ** 2;
    // The mean of the targets has rounding errors beside their differences.
    const rounding = (256 * N * EPS * largest(y)) / spread;
    if (y.every((x) => x === y[0])) demand(own.r2 === undefined, () => `r2 of a constant is ${own.r2}`);
    else if (rounding < 1e-3 && left < 1e300)
      near("r2", [own.r2 ?? Number.NaN], [1 - left], 4 * (rounding + 64 * EPS) * left + 4 * EPS);
    const terms = e.map((x, i) => (Math.log(2 * Math.PI * v[i]) + (x / Math.sqrt(v[i])) ** 2) / 2);
    const nlpd = mean(terms);
    demand(own.nlpd === undefined || Number.isFinite(nlpd), () => `nlpd is ${own.nlpd}; expected none`);
    if (Number.isFinite(nlpd) && largest(terms) < 1e300)
      near("nlpd", [own.nlpd ?? Number.NaN], [nlpd], 256 * EPS * (1 + largest(terms)));
    const within = (wider: number) =>
      e.filter((x, i) => Math.abs(x) <= 1.959963984540054 * wider * Math.sqrt(v[i])).length;
    const held = own.coverage * N;
    demand(
      held >= within(1 - 1e-12) - 1e-9 && held <= within(1 + 1e-12) + 1e-9,
      () => `the coverage is ${own.coverage}; expected ${within(1) / N}`,
    );
  }
  const over = (of: "r2" | "nlpd" | "coverage") => score.perOutput.map((own) => own[of] ?? Number.NaN);
  for (const of of ["r2", "nlpd", "coverage"] as const) {
    const expected = mean(over(of));
    if (score[of] === undefined) demand(!Number.isFinite(expected), () => `${what} has no ${of}; expected ${expected}`);
    else near(`${of} of ${what}`, [score[of]], [expected], 16 * EPS * largest(over(of)));
  }
}

const scores = property(
  "scores of fits and of streams are those of their predictions",
  sized([2, 6, 2, 4], (d, N, C, M) =>
    fc.record({
      model: modelOf(d, C),
      net: netOf(d, C, mild),
      X: matrixOf(N, d, mild),
      Y: matrixOf(N, C),
      Xnew: matrixOf(M, d),
      Ynew: matrixOf(M, C),
      ridge: fc.constantFrom(1e-6, 0.1, 1, 1e-100, 1e100),
      noise: fc.constantFrom(true, true, false, 0, 0.5),
    }),
  ),
  async ({ ntk }, { model: recipe, net: ofStream, X, Y, Xnew, Ynew, ridge, noise }) => {
    const model = attempt("the model", () => build(recipe));
    const net = attempt("the network", () => buildNet(ofStream));
    const fit = model && attempt("fit", () => ntk.fit(model, X, Y, { ridge }));
    const streamed = net && (await attemptLater("fitStream", () => ntk.fitStream(net, [{ X, Y }], { ridge })));
    for (const own of [fit, streamed]) {
      if (!own) continue;
      const p = attempt("predict", () => own.predict(Xnew, { noise }));
      const score = attempt("score", () => own.score(Xnew, Ynew, { noise }));
      demand(!score || p !== undefined, () => "score answers, predict does not");
      if (p && score) checkScore(own === fit ? "a fit" : "a stream", score, p as Required<typeof p>, Ynew);
      own.dispose();
    }
  },
);

interface LabelledCase {
  model: ModelCase;
  X: Rows;
  labels: number[];
  options: ClassifyOptions;
}

const labelled: fc.Arbitrary<LabelledCase> = fc.integer({ min: 2, max: 3 }).chain((C) =>
  sized([2, 4], (d, more) =>
    fc.record({
      model: modelOf(d, C, mild),
      X: matrixOf(more + C, d, mild),
      labels: labelsOf(more + C, C),
      options: fc.record({
        method: fc.constantFrom("laplace", "dirichlet", "ridge"),
        scale: fc.constantFrom(1, 10),
      }) as fc.Arbitrary<ClassifyOptions>,
    }),
  ),
);

const classes = property(
  "scores of classifiers are those of their probabilities",
  labelled,
  ({ ntk }, { model: recipe, X, labels, options }: LabelledCase) => {
    const model = attempt("the model", () => build(recipe));
    const own = model && attempt("classify", () => ntk.classify(model, X, labels, options as ClassifyOptions<number>));
    if (!own) return;
    const p = attempt("classify: predict", () => own.predict(X));
    const score = attempt("classify: score", () => own.score(X, labels));
    demand(!p === !score, () => `predict ${p ? "answers" : "refuses"}, score does not`);
    if (p && score) {
      const right = labels.filter((label, i) => p.labels[i] === label).length;
      near("the accuracy", [score.accuracy], [right / labels.length], 0);
      const losses = rowsIn(p.probabilities).map((row, i) => -Math.log(Math.max(row[labels[i]], EPS)));
      near("the log loss", [score.logLoss], [mean(losses)], 64 * EPS * (1 + largest(losses)));
    }
    own.dispose();
  },
  0.5,
);

/** A cross-validation at once and in slices, which are the same. */
function validated(
  ntk: Ntk,
  model: Model,
  X: Rows,
  Y: Rows | number[],
  options: CrossValidateOptions,
): CrossValidated | undefined {
  const found = attempt("crossValidate", () => checked(ntk.crossValidate(model, X, Y as Rows, options)));
  let last = 0;
  const sliced = attempt("crossValidating", () => {
    const run = ntk.crossValidating(model, X, Y as Rows, options);
    for (let step = run.next(); ; step = run.next()) {
      if (step.done) return checked(step.value);
      demand(step.value.done >= last, () => `progress from ${last} to ${step.value.done}`);
      last = step.value.done;
    }
  });
  demand(!found === !sliced, () => `crossValidate ${found ? "answers" : "refuses"}, crossValidating does not`);
  if (found && sliced) {
    sameBits("predictions in slices", sliced.models[0].predictions.data, found.models[0].predictions.data);
    demand(JSON.stringify(sliced) === JSON.stringify(found), () => "slices give another result");
  }
  return found;
}

/** Fields that do not exist are left out: `attempt` takes undefined numbers for a fault. */
const checked = (result: CrossValidated): CrossValidated => JSON.parse(JSON.stringify(result), revived);
const revived = (key: string, value: unknown) =>
  key === "data" && typeof value === "object" ? Float64Array.from(Object.values(value as object)) : value;

/** Rows of a group, and the others: what a fold is with as many folds as groups. */
const partsOf = (groups: readonly number[]) =>
  [...new Set(groups)].map((group) => {
    const rows = groups.map((_, i) => i);
    return { test: rows.filter((i) => groups[i] === group), train: rows.filter((i) => groups[i] !== group) };
  });
const pick = <T>(list: readonly T[], rows: readonly number[]) => rows.map((i) => list[i]);

const folds = property(
  "cross-validation is fits by hand on its folds",
  sized([2, 5, 2], (d, more, C) =>
    fc.record({
      model: modelOf(d, C, mild),
      X: matrixOf(more + 2, d, mild),
      Y: matrixOf(more + 2, C, mild),
      groups: labelsOf(more + 2, 2 + (more % 2)),
      ridge: fc.constantFrom(0, 1e-3, 0.1, 1),
      standardize: fc.constantFrom(undefined, undefined, "inputs", "both"),
      parts: fc.integer({ min: 2, max: 3 }),
      seed: fc.integer({ min: 0, max: 99 }),
    }),
  ),
  ({ ntk }, { model: recipe, X, Y, groups, ridge, standardize, parts, seed }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const common = { ridge, seed, ...(standardize && { standardize }) } as CrossValidateOptions;
    const by = partsOf(groups);
    const found = validated(ntk, model, X, Y, { ...common, groups, folds: by.length });
    const hand = by.map(({ test, train }) => {
      const ready = (rows: Rows, wanted: boolean) => (wanted ? api.standardize(pick(rows, train)) : undefined);
      return attempt("a fold by hand", () => {
        const [inputs, targets] = [ready(X, standardize !== undefined), ready(Y, standardize === "both")];
        const fit = ntk.fit(model, inputs?.X ?? pick(X, train), targets?.X ?? pick(Y, train), { ridge });
        const { mean } = fit.predict(inputs?.apply(pick(X, test)) ?? pick(X, test), { noise: true });
        fit.dispose();
        return targets ? targets.invert(mean) : mean;
      });
    });
    demand(!found || hand.every((own) => own), () => "crossValidate answers, a fit by hand does not");
    if (found) {
      const predictions = rowsIn(found.models[0].predictions);
      for (const [k, { test }] of by.entries())
        sameBits("a fold", pick(predictions, test).flat(), (hand[k] as Matrix).data);
    }
    const usual = X.length >= parts && validated(ntk, model, X, Y, { ...common, folds: parts, repeats: 2 });
    if (!usual) return;
    const [{ folds: own, mean: means }] = usual.models;
    const rows = own.map((fold) => fold.rows);
    demand(
      rows.length === 2 * parts &&
        rows.reduce((a, b) => a + b, 0) === 2 * X.length &&
        Math.max(...rows) - Math.min(...rows) <= 1,
      () => `folds of ${rows} rows`,
    );
    const errors = own.map(({ rmse }) => rmse as number);
    near("the mean rmse", [means.rmse as number], [mean(errors)], 64 * EPS * largest(errors) + 1e-300);
  },
  0.5,
);

const labelFolds = property(
  "cross-validation of classes is classifiers by hand on its folds",
  labelled.chain((own) =>
    fc.record({ own: fc.constant(own), groups: labelsOf(own.X.length, 2), seed: fc.integer({ min: 0, max: 9 }) }),
  ),
  ({ ntk }, { own: { model: recipe, X, labels, options }, groups, seed }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const found = validated(ntk, model, X, labels, { classify: options, groups, folds: 2, seed });
    if (!found) return;
    for (const { test, train } of partsOf(groups)) {
      const own = ntk.classify(model, pick(X, train), pick(labels, train), {
        ...options,
        classes: found.classes as Label[],
      } as ClassifyOptions<number>);
      const { probabilities } = own.predict(pick(X, test));
      sameBits("a fold", pick(rowsIn(found.models[0].predictions), test).flat(), probabilities.data);
      own.dispose();
    }
  },
  0.3,
);

const leftOut = property(
  "leave-one-out from one fit is a fit without each point",
  sized([2, 5], (d, more) =>
    fc.record({
      model: modelOf(d, 1, one),
      X: matrixOf(more + 1, d, mild),
      Y: matrixOf(more + 1, 1, mild),
      ridge: fc.constantFrom(1e-3, 0.1, 1, 10),
    }),
  ),
  ({ ntk }, { model: recipe, X, Y, ridge }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const found = validated(ntk, model, X, Y, { folds: "loo", ridge });
    const K = attempt("kernelDiagonal", () => ntk.kernelDiagonal(model, X));
    const fit = attempt("fit", () => ntk.fit(model, X, Y, { ridge }));
    const weights = fit && attempt("fit: dualWeights", () => fit.dualWeights());
    fit?.dispose();
    // Rows with equal inputs are left out together.
    const groups = X.map((row) => X.findIndex((other) => other.every((x, j) => x === row[j])));
    const count = new Set(groups).size;
    if (!found || !K || !weights || count < 2) return;
    const top = largest(K) * X.length + ridge;
    const condition = 1 + top / ridge;
    if (!(condition < 1e6)) return;
    const apart = validated(ntk, model, X, Y, { groups, folds: count, ridge });
    if (!apart) return;
    const expected = apart.models[0].predictions.data;
    const errors = Y.map(([y], i) => y - expected[i]);
    const size = largest(weights.data) * top + condition * largest(errors) + largest(Y.flat());
    near("leave-one-out", found.models[0].predictions.data, expected, 4096 * EPS * condition * size + 1e-300);
  },
  0.5,
);

export const SCORES: AnyProperty[] = [scores, classes, folds, labelFolds, leftOut];
