/**
 * The package without its inlined binaries, for engines that take WebAssembly only as a module that was compiled
 * elsewhere (Cloudflare's workerd), and for pages that fetch `ntk-wasm/simd.wasm` or `ntk-wasm/relaxed.wasm`
 * themselves.
 *
 * @module ntk-wasm/slim
 */
import { instantiateBackend, variantOf, type WasmModule } from "./backend/wasmModule.js";
import { checkChoice, checkKeys } from "./check.js";
import { Ntk } from "./ntk.js";

export { supports, type WasmModule, type WasmVariant } from "./backend/wasmModule.js";
export * from "./public.js";

export interface SlimOptions {
  /** `ntk-wasm/simd.wasm` or `ntk-wasm/relaxed.wasm`, compiled. A section of the module names its variant. */
  module: WasmModule;
  /** As in `load` of `ntk-wasm`. */
  precision?: "float64" | "float32";
}

/**
 * Loads a compiled module with a memory of its own. In a page `await WebAssembly.compileStreaming(fetch(url))` is one.
 *
 * @throws TypeError for an unknown option, and where `module` is none; RangeError for a wrong value; BackendError for a
 *   module that is not of this version of ntk-wasm, and where it cannot run here: this entry has no JavaScript to fall
 *   back on (`load` of `ntk-wasm` has it).
 * @example
 * import { readFile } from "node:fs/promises";
 * import { load } from "ntk-wasm/slim";
 * const bytes = await readFile(new URL(import.meta.resolve("ntk-wasm/simd.wasm")));
 * const ntk = await load({ module: await WebAssembly.compile(bytes) });
 * ntk.variant; // "simd"
 */
export async function load(options: SlimOptions): Promise<Ntk> {
  checkKeys(options, ["module", "precision"], "load");
  const { module, precision = "float64" } = options;
  checkChoice(precision, "precision", ["float64", "float32"]);
  return new Ntk(await instantiateBackend(variantOf(module), module), precision);
}
