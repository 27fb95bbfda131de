// Speed: WebAssembly against JavaScript in the visitor's own browser.
import { service } from "../client";
import { TASKS, VARIANTS, type Variant } from "../compute/tasks";
import { fill, format, h, html } from "../dom";
import type { Mount } from "../mount";

const INTRO = `<h1>Speed</h1>
<p class="intro">The same public calls, timed in this browser on every build that it can run: WebAssembly with fused multiply-add (relaxed), with plain SIMD, and
tuned JavaScript. Bars are median times, shorter is faster; GFLOP/s counts the multiplications and additions of the textbook algorithm.</p>
<p class="formula">GFLOP/s = operations / (10<sup>6</sup> × milliseconds), &emsp;Gram: 2<i>N</i>²<i>m</i>, &emsp;Cholesky: <i>n</i>³/3</p>`;
const NAMES: Record<Variant, string> = { relaxed: "WASM relaxed", simd: "WASM SIMD", js: "JavaScript" };

type Times = Map<string, Partial<Record<Variant, number>>>;

/** Header and rows of the table, as text. */
function rowsOf(times: Times): string[][] {
  const head = ["call (ms)", ...VARIANTS.map((variant) => NAMES[variant]), "JS / fastest", "best GFLOP/s"];
  const rows = [...times].map(([name, row]) => {
    const { title, flops } = TASKS[name];
    const known = VARIANTS.flatMap((variant) => row[variant] ?? []);
    const best = Math.min(...known);
    const ratio = row.js === undefined ? "" : `${format(row.js / best, 2)}×`;
    const cells = VARIANTS.map((variant) => row[variant]?.toFixed(1) ?? "–");
    return [title, ...cells, ratio, flops && known.length > 0 ? (flops / best / 1e6).toFixed(1) : "–"];
  });
  return [head, ...rows];
}

function table(times: Times): HTMLElement {
  const [head, ...rows] = rowsOf(times);
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

function bars(times: Times): HTMLElement[] {
  return [...times].map(([name, row]) => {
    const slowest = Math.max(...VARIANTS.map((variant) => row[variant] ?? 0));
    const lines = VARIANTS.flatMap((variant) => {
      const ms = row[variant];
      if (ms === undefined) return [];
      const bar = h("span", { class: "bar" });
      bar.style.width = `${(100 * ms) / slowest}%`;
      const { flops } = TASKS[name];
      const rate = flops ? `, ${(flops / ms / 1e6).toFixed(1)} GFLOP/s` : "";
      return [h("span", {}, NAMES[variant]), h("span", {}, bar), h("span", {}, `${ms.toFixed(1)} ms${rate}`)];
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
  let stop = false;

  async function measure(): Promise<void> {
    [stop, start.disabled, cancel.disabled, copy.disabled] = [false, true, false, true];
    times.clear();
    const jobs = Object.keys(TASKS).flatMap((task) => VARIANTS.map((variant) => ({ task, variant })));
    let done = 0;
    for (const { task, variant } of jobs) {
      if (stop || signal.aborted) break;
      status.textContent = `${TASKS[task].title}: ${NAMES[variant]} …`;
      const ms = await service.time(variant, task);
      times.set(task, { ...times.get(task), [variant]: ms });
      progress.value = ++done / jobs.length;
      fill(charts, bars(times));
      holder.replaceChildren(table(times));
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
    const text = rowsOf(times)
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
  root.append(html(INTRO), h("div", { class: "row" }, start, cancel, copy, progress), status, charts, holder);
};
