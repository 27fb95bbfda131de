/** What an op takes for its argument `activation`. */
import type { Context } from "../context.js";
import type { Activation } from "../model/activation.js";
import { ActivationCode } from "../ops.js";

/** The code of an activation. */
export function activationArgument(_context: Context, activation: Activation): number {
  return ActivationCode[activation];
}
