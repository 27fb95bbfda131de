/** Held backend memory with an owner: given back on `dispose()`, or when the owner is collected without it. */
import type { Context } from "./context.js";
import { BackendError } from "./errors.js";

/** Undefined in engines that have none: there `dispose()` alone gives memory back. */
const dropped =
  typeof FinalizationRegistry === "function" ? new FinalizationRegistry<Lease>((lease) => lease.release()) : undefined;

export class Lease {
  readonly #context: Context;
  readonly #what: string;
  #free: (() => void) | undefined;

  /**
   * `free` must not refer to the owner (a closure made in its constructor would): the owner could never be collected.
   * An owner that only the frame of a generator refers to is collected with a generator that was dropped half-way.
   */
  constructor(context: Context, owner: object, what: string, free: () => void) {
    this.#context = context;
    this.#what = what;
    this.#free = free;
    dropped?.register(owner, this, this);
  }

  /** @throws BackendError after the lease or the whole Ntk was disposed of. */
  check(): void {
    if (!this.#free)
      throw new BackendError(`this ${this.#what} was disposed of; make a new one with ntk.${this.#what}(…)`);
    void this.#context.ops;
  }

  /** Frees the memory, once. */
  release(): void {
    dropped?.unregister(this);
    const free = this.#free;
    this.#free = undefined;
    if (free && !this.#context.disposed) free();
  }
}
