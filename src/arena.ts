/**
 * Memory of a backend, seen from TypeScript. Two regions above `backend.base`:
 *
 *   base | held blocks (factors of a live Fit) | scratch stack →
 *
 * Held blocks are first-fit in the gaps below the top held block. The scratch stack starts above the top held block. It
 * is empty between public calls, so there is nothing to leak. Growing detaches views: take a view where it is used.
 *
 * A user's kernel function may call the same Ntk while the call that asked for the kernel has scratch in use. A block
 * held then goes on top of that scratch, and the stack goes on above the block: neither call ever writes the other's
 * memory.
 */
import { MemoryLimitError } from "./errors.js";
import { BYTES_LIMIT, copyOf, megabytes } from "./memory.js";
import type { Backend } from "./ops.js";

const LINE = 64;

export class Arena {
  /** The JavaScript backend keeps the bound of WebAssembly. */
  readonly bytesLimit = BYTES_LIMIT;
  readonly #backend: Backend;
  /** Held blocks by address, ascending. */
  readonly #held: { address: number; bytes: number }[] = [];
  #top: number;
  /** Calls of {@link run} that have not ended. */
  #runs = 0;
  /** Where scratch began when the outermost of them began. */
  #bottom = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#top = backend.base;
  }

  /** Bytes of the scratch stack in use: 0 between public calls. */
  get scratchBytesInUse(): number {
    return this.#top - (this.#runs > 0 ? this.#bottom : this.#floor);
  }

  /** Bytes of held blocks. */
  get heldBytes(): number {
    return this.#held.reduce((sum, block) => sum + block.bytes, 0);
  }

  /** Doubles that fit below the limit, above what is in use. */
  get room(): number {
    return Math.floor((this.bytesLimit - this.#top) / 8);
  }

  /** Runs `body`; all scratch that it allocates is released afterwards, also when it throws. Nestable. */
  run<T>(body: () => T): T {
    const mark = this.#top;
    const empty = this.#runs === 0 && this.scratchBytesInUse === 0;
    if (this.#runs === 0) this.#bottom = mark;
    this.#runs++;
    try {
      return body();
    } catch (error) {
      throw this.#backend.team ? this.#backend.team.explain(error) : error;
    } finally {
      this.#runs--;
      // Above what a call from inside may have held.
      this.#top = empty ? this.#floor : Math.max(mark, this.#floor);
    }
  }

  /**
   * Address of `elements` doubles of scratch, 64-byte aligned, contents undefined.
   *
   * @throws MemoryLimitError where they do not fit.
   */
  alloc(elements: number): number {
    return this.allocBytes(elements * 8);
  }

  /** {@link alloc} in bytes. */
  allocBytes(bytes: number): number {
    const address = this.#top;
    this.#ensure(address + lines(bytes));
    this.#top = address + lines(bytes);
    return address;
  }

  /** Copies `data` into scratch. */
  copyIn(data: Float64Array): number {
    const address = this.alloc(data.length);
    this.view(address, data.length).set(data);
    return address;
  }

  /** The doubles at `address`: a view to use at once, dead after the next allocation. */
  view(address: number, elements: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#backend.buffer() as ArrayBuffer, address, elements);
  }

  /** {@link view} of floats. */
  floats(address: number, elements: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#backend.buffer() as ArrayBuffer, address, elements);
  }

  /** A copy that JavaScript owns. */
  copyOut(address: number, elements: number): Float64Array {
    return copyOf(this.view(address, elements));
  }

  /**
   * Checks that `elements` more doubles fit, before any work is done; `advice` says what else to try.
   *
   * @throws MemoryLimitError
   */
  require(elements: number, advice = ""): void {
    const end = this.#top + elements * 8;
    if (!(end <= this.bytesLimit)) this.#refuse(end, advice);
  }

  /**
   * Address of `elements` doubles that stay until {@link free}: in a gap between held blocks, or while scratch is in
   * use on top of it.
   *
   * @throws MemoryLimitError where they do not fit.
   */
  hold(elements: number): number {
    const bytes = lines(Math.max(elements, 1) * 8);
    const onTop = this.#runs > 0 || this.scratchBytesInUse > 0;
    let address = onTop ? this.#top : this.#backend.base;
    let at = onTop ? this.#held.length : 0;
    for (; at < this.#held.length; at++) {
      if (address + bytes <= this.#held[at].address) break;
      address = this.#held[at].address + this.#held[at].bytes;
    }
    this.#ensure(address + bytes);
    this.#held.splice(at, 0, { address, bytes });
    this.#top = this.#floor;
    return address;
  }

  /** Gives a held block back; its address must come from {@link hold}. */
  free(address: number): void {
    const at = this.#held.findIndex((block) => block.address === address);
    if (at < 0) throw new Error("internal: free() of a block that is not held");
    const empty = this.#runs === 0 && this.scratchBytesInUse === 0;
    this.#held.splice(at, 1);
    if (empty) this.#top = this.#floor;
  }

  /** An arena of the same memory, whose scratch outside of {@link run} stays until it is released. */
  lasting(): LastingArena {
    return new LastingArena(this, this.#backend);
  }

  /** Where scratch starts: the end of the last held block. */
  get #floor(): number {
    const last = this.#held.at(-1);
    return last ? last.address + last.bytes : this.#backend.base;
  }

  #ensure(end: number): void {
    if (!(end <= this.bytesLimit) || !this.#backend.grow(end)) this.#refuse(end);
  }

  #refuse(end: number, advice = ""): never {
    throw new MemoryLimitError(
      `this needs ${megabytes(end)} of backend memory, more than ${megabytes(this.bytesLimit)} or than the machine gives; ` +
        `use fewer points or units, predict in smaller batches, or dispose() fits that are done with${advice}`,
      end,
      this.bytesLimit,
    );
  }
}

/**
 * For work that pauses: other calls may use the memory in between, so what outlives a slice lies in held blocks. Inside
 * {@link run} it is the arena that it was made from.
 */
export class LastingArena extends Arena {
  readonly #parent: Arena;
  readonly #blocks: number[] = [];
  #depth = 0;

  constructor(parent: Arena, backend: Backend) {
    super(backend);
    this.#parent = parent;
  }

  override get scratchBytesInUse(): number {
    return this.#parent.scratchBytesInUse;
  }

  override get heldBytes(): number {
    return this.#parent.heldBytes;
  }

  override get room(): number {
    return this.#parent.room;
  }

  override run<T>(body: () => T): T {
    this.#depth++;
    try {
      return this.#parent.run(body);
    } finally {
      this.#depth--;
    }
  }

  override allocBytes(bytes: number): number {
    if (this.#depth > 0) return this.#parent.allocBytes(bytes);
    const address = this.#parent.hold(Math.ceil(bytes / 8));
    this.#blocks.push(address);
    return address;
  }

  override require(elements: number, advice = ""): void {
    this.#parent.require(elements, advice);
  }

  override hold(elements: number): number {
    return this.#parent.hold(elements);
  }

  override free(address: number): void {
    this.#parent.free(address);
  }

  /** Frees what was allocated outside of {@link run}. */
  release(): void {
    for (const address of this.#blocks.splice(0)) this.#parent.free(address);
  }
}

function lines(bytes: number): number {
  return Math.ceil(bytes / LINE) * LINE;
}
