/**
 * The worker's side: one `Ntk`, and the objects made from it, asked by messages. Calls are answered one after the
 * other, in order. Long calls let messages in between their slices, so that an abort is seen.
 */
import { isFloat64Array } from "../brand.js";
import { BackendError } from "../errors.js";
import type { Ntk } from "../ntk.js";
import { Fit } from "../regression/fit.js";
import { isRecord } from "../scalars.js";
import { Dynamics } from "../training/dynamics.js";
import { Ensemble } from "../training/ensemble.js";
import { KernelSamples } from "../training/sampleKernel.js";
import { GENERATORS, type Handle, type Kind, packError, type Reply, type Request, SLICED } from "./protocol.js";

type Call = Extract<Request, { type: "call" }>;
type Load = Extract<Request, { type: "load" }>;
type Callable = Record<string, (...args: unknown[]) => unknown>;

/** Lives in the worker; `post` and `receive` are its port. */
export class Host {
  readonly #load: (request: Load) => Promise<Ntk>;
  readonly #post: (reply: Reply, transfer: ArrayBuffer[]) => void;
  readonly #objects = new Map<number, object>();
  readonly #numbers = new WeakMap<object, number>();
  readonly #signals = new Map<number, AbortController>();
  readonly #steps = new WeakMap<object, (aborted: boolean) => unknown>();
  #next = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(load: (request: Load) => Promise<Ntk>, post: (reply: Reply, transfer: ArrayBuffer[]) => void) {
    this.#load = load;
    this.#post = post;
  }

  receive(request: Request): void {
    if (request.type === "abort") {
      this.#signals.get(request.id)?.abort();
      return;
    }
    if (request.type === "call") this.#signals.set(request.id, new AbortController());
    this.#queue = this.#queue.then(() => this.#answer(request));
  }

  async #answer(request: Exclude<Request, { type: "abort" }>): Promise<void> {
    if (request.type === "free") {
      this.#free(request.target);
      return;
    }
    const { id } = request;
    try {
      const value = request.type === "load" ? await this.#load(request) : await this.#call(request);
      const kind = kindOf(value, request);
      if (kind) this.#post({ type: "handle", id, handle: this.#handle(value as object, kind) }, []);
      else this.#post({ type: "result", id, value }, transferable(value, request));
    } catch (error) {
      this.#post({ type: "error", id, error: packError(error) }, []);
    } finally {
      this.#signals.delete(id);
    }
  }

  async #call({ id, target, method, args, options }: Call): Promise<unknown> {
    const object = this.#objects.get(target) as Callable | undefined;
    if (!object) throw new BackendError("this object of the worker was disposed of; make a new one");
    const { signal } = this.#signals.get(id) as AbortController;
    const sliced = target === 0 ? SLICED[method] : undefined;
    // A call without slices that was given up before its turn: nobody waits for its answer.
    if (!sliced && signal.aborted) return undefined;
    if (object instanceof Fit && method === "report") return pick(object.report, args[0] as string[] | undefined);
    if (object instanceof KernelSamples && method === "result") {
      while (!signal.aborted && object.step()) {
        if (options?.onProgress) this.#post({ type: "progress", id, value: pick(object, ESTIMATE) }, []);
        await breath();
      }
      return pick(object, ESTIMATE);
    }
    if (object instanceof KernelSamples && method === "estimate") return pick(object, ESTIMATE);
    const next = this.#steps.get(object);
    if (next) return next((args[0] as { aborted: boolean }).aborted);
    if (!sliced && !(target === 0 && GENERATORS.includes(method))) return object[method](...args);
    if (!sliced) return this.#generator(object[method].bind(object), args, method === "sweeping" ? 2 : 3);
    if (options) {
      // The signal always: what onProgress throws ends the call as well.
      args[options.at] = withMore(args[options.at], {
        signal,
        ...(options.onProgress && { onProgress: (value: unknown) => this.#post({ type: "progress", id, value }, []) }),
      });
    }
    const slices = object[sliced](...args) as Generator<unknown, unknown, void>;
    for (;;) {
      const { done, value } = slices.next();
      if (done) return value;
      await breath();
    }
  }

  /**
   * A generator that is pulled from outside. Each step is told whether the signal has been given, and tells what
   * onProgress was called with.
   */
  #generator(start: (...args: unknown[]) => unknown, args: unknown[], at: number): object {
    const controller = new AbortController();
    let progress: unknown[] = [];
    args[at] = withMore(args[at], {
      signal: controller.signal,
      onProgress: (value: unknown) => progress.push(value),
    });
    const slices = start(...args) as Generator<unknown, unknown, void>;
    this.#steps.set(slices, (aborted) => {
      if (aborted) controller.abort();
      progress = [];
      const { done, value } = slices.next();
      return { done, value, progress };
    });
    return slices;
  }

  #handle(object: object, kind: Kind): Handle {
    let target = this.#numbers.get(object);
    if (target === undefined) {
      target = this.#next++;
      this.#numbers.set(object, target);
      this.#objects.set(target, object);
    }
    const { draws: _, ...fields } =
      kind === "linearize" || kind === "slices" ? {} : ({ ...object } as { draws?: number });
    return { target, kind, methods: methodsOf(object, kind), fields };
  }

  #free(target: number): void {
    const object = this.#objects.get(target) as { dispose?(): void; return?(value: unknown): unknown } | undefined;
    this.#objects.delete(target);
    object?.dispose?.();
    object?.return?.(undefined);
  }
}

