/** All properties. */
import { FITS } from "./fits.js";
import { KERNELS } from "./kernels.js";
import { LINEAR } from "./linear.js";
import type { AnyProperty } from "./property.js";

export const PROPERTIES: readonly AnyProperty[] = [...LINEAR, ...KERNELS, ...FITS];
