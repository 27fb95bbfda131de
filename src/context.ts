import type { Arena } from "./arena.js";
import type { Ops } from "./ops.js";

/** What everything below `ntk.ts` works with: the ops of a backend and the memory they work on. */
export interface Context {
  readonly ops: Ops;
  readonly arena: Arena;
  /** What kernels, products and factorisations are computed in where the caller leaves the choice to them. */
  readonly precision: "float64" | "float32";
  /** Threads that share an op. Results must not depend on it: it decides how much is given to one op at a time. */
  readonly threads: number;
  /** True after `ntk.dispose()`; `ops` and `arena` then throw a BackendError. */
  readonly disposed: boolean;
}
