/** A `WebAssembly.Module`, also where a consumer compiles without the types of the DOM. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer M } } } ? M : object;

/** A `WebAssembly.Memory`, likewise. */
export type WasmMemory = typeof globalThis extends { WebAssembly: { Memory: { prototype: infer M } } } ? M : object;
