/**
 * The threads of a WebAssembly backend: helpers, each an instance of the same module on the same shared memory
 * (`assembly/team/team.ts`). Helpers sleep until an op of the leading thread shares its work. A helper that dies while
 * it is idle is missed by nobody; one that dies inside a region ends the call, and this backend.
 */
import { BackendError } from "../../errors.js";
import type { Team } from "../../ops.js";
import type { WasmMemory, WasmModule } from "../moduleType.js";
import { type Helper, openHelper } from "./helper.js";

/** The words of `Team` in assembly/team/team.ts, counted in int32; `leastWork` in float64. */
const [GATE, LOST, MAY_SLEEP, PATIENCE] = [0, 3, 4, 5];
const [DONE, HELPED, REGIONS, OPENED] = [17, 18, 19, 20];
const LEAST_WORK_AT = 48;
const [QUIT, OPEN, INSIDE] = [0x200, 0x100, 0xff];
/** Seconds without a finished unit after which a helper counts as lost: a unit takes milliseconds. */
const SECONDS = 10;
/** Milliseconds in which helpers have to start. */
const START = 10_000;
/** Nanoseconds of work below which one thread does it: opening a region and waking a helper cost up to 30 µs. */
const LEAST_WORK = 60_000;

/** A team of WebAssembly instances, with what tests and benches ask of it. */
export class HelperTeam implements Team {
  /** Resolves when all helpers serve. Until then the leading thread computes alone what they would have shared. */
  readonly ready: Promise<void>;
  readonly #memory: WasmMemory;
  readonly #address: number;
  readonly #helpers: readonly Helper[];
  #serving: number;
  #reason: string | undefined;
  #down: string | undefined;
  #ended = false;

  /** Starts `threads - 1` helpers. */
  constructor(module: WasmModule, memory: WasmMemory, address: number, threads: number) {
    this.#memory = memory;
    this.#address = address;
    this.#serving = threads - 1;
    const words = this.#words();
    words[PATIENCE] = SECONDS;
    words[MAY_SLEEP] = maySleep() ? 1 : 0;
    this.leastWork = LEAST_WORK;
    this.#helpers = Array.from({ length: threads - 1 }, (_, i) => {
      const assignment = { module, memory, address, rank: i + 1, lost: LOST };
      return openHelper(assignment, START, (why) => this.#lose(why));
    });
    this.ready = Promise.all(this.#helpers.map(({ started }) => started)).then(
      () => {},
      (error) => {
        this.#reason = error.message;
        this.#stop();
        throw error;
      },
    );
    // The caller may not wait for it.
    this.ready.catch(() => {});
  }

  get threads(): number {
    return this.#ended ? 1 : this.#serving + 1;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  get down(): string | undefined {
    return this.#down;
  }

  /** Since the start: regions that were shared, their units, how often a unit was computed, and by helpers. */
  get shared(): { regions: number; units: number; computed: number; helped: number } {
    const words = this.#words();
    return { regions: words[REGIONS], units: words[OPENED], computed: words[DONE], helped: words[HELPED] };
  }

  /** Seconds without a finished unit after which a helper counts as lost. */
  set patience(seconds: number) {
    this.#words()[PATIENCE] = seconds;
  }

  /** Nanoseconds of work below which one thread does it; 0 shares everything. */
  set leastWork(nanoseconds: number) {
    new Float64Array(this.#memory.buffer, this.#address + LEAST_WORK_AT, 1)[0] = nanoseconds;
  }

  explain(error: unknown): unknown {
    if (this.#down !== undefined || !this.#isBroken()) return error;
    this.#down = "a thread of this Ntk was lost in the middle of a call, and the memory with what it was to compute";
    this.#stop();
    return new BackendError(`${this.#down}; load() gives a new Ntk`, { cause: error });
  }

  /**
   * True where a thread has failed. That is the leading one where its region is still open: helpers may be inside, and
   * write to scratch that is about to be used again.
   */
  #isBroken(): boolean {
    const words = this.#words();
    return Atomics.load(words, LOST) !== 0 || (Atomics.load(words, GATE) & (OPEN | INSIDE)) !== 0;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    Atomics.or(this.#words(), GATE, QUIT);
    Atomics.notify(this.#words(), GATE);
  }

  /** Ends the helpers, those too that do not look at the gate. */
  #stop(): void {
    this.end();
    for (const helper of this.#helpers) helper.stop();
  }

  #lose(why: string): void {
    if (this.#ended) return;
    this.#serving--;
    this.#reason = `a thread is gone: ${why}`;
  }

  #words(): Int32Array {
    return new Int32Array(this.#memory.buffer, this.#address, 64);
  }
}

/** A page's main thread must not sleep. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
