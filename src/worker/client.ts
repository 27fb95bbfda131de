/** The calling side: gives every call a number, and turns answers into results, errors and objects with methods. */
import { describe } from "../check.js";
import { BackendError } from "../errors.js";
import { isCustomKernel } from "../kernel/custom.js";
import { type Batches, pullOf } from "../regression/batchSource.js";
import { StreamError } from "../regression/streamError.js";
import { reading, refusal } from "../words.js";
import { lost, openPort, type Port, type WorkerOrigin } from "./port.js";
import {
  CALLBACKS,
  GENERATORS,
  type Handle,
  isSliced,
  NO_FUNCTIONS,
  packError,
  type Reply,
  type Request,
  unpackError,
} from "./protocol.js";

interface Pending {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
  callbacks: Callbacks;
  /** What a callback of the caller's threw: the answer of the call. */
  thrown?: { error: unknown };
}

/** An object of the worker, as the calling side sees it. */
type Stub = Record<PropertyKey, unknown>;
type Callbacks = Readonly<Record<string, (value: unknown) => void>>;
type Call = Extract<Request, { type: "call" }>;
type Step = { done: boolean; value: unknown };

/** As much of an AbortSignal as is used. */
interface Watched {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The options of a call, taken apart: functions and signals stay here. */
interface Taken {
  args: unknown[];
  at: number;
  callbacks: Callbacks;
  signal: Watched | undefined;
}

/** Beyond it a timer would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Milliseconds; a turn of the event loop would do. */
const GRACE = 100;
const SILENCE =
  "is it ntk-wasm/worker-script.js of this version that url or worker runs, and does a policy let it start?";

export class Client {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  /** Undefined in engines that have none. */
  readonly #dropped =
    typeof FinalizationRegistry === "function"
      ? new FinalizationRegistry<number>((target) => this.#free(target))
      : undefined;
  #next = 0;
  /** Why nothing more is answered. */
  #down: BackendError | undefined;
  #idle: (() => void) | undefined;
  #disposed: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A worker that says nothing for `timeout` milliseconds is given up. */
  constructor(origin: WorkerOrigin, script: string, timeout: number) {
    this.#port = openPort(origin, script, this.#receive.bind(this), this.stop.bind(this));
    if (timeout > LONGEST_TIMER) return;
    const late = () => this.stop(lost(`it has said nothing for ${timeout} ms; ${SILENCE}`));
    const start = performance.now();
    // Twice: where this thread was busy all the time, the worker's messages are read between the two. The worker may
    // not even have started then, so its time begins anew.
    this.#timer = setTimeout(() => {
      const busy = performance.now() - start > timeout + GRACE;
      this.#timer = setTimeout(late, busy ? Math.max(timeout, GRACE) : GRACE);
    }, timeout);
  }

  /** Why the worker is no more, if it is. */
  get down(): BackendError | undefined {
    return this.#down;
  }

  /** The `Ntk`, once it is there. */
  async load(request: Omit<Extract<Request, { type: "load" }>, "id">): Promise<Stub> {
    const ntk = this.#stub((await this.#ask({ ...request, id: this.#next++ }, undefined)) as Handle);
    ntk.terminate = () => this.stop(new BackendError("the worker was terminated; loadInWorker() starts a new one"));
    ntk.dispose = () => {
      this.#disposed ??= this.#dispose();
      return this.#disposed;
    };
    if (Symbol.asyncDispose) ntk[Symbol.asyncDispose] = ntk.dispose;
    return ntk;
  }

