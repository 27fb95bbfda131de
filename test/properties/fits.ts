/** Fits: small residuals, variances within the prior, and the same fit by every way to it. */
import fc from "fast-check";
import type { Fit, FitOptions, Matrix, Model, Ntk } from "../../src/index.js";
import {
  type ModelCase,
  matrixOf,
  mild,
  modelOf,
  netOf,
  positives,
  type Rows,
  ridge,
  scale,
  sized,
} from "./arbitraries.js";
import { build, buildNet, hasOwn } from "./build.js";
import {
  type AnyProperty,
  attempt,
  attemptLater,
  definite,
  demand,
  EPS,
  largest,
  near,
  property,
  sameBits,
} from "./property.js";
import { api } from "./recorder.js";

interface FitCase {
  model: ModelCase;
  X: Rows;
  Y: Rows;
  Xnew: Rows;
  options: FitOptions;
}

const fitCase = (by = scale, more: fc.Arbitrary<FitOptions> | undefined = undefined): fc.Arbitrary<FitCase> =>
  sized([2, 7, 2, 3], (d, N, C, M) =>
    fc.record({
      model: modelOf(d, C, by),
      X: matrixOf(N, d, by),
      Y: matrixOf(N, C, by),
      Xnew: matrixOf(M, d, by),
      options:
        more ??
        fc.oneof(
          { weight: 3, arbitrary: fc.record({ ridge }) as fc.Arbitrary<FitOptions> },
          {
            weight: 3,
            arbitrary: fc.record(
              {
                ridge,
                scale: fc.constantFrom(1, "fit"),
                centered: fc.boolean(),
                noise: positives(N),
                weights: positives(N),
                outputs: fc.constantFrom("average", "full"),
                solver: fc.constantFrom("auto", "dual", "primal", "cg", "lowrank"),
              },
              { requiredKeys: [] },
            ) as fc.Arbitrary<FitOptions>,
          },
          {
            weight: 1,
            arbitrary: fc.record({
              ridges: fc.constantFrom([0.1, 1], [1e-8, 1e-4, 1], [0, 1], [1e-300, 1e300]),
              perOutput: fc.boolean(),
              scale: fc.constantFrom(1, "fit"),
            }) as fc.Arbitrary<FitOptions>,
          },
        ),
    }),
  );

/** Rounding of a fit of a few points, beside the size of what it is made of. */
const ROUNDING = 4096 * EPS;

/** diag Θ(X, X) as the fit's predictions have it: a number for each point and output. */
function priors(ntk: Ntk, model: Model, X: Rows, C: number, coupled: boolean): Float64Array | undefined {
  const outputs = coupled ? "full" : "average";
  const own = attempt("kernelDiagonal", () => ntk.kernelDiagonal(model, X, { outputs }));
  if (!own) return undefined;
  return coupled ? own : Float64Array.from({ length: own.length * C }, (_, at) => own[Math.floor(at / C)]);
}

/** What holds of the predictions of any fit. */
function checkPrediction(ntk: Ntk, fit: Fit, { model: recipe, X, Xnew, Y, options }: FitCase, model: Model): void {
  const C = Y[0].length;
  const p = attempt("fit: predict", () => fit.predict(Xnew, { covariance: true }));
  attempt("fit: sample", () => fit.sample(Xnew, { draws: 2 }));
  attempt("fit: noise", () => fit.predict(Xnew, { noise: true }));
  if (!p) return;
  demand(
    p.variance.data.every((v) => v >= 0),
    () => `a variance is below 0: ${p.variance.data}`,
  );
  // What a fallback or conjugate gradients left is in the report.
  const scales = attempt("fit: scale", () => fit.report.scale);
  const isNet = "parameters" in model;
  const coupled = isNet && options.outputs !== "average" && C > 1;
  const prior = priors(ntk, model, Xnew, C, coupled);
  const isComposed = !isNet && C > 1 && JSON.stringify(recipe).includes('"net"');
  const several = isComposed || ((options.perOutput || options.scale === "fit") && C > 1);
  if (scales === undefined || !prior || several || !prior.every(Number.isFinite)) return;
  for (const [at, v] of p.variance.data.entries())
    demand(
      v <= scales * prior[at] * (1 + ROUNDING) + 1e-300,
      () => `variance ${at} is ${v}, above the prior's ${scales * prior[at]}`,
    );
  const size = scales * largest(prior);
  const K = p.covariance;
  for (let i = 0; i < K.rows; i++)
    for (let j = 0; j < i; j++)
      demand(K.data[i * K.cols + j] === K.data[j * K.cols + i], () => `the covariance is not symmetric at ${i}, ${j}`);
  // What is explained has the errors of the system times its condition.
  const trained = priors(ntk, model, X, C, coupled);
  const ridge = typeof options.ridge === "number" ? options.ridge : 0;
  const condition = trained && ridge > 0 ? 1 + (largest(trained) * trained.length) / ridge : Infinity;
  const shift = ROUNDING * K.rows * size * condition;
  if (condition < 1e8 && Number.isFinite(shift) && size > 1e-280)
    definite("the covariance", { ...K, data: K.data.map((x, at) => (at % (K.rows + 1) === 0 ? x + shift : x)) }, 64);
  if (K.rows === p.variance.data.length)
    near(
      "the diagonal of the covariance",
      p.variance.data,
      Float64Array.from({ length: K.rows }, (_, i) => K.data[i * (K.rows + 1)]),
      ROUNDING * size + 1e-300,
    );
}

