/** Plots in the terminal, by simple-ascii-chart. */
import { plot } from "simple-ascii-chart";
import type { Numbers } from "../columns.js";
import { short } from "../text.js";
import { extent } from "./curve.js";
import type { Drawn } from "./svg.js";

const HEIGHT = 14;

/** Columns of the terminal that a plot may take, less those of its axis. */
function width(): number {
  return Math.min(100, process.stdout.columns ?? 80) - 14;
}

type Point = [number, number];

/** Some five round numbers between the ends of the values. */
function ticks(values: readonly number[]): number[] {
  const [low, high] = extent(values);
  const rough = (high - low) / 5;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5].find((times) => times * unit >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** The curve over the rows; of several inputs the predictions without each row against the targets. */
export function fitText({ data, Y, leftOut, curve }: Drawn): string {
  if (curve) {
    const rows = Array.from(Y.data, (y, i): Point => [data.X.data[i], y]);
    const line = curve.map(({ x, mean }): Point => [x, mean]);
    return scatter(rows, line, `${data.targets[0]} over ${data.columns[0].name}: rows ·, fit ─`);
  }
  if (!leftOut) return "";
  const [said, observed] = [columnOf(leftOut), columnOf(Y)];
  const points = said.map((value, i): Point => [value, observed[i]]);
  const [low, high] = extent([...said, ...observed]);
  // A point for each column: the chart joins two by a step.
  const line = Array.from({ length: 2 * HEIGHT }, (_, i): Point => {
    const at = low + ((high - low) * i) / (2 * HEIGHT - 1);
    return [at, at];
  });
  return scatter(points, line, `${data.targets[0]}: observed (up), predicted without the row (right)`);
}

function columnOf({ data, rows, cols }: Numbers): number[] {
  return Array.from({ length: rows }, (_, i) => data[i * cols]);
}

function scatter(points: Point[], line: Point[], title: string): string {
  const all = [...line, ...points];
  const [xs, ys] = [all.map(([x]) => x), all.map(([, y]) => y)];
  const text = plot(line, {
    title,
    width: width(),
    height: HEIGHT,
    yRange: extent(ys),
    formatter: (value) => short(value),
    customXAxisTicks: ticks(xs),
    customYAxisTicks: ticks(ys),
    points: points.map(([x, y]) => ({ x, y })),
    symbols: { point: "·" },
  });
  return text
    .split("\n")
    .map((each) => each.trimEnd())
    .join("\n")
    .trimEnd();
}
