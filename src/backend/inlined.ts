/**
 * The inlined binaries: compiled once for all that are loaded. Each is a module of its own, which is imported where it
 * runs: a page loads one of them.
 */
import { BackendError } from "../errors.js";
import type { Backend } from "../ops.js";
import { instantiateBackend, sharedBytes, unavailable, type WasmModule, type WasmVariant } from "./wasmModule.js";

export { supports } from "./wasmModule.js";

const BINARIES: Record<WasmVariant, () => Promise<{ binary: string }>> = {
  relaxed: () => import("./relaxed.generated.js"),
  simd: () => import("./simd.generated.js"),
};
const compiled = new Map<string, Promise<WasmModule>>();

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The bytes of base64. */
export function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = base64.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  if (typeof atob === "function") {
    const decoded = atob(text);
    for (let i = 0; i < bytes.length; i++) bytes[i] = decoded.charCodeAt(i);
    return bytes;
  }
  for (let i = 0, bits = 0; i < text.length; i++) {
    bits = (bits << 6) | DIGITS.indexOf(text[i]);
    if (i % 4 > 0) bytes[Math.floor((i * 3 - 1) / 4)] = bits >> (6 - 2 * (i % 4));
  }
  return bytes;
}

/** @throws BackendError where the file with the binary was not loaded */
async function binaryOf(variant: WasmVariant): Promise<string> {
  try {
    return (await BINARIES[variant]()).binary;
  } catch (cause) {
    throw new BackendError(
      `the file of ntk-wasm with the binary "${variant}" was not loaded; expected it beside the others of the package`,
      { cause },
    );
  }
}

/**
 * A variant as a module. The caller has asked {@link supports}. The module compiles off the calling thread. On a
 * browser's main thread some engines refuse to compile more than 4 kB at once.
 *
 * @throws BackendError where a policy forbids it or memory is short: the next call tries again.
 */
export async function compileVariant(variant: WasmVariant, threads = 1): Promise<WasmModule> {
  const shared = threads > 1;
  const key = shared ? `${variant} shared` : variant;
  const binary = compiled.has(key) ? "" : await binaryOf(variant);
  try {
    let module = compiled.get(key);
    if (!module) {
      const bytes = decode(binary);
      module = WebAssembly.compile(shared ? sharedBytes(bytes) : bytes);
      compiled.set(key, module);
    }
    return await module;
  } catch (error) {
    compiled.delete(key);
    throw unavailable(error);
  }
}

/** A variant on a memory of its own. */
export async function loadWasmBackend(variant: WasmVariant, threads = 1): Promise<Backend> {
  return instantiateBackend(variant, await compileVariant(variant, threads), threads);
}
