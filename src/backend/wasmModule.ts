/**
 * The WebAssembly backend: gives a module a memory, and hands out its exports, which are the ops. The two modules,
 * `simd` and `relaxed`, come from one AssemblyScript source (`assembly/`). The build marks each module with its name in
 * a custom section.
 */
import { isErrorLike, isWasmModule } from "../brand.js";
import { checkChoice } from "../check.js";
import { BackendError } from "../errors.js";
import type { Backend, Team } from "../ops.js";
import { build } from "./marker.generated.js";
import type { WasmModule } from "./moduleType.js";
import { HelperTeam } from "./threads/team.js";

/** The exports as asc types them: a missing op or a changed argument list is a compile error below. */
type Exports = Awaited<ReturnType<typeof import("../../build/simd.js").instantiate>>;
/** The two binaries: with fused multiply-add, and with plain SIMD, whose bits are the same on every machine. */
export type WasmVariant = "relaxed" | "simd";

export type { WasmModule };

const PAGE = 65536;
const MAX_PAGES = 65535;
/** Name of the custom section: its text is the variant and what the build calls itself. */
const MARKER = "ntk-wasm";

/**
 * Smallest modules that use the variant's instructions: (func (drop (f64x2.relaxed_madd …))) and a plain v128.const.
 */
const PROBES: Record<WasmVariant, () => Uint8Array<ArrayBuffer>> = {
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

/**
 * True where this engine can run the variant; asked of a few bytes, before a file is fetched.
 *
 * @throws TypeError, RangeError for anything but `"relaxed"` and `"simd"`.
 * @example
 * import { supports } from "ntk-wasm/slim";
 * const file = supports("relaxed") ? "relaxed.wasm" : "simd.wasm";
 */
export function supports(variant: WasmVariant): boolean {
  checkChoice(variant, "variant", ["relaxed", "simd"]);
  return typeof WebAssembly === "object" && WebAssembly.validate(PROBES[variant]());
}

/**
 * Which variant a compiled module is.
 *
 * @throws TypeError where it is no module; BackendError where it is another one, or one of another build of ntk-wasm.
 */
export function variantOf(module: WasmModule): WasmVariant {
  if (!isWasmModule(module)) {
    throw new TypeError(
      "module is no WebAssembly.Module; expected simd.wasm or relaxed.wasm of ntk-wasm, compiled (WebAssembly.compile)",
    );
  }
  const [section] = WebAssembly.Module.customSections(module as WebAssembly.Module, MARKER);
  // ASCII: no TextDecoder, which some environments lack.
  const text = section && Array.from(new Uint8Array(section), (code) => String.fromCharCode(code)).join("");
  const [variant, made] = text ? text.split(" ") : [];
  if (variant !== "simd" && variant !== "relaxed") {
    throw new BackendError("this module is not one of ntk-wasm's; expected its simd.wasm or relaxed.wasm, compiled");
  }
  if (made !== build) {
    throw new BackendError(
      `this ${variant}.wasm is of another version of ntk-wasm (${made}, not ${build}); take the one of this package`,
    );
  }
  return variant;
}

/**
 * A module on a memory of its own. More than one thread needs a module that imports a shared memory; one thread takes
 * either.
 *
 * @throws BackendError where the engine gives no memory, a policy forbids it, the module cannot share its memory, or a
 *   thread does not start; its cause is the engine's error.
 */
export async function instantiateBackend(variant: WasmVariant, module: WasmModule, threads = 1): Promise<Backend> {
  try {
    const { memory, instance } = await onMemory(module as WebAssembly.Module, threads > 1);
    const { backend, team } = backendOf(variant, module, memory, instance, threads);
    await team?.ready;
    return backend;
  } catch (error) {
    if (error instanceof BackendError) throw error;
    throw unavailable(error);
  }
}

/** A memory, and the module on it. Where one thread is enough, a module that imports a shared memory gets one. */
async function onMemory(
  module: WebAssembly.Module,
  shared: boolean,
): Promise<{ memory: WebAssembly.Memory; instance: WebAssembly.Instance }> {
  const memory = newMemory(shared);
  try {
    return { memory, instance: await instantiate(module, { env: { memory } }) };
  } catch (error) {
    if (!isErrorLike(error) || error.name !== "LinkError") throw error;
    if (!shared) return onMemory(module, true);
    throw new BackendError(NOT_SHARED, { cause: error });
  }
}

const NOT_SHARED =
  "this module cannot share its memory between threads; compile sharedBytes(bytes) of ntk-wasm/slim, or leave threads at 1";

/** Ends the threads of a backend that nothing refers to any more. */
const dropped =
  typeof FinalizationRegistry === "function" ? new FinalizationRegistry<Team>((team) => team.end()) : undefined;

/**
 * The bytes of a module that imports a shared memory, from the ones of a module that does not: they differ in the
 * flags of the memory's limits.
 *
 * @throws BackendError where the bytes are no module of ntk-wasm.
 */
export function sharedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const shared = new Uint8Array(bytes);
  const at = memoryFlags(shared);
  if (at === undefined)
    throw new BackendError("these bytes are not a module of ntk-wasm; expected its simd.wasm or relaxed.wasm");
  shared[at] = HAS_MAXIMUM | SHARED;
  return shared;
}

