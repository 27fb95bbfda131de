// Regression: points to edit, the fit with its band, posterior samples, finite against infinite width.
import type uPlot from "uplot";
import { latest, service } from "../client";
import type { RegressionRequest, RegressionResult } from "../compute/regression";
import { bundled, type Data, decode, encode, formatCsv, MAX_POINTS, parseCsv, point } from "../data";
import { download, format, h, html, panel } from "../dom";
import type { Mount } from "../main";
import { chart, color, drawPoints, extent, linspace } from "../plot";
import { pointEditor } from "../pointer";
import { readValues, type Values, writeHash } from "../state";
import { pointTable } from "../table";
import { SPEC } from "./regressionSpec";

const GRID = 181;
const SAMPLES = 8;
const INTRO = `<h1>Regression</h1>
<p class="intro">The curve is the end of training a wide network to first order: ridge regression with its tangent kernel. The band is ±2σ of a new
observation: wide where points are far or scattered, narrow where they agree.</p>
<p class="formula"><i>f</i>(<i>x</i>) = Θ(<i>x</i>, <i>X</i>) (Θ(<i>X</i>, <i>X</i>) + <i>λI</i>)<sup>−1</sup> <i>Y</i>,
&emsp;Θ(<i>x</i>, <i>x</i>′) = ∇<sub><i>θ</i></sub><i>f</i>(<i>x</i>)·∇<sub><i>θ</i></sub><i>f</i>(<i>x</i>′)</p>`;

/** Axis limits that hold all points and the frame; those of x are also the grid's. */
function limits({ points, frame }: Data): { x: [number, number]; y: [number, number] } {
  const span = (values: number[], middle: number, unit: number): [number, number] => {
    const [low, high] = extent([middle - 1.6 * unit, ...values, middle + 1.6 * unit]);
    return [low - 0.08 * (high - low), high + 0.08 * (high - low)];
  };
  return {
    x: span(
      points.map((p) => p.x),
      frame.x,
      frame.sx,
    ),
    y: span(
      points.map((p) => p.y),
      frame.y,
      frame.sy,
    ),
  };
}

class View {
  readonly values: Values<typeof SPEC>;
  data: Data;
  view: { x: [number, number]; y: [number, number] };
  /** Whether the points differ from the bundled data set: then they are in the address. */
  own: boolean;
  result: RegressionResult | undefined;
  grid: Float64Array;
  plot!: uPlot;
  readonly box = h("div", { class: "plot editable" });
  readonly status = h("p", { class: "status", "aria-live": "polite", id: "status" });
  readonly error = h("p", { class: "error", role: "alert" });
  readonly table;
  readonly #fit: (request: RegressionRequest) => void;
  #timer = 0;
  #way = "";

  constructor(values: View["values"], data: Data, own: boolean, signal: AbortSignal) {
    this.values = values;
    this.data = data;
    this.own = own;
    this.view = limits(this.data);
    this.grid = linspace(...this.view.x, GRID);
    this.table = pointTable(
      (id, x, y) => this.edit(() => this.move(id, x, y)),
      (id) => this.edit(() => this.remove(id)),
    );
    this.#fit = latest(
      signal,
      (request) => service.fit(request) as Promise<RegressionResult>,
      (result, request) => this.show(result, request.grid),
      (error) => this.fail(error.message),
    );
  }

  /** Changes the points, then the address, the table and the fit. */
  edit(change: () => void, dragging = false): void {
    change();
    this.own = true;
    if (!dragging) this.settle();
    this.refit();
  }

  move(id: number, x: number, y: number): void {
    const at = this.data.points.findIndex((p) => p.id === id);
    if (at >= 0) this.data.points[at] = { id, x, y };
  }

  remove(id: number): void {
    this.data.points = this.data.points.filter((p) => p.id !== id);
  }

  add(x: number, y: number): number {
    if (this.data.points.length >= MAX_POINTS) {
      this.fail(`There are ${MAX_POINTS} points already, the most that the playground takes.`);
      return -1;
    }
    const added = point(x, y);
    this.data.points.push(added);
    return added.id;
  }

  use(data: Data, own: boolean): void {
    this.data = data;
    this.own = own;
    this.settle();
    this.refit();
  }

  /** After a drag: the axes, the table and the address follow the data. */
  settle(): void {
    this.view = limits(this.data);
    this.grid = linspace(...this.view.x, GRID);
    this.table.update(this.data);
    this.save();
  }

  save(): void {
    writeHash("regression", SPEC, this.values, this.own ? encode(this.data) : {});
  }

  refit(): void {
    this.error.textContent = "";
    const { points, frame } = this.data;
    const { width, activation, weightStd, biasStd, seed, ridge, model, samples } = this.values;
    if (points.length === 0) {
      this.result = undefined;
      this.draw();
      this.status.textContent = "No points yet: click in the plot to add one.";
      return;
    }
    this.#fit({
      points,
      frame,
      settings: {
        width: 2 ** width,
        activation: activation as RegressionRequest["settings"]["activation"],
        weightStd,
        biasStd,
        seed,
        ridge: 10 ** ridge,
      },
      model: model as RegressionRequest["model"],
      grid: this.grid,
      draws: samples ? SAMPLES : 0,
    });
  }

  show(result: RegressionResult, grid: Float64Array): void {
    if (this.data.points.length === 0) return;
    this.result = result;
    this.draw(grid);
    this.box.dataset.fits = String(Number(this.box.dataset.fits ?? 0) + 1);
    const { how, milliseconds, variant } = result;
    // After a drag the same fit is only drawn anew: what counts is how it came about.
    if (how !== "kept")
      this.#way = `${how === "fit" ? "Fitted" : "Updated"} in ${milliseconds.toFixed(1)} ms (${variant}).`;
    // Screen readers hear the last of many results.
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.report(result), 120);
  }

  report({ finite, infinite }: RegressionResult): void {
    const names = { finite: `Width ${2 ** this.values.width}`, infinite: "Infinite width" };
    const of = (name: string, curve: NonNullable<RegressionResult["finite"]>) =>
      `${name}: leave-one-out error ${format(curve.loo)}, ${format(curve.degreesOfFreedom)} degrees of freedom`;
    const parts = [finite && of(names.finite, finite), infinite && of(names.infinite, infinite)].filter(Boolean);
    this.status.textContent = `${this.data.points.length} points. ${parts.join(". ")}. ${this.#way}`;
  }

  fail(message: string): void {
    this.error.textContent = message;
  }

  draw(grid = this.grid): void {
    const main = this.result?.finite ?? this.result?.infinite;
    const second = this.result?.finite ? this.result.infinite : undefined;
    const samples = Array.from({ length: SAMPLES }, (_, i) => main?.samples[i]);
    const none = () => new Array(grid.length).fill(null);
    const columns = [main?.high, main?.low, ...samples, second?.mean, main?.mean].map((c) => c ?? none());
    this.plot.setData([grid, ...columns] as uPlot.AlignedData);
  }
}

