// Figures of the second half: gap against width, fits side by side, kernel drift along training.
import * as Plot from "@observablehq/plot";
import { grid, svg } from "./figures.mjs";
import { INITS, LONG, SHORT, sideBySide, WIDTHS } from "./lazy.mjs";

export const COLOURS = { domain: INITS, range: ["#4269d0", "#efb118", "#3ca951", "#ff725c"] };
const STEPS = { domain: [`${SHORT} steps`, `${LONG} steps`] };

/** Mean gap with its standard error against width, and the fitted power laws, for both horizons. */
export function gapFigure({ summary, exponents }) {
  const horizon = (step) => `${step} steps`;
  const points = summary
    .filter(({ step }) => step === SHORT || step === LONG)
    .map(({ init, width, step, mean, standardError }) => {
      const [gap, error] = [mean.gap, standardError.gap];
      return { init, width, gap, low: Math.max(gap - error, gap / 10), high: gap + error, horizon: horizon(step) };
    });
  const lines = exponents
    .filter(({ step, gap }) => (step === SHORT || step === LONG) && gap)
    .flatMap(({ init, step, gap }) => {
      const fitted = points.filter(
        (p) => p.init === init && p.horizon === horizon(step) && gap.widths.includes(p.width),
      );
      const centre = (f) => fitted.reduce((sum, p) => sum + Math.log(f(p)), 0) / fitted.length;
      const [x, y] = [centre((p) => p.width), centre((p) => p.gap)];
      const at = (width) => Math.exp(y + gap.exponent * (Math.log(width) - x));
      return [gap.widths[0], gap.widths.at(-1)].map((width) => ({
        init,
        width,
        gap: at(width),
        horizon: horizon(step),
      }));
    });
  return svg({
    height: 420,
    marginLeft: 64,
    x: { type: "log", base: 4, label: "width m", tickFormat: "d" },
    y: { type: "log", label: "‖f_net − f_lin‖ / ‖f_lin − f0‖", grid: true, ticks: 6, tickFormat: ".0e" },
    color: COLOURS,
    symbol: STEPS,
    marks: [
      Plot.line(lines, { x: "width", y: "gap", stroke: "init", z: (d) => d.init + d.horizon, strokeOpacity: 0.5 }),
      Plot.ruleX(points, { x: "width", y1: "low", y2: "high", stroke: "init" }),
      Plot.dot(points, { x: "width", y: "gap", stroke: "init", symbol: "horizon", r: 4 }),
    ],
  });
}

/** Mean kernel drift along training, one panel for each initialisation, a line for each width. */
export function driftFigures({ summary }) {
  return INITS.map((init) => {
    const rows = summary.filter((row) => row.init === init && row.step > 0);
    return svg({
      width: 360,
      height: 240,
      marginTop: 30,
      marginRight: 44,
      x: { type: "log", label: "steps" },
      y: {
        type: "log",
        label: `kernel drift, ${init}`,
        grid: true,
        domain: [1e-10, 1],
        clamp: true,
        ticks: 5,
        tickFormat: ".0e",
      },
      color: { type: "ordinal", scheme: "viridis", domain: WIDTHS, reverse: true },
      marks: [
        Plot.line(rows, { x: "step", y: (row) => row.mean.kernelDrift, stroke: "width", strokeWidth: 1.8 }),
        Plot.text(apart(rows.filter(({ step }) => step === LONG)), {
          x: "step",
          y: "at",
          text: (row) => `m ${row.width}`,
          textAnchor: "start",
          dx: 4,
        }),
      ],
    });
  });
}

/** Decades that a line of text takes on the axis of the drift. */
const LINE = 0.65;

/** Rows with a place for their labels, which do not overlap: each is at its end of the line, or just below another. */
function apart(rows) {
  let below = Infinity;
  return rows
    .toSorted((a, b) => b.mean.kernelDrift - a.mean.kernelDrift)
    .map((row) => {
      below = Math.min(Math.log10(row.mean.kernelDrift), below - LINE);
      return { ...row, at: 10 ** below };
    });
}

/** The trained network and its first-order model after the same steps, in the units of the data. */
export function sideFigures(ntk, data, widths) {
  const { time, accel, train } = data;
  const seconds = grid(0, 60, 241);
  const dots = Array.from(accel.invert(train.y).data, (value, i) => ({ t: time.invert(train.x).data[i], value }));
  return widths.map((width) => {
    const { trained, linear } = sideBySide(ntk, data, width, time.apply(seconds));
    const curve = (values) => Array.from(accel.invert(values).data, (value, i) => ({ t: seconds[i], value }));
    return svg({
      width: 360,
      height: 260,
      marginTop: 30,
      x: { label: "time after impact (ms)" },
      y: { label: `acceleration (g), m = ${width}`, grid: true, domain: [-140, 80] },
      marks: [
        Plot.dot(dots, { x: "t", y: "value", fill: "currentColor", fillOpacity: 0.25, r: 2 }),
        Plot.line(curve(linear), { x: "t", y: "value", stroke: "#ff725c", strokeWidth: 2, strokeDasharray: "6 3" }),
        Plot.line(curve(trained), { x: "t", y: "value", stroke: "#4269d0", strokeWidth: 2 }),
      ],
    });
  });
}
