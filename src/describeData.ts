/** What a table is like before it is fitted, and what tends to go wrong with such a table: plain data in and out. */
import { readMatrix } from "./lists.js";
import type { Matrix, MatrixLike } from "./matrix.js";
import { isArray, reading } from "./words.js";

/** One column in numbers. Missing entries do not count. */
export interface ColumnDescription {
  /** Entries that are missing. */
  missing: number;
  distinct: number;
  min: number;
  max: number;
  mean: number;
  /** Population standard deviation. */
  std: number;
  median: number;
}

/** A table in numbers, and what to do about it in words. */
export interface DataDescription {
  rows: number;
  /** The columns of X. */
  columns: ColumnDescription[];
  /** The columns of Y; none without Y. */
  targets: ColumnDescription[];
  /** Rows with a missing entry, ascending. */
  missingRows: number[];
  /** Rows whose inputs are those of an earlier row. */
  repeatedRows: number[];
  /** Rows with an entry that is far from all others of its column, ascending. */
  outlierRows: number[];
  /** What tends to go wrong, a sentence each, with what to do; empty where nothing was found. */
  notes: string[];
}

/** A table that may lack entries: null, undefined, NaN and the infinities are missing. */
export type TableLike =
  | MatrixLike
  | readonly (readonly (number | null | undefined)[])[]
  | readonly (number | null | undefined)[];

/** Distance from the median, in deviations as the median of distances tells them, from which a value is an outlier. */
const FAR = 10;
/** Deviations that differ by more are columns of different units. */
const UNLIKE = 30;
/** A mean of so many deviations is an offset: years, coordinates. */
const OFFSET = 10;
/** A correlation from which two columns say the same. */
const SAME = 0.9999;
/** Positive targets that span so many powers of ten are better as logarithms. */
const DECADES = 3;
/** Row numbers that a sentence names. */
const NAMED = 5;

/**
 * What a table is like, and what to do before it is fitted: missing entries with their rows, constant columns, columns
 * that say the same, columns of unlike units (years beside fractions), outliers, rows that repeat, targets that look
 * like labels or like logarithms. Nothing is changed and nothing is refused that a table may hold.
 *
 * @throws TypeError where X or Y is no table of numbers; RangeError for ragged rows, and where Y has other rows.
 * @example
 * const { notes, missingRows } = describeData(
 *   [[2001, 0.1], [2002, null], [2003, 0.3], [2004, 0.2]],
 *   [1, 2, 4, 3],
 * );
 * missingRows.join(); // "1"
 * notes[0]; // "1 of 4 rows lacks an entry (row 1): remove the row, or fill in the median of its column"
 */
export function describeData(X: TableLike, Y?: TableLike): DataDescription {
  const inputs = tableOf(X, "X");
  const targets = Y === undefined ? undefined : tableOf(Y, "Y");
  if (targets && targets.rows !== inputs.rows)
    throw new RangeError(`Y has ${targets.rows} rows; expected ${inputs.rows}, one for each row of X`);
  const columns = columnsOf(inputs);
  const wanted = targets ? columnsOf(targets) : [];
  // A column without any entry is told by itself.
  const held = [...columns, ...wanted].filter(({ missing }) => missing < inputs.rows);
  const missingRows = rowsWhere(inputs.rows, (i) => held.some(({ values }) => !Number.isFinite(values[i])));
  const repeatedRows = repeatsOf(inputs);
  const far = [...columns, ...wanted].map(({ values, median }) => outliersOf(values, median));
  const outlierRows = rowsWhere(inputs.rows, (i) => far.some((rows) => rows.has(i)));
  const notes = [
    ...missingNotes(inputs.rows, missingRows),
    ...columnNotes(columns),
    ...scaleNotes(columns),
    ...sameNotes(columns),
    ...repeatNotes(inputs, targets, repeatedRows),
    ...outlierNotes(columns, wanted, far),
    ...targetNotes(wanted, inputs.rows),
  ];
  const { rows } = inputs;
  return {
    rows,
    columns: columns.map(shown),
    targets: wanted.map(shown),
    missingRows,
    repeatedRows,
    outlierRows,
    notes,
  };
}

/** A column with its entries, NaN where one is missing. */
interface Column extends ColumnDescription {
  name: string;
  values: Float64Array;
}

function shown({ name: _name, values: _values, ...rest }: Column): ColumnDescription {
  return rest;
}

/** A table with NaN where an entry is missing. */
function tableOf(table: unknown, name: string): Matrix {
  return readMatrix(
    reading(name, () => filled(table)),
    name,
  );
}

function filled(table: unknown): unknown {
  // What is longer is no table in memory: its reader says so.
  if (!isArray(table) || table.length > MOST_FILLED) return table;
  return Array.from(table, (row) =>
    isArray(row) && row.length <= MOST_FILLED ? Array.from(row, orMissing) : orMissing(row),
  );
}