const [HAS_MAXIMUM, SHARED] = [1, 2];
const [IMPORT_SECTION, MEMORY_KIND] = [2, 2];

/** Where the flags of the imported memory stand: it is the only import. */
function memoryFlags(bytes: Uint8Array): number | undefined {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (!(byte & 128)) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = number();
    const end = at + size;
    if (id === IMPORT_SECTION && number() === 1) {
      for (let name = 0; name < 2; name++) {
        const length = number();
        at += length;
      }
      return bytes[at] === MEMORY_KIND && bytes[at + 1] === HAS_MAXIMUM ? at + 1 : undefined;
    }
    at = end;
  }
  return undefined;
}

/** {@link instantiateBackend} at once, from bytes; its helpers come when they have started. */
export function instantiateBackendSync(
  variant: WasmVariant,
  bytes: Uint8Array<ArrayBuffer>,
  threads = 1,
): { backend: Backend; team: HelperTeam | undefined } {
  const memory = newMemory(threads > 1);
  const module = new WebAssembly.Module(bytes);
  return backendOf(variant, module, memory, new WebAssembly.Instance(module, { env: { memory } }), threads);
}

/**
 * Through AssemblyScript's loader, which is imported here, when it is needed: its import asks for a UTF-16 TextDecoder,
 * and jsdom and React Native have none. The modules take numbers only and import nothing but their memory, so the
 * engine's own functions do as well where the loader cannot be had. The loader's asynchronous `instantiate` would
 * evaluate `Response`, for which Node loads its HTTP client (load() in a fresh process: 36 ms, without 9). An engine
 * that refuses to instantiate at once on a page's main thread does it asynchronously.
 */
async function instantiate(
  module: WebAssembly.Module,
  imports: { env: { memory: WebAssembly.Memory } },
): Promise<WebAssembly.Instance> {
  try {
    const { instantiateSync } = await import("@assemblyscript/loader");
    return instantiateSync(module, imports).instance;
  } catch {
    return WebAssembly.instantiate(module, imports);
  }
}

/** Why WebAssembly does not run here, and the way out, in words. */
export function unavailable(cause: unknown): BackendError {
  const { name, message } = isErrorLike(cause) ? cause : { name: "", message: String(cause) };
  return new BackendError(`WebAssembly does not run here: ${message}${REMEDIES[name] ?? ""}`, { cause });
}

const REMEDIES: Readonly<Record<string, string>> = {
  CompileError:
    " (a Content-Security-Policy has to allow 'wasm-unsafe-eval' in its script-src; an engine that compiles no bytes takes a module, ntk-wasm/slim)",
  RangeError:
    " (where address space is limited, as by ulimit -v, node --disable-wasm-trap-handler reserves less of it, and dispose() gives memory back)",
};

function newMemory(shared = false): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared });
}

function backendOf(
  variant: WasmVariant,
  module: WasmModule,
  memory: WebAssembly.Memory,
  instance: WebAssembly.Instance,
  threads: number,
): { backend: Backend; team: HelperTeam | undefined } {
  const exports = instance.exports as unknown as Exports;
  // The words that threads share lie below the base.
  const address = Math.ceil((exports.heapBase() >>> 0) / 64) * 64;
  const team = threads > 1 ? new HelperTeam(module, memory, address, threads) : undefined;
  if (team) exports.lead(address, threads);
  const backend: Backend = {
    name: "wasm",
    variant,
    ops: exports,
    base: Math.max(1024, team ? address + exports.teamBytes() : address),
    buffer: () => memory.buffer,
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
    ...(team && { team }),
  };
  if (team) dropped?.register(backend, team);
  return { backend, team };
}
