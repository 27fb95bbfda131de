// Tables of numbers from text: CSV files of any habit, and cells pasted from a spreadsheet. What was detected is shown
// and can be changed; what is skipped is counted, with its rows. This module is loaded when the first text comes.
import { dsvFormat } from "d3-dsv";
import { type Decimal, isMissing, looksDated, looksGrouped, parseNumber, parseTime } from "./cells";
import { cleanLabel, type Data, framed, MAX_POINTS } from "./data";

export const SEPARATORS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" } as const;
export type Separator = keyof typeof SEPARATORS;
export type { Decimal };

export interface Column {
  name: string;
  kind: "number" | "time" | "text" | "empty";
  /** An index that a program has written: no name, and 0, 1, 2, … */
  index: boolean;
  /** Cells in which there is a value. */
  values: number;
}
export interface Table {
  source: string;
  separator: Separator;
  decimal: Decimal;
  header: boolean;
  columns: Column[];
  /** The cells below the header, and the number of each row in the file, from 1. */
  rows: string[][];
  numbers: number[];
  /** What was found and mended on the way, in words. */
  notices: string[];
}
/** Columns by their place; x −1 is the number of the row. */
export interface Choice {
  x: number;
  y: number;
}

/** The number of a row in the place of a column. */
export const ROW_NUMBER = -1;

/**
 * Reads a text. What is not given is detected.
 *
 * @throws Error where there is nothing to read.
 */
export function readTable(
  text: string,
  source: string,
  given: { separator?: Separator; decimal?: Decimal } = {},
): Table {
  const clean = text.replace(/^\uFEFF/, "");
  if (clean.trim() === "") throw new Error("The file is empty; expected columns of numbers, x and y.");
  const separator = given.separator ?? detectSeparator(clean);
  const all = dsvFormat(separator).parseRows(clean);
  const numbered = all.map((cells, i) => ({ cells: cells.map((cell) => cell.trim()), number: i + 1 }));
  const filled = numbered.filter(({ cells }) => cells.some((cell) => cell !== ""));
  const notices: string[] = [];
  // Blank lines at the end are the way a file ends.
  const last = filled.at(-1)?.number ?? 0;
  const blank = numbered.filter(({ cells, number }) => number < last && cells.every((cell) => cell === ""));
  if (blank.length > 0) notices.push(`${rowsWord(blank.map(({ number }) => number))} blank.`);

  let grid = filled.map(({ cells }) => cells);
  grid = withoutTrailing(grid);
  const decimal = given.decimal ?? detectDecimal(grid, separator);
  const header = hasHeader(grid, decimal);
  if (separator === "," && decimal === "," && header) grid = joinDecimals(grid);
  if (header && grid.length > 1 && grid.slice(1).every((row) => row.length === grid[0].length + 1))
    grid[0] = ["", ...grid[0]]; // R's write.table gives row names no name.
  const body = header ? grid.slice(1) : grid;
  const numbers = filled.slice(header ? 1 : 0).map(({ number }) => number);
  if (body.length === 0) throw new Error("The file has a header and no rows; expected columns of numbers, x and y.");
  const width = body.reduce((top, row) => Math.max(top, row.length), header ? grid[0].length : 0);
  const names = Array.from({ length: width }, (_, i) => (header ? (grid[0][i] ?? "") : ""));
  const columns = names.map((name, i) =>
    describeColumn(
      name,
      body.map((row) => row[i] ?? ""),
      decimal,
    ),
  );
  nameColumns(columns, header);
  return { source, separator, decimal, header, columns, rows: body, numbers, notices };
}

/** The two columns that are most likely meant: the first two of numbers or times that are no index. */
export function guessColumns({ columns }: Table): Choice {
  const numeric = columns.map((_, i) => i).filter((i) => columns[i].kind === "number" || columns[i].kind === "time");
  const own = numeric.filter((i) => !columns[i].index);
  const [x, y] = own.length >= 2 ? own : numeric;
  if (x === undefined)
    throw new Error(`No column has numbers: ${columns.map(({ name }) => `“${name}”`).join(", ")} have none.`);
  return own.length === 1 ? { x: ROW_NUMBER, y: own[0] } : y === undefined ? { x: ROW_NUMBER, y: x } : { x, y };
}

