// Speed: WebAssembly against JavaScript, and threads against one, in the visitor's own browser. It measures by itself.
import "./speed.css";
import { service } from "../client";
import { spreadOf } from "../compute/spread";
import { TASKS, type Threads } from "../compute/tasks";
import { announce, fill, h, html } from "../dom";
import type { Mount } from "../mount";
import { bars, disturbed, headline, type Names, namesOf, type Rounds, rowsOf, type Times, table } from "./speedReport";

const INTRO = `<h1>Speed</h1>
<p class="intro">The same public calls, timed in this browser on every build that it can run: WebAssembly with fused multiply-add (relaxed), with plain SIMD, and
tuned JavaScript, one thread each. Where the page may share memory, threads run the fastest of them. The contenders take turns, so that what disturbs one disturbs all.
Bars are median times, shorter is faster, and the marks on them the quartiles; GFLOP/s counts the multiplications and additions of the textbook algorithm.</p>
<p class="formula">GFLOP/s = operations / (10<sup>6</sup> × milliseconds), &emsp;Gram: 2<i>N</i>²<i>m</i>, &emsp;Cholesky: <i>n</i>³/3</p>`;

/** Turns of every contender in every task. */
const ROUNDS = 9;
/** A task whose turns take longer ends after three of them. */
const BUDGET_MS = 3000;
/** Pages settle before they are measured. */
const SETTLE_MS = 400;

function describe({ threads, reason }: Threads): string {
  if (threads > 1) return `${threads} threads share each call here; the other times are of one thread.`;
  return `One thread: ${reason ?? "this machine runs one at a time"}.`;
}

/** One measurement of everything: asks, shows, and can be cancelled. */
class Measurement {
  readonly status = h("p", { class: "status", id: "status" }, "The measurement begins at once …");
  readonly head = h("p", { class: "headline", id: "headline" });
  readonly progress = h("progress", { max: 1, value: 0, "aria-label": "Measurements done" });
  readonly start = h("button", { type: "button" }, "Measure again");
  readonly cancel = h("button", { type: "button" }, "Cancel");
  readonly copy = h("button", { type: "button" }, "Copy the table");
  readonly charts = h("div", { class: "panels", id: "bars" });
  readonly table = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table of times" });
  #times: Times = new Map();
  #names: Names = [];
  #stop = false;
  #hidden = false;

  constructor(
    readonly threads: Promise<Threads>,
    readonly signal: AbortSignal,
  ) {
    this.start.addEventListener("click", () => void this.run());
    this.cancel.addEventListener("click", () => {
      this.#stop = true;
    });
    this.copy.addEventListener("click", () => void this.#copy());
    const hidden = () => {
      this.#hidden ||= document.hidden;
    };
    document.addEventListener("visibilitychange", hidden, { signal });
    this.#idle(true);
  }

  async run(): Promise<void> {
    this.#stop = false;
    this.#hidden = document.hidden;
    this.#times = new Map();
    this.#idle(false);
    fill(this.head);
    try {
      this.#names = namesOf(await this.threads);
      await this.#measure();
      this.status.textContent = this.#stop
        ? "Cancelled: what is shown is of the rounds before."
        : ["Done.", ...disturbed(this.#times, this.#names, this.#hidden)].join(" ");
    } catch (error) {
      this.status.textContent = `The measurement failed: ${(error as Error).message}`;
    }
    if (this.signal.aborted) return;
    this.#idle(true);
    announce(`${this.head.textContent} ${this.status.textContent}`);
  }

  async #measure(): Promise<void> {
    const over = () => this.#stop || this.signal.aborted;
    const tasks = Object.entries(TASKS);
    for (const [k, [task, { title }]] of tasks.entries()) {
      const rounds: Rounds = new Map();
      const began = performance.now();
      for (let round = 0; round < ROUNDS; round++) {
        this.status.textContent = `${title}: round ${round + 1} of ${ROUNDS} …`;
        // There and back: nobody is always first.
        for (const [build] of round % 2 ? this.#names.toReversed() : this.#names) {
          if (over()) return;
          const ms = await service.time(build, task);
          if (over()) return;
          if (ms !== undefined) rounds.set(build, [...(rounds.get(build) ?? []), ms]);
        }
        this.#times.set(task, new Map([...rounds].map(([build, times]) => [build, spreadOf(times)])));
        this.progress.value = (k + (round + 1) / ROUNDS) / tasks.length;
        this.#show();
        if (round >= 2 && performance.now() - began > BUDGET_MS) break;
      }
    }
    this.progress.value = 1;
  }

  #show(): void {
    fill(this.head, headline(this.#times, this.#names));
    fill(this.charts, bars(this.#times, this.#names));
    fill(this.table, table(this.#times, this.#names));
  }

  #idle(is: boolean): void {
    this.start.disabled = !is;
    this.cancel.disabled = is;
    this.copy.disabled = !is || this.#times.size === 0;
  }

  async #copy(): Promise<void> {
    const text = rowsOf(this.#times, this.#names)
      .map((row) => row.join("\t"))
      .join("\n");
    try {
      await navigator.clipboard.writeText(text);
      this.status.textContent = "The table is in the clipboard.";
    } catch {
      this.status.textContent = "This browser gives no access to the clipboard: select the table and copy it.";
    }
    announce(this.status.textContent);
  }
}

export const mount: Mount = (root, _params, signal) => {
  const counted = service.threads() as Promise<Threads>;
  const note = h("p", { id: "threads" }, "Counting threads …");
  counted.then(
    (threads) => {
      note.textContent = describe(threads);
    },
    (error: Error) => {
      note.textContent = `The threads were not counted: ${error.message}`;
    },
  );
  const measurement = new Measurement(counted, signal);
  const { start, cancel, copy, progress, status, head, charts, table } = measurement;
  root.append(
    html(INTRO),
    head,
    note,
    h("div", { class: "row" }, start, cancel, copy, progress),
    status,
    charts,
    table,
  );
  const timer = setTimeout(() => void measurement.run(), SETTLE_MS);
  signal.addEventListener("abort", () => clearTimeout(timer));
};
