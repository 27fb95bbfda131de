/** All properties. */
import { LINEAR } from "./linear.js";
import type { AnyProperty } from "./property.js";

export const PROPERTIES: readonly AnyProperty[] = [...LINEAR];
