// Kernel: heat map of Θ on a grid, its spectrum, and the share of each parameter block.
import type uPlot from "uplot";
import { latest, service } from "../client";
import type { KernelRequest, KernelResult } from "../compute/kernel";
import { fill, format, h, html, panel } from "../dom";
import { drawBar, drawHeat, extent } from "../heat";
import type { Mount } from "../mount";
import { chart, color, linspace } from "../plot";
import { readValues, type Spec, writeHash } from "../state";
import { Converging } from "./converging";
import { ACTIVATIONS, INITS } from "./shared";

const INTRO = `<h1>Kernel</h1>
<p class="intro">Bright cells are pairs of inputs that learn from each other: a step that lowers the error at <i>x</i>′ moves the output at <i>x</i> by as
much as the kernel says. Its eigenvalues are the speeds at which patterns are learned, and that they fall so fast is why smooth patterns come first.</p>
<p class="formula">Θ(<i>x</i>, <i>x</i>′) = 1 + Σ<sub><i>j</i></sub> σ(<i>z<sub>j</sub></i>) σ(<i>z<sub>j</sub></i>′) +
(1 + <i>x x</i>′) Σ<sub><i>j</i></sub> <i>b<sub>j</sub></i>² σ′(<i>z<sub>j</sub></i>) σ′(<i>z<sub>j</sub></i>′),
&emsp;Θ = <i>Q</i> diag(<i>λ</i><sub>1</sub>, …, <i>λ<sub>N</sub></i>) <i>Q</i><sup>T</sup>
&emsp;(the sums are scaled by 1/<i>m</i> and the spreads under NTK initialisation)</p>`;
const NAMES: Record<string, string> = {
  a: "a, the constant",
  b: "b, sigmoids",
  c: "c, impulse responses",
  d: "d, bells",
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
  },
  init: { kind: "select", label: "Initialisation", options: INITS, value: "ntk" },
  activation: { kind: "select", label: "Activation", options: ACTIVATIONS, value: "sigmoid" },
  weightStd: { kind: "range", label: "Weight spread", min: 0.5, max: 12, step: 0.5, value: 4 },
  biasStd: { kind: "range", label: "Bias spread", min: 0, max: 12, step: 0.5, value: 4 },
  seed: { kind: "range", label: "Seed", min: 0, max: 50, step: 1, value: 1 },
  points: { kind: "range", label: "Grid points N", min: 16, max: 160, step: 8, value: 80 },
  block: { kind: "select", label: "Heat map of", options: { all: "the whole kernel", ...NAMES }, value: "all" },
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
function shareBars(shares: Record<string, number>): Node[] {
  const entries = Object.entries(shares);
  if (entries.length === 0)
    return [h("p", {}, "Shares are of the blocks of a finite network; choose a finite width to see them.")];
  return entries.flatMap(([name, share]) => {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${100 * share}%`;
    return [h("span", {}, NAMES[name] ?? name), bar, h("span", {}, `${format(100 * share)} %`)];
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
  });
}

/** Reads values off the heat map: the pointer or two sliders choose the cell. */
class Probe {
  readonly element: HTMLElement;
  readonly #text = h("output", { class: "legend" });
  readonly #x = h("input", { type: "range", min: 0, max: 0, value: 0, id: "probe-x" });
  readonly #x2 = h("input", { type: "range", min: 0, max: 0, value: 0, id: "probe-x2" });
  #shown: { grid: Float64Array; result: KernelResult } | undefined;

  constructor(canvas: HTMLCanvasElement) {
    const field = (id: string, label: string, input: HTMLElement) =>
      h("div", { class: "field" }, h("label", { for: id }, label), input);
    this.element = h(
      "div",
      { class: "probe", role: "group", "aria-label": "Value of a cell" },
      field("probe-x", "x (down)", this.#x),
      field("probe-x2", "x′ (right)", this.#x2),
      this.#text,
    );
    for (const input of [this.#x, this.#x2]) input.addEventListener("input", () => this.#tell());
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const cell = (share: number) => String(Math.floor(share * (this.#shown?.result.size ?? 1)));
      this.#x.value = cell((event.clientY - box.top) / box.height);
      this.#x2.value = cell((event.clientX - box.left) / box.width);
      this.#tell();
    });
  }

  show(grid: Float64Array, result: KernelResult): void {
    const first = this.#shown?.result.size !== result.size;
    this.#shown = { grid, result };
    for (const input of [this.#x, this.#x2]) {
      input.max = String(result.size - 1);
      if (first) input.value = String(result.size >> 1);
    }
    this.#tell();
  }

  #tell(): void {
    if (!this.#shown) return;
    const { grid, result } = this.#shown;
    const [i, j] = [this.#x.valueAsNumber, this.#x2.valueAsNumber];
    const at = (index: number) => format(grid[index], 2);
    for (const [input, index] of [[this.#x, i] as const, [this.#x2, j] as const])
      input.setAttribute("aria-valuetext", at(index));
    this.#text.textContent = `Θ(${at(i)}, ${at(j)}) = ${format(result.data[i * result.size + j])}`;
  }
}

export const mount: Mount = (root, params, signal) => {
  const values = readValues(SPEC, params);
  const status = h("p", { class: "status", id: "status", "aria-live": "polite" });
  const error = h("p", { class: "error", role: "alert" });
  const canvas = h("canvas", { class: "heat", role: "img", "aria-label": "Heat map of the kernel" });
  const bar = h("canvas", { class: "colours", width: 256, height: 1, "aria-hidden": "true" });
  const ends = h("p", { class: "legend" });
  const box = h("div", { class: "plot" });
  const shares = h("div", { class: "shares" });
  const probe = new Probe(canvas);
  drawBar(bar);
  const section = (title: string, ...children: Node[]) => h("section", {}, h("h2", {}, title), ...children);
  const request = latest(
    signal,
    (asked: KernelRequest) => service.kernel(asked) as Promise<KernelResult>,
    (result, { grid, width }) => {
      error.textContent = "";
      const [low, high] = extent(result.data);
      drawHeat(canvas, result.data, result.size, low, high);
      probe.show(grid, result);
      ends.textContent = `dark ${format(low)}, bright ${format(high)}`;
      const floor = result.values[0] * result.size * Number.EPSILON;
      const above = result.values.filter((value) => value > floor);
      plot.setData([above.map((_, i) => i + 1), above.map(Math.log10)]);
      fill(shares, shareBars(result.shares));
      const name = width === 0 ? "Infinite width" : `Width ${width}`;
      status.textContent = `${name}: ${above.length} of ${result.size} eigenvalues above rounding, the largest ${format(result.values[0])}.`;
    },
    (problem) => {
      error.textContent = problem.message;
    },
  );
  const converging = new Converging(signal, () => requestOf(values));
  const ask = () => {
    writeHash("kernel", SPEC, values);
    converging.clear();
    request(requestOf(values));
  };
  const controls = panel(SPEC, values, ask);
  const aside = h("aside", { "aria-label": "Settings" }, controls);
  const panels = h(
    "div",
    { class: "panels" },
    section("Heat map", canvas, bar, ends, probe.element),
    h("div", {}, section("Spectrum", box), section("Share of each block in the trace", shares)),
  );
  root.append(
    html(INTRO),
    h("div", { class: "layout" }, h("section", { "aria-label": "Kernel" }, panels, status, error), aside),
    converging.element,
  );
  const plot = spectrum(box, signal);
  converging.draw();
  ask();
};
