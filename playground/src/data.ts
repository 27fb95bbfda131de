// Data sets of the regression view: bundled ones, CSV files, and points in the address. All of them keep every bit of a
// number.
import type { Frame, Point } from "./compute/regression";
import { moments } from "./numbers";

/** Rows beyond this are refused: a fit is to take less than a frame or two. */
export const MAX_POINTS = 600;

export interface Data {
  points: Point[];
  frame: Frame;
  labels: [string, string];
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

/** Points with the frame that standardises them. */
function framed(rows: [number, number][], labels: [string, string]): Data {
  const [x, sx] = moments(rows.map(([value]) => value));
  const [y, sy] = moments(rows.map(([, value]) => value));
  return { points: rows.map(([a, b]) => point(a, b)), frame: { x, sx, y, sy }, labels };
}

/** Data as parameters of the address. */
export function encode({ points, frame, labels }: Data): Record<string, string> {
  const { x, sx, y, sy } = frame;
  return {
    p: points.map((p) => `${p.x},${p.y}`).join("_"),
    f: [x, sx, y, sy].join(","),
    n: labels.join("_"),
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
  return { points: rows.map(([a, b]) => point(a, b)), frame: { x, sx, y, sy }, labels: [labelX, labelY] };
}

/** The first two columns of a CSV text. @throws Error that names row and column */
export async function parseCsv(text: string): Promise<Data> {
  const { csvParseRows } = await import("d3-dsv");
  const rows = csvParseRows(text.replace(/^\uFEFF/, "").trim());
  if (rows.length === 0) throw new Error("The file is empty; expected two columns of numbers, x and y.");
  const isNumber = (cell: string | undefined) =>
    cell !== undefined && cell.trim() !== "" && Number.isFinite(Number(cell));
  const header = rows[0].slice(0, 2).every((cell) => !isNumber(cell));
  const names = header ? rows[0] : ["x", "y"];
  const body = header ? rows.slice(1) : rows;
  if (body.length > MAX_POINTS)
    throw new Error(`The file has ${body.length} rows; the playground takes up to ${MAX_POINTS}.`);
  if (body.length === 0)
    throw new Error("The file has a header and no rows; expected two columns of numbers, x and y.");
  const values = body.map((cells, i) =>
    [0, 1].map((column) => {
      const cell = cells[column];
      if (isNumber(cell)) return Number(cell);
      const where = `Row ${i + 1 + Number(header)}, column ${column + 1}${names[column] ? ` (${names[column].trim()})` : ""}`;
      const what = cell === undefined ? "is missing" : cell.trim() === "" ? "is empty" : `is “${cell.slice(0, 30)}”`;
      throw new Error(`${where} ${what}; expected a number.`);
    }),
  );
  const clean = (name: string | undefined, fallback: string) =>
    name?.trim().replaceAll("_", " ").slice(0, 40) || fallback;
  return framed(values as [number, number][], [clean(names[0], "x"), clean(names[1], "y")]);
}

/** The points as {@link parseCsv} reads them back, to the bit. */
export async function formatCsv({ points, labels }: Data): Promise<string> {
  const { csvFormatRows } = await import("d3-dsv");
  return `${csvFormatRows([labels, ...points.map(({ x, y }) => [String(x), String(y)])])}\n`;
}
