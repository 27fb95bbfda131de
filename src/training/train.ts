/**
 * The really trained network: full-batch gradient descent on ½ · mean (f − y)². One crossing into the backend makes
 * many steps. The record has the loss, and the distance of weights and kernel from the start.
 */

import type { Context } from "../context.js";
import type { MatrixLike } from "../matrix.js";
import type { Network } from "../model/network.js";
import { read } from "../options.js";
import { drain } from "../slices.js";
import { single, type Trained, trainingGroup } from "./group.js";
import { checkRun } from "./run.js";
import { type Progress, TRAIN, TRAIN_EXAMPLE, type TrainOptions } from "./trainOptions.js";

/** `ntk.train`. */
export function trainNetwork(
  context: Context,
  net: Network,
  X: MatrixLike,
  Y: MatrixLike,
  options: TrainOptions,
): Trained {
  return drain(trainingOf(context, net, X, Y, options));
}

/**
 * `ntk.training`: returns the result of `train`. The input is checked and copied at once; the work is done step by
 * step.
 */
export function trainingOf(
  context: Context,
  net: Network,
  X: MatrixLike,
  Y: MatrixLike,
  options: TrainOptions,
): Generator<Progress, Trained, void> {
  const run = checkRun(net, X, Y, read(options, "train", TRAIN_EXAMPLE, TRAIN));
  return single(trainingGroup(context, [run]));
}
