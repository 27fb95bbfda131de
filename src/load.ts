/**
 * `load()`: probes the engine, and makes the backend that was asked for, or the fastest one that runs. Never a silent
 * substitute.
 */

import { loadWasmBackend, supports } from "./backend/inlined.js";
import { chooseThreads, withThreads } from "./backend/threads/choose.js";
import { checkChoice, checkKeys } from "./check.js";
import { BackendError } from "./errors.js";
import { Ntk } from "./ntk.js";

export { compileVariant as compile } from "./backend/inlined.js";

export interface LoadOptions {
  /** `"wasm"` or `"js"`; default: WebAssembly where it runs, else JavaScript. */
  backend?: "wasm" | "js";
  /**
   * Default: `"relaxed"` (fused multiply-add) where it runs, else `"simd"`. `"simd"` gives the same bits on every
   * machine.
   */
  variant?: "relaxed" | "simd" | "js";
  /**
   * Threads that share each call; default 1. `"auto"`: as many as the machine runs at once, at most 8. Results are
   * equal to the bit whatever the number.
   *
   * Threads need WebAssembly and shared memory. A page has shared memory with two headers (the guide *Performance*).
   * Without it `"auto"` is one thread, and `ntk.threadsReason` says why.
   */
  threads?: number | "auto";
  /**
   * `"float32"`: kernels of finite networks, `matmul`, `gram` and `cholesky` in single precision, at about twice the
   * speed and half the memory. `fit` and `solve` factor in it, and refine in float64 to float64's backward error.
   * Everything else stays float64, and results are float64 arrays either way. Default `"float64"`. The guide
   * *Performance* states the accuracy of each result.
   */
  precision?: "float64" | "float32";
}

type Variant = "relaxed" | "simd" | "js";

/** What `load` makes of its options. */
export interface Choice {
  /** What may be taken, the fastest first. */
  variants: readonly Variant[];
  precision: "float64" | "float32";
  threads: number;
  /** Why there are fewer threads than the machine has. */
  threadsReason: string | undefined;
}

/**
 * Loads a backend with a memory of its own. What is left to it is the fastest that runs here: where WebAssembly cannot
 * be compiled, or address space for its memory is short, that is JavaScript, and `ntk.variantReason` says why. What is
 * asked for by name is that, or an error.
 *
 * @throws TypeError for an unknown option; RangeError for a wrong value; BackendError where what was asked for cannot
 *   run here, with the engine's error as its `cause`.
 * @example
 * const ntk = await load();                  // fastest here
 * const plain = await load({ backend: "js" });
 */
export async function load(options: LoadOptions = {}): Promise<Ntk> {
  const { variants, precision, threads, threadsReason } = choose(options, "load");
  return firstOf(variants, "load", async (variant, reason) => {
    if (variant === "js") {
      const why = oneThread(options);
      const { createJsBackend } = await import("./backend/js/index.js");
      return new Ntk(createJsBackend(), precision, reason, why);
    }
    return withThreads(options.threads, threads, async (count, why = threadsReason) => {
      return new Ntk(await loadWasmBackend(variant, count), precision, reason, why);
    });
  });
}

const ONE_THREAD = "the JavaScript backend has one thread";

/**
 * Why JavaScript has one thread; undefined where one was asked for.
 *
 * @throws BackendError where more were asked for by number.
 */
export function oneThread({ threads = 1 }: LoadOptions): string | undefined {
  if (threads === "auto") return ONE_THREAD;
  if (threads > 1) throw new BackendError(`threads is ${threads}, but ${ONE_THREAD}`);
  return undefined;
}

/** The variants that the options allow, the fastest first. Throws as {@link load} for wrong options. */
export function choose(options: LoadOptions, where: string): Choice {
  checkKeys(options, ["backend", "variant", "threads", "precision"], where);
  const { backend, variant, threads = 1, precision = "float64" } = options;
  if (backend !== undefined) checkChoice(backend, "backend", ["wasm", "js"]);
  if (variant !== undefined) checkChoice(variant, "variant", ["relaxed", "simd", "js"]);
  checkChoice(precision, "precision", ["float64", "float32"]);
  if (variant !== undefined && backend !== undefined && (variant === "js") !== (backend === "js")) {
    throw new RangeError(
      `backend "${backend}" has no variant "${variant}"; expected relaxed or simd with wasm, js with js`,
    );
  }
  const chosen = { precision, ...chooseThreads(threads) };
  if (variant !== undefined) return { variants: [variant], ...chosen };
  if (backend === "js") return { variants: ["js"], ...chosen };
  return { variants: backend ? ["relaxed", "simd"] : ["relaxed", "simd", "js"], ...chosen };
}

/**
 * What `make` makes of the first variant that runs; it is told why those before did not.
 *
 * @throws BackendError where none does.
 */
export async function firstOf<T>(
  variants: readonly Variant[],
  where: string,
  make: (variant: Variant, reason: string | undefined) => Promise<T>,
): Promise<T> {
  const reasons = new Set<string>();
  let cause: unknown;
  for (const variant of variants) {
    try {
      if (variant !== "js" && !supports(variant)) throw new BackendError(LACKS[variant]);
      return await make(variant, reasons.size > 0 ? [...reasons].join("; ") : undefined);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      reasons.add(error.message);
      cause ??= error.cause;
    }
  }
  const message = `${[...reasons].join("; ")}; use ${where}() for what runs here, or ${where}({ backend: "js" })`;
  throw new BackendError(message, { cause });
}

const LACKS = {
  relaxed: "this engine lacks relaxed SIMD (Node ≥ 22, Chromium ≥ 114, Firefox ≥ 146)",
  simd: "this engine lacks WebAssembly SIMD",
};