const MOST_FILLED = 1e7;

function orMissing(entry: unknown): unknown {
  return entry === null || entry === undefined ? Number.NaN : entry;
}

function columnsOf({ data, rows, cols }: Matrix): Column[] {
  return Array.from({ length: cols }, (_, j) => {
    const values = Float64Array.from({ length: rows }, (_, i) => data[i * cols + j]);
    const present = values.filter(Number.isFinite).sort();
    const n = present.length;
    const [min, max] = n > 0 ? [present[0], present[n - 1]] : [Number.NaN, Number.NaN];
    // Sums of quotients are off by rounding, and by all of the smallest doubles.
    const mean = Math.min(
      max,
      Math.max(
        min,
        present.reduce((sum, x) => sum + x / n, 0),
      ),
    );
    // Differences of the largest doubles overflow, and halves of the smallest vanish.
    const unit = max / 2 - min / 2 > Number.MAX_VALUE / 4 ? 2 : 1;
    const away = present.map((x) => x / unit - mean / unit);
    const largest = away.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
    const spread = largest === 0 ? 0 : away.reduce((sum, x) => sum + (x / largest) ** 2 / n, 0);
    return {
      name: `column ${j}`,
      values,
      missing: rows - n,
      distinct: new Set(present).size,
      min,
      max,
      mean: n > 0 ? mean : Number.NaN,
      std: n > 0 ? Math.min(Number.MAX_VALUE, unit * largest * Math.sqrt(spread)) : Number.NaN,
      median: medianOf(present),
    };
  });
}

/** The median of ascending numbers; NaN of none. */
function medianOf(ascending: Float64Array): number {
  const n = ascending.length;
  if (n === 0) return Number.NaN;
  const [low, high] = [ascending[(n - 1) >> 1], ascending[n >> 1]];
  // Half of the smallest double is 0.
  return low === high ? low : low / 2 + high / 2;
}

function rowsWhere(rows: number, which: (row: number) => boolean): number[] {
  return Array.from({ length: rows }, (_, i) => i).filter(which);
}

function rowOf({ data, cols }: Matrix, i: number): Float64Array {
  return data.subarray(i * cols, (i + 1) * cols);
}

/** Rows whose inputs are those of an earlier row. */
function repeatsOf(X: Matrix): number[] {
  const seen = new Set<string>();
  return rowsWhere(X.rows, (i) => {
    const key = rowOf(X, i).join();
    const known = seen.has(key);
    seen.add(key);
    return known && X.cols > 0;
  });
}

/** Rows of one column that are far from its median beside the usual distance. */
function outliersOf(values: Float64Array, median: number): Set<number> {
  const distances = values.map((x) => Math.abs(x - median));
  // 1.4826 times the median distance is the deviation of normal numbers.
  const usual = 1.4826 * medianOf(distances.filter(Number.isFinite).sort());
  const far = new Set<number>();
  if (usual > 0)
    distances.forEach((distance, i) => {
      if (distance > FAR * usual && distance < Infinity) far.add(i);
    });
  return far;
}

