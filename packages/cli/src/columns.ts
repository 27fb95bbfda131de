/**
 * From cells to numbers. A column whose cells are all numbers is an input as it is. A column without a number is a
 * category: a column of zeros and ones for each of its levels. A column with both is refused, because it is a slip more
 * often than not.
 */
import { closest, distance } from "fastest-levenshtein";
import { counted, isMissing, numberIn, placeOf, type Table } from "./csv.js";
import { Misuse, Refusal } from "./errors.js";

/** An input column of the table that was fitted. */
export type Column = { name: string; kind: "number" } | { name: string; kind: "category"; levels: string[] };

export interface Numbers {
  data: Float64Array;
  rows: number;
  cols: number;
}

export interface ColumnOptions {
  /** Columns that are no inputs. */
  ignore: readonly string[];
  /** Columns that are categories although their cells are numbers. */
  categorical: readonly string[];
}

/** More levels than this are an identifier, unless they were asked for. */
const MOST_LEVELS = 100;
/** Numbers of a table. A fit would need far more memory than they take. */
const MOST_NUMBERS = 1e8;

/** The place of a column. @throws Refusal that names the nearest one */
export function columnOf({ name, header }: Table, wanted: string, what: string): number {
  const place = header.indexOf(wanted);
  if (place >= 0) return place;
  throw new Refusal(`${name} has no column "${wanted}" for ${what}${nearest(wanted, header)}`);
}

/** A hint at the name that was meant; all names where none is near. */
function nearest(wanted: string, names: readonly string[]): string {
  const found = closest(wanted, names);
  if (distance(wanted.toLowerCase(), found.toLowerCase()) <= Math.ceil(wanted.length / 3))
    return `; did you mean "${found}"?`;
  const few = names.slice(0, 8).map((name) => `"${name}"`);
  return `; it has ${few.join(", ")}${names.length > few.length ? ", …" : ""}`;
}

/** The kinds of the input columns. @throws Refusal, Misuse */
export function planColumns(table: Table, targets: readonly string[], options: ColumnOptions): Column[] {
  const { ignore, categorical } = options;
  for (const name of ignore) columnOf(table, name, "--ignore");
  for (const name of categorical) columnOf(table, name, "--categorical");
  for (const name of targets)
    if (ignore.includes(name)) throw new Misuse(`"${name}" is both --target and --ignore; expected one of them`);
  const inputs = table.header.filter((name) => !targets.includes(name) && !ignore.includes(name));
  if (inputs.length === 0) throw new Refusal(`${table.name} has no column beside the target to predict it from`);
  return inputs.map((name) => planColumn(table, name, categorical.includes(name)));
}

function planColumn(table: Table, name: string, categorical: boolean): Column {
  const place = table.header.indexOf(name);
  const cells = table.rows.map((row) => row[place]);
  refuseMissing(table, place);
  const words = cells.flatMap((cell, row) => (numberIn(cell, table.decimalComma) === undefined ? [row] : []));
  if (words.length === 0 && !categorical) return { name, kind: "number" };
  if (words.length < cells.length && !categorical)
    throw new Refusal(
      `${placeOf(table, words[0], place)} is "${cells[words[0]]}", and ${counted(cells.length - words.length, "cell")} of the column ${cells.length - words.length === 1 ? "is a number" : "are numbers"}; mend the cell, or give --categorical "${name}"`,
    );
  const levels = levelsOf(cells);
  const many = levels.length > MOST_LEVELS || (cells.length >= 10 && levels.length > cells.length / 2);
  if (many && !categorical)
    throw new Refusal(
      `${table.name}: column "${name}" has ${levels.length} different texts in ${counted(cells.length, "row")}, as an identifier has; give --ignore "${name}", or --categorical "${name}" to keep it`,
    );
  return { name, kind: "category", levels };
}

/** Distinct cells: numbers ascending, texts by code point. */
export function levelsOf(cells: readonly string[]): string[] {
  const levels = [...new Set(cells)];
  const numbers = levels.every((level) => numberIn(level, false) !== undefined);
  return numbers ? levels.sort((a, b) => Number(a) - Number(b)) : levels.sort();
}