function makePlot(view: View, signal: AbortSignal): void {
  const line = (stroke: string, width = 1, dash?: number[]): uPlot.Series => ({
    stroke: color(stroke),
    width,
    dash,
    points: { show: false },
  });
  const edge: uPlot.Series = { stroke: "transparent", points: { show: false } };
  view.plot = chart(view.box, signal, {
    label: "Points, mean and ±2σ band of the fit. The table of points below does all that the pointer does here.",
    height: Math.min(440, Math.max(300, innerHeight * 0.5)),
    series: [
      edge,
      edge,
      ...Array.from({ length: SAMPLES }, () => line("sample")),
      line("second", 2, [6, 4]),
      line("accent", 2.5),
    ],
    bands: [{ series: [1, 2], fill: color("accent-soft") }],
    x: { label: view.data.labels[0], range: () => view.view.x },
    y: { label: view.data.labels[1], range: () => view.view.y },
    hooks: { draw: [(plot) => drawPoints(plot, view.data.points, 4)] },
  });
  pointEditor(view, signal);
}

/** Buttons for files in and out. */
function fileButtons(view: View, remake: () => void): HTMLElement {
  const input = h("input", { type: "file", accept: ".csv,text/csv", id: "csv" });
  input.addEventListener("change", async () => {
    const [file] = input.files ?? [];
    if (!file) return;
    input.value = "";
    try {
      view.use(await parseCsv(await file.text()), true);
      remake();
    } catch (error) {
      view.fail(`${file.name}: ${(error as Error).message}`);
    }
  });
  const points = async () => download("points.csv", "text/csv", await formatCsv(view.data));
  const json = async () => download("fit.json", "application/json", await service.fitJson());
  const csv = () => {
    const main = view.result?.finite ?? view.result?.infinite;
    if (!main) return view.fail("There is no fit to download yet: add a point first.");
    const rows = Array.from(view.grid, (x, i) => [x, main.mean[i], main.low[i], main.high[i]].join(","));
    download("fit.csv", "text/csv", `x,mean,low,high\n${rows.join("\n")}\n`);
  };
  return h(
    "div",
    { class: "row" },
    h("label", { class: "file" }, "Load a CSV file", input),
    h("button", { type: "button", onclick: () => void points() }, "Points as CSV"),
    h("button", { type: "button", onclick: () => void json() }, "Fit as JSON"),
    h("button", { type: "button", onclick: csv }, "Fit as CSV"),
  );
}

export const mount: Mount = async (root, params, signal) => {
  const values = readValues(SPEC, params);
  let shared: Data | undefined;
  let problem = "";
  try {
    shared = decode(params);
  } catch (error) {
    problem = (error as Error).message;
  }
  const view = new View(values, shared ?? (await bundled(values.data)), shared !== undefined, signal);
  if (signal.aborted) return;
  let inner = new AbortController();
  const remake = () => {
    inner.abort();
    inner = new AbortController();
    makePlot(view, AbortSignal.any([signal, inner.signal]));
    view.draw();
  };
  const restart = async (name: string) => {
    const data = await bundled(name);
    if (signal.aborted || name !== view.values.data) return;
    view.use(data, false);
    remake();
  };
  const controls = panel(SPEC, view.values, (key) => {
    if (key === "data") {
      restart(view.values.data).catch((error: Error) => view.fail(error.message));
      return;
    }
    view.save();
    if (key !== "click") view.refit();
  });
  const legend = h(
    "p",
    { class: "legend" },
    "Click to add a point, drag to move it. Solid: mean; shaded: ±2σ; thin: posterior samples; dashed: infinite width, which takes longest where its kernel has no closed form (tanh, say).",
  );
  const plotting = h(
    "section",
    { "aria-label": "Plot" },
    view.box,
    legend,
    view.status,
    view.error,
    view.table.element,
  );
  root.append(
    html(INTRO),
    h(
      "div",
      { class: "layout" },
      plotting,
      h("aside", { "aria-label": "Settings" }, controls, fileButtons(view, remake)),
    ),
  );
  remake();
  view.settle();
  view.refit();
  if (problem) view.fail(problem);
};

export type RegressionView = View;
