/**
 * What all commands share: where text goes, how far the work is, Ctrl+C, and the library in a worker, so that a bar
 * moves and Ctrl+C is heard while it computes.
 */

import { SingleBar } from "cli-progress";
import type { LoadOptions } from "ntk-wasm";
import { type AsyncNtk, loadInWorker } from "ntk-wasm/worker";
import { Interrupted } from "./errors.js";

export interface CommonOptions {
  threads: number | "auto";
  variant?: "relaxed" | "simd" | "js";
  quiet?: boolean;
  json?: boolean;
}

/** How far a piece of work is. */
export interface Progress {
  update(done: number, total?: number): void;
  stop(): void;
}

/** Notes that are printed. */
const NOTES = 6;
/** Lines that a piece of work prints where there is no terminal. */
const LINES = 4;

export class Session {
  readonly options: CommonOptions;
  readonly #controller = new AbortController();
  readonly #started = performance.now();
  #ntk: AsyncNtk | undefined;

  constructor(options: CommonOptions) {
    this.options = options;
    process.on("SIGINT", this.#interrupt);
  }

  /** The first asks for an end, the second takes it. */
  readonly #interrupt = () => {
    if (this.signal.aborted) process.exit(130);
    this.#controller.abort(new Interrupted());
  };

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds since the command began. */
  get milliseconds(): number {
    return performance.now() - this.#started;
  }

  async ntk(): Promise<AsyncNtk> {
    this.#ntk ??= await loadInWorker(loadOptions(this.options));
    return this.#ntk;
  }

  /** "simd, 2 threads". */
  async engine(): Promise<string> {
    const { variant, threads } = await this.ntk();
    return `${variant}, ${threads} thread${threads === 1 ? "" : "s"}`;
  }

  /** Rejects as soon as Ctrl+C was pressed, whatever the worker does. */
  async run<T>(work: Promise<T>): Promise<T> {
    this.check();
    const { signal } = this;
    let listener = () => {};
    const interrupted = new Promise<never>((_, reject) => {
      listener = () => reject(new Interrupted());
      signal.addEventListener("abort", listener);
    });
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      signal.removeEventListener("abort", listener);
    }
  }

  /** @throws Interrupted after Ctrl+C */
  check(): void {
    if (this.signal.aborted) throw new Interrupted();
  }

  /** A line of the result. */
  say(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /** A line about the data or the work; none with --quiet. */
  warn(line: string): void {
    if (!this.options.quiet) process.stderr.write(`${line}\n`);
  }

  /** Notes on the data; of many the first. */
  notes(notes: readonly string[]): void {
    for (const note of notes.slice(0, NOTES)) this.warn(`note: ${note}`);
    if (notes.length > NOTES) this.warn(`note: ${notes.length - NOTES} more; --json has all of them`);
  }

  /** A bar on a terminal, a few lines elsewhere, nothing with --quiet. */
  progress(title: string, total: number): Progress {
    if (this.options.quiet || total < 2) return { update() {}, stop() {} };
    return process.stderr.isTTY ? bar(title, total) : lines(title, total, (line) => this.warn(line));
  }

  /** Whether a plot fits: the result goes to a terminal, as text. */
  get drawing(): boolean {
    return Boolean(process.stdout.isTTY) && !this.options.json && !this.options.quiet;
  }

  close(): void {
    process.off("SIGINT", this.#interrupt);
    this.#ntk?.terminate();
  }
}

function bar(title: string, total: number): Progress {
  const format = `${title} [{bar}] {percentage} %  {value}/{total}  {duration_formatted}`;
  const single = new SingleBar({
    format,
    stream: process.stderr,
    barsize: 24,
    clearOnComplete: true,
    hideCursor: true,
  });
  single.start(total, 0);
  return {
    update(done, newTotal = total) {
      single.setTotal(newTotal);
      single.update(done);
    },
    stop: () => single.stop(),
  };
}

function lines(title: string, total: number, say: (line: string) => void): Progress {
  let told = 0;
  return {
    update(done, newTotal = total) {
      const part = Math.floor((LINES * done) / newTotal);
      if (part > told) say(`${title}: ${done} of ${newTotal}`);
      told = Math.max(told, part);
    },
    stop() {},
  };
}

/** The options of `load` among those of a command. */
export function loadOptions({ threads, variant }: CommonOptions): LoadOptions {
  return { threads, ...(variant ? { variant } : {}) };
}