/** @throws Refusal where a cell of the column is missing. */
export function refuseMissing(table: Table, place: number): void {
  const row = table.rows.findIndex((cells) => isMissing(cells[place]));
  if (row < 0) return;
  const more = table.rows.filter((cells) => isMissing(cells[place])).length - 1;
  const others = more > 0 ? ` (and ${counted(more, "more row")})` : "";
  const cell = table.rows[row][place];
  throw new Refusal(
    `${placeOf(table, row, place)} is ${cell === "" ? "empty" : `"${cell}"`}${others}; fill it in, or leave the row out`,
  );
}

/** Rows that have every cell of these columns, and how many were left out. */
export function completeRows(table: Table, columns: readonly string[]): { table: Table; dropped: number } {
  const places = columns.map((name) => table.header.indexOf(name));
  const kept = table.rows.flatMap((cells, row) => (places.some((place) => isMissing(cells[place])) ? [] : [row]));
  if (kept.length === 0) throw new Refusal(`${table.name}: no row has all of its cells`);
  const [rows, lines] = [kept.map((row) => table.rows[row]), kept.map((row) => table.lines[row])];
  return { table: { ...table, rows, lines }, dropped: table.rows.length - kept.length };
}

/** The names of the encoded columns. */
export function encodedNames(columns: readonly Column[]): string[] {
  return columns.flatMap((column) =>
    column.kind === "number" ? [column.name] : column.levels.map((level) => `${column.name}=${level}`),
  );
}

/**
 * The inputs in numbers. `unseen` is called for a level that the fit has not seen, whose columns are then all 0.
 *
 * @throws Refusal for a cell that is missing or no number.
 */
export function encode(table: Table, columns: readonly Column[], unseen?: (message: string) => void): Numbers {
  const cols = encodedNames(columns).length;
  const rows = table.rows.length;
  if (rows * cols > MOST_NUMBERS)
    throw new Refusal(`${table.name} becomes ${rows} × ${cols} numbers; expected at most ${MOST_NUMBERS} in all`);
  const data = new Float64Array(rows * cols);
  let at = 0;
  for (const column of columns) {
    const place = columnOf(table, column.name, "the model");
    if (column.kind === "number") {
      numbersOf(table, place).forEach((value, row) => {
        data[row * cols + at] = value;
      });
      at++;
    } else {
      refuseMissing(table, place);
      table.rows.forEach((cells, row) => {
        const level = column.levels.indexOf(cells[place]);
        if (level >= 0) data[row * cols + at + level] = 1;
        else refuseUnseen(table, row, place, column.levels, unseen);
      });
      at += column.levels.length;
    }
  }
  return { data, rows, cols };
}

function refuseUnseen(
  table: Table,
  row: number,
  place: number,
  levels: readonly string[],
  unseen: ((message: string) => void) | undefined,
): void {
  const few = levels.slice(0, 8).map((level) => `"${level}"`);
  const known = `${few.join(", ")}${levels.length > few.length ? ", …" : ""}`;
  const message = `${placeOf(table, row, place)} is "${table.rows[row][place]}", which the fit has not seen; it knows ${known}`;
  if (!unseen) throw new Refusal(`${message} (--unknown zeros predicts it without this column)`);
  unseen(message);
}

/** The numbers of a column. @throws Refusal for a cell that is missing, no number, or too large for a double */
export function numbersOf(table: Table, place: number): Float64Array {
  refuseMissing(table, place);
  return Float64Array.from(table.rows, (cells, row) => {
    const value = numberIn(cells[place], table.decimalComma);
    if (value === undefined) throw new Refusal(`${placeOf(table, row, place)} is "${cells[place]}"; expected a number`);
    if (!Number.isFinite(value))
      throw new Refusal(`${placeOf(table, row, place)} is ${cells[place]}, which is too large for a double`);
    return value;
  });
}
