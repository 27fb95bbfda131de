/**
 * The pure-JavaScript backend: the ops of src/ops.ts over an ArrayBuffer, with the same blocking as the WebAssembly
 * ones. An honest opponent: typed arrays, packed operands, register tiles.
 */
import type { Backend } from "../../ops.js";
import { updateOps } from "./choleskyEdits.js";
import { eigenOps } from "./eigen/index.js";
import { featureOps } from "./features.js";
import { singleOps } from "./float32.js";
import { dualOps } from "./infinite.js";
import { level2Ops } from "./level2.js";
import { productOps } from "./level3.js";
import { Memory } from "./memory.js";
import { ntkOps } from "./ntk.js";
import { trainOps } from "./train.js";
import { triangularOps } from "./triangular.js";

export function createJsBackend(): Backend {
  const memory = new Memory();
  const features = featureOps(memory);
  const triangular = triangularOps(memory);
  const products = productOps(memory);
  const singles = singleOps(memory, { ...features, ...triangular });
  return {
    name: "js",
    variant: "js",
    ops: {
      ...features,
      ...trainOps(memory, features),
      ...products,
      ...triangular,
      ...updateOps(memory),
      ...level2Ops(memory),
      ...eigenOps(memory),
      ...dualOps(memory),
      ...singles,
      ...ntkOps({ ...features, ...products }, singles),
    },
    base: 1024,
    buffer: () => memory.f64.buffer,
    grow: (end) => memory.grow(end),
  };
}