/** The points of two columns, with a notice of all that is left out. @throws Error where no row has both. */
export function pickColumns(table: Table, { x, y }: Choice): { data: Data; notices: string[] } {
  const { columns, rows, numbers, source, decimal } = table;
  const skipped = new Map<string, number[]>();
  const points: [number, number][] = [];
  const kindOf = (at: number) => (at === ROW_NUMBER ? "number" : columns[at].kind);
  const nameOf = (at: number) => (at === ROW_NUMBER ? "row" : columns[at].name);
  rows.forEach((row, i) => {
    const values = [x, y].map((at) => {
      if (at === ROW_NUMBER) return i + 1;
      const cell = row[at] ?? "";
      const value = kindOf(at) === "time" ? parseTime(cell) : parseNumber(cell, decimal);
      if (value !== undefined) return value;
      const reason =
        cell === "" ? "blank" : isMissing(cell) ? `“${cell}”` : kindOf(at) === "time" ? "not a date" : "text";
      const key = `${reason} in ${nameOf(at)}`;
      const list = skipped.get(key) ?? [];
      if (list.at(-1) !== numbers[i]) list.push(numbers[i]);
      skipped.set(key, list);
      return undefined;
    });
    const [a, b] = values;
    if (a !== undefined && b !== undefined) points.push([a, b]);
  });
  if (points.length === 0)
    throw new Error(`No row has numbers in both ${nameOf(x)} and ${nameOf(y)}; choose other columns.`);
  const notices = [...table.notices, ...[...skipped].map(([reason, list]) => `${rowsWord(list)} skipped: ${reason}.`)];
  if (x === ROW_NUMBER) notices.push("x is the number of the row.");
  const times: [boolean, boolean] = [kindOf(x) === "time", kindOf(y) === "time"];
  if (times[0] || times[1]) notices.push("Dates are seconds since 1970-01-01, in UTC where no offset is given.");
  const kept = thin(points);
  if (kept.length < points.length)
    notices.push(`${points.length} rows: ${kept.length} of them are used, evenly spaced in the file.`);
  const labels: [string, string] = [cleanLabel(nameOf(x), "x"), cleanLabel(nameOf(y), "y")];
  const data: Data = { ...framed(kept, labels), source };
  if (times[0] || times[1]) data.times = times;
  return { data, notices };
}

/** At most {@link MAX_POINTS}, evenly spaced, the first and the last among them. */
function thin<T>(points: T[]): T[] {
  if (points.length <= MAX_POINTS) return points;
  const step = (points.length - 1) / (MAX_POINTS - 1);
  return Array.from({ length: MAX_POINTS }, (_, i) => points[Math.round(i * step)]);
}

const SHOWN_ROWS = 5;
function rowsWord(numbers: number[]): string {
  const shown = numbers.slice(0, SHOWN_ROWS).join(", ");
  if (numbers.length === 1) return `Row ${shown}`;
  const more = numbers.length - SHOWN_ROWS;
  return `${numbers.length} rows (${shown}${more > 0 ? ` and ${more} more` : ""})`;
}

/** The separator that gives most rows the same number of cells, two at least. */
function detectSeparator(text: string): Separator {
  // Quoted text may hold any separator.
  const sample = text.slice(0, 50_000).replace(/"(?:[^"]|"")*"/g, "quoted");
  let [best, top] = [",", 0] as [Separator, number];
  for (const separator of ["\t", ";", "|", ","] as const) {
    const rows = dsvFormat(separator)
      .parseRows(sample)
      .filter((cells) => cells.some((cell) => cell.trim() !== ""))
      .slice(0, 100);
    const counts = new Map<number, number>();
    for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1);
    const score = [...counts].reduce((most, [cells, count]) => (cells < 2 ? most : Math.max(most, count)), 0);
    if (score / rows.length > top + 0.1) [best, top] = [separator, score / rows.length];
  }
  return best;
}

