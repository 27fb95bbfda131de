/**
 * What regression needs from a model, whatever its kind: start values, the training kernel, cross kernels, diagonals.
 * A `CustomKernel` is a user's own (or precomputed) kernel and is checked like any other input.
 */

import type { Context } from "../context.js";
import type { Precision } from "../linalg/precision.js";
import { createInfiniteNetwork, type InfiniteNetwork, isInfiniteNetwork } from "../model/infinite.js";
import { type Network, ownNetwork, validateNetwork } from "../model/network.js";
import { type CustomKernel, CustomSource, isCustomKernel, ownCustomKernel } from "./custom.js";
import type { Outputs } from "./finite/kernel.js";
import { NetworkSource } from "./finite/networkKernel.js";
import { InfiniteSource } from "./infinite/infiniteKernel.js";
import type { KernelSource } from "./kernel.js";

/** What `fit` and `kernel` accept. */
export type Model = Network | InfiniteNetwork | CustomKernel;

/**
 * A checked copy of a model, for what is kept: it stays as it is, whatever becomes of the caller's arrays and objects.
 *
 * @throws TypeError, RangeError
 */
export function ownModel(model: Model): Model {
  if (isInfiniteNetwork(model)) return createInfiniteNetwork(model);
  if (!isCustomKernel(model)) return ownNetwork(validateNetwork(model));
  return ownCustomKernel(model);
}

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
  const infinite = isInfiniteNetwork(model);
  if (!infinite && !isCustomKernel(model)) {
    return new NetworkSource(context, validateNetwork(model), outputs ?? "full", precision);
  }
  if (outputs === "full") {
    throw new RangeError(
      'outputs "full" needs a finite network; the kernel of this model is the same for every output: expected "average"',
    );
  }
  return infinite ? new InfiniteSource(context, createInfiniteNetwork(model)) : new CustomSource(model);
}
