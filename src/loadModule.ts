/** `load()` of the entries without inlined binaries: what they are given is a compiled module. */
import { chooseThreads, withThreads } from "./backend/threads/choose.js";
import { instantiateBackend, variantOf, type WasmModule } from "./backend/wasmModule.js";
import { checkChoice, checkKeys } from "./check.js";
import type { Backend } from "./ops.js";

export interface SlimOptions {
  /** `ntk-wasm/simd.wasm` or `ntk-wasm/relaxed.wasm`, compiled. A section of the module names its variant. */
  module: WasmModule;
  /** As in `load` of `ntk-wasm`. */
  precision?: "float64" | "float32";
  /** As in `load` of `ntk-wasm`. More than one thread needs a module that was compiled from {@link sharedBytes}. */
  threads?: number | "auto";
}

/** A class whose instances compute on a backend. */
type OnBackend<T> = new (
  backend: Backend,
  precision: "float64" | "float32",
  variantReason: undefined,
  threadsReason?: string,
) => T;

/** An instance on a backend of its own. @throws as `load` of slim.ts. */
export async function loadModule<T>(options: SlimOptions, Instance: OnBackend<T>): Promise<T> {
  checkKeys(options, ["module", "precision", "threads"], "load");
  const { module, precision = "float64" } = options;
  checkChoice(precision, "precision", ["float64", "float32"]);
  const variant = variantOf(module);
  const { threads, threadsReason } = chooseThreads(options.threads ?? 1);
  return withThreads(options.threads, threads, async (count, reason = threadsReason) => {
    return new Instance(await instantiateBackend(variant, module, count), precision, undefined, reason);
  });
}
