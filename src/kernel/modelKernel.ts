/** From a model, whatever its kind, to what regression needs of it. */
import type { Context } from "../context.js";
import type { Precision } from "../linalg/precision.js";
import { createInfiniteNetwork, isInfiniteNetwork } from "../model/infinite.js";
import { validateNetwork } from "../model/network.js";
import { ownStationary } from "../model/stationary.js";
import { PrecomputedSource, ProductSource, StationarySource, SumSource } from "./composed.js";
import { CustomSource, isCustomKernel } from "./custom.js";
import type { Outputs } from "./finite/kernel.js";
import { NetworkSource } from "./finite/networkKernel.js";
import { InfiniteSource } from "./infinite/infiniteKernel.js";
import type { KernelSource } from "./kernel.js";
import { isComposed, isStationary, type Model, ownModel, weighted } from "./models.js";

/**
 * @param outputs `full` or `average`; undefined takes `full` for finite networks and `average` for the others.
 * @param precision of `cross` and `square` of finite networks; the kernels of other models are float64.
 * @throws TypeError, RangeError where the model cannot be used.
 */
export function kernelSource(
  context: Context,
  model: Model,
  outputs?: Outputs,
  precision: Precision = "float64",
): KernelSource {
  if (isComposed(model)) return composedSource(context, ownModel(model), outputs ?? "average", 1);
  if (isInfiniteNetwork(model) || isStationary(model) || isCustomKernel(model)) {
    if (outputs === "full") throw onlyAverage();
    if (isStationary(model)) return new StationarySource(context, ownStationary(model));
    return isInfiniteNetwork(model)
      ? new InfiniteSource(context, createInfiniteNetwork(model))
      : new CustomSource(model, 1);
  }
  return new NetworkSource(context, validateNetwork(model), outputs ?? "full", precision);
}

function onlyAverage(): RangeError {
  return new RangeError(
    'outputs "full" needs a finite network; the kernel of this model is the same for every output: expected "average"',
  );
}

/** `weight` times the kernel of a checked model that may be made of others. Weights go into the scales of its parts. */
function composedSource(context: Context, model: Model, outputs: Outputs, weight: number): KernelSource {
  if (isComposed(model)) {
    const source = (part: Model, factor: number) => composedSource(context, part, outputs, factor);
    if (model.kind === "scaled") return source(model.model, weight * model.scale);
    if (model.kind === "sum")
      return new SumSource(
        context,
        model.terms.map((term) => source(term.model, weight * term.weight)),
      );
    if (model.kind === "product")
      return new ProductSource(
        context,
        model.factors.map((factor, i) => source(factor, i === 0 ? weight : 1)),
      );
    if (outputs === "full") throw onlyAverage();
    return new PrecomputedSource(context, model, weight);
  }
  if (isCustomKernel(model)) {
    if (outputs === "full") throw onlyAverage();
    return new CustomSource(model, weight);
  }
  return kernelSource(context, weighted(model, weight) ?? model, isPlainNetwork(model) ? outputs : only(outputs));
}

function isPlainNetwork(model: Model): boolean {
  return !isInfiniteNetwork(model) && !isStationary(model);
}

function only(outputs: Outputs): Outputs {
  if (outputs === "full") throw onlyAverage();
  return outputs;
}
