/** Public names of ntk-wasm. */
export { type LoadOptions, load } from "./load.js";
export * from "./public.js";
