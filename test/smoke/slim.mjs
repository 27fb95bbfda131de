import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { load as loadCore } from "ntk-wasm/core";
import { createNetwork, load } from "ntk-wasm/slim";

const bytes = readFileSync(fileURLToPath(import.meta.resolve("ntk-wasm/simd.wasm")));
const ntk = await load({ module: await WebAssembly.compile(bytes) });
const { mean } = ntk
  .fit(createNetwork({ inputs: 1, hidden: 8, biasStd: 1 }), [0, 1], [0, 1], { ridge: 1e-6 })
  .predict([1]);
if (!(Math.abs(mean.data[0] - 1) < 0.01)) throw new Error(`f(1) = ${mean.data[0]}`);
const core = await loadCore({ module: await WebAssembly.compile(bytes) });
if (core.variant !== ntk.variant || Object.getPrototypeOf(ntk.constructor) !== core.constructor)
  throw new Error("a Core of another build");
console.log(`fitted with ${ntk.variant}`);
