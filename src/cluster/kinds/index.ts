/** The kinds of runs by their names. */
import { BackendError } from "../../errors.js";
import type { Kind } from "../plan.js";
import { crossValidate } from "./crossValidate.js";
import { kernel } from "./kernel.js";
import { primalSums } from "./primalSums.js";
import { sampleKernel } from "./sampleKernel.js";
import { sweep } from "./sweep.js";
import { tune } from "./tune.js";

const KINDS: Readonly<Record<string, Kind>> = { sweep, tune, crossValidate, kernel, primalSums, sampleKernel };

/** @throws BackendError for a kind that this version has not. */
export function kindOf(name: string): Kind {
  if (!Object.hasOwn(KINDS, name)) throw new BackendError(`this version of ntk-wasm has no runs of kind "${name}"`);
  return KINDS[name];
}
