/** The inlined binaries: compiled once for all that are loaded. */
import type { Backend } from "../ops.js";
import { relaxed, simd } from "./binaries.generated.js";
import type { HelperTeam } from "./threads/team.js";
import {
  instantiateBackend,
  instantiateBackendSync,
  sharedBytes,
  unavailable,
  type WasmModule,
  type WasmVariant,
} from "./wasmModule.js";

export { supports } from "./wasmModule.js";

const BINARIES: Record<WasmVariant, string> = { relaxed, simd };
const compiled = new Map<string, Promise<WasmModule>>();

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function decode(variant: WasmVariant): Uint8Array<ArrayBuffer> {
  const text = BINARIES[variant].replace(/=+$/, "");
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

/**
 * A variant as a module. The caller has asked {@link supports}. The module compiles off the calling thread. On a
 * browser's main thread some engines refuse to compile more than 4 kB at once.
 *
 * @throws BackendError where a policy forbids it or memory is short: the next call tries again.
 */
export async function compileVariant(variant: WasmVariant, threads = 1): Promise<WasmModule> {
  const shared = threads > 1;
  const key = shared ? `${variant} shared` : variant;
  try {
    let module = compiled.get(key);
    if (!module) {
      module = WebAssembly.compile(shared ? sharedBytes(decode(variant)) : decode(variant));
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

/** {@link loadWasmBackend} at once, for tests and benches. */
export function createWasmBackend(variant: WasmVariant): Backend {
  return instantiateBackendSync(variant, decode(variant)).backend;
}

/** {@link createWasmBackend} with threads, and the team. Its helpers may come later. */
export function createTeam(variant: WasmVariant, threads: number): { backend: Backend; team: HelperTeam } {
  const { backend, team } = instantiateBackendSync(variant, sharedBytes(decode(variant)), threads);
  return { backend, team: team as HelperTeam };
}