const fits = property(
  "a fit has a small residual, variances within the prior, and says what it did",
  fitCase(),
  ({ ntk, single }, given: FitCase) => {
    const { model: recipe, X, Y, Xnew, options } = given;
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const fit = attempt("fit", () => ntk.fit(model, X, Y, options));
    const rounded = attempt("fit", () => single.fit(model, X, Y, options));
    if (rounded) {
      attempt("fit: predict", () => rounded.predict(Xnew));
      rounded.dispose();
    }
    if (!fit) return;
    try {
      attempt("fit: report", () => ({ ...fit.report, notes: fit.report.notes }));
      const backward = attempt("fit: backwardError", () => fit.report.backwardError);
      const direct = !["cg", "lowrank"].includes(options.solver ?? "auto");
      // Weights among the smallest doubles have no digits to be right in.
      const weights = attempt("fit: dualWeights", () => fit.dualWeights());
      const known =
        weights && Y[0].every((_, c) => columnSize(weights, c) > 1e-280 && Y.some((row) => Math.abs(row[c]) > 1e-280));
      // A kernel among the smallest doubles has none either.
      const own = attempt("kernelDiagonal", () => ntk.kernelDiagonal(model, X));
      if (direct && backward !== undefined && known && own && largest(own) > 1e-280)
        demand(backward <= ROUNDING, () => `the backward error of the fit is ${backward}`);
      attempt("fit: path", () => fit.path);
      attempt("fit: parameters", () => fit.parameters());
      attempt("fit: influence", () => fit.influence(Xnew));
      checkPrediction(ntk, fit, given, model);
    } finally {
      fit.dispose();
    }
  },
  4,
);

const columnSize = ({ data, cols }: Matrix, c: number) => largest(data.filter((_, at) => at % cols === c));

const mean = (fit: Fit, X: Rows) => attempt("fit: predict", () => fit.predict(X));

const stored = property(
  "a fit that was stored predicts the same bits",
  fitCase(mild),
  ({ ntk }, { model: recipe, X, Y, Xnew, options }: FitCase) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const fit = attempt("fit", () => ntk.fit(model, X, Y, options));
    if (!fit) return;
    const before = mean(fit, Xnew);
    const custom = JSON.stringify(recipe).includes('"custom"') || hasOwn(recipe);
    const given = custom ? { model } : {};
    const bytes = attempt("fit: snapshot", () => fit.snapshot());
    const text = attempt("fit: toJSON", () => JSON.stringify(fit));
    for (const from of [bytes, text]) {
      const again = from && attempt("restore", () => ntk.restore(from, given));
      const after = again && mean(again, Xnew);
      if (!before || !after) continue;
      sameBits("the restored mean", after.mean.data, before.mean.data);
      sameBits("the restored variance", (after.variance as Matrix).data, (before.variance as Matrix).data);
      again.dispose();
    }
    fit.dispose();
  },
);

/** A change: what is added, which rows go, which row moves. */
interface Change {
  add: boolean;
  remove: number;
  move: number;
  x: Rows;
  y: Rows;
}

