/** Workers of browsers (also Deno's and Bun's) and of Node behind one small interface. */
import { isErrorLike } from "../brand.js";
import { describe } from "../check.js";
import { BackendError } from "../errors.js";
import type { Reply, Request } from "./protocol.js";

/** A `Worker`: of a browser, or of node:worker_threads. */
export interface WorkerLike {
  // biome-ignore lint/suspicious/noExplicitAny: each platform has its own types of messages and of what is transferred
  postMessage(message: any): void;
  terminate(): unknown;
}

/** Where a worker comes from; at most one of the two. */
export interface WorkerOrigin {
  /**
   * Makes the worker, which has to run `ntk-wasm/worker-script.js`: `() => new Worker(new URL(…), { type: "module" })`.
   */
  worker?: (() => WorkerLike) | undefined;
  /** Address of `ntk-wasm/worker-script.js`, for pages whose Content-Security-Policy has no `worker-src blob:`. */
  url?: string | { readonly href: string } | undefined;
}

interface NodePort {
  postMessage(message: unknown, transfer?: unknown[]): void;
  on(event: string, listener: (value: unknown) => void): void;
}

interface NodeWorker extends NodePort {
  terminate(): unknown;
  ref(): void;
  unref(): void;
}

interface NodeThreads {
  parentPort: NodePort | null;
  Worker: new (script: string | object, options?: { eval: boolean }) => NodeWorker;
}

/** A module of Node; undefined elsewhere. A plain import of it would break bundles for browsers. */
function builtin<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.(name) as T | undefined;
}

export function nodeThreads(): NodeThreads | undefined {
  return builtin("node:worker_threads");
}

/** A running worker. */
export interface Port {
  post(request: Request): void;
  terminate(): void;
  /** Whether the process has to wait for an answer; browsers do not care. */
  hold(waiting: boolean): void;
}

/**
 * Starts a worker: the given one, the one at the address, or else one from the script's text (a Blob URL; in Node,
 * `eval`). `onDown` is told once the worker cannot go on.
 *
 * @throws TypeError where `worker` makes none; BackendError where it cannot be started.
 */
export function openPort(
  { worker, url }: WorkerOrigin,
  script: string,
  onReply: (reply: Reply) => void,
  onDown: (error: BackendError) => void,
): Port {
  const down = (reason: unknown) => onDown(lost(reason));
  const { started, release } = worker ? given(worker) : start(url, script);
  const first = (message: unknown) => {
    const reply = message as Reply | null | undefined;
    // A worker of the caller's may say other things.
    if (typeof reply?.type !== "string") return;
    release();
    if (reply.type === "down") down(reply.reason);
    else onReply(reply);
  };
  if (isNodeWorker(started)) {
    started.on("message", first);
    started.on("messageerror", down);
    started.on("error", down);
    started.on("exit", (code) => down(`it ended with code ${code}`));
    return {
      post: (request) => started.postMessage(request),
      terminate: () => void started.terminate(),
      hold: (waiting) => (waiting ? started.ref() : started.unref()),
    };
  }
  const web = started as Worker;
  web.addEventListener("message", ({ data }) => first(data));
  web.addEventListener("error", (event) => {
    event.preventDefault?.();
    down(event.message || "its script was not loaded");
  });
  web.addEventListener("messageerror", () => down("a message could not be read"));
  // Bun's; a browser does not tell.
  web.addEventListener("close", () => down("it was closed"));
  return { post: (request) => web.postMessage(request), terminate: () => web.terminate(), hold: () => {} };
}

function isNodeWorker(worker: object): worker is NodeWorker {
  return !("addEventListener" in worker) && "on" in worker;
}

/** The caller's worker. */
function given(worker: () => WorkerLike): { started: WorkerLike; release: () => void } {
  let started: unknown;
  try {
    started = worker();
  } catch (error) {
    throw lost(error);
  }
  const { postMessage, terminate, addEventListener, on } = Object(started);
  const listens = typeof addEventListener === "function" || typeof on === "function";
  if (typeof postMessage !== "function" || typeof terminate !== "function" || !listens) {
    throw new TypeError(
      `worker() gave ${describe(started)}; expected a Worker, as of new Worker(…), that runs ntk-wasm/worker-script.js`,
    );
  }
  return { started: started as WorkerLike, release: () => {} };
}

/** `release` gives the script's text back to the browser, once the worker has read it. */
function start(url: WorkerOrigin["url"], script: string): { started: WorkerLike; release: () => void } {
  const address = typeof url === "object" ? url.href : url;
  const { Worker: Web } = globalThis as { Worker?: typeof Worker };
  try {
    if (Web) {
      const blob = address ? undefined : URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
      const started = new Web(address ?? (blob as string), { type: "module" });
      return { started, release: () => blob && URL.revokeObjectURL(blob) };
    }
    const threads = nodeThreads();
    if (!threads) throw new Error("this engine has no workers");
    // Node wants a URL of its own; the URL of a jsdom environment is another class.
    const { URL: Address = URL } = builtin<{ URL: typeof URL }>("node:url") ?? {};
    const started = address ? new threads.Worker(new Address(address)) : new threads.Worker(script, { eval: true });
    return { started, release: () => {} };
  } catch (error) {
    throw lost(error);
  }
}

/** Why there is no worker any more, and what may help. */
export function lost(reason: unknown): BackendError {
  const error = isErrorLike(reason);
  return new BackendError(
    `the worker does not run: ${error ? reason.message : String(reason)}. A page with a Content-Security-Policy needs worker-src blob: and ` +
      "script-src 'wasm-unsafe-eval', or loadInWorker({ url }) with the address of ntk-wasm/worker-script.js",
    error ? { cause: reason } : undefined,
  );
}
