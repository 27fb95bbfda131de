/**
 * The pure-JavaScript backend: the ops of src/ops.ts over an ArrayBuffer, with the same blocking as the WebAssembly
 * ones. An honest opponent: typed arrays, packed operands, register tiles.
 */
import type { Backend } from "../../ops.js";
import { batchOps } from "./batch.js";
import { choleskyOps } from "./cholesky.js";
import { choleskyEditOps } from "./choleskyEdits.js";
import { eigenOps } from "./eigen/index.js";
import { featureOps } from "./features.js";
import { float32Ops } from "./float32.js";
import { gemmOps } from "./gemm.js";
import { gramOps } from "./gram.js";
import { infiniteOps } from "./infinite.js";
import { jacobianOps } from "./jacobian.js";
import { level2Ops } from "./level2.js";
import { lossOps } from "./loss.js";
import { luOps } from "./lu.js";
import { Memory } from "./memory.js";
import { ntkOps } from "./ntk.js";
import { randomOps } from "./random.js";
import { trainOps } from "./train.js";
import { trsmOps } from "./trsm.js";

export function createJsBackend(): Backend {
  const memory = new Memory();
  const features = featureOps(memory);
  const jacobian = jacobianOps(memory);
  const gram = gramOps(memory);
  const solves = { ...trsmOps(memory), ...choleskyOps(memory) };
  const floats = float32Ops(memory, { ...features, ...solves });
  const training = trainOps(memory, { ...features, ...jacobian });
  const kernels = ntkOps({ ...features, ...gram }, floats);
  return {
    name: "js",
    variant: "js",
    ops: {
      ...features,
      ...jacobian,
      ...training,
      ...lossOps(memory),
      ...gemmOps(memory),
      ...gram,
      ...solves,
      ...choleskyEditOps(memory),
      ...luOps(memory),
      ...level2Ops(memory),
      ...eigenOps(memory),
      ...infiniteOps(memory),
      ...randomOps(memory),
      ...floats,
      ...kernels,
      ...batchOps(memory, { ...training, ...kernels }),
    },
    base: 1024,
    buffer: () => memory.f64.buffer,
    grow: (end) => memory.grow(end),
  };
}
