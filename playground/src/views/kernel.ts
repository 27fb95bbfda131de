// Kernel: heat map of Θ on a grid, its spectrum, and the share of each parameter block.

import type uPlot from "uplot";
import { latest, service } from "../client";
import type { KernelRequest, KernelResult } from "../compute/kernel";
import { announcer, fill, h, html, panel } from "../dom";
import { HeatMap } from "../heat";
import type { Mount } from "../mount";
import { format } from "../numbers";
import { chart, color, linspace } from "../plot";
import { readValues, type Spec, writeHash } from "../state";
import { Converging } from "./converging";
import { ACTIVATIONS, HELP, INITS, looks } from "./shared";

const INTRO = `<h1>Kernel</h1>
<p class="intro">Bright cells are pairs of inputs that learn from each other: a step that lowers the error at <i>x</i>′ moves the output at <i>x</i> by as
much as the kernel says. Its eigenvalues are the speeds at which patterns are learned, and that they fall so fast is why smooth patterns come first.</p>
<p class="formula">Θ(<i>x</i>, <i>x</i>′) = 1 + Σ<sub><i>j</i></sub> σ(<i>z<sub>j</sub></i>) σ(<i>z<sub>j</sub></i>′) +
(1 + <i>x x</i>′) Σ<sub><i>j</i></sub> <i>b<sub>j</sub></i>² σ′(<i>z<sub>j</sub></i>) σ′(<i>z<sub>j</sub></i>′),
&emsp;Θ = <i>Q</i> diag(<i>λ</i><sub>1</sub>, …, <i>λ<sub>N</sub></i>) <i>Q</i><sup>T</sup>
&emsp;(the sums are scaled by 1/<i>m</i> and the spreads under NTK initialisation)</p>`;
const NAMES: Record<string, string> = {
  a: "the part of a (output's bias)",
  b: "the part of b (output weights)",
  c: "the part of c (inner weights)",
  d: "the part of d (inner biases)",
};

export const SPEC = {
  width: {
    kind: "range",
    label: "Width m",
    min: 0,
    max: 13,
    step: 1,
    value: 8,
    show: (v: number) => (v === 13 ? "infinite" : String(2 ** v)),
    help: "The last place is the limit, without a seed.",
  },
  init: { kind: "select", label: "Initialisation", options: INITS, value: "ntk", help: HELP.init },
  activation: { kind: "select", label: "Activation", options: ACTIVATIONS, value: "sigmoid", help: HELP.activation },
  weightStd: { kind: "range", label: "Weight spread", min: 0.5, max: 12, step: 0.5, value: 4, help: HELP.weightStd },
  biasStd: { kind: "range", label: "Bias spread", min: 0, max: 12, step: 0.5, value: 4, help: HELP.biasStd },
  seed: { kind: "range", label: "Seed", min: 0, max: 50, step: 1, value: 1, help: HELP.seed },
  points: {
    kind: "range",
    label: "Grid points N",
    min: 16,
    max: 160,
    step: 8,
    value: 80,
    help: "Rows of the heat map, from −3 to 3.",
  },
  block: {
    kind: "select",
    label: "Heat map of",
    options: { all: "the whole kernel", ...NAMES },
    value: "all",
    help: "All of it, or what one block adds.",
  },
} as const satisfies Spec;

function requestOf(values: ReturnType<typeof readValues<typeof SPEC>>): KernelRequest {
  const { width, init, activation, weightStd, biasStd, seed, points, block } = values;
  const model = { init, activation } as Pick<KernelRequest, "init" | "activation">;
  return {
    ...model,
    width: width === 13 ? 0 : 2 ** width,
    weightStd,
    biasStd,
    seed,
    block,
    grid: linspace(-3, 3, points),
  };
}

