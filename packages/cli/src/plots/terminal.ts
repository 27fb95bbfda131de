/** Plots in the terminal, by simple-ascii-chart. */
import { plot } from "simple-ascii-chart";
import type { Numbers } from "../columns.js";
import { short } from "../text.js";
import type { Drawn } from "./svg.js";

const HEIGHT = 14;

/** Columns of the terminal that a plot may take, less those of its axis. */
function width(): number {
  return Math.min(100, process.stdout.columns ?? 80) - 14;
}

type Point = [number, number];

const SETTINGS = {
  height: HEIGHT,
  formatter: (value: number) => short(value),
};

/** The curve over the rows; of several inputs the predictions without each row against the targets. */
export function fitText({ data, Y, leftOut, curve }: Drawn): string {
  if (curve) {
    const rows = Array.from(Y.data, (y, i): Point => [data.X.data[i], y]);
    const line = curve.map(({ x, mean }): Point => [x, mean]);
    return scatter(rows, line, `${data.targets[0]} over ${data.columns[0].name}: rows ·, fit ─`);
  }
  if (!leftOut) return "";
  const first = columnOf(leftOut).map((said, i): Point => [said, columnOf(Y)[i]]);
  const ends = [...first].flat();
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return scatter(
    first,
    [
      [low, low],
      [high, high],
    ],
    `${data.targets[0]}, observed (up) against predicted without the row (right)`,
  );
}

function columnOf({ data, rows, cols }: Numbers): number[] {
  return Array.from({ length: rows }, (_, i) => data[i * cols]);
}

function scatter(points: Point[], line: Point[], title: string): string {
  return plot(line, {
    ...SETTINGS,
    width: width(),
    title,
    points: points.map(([x, y]) => ({ x, y })),
    symbols: { point: "·" },
  }).trimEnd();
}
