// Speed: WebAssembly against JavaScript, and threads against one, in the visitor's own browser.
import { service } from "../client";
import { BUILDS, type Build, TASKS, type Threads } from "../compute/tasks";
import { fill, format, h, html } from "../dom";
import type { Mount } from "../mount";

const INTRO = `<h1>Speed</h1>
<p class="intro">The same public calls, timed in this browser on every build that it can run: WebAssembly with fused multiply-add (relaxed), with plain SIMD, and
tuned JavaScript, one thread each. Where the page may share memory, threads run the fastest of them. Bars are median times, shorter is faster; GFLOP/s counts the multiplications and additions of the textbook algorithm.</p>
<p class="formula">GFLOP/s = operations / (10<sup>6</sup> × milliseconds), &emsp;Gram: 2<i>N</i>²<i>m</i>, &emsp;Cholesky: <i>n</i>³/3</p>`;

type Times = Map<string, Partial<Record<Build, number>>>;

/** What is timed, with names for people: threads only where there are more than one. */
type Names = [Build, string][];

function namesOf({ threads }: Threads): Names {
  const names = { threads: `${threads} threads`, relaxed: "WASM relaxed", simd: "WASM SIMD", js: "JavaScript" };
  return BUILDS.filter((build) => build !== "threads" || threads > 1).map((build) => [build, names[build]]);
}

function describe({ threads, reason }: Threads): string {
  if (threads > 1) return `${threads} threads share each call here; the other times are of one thread.`;
  return `One thread: ${reason ?? "this machine runs one at a time"}.`;
}

/** Header and rows of the table, as text. */
function rowsOf(times: Times, names: Names): string[][] {
  const [[first, name]] = names;
  const threads = first === "threads";
  const ratios = threads ? [`one thread / ${name}`, "JS / fastest"] : ["JS / fastest"];
  const head = ["call (ms)", ...names.map(([, each]) => each), ...ratios, "best GFLOP/s"];
  const rows = [...times].map(([name, row]) => {
    const { title, flops } = TASKS[name];
    const known = names.flatMap(([build]) => row[build] ?? []);
    const best = Math.min(...known);
    const over = (ms: number | undefined, by: number | undefined) => (ms && by ? `${format(ms / by, 2)}×` : "");
    const cells = names.map(([build]) => row[build]?.toFixed(1) ?? "–");
    // What threads run is the fastest WebAssembly.
    const shared = threads ? [over(row.relaxed ?? row.simd, row.threads)] : [];
    return [
      title,
      ...cells,
      ...shared,
      over(row.js, best),
      flops && known.length > 0 ? (flops / best / 1e6).toFixed(1) : "–",
    ];
  });
  return [head, ...rows];
}

function table(times: Times, names: Names): HTMLElement {
  const [head, ...rows] = rowsOf(times, names);
  return h(
    "table",
    { class: "speed" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head.map((text) => h("th", { scope: "col" }, text)),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map(([first, ...rest]) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, first),
          rest.map((text) => h("td", {}, text)),
        ),
      ),
    ),
  );
}

function bars(times: Times, names: Names): HTMLElement[] {
  return [...times].map(([name, row]) => {
    const slowest = names.reduce((most, [build]) => Math.max(most, row[build] ?? 0), 0);
    const lines = names.flatMap(([build, text]) => {
      const ms = row[build];
      if (ms === undefined) return [];
      const bar = h("span", { class: "bar" });
      bar.style.width = `${(100 * ms) / slowest}%`;
      const { flops } = TASKS[name];
      const rate = flops ? `, ${(flops / ms / 1e6).toFixed(1)} GFLOP/s` : "";
      return [h("span", {}, text), h("span", {}, bar), h("span", {}, `${ms.toFixed(1)} ms${rate}`)];
    });
    for (const line of lines) if (line.firstElementChild) line.style.display = "grid";
    return h("section", {}, h("h2", {}, TASKS[name].title), h("div", { class: "shares" }, lines));
  });
}

export const mount: Mount = (root, _params, signal) => {
  const status = h("p", { class: "status", id: "status", "aria-live": "polite" }, "Nothing has been measured yet.");
  const progress = h("progress", { max: 1, value: 0, "aria-label": "Measurements done" });
  const [start, cancel, copy] = ["Measure", "Cancel", "Copy the table"].map((text) =>
    h("button", { type: "button" }, text),
  );
  cancel.disabled = true;
  copy.disabled = true;
  const charts = h("div", { class: "panels", id: "bars" });
  const holder = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table of times" });
  const times: Times = new Map();
  const note = h("p", { id: "threads" }, "Counting threads …");
  const counted = service.threads();
  let names: Names = [];
  let stop = false;

  async function measure(): Promise<void> {
    [stop, start.disabled, cancel.disabled, copy.disabled] = [false, true, false, true];
    times.clear();
    names = namesOf(await counted);
    const jobs = Object.keys(TASKS).flatMap((task) => names.map(([build, name]) => ({ task, build, name })));
    let done = 0;
    for (const { task, build, name } of jobs) {
      if (stop || signal.aborted) break;
      status.textContent = `${TASKS[task].title}: ${name} …`;
      const ms = await service.time(build, task);
      times.set(task, { ...times.get(task), [build]: ms });
      progress.value = ++done / jobs.length;
      fill(charts, bars(times, names));
      holder.replaceChildren(table(times, names));
    }
    status.textContent = stop ? `Cancelled after ${done} of ${jobs.length} measurements.` : "Done.";
    [start.disabled, cancel.disabled, copy.disabled] = [false, true, times.size === 0];
  }

  start.addEventListener("click", () => {
    measure().catch((error: Error) => {
      status.textContent = `The measurement failed: ${error.message}`;
      [start.disabled, cancel.disabled] = [false, true];
    });
  });
  cancel.addEventListener("click", () => {
    stop = true;
  });
  copy.addEventListener("click", async () => {
    const text = rowsOf(times, names)
      .map((row) => row.join("\t"))
      .join("\n");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      status.textContent = "This browser gives no access to the clipboard: select the table and copy it.";
      return;
    }
    status.textContent = "The table is in the clipboard.";
  });
  counted.then(
    (threads) => {
      note.textContent = describe(threads);
    },
    (error: Error) => {
      note.textContent = `The threads were not counted: ${error.message}`;
    },
  );
  root.append(html(INTRO), note, h("div", { class: "row" }, start, cancel, copy, progress), status, charts, holder);
};
