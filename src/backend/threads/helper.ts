/** A helper's worker, in a browser or in Node: it runs one call of the module, `serve`, until the team ends. */
import { isErrorLike } from "../../brand.js";
import { BackendError } from "../../errors.js";
import type { WasmMemory, WasmModule } from "../moduleType.js";

/** What a helper is told. */
export interface Assignment {
  module: WasmModule;
  memory: WasmMemory;
  /** Address of the team. */
  address: number;
  /** 1 for the first helper. */
  rank: number;
  /** The word of the team that says a thread has failed. */
  lost: number;
}

/**
 * The helper's script: it needs no library, so it stands here as text. A unit that traps marks the team as lost, for
 * the leader waits for it. A helper that does not start has been inside no region.
 */
const SCRIPT = `
const node = typeof postMessage !== "function";
const port = node ? require("node:worker_threads").parentPort : self;
const end = (error) => {
  port.postMessage(String(error && error.message || error));
  port.close();
};
const run = async ({ module, memory, address, rank, lost }) => {
  let serve;
  try {
    ({ serve } = (await WebAssembly.instantiate(module, { env: { memory } })).exports);
  } catch (error) {
    return end(error);
  }
  port.postMessage("ready");
  try {
    serve(address, rank);
    port.close();
  } catch (error) {
    Atomics.store(new Int32Array(memory.buffer, address, lost + 1), lost, 1);
    end(error);
  }
};
const unread = () => end("it could not read its message");
if (node) {
  port.once("message", run);
  port.once("messageerror", unread);
} else {
  onmessage = ({ data }) => run(data);
  onmessageerror = unread;
}
`;

/** A running helper. */
export interface Helper {
  /** Resolves when it serves; a BackendError where it does not. */
  readonly started: Promise<void>;
  /** Ends its worker, whatever it does. */
  stop(): void;
}

interface NodeWorker {
  postMessage(message: unknown): void;
  on(event: string, listener: (value: unknown) => void): void;
  terminate(): unknown;
  unref(): void;
}

interface Threads {
  Worker: new (source: string, options: { eval: true; name: string; execArgv: string[] }) => NodeWorker;
}

/** A worker of either platform. */
interface Started {
  post(assignment: Assignment): void;
  stop(): void;
}

/** What is told of a worker. */
interface Listener {
  heard(message: unknown): void;
  gone(why: unknown): void;
}

/** Milliseconds; a turn of the event loop would do. */
const GRACE = 100;

/**
 * Starts a helper, which has to serve within `patience` milliseconds. `onGone` is told once where it goes after that,
 * as far as the platform tells.
 */
export function openHelper(assignment: Assignment, patience: number, onGone: (why: string) => void): Helper {
  let state: "starting" | "serving" | "gone" = "starting";
  let worker: Started | undefined;
  const stop = () => worker?.stop();
  const started = new Promise<void>((resolve, reject) => {
    const gone = (reason: unknown) => {
      const before = state;
      if (before === "gone") return;
      state = "gone";
      clearTimeout(timer);
      const why = isErrorLike(reason) ? reason.message : String(reason);
      if (before === "serving") return onGone(why);
      stop();
      const cause = isErrorLike(reason) ? { cause: reason } : undefined;
      reject(new BackendError(`a thread did not start: ${why}`, cause));
    };
    const heard = (message: unknown) => {
      if (message !== "ready") return gone(message);
      clearTimeout(timer);
      if (state === "starting") state = "serving";
      resolve();
    };
    // Twice: where this thread was busy all the time, the helper's message is read between the two.
    let timer = setTimeout(() => {
      timer = setTimeout(gone, GRACE, "it did not start in time");
    }, patience);
    try {
      worker = start({ heard, gone });
      worker.post(assignment);
    } catch (error) {
      gone(error);
    }
  });
  return { started, stop };
}

/** @throws whatever the engine throws where it starts no worker. */
function start({ heard, gone }: Listener): Started {
  const { Worker: Web, process } = globalThis as {
    Worker?: typeof Worker;
    process?: { getBuiltinModule?(name: string): unknown };
  };
  const threads = process?.getBuiltinModule?.("node:worker_threads") as Threads | undefined;
  if (threads) {
    const worker = new threads.Worker(SCRIPT, { eval: true, name: "ntk-wasm helper", execArgv: [] });
    worker.on("message", (message) => {
      // An idle helper does not keep the process alive.
      worker.unref();
      heard(message);
    });
    worker.on("error", gone);
    worker.on("exit", (code) => gone(`it ended with code ${String(code)}`));
    return { post: (assignment) => worker.postMessage(assignment), stop: () => void worker.terminate() };
  }
  if (!Web) throw new Error("this engine has no workers");
  const url = URL.createObjectURL(new Blob([SCRIPT], { type: "text/javascript" }));
  try {
    const worker = new Web(url, { name: "ntk-wasm helper" });
    worker.onmessage = ({ data }) => {
      URL.revokeObjectURL(url);
      heard(data);
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      gone(event.message || NOT_LOADED);
    };
    return {
      post: (assignment) => worker.postMessage(assignment),
      stop() {
        URL.revokeObjectURL(url);
        worker.terminate();
      },
    };
  } catch (error) {
    URL.revokeObjectURL(url);
    throw error;
  }
}

const NOT_LOADED =
  "its script was not loaded; a page with a Content-Security-Policy needs worker-src blob: and script-src 'wasm-unsafe-eval'";
