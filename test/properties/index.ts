/** All properties. */
import { EVALUATION } from "./evaluation.js";
import { FITS } from "./fits.js";
import { KERNELS } from "./kernels.js";
import { LINEAR } from "./linear.js";
import { OTHERS } from "./others.js";
import type { AnyProperty } from "./property.js";
import { SCORES } from "./scores.js";
import { TABLES } from "./tables.js";
import { TRAINING } from "./training.js";

export const PROPERTIES: readonly AnyProperty[] = [
  ...LINEAR,
  ...KERNELS,
  ...FITS,
  ...TRAINING,
  ...OTHERS,
  ...EVALUATION,
  ...SCORES,
  ...TABLES,
];
