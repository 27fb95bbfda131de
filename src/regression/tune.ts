/**
 * Model choice: ridge, weightStd, biasStd and depth, by the profiled log evidence or by leave-one-out (MATH.md §3); for
 * labels the scale in place of the ridge, by Laplace's evidence (MATH.md §9).
 *
 * The ridge is searched continuously: over all ridges by one decomposition of a small kernel, and beside the best
 * ridge of the last kernel by factorisations of a large one. For each depth, a bounded simplex search chooses
 * weightStd and biasStd over their logarithms. Scales of the inputs follow the gradient of the evidence.
 */
import type { Context } from "../context.js";
import { type Model, ownModel } from "../kernel/models.js";
import type { Labels } from "../labels.js";
import type { RowTerms } from "../linalg/rowTerms.js";
import type { Matrix, MatrixLike } from "../matrix.js";
import { read } from "../options.js";
import { averageAdvice, checkData, residualProblem } from "../problem.js";
import { drain } from "../slices.js";
import { repeatsNote } from "./evidence.js";
import { pathMemory } from "./ridgePath.js";
import { CholeskyRating, LEAST_ROWS } from "./tuneCholesky.js";
import { type Family, familyOf } from "./tuneFamily.js";
import { checkInputModel } from "./tuneInputs.js";
import { labelRating } from "./tuneLabels.js";
import { type Bins, binsOf } from "./tuneNoise.js";
import { type Checked, OPTIONS, type Tuned, type TuneOptions, type TunePoint } from "./tuneOptions.js";
import { bestRidge } from "./tuneRidge.js";
import { type Inputs, once, type Rating, Search } from "./tuneSearch.js";
import { SolverRating } from "./tuneSolver.js";

/** `ntk.tuning`: one kernel for each step; returns the result of `tune`. The input is checked and copied at once. */
export function tuning(
  context: Context,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike | Labels,
  options: TuneOptions,
): Generator<TunePoint, Tuned, void> {
  const checked = read(options, "tune", "{ weightStd: [0.5, 4] }", OPTIONS);
  const own = ownModel(model);
  const family = familyOf(own, checked, model);
  // A depth that the model's other options forbid is refused before the first kernel.
  for (const activation of checked.activation ?? [undefined])
    for (const depth of checked.depth ?? [family.depth]) ownModel(family.make(depth, family.scales, activation));
  if (checked.criterion === "laplace") {
    if (checked.solver !== "dual")
      throw new RangeError(
        `solver is "${checked.solver}", but labels are rated by the whole kernel; expected no solver`,
      );
    noiseBins(checked, undefined);
    checkInputs(checked, own);
    const rate = labelRating(context, own, X, Y as Labels, checked);
    return searching(context, family, { rate, bins: undefined, inputs: undefined, settles: false }, checked);
  }
  return searching(
    context,
    family,
    targetRating(context, own, X, Y as MatrixLike, checked, checked.criterion),
    checked,
  );
}

/** The bins of a noise model, where one is asked for. @throws RangeError */
function noiseBins({ noise, bins, criterion }: Checked, X: Matrix | undefined): Bins | undefined {
  if (noise === undefined) {
    if (bins === undefined) return undefined;
    throw new RangeError('bins is given without a noise model; expected noise: "binned" beside it');
  }
  if (criterion !== "evidence" || !X)
    throw new RangeError('noise "binned" is searched by the evidence; expected criterion "evidence"');
  return binsOf(X, bins);
}

/** @throws RangeError where scales of the inputs are asked for, and something else is that they do not go with */
function checkInputs({ inputScales, criterion, solver, noise }: Checked, model: Model): void {
  if (!inputScales) return;
  if (criterion !== "evidence" || solver !== "dual" || noise)
    throw new RangeError(
      'inputScales is searched by the gradient of the evidence; expected criterion "evidence" and solver "dual", and no noise of bins',
    );
  checkInputModel(model);
}

