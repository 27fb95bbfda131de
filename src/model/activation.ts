/**
 * The activation table: one row for each code of the ABI (`ActivationCode` in ops.ts). To add an activation, write its
 * file in `assembly/activation/` and `backend/js/`, its code, and its row here.
 */
import type { ActivationCode } from "../ops.js";
import { choice } from "../options.js";

/** Name of an activation. */
export type Activation = keyof typeof ActivationCode;

/** What each activation is, in the order of its code. */
export const ACTIVATIONS: Record<Activation, { formula: string; derivative: string }> = {
  sigmoid: { formula: "1/(1 + exp(−z))", derivative: "σ(1 − σ)" },
  tanh: { formula: "tanh z", derivative: "1 − tanh² z" },
  erf: { formula: "erf z", derivative: "2/√π exp(−z²)" },
  relu: { formula: "max(z, 0)", derivative: "1 for z > 0, else 0 (0 at 0)" },
  identity: { formula: "z", derivative: "1" },
  gelu: { formula: "z Φ(z), exact", derivative: "Φ(z) + z φ(z)" },
  softplus: { formula: "log(1 + exp z)", derivative: "1/(1 + exp(−z))" },
  silu: { formula: "z/(1 + exp(−z))", derivative: "σ(z) (1 + z (1 − σ(z))), σ the sigmoid" },
  sin: { formula: "sin z", derivative: "cos z" },
};

/** The name of an activation. */
export const ACTIVATION = choice(Object.keys(ACTIVATIONS) as Activation[]);