  async #dispose(): Promise<void> {
    this.#down ??= new BackendError("this Ntk was disposed of; loadInWorker() gives a new one");
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.#port.terminate();
  }

  /** Ends the worker; what was not answered fails. */
  stop(reason: BackendError): void {
    clearTimeout(this.#timer);
    this.#down ??= reason;
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#idle?.();
    this.#port.terminate();
  }

  #free(target: number): void {
    if (!this.#down) this.#port.post({ type: "free", target });
  }

  #receive(reply: Reply): void {
    clearTimeout(this.#timer);
    if (reply.type === "ready" || reply.type === "down") return;
    const pending = this.#pending.get(reply.id);
    if (!pending) {
      // Given up before the answer: nobody will ever ask this object anything.
      if (reply.type === "handle") this.#free(reply.handle.target);
      return;
    }
    if (reply.type === "callback") {
      if (pending.thrown) return;
      try {
        pending.callbacks[reply.name]?.(reply.value);
      } catch (error) {
        pending.thrown = { error };
        this.#port.post({ type: "abort", id: reply.id });
      }
      return;
    }
    this.#forget(reply.id);
    if (pending.thrown) pending.reject(pending.thrown.error);
    else if (reply.type === "error") pending.reject(unpackError(reply.error));
    else pending.resolve(reply.type === "handle" ? reply.handle : reply.value);
  }

  #forget(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size > 0) return;
    this.#port.hold(false);
    this.#idle?.();
  }

  /** Sends a request and waits for its answer. */
  #ask(request: Extract<Request, { id: number }>, callbacks: Callbacks = {}): Promise<unknown> {
    if (this.#down) return Promise.reject(this.#down);
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject, callbacks });
      this.#port.hold(true);
      try {
        this.#port.post(request);
      } catch (error) {
        this.#forget(request.id);
        reject(request.type === "load" ? lost(error) : uncloneable(error));
      }
    });
  }

  /** One call of a method; `sliced` ones answer an abort themselves, others are given up. */
  async #call(target: number, method: string, given: unknown[], sliced: boolean): Promise<unknown> {
    const { args, at, callbacks, signal } = take(given, method);
    if (signal?.aborted && !sliced) throw signal.reason;
    const request: Call = { type: "call", id: this.#next++, target, method, args };
    if (at >= 0) request.options = { at, callbacks: Object.keys(callbacks) };
    const answer = this.#ask(request, callbacks);
    if (!signal) return answer;
    const abort = () => {
      if (!this.#pending.has(request.id)) return;
      this.#port.post({ type: "abort", id: request.id });
      if (sliced) return;
      this.#pending.get(request.id)?.reject(signal.reason);
      this.#forget(request.id);
    };
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    return answer.finally(() => signal.removeEventListener("abort", abort));
  }

  /** An object with the methods that its handle names. */
  #stub({ target, kind, methods, fields }: Handle): Stub {
    const stub: Stub = { ...fields };
    let disposed = false;
    const call = async (method: string, args: unknown[]) => {
      if (disposed) throw new BackendError(`this ${kind} was disposed of; make a new one with ntk.${kind}(…)`);
      const sliced = kind === "ntk" ? isSliced(method, args) : kind === "sampleKernel" && method === "result";
      const answer = await this.#call(target, method, args, sliced);
      if (!isHandle(answer)) return answer;
      return answer.target === target ? stub : this.#stub(answer);
    };
    for (const method of methods) {
      stub[method] =
        kind === "ntk" && GENERATORS.includes(method)
          ? (...args: unknown[]) => this.#slices(target, method, args)
          : kind === "ntk" && method === "fitStream"
            ? (...args: unknown[]) => this.#feed(target, args)
            : (...args: unknown[]) => call(method, args);
    }
    if (kind === "ntk") return stub;
    stub.dispose = () => {
      if (disposed) return;
      disposed = true;
      this.#dropped?.unregister(stub);
      this.#free(target);
    };
    if (Symbol.dispose) stub[Symbol.dispose] = stub.dispose;
    if (kind === "sampleKernel") {
      stub[Symbol.asyncIterator] = async function* () {
        while (await call("step", [])) yield await call("estimate", []);
      };
    }
    this.#dropped?.register(stub, target, stub);
    return stub;
  }

  /**
   * A generator of the worker, pulled from here: it goes on when the next slice is asked for. Its handle is referred to
   * by this frame alone, and so is collected with a generator that was dropped half-way.
   */
  async *#slices(target: number, method: string, given: unknown[]): AsyncGenerator<unknown, unknown, void> {
    const { args, at, callbacks, signal } = take(given, method);
    const options = { at, callbacks: Object.keys(callbacks) };
    const request: Call = { type: "call", id: this.#next++, target, method, args, options };
    const slices = (await this.#ask(request)) as Handle;
    this.#dropped?.register(slices, slices.target, slices);
    try {
      for (;;) {
        const message = { aborted: signal?.aborted ?? false };
        const { done, value, called } = (await this.#call(slices.target, "next", [message], false)) as Step & {
          called: { name: string; value: unknown }[];
        };
        for (const { name, value } of called) callbacks[name]?.(value);
        if (done) return isHandle(value) ? this.#stub(value) : value;
        yield value;
      }
    } finally {
      this.#dropped?.unregister(slices);
      this.#free(slices.target);
    }
  }

  /** `fitStream`: the batches are iterated on this side, and sent one by one. */
  async #feed(target: number, [model, batches, ...options]: unknown[]): Promise<unknown> {
    const { args, callbacks, signal } = take([model, ...options], "fitStream");
    const pull = pullOf(batches as Batches);
    const request: Call = { type: "call", id: this.#next++, target, method: "fitStream", args };
    const feed = (await this.#ask(request)) as Handle;
    this.#dropped?.register(feed, feed.target, feed);
    const ask = (method: string, ...given: unknown[]) => this.#call(feed.target, method, given, false);
    try {
      for (;;) {
        if (signal?.aborted) return await ask("stop", plain(signal.reason));
        let progress: unknown;
        try {
          const { done, value } = await pull();
          if (done) break;
          progress = await ask("push", value);
        } catch (error) {
          // Of the source, or a batch that cannot cross.
          if (error instanceof StreamError || error instanceof BackendError) throw error;
          return await ask("fail", packError(error));
        }
        callbacks.onProgress?.(progress);
      }
      return this.#stub((await ask(signal?.aborted ? "stop" : "end")) as Handle);
    } finally {
      this.#dropped?.unregister(feed);
      this.#free(feed.target);
      await pull.close();
    }
  }
}

/** A reason of a signal that can cross: an error as its message, if it cannot. */
function plain(reason: unknown): unknown {
  return typeof reason === "object" || typeof reason === "function" || typeof reason === "symbol"
    ? packError(reason)
    : reason;
}

function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null && "target" in value && "methods" in value;
}

