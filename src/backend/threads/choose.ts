/** How many threads there will be: what was asked for, or what the engine and the page allow, with the reason. */
import { checkChoice, checkPositiveInteger } from "../../check.js";
import { BackendError } from "../../errors.js";

/**
 * How many threads there will be.
 *
 * @throws TypeError, RangeError for a wrong value; BackendError where memory cannot be shared and a number was given.
 */
export function chooseThreads(threads: number | "auto"): { threads: number; threadsReason: string | undefined } {
  if (threads !== "auto") {
    if (typeof threads === "string") checkChoice(threads, "threads", ["auto"]);
    checkPositiveInteger(threads, "threads", MOST_THREADS);
  }
  if (threads === 1) return { threads: 1, threadsReason: undefined };
  const reason = whyNotShared();
  if (reason === undefined)
    return { threads: threads === "auto" ? hardwareThreads() : threads, threadsReason: undefined };
  if (threads === "auto") return { threads: 1, threadsReason: reason };
  throw new BackendError(`threads is ${threads}, but ${reason}; use threads: "auto" for what runs here`);
}

/** The helpers inside a region are counted in 8 bits. */
const MOST_THREADS = 128;

/**
 * What `make` makes with so many threads. Where threads do not start and `"auto"` left the choice, it is made with one
 * thread, and told the reason.
 */
export async function withThreads<T>(
  asked: unknown,
  threads: number,
  make: (threads: number, reason?: string) => Promise<T>,
): Promise<T> {
  if (threads === 1 || asked !== "auto") return make(threads);
  try {
    return await make(threads);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return make(1, error.message);
  }
}

/** Threads that this machine runs at once, as far as the engine tells; at most {@link MOST}. */
export function hardwareThreads(): number {
  const { navigator, process } = globalThis as {
    navigator?: { hardwareConcurrency?: number };
    process?: { getBuiltinModule?(name: string): { availableParallelism?(): number } | undefined };
  };
  const known = process?.getBuiltinModule?.("node:os")?.availableParallelism?.() ?? navigator?.hardwareConcurrency ?? 1;
  return Math.max(1, Math.min(MOST, known));
}

/** The most threads of "auto". More were not measured. */
const MOST = 8;

/** Why memory cannot be shared here; undefined where it can. */
export function whyNotShared(): string | undefined {
  const { crossOriginIsolated, SharedArrayBuffer: Shared } = globalThis as {
    crossOriginIsolated?: boolean;
    SharedArrayBuffer?: unknown;
  };
  if (crossOriginIsolated === false) return `the page is not cross-origin isolated: ${HEADERS}`;
  if (typeof Shared !== "function") return `this engine has no SharedArrayBuffer: ${HEADERS}`;
  try {
    void new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return undefined;
  } catch (error) {
    return `this engine gives no shared memory: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What a page needs. */
const HEADERS =
  "a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
