/**
 * The worker's side: one `Ntk`, and the objects made from it, asked by messages. Calls are answered one after the
 * other, in order. Long calls let messages in between their slices, so that an abort is seen.
 */
import { isFloat64Array } from "../brand.js";
import { Classifier } from "../classification/classifier.js";
import { BackendError } from "../errors.js";
import { classMembers, fieldNames } from "../fields.js";
import { Ntk } from "../ntk.js";
import { Fit } from "../regression/fit.js";
import { Spectrum } from "../regression/spectrum.js";
import { StreamFit } from "../regression/streamFit.js";
import { isPlainObject } from "../scalars.js";
import { breath } from "../slices.js";
import { Dynamics } from "../training/dynamics.js";
import { Ensemble } from "../training/ensemble.js";
import { KernelSamples } from "../training/sampleKernel.js";
import { quoted } from "../words.js";
import { Feed } from "./feed.js";
import { type Handle, isSliced, type Kind, packError, type Reply, type Request, SLICED } from "./protocol.js";

type Call = Extract<Request, { type: "call" }>;
type Load = Extract<Request, { type: "load" }>;
type Callable = Record<string, (...args: unknown[]) => unknown>;
type Class = abstract new (...args: never[]) => object;
type Slicing = Generator<unknown, unknown, void>;

/** A call under way. */
interface Running {
  args: unknown[];
  /** The argument that had callbacks or a `signal`. */
  at: number | undefined;
  /** What calls the caller's functions, by their names. */
  callbacks: Readonly<Record<string, (value: unknown) => void>>;
  signal: AbortSignal;
}

/** A method that is more than `object[method](...args)`. */
interface Entry {
  /** True where the method answers an abort itself, even one that came before its turn. */
  readonly answersAbort?: boolean;
  run(object: object, call: Running): unknown;
}

/** A kind of objects in the worker. All methods of their class can be called, and the entries. */
interface Row {
  /** The class of the objects; without one, the request that made an object tells its kind. */
  readonly type?: Class;
  /** Names of methods, where they are not those of a class. */
  names?(object: object): string[];
  readonly entries?: Readonly<Record<string, Entry>>;
}

/**
 * A generator that is pulled from outside. Each step is told whether the signal has been given, and tells what the
 * callbacks were called with.
 */
class Slices {
  readonly #controller = new AbortController();
  readonly #slices: Slicing;
  #called: { name: string; value: unknown }[] = [];

  constructor(callbacks: readonly string[], start: (more: object) => Slicing) {
    const calls = callbacks.map((name) => [name, (value: unknown) => this.#called.push({ name, value })]);
    this.#slices = start({ signal: this.#controller.signal, ...Object.fromEntries(calls) });
  }

  next({ aborted }: { aborted: boolean }): object {
    if (aborted) this.#controller.abort();
    this.#called = [];
    const { done, value } = this.#slices.next();
    return { done, value, called: this.#called };
  }

  dispose(): void {
    this.#slices.return(undefined);
  }
}

const ESTIMATE = ["draws", "total", "mean", "standardError"];

/** Fields of a report, all or the named ones. */
const REPORT: Entry = {
  run: ({ report }: Fit | StreamFit, { args }) => pick(report, args[0] as string[] | undefined),
};

/** What each kind of object can be asked. */
const KINDS: Readonly<Record<Kind, Row>> = {
  ntk: {
    entries: {
      train: sliced(SLICED.train),
      compare: sliced(SLICED.compare),
      sweep: sliced(SLICED.sweep),
      tune: sliced(SLICED.tune),
      crossValidate: sliced(SLICED.crossValidate),
      fit: fitted(),
      training: pulled(SLICED.train, 3),
      comparing: pulled(SLICED.compare, 3),
      sweeping: pulled(SLICED.sweep, 2),
      tuning: pulled(SLICED.tune, 3),
      crossValidating: pulled(SLICED.crossValidate, 3),
      fitting: pulled(SLICED.fit, 3),
      kernelTiles: pulled("kernelTiles"),
      fitStream: { run: (ntk: Ntk, { args: [model, options] }) => new Feed(ntk, model, options) },
    },
  },
  fit: {
    type: Fit,
    entries: { report: REPORT },
  },
  fitSums: { type: StreamFit, entries: { report: REPORT } },
  classify: { type: Classifier },
  dynamics: { type: Dynamics },
  ensemble: { type: Ensemble },
  sampleKernel: {
    type: KernelSamples,
    entries: {
      result: {
        answersAbort: true,
        async run(samples: KernelSamples, { signal, callbacks }) {
          while (!signal.aborted && samples.step()) {
            callbacks.onProgress?.(pick(samples, ESTIMATE));
            await breath();
          }
          return pick(samples, ESTIMATE);
        },
      },
      estimate: { run: (samples) => pick(samples, ESTIMATE) },
    },
  },
  spectrum: { type: Spectrum },
  linearize: { names: Object.keys },
  slices: { type: Slices },
  feed: { type: Feed },
};

/** Lives in the worker; `post` and `receive` are its port. */
export class Host {
  readonly #load: (request: Load) => Promise<Ntk>;
  readonly #post: (reply: Reply, transfer: ArrayBuffer[]) => void;
  readonly #objects = new Map<number, { object: object; kind: Kind }>();
  readonly #targets = new WeakMap<object, number>();
  readonly #signals = new Map<number, AbortController>();
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
      else this.#post({ type: "result", id, value: this.#withHandle(value, request) }, transferable(value, request));
    } catch (error) {
      this.#post({ type: "error", id, error: packError(error) }, []);
    } finally {
      this.#signals.delete(id);
    }
  }

  async #call({ id, target, method, args, options }: Call): Promise<unknown> {
    const held = this.#objects.get(target);
    if (!held) throw new BackendError("this object of the worker was disposed of; make a new one");
    const { signal } = this.#signals.get(id) as AbortController;
    const entry = KINDS[held.kind].entries?.[method];
    // Given up before its turn: nobody waits for the answer.
    if (signal.aborted && !entry?.answersAbort) return undefined;
    const object = held.object as Callable;
    if (!entry) return object[method](...args);
    const calls = (options?.callbacks ?? []).map((name) => [
      name,
      (value: unknown) => this.#post({ type: "callback", id, name, value }, []),
    ]);
    return entry.run(object, { args, at: options?.at, callbacks: Object.fromEntries(calls), signal });
  }

