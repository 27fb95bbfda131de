/** Activations of the JavaScript backend, by what the ops take for them: what `model/activation.ts` has for each. */
import { ACTIVATIONS, type ActivationName } from "../../model/activation.js";
import { parametersOf, RELU } from "../../model/activationParameters.js";
import type { DualActivation } from "../../model/dualActivation.js";
import type { RowMap } from "../../model/rowMaps.js";
import { ActivationCode } from "../../ops.js";

interface Known {
  readonly code: ActivationCode;
  readonly map: RowMap;
  readonly dualActivation: DualActivation;
  /** Empty without parameters. */
  readonly record: Float64Array;
  /** 2 E[σ(x)²] of a positively homogeneous σ, x a standard normal; else 0. */
  readonly norm: number;
}

/** Activations by code: those whose code says all, and those that come with a record. */
const BARE: Known[] = [];
const RECORDED: Known[] = [];
const EMPTY = new Float64Array(0);
for (const [name, row] of Object.entries(ACTIVATIONS) as [ActivationName, (typeof ACTIVATIONS)[ActivationName]][]) {
  const known = { ...row, code: ActivationCode[name], record: EMPTY, norm: name === "relu" ? RELU[1] : 0 };
  const parameters = parametersOf(name);
  if (!parameters || parameters.plain) BARE[known.code] = known;
  if (parameters) RECORDED[known.code] = known;
}

/** Doubles that a record has at most. */
const MOST = 512;

/** What an op's argument `activation` stands for: a code, or the address of a record; undefined for what is unknown. */
export function activationAt(h: Float64Array, activation: number): Known | undefined {
  if (activation < 1024) return BARE[activation];
  const at = activation / 8;
  const known = RECORDED[h[at]];
  return known && { ...known, record: h.subarray(at, at + MOST), norm: h[at + 1] };
}
