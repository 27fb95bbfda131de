/**
 * The activation table: one row for each code of the ABI (`ActivationCode` in ops.ts). To add an activation, write its
 * file in `assembly/activation/` and `backend/js/`, its code, and its row here.
 */
import { checkChoice } from "../check.js";
import type { ActivationCode } from "../ops.js";

/** Name of an activation that is computed today. */
export type Activation = keyof typeof ActivationCode;

/** What each activation is, in the order of its code. */
export const ACTIVATIONS: Record<Activation, { formula: string; derivative: string }> = {
  sigmoid: { formula: "1/(1 + exp(−z))", derivative: "σ(1 − σ)" },
  tanh: { formula: "tanh z", derivative: "1 − tanh² z" },
  erf: { formula: "erf z", derivative: "2/√π exp(−z²)" },
  relu: { formula: "max(z, 0)", derivative: "1 for z > 0, else 0 (0 at 0)" },
  identity: { formula: "z", derivative: "1" },
};

/** Planned names, so that the message for them is not "unknown". */
const NOT_YET = ["gelu", "softplus", "silu", "sin"];

/** @throws TypeError, RangeError unless `value` names an activation that is computed today */
export function checkActivation(value: unknown): asserts value is Activation {
  if (typeof value === "string" && NOT_YET.includes(value)) {
    throw new RangeError(
      `activation "${value}" is not computed yet; expected one of ${Object.keys(ACTIVATIONS).join(", ")}`,
    );
  }
  checkChoice(value, "activation", Object.keys(ACTIVATIONS) as Activation[]);
}
