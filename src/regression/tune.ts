/**
 * Model choice: ridge, weightStd, biasStd and depth, by the profiled log evidence or by leave-one-out (MATH.md §3); for
 * labels the scale in place of the ridge, by Laplace's evidence (MATH.md §9).
 *
 * A kernel is decomposed once for all ridges, and the ridge is searched continuously. For each depth, a bounded simplex
 * search chooses weightStd and biasStd over their logarithms.
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
import { type Family, familyOf } from "./tuneFamily.js";
import { labelRating } from "./tuneLabels.js";
import { type Bins, binsOf } from "./tuneNoise.js";
import { type Checked, OPTIONS, type Tuned, type TuneOptions, type TunePoint } from "./tuneOptions.js";
import { bestRidge } from "./tuneRidge.js";
import { once, type Rating, Search } from "./tuneSearch.js";
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
    return searching(context, family, labelRating(context, own, X, Y as Labels, checked), checked, undefined);
  }
  const { rate, bins } = targetRating(context, own, X, Y as MatrixLike, checked, checked.criterion);
  return searching(context, family, rate, checked, bins);
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

/** How models are rated on targets, which are checked and copied now, and the bins of a noise model. */
function targetRating(
  context: Context,
  own: Model,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  options: Checked,
  criterion: "evidence" | "loo",
): { rate: Rating; bins: Bins | undefined } {
  const { centered, outputs, ridge: ridges, scale, solver } = options;
  if (scale) throw new RangeError('scale is given, but it is searched with criterion "laplace" alone; expected ridge');
  if (solver !== "dual" && (criterion !== "evidence" || options.noise))
    throw new RangeError(
      `solver "${solver}" rates kernels by the evidence alone, and without noise of bins; expected criterion "evidence", or solver "dual"`,
    );
  const { source, X, Y } = checkData(context, own, Xlike, Ylike, outputs);
  if (solver === "dual") context.arena.require(pathMemory(context, source, X.rows), averageAdvice(source.block));
  const problemOf = (candidate: Model, terms: RowTerms | undefined) => {
    const data = checkData(context, candidate, X, Y, outputs);
    const start = centered ? new Float64Array(data.Y.data.length) : data.source.start(data.X, data.Y.cols);
    const problem = residualProblem(data, start, terms);
    const repeats = repeatsNote(problem);
    return { problem, notes: repeats ? [repeats] : [] };
  };
  const rate: Rating = (candidate, terms) => {
    const { problem, notes } = problemOf(candidate, terms);
    return once({ problem, rated: bestRidge(context, problem, criterion, ridges), notes });
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
  return { rate: rating ? rateBySolver : rate, bins: noiseBins(options, X) };
}

function* searching(
  context: Context,
  family: Family,
  rate: Rating,
  options: Checked,
  bins: Bins | undefined,
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
