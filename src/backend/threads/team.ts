/**
 * The threads of a WebAssembly backend: helpers, each an instance of the same module on the same shared memory
 * (`assembly/team/team.ts`). Helpers sleep until an op of the leading thread shares its work. A helper that dies while
 * it is idle is missed by nobody; one that dies inside a region ends the call, and this backend.
 */
import { BackendError } from "../../errors.js";
import type { Team } from "../../ops.js";
import type { WasmModule } from "../wasmModule.js";
import { openHelper } from "./helper.js";

/** The words of `Team` in assembly/team/team.ts, counted in int32. */
const [GATE, LOST, MAY_SLEEP, PATIENCE, HELPED, REGIONS] = [0, 3, 4, 5, 18, 19];
const QUIT = 0x200;
/** Seconds without a finished unit after which a helper counts as lost: a unit takes milliseconds. */
const SECONDS = 10;
/** Milliseconds in which helpers have to start. */
const START = 10_000;

/** A team of WebAssembly instances, with what tests and benches ask of it. */
export interface HelperTeam extends Team {
  /** Units that helpers have computed, and regions that were shared. */
  readonly shared: { units: number; regions: number };
  /** Seconds without a finished unit after which a helper counts as lost. */
  patience: number;
}

/**
 * Starts `threads - 1` helpers and waits until they run.
 *
 * @throws BackendError where one does not start.
 */
export async function startTeam(
  module: WasmModule,
  memory: WebAssembly.Memory,
  address: number,
  threads: number,
): Promise<HelperTeam> {
  const words = () => new Int32Array(memory.buffer, address, 64);
  words()[PATIENCE] = SECONDS;
  words()[MAY_SLEEP] = maySleep() ? 1 : 0;
  let helpers = 0;
  let reason: string | undefined;
  let down: string | undefined;
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    Atomics.or(words(), GATE, QUIT);
    Atomics.notify(words(), GATE);
  };
  const lose = (why: string) => {
    helpers--;
    reason = `a helper is gone: ${why}`;
  };
  const starting = Array.from({ length: threads - 1 }, (_, i) =>
    openHelper({ module, memory, address, rank: i + 1, lost: LOST }, START, (why) => {
      if (!ended) lose(why);
    }),
  );
  const outcomes = await Promise.allSettled(starting);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) {
    end();
    throw failed.reason;
  }
  helpers = threads - 1;
  return {
    get threads() {
      return down === undefined && !ended ? helpers + 1 : 1;
    },
    get reason() {
      return reason;
    },
    get down() {
      return down;
    },
    get shared() {
      return { units: words()[HELPED], regions: words()[REGIONS] };
    },
    get patience() {
      return words()[PATIENCE];
    },
    set patience(seconds: number) {
      words()[PATIENCE] = seconds;
    },
    explain(error) {
      if (down !== undefined || Atomics.load(words(), LOST) === 0) return error;
      down = "a thread of this Ntk was lost in the middle of a call, and what it was to compute with it";
      end();
      return new BackendError(`${down}; load() gives a new Ntk`, { cause: error });
    },
    end,
  };
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
