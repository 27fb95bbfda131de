// The regression view's plot and its legend, with the values at the pointer.

import type uPlot from "uplot";
import { h } from "../dom";
import { format } from "../numbers";
import { chart, color, drawPoints, type Mark, swatch } from "../plot";
import { pointEditor } from "../pointer";
import { timeText } from "../ticks";
import { embedded } from "./embed";
import { type RegressionView, SAMPLES } from "./regressionView";

/** Points get smaller where there are many. */
const radius = (count: number) => (count > 500 ? 2 : count > 200 ? 3 : 4);
/** Places of the curves among the plot's series. */
const SERIES = { high: 1, low: 2, infinite: SAMPLES + 3, mean: SAMPLES + 4 };

export function makePlot(view: RegressionView, legend: Legend, signal: AbortSignal): void {
  const line = (stroke: string, width = 1, dash?: number[]): uPlot.Series => ({
    stroke: color(stroke),
    width,
    dash,
    points: { show: false },
  });
  const edge: uPlot.Series = { stroke: "transparent", points: { show: false } };
  const { labels, times } = view.data;
  const named = (k: 0 | 1) => (times?.[k] ? `${labels[k]} (UTC)` : labels[k]);
  view.plot = chart(view.box, signal, {
    label: "Points, mean and ±2σ band of the fit. The table of points below does all that the pointer does here.",
    height: embedded() ? () => Math.max(120, view.box.clientHeight) : Math.min(440, Math.max(300, innerHeight * 0.5)),
    series: [
      edge,
      edge,
      ...Array.from({ length: SAMPLES }, () => line("sample")),
      line("second", 2, [6, 4]),
      line("accent", 2.5),
    ],
    bands: [{ series: [SERIES.high, SERIES.low], fill: color("accent-soft") }],
    x: { label: named(0), range: () => view.view.x, time: times?.[0] },
    y: { label: named(1), range: () => view.view.y, time: times?.[1] },
    hooks: {
      draw: [(plot) => drawPoints(plot, view.data.points, radius(view.data.points.length))],
      setCursor: [(plot) => legend.point(plot, view)],
      setData: [() => legend.update(view)],
    },
  });
  pointEditor(view, signal);
}

/** What the marks mean, and their values at the pointer. */
export class Legend {
  readonly element = h("ul", { class: "keys marks", "aria-label": "Legend" });
  readonly #items;
  readonly #at = h("li", { class: "at" });

  constructor() {
    const item = (mark: Mark, ink: string) => {
      const [name, value] = [h("span"), h("span", { class: "value" })];
      const element = h("li", {}, swatch(mark, ink), name, value);
      return { element, name, value };
    };
    this.#items = {
      points: item("dots", "point"),
      mean: item("line", "accent"),
      band: item("area", "accent-soft"),
      samples: item("line", "sample"),
      infinite: item("dashes", "second"),
    };
    this.element.append(...Object.values(this.#items).map(({ element }) => element), this.#at);
  }

  /** Names what is drawn. */
  update({ values, result, data }: RegressionView): void {
    const { points, mean, band, samples, infinite } = this.#items;
    const main = result?.finite ?? result?.infinite;
    points.name.textContent = data.source ? `points of ${data.source}` : "points";
    mean.name.textContent = result?.finite ? `mean, width ${2 ** values.width}` : "mean, infinite width";
    band.name.textContent = "±2σ of a new observation";
    samples.name.textContent = data.points.length === 0 ? "samples of the prior" : "posterior samples";
    infinite.name.textContent = "infinite width";
    mean.element.hidden = band.element.hidden = !main;
    points.element.hidden = data.points.length === 0;
    samples.element.hidden = !main?.samples.length;
    infinite.element.hidden = !(result?.finite && result.infinite);
  }

  /** Shows the values at the pointer. */
  point(plot: uPlot, { data }: RegressionView): void {
    const at = plot.cursor.idx;
    const value = (series: number) => (at === null || at === undefined ? undefined : plot.data[series]?.[at]);
    const text = (number: unknown, k: 0 | 1) =>
      typeof number !== "number" ? "" : data.times?.[k] ? timeText(number) : format(number, 4);
    const { mean, band, infinite } = this.#items;
    mean.value.textContent = text(value(SERIES.mean), 1);
    infinite.value.textContent = text(value(SERIES.infinite), 1);
    const [low, high] = [value(SERIES.low), value(SERIES.high)].map((number) => text(number, 1));
    band.value.textContent = low && high ? `${low} to ${high}` : "";
    const x = text(value(0), 0);
    this.#at.textContent = x && `at ${data.labels[0]} = ${x}`;
  }
}
