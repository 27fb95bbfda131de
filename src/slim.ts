/**
 * The package without its inlined binaries, for engines that take WebAssembly only as a module that was compiled
 * elsewhere (Cloudflare's workerd), and for pages that fetch `ntk-wasm/simd.wasm` or `ntk-wasm/relaxed.wasm`
 * themselves.
 *
 * @module ntk-wasm/slim
 */
import { chooseThreads, withThreads } from "./backend/threads/choose.js";
import { instantiateBackend, variantOf, type WasmModule } from "./backend/wasmModule.js";
import { checkChoice, checkKeys } from "./check.js";
import { Ntk } from "./ntk.js";

export { sharedBytes, supports, type WasmModule, type WasmVariant } from "./backend/wasmModule.js";
export * from "./public.js";

export interface SlimOptions {
  /** `ntk-wasm/simd.wasm` or `ntk-wasm/relaxed.wasm`, compiled. A section of the module names its variant. */
  module: WasmModule;
  /** As in `load` of `ntk-wasm`. */
  precision?: "float64" | "float32";
  /** As in `load` of `ntk-wasm`. More than one thread needs a module that was compiled from {@link sharedBytes}. */
  threads?: number | "auto";
}

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
  checkKeys(options, ["module", "precision", "threads"], "load");
  const { module, precision = "float64" } = options;
  checkChoice(precision, "precision", ["float64", "float32"]);
  const variant = variantOf(module);
  const { threads, threadsReason } = chooseThreads(options.threads ?? 1);
  return withThreads(options.threads, threads, async (count, reason = threadsReason) => {
    return new Ntk(await instantiateBackend(variant, module, count), precision, undefined, reason);
  });
}
