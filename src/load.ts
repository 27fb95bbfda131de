/** `load()`: probes the engine, makes the backend that was asked for, or the fastest one that runs. Never a silent substitute. */
import { createJsBackend } from "./backend/js/index.js";
import { loadWasmBackend, supports } from "./backend/wasm.js";
import { checkChoice, checkKeys } from "./check.js";
import { BackendError } from "./errors.js";
import { Ntk } from "./ntk.js";

export { compileVariant as compile } from "./backend/wasm.js";

export interface LoadOptions {
  /** `"wasm"` or `"js"`; default: WebAssembly where it runs, else JavaScript. */
  backend?: "wasm" | "js";
  /** Default: `"relaxed"` (fused multiply-add) where it runs, else `"simd"`. `"simd"` gives the same bits on every machine. */
  variant?: "relaxed" | "simd" | "js";
  /** Only 1 for now. */
  threads?: number;
  /**
   * `"float32"`: kernels of finite networks, `matmul`, `gram` and `cholesky` in single precision, at about twice the speed and half the memory;
   * `fit` and `solve` factor in it and refine in float64 to float64's backward error. Everything else stays float64, and
   * results are float64 arrays either way. Default `"float64"`. The README states the accuracy of each result.
   */
  precision?: "float64" | "float32";
}

/** What `load` makes of its options. */
export interface Choice {
  variant: "relaxed" | "simd" | "js";
  precision: "float64" | "float32";
}

/**
 * Loads a backend with a memory of its own.
 *
 * @throws TypeError for an unknown option; RangeError for a wrong value; BackendError where the variant cannot run here.
 * @example
 * const ntk = await load();                  // fastest here
 * const plain = await load({ backend: "js" });
 */
export async function load(options: LoadOptions = {}): Promise<Ntk> {
  const { variant, precision } = choose(options, "load");
  return new Ntk(variant === "js" ? createJsBackend() : await loadWasmBackend(variant), precision);
}

/** The variant that is asked for, or the fastest that runs here. Throws as {@link load}. */
export function choose(options: LoadOptions, where: string): Choice {
  checkKeys(options, ["backend", "variant", "threads", "precision"], where);
  const { backend, variant, threads = 1, precision = "float64" } = options;
  if (backend !== undefined) checkChoice(backend, "backend", ["wasm", "js"]);
  if (variant !== undefined) checkChoice(variant, "variant", ["relaxed", "simd", "js"]);
  checkChoice(precision, "precision", ["float64", "float32"]);
  if (threads !== 1) throw new RangeError(`threads is ${String(threads)}; only 1 is there yet`);
  if (variant !== undefined && backend !== undefined && (variant === "js") !== (backend === "js")) {
    throw new RangeError(
      `backend "${backend}" has no variant "${variant}"; expected relaxed or simd with wasm, js with js`,
    );
  }
  if (backend === "js" || variant === "js") return { variant: "js", precision };
  const candidates = variant ? [variant] : (["relaxed", "simd"] as const);
  const chosen = candidates.find(supports);
  if (chosen) return { variant: chosen, precision };
  if (backend === undefined && variant === undefined) return { variant: "js", precision };
  const missing =
    variant === "relaxed" ? "relaxed SIMD (Node ≥ 22, Chromium ≥ 114, Firefox ≥ 146)" : "WebAssembly SIMD";
  throw new BackendError(`this engine lacks ${missing}; use load() for what runs here, or load({ backend: "js" })`);
}
