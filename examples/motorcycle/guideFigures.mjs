// Figures of the guides that the report has not: the ridge path, and the gap against the width with its names inside.
import * as Plot from "@observablehq/plot";
import { FRAME } from "../lib/picture.mjs";
import { svg } from "./figures.mjs";
import { belowTheBound, INITS, LONG, WIDTHS } from "./lazy.mjs";
import { COLOURS } from "./lazyFigures.mjs";

/** A power of ten. */
const power = (value) => `10${String(Math.round(Math.log10(value))).replace(/./g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻")}`;

/** Profiled evidence along a path of ridges; the chosen ridge is marked. */
export function ridgePicture(fit) {
  const points = fit.path.filter(({ logEvidenceProfiled }) => Number.isFinite(logEvidenceProfiled));
  const chosen = points.find((point) => point.chosen);
  return svg({
    ...FRAME,
    height: 260,
    marginLeft: 60,
    marginBottom: 44,
    marginTop: 30,
    marginRight: 30,
    x: { type: "log", label: "ridge λ", tickFormat: power, ticks: 6 },
    y: { label: "log evidence, profiled", grid: true, nice: true },
    marks: [
      Plot.ruleX([chosen.ridge], { stroke: "#ff725c", strokeDasharray: "6 3" }),
      Plot.line(points, { x: "ridge", y: "logEvidenceProfiled", stroke: "#4269d0", strokeWidth: 2 }),
      Plot.dot(points, { x: "ridge", y: "logEvidenceProfiled", fill: "#4269d0", r: 2.5 }),
      Plot.text([chosen], {
        x: "ridge",
        y: "logEvidenceProfiled",
        text: ({ ridge }) => `chosen: ${ridge.toExponential(1)}`,
        dx: 8,
        dy: 60,
        textAnchor: "start",
        fill: "#c0392b",
        stroke: "#fff",
        strokeWidth: 4,
      }),
    ],
  });
}

/** Mean gap on the test rows with its standard error, after the long horizon. */
export function gapPicture(ntk, data) {
  const { summary } = belowTheBound(ntk, data, () => {});
  const points = summary
    .filter(({ step }) => step === LONG)
    .map(({ init, width, mean, standardError }) => ({
      init,
      width,
      gap: mean.gapTest,
      low: Math.max(mean.gapTest - standardError.gapTest, mean.gapTest / 10),
      high: mean.gapTest + standardError.gapTest,
    }));
  return svg({
    ...FRAME,
    height: 380,
    marginLeft: 60,
    marginRight: 116,
    marginTop: 30,
    marginBottom: 44,
    x: { type: "log", base: 4, label: "width m", ticks: WIDTHS, tickFormat: "d" },
    y: { type: "log", label: `gap after ${LONG} steps`, grid: true, ticks: 5, tickFormat: power },
    color: COLOURS,
    marks: [
      Plot.line(points, { x: "width", y: "gap", stroke: "init", strokeWidth: 2 }),
      Plot.ruleX(points, { x: "width", y1: "low", y2: "high", stroke: "init" }),
      Plot.dot(points, { x: "width", y: "gap", fill: "init", r: 4 }),
      Plot.text(names(points), { x: "width", y: "at", text: "init", fill: "#333", textAnchor: "start", dx: 8 }),
    ],
  });
}

/** Decades that a line of text takes on the axis of the gap. */
const LINE = 0.28;

/** A name for each line at its right end; names do not overlap. */
function names(points) {
  let below = Infinity;
  return INITS.map((init) => points.find((point) => point.init === init && point.width === WIDTHS.at(-1)))
    .sort((a, b) => b.gap - a.gap)
    .map((point) => {
      below = Math.min(Math.log10(point.gap), below - LINE);
      return { ...point, at: 10 ** below };
    });
}