  #handle(object: object, kind: Kind): Handle {
    let target = this.#targets.get(object);
    if (target === undefined) {
      target = this.#next++;
      this.#targets.set(object, target);
      this.#objects.set(target, { object, kind });
    }
    const fixed = Object.entries(object).filter(([name, value]) => name !== "draws" && typeof value !== "function");
    if (object instanceof Ntk) fixed.push(["threads", object.threads], ["threadsReason", object.threadsReason]);
    if (object instanceof Dynamics)
      fixed.push(["eigenvalues", object.eigenvalues], ["maxLearningRate", object.maxLearningRate]);
    return { target, kind, methods: methodsOf(object, kind), fields: Object.fromEntries(fixed) };
  }

  /** The last slice of a generator may be an object that stays here. */
  #withHandle(value: unknown, request: Request): unknown {
    if (request.type !== "call" || request.method !== "next") return value;
    const step = value as { value?: unknown } | undefined;
    const kind = kindOf(step?.value, request);
    return kind ? { ...step, value: this.#handle(step?.value as object, kind) } : value;
  }

  #free(target: number): void {
    const object = this.#objects.get(target)?.object as { dispose?(): void } | undefined;
    this.#objects.delete(target);
    object?.dispose?.();
  }
}

/** Runs a method as its generator, and reads the worker's messages between slices. */
function sliced(generator: string): Entry {
  return {
    answersAbort: true,
    async run(object: Callable, { args, at, callbacks, signal }) {
      // The signal always: what a callback throws ends the call as well.
      if (at !== undefined) args[at] = withMore(args[at], { signal, ...callbacks });
      const slices = object[generator](...args) as Slicing;
      for (;;) {
        const { done, value } = slices.next();
        if (done) return value;
        await breath();
      }
    },
  };
}

/** A fit by conjugate gradients is {@link sliced}. Another one takes one slice, and is given up before its turn. */
function fitted(): Entry {
  const inSlices = sliced(SLICED.fit);
  return {
    answersAbort: true,
    run(object: Callable, call) {
      const { args, at, callbacks, signal } = call;
      if (isSliced("fit", args)) return inSlices.run(object, call);
      if (signal.aborted) return undefined;
      if (at !== undefined) args[at] = withMore(args[at], callbacks);
      return object.fit(...args);
    },
  };
}

/**
 * Starts a generator that is pulled from outside. `at` is the place of its options among the arguments, where they take
 * callbacks and a signal.
 */
function pulled(generator: string, at?: number): Entry {
  return {
    run: (object: Callable, { args, callbacks }) =>
      new Slices(Object.keys(callbacks), (more) => {
        if (at !== undefined) args[at] = withMore(args[at], more);
        return object[generator](...args) as Slicing;
      }),
  };
}

/** The kind of an object that stays in the worker; undefined for plain data. */
function kindOf(value: unknown, request: Request): Kind | undefined {
  if (request.type === "load") return "ntk";
  for (const [kind, { type }] of Object.entries(KINDS)) if (type && value instanceof type) return kind as Kind;
  const linear = request.type === "call" && request.target === 0 && request.method === "linearize";
  return linear ? "linearize" : undefined;
}

/** Names of functions that can be called from outside. */
function methodsOf(object: object, kind: Kind): string[] {
  const { names = classMethods, entries = {} } = KINDS[kind];
  return [...new Set([...names(object), ...Object.keys(entries)])];
}

function classMethods(object: object): string[] {
  return classMembers(object)
    .filter(([name, { value }]) => typeof value === "function" && name !== "constructor" && name !== "dispose")
    .map(([name]) => name);
}

/** Some fields, lazy ones too, as plain data; default: all. */
function pick(object: object, names: readonly string[] | undefined): Record<string, unknown> {
  const all = fieldNames(object);
  for (const name of names ?? []) {
    if (!all.includes(name))
      throw new TypeError(`there is no field ${quoted(String(name))}; expected ${all.join(", ")}`);
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
  return options === undefined || isPlainObject(options, "options") ? { ...(options as object), ...more } : options;
}
