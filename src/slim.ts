/**
 * The package without its inlined binaries, for engines that take WebAssembly only as a module that was compiled
 * elsewhere (Cloudflare's workerd), and for pages that fetch `ntk-wasm/simd.wasm` or `ntk-wasm/relaxed.wasm`
 * themselves.
 *
 * @module ntk-wasm/slim
 */
import { loadModule, type SlimOptions } from "./loadModule.js";
import { Ntk } from "./ntk.js";

export { sharedBytes, supports, type WasmModule, type WasmVariant } from "./backend/wasmModule.js";
export type { SlimOptions } from "./loadModule.js";
export * from "./public.js";

/**
 * Loads a compiled module with a memory of its own. In a page `await WebAssembly.compileStreaming(fetch(url))` is one.
 *
 * @throws TypeError for an unknown option, and where `module` is none; RangeError for a wrong value; BackendError for a
 *   module that is not of this version of ntk-wasm, and where it cannot run here: this entry has no JavaScript to fall
 *   back on (`load` of `ntk-wasm` has it).
 * @example
 * import { readFile } from "node:fs/promises";
 * import { load, sharedBytes } from "ntk-wasm/slim";
 * const bytes = await readFile(new URL(import.meta.resolve("ntk-wasm/simd.wasm")));
 * const ntk = await load({ module: await WebAssembly.compile(bytes) });
 * ntk.variant; // "simd"
 * const both = await load({ module: await WebAssembly.compile(sharedBytes(bytes)), threads: 2 });
 * both.threads; // 2
 */
export async function load(options: SlimOptions): Promise<Ntk> {
  return loadModule(options, Ntk);
}
