/**
 * The same API as promises, off the calling thread, in browsers and in Node. The worker starts from a string, needs no file and no
 * bundler's help, and is sent the compiled module.
 *
 * @module ntk-wasm/worker
 */
import { variantOf, type WasmModule } from "../backend/instance.js";
import { checkChoice, checkKeys, describe } from "../check.js";
import { choose, compile, type LoadOptions } from "../load.js";
import { Client } from "./client.js";
import type { WorkerSource } from "./port.js";
import { source } from "./source.generated.js";
import type { AsyncNtk } from "./types.js";

export type { WasmModule } from "../backend/instance.js";
export type { Signal } from "../signal.js";
export type { WorkerLike } from "./port.js";
export type {
  AsyncDynamics,
  AsyncEnsemble,
  AsyncFit,
  AsyncKernelSamples,
  AsyncLinearized,
  AsyncNtk,
  KernelEstimate,
  RemoteObject,
} from "./types.js";

export interface WorkerOptions extends LoadOptions, WorkerSource {
  /** `ntk-wasm/simd.wasm` or `relaxed.wasm`, compiled, instead of the inlined ones; it says itself which variant it is. */
  module?: WasmModule;
}

/**
 * Loads a backend in a worker of its own. Results are to the bit those of `load()`, and errors instances of the same classes. Calls are answered in order.
 *
 * `onProgress` is called on the calling side. A `signal` stops `train`, `compare`, `sweep`, `tune` and `KernelSamples.result` between slices, and
 * they resolve with what there is, `aborted: true`, as they do without a worker. Every other call with options takes a `signal` too: it rejects with the
 * signal's reason at once. If it had not begun, it never will; if it had, it runs to its end, whose result is dropped, before the next begins:
 * `terminate()` is what stops it.
 *
 * Data are copied to the worker, results moved from it. Custom kernels are a TypeError: functions do not cross. In Node an idle worker does not keep the process alive.
 *
 * @throws TypeError, RangeError, BackendError as `load`; BackendError where the worker cannot start: a page with a Content-Security-Policy needs
 *   `worker-src blob:`, or `url`, or `worker`.
 * @example
 * import { loadInWorker } from "ntk-wasm/worker";
 * const ntk = await loadInWorker();
 * const fit = await ntk.fit(net, X, Y, { ridge: 1e-3 });
 * (await fit.predict(Xnew)).mean.rows; // 2
 * const seen: number[] = [];
 * const onProgress = ({ step }: { step: number }) => seen.push(step);
 * const signal = AbortSignal.timeout(50);
 * (await ntk.train(net, X, Y, { learningRate: 0.1, steps: 1e8, recordAt: [], onProgress, signal })).aborted; // true
 * ntk.terminate();
 */
export async function loadInWorker(options: WorkerOptions = {}): Promise<AsyncNtk> {
  checkKeys(options, ["backend", "variant", "threads", "precision", "module", "worker", "url"], "loadInWorker");
  const { module: given, worker, url, ...rest } = options;
  if (worker !== undefined && typeof worker !== "function")
    throw new TypeError(`worker is ${describe(worker)}; expected a function that makes a Worker`);
  if (worker !== undefined && url !== undefined)
    throw new RangeError("both worker and url are given; expected one of them");
  const { variant, precision, module } = given === undefined ? await inlined(rest) : passed(given, rest);
  const client = new Client({ ...(worker && { worker }), ...(url && { url }) }, source);
  return (await client.load({ type: "load", variant, precision, ...(module && { module }) })) as unknown as AsyncNtk;
}

async function inlined(options: LoadOptions) {
  const { variant, precision } = choose(options, "loadInWorker");
  return { variant, precision, module: variant === "js" ? undefined : await compile(variant) };
}

function passed(module: WasmModule, { precision = "float64", ...rest }: LoadOptions) {
  checkKeys(rest, [], "loadInWorker with a module");
  checkChoice(precision, "precision", ["float64", "float32"]);
  return { variant: variantOf(module), precision, module };
}
