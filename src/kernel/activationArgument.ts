/** What an op takes for its argument `activation`. */
import type { Context } from "../context.js";
import { type BuiltIn, nameOf, recordOf } from "../model/activation.js";
import { ActivationCode } from "../ops.js";

/** The code of an activation, or the address of its record, which lies in scratch: call inside `arena.run`. */
export function activationArgument({ arena }: Context, activation: BuiltIn): number {
  const record = recordOf(activation);
  return record.length > 0 ? arena.copyIn(record) : ActivationCode[nameOf(activation)];
}
