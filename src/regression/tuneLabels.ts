/** How `tune` rates a model for labels: by Laplace's evidence at its best scale (MATH.md §9). */
import { rateLabels, taskOf } from "../classification/classifier.js";
import { trainingMemory } from "../classification/training.js";
import type { Context } from "../context.js";
import type { Model } from "../kernel/models.js";
import type { Labels } from "../labels.js";
import type { MatrixLike } from "../matrix.js";
import { once, type Rating } from "./tuneSearch.js";

interface Given {
  ridge: readonly [number, number] | undefined;
  scale: readonly [number, number] | undefined;
  outputs: "full" | "average" | undefined;
}

/** The rating of models on data that are checked and copied now. @throws TypeError, RangeError, MemoryLimitError */
export function labelRating(
  context: Context,
  own: Model,
  X: MatrixLike,
  labels: Labels,
  { ridge, outputs, scale }: Given,
): Rating {
  if (ridge) throw new RangeError('ridge is given, but labels have no noise with criterion "laplace"; expected scale');
  if (outputs === "full")
    throw new RangeError('outputs is "full", but labels share one kernel with criterion "laplace"; expected "average"');
  const task = taskOf(context, own, X, labels, undefined, { method: "laplace", ridge: 0, concentration: 1 });
  context.arena.require(trainingMemory(task));
  return (candidate) => {
    const { notes, ...rated } = rateLabels(task, candidate, scale);
    return once({ problem: undefined, rated: { ridge: 0, bounds: [0, 0], ...rated }, notes });
  };
}
