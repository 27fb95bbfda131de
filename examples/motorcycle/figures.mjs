// The report's figures, as SVG strings: Observable Plot on a server-side document.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { createNetwork } from "ntk-wasm";

const { document } = parseHTML("<!doctype html><html><body></body></html>");
const WIDTH = 720;
const UNITS = 7;

/** Evenly spaced numbers. */
export const grid = (from, to, count) =>
  Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

/** A plot as an SVG string. */
export function svg(options) {
  const figure = Plot.plot({ document, width: WIDTH, marginLeft: 56, ...options });
  return figure.outerHTML;
}

/**
 * One panel per family of tangent features, for a few hidden units of a random network; the curves are Jacobian
 * columns. `frame` has options of the plots.
 */
export function featureMap(ntk, { points: count = 301, ...frame } = {}) {
  // Steep units (weightStd 4) with biases that spread their centres −d/c over the input range.
  const net = createNetwork({ inputs: 1, hidden: UNITS, weightStd: 4, biasStd: 6, seed: 12 });
  const x = grid(-3, 3, count);
  const { data, cols } = ntk.jacobian(net, x);
  const family = { a: "constant  ∂f/∂a", b: "sigmoids  ∂f/∂b", c: "impulse responses  ∂f/∂c", d: "bells  ∂f/∂d" };
  return ["a", "b", "c", "d"].map((name) => {
    const { offset, length } = net.blocks.find((block) => block.name === name);
    const points = Array.from({ length }, (_, unit) =>
      Array.from(x, (at, i) => ({ x: at, value: data[i * cols + offset + unit], unit: String(unit + 1) })),
    ).flat();
    const figure = svg({
      width: 360,
      height: 230,
      marginTop: 30,
      x: { label: "x" },
      y: { label: family[name], grid: true, domain: name === "a" ? [0, 1.2] : undefined, nice: true },
      color: { scheme: "tableau10", domain: Array.from({ length: UNITS }, (_, i) => String(i + 1)) },
      marks: [
        Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.3 }),
        Plot.line(points, { x: "x", y: "value", stroke: "unit", strokeWidth: 1.8 }),
      ],
      ...frame,
    });
    return figure;
  });
}

/**
 * Data, mean, ±2σ band of new observations and the cubic, in the units of the data. `noise` gives the option of
 * `predict` at inputs, `frame` options of the plot.
 */
export function fitFigure({ data, fit, cubic, noise = () => true, frame = {} }) {
  const { time, accel } = data;
  const seconds = grid(0, 60, 241);
  const at = time.apply(seconds);
  const { mean, variance } = fit.predict(at, { noise: noise(at) });
  const unit = accel.std[0];
  const curve = accel.invert(mean.data).data;
  const band = Array.from(seconds, (t, i) => {
    const half = 2 * Math.sqrt(variance.data[i]) * unit;
    return { t, mean: curve[i], low: curve[i] - half, high: curve[i] + half };
  });
  const baseline = Array.from(accel.invert(cubic(at)).data, (value, i) => ({ t: seconds[i], value }));
  const points = [
    ["training", data.train],
    ["test", data.test],
  ].flatMap(([part, { x, y }]) => {
    const times = time.invert(x).data;
    return Array.from(accel.invert(y).data, (value, i) => ({ t: times[i], value, part }));
  });
  return svg({
    height: 420,
    x: { label: "time after impact (ms)" },
    y: { label: "acceleration (g)", grid: true },
    color: { legend: false, domain: ["training", "test"], range: ["#4269d0", "#ff725c"] },
    symbol: { domain: ["training", "test"] },
    marks: [
      Plot.areaY(band, { x: "t", y1: "low", y2: "high", fill: "#4269d0", fillOpacity: 0.15 }),
      Plot.line(
        baseline.filter(({ value }) => Math.abs(value) < 160),
        { x: "t", y: "value", stroke: "#9498a0", strokeDasharray: "5 4" },
      ),
      Plot.line(band, { x: "t", y: "mean", stroke: "#4269d0", strokeWidth: 2 }),
      Plot.dot(points, { x: "t", y: "value", stroke: "part", fill: "part", fillOpacity: 0.5, symbol: "part", r: 3 }),
    ],
    ...frame,
  });
}

/** Θ over a grid of times. */
export function kernelFigure(ntk, net, { time }) {
  const side = 60;
  const seconds = grid(0, 60, side);
  const { data } = ntk.kernel(net, time.apply(seconds));
  const step = 60 / (side - 1);
  const cells = Array.from(data, (value, at) => ({ i: seconds[Math.floor(at / side)], j: seconds[at % side], value }));
  return svg({
    width: 560,
    height: 500,
    marginBottom: 40,
    x: { label: "time (ms)" },
    y: { label: "time (ms)", reverse: true },
    color: { scheme: "viridis", label: "Θ(t, t′)" },
    marks: [
      Plot.rect(cells, {
        x1: (c) => c.j - step / 2,
        x2: (c) => c.j + step / 2,
        y1: (c) => c.i - step / 2,
        y2: (c) => c.i + step / 2,
        fill: "value",
        inset: -0.3,
      }),
    ],
  });
}

/** Colour bar of the heat map. */
export function kernelLegend(ntk, net, { time }) {
  const { data } = ntk.kernel(net, time.apply(grid(0, 60, 60)));
  const [low, high] = [data.reduce((a, b) => Math.min(a, b)), data.reduce((a, b) => Math.max(a, b))];
  const steps = grid(low, high, 100);
  const width = (high - low) / 99;
  return svg({
    width: 560,
    height: 52,
    marginTop: 4,
    marginBottom: 32,
    y: { axis: null },
    x: { label: "Θ(t, t′)", domain: [low, high] },
    color: { scheme: "viridis", domain: [low, high] },
    marks: [
      Plot.rect(Array.from(steps), {
        x1: (v) => v - width / 2,
        x2: (v) => v + width / 2,
        y1: 0,
        y2: 1,
        fill: (v) => v,
        inset: -0.3,
      }),
    ],
  });
}

/** Eigenvalues of Θ on the training inputs, largest first, with the ridge. */
export function spectrumFigure(values, ridge) {
  const largest = values[values.length - 1];
  const floor = largest * values.length * Number.EPSILON;
  const points = Array.from(values)
    .reverse()
    .map((value, i) => ({
      i: i + 1,
      value: Math.max(value, floor / 10),
      real: value > floor ? "above rounding" : "at rounding level",
    }));
  return svg({
    height: 320,
    marginLeft: 70,
    x: { label: "index" },
    y: { type: "log", label: "eigenvalue of Θ", grid: true, tickFormat: ".0e" },
    color: { domain: ["above rounding", "at rounding level"], range: ["#4269d0", "#c4c7cc"] },
    marks: [
      Plot.dot(points, { x: "i", y: "value", fill: "real", r: 3 }),
      Plot.ruleY([ridge], { stroke: "#ff725c", strokeDasharray: "6 3" }),
      Plot.text([{ i: points.length, value: ridge, label: `ridge ${ridge.toPrecision(2)}` }], {
        x: "i",
        y: "value",
        text: "label",
        dy: -8,
        textAnchor: "end",
        fill: "#ff725c",
      }),
    ],
  });
}