const updates = property(
  "a fit that was updated is the fit of the data as they are",
  sized([2, 6, 2], (d, N, C) =>
    fc.record({
      model: modelOf(d, C, fc.constant(1)),
      X: matrixOf(N, d, fc.constant(1)),
      Y: matrixOf(N, C, mild),
      Xnew: matrixOf(2, d, fc.constant(1)),
      ridge: fc.constantFrom(0, 1e-6, 1e-2, 1),
      changes: fc.array(
        fc.record({
          add: fc.boolean(),
          remove: fc.integer({ min: -1, max: 6 }),
          move: fc.integer({ min: -1, max: 6 }),
          x: matrixOf(1, d, fc.constant(1)),
          y: matrixOf(1, C, mild),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  ),
  ({ ntk }, { model: recipe, X, Y, Xnew, ridge, changes }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const fit = attempt("fit", () => ntk.fit(model, X, Y, { ridge }));
    if (!fit) return;
    let data = X.map((x, i) => ({ x, y: Y[i] }));
    for (const change of changes as Change[]) {
      const [moved, gone] = [change.move, change.remove].map((row) => (row < data.length ? row : -1));
      const done = attempt("fit: update", () =>
        fit.update({
          ...(change.add && { add: { X: change.x, Y: change.y } }),
          ...(gone >= 0 && { remove: gone }),
          ...(moved >= 0 && moved !== gone && { move: { index: moved, X: change.x, Y: change.y } }),
        }),
      );
      // What is refused leaves the fit as it was.
      if (!done) continue;
      if (moved >= 0 && moved !== gone) data[moved] = { x: change.x[0], y: change.y[0] };
      data = data.filter((_, i) => i !== gone);
      if (change.add) data.push({ x: change.x[0], y: change.y[0] });
    }
    const fresh = attempt("fit", () =>
      ntk.fit(
        model,
        data.map(({ x }) => x),
        data.map(({ y }) => y),
        { ridge },
      ),
    );
    const [after, expected] = [mean(fit, Xnew), fresh && mean(fresh, Xnew)];
    const K = attempt("kernelDiagonal", () =>
      ntk.kernelDiagonal(
        model,
        data.map(({ x }) => x),
      ),
    );
    if (!after || !expected || !fresh || !K || ridge === 0) return;
    // The condition of the system multiplies rounding, in the mean beside the largest target.
    const top = largest(K) * Math.max(1, model && "outputs" in model ? Number(model.outputs) : 1) * data.length;
    const condition = 1 + top / ridge;
    const weights = attempt("fit: dualWeights", () => fresh.dualWeights());
    const far = Math.max(largest(attempt("kernelDiagonal", () => ntk.kernelDiagonal(model, Xnew)) ?? []), largest(K));
    const size = far * data.length * largest(weights?.data ?? []) + largest(expected.mean.data);
    if (condition * EPS > 1e-4) return;
    near("the mean", after.mean.data, expected.mean.data, 256 * EPS * condition * size + 1e-300);
    near(
      "the variance",
      (after.variance as Matrix).data,
      (expected.variance as Matrix).data,
      256 * EPS * condition * far * 2 + 1e-300,
    );
    for (const one of [fit, fresh]) one.dispose();
  },
  2,
);

const solvers = property(
  "every solver finds the same regression",
  sized([2, 7], (d, N) =>
    fc.record({
      net: netOf(d, 1, fc.constant(1)),
      X: matrixOf(N, d, fc.constant(1)),
      Y: matrixOf(N, 1, mild),
      Xnew: matrixOf(2, d, fc.constant(1)),
      ridge: fc.constantFrom(1e-2, 1, 100),
      split: fc.integer({ min: 1, max: N }),
    }),
  ),
  async ({ ntk, single }, { net: recipe, X, Y, Xnew, ridge, split }) => {
    const net = attempt("the network", () => buildNet(recipe));
    if (!net) return;
    const dual = attempt("fit", () => ntk.fit(net, X, Y, { ridge, solver: "dual" }));
    const expected = dual && mean(dual, Xnew);
    const K = attempt("kernelDiagonal", () => ntk.kernelDiagonal(net, [...X, ...Xnew]));
    if (!dual || !expected || !K) return;
    const condition = 1 + (largest(K) * X.length) / ridge;
    if (!(condition * EPS < 1e-6)) return;
    const far = largest(K) * X.length;
    const size = far * largest(dual.dualWeights().data) + largest(expected.mean.data) + largest(Y.flat());
    const compare = (what: string, got: { mean: Matrix; variance?: Matrix } | undefined, rounding = 1024 * EPS) => {
      if (!got) return;
      near(`the mean of ${what}`, got.mean.data, expected.mean.data, rounding * condition * size + 1e-300);
      if (got.variance)
        near(
          `the variance of ${what}`,
          got.variance.data,
          (expected.variance as Matrix).data,
          // A trace of Nε that is left out moves an entry of the cross kernel by its root.
          what === "lowrank" ? 8 * Math.sqrt(X.length * EPS) * far : rounding * condition * far + 1e-290,
        );
    };
    for (const solver of ["primal", "cg", "lowrank"] as const) {
      const fit = attempt("fit", () => ntk.fit(net, X, Y, { ridge, solver }));
      if (fit) compare(solver, mean(fit, Xnew), solver === "cg" ? 1e-9 : 4096 * EPS);
      fit?.dispose();
    }
    const float32 = attempt("fit", () => single.fit(net, X, Y, { ridge }));
    if (float32) compare("float32", mean(float32, Xnew), 1e-9);
    const [first, rest] = [
      attempt("primalSums", () => ntk.primalSums(net, X.slice(0, split), Y.slice(0, split))),
      split < X.length && attempt("primalSums", () => ntk.primalSums(net, X.slice(split), Y.slice(split))),
    ];
    // Sums of some of the rows are no sums of all.
    const sums =
      first && (rest ? attempt("addSums", () => api.addSums(first, rest)) : split < X.length ? undefined : first);
    const summed = sums && attempt("fitSums", () => ntk.fitSums(net, sums, { ridge }));
    if (summed)
      compare(
        "sums",
        attempt("fitSums: predict", () => summed.predict(Xnew)),
        4096 * EPS,
      );
    const batches = [
      { X: X.slice(0, split), Y: Y.slice(0, split) },
      ...(split < X.length ? [{ X: X.slice(split), Y: Y.slice(split) }] : []),
    ];
    const streamed = await attemptLater("fitStream", () => ntk.fitStream(net, batches, { ridge }));
    if (streamed) {
      compare(
        "a stream",
        attempt("fitStream: predict", () => streamed.predict(Xnew)),
        4096 * EPS,
      );
      attempt("fitStream: parameters", () => streamed.parameters());
      attempt("fitStream: sums", () => streamed.sums());
    }
    for (const one of [dual, summed, streamed, float32]) one?.dispose();
  },
  2,
);

const streams = property(
  "streams and sums at the ends of the doubles",
  sized([2, 5, 2], (d, N, C) =>
    fc.record({
      net: netOf(d, C),
      X: matrixOf(N, d),
      Y: matrixOf(N, C),
      ridge,
      scale: fc.constantFrom(1, "fit"),
      centered: fc.boolean(),
    }),
  ),
  async ({ ntk }, { net: recipe, X, Y, ridge, scale, centered }) => {
    const net = attempt("the network", () => buildNet(recipe));
    if (!net) return;
    const options = { ridge, scale: scale as 1 | "fit" };
    const sums = attempt("primalSums", () => ntk.primalSums(net, X, Y, { centered }));
    const fit = sums && attempt("fitSums", () => ntk.fitSums(net, sums, options));
    const streamed = await attemptLater("fitStream", () => ntk.fitStream(net, [{ X, Y }], { ...options, centered }));
    for (const one of [fit, streamed]) {
      if (!one) continue;
      attempt("fitSums: report", () => one.report);
      attempt("fitSums: parameters", () => one.parameters());
      const p = attempt("fitSums: predict", () => one.predict(X, { covariance: true }));
      if (p)
        demand(
          p.variance.data.every((v) => v >= 0),
          () => `a variance is below 0: ${p.variance.data}`,
        );
      one.dispose();
    }
    demand(!fit === !streamed, () => `fitSums ${fit ? "answers" : "refuses"}, fitStream does not`);
  },
);

const slices = property(
  "a fit in slices is the fit",
  fitCase(
    mild,
    fc.record({
      ridge: fc.constantFrom(0.1, 1),
      solver: fc.constantFrom("auto", "cg", "lowrank"),
    }) as fc.Arbitrary<FitOptions>,
  ),
  ({ ntk }, { model: recipe, X, Y, Xnew, options }: FitCase) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const whole = attempt("fit", () => ntk.fit(model, X, Y, options));
    const sliced = attempt("fitting", () => {
      const run = ntk.fitting(model, X, Y, options);
      for (let step = run.next(); ; step = run.next()) if (step.done) return step.value;
    });
    const [a, b] = [whole && mean(whole, Xnew), sliced && mean(sliced, Xnew)];
    demand(!whole === !sliced, () => `fit ${whole ? "answers" : "refuses"}, fitting does not`);
    if (a && b) sameBits("the mean in slices", b.mean.data, a.mean.data);
    for (const one of [whole, sliced]) one?.dispose();
  },
);

export const FITS: AnyProperty[] = [fits, stored, updates, solvers, streams, slices];
