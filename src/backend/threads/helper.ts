/** A helper's worker, in a browser or in Node: it runs one call of the module, `serve`, until the team ends. */
import { BackendError } from "../../errors.js";
import type { WasmModule } from "../moduleType.js";

/** What a helper is told. */
export interface Assignment {
  module: WasmModule;
  memory: WebAssembly.Memory;
  /** Address of the team. */
  address: number;
  /** 1 for the first helper. */
  rank: number;
  /** The word of the team that says a thread has failed. */
  lost: number;
}

/**
 * The helper's script: it needs no library, so it stands here as text. A unit that traps marks the team as lost, for
 * the leader waits for it.
 */
const SCRIPT = `
const node = typeof postMessage !== "function";
const port = node ? require("node:worker_threads").parentPort : self;
const run = async ({ module, memory, address, rank, lost }) => {
  try {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
    port.postMessage("ready");
    exports.serve(address, rank);
  } catch (error) {
    Atomics.store(new Int32Array(memory.buffer, address, lost + 1), lost, 1);
    port.postMessage(String(error && error.message || error));
  }
  port.close();
};
if (node) port.once("message", run);
else onmessage = ({ data }) => run(data);
`;

interface NodeWorker {
  postMessage(message: unknown): void;
  on(event: string, listener: (value: unknown) => void): void;
  terminate(): unknown;
  unref(): void;
}

interface Threads {
  Worker: new (source: string, options: { eval: true; name: string; execArgv: string[] }) => NodeWorker;
}

/**
 * Starts a helper; resolves when it serves. `onGone` is told where it goes after that, as far as the platform tells.
 *
 * @throws BackendError where it does not start within `patience` milliseconds.
 */
export function openHelper(assignment: Assignment, patience: number, onGone: (why: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let ready = false;
    let stop = () => {};
    const timer = setTimeout(() => gone("it did not start in time"), patience);
    const gone = (why: string) => {
      clearTimeout(timer);
      if (ready) onGone(why);
      else {
        stop();
        reject(new BackendError(`a thread did not start: ${why}`));
      }
    };
    const heard = (message: unknown) => {
      if (message !== "ready") return gone(String(message));
      clearTimeout(timer);
      ready = true;
      resolve();
    };
    try {
      stop = start(assignment, heard, gone);
    } catch (error) {
      gone(error instanceof Error ? error.message : String(error));
    }
  });
}

function start(assignment: Assignment, heard: (message: unknown) => void, gone: (why: string) => void): () => void {
  const { Worker: Web, process } = globalThis as {
    Worker?: typeof Worker;
    process?: { getBuiltinModule?(name: string): unknown };
  };
  const threads = process?.getBuiltinModule?.("node:worker_threads") as Threads | undefined;
  if (threads) {
    const worker = new threads.Worker(SCRIPT, { eval: true, name: "ntk-wasm helper", execArgv: [] });
    worker.on("message", (message) => {
      heard(message);
      // An idle helper does not keep the process alive.
      worker.unref();
    });
    worker.on("error", (error) => gone(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => gone(`it ended with code ${String(code)}`));
    worker.postMessage(assignment);
    return () => void worker.terminate();
  }
  if (!Web) throw new Error("this engine has no workers");
  const url = URL.createObjectURL(new Blob([SCRIPT], { type: "text/javascript" }));
  const worker = new Web(url, { name: "ntk-wasm helper" });
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url);
    heard(data);
  };
  worker.onerror = (event) => {
    event.preventDefault?.();
    gone(
      event.message ||
        "its script was not loaded; a page with a Content-Security-Policy needs worker-src blob: and script-src 'wasm-unsafe-eval'",
    );
  };
  worker.postMessage(assignment);
  return () => worker.terminate();
}
