import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createNetwork, load } from "ntk-wasm/slim";

const bytes = readFileSync(fileURLToPath(import.meta.resolve("ntk-wasm/simd.wasm")));
const ntk = await load({ module: await WebAssembly.compile(bytes) });
const { mean } = ntk
  .fit(createNetwork({ inputs: 1, hidden: 8, biasStd: 1 }), [0, 1], [0, 1], { ridge: 1e-6 })
  .predict([1]);
if (!(Math.abs(mean.data[0] - 1) < 0.01)) throw new Error(`f(1) = ${mean.data[0]}`);
console.log(`fitted with ${ntk.variant}`);