/** How models are rated, and what else is searched. */
interface Ratings {
  rate: Rating;
  /** The bins of a noise model. */
  bins: Bins | undefined;
  /** What a search of input scales needs. */
  inputs: Inputs | undefined;
  /** True where the best model has a last rating, over all ridges. */
  settles: boolean;
}

/** How models are rated on targets, which are checked and copied now. */
function targetRating(
  context: Context,
  own: Model,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  options: Checked,
  criterion: "evidence" | "loo",
): Ratings {
  const { centered, outputs, ridge: ridges, scale, solver, inputScales: starts } = options;
  if (scale) throw new RangeError('scale is given, but it is searched with criterion "laplace" alone; expected ridge');
  if (solver !== "dual" && (criterion !== "evidence" || options.noise))
    throw new RangeError(
      `solver "${solver}" rates kernels by the evidence alone, and without noise of bins; expected criterion "evidence", or solver "dual"`,
    );
  checkInputs(options, own);
  const { source, X, Y } = checkData(context, own, Xlike, Ylike, outputs);
  if (starts) source.gradients();
  if (solver === "dual") context.arena.require(pathMemory(context, source, X.rows), averageAdvice(source.block));
  const problemOf = (candidate: Model, terms: RowTerms | undefined) => {
    const data = checkData(context, candidate, X, Y, outputs);
    const start = centered ? new Float64Array(data.Y.data.length) : data.source.start(data.X, data.Y.cols);
    const problem = residualProblem(data, start, terms);
    const repeats = repeatsNote(problem);
    return { problem, notes: repeats ? [repeats] : [] };
  };
  const settles = solver === "dual" && criterion === "evidence" && !options.noise && X.rows >= LEAST_ROWS;
  const byCholesky = settles ? new CholeskyRating(context, ridges) : undefined;
  const rate: Rating = (candidate, terms) => {
    const { problem, notes } = problemOf(candidate, terms);
    const rated = byCholesky?.rate(problem) ?? bestRidge(context, problem, criterion, ridges);
    return once({ problem, rated, notes });
  };
  const rating = solver === "dual" ? undefined : new SolverRating(context, solver, ridges);
  const rateBySolver: Rating = function* (candidate, terms) {
    const { problem, notes } = problemOf(candidate, terms);
    const all = new Set(notes);
    const ratings = (rating as SolverRating).rate(problem, all);
    for (;;) {
      const { done, value } = ratings.next();
      const outcome = { problem, rated: value, notes: [...all] };
      if (done) return outcome;
      yield outcome;
    }
  };
  const inputs = starts && { problemOf: (model: Model) => problemOf(model, undefined).problem, inputs: X.cols, starts };
  return { rate: rating ? rateBySolver : rate, bins: noiseBins(options, X), inputs, settles };
}

function* searching(
  context: Context,
  family: Family,
  { rate, bins, inputs, settles }: Ratings,
  options: Checked,
): Generator<TunePoint, Tuned, void> {
  const search = new Search(context, family, rate, options, bins);
  const depths = options.depth ?? [family.depth];
  for (const activation of options.activation ?? [undefined])
    for (const depth of depths) yield* search.scales(depth, activation);
  // Scales and noise depend on each other, and are searched in turn.
  if (bins) yield* search.noise();
  if (bins && search.coordinates.length > 0) {
    yield* search.scales(search.best.point.depth, search.best.point.activation);
    yield* search.noise();
  }
  if (inputs) {
    yield* search.inputs(inputs);
    if (search.coordinates.length > 0) {
      yield* search.scales(search.best.point.depth, search.best.point.activation);
      yield* search.inputs(inputs);
    }
  }
  if (settles) yield* search.settle();
  return search.result(depths);
}

/** `ntk.tune`. */
export function tune(
  context: Context,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike | Labels,
  options: TuneOptions,
): Tuned {
  return drain(tuning(context, model, X, Y, options));
}
