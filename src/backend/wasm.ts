/** The inlined binaries: compiled once for all that are loaded. */
import type { Backend } from "../ops.js";
import { relaxed, simd } from "./binaries.generated.js";
import { instantiateBackend, instantiateBackendSync, type WasmModule, type WasmVariant } from "./instance.js";

export { supports } from "./instance.js";

const BINARIES: Record<WasmVariant, string> = { relaxed, simd };
const compiled = new Map<WasmVariant, Promise<WasmModule>>();

function decode(variant: WasmVariant): Uint8Array<ArrayBuffer> {
  const text = atob(BINARIES[variant]);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * A variant as a module. The caller has asked {@link supports}. Compiles off the calling thread, and so on a browser's main thread too,
 * where some engines refuse to compile at once what is longer than 4 kB.
 */
export function compileVariant(variant: WasmVariant): Promise<WasmModule> {
  let module = compiled.get(variant);
  if (!module) {
    module = WebAssembly.compile(decode(variant));
    compiled.set(variant, module);
  }
  return module;
}

/** A variant on a memory of its own. */
export async function loadWasmBackend(variant: WasmVariant): Promise<Backend> {
  return instantiateBackend(variant, await compileVariant(variant));
}

/** {@link loadWasmBackend} at once, for tests and benches. */
export function createWasmBackend(variant: WasmVariant): Backend {
  return instantiateBackendSync(variant, decode(variant));
}