/** Bars with numbers, as a definition list would have them. */
function shareBars(shares: Record<string, number>, activation: string): Node[] {
  const features: Record<string, string> = { a: "the constant", ...looks(activation) };
  return Object.entries(shares).flatMap(([name, share]) => {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${100 * share}%`;
    return [h("span", {}, `${name}: ${features[name].toLowerCase()}`), bar, h("span", {}, `${format(100 * share)} %`)];
  });
}

function spectrum(box: HTMLElement, signal: AbortSignal): uPlot {
  const dots = { show: true, size: 5, stroke: color("accent"), fill: color("accent") };
  return chart(box, signal, {
    label: "Eigenvalues of the kernel, largest first, as base-10 logarithms",
    height: 260,
    series: [{ stroke: color("accent"), width: 0, paths: () => null, points: dots }],
    x: { label: "index" },
    y: { label: "log₁₀ of the eigenvalue" },
    keys: [{ text: "log₁₀ λ", ink: "accent", mark: "dots", series: 1 }],
  });
}

/** The heat map, and what reads values off it: the pointer, a tap or two sliders choose the cell. */
class Probe {
  readonly element: HTMLElement;
  readonly #map = new HeatMap({ down: "x", right: "x′" }, (row, column) => {
    this.#x.value = String(row);
    this.#x2.value = String(column);
    this.#tell();
  });
  readonly #text = h("p", { class: "legend reading" });
  readonly #x = h("input", { type: "range", min: 0, max: 0, value: 0, id: "probe-x" });
  readonly #x2 = h("input", { type: "range", min: 0, max: 0, value: 0, id: "probe-x2" });
  #shown: { grid: Float64Array; result: KernelResult; name: string } | undefined;

  constructor() {
    const field = (id: string, label: string, input: HTMLElement) =>
      h("div", { class: "field" }, h("label", { for: id }, label), input);
    const controls = h(
      "div",
      { class: "probe", role: "group", "aria-label": "Value of a cell" },
      field("probe-x", "x (down)", this.#x),
      field("probe-x2", "x′ (right)", this.#x2),
      this.#text,
    );
    this.element = h("div", {}, this.#map.element, controls);
    for (const input of [this.#x, this.#x2]) input.addEventListener("input", () => this.#tell());
  }

  show(grid: Float64Array, result: KernelResult, block: string): void {
    const first = this.#shown?.result.size !== result.size;
    this.#shown = { grid, result, name: block === "all" ? "Θ" : `Θ_${block}` };
    this.#map.show(result.data, grid, `Heat map of ${block === "all" ? "the kernel" : NAMES[block]}`);
    for (const input of [this.#x, this.#x2]) {
      input.max = String(result.size - 1);
      if (first) input.value = String(result.size >> 1);
    }
    this.#tell();
  }

  #tell(): void {
    if (!this.#shown) return;
    const { grid, result, name } = this.#shown;
    const [i, j] = [this.#x.valueAsNumber, this.#x2.valueAsNumber];
    const at = (index: number) => format(grid[index], 2);
    const text = `${name}(${at(i)}, ${at(j)}) = ${format(result.data[i * result.size + j])}`;
    this.#map.mark(i, j);
    // Who moves a slider hears the value with it.
    for (const [input, index] of [[this.#x, i] as const, [this.#x2, j] as const])
      input.setAttribute("aria-valuetext", `${at(index)}, ${text}`);
    this.#text.textContent = text;
  }
}

export const mount: Mount = (root, params, signal) => {
  const values = readValues(SPEC, params);
  const status = h("p", { class: "status", id: "status" });
  const error = h("p", { class: "error", role: "alert" });
  const box = h("div", { class: "plot" });
  const shares = h("div", { class: "shares" });
  const title = h("h2", {}, "Heat map");
  const probe = new Probe();
  const say = announcer(signal);
  const section = (title: string, ...children: Node[]) => h("section", {}, h("h2", {}, title), ...children);
  const request = latest(
    signal,
    (asked: KernelRequest) => service.kernel(asked) as Promise<KernelResult>,
    (result, { grid, width, block, activation }) => {
      error.textContent = "";
      title.textContent = block === "all" ? "Heat map" : `Heat map: ${NAMES[block]}`;
      probe.show(grid, result, block);
      const floor = result.values[0] * result.size * Number.EPSILON;
      const above = result.values.filter((value) => value > floor);
      plot.setData([above.map((_, i) => i + 1), above.map(Math.log10)]);
      fill(shares, shareBars(result.shares, activation as string));
      const name = width === 0 ? "Infinite width" : `Width ${width}`;
      status.textContent = `${name}: ${above.length} of ${result.size} eigenvalues above rounding, the largest ${format(result.values[0])}.`;
      say(status.textContent);
    },
    (problem) => {
      error.textContent = problem.message;
    },
  );
  const converging = new Converging(signal, () => requestOf(values));
  const ask = (key?: string) => {
    writeHash("kernel", SPEC, values);
    // What is drawn is the same for every block.
    if (key !== "block") converging.clear();
    request(requestOf(values));
  };
  const controls = panel(SPEC, values, ask);
  const aside = h("aside", { "aria-label": "Settings" }, controls);
  const panels = h(
    "div",
    { class: "panels" },
    h("section", {}, title, probe.element),
    h("div", {}, section("Spectrum", box), section("Share of each block in the trace", shares)),
  );
  root.append(
    html(INTRO),
    h(
      "div",
      { class: "layout" },
      h("section", { "aria-label": "Kernel" }, panels, status, error, converging.element),
      aside,
    ),
  );
  const plot = spectrum(box, signal);
  converging.draw();
  ask();
};
