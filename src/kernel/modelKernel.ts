/** From a model, whatever its kind, to what regression needs of it. */
import type { Context } from "../context.js";
import type { Precision } from "../linalg/precision.js";
import { createInfiniteNetwork } from "../model/infinite.js";
import { validateNetwork } from "../model/network.js";
import { ownStationary } from "../model/stationary.js";
import { PrecomputedSource, ProductSource, StationarySource, SumSource } from "./composed.js";
import { type CustomKernel, CustomSource } from "./custom.js";
import type { Outputs } from "./finite/kernelMemory.js";
import { NetworkSource } from "./finite/networkKernel.js";
import { InfiniteSource } from "./infinite/infiniteKernel.js";
import { InputScaledSource } from "./inputScaled.js";
import type { KernelSource } from "./kernel.js";
import { type Kinded, kinded, type Model, ownModel, weighted } from "./models.js";

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
  const given = kinded(model);
  const checked = given.kind === "composed" ? kinded(ownModel(model)) : given;
  return sourceOf(context, checked, outputs, precision, 1);
}

/** `weight` times the kernel of a model. Weights go into the scales of the models that a composed one is made of. */
function sourceOf(
  context: Context,
  given: Kinded,
  outputs: Outputs | undefined,
  precision: Precision,
  weight: number,
): KernelSource {
  // What is made of several models has one kernel for all outputs unless it is asked for, and is float64.
  const part = (model: Model, factor: number) =>
    sourceOf(context, kinded(model), outputs ?? "average", "float64", factor);
  if (given.kind === "network") {
    const net = validateNetwork(weighted(given.model, weight));
    return new NetworkSource(context, net, outputs ?? "full", precision);
  }
  const composed = given.kind === "composed" ? given.model : undefined;
  if (composed?.kind === "scaled") return part(composed.model, weight * composed.scale);
  if (composed?.kind === "inputScaled") return new InputScaledSource(part(composed.model, weight), composed.scales);
  if (composed?.kind === "sum") {
    const terms = composed.terms.map((term) => part(term.model, weight * term.weight));
    return new SumSource(context, terms);
  }
  if (composed?.kind === "product") {
    const factors = composed.factors.map((factor, i) => part(factor, i === 0 ? weight : 1));
    return new ProductSource(context, factors);
  }
  if (outputs === "full") {
    throw new RangeError(
      'outputs "full" needs a finite network; the kernel of this model is the same for every output: expected "average"',
    );
  }
  if (composed) return new PrecomputedSource(context, composed, weight);
  if (given.kind === "stationary") return new StationarySource(context, ownStationary(weighted(given.model, weight)));
  if (given.kind === "infinite")
    return new InfiniteSource(context, createInfiniteNetwork(weighted(given.model, weight)));
  return new CustomSource(given.model as CustomKernel, weight);
}
