/**
 * Model choice: ridge, weightStd, biasStd and depth, by the profiled log evidence or by leave-one-out (MATH.md §3).
 *
 * A kernel is decomposed once for all ridges, and the ridge is searched continuously. For each depth, a bounded simplex
 * search chooses weightStd and biasStd over their logarithms.
 */
import type { Context } from "../context.js";
import { type Model, ownModel } from "../kernel/models.js";
import type { Matrix, MatrixLike } from "../matrix.js";
import { read } from "../options.js";
import { averageAdvice, checkData } from "../problem.js";
import { drain } from "../slices.js";
import { pathMemory } from "./ridgePath.js";
import { type Family, familyOf } from "./tuneFamily.js";
import { type Bins, binsOf } from "./tuneNoise.js";
import { type Checked, OPTIONS, type Tuned, type TuneOptions, type TunePoint } from "./tuneOptions.js";
import { Search } from "./tuneSearch.js";

/** `ntk.tuning`: one kernel for each step; returns the result of `tune`. The input is checked and copied at once. */
export function tuning(
  context: Context,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike,
  options: TuneOptions,
): Generator<TunePoint, Tuned, void> {
  const checked = read(options, "tune", "{ weightStd: [0.5, 4] }", OPTIONS);
  const own = ownModel(model);
  const family = familyOf(own, checked, model);
  // A depth that the model's other options forbid is refused before the first kernel.
  for (const depth of checked.depth ?? []) ownModel(family.make(depth, family.scales));
  const { source, ...data } = checkData(context, own, X, Y, checked.outputs);
  context.arena.require(pathMemory(context, source, data.X.rows), averageAdvice(source.block));
  return searching(context, family, data.X, data.Y, checked, noiseBins(checked, data.X));
}

/** The bins of a noise model, where one is asked for. @throws RangeError */
function noiseBins({ noise, bins, criterion }: Checked, X: Matrix): Bins | undefined {
  if (noise === undefined) {
    if (bins === undefined) return undefined;
    throw new RangeError('bins is given without a noise model; expected noise: "binned" beside it');
  }
  if (criterion === "loo")
    throw new RangeError('noise "binned" is searched by the evidence; expected criterion "evidence"');
  return binsOf(X, bins);
}

function* searching(
  context: Context,
  family: Family,
  X: Matrix,
  Y: Matrix,
  options: Checked,
  bins: Bins | undefined,
): Generator<TunePoint, Tuned, void> {
  const search = new Search(context, family, X, Y, options, bins);
  const depths = options.depth ?? [family.depth];
  for (const depth of depths) yield* search.scales(depth);
  // Scales and noise depend on each other, and are searched in turn.
  if (bins) yield* search.noise();
  if (bins && search.coordinates.length > 0) {
    yield* search.scales(search.best.point.depth);
    yield* search.noise();
  }
  return search.result(depths);
}

/** `ntk.tune`. */
export function tune(context: Context, model: Model, X: MatrixLike, Y: MatrixLike, options: TuneOptions): Tuned {
  return drain(tuning(context, model, X, Y, options));
}
