/** Backends made at once, for tests and benches: no bundle has this file. */
import type { Backend } from "../ops.js";
import { decode } from "./inlined.js";
import { binary as relaxed } from "./relaxed.generated.js";
import { binary as simd } from "./simd.generated.js";
import type { HelperTeam } from "./threads/team.js";
import { instantiateBackendSync, sharedBytes, type WasmVariant } from "./wasmModule.js";

const BINARIES: Record<WasmVariant, string> = { relaxed, simd };

/** A variant on a memory of its own. */
export function createWasmBackend(variant: WasmVariant): Backend {
  return instantiateBackendSync(variant, decode(BINARIES[variant])).backend;
}

/** {@link createWasmBackend} with threads, and the team. Its helpers may come later. */
export function createTeam(variant: WasmVariant, threads: number): { backend: Backend; team: HelperTeam } {
  const { backend, team } = instantiateBackendSync(variant, sharedBytes(decode(BINARIES[variant])), threads);
  return { backend, team: team as HelperTeam };
}
