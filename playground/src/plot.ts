// uPlot with the page's colours and sizes.

import uPlot from "uplot";
import { h } from "./dom";
import { format } from "./numbers";
import { tickTexts, tickWidth, timeTexts } from "./ticks";
import "uplot/dist/uPlot.min.css";

/** Colours that were looked up, until the theme changes. */
const known = new Map<string, string>();
const probe = h("span", { class: "ink", hidden: true });

/** What a colour of the style sheet is now. */
export function ink(name: string): string {
  const old = known.get(name);
  if (old !== undefined) return old;
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  const now = getComputedStyle(probe).color;
  known.set(name, now);
  return now;
}

/** A colour of the style sheet, for plots: they ask for it whenever they draw. */
export const color = (name: string) => () => ink(name);

/** Calls `redraw` whenever the system changes between light, dark and forced colours. */
export function onTheme(signal: AbortSignal, redraw: () => void): void {
  const changed = () => {
    known.clear();
    redraw();
  };
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
    matchMedia(query).addEventListener("change", changed, { signal });
}

/** How a legend shows a series. */
export type Mark = "line" | "dashes" | "dots" | "area";

/** A line of a legend. */
export interface Key {
  text: string;
  /** The colour, by its name in the style sheet. */
  ink: string;
  mark?: Mark;
  /** The series of the plot whose value at the pointer is shown. */
  series?: number;
  /** How the value is shown. */
  show?: (value: number) => string;
}

interface ChartOptions {
  label: string;
  height?: number | (() => number);
  series: uPlot.Series[];
  bands?: uPlot.Band[];
  x?: { label?: string; range?: uPlot.Scale.Range; time?: boolean };
  y?: { label?: string; range?: uPlot.Scale.Range; log?: boolean; time?: boolean };
  hooks?: uPlot.Hooks.Arrays;
  cursor?: uPlot.Cursor;
  /** A legend below the plot, with the values at the pointer. */
  keys?: readonly Key[];
}

/** Pixels of a character of an axis. */
const CHARACTER = 7;

function axis(label: string | undefined, across: Pick<uPlot.Axis, "size" | "space">, time = false): uPlot.Axis {
  return {
    label,
    labelSize: 20,
    ...across,
    stroke: color("muted"),
    labelFont: "13px system-ui, sans-serif",
    font: "12px system-ui, sans-serif",
    grid: { stroke: color("grid"), width: 1 },
    ticks: { stroke: color("grid"), width: 1, size: 4 },
    // What uPlot leaves out on a logarithmic axis is null.
    values: (_, splits: (number | null)[]) => {
      const texts = (time ? timeTexts : tickTexts)(splits.filter((value) => value !== null)).values();
      return splits.map((value) => (value === null ? "" : (texts.next().value as string)));
    },
  };
}

/** A chart in `parent` that follows its width until `signal` aborts. */
export function chart(parent: HTMLElement, signal: AbortSignal, options: ChartOptions): uPlot {
  const { series, bands, x, y, hooks, height = 260, cursor } = options;
  parent.setAttribute("role", "img");
  parent.setAttribute("aria-label", options.label);
  const size = () => ({
    width: Math.max(200, parent.clientWidth),
    height: typeof height === "number" ? height : height(),
  });
  const plot = new uPlot(
    {
      ...size(),
      tzDate: (seconds) => uPlot.tzDate(new Date(1000 * seconds), "Etc/UTC"),
      pxAlign: 0,
      series: [{}, ...series.map((one) => ({ pxAlign: 0, ...one }))],
      bands,
      hooks,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false }, ...cursor },
      scales: {
        x: { time: x?.time ?? false, ...(x?.range ? { range: x.range } : {}) },
        y: {
          time: y?.time ?? false,
          ...(y?.log ? { distr: 3 as const } : {}),
          ...(y?.range ? { range: y.range } : {}),
        },
      },
      axes: [
        axis(
          x?.label,
          {
            size: x?.time ? 48 : 34,
            space: (_, __, low, high) => (x?.time ? 90 : Math.max(50, CHARACTER * tickWidth(low, high))),
          },
          x?.time,
        ),
        axis(
          y?.label,
          {
            size: (_, texts) =>
              17 +
              CHARACTER *
                (texts ?? []).flatMap((text) => text.split("\n")).reduce((top, { length }) => Math.max(top, length), 5),
          },
          y?.time,
        ),
      ],
    },
    [[], ...series.map(() => [])] as uPlot.AlignedData,
    parent,
  );
  const list = options.keys ? legend(plot, options.keys) : undefined;
  if (list) parent.after(list);
  onTheme(signal, () => plot.redraw(false));
  const observer = new ResizeObserver(() => plot.setSize(size()));
  observer.observe(parent);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    list?.remove();
    plot.destroy();
  });
  return plot;
}

/** A mark in a colour of the style sheet. */
export function swatch(mark: Mark, ink: string): HTMLElement {
  const element = h("span", { class: `swatch ${mark}`, "aria-hidden": "true" });
  element.style.color = `var(--${ink})`;
  return element;
}

/** Swatches with names, and the values at the pointer. */
function legend(plot: uPlot, keys: readonly Key[]): HTMLElement {
  const values: { key: Key; text: HTMLElement }[] = [];
  const items = keys.map((key) => {
    const text = h("span", { class: "value" });
    if (key.series !== undefined) values.push({ key, text });
    return h("li", {}, swatch(key.mark ?? "line", key.ink), key.text, text);
  });
  const moved = () => {
    const at = plot.cursor.idx;
    for (const { key, text } of values) {
      const value = at === null || at === undefined ? undefined : plot.data[key.series ?? 0]?.[at];
      text.textContent = typeof value === "number" ? ` ${(key.show ?? format)(value)}` : "";
    }
  };
  plot.hooks.setCursor = [...(plot.hooks.setCursor ?? []), moved];
  return h("ul", { class: "keys", "aria-label": "Legend" }, items);
}

/** Data points on top of a chart's curves. */
export function drawPoints(plot: uPlot, points: readonly { x: number; y: number }[], radius: number): void {
  const { ctx } = plot;
  ctx.save();
  ctx.fillStyle = ink("point");
  ctx.strokeStyle = ink("background");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([]);
  for (const { x, y } of points) {
    ctx.beginPath();
    ctx.arc(plot.valToPos(x, "x", true), plot.valToPos(y, "y", true), radius * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

/** Evenly spaced numbers. */
export const linspace = (from: number, to: number, count: number) =>
  Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
