// Regression: points to edit, the fit with its band, posterior samples, finite against infinite width.
import type uPlot from "uplot";
import { service } from "../client";
import { bundled, type Data, decode, formatCsv, parseCsv } from "../data";
import { download, h, html, panel } from "../dom";
import type { Mount } from "../mount";
import { chart, color, drawPoints } from "../plot";
import { pointEditor } from "../pointer";
import { readValues } from "../state";
import { SPEC } from "./regressionSpec";
import { RegressionView, SAMPLES } from "./regressionView";

const INTRO = `<h1>Regression</h1>
<p class="intro">The curve is the end of training a wide network to first order: ridge regression with its tangent kernel. The band is ±2σ of a new
observation: wide where points are far or scattered, narrow where they agree.</p>
<p class="formula"><i>f</i>(<i>x</i>) = Θ(<i>x</i>, <i>X</i>) (Θ(<i>X</i>, <i>X</i>) + <i>λI</i>)<sup>−1</sup> <i>Y</i>,
&emsp;Θ(<i>x</i>, <i>x</i>′) = ∇<sub><i>θ</i></sub><i>f</i>(<i>x</i>)·∇<sub><i>θ</i></sub><i>f</i>(<i>x</i>′)</p>`;

function makePlot(view: RegressionView, signal: AbortSignal): void {
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
function fileButtons(view: RegressionView, remake: () => void): HTMLElement {
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
  const view = new RegressionView(values, shared ?? (await bundled(values.data)), shared !== undefined, signal);
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
