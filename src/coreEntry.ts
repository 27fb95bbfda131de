/**
 * Kernels, fits and linear algebra alone, without inlined binaries: `ntk-wasm/slim` for a page whose first view should
 * come soon. Training, classification, evaluation, `tune`, streams, and the solvers `cg` and `lowrank` are left out:
 * code that a bundler can split off with `import("ntk-wasm/slim")`.
 *
 * @module ntk-wasm/core
 */
import { Core } from "./core.js";
import { loadModule, type SlimOptions } from "./loadModule.js";

export { sharedBytes, supports, type WasmModule, type WasmVariant } from "./backend/wasmModule.js";
export type { SlimOptions } from "./loadModule.js";
export * from "./public.js";

/**
 * Loads a compiled module with a memory of its own, as `load` of `ntk-wasm/slim` does.
 *
 * @throws as `load` of `ntk-wasm/slim`.
 * @example
 * import { readFile } from "node:fs/promises";
 * import { load } from "ntk-wasm/core";
 * const bytes = await readFile(new URL(import.meta.resolve("ntk-wasm/simd.wasm")));
 * const core = await load({ module: await WebAssembly.compile(bytes) });
 * core.fit(net, X, Y, { ridge: 1e-3 }).predict(Xnew).mean.rows; // 2
 */
export async function load(options: SlimOptions): Promise<Core> {
  return loadModule(options, Core);
}
