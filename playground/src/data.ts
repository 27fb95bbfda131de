// Data sets of the regression view: bundled ones, CSV files, and points in the address. All of them keep every bit of a
// number.
import type { Frame, Point } from "./compute/regressionTypes";
import { extent, moments } from "./numbers";

/** The most points: a fit is to take less than a frame or two. */
export const MAX_POINTS = 1000;
/** The largest magnitude, and the smallest spread, of an axis that has ticks. */
const LARGEST = 1e30;
const NARROWEST = 1e-30;
/** The shortest axis, as a share of its values: its ticks differ by more than the last digit. */
const SHORTEST = 2 * Number.EPSILON;

export interface Data {
  points: Point[];
  frame: Frame;
  labels: [string, string];
  /** Which of the two are times, in seconds since 1970 (UTC). */
  times?: [x: boolean, y: boolean];
  /** The name of the file that the points came from. */
  source?: string;
}

let nextId = 0;
/** A point of its own identity. */
export const point = (x: number, y: number): Point => ({ id: nextId++, x, y });

/** The bundled data sets, for a choice. Their sources are in examples/data/README.md. */
export const BUNDLED = {
  wave: "A wave (9)",
  mcycle: "Motorcycle impacts (133)",
  iris: "Iris petals, length and width (150)",
  wine: "Wine, flavanoids and phenols (178)",
  diabetes: "Diabetes, body mass index and progression (442)",
} as const;

/** Two columns of a bundled file, by their names, and what they are. */
const COLUMNS: Record<string, [x: string, y: string, labels: [string, string]]> = {
  mcycle: ["times", "accel", ["time after impact (ms)", "acceleration (g)"]],
  iris: ["petal_length_cm", "petal_width_cm", ["petal length (cm)", "petal width (cm)"]],
  wine: ["flavanoids", "total_phenols", ["flavanoids", "total phenols"]],
  diabetes: ["bmi", "target", ["body mass index (kg/m²)", "progression after a year"]],
};
const files = import.meta.glob<string>("../../examples/data/{mcycle,iris,wine,diabetes}.csv", {
  query: "?raw",
  import: "default",
});

/** A bundled data set; any other name is an empty one. */
export async function bundled(name: string): Promise<Data> {
  if (Object.hasOwn(COLUMNS, name)) {
    const [x, y, labels] = COLUMNS[name];
    const text = await files[`../../examples/data/${name}.csv`]();
    const [head, ...rows] = text
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    const [i, j] = [head.indexOf(x), head.indexOf(y)];
    return framed(
      rows.map((row) => [Number(row[i]), Number(row[j])]),
      labels,
    );
  }
  const xs = name === "wave" ? [-2.6, -2, -1.5, -0.9, -0.2, 0.4, 0.9, 1.7, 2.5] : [];
  // Made up, with digits that a table can show.
  const points = xs.map((x) => point(x, Number((Math.sin(2 * x) + 0.1 * Math.cos(9 * x)).toFixed(3))));
  return { points, frame: { x: 0, sx: 1.5, y: 0, sy: 1 }, labels: ["x", "y"] };
}

/** What the playground cannot show of these points, in words; undefined where it can show all. */
export function unplottable({ points, frame, labels }: Data): string | undefined {
  const at = points.findIndex(({ x, y }) => !(Math.abs(x) <= LARGEST && Math.abs(y) <= LARGEST));
  if (at >= 0) {
    const { x, y } = points[at];
    return `Point ${at + 1} is (${x}, ${y}); expected numbers between −10³⁰ and 10³⁰, which an axis can show.`;
  }
  if (!Object.values(frame).every((value) => Math.abs(value) <= LARGEST))
    return `The frame of the points is (${Object.values(frame).join(", ")}); expected numbers between −10³⁰ and 10³⁰.`;
  const axes = [
    { name: labels[0], middle: frame.x, spread: frame.sx, values: points.map(({ x }) => x) },
    { name: labels[1], middle: frame.y, spread: frame.sy, values: points.map(({ y }) => y) },
  ];
  for (const { name, middle, spread, values } of axes) {
    if (spread < NARROWEST)
      return `The values of ${name} differ by less than 10⁻³⁰; expected more, which an axis can show.`;
    const [low, high] = extent([...values, middle - spread, middle + spread]);
    if (high - low < SHORTEST * Math.max(-low, high))
      return `The values of ${name} differ in their last digits alone; expected more, which an axis can show.`;
  }
  return undefined;
}

/** Points with the frame that standardises them. */
export function framed(rows: [number, number][], labels: [string, string]): Data {
  const [x, sx] = moments(rows.map(([value]) => value));
  const [y, sy] = moments(rows.map(([, value]) => value));
  return { points: rows.map(([a, b]) => point(a, b)), frame: { x, sx, y, sy }, labels };
}

/** Data as parameters of the address. */
export function encode({ points, frame, labels, times, source }: Data): Record<string, string> {
  const { x, sx, y, sy } = frame;
  return {
    p: points.map((p) => `${p.x},${p.y}`).join("_"),
    f: [x, sx, y, sy].join(","),
    n: labels.join("_"),
    t: `${times?.[0] ? "x" : ""}${times?.[1] ? "y" : ""}`,
    s: source ?? "",
  };
}

/** Data of the address; undefined where there are none. @throws Error where they make no sense */
export function decode(params: URLSearchParams): Data | undefined {
  if (!params.has("p") && !params.has("f")) return undefined;
  const broken = new Error("The points in this address make no sense; it may have been cut short.");
  const frame = (params.get("f") ?? "").split(",").map(Number);
  if (frame.length !== 4 || !frame.every(Number.isFinite) || !(frame[1] > 0 && frame[3] > 0)) throw broken;
  const text = params.get("p") ?? "";
  const number = (part: string) => (part === "" ? Number.NaN : Number(part));
  const rows = text === "" ? [] : text.split("_").map((pair) => pair.split(",").map(number));
  if (rows.length > MAX_POINTS || !rows.every((row) => row.length === 2 && row.every(Number.isFinite))) throw broken;
  const [x, sx, y, sy] = frame;
  const [labelX = "x", labelY = "y"] = (params.get("n") ?? "x_y").split("_");
  const [times, source] = [params.get("t") ?? "", params.get("s")];
  const points = rows.map(([a, b]) => point(a, b));
  return {
    points,
    frame: { x, sx, y, sy },
    labels: [labelX, labelY],
    ...(times ? { times: [times.includes("x"), times.includes("y")] } : {}),
    ...(source ? { source } : {}),
  };
}

/** A name for the address, where an underscore parts two. */
export const cleanLabel = (name: string | undefined, fallback: string) =>
  Array.from(name?.trim().replaceAll("_", " ") ?? "")
    .slice(0, 40)
    .join("") || fallback;

/** The points as a CSV import reads them back, to the bit. */
export async function formatCsv({ points, labels, times }: Data): Promise<string> {
  const [{ csvFormatRows }, { timeCells }] = await Promise.all([import("d3-dsv"), import("./cells")]);
  const column = (values: number[], time = false) => (time ? timeCells(values) : values.map(String));
  const xs = column(
    points.map(({ x }) => x),
    times?.[0],
  );
  const ys = column(
    points.map(({ y }) => y),
    times?.[1],
  );
  return `${csvFormatRows([labels, ...xs.map((x, i) => [x, ys[i]])])}\n`;
}