const ESTIMATE = ["draws", "total", "mean", "standardError"];

/** What stays in the worker; undefined for plain data. */
function kindOf(value: unknown, request: Request): Kind | undefined {
  if (request.type === "load") return "ntk";
  if (value instanceof Fit) return "fit";
  if (value instanceof Dynamics) return "dynamics";
  if (value instanceof Ensemble) return "ensemble";
  if (value instanceof KernelSamples) return "sampleKernel";
  if (request.type !== "call" || request.target !== 0) return undefined;
  if (request.method === "linearize") return "linearize";
  return GENERATORS.includes(request.method) ? "slices" : undefined;
}

/** Names of functions that can be called from outside. */
function methodsOf(object: object, kind: Kind): string[] {
  if (kind === "slices") return ["next"];
  if (kind === "linearize") return Object.keys(object);
  const prototype = Object.getPrototypeOf(object) as object;
  const names = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => typeof value === "function" && name !== "constructor" && name !== "dispose")
    .map(([name]) => name);
  if (kind === "fit") names.push("report");
  if (kind === "sampleKernel") names.push("estimate");
  return names;
}

/** Some fields, lazy ones too, as plain data; default: all. */
function pick(object: object, names: readonly string[] | undefined): Record<string, unknown> {
  const lazy = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object))).filter(
    ([, { get }]) => get,
  );
  const all = [...Object.keys(object), ...lazy.map(([name]) => name)];
  for (const name of names ?? []) {
    if (!all.includes(name)) throw new TypeError(`there is no field "${String(name)}"; expected ${all.join(", ")}`);
  }
  return Object.fromEntries((names ?? all).map((name) => [name, (object as Record<string, unknown>)[name]]));
}

/** Buffers of a result that the worker does not need again: they move. A report and a generator keep what they gave. */
function transferable(value: unknown, request: Request): ArrayBuffer[] {
  if (request.type !== "call" || request.method === "report" || request.method === "next") return [];
  const found = new Set<ArrayBuffer>();
  const collect = (part: unknown) => {
    if (isFloat64Array(part)) found.add(part.buffer as ArrayBuffer);
    else if (typeof part === "object" && part !== null) Object.values(part).forEach(collect);
  };
  collect(value);
  return [...found];
}

/** Options and more of them; what cannot be options stays what it is, for the method to refuse. */
function withMore(options: unknown, more: object): unknown {
  return options === undefined || isRecord(options, "options") ? { ...(options as object), ...more } : options;
}

/**
 * A turn of the event loop, in which messages are read. Timers would wait 4 ms, and Node reads a channel's own messages
 * first.
 */
function breath(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
