/**
 * The WebAssembly backend: decodes an inlined binary, gives it a memory, and hands out its exports, which are the ops.
 * The two binaries, `simd` and `relaxed`, come from one AssemblyScript source (`assembly/`).
 */
import { instantiate, instantiateSync } from "@assemblyscript/loader";
import type { Backend } from "../ops.js";
import { relaxed, simd } from "./binaries.generated.js";

/** The exports as asc types them: a missing op or a changed argument list is a compile error below. */
type Exports = Awaited<ReturnType<typeof import("../../build/simd.js").instantiate>>;
type Variant = "relaxed" | "simd";

const BINARIES: Record<Variant, string> = { relaxed, simd };
const PAGE = 65536;
const MAX_PAGES = 65535;

/** Smallest modules that use the variant's instructions: (func (drop (f64x2.relaxed_madd …))) and a plain v128.const. */
const PROBES: Record<Variant, () => Uint8Array<ArrayBuffer>> = {
  simd: () => probe([0x1a]),
  relaxed: () => probe([...V128_CONST, ...V128_CONST, 0xfd, 0x87, 0x02, 0x1a]),
};
const V128_CONST = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];

/** A module with one function: v128.const 0, then `rest`. */
function probe(rest: number[]): Uint8Array<ArrayBuffer> {
  const body = [0x00, ...V128_CONST, ...rest, 0x0b];
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const types = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00];
  const functions = [0x03, 0x02, 0x01, 0x00];
  return new Uint8Array([...header, ...types, ...functions, 0x0a, body.length + 2, 0x01, body.length, ...body]);
}

/** True where this engine can run the variant. */
export function supports(variant: Variant): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(PROBES[variant]());
}

/** Compiled once for all that are loaded. */
const compiled = new Map<Variant, Promise<WebAssembly.Module>>();

function decode(variant: Variant): Uint8Array<ArrayBuffer> {
  const text = atob(BINARIES[variant]);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * A variant on a memory of its own. The caller has asked {@link supports}. Compiles off the calling thread, and so on a browser's main thread too,
 * where some engines refuse to compile at once what is longer than 4 kB.
 */
export async function loadWasmBackend(variant: Variant): Promise<Backend> {
  let module = compiled.get(variant);
  if (!module) {
    module = WebAssembly.compile(decode(variant));
    compiled.set(variant, module);
  }
  const memory = newMemory();
  return backendOf(variant, memory, (await instantiate(await module, { env: { memory } })).instance);
}

/** {@link loadWasmBackend} at once, for tests and benches. */
export function createWasmBackend(variant: Variant): Backend {
  const memory = newMemory();
  return backendOf(variant, memory, instantiateSync(decode(variant), { env: { memory } }).instance);
}

function newMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES });
}

function backendOf(variant: Variant, memory: WebAssembly.Memory, instance: WebAssembly.Instance): Backend {
  const exports = instance.exports as unknown as Exports;
  const base = Math.max(1024, Math.ceil((exports.heapBase() >>> 0) / 64) * 64);
  return {
    name: "wasm",
    variant,
    ops: exports,
    base,
    buffer: () => memory.buffer as ArrayBuffer,
    grow(end) {
      const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
      if (missing <= 0) return true;
      try {
        memory.grow(missing);
        return true;
      } catch {
        return false;
      }
    },
  };
}
