/**
 * The same API as promises, off the calling thread, in browsers and in Node. The worker starts from a string and is
 * sent the compiled module. It needs no file and no bundler's help.
 *
 * @module ntk-wasm/worker
 */
import { chooseThreads, withThreads } from "../backend/threads/choose.js";
import { variantOf, type WasmModule } from "../backend/wasmModule.js";
import { checkChoice, checkKeys, describe } from "../check.js";
import { BackendError } from "../errors.js";
import { type Choice, choose, compile, firstOf, type LoadOptions, oneThread } from "../load.js";
import { Client } from "./client.js";
import { checkPool, Pool, type PoolOptions } from "./pool.js";
import type { WorkerOrigin } from "./port.js";
import { script } from "./script.generated.js";
import type { AsyncNtk } from "./types.js";

export type { WasmModule } from "../backend/wasmModule.js";
export type { Signal } from "../signal.js";
export type { Pool, PoolOptions, PoolTask } from "./pool.js";
export type { WorkerLike } from "./port.js";
export type {
  AsyncClassifier,
  AsyncDynamics,
  AsyncEnsemble,
  AsyncFit,
  AsyncKernelSamples,
  AsyncLinearized,
  AsyncNtk,
  AsyncSpectrum,
  AsyncStreamFit,
  KernelEstimate,
  RemoteObject,
  SentModel,
} from "./types.js";

export interface WorkerOptions extends LoadOptions, WorkerOrigin {
  /**
   * `ntk-wasm/simd.wasm` or `relaxed.wasm`, compiled, instead of the inlined ones. A section of the module names its
   * variant.
   */
  module?: WasmModule;
  /** Milliseconds that the worker may take to say its first word; default 30 000. */
  timeout?: number;
}

/**
 * Loads a backend in a worker of its own. Results are to the bit the results of `load()`, and errors are instances of
 * the same classes. Calls are answered in order.
 *
 * `onProgress` is called on the calling side. A `signal` stops `train`, `compare`, `sweep`, `tune` and
 * `KernelSamples.result` between slices. They resolve with what there is, `aborted: true`, as they do without a worker.
 * Every other call with options takes a `signal` too: it rejects with the signal's reason at once. A call that had not
 * begun then never begins. A call that had begun runs to its end before the next begins, and its result is dropped;
 * `terminate()` stops it.
 *
 * What is left to it is the fastest that runs there, as in `load`; `variantReason` says why it is not the fastest of
 * all.
 *
 * Data are copied to the worker, results moved from it. Custom kernels are a TypeError: functions do not cross. In Node
 * an idle worker does not keep the process alive.
 *
 * @throws TypeError, RangeError, BackendError as `load`; BackendError where the worker cannot start, or says nothing in
 *   time: a page with a Content-Security-Policy needs `worker-src blob:`, or `url`, or `worker`.
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
  checkKeys(options, WORKER_OPTIONS, "loadInWorker");
  const { module: given, worker, url, timeout = 30_000, ...rest } = options;
  checkOrigin(worker, url);
  checkTimeout(timeout);
  const { variants, precision, threads, threadsReason } =
    given === undefined ? choose(rest, "loadInWorker") : passed(given, rest);
  const client = new Client({ worker, url }, script, timeout);
  const make = async (variant: (typeof variants)[number], variantReason?: string) => {
    const load = async (count: number, reason = threadsReason) => {
      const module = given ?? (variant === "js" ? undefined : await compile(variant, count));
      return client.load({
        type: "load",
        variant,
        precision,
        module,
        threads: count,
        variantReason,
        threadsReason: reason,
      });
    };
    if (variant === "js") return load(1, oneThread(rest));
    return withThreads(rest.threads, threads, load);
  };
  try {
    const ntk = given === undefined ? await firstOf(variants, "loadInWorker", make) : await make(variants[0]);
    return ntk as unknown as AsyncNtk;
  } catch (error) {
    const reason = client.down ?? error;
    client.stop(new BackendError("the worker was not loaded"));
    throw reason;
  }
}

/**
 * Several workers behind one queue, for servers and pages that have more to do than one worker can. `pool.run(task)`
 * gives a task the `Ntk` of a free worker. `pool.latest(key, task)` drops what has been overtaken, `pool.room()` holds
 * back whoever asks too fast. What `setup` makes in each worker, a restored fit for example, goes to every task.
 *
 * @throws TypeError, RangeError, BackendError as {@link loadInWorker}; what `setup` throws.
 * @example
 * import { loadPool } from "ntk-wasm/worker";
 * const bytes = fit.snapshot();
 * const pool = await loadPool({ size: 2, setup: (ntk) => ntk.restore(bytes) });
 * const { mean } = await pool.run((ntk, restored) => restored.predict(Xnew));
 * mean.rows; // 2
 * await pool.dispose();
 */
export async function loadPool<State = undefined>(
  options: PoolOptions<State> & WorkerOptions = {},
): Promise<Pool<State>> {
  checkKeys(options, [...POOL_OPTIONS, ...WORKER_OPTIONS], "loadPool", "{ size: 2 }");
  const { size, queue, setup, ...origin } = options;
  const plan = checkPool({ size, queue, setup } as PoolOptions<never>);
  return new Pool<State>({ ...plan, load: () => loadInWorker(origin) }).start();
}

const POOL_OPTIONS = ["size", "queue", "setup"];
const WORKER_OPTIONS = ["backend", "variant", "threads", "precision", "module", "worker", "url", "timeout"];

function checkOrigin(worker: unknown, url: unknown): void {
  if (worker !== undefined && typeof worker !== "function")
    throw new TypeError(`worker is ${describe(worker)}; expected a function that makes a Worker`);
  if (worker !== undefined && url !== undefined)
    throw new RangeError("both worker and url are given; expected one of them");
  const address = typeof url === "object" && url !== null && "href" in url ? url.href : url;
  if (url !== undefined && typeof address !== "string")
    throw new TypeError(
      `url is ${describe(url)}; expected the address of ntk-wasm/worker-script.js, a string or a URL`,
    );
  if (address === "") throw new RangeError('url is ""; expected the address of ntk-wasm/worker-script.js');
}

function checkTimeout(timeout: unknown): void {
  if (typeof timeout !== "number") throw new TypeError(`timeout is ${describe(timeout)}; expected milliseconds`);
  if (!(timeout > 0)) throw new RangeError(`timeout is ${timeout}; expected milliseconds above 0, or Infinity`);
}

function passed(module: WasmModule, { precision = "float64", threads = 1, ...rest }: LoadOptions): Choice {
  checkKeys(rest, [], "loadInWorker with a module");
  checkChoice(precision, "precision", ["float64", "float32"]);
  return { variants: [variantOf(module)], precision, ...chooseThreads(threads) };
}
