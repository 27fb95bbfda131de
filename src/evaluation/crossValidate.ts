/**
 * Cross-validation: every row is predicted by a fit that has not seen it (Stone 1974). Models are scored on the same
 * folds, so that they can be compared fold by fold.
 */
import type { Context } from "../context.js";
import { type Labels, labelsOf } from "../labels.js";
import type { MatrixLike } from "../matrix.js";
import { read } from "../options.js";
import {
  type CrossValidated,
  type CrossValidateOptions,
  type CrossValidateProgress,
  type Metric,
  OPTIONS,
} from "./crossValidateOptions.js";
import { type Fold, foldsOf } from "./folds.js";
import { leftOut } from "./leftOut.js";
import { type Labelled, planned, type Targets, type Work } from "./plan.js";
import { type Scored, scoredClasses, scoredFit, scoredTraining } from "./scoredFold.js";
import { bestOf, Tally } from "./summary.js";

type Checked = { [Key in keyof typeof OPTIONS]: ReturnType<(typeof OPTIONS)[Key]> };

/** `ntk.crossValidating`: see {@link ../ntk.js}. The input is checked and copied at once. */
export function crossValidating(
  context: Context,
  models: unknown,
  X: MatrixLike,
  Y: MatrixLike | Labels,
  options: CrossValidateOptions,
): Generator<CrossValidateProgress, CrossValidated, void> {
  const checked = read(options, "crossValidate", "{ folds: 10 }", OPTIONS);
  const { folds, repeats, seed, groups, standardize, criterion, onProgress, signal, ...common } = checked;
  const work = planned(context, models, X, Y, common as CrossValidateOptions);
  const rows = work.data.X.rows;
  const chosen = chooseCriterion(criterion, work);
  if (folds === "loo") {
    checkLeftOut(checked, work);
    const all = Array.from({ length: rows }, (_, row) => row);
    return running(context, work, [{ repeat: 0, fold: 0, test: all, train: all }], checked, chosen);
  }
  const labels = groups === undefined ? undefined : labelsOf(groups, "groups");
  if (labels && labels.length !== rows)
    throw new RangeError(`groups has ${labels.length} entries; expected ${rows}, one for each row of X`);
  const most = labels ? new Set(labels).size : rows;
  if (folds < 2 || folds > most)
    throw new RangeError(`folds is ${folds}; expected 2 to ${most}, the ${labels ? "groups" : "rows of X"}`);
  const parts = foldsOf(rows, folds, repeats, seed, {
    ...(labels ? { groups: labels } : {}),
    ...(work.kind === "classify" ? { strata: work.data.index } : {}),
  });
  return running(context, work, parts, checked, chosen);
}

/** The criterion that was asked for, or the usual one. @throws RangeError for one of the other kind */
function chooseCriterion(criterion: Metric | undefined, { kind }: Work): Metric {
  const known: readonly Metric[] = kind === "fit" ? ["rmse", "r2", "nlpd"] : ["logLoss", "accuracy"];
  if (criterion === undefined) return known[0];
  if (!known.includes(criterion))
    throw new RangeError(
      `crossValidate: criterion is "${criterion}"; expected ${known.join(", ")} for ${kind === "fit" ? "targets" : "labels"}`,
    );
  return criterion;
}

/** @throws RangeError for what needs fits of parts of the rows. */
function checkLeftOut({ repeats, groups, standardize, criterion }: Checked, work: Work): void {
  const asked = {
    classify: work.kind === "classify",
    tune: work.plans.some(({ tune }) => tune !== undefined),
    train: work.plans.some(({ kind }) => kind === "train"),
    "repeats above 1": repeats > 1,
    groups: groups !== undefined,
    standardize: standardize !== undefined,
    "criterion nlpd": criterion === "nlpd",
  };
  for (const [name, given] of Object.entries(asked))
    if (given)
      throw new RangeError(
        `crossValidate: folds "loo" fits once, without ${name}; expected a number of folds beside it`,
      );
}

function* running(
  context: Context,
  work: Work,
  folds: readonly Fold[],
  options: Checked,
  criterion: Metric,
): Generator<CrossValidateProgress, CrossValidated, void> {
  const { onProgress, signal } = options;
  const { plans, data } = work;
  const tallies = plans.map(({ name }) => new Tally(name, data.X.rows));
  const total = folds.length * plans.length;
  let done = 0;
  let aborted = false;
  fits: for (const fold of folds) {
    for (const [model, plan] of plans.entries()) {
      const progress = { model, repeat: fold.repeat, fold: fold.fold, done, total };
      const slices = sliced(context, work, plan, fold, options);
      let slice = slices.next();
      while (!slice.done && !signal?.aborted) {
        yield progress;
        slice = slices.next();
      }
      if (!slice.done || !slice.value) {
        slices.return(undefined);
        aborted = true;
        break fits;
      }
      tallies[model].add(fold, slice.value);
      done++;
      const told = { ...progress, done };
      onProgress?.(told);
      yield told;
    }
  }
  return resultOf(work, tallies, criterion, aborted);
}

/** One fold of one model. */
function sliced(
  context: Context,
  work: Work,
  plan: Work["plans"][number],
  fold: Fold,
  { folds, standardize, signal }: Checked,
): Generator<void, Scored | undefined, void> {
  const manner = { standardize, signal };
  if (signal?.aborted) return none();
  if (plan.kind === "classify") return scoredClasses(context, plan, work.data as Labelled, fold, manner);
  if (plan.kind === "train") return scoredTraining(context, plan, work.data as Targets, fold, manner);
  if (folds === "loo") return once(() => leftOut(context, plan, work.data as Targets));
  return scoredFit(context, plan, work.data as Targets, fold, manner);
}

// biome-ignore lint/correctness/useYield: a fold that an abort came before has no slice
function* none(): Generator<void, undefined, void> {
  return undefined;
}

// biome-ignore lint/correctness/useYield: one slice
function* once(run: () => Scored): Generator<void, Scored, void> {
  return run();
}

function resultOf(work: Work, tallies: readonly Tally[], criterion: Metric, aborted: boolean): CrossValidated {
  const models = tallies.map((tally) => tally.result());
  const best = bestOf(models, criterion);
  const differences =
    best === undefined
      ? []
      : tallies.filter((_, i) => i !== best).map((tally) => tally.against(tallies[best], criterion));
  const classes = work.kind === "classify" ? { classes: [...work.data.classes] } : {};
  return { models, best, criterion, differences, ...classes, aborted };
}