function named(rows: readonly number[]): string {
  const few = rows.slice(0, NAMED).join(", ");
  return `${rows.length === 1 ? "row" : "rows"} ${few}${rows.length > NAMED ? ", …" : ""}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function missingNotes(rows: number, missing: readonly number[]): string[] {
  if (missing.length === 0) return [];
  const [lack, them] = missing.length === 1 ? ["lacks", "the row"] : ["lack", "the rows"];
  return [
    `${missing.length} of ${count(rows, "row")} ${lack} an entry (${named(missing)}): remove ${them}, or fill in the median of its column`,
  ];
}

/** Columns that say nothing, or nearly nothing. */
function columnNotes(columns: readonly Column[]): string[] {
  return columns.flatMap(({ name, distinct, values, missing, min }) => {
    const present = values.length - missing;
    if (present === 0) return [`${name} of X has no entry: remove it`];
    if (distinct === 1 && present > 1) return [`${name} of X is constant (${min}): remove it`];
    const most = mostCommon(values);
    if (present >= 20 && most.times >= 0.98 * present)
      return [
        `${name} of X is nearly constant: ${most.value} in ${most.times} of ${count(present, "row")}; a fit learns nothing of the other rows from it`,
      ];
    const steps = values.every((x, i) => i === 0 || x === values[i - 1] + 1);
    return steps && present > 20 ? [`${name} of X counts the rows: remove it if it is an identifier`] : [];
  });
}

function mostCommon(values: Float64Array): { value: number; times: number } {
  const times = new Map<number, number>();
  for (const x of values) if (Number.isFinite(x)) times.set(x, (times.get(x) ?? 0) + 1);
  return [...times].reduce((best, [value, n]) => (n > best.times ? { value, times: n } : best), { value: 0, times: 0 });
}

/** Columns of unlike units. */
function scaleNotes(columns: readonly Column[]): string[] {
  const own = columns.filter(({ std }) => std > 0);
  if (own.length === 0) return [];
  const [narrow, wide] = [own.reduce((a, b) => (b.std < a.std ? b : a)), own.reduce((a, b) => (b.std > a.std ? b : a))];
  if (wide.std / UNLIKE > narrow.std)
    return [
      `the deviations of the columns of X differ from ${short(narrow.std)} (${narrow.name}) to ${short(wide.std)} (${wide.name}): standardize(X), or the wide one is all that a kernel sees`,
    ];
  const offset = own.find(({ mean, std }) => Math.abs(mean) > OFFSET * std);
  if (offset)
    return [
      `${offset.name} of X is ${short(offset.mean)} ± ${short(offset.std)}, as years and coordinates are: standardize(X), or all rows look alike to a kernel`,
    ];
  if (wide.std > UNLIKE || narrow.std < 1 / UNLIKE)
    return [`the columns of X have deviations near ${short(wide.std)}, and kernels expect about 1: standardize(X)`];
  return [];
}

function short(x: number): string {
  const digits = x.toPrecision(3);
  // The largest double rounds to what is none.
  return Number.isFinite(Number(digits)) ? String(Number(digits)) : digits;
}

/** Pairs of columns that say the same up to scale and offset. */
function sameNotes(columns: readonly Column[]): string[] {
  // All pairs of wide tables cost more than they tell.
  if (columns.length > MOST_COMPARED) return [];
  const notes: string[] = [];
  for (const [j, second] of columns.entries())
    for (const first of columns.slice(0, j))
      if (Math.abs(correlation(first, second)) > SAME)
        notes.push(`${first.name} and ${second.name} of X say the same up to scale and offset: remove one of them`);
  return notes;
}

const MOST_COMPARED = 200;

function correlation(a: Column, b: Column): number {
  let [sum, n] = [0, 0];
  a.values.forEach((x, i) => {
    const product = ((x - a.mean) / a.std) * ((b.values[i] - b.mean) / b.std);
    if (!Number.isFinite(product)) return;
    sum += product;
    n++;
  });
  return n > 2 ? sum / n : 0;
}

function repeatNotes(X: Matrix, Y: Matrix | undefined, repeated: readonly number[]): string[] {
  if (repeated.length === 0) return [];
  const rows = `${repeated.length} of ${count(X.rows, "row")} repeat${repeated.length === 1 ? "s" : ""} the inputs of an earlier one (${named(repeated)})`;
  if (!Y) return [rows];
  const targets = new Map<string, string>();
  let unlike = 0;
  for (let i = 0; i < X.rows; i++) {
    const [key, own] = [rowOf(X, i).join(), rowOf(Y, i).join()];
    const first = targets.get(key);
    if (first === undefined) targets.set(key, own);
    else if (first !== own) unlike++;
  }
  const same = repeated.length - unlike;
  const copies = same > 0 ? `; ${same} with its targets, which count once in the evidence` : "";
  const spread =
    unlike > 0 ? `; ${unlike} with other targets, whose spread no model explains: give a ridge above 0` : "";
  return [`${rows}${copies}${spread}. Keep them in one group of crossValidate`];
}

function outlierNotes(
  columns: readonly Column[],
  targets: readonly Column[],
  far: readonly ReadonlySet<number>[],
): string[] {
  return [...columns, ...targets].flatMap(({ name, values, median }, k) => {
    const rows = [...far[k]];
    // Many far values are the tail of the column, not slips.
    if (rows.length === 0 || rows.length > values.length / 20 + 1) return [];
    const which = k < columns.length ? `${name} of X` : `${name} of Y`;
    return [
      `${which} is far from its median ${short(median)} in ${named(rows)} (${short(values[rows[0]])}${rows.length > 1 ? ", …" : ""}): look for a slip or a code for a missing entry`,
    ];
  });
}

function targetNotes(targets: readonly Column[], rows: number): string[] {
  return targets.flatMap(({ name, distinct, values, min, max, std, missing }) => {
    if (distinct === 0) return [`${name} of Y has no entry: there is nothing to learn`];
    if (distinct === 1 && rows > 1) return [`${name} of Y is constant (${min}): there is nothing to learn`];
    const whole = values.every((y) => !Number.isFinite(y) || Number.isInteger(y));
    if (whole && distinct <= 10 && distinct * 5 <= values.length - missing)
      return [`${name} of Y has ${distinct} whole numbers: if they are classes, use classify`];
    if (min > 0 && max / min >= 10 ** DECADES)
      return [`${name} of Y spans ${short(min)} to ${short(max)}: fit its logarithm`];
    if (std > UNLIKE || std < 1 / UNLIKE)
      return [
        `${name} of Y has deviation ${short(std)}: fit with scale: "fit" and ridges of its size, or standardize(Y)`,
      ];
    return [];
  });
}
