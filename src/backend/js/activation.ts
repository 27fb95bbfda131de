/** Activations of the JavaScript backend by their code: what the table in `model/activation.ts` has for each. */
import { ACTIVATIONS, type Activation } from "../../model/activation.js";
import type { DualActivation } from "../../model/dualActivation.js";
import type { RowMap } from "../../model/rowMaps.js";
import { ActivationCode } from "../../ops.js";

/** Row maps and dual activations by ABI code. */
export const ROW_MAPS: RowMap[] = [];
export const DUAL_ACTIVATIONS: DualActivation[] = [];
for (const name of Object.keys(ACTIVATIONS) as Activation[]) {
  ROW_MAPS[ActivationCode[name]] = ACTIVATIONS[name].map;
  DUAL_ACTIVATIONS[ActivationCode[name]] = ACTIVATIONS[name].dualActivation;
}
