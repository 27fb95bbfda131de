/** Pictures as SVG files, by Observable Plot on a document of linkedom. Both are loaded when a picture is drawn. */
import type { Markish, PlotOptions } from "@observablehq/plot";
import type { ModelScore } from "ntk-wasm";
import type { Numbers } from "../columns.js";
import type { Data } from "../data.js";
import { scale, scalingOf } from "../scaling.js";
import { type CurvePoint, extent } from "./curve.js";

export interface Drawn {
  data: Data;
  Y: Numbers;
  /** Predictions without each row. */
  leftOut: Numbers | undefined;
  curve: CurvePoint[] | undefined;
}

const BLUE = "#4269d0";
const RED = "#ff725c";
const FRAME = { width: 560, height: 400, style: { fontSize: "14px" }, marginLeft: 60, marginBottom: 44, marginTop: 30 };

type Library = typeof import("@observablehq/plot");

/** A file that browsers and viewers show: on white ground, with a title, coordinates to a tenth. */
async function picture(title: string, options: (plot: Library) => PlotOptions): Promise<string> {
  const [plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = plot.plot({ ...FRAME, ...options(plot), document: document as unknown as Document });
  const named = document.createElement("title");
  named.textContent = title;
  svg.prepend(named as unknown as Node);
  const text = svg.outerHTML
    .replace(/ {2}height: intrinsic;\n/g, "")
    .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace(/^(<svg [^>]*?style=")/, "$1background:#fff;color:#333;")
    .replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));
  return `${text}\n`;
}

/** The curve with its band over the rows; of several inputs the predictions without each row against the targets. */
export function fitPicture(drawn: Drawn): Promise<string> {
  return drawn.curve ? curvePicture(drawn, drawn.curve) : leftOutPicture(drawn);
}

function curvePicture({ data, Y }: Drawn, curve: CurvePoint[]): Promise<string> {
  const rows = Array.from(Y.data, (y, i) => ({ x: data.X.data[i], y }));
  return picture(`${data.targets[0]} over ${data.columns[0].name}, with the 95 % band`, (plot) => ({
    x: { label: data.columns[0].name, grid: true },
    y: { label: data.targets[0], grid: true },
    marks: [
      plot.areaY(curve, { x: "x", y1: "lower", y2: "upper", fill: BLUE, fillOpacity: 0.15 }),
      plot.dot(rows, { x: "x", y: "y", r: 2.5, fill: "#333", fillOpacity: 0.6 }),
      plot.lineY(curve, { x: "x", y: "mean", stroke: BLUE, strokeWidth: 2.5 }),
    ],
  }));
}

function leftOutPicture({ data, Y, leftOut }: Drawn): Promise<string> {
  const { targets } = data;
  const many = targets.length > 1;
  const absent = { ...Y, data: new Float64Array() };
  // Several targets share the axes, in their own deviations.
  const units = many ? scalingOf(Y).scaling : undefined;
  const [{ data: said }, { data: observed }] = [leftOut ?? absent, Y].map((each) =>
    units ? scale(each, units) : each,
  );
  const points = Array.from(said, (value, at) => ({
    target: targets[at % targets.length],
    said: value,
    observed: observed[at],
  }));
  const [low, high] = extent([...said, ...observed]);
  return picture(`Predictions without each row against ${targets.join(", ")}`, (plot) => {
    const ends = targets.map((target) => ({ target, low, high }));
    const facet = many ? { fx: "target" } : {};
    const marks: Markish[] = [
      plot.link(ends, {
        x1: "low",
        y1: "low",
        x2: "high",
        y2: "high",
        stroke: "#999",
        strokeDasharray: "4 4",
        ...facet,
      }),
      plot.dot(points, { x: "said", y: "observed", r: 2.5, fill: BLUE, fillOpacity: 0.6, ...facet }),
    ];
    return {
      ...(many ? { width: 320 * targets.length, marginTop: 48, fx: { label: null } } : {}),
      x: { label: "predicted without the row", grid: true },
      y: { label: many ? "observed, in deviations" : `${targets[0]}, observed`, grid: true },
      marks,
    };
  });
}

/** How often rows of a class were given each class. */
export function classesPicture({ targets, classes }: Data, counts: readonly (readonly number[])[]): Promise<string> {
  const cells = counts.flatMap((line, is) =>
    line.map((count, said) => ({
      is: classes[is],
      said: classes[said],
      count,
      part:
        count /
        Math.max(
          1,
          line.reduce((sum, each) => sum + each, 0),
        ),
    })),
  );
  return picture(`${targets[0]}: classes that the rows have, and those that they were given`, (plot) => ({
    marginLeft: 30 + 8 * Math.min(20, Math.max(...classes.map(({ length }) => length))),
    padding: 0.03,
    x: { label: "predicted by a fit without the row", domain: classes, tickRotate: classes.length > 6 ? -30 : 0 },
    y: { label: `${targets[0]}, observed`, labelAnchor: "top", domain: classes },
    color: { type: "linear", domain: [0, 1], range: ["#fff", BLUE] },
    marks: [
      plot.cell(cells, { x: "said", y: "is", fill: "part", stroke: "#ddd" }),
      plot.text(cells, { x: "said", y: "is", text: "count", fill: "#111" }),
    ],
  }));
}

/** The criterion of each model, with twice its standard error to both sides. */
export function comparePicture(
  models: readonly ModelScore[],
  criterion: "rmse" | "logLoss",
  label: string,
): Promise<string> {
  const bars = models.flatMap(({ name, mean, standardError }) => {
    const [at, error] = [mean[criterion], standardError[criterion] ?? 0];
    return at === undefined ? [] : [{ name, at, low: at - 2 * error, high: at + 2 * error }];
  });
  const best = Math.min(...bars.map(({ at }) => at));
  return picture(`${label} of ${models.length} models on rows that their fits have not seen`, (plot) => ({
    height: 90 + 44 * bars.length,
    marginLeft: 150,
    x: { label: `${label}, ± 2 standard errors`, grid: true, nice: true },
    y: { label: null, domain: bars.map(({ name }) => name) },
    marks: [
      plot.ruleX([best], { stroke: "#999", strokeDasharray: "4 4" }),
      plot.link(bars, { x1: "low", x2: "high", y1: "name", y2: "name", stroke: BLUE, strokeWidth: 2 }),
      plot.dot(bars, { x: "at", y: "name", r: 5, fill: ({ at }: { at: number }) => (at === best ? RED : BLUE) }),
    ],
  }));
}