/**
 * Takes callbacks and `signal` out of the options of a call. @throws TypeError for wrong ones, and for functions
 * elsewhere
 */
function take(given: unknown[], method: string): Taken {
  const args = [...given];
  const taken: Taken = { args, at: -1, callbacks: {}, signal: undefined };
  reading(`an argument of ${method}`, () => takeFrom(args, method, taken));
  return taken;
}

/** {@link take}, inside {@link reading}. */
function takeFrom(args: unknown[], method: string, taken: Taken): void {
  args.forEach((value, at) => {
    if (typeof value === "function" || isCustomKernel(value)) throw refusal(new TypeError(NO_FUNCTIONS));
    if (typeof value !== "object" || value === null) return;
    const own = CALLBACKS.filter((name) => name in value);
    if (own.length === 0 && !("signal" in value)) return;
    const { signal, ...rest } = value as { signal?: Watched } & Record<string, unknown>;
    const callbacks: Record<string, (value: unknown) => void> = {};
    for (const name of own) {
      const callback = rest[name];
      delete rest[name];
      if (callback === undefined) continue;
      if (typeof callback !== "function")
        throw refusal(new TypeError(`${method}: ${name} is ${describe(callback)}; expected a function`));
      callbacks[name] = callback as (value: unknown) => void;
    }
    if (signal !== undefined && typeof signal?.aborted !== "boolean")
      throw refusal(new TypeError(`${method}: signal is ${describe(signal)}; expected an AbortSignal`));
    args[at] = rest;
    Object.assign(taken, { at, callbacks, signal });
  });
}

/** Where postMessage throws, something is no plain data, or cannot be read. */
function uncloneable(cause: unknown): TypeError {
  return (cause as Error)?.name === "DataCloneError"
    ? new TypeError(`${NO_FUNCTIONS}: ${(cause as Error).message}`)
    : new TypeError("an argument cannot be read: a getter of it throws", { cause });
}