/** Whether a comma or a point is the decimal sign: a comma only where cells say so. */
function detectDecimal(grid: string[][], separator: Separator): Decimal {
  if (separator === ",") return splitDecimals(grid) ? "," : ".";
  const cells = grid.flat();
  if (cells.some((cell) => /^[-+−]?\d*\.\d+$/.test(cell) && !/^[-+−]?\d{1,3}(\.\d{3})+$/.test(cell))) return ".";
  if (cells.some((cell) => looksGrouped(cell, "."))) return ".";
  // One group of three after a comma may be thousands or thousandths: semicolons are of countries with commas.
  const single = cells.some((cell) => /^[-+−]?\d+,\d{3}$/.test(cell));
  const comma = cells.some(
    (cell) => /^[-+−]?(\d+|\d{1,3}([. ]\d{3})+),\d+$/.test(cell) && !/^[-+−]?\d+,\d{3}$/.test(cell),
  );
  return comma || (single && separator === ";") ? "," : ".";
}

/** Whether rows have twice the cells of the header, integers in pairs: decimal commas among commas. */
function splitDecimals([head, ...body]: string[][]): boolean {
  const names = head?.filter((name) => name !== "").length ?? 0;
  return (
    names >= 1 &&
    body.length > 0 &&
    head.every((name) => parseNumber(name, ".") === undefined) &&
    body.every(
      (row) => row.length === 2 * head.length && row.every((cell, i) => (i % 2 ? /^\d+$/ : /^[-+−]?\d+$/).test(cell)),
    )
  );
}
const joinDecimals = ([head, ...body]: string[][]): string[][] => [
  head,
  ...body.map((row) =>
    head.map((_, i) => (row.length === 2 * head.length ? `${row[2 * i]},${row[2 * i + 1]}` : row[i])),
  ),
];

/** A first row without a number, where later rows have some. */
function hasHeader([head, ...body]: string[][], decimal: Decimal): boolean {
  const isValue = (cell: string) => parseNumber(cell, decimal) !== undefined || parseTime(cell) !== undefined;
  if (body.length === 0) return !head.some(isValue);
  return !head.some((cell) => isValue(cell) || (isMissing(cell) && cell !== ""));
}

/** Rows without the empty cells that a separator at the end of every row makes. */
function withoutTrailing(grid: string[][]): string[][] {
  const body = grid.slice(1);
  const narrow = grid[0].length;
  if (body.length > 0 && body.every((row) => row.length > 1 && row.at(-1) === "")) {
    const cut = body.map((row) => row.slice(0, -1));
    const head = grid[0].at(-1) === "" && narrow === body[0].length ? grid[0].slice(0, -1) : grid[0];
    // A last column of blanks under a name of its own stays.
    if (head.length <= cut[0].length) return [head, ...cut];
  }
  return grid;
}

function describeColumn(name: string, cells: string[], decimal: Decimal): Column {
  const present = cells.filter((cell) => !isMissing(cell));
  const numbers = present.filter((cell) => parseNumber(cell, decimal) !== undefined);
  const times = present.filter((cell) => parseTime(cell) !== undefined);
  const dated = times.length > present.length / 2 && present.some(looksDated);
  const kind =
    present.length === 0 ? "empty" : dated ? "time" : numbers.length > present.length / 2 ? "number" : "text";
  const from = Number(cells[0]);
  const index =
    name === "" &&
    cells.length > 1 &&
    (from === 0 || from === 1) &&
    cells.every((cell, i) => cell !== "" && Number(cell) === from + i);
  return { name, kind, index, values: kind === "time" ? times.length : numbers.length };
}

/** Names for columns without one, and different names for equal ones. */
function nameColumns(columns: Column[], header: boolean): void {
  const seen = new Map<string, number>();
  columns.forEach((column, i) => {
    if (!header && columns.length === 2) column.name = ["x", "y"][i];
    else if (column.name === "") column.name = column.index ? "index" : `column ${i + 1}`;
    if (!header) column.index = false;
    const count = (seen.get(column.name) ?? 0) + 1;
    seen.set(column.name, count);
    if (count > 1) column.name = `${column.name} (${count})`;
  });
}
