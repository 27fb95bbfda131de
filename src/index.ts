/**
 * Public names of ntk-wasm.
 *
 * @module ntk-wasm
 */
export { type LoadOptions, load } from "./load.js";
export * from "./public.js";
