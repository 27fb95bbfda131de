// `npm run example:figure`: the reliability diagram of the guide of classification, as reliability.svg beside this
// script. It shows the rows that `npm run example:tabular` scores: five data sets, ten-fold, all in one diagram.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { load } from "ntk-wasm";
import { FRAME, save } from "../lib/picture.mjs";
import { binned, calibrationRuns, METHODS } from "./calibration.mjs";

/** Bins with fewer rows are luck. */
const FEWEST = 20;
const COLOURS = ["#4269d0", "#ff725c", "#3ca951", "#9498a0"];

const ntk = await load({ variant: "simd" });
const runs = calibrationRuns(ntk);
const methods = Object.keys(METHODS);
/** "∞ 2" is the network of all of them: the caption says it. */
const nameOf = (method) => method.replace(", ∞ 2", "");
const names = methods.map(nameOf);
const points = methods.flatMap((method) => {
  const own = runs.filter((run) => run.method === method);
  const [rows, labels] = [own.flatMap((run) => run.rows), own.flatMap((run) => run.set.labels)];
  return binned(rows, labels)
    .filter(({ count }) => count >= FEWEST)
    .map(({ count, confidence, right }) => ({
      method: nameOf(method),
      count,
      said: confidence / count,
      true: right / count,
    }));
});
const key = { x: 0.68, y: (_, i) => 0.42 - 0.05 * i };
const { document } = parseHTML("<!doctype html><html><body></body></html>");
const plot = Plot.plot({
  ...FRAME,
  document,
  height: 440,
  marginRight: 28,
  marginLeft: 56,
  marginTop: 30,
  marginBottom: 44,
  x: { label: "probability that the method gives", domain: [0.15, 1], grid: true, tickFormat: "~%" },
  y: { label: "share of rows that are right", domain: [0.2, 1], grid: true, tickFormat: "~%" },
  color: { domain: names, range: COLOURS },
  symbol: { domain: names, range: ["circle", "diamond", "square", "triangle"] },
  marks: [
    Plot.line(
      [
        [0.2, 0.2],
        [1, 1],
      ],
      { stroke: "#999", strokeDasharray: "4 4" },
    ),
    Plot.line(points, { x: "said", y: "true", stroke: "method", strokeWidth: 2 }),
    Plot.dot(points, { x: "said", y: "true", fill: "method", symbol: "method", r: 4.5 }),
    Plot.dot(names, { ...key, fill: (name) => name, symbol: (name) => name, r: 5 }),
    Plot.text(names, { ...key, text: (name) => name, dx: 12, textAnchor: "start" }),
  ],
});
save(new URL("reliability.svg", import.meta.url), plot.outerHTML, "Reliability of four methods on five data sets");
