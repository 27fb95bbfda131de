/**
 * Networks, their tangent kernels, and what is computed with them by the `Ntk` that `load` gives.
 *
 * @module ntk-wasm
 */
export { type LoadOptions, load } from "./load.js";
export * from "./public.js";
