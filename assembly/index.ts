// The export list is the ABI: exactly the ops of src/ops.ts.
export * from "./abi/float64";
export * from "./abi/float32";

// Threads: not ops.
export { lead, serve, teamBytes } from "./team/team";

/** First byte that is not the module's own. */
export function heapBase(): usize {
  return __heap_base;
}
