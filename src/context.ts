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

/** The same backend, with memory that stays between slices until `release()`. */
export function lastingContext(context: Context): { context: Context; release: () => void } {
  const arena = context.arena.lasting();
  const { precision, threads } = context;
  const lasting: Context = {
    // Read anew: after `ntk.dispose()` they throw.
    get ops() {
      return context.ops;
    },
    get disposed() {
      return context.disposed;
    },
    arena,
    precision,
    threads,
  };
  return { context: lasting, release: () => arena.release() };
}
