/** The table of a fit or of a comparison: inputs, and targets or labels, checked before anything is computed. */
import { describeData } from "ntk-wasm";
import {
  type Column,
  columnOf,
  completeRows,
  encode,
  encodedNames,
  levelsOf,
  type Numbers,
  numbersOf,
  planColumns,
  refuseMissing,
} from "./columns.js";
import { counted, numberIn, placeOf, readTable, type Table } from "./csv.js";
import { Misuse, Refusal } from "./errors.js";
import { scalingOf } from "./scaling.js";

export interface DataOptions {
  target: string[];
  classify?: boolean;
  ignore?: string[];
  categorical?: string[];
  dropMissing?: boolean;
}

export interface Data {
  table: Table;
  columns: Column[];
  targets: string[];
  X: Numbers;
  /** Targets, or undefined for labels. */
  Y: Numbers | undefined;
  labels: string[];
  /** The classes in order; none for targets. */
  classes: string[];
  /** What is to be known of the data, a sentence each. */
  warnings: string[];
}

/** More classes than this are no labels. */
const MOST_CLASSES = 100;

/** @throws Refusal, Misuse */
export async function readData(path: string, options: DataOptions): Promise<Data> {
  const { target: targets, classify, ignore = [], categorical = [], dropMissing } = options;
  if (classify && targets.length > 1) throw new Misuse(`--classify takes one --target; got ${targets.length}`);
  const twice = targets.find((name, i) => targets.indexOf(name) !== i);
  if (twice !== undefined) throw new Misuse(`--target "${twice}" is given twice`);
  const whole = await readTable(path);
  for (const name of targets) columnOf(whole, name, "--target");
  const used = whole.header.filter((name) => !ignore.includes(name));
  const { table, dropped } = dropMissing ? completeRows(whole, used) : { table: whole, dropped: 0 };
  const warnings =
    dropped > 0 ? [`${counted(dropped, "row")} of ${whole.rows.length} with missing cells left out`] : [];
  const places = targets.map((name) => columnOf(table, name, "--target"));
  const labels = classify ? labelsOf(table, places[0]) : [];
  const Y = classify ? undefined : targetsOf(table, places);
  const columns = planColumns(table, targets, { ignore, categorical });
  const X = encode(table, columns);
  if (X.rows < 2) throw new Refusal(`${table.name} has 1 row; expected at least 2 to learn from`);
  const classes = classify ? classesOf(labels, table, targets[0]) : [];
  // Units that no double holds are refused here, by the name of the column.
  scalingOf(X);
  const names = encodedNames(columns);
  return { table, columns, targets, X, Y, labels, classes, warnings: [...warnings, ...findings(X, Y, names, targets)] };
}

function targetsOf(table: Table, places: readonly number[]): Numbers {
  const lists = places.map((place) => {
    const words = table.rows.findIndex((cells) => numberIn(cells[place], table.decimalComma) === undefined);
    refuseMissing(table, place);
    if (words >= 0)
      throw new Refusal(
        `${placeOf(table, words, place)} is "${table.rows[words][place]}"; expected a number, or --classify for labels`,
      );
    const values = numbersOf(table, place);
    if (values.length > 1 && values.every((y) => y === values[0]))
      throw new Refusal(
        `${table.name}: the target "${table.header[place]}" is ${values[0]} in all ${values.length} rows; there is nothing to learn`,
      );
    return values;
  });
  const data = new Float64Array(table.rows.length * places.length);
  lists.forEach((values, c) => {
    values.forEach((y, row) => {
      data[row * places.length + c] = y;
    });
  });
  return { data, rows: table.rows.length, cols: places.length };
}

function labelsOf(table: Table, place: number): string[] {
  refuseMissing(table, place);
  return table.rows.map((cells) => cells[place]);
}

function classesOf(labels: readonly string[], { name }: Table, target: string): string[] {
  const classes = levelsOf(labels);
  if (classes.length === 1)
    throw new Refusal(`${name}: the target "${target}" is "${classes[0]}" in all rows; there is nothing to learn`);
  if (classes.length > MOST_CLASSES || (labels.length >= 10 && classes.length > labels.length / 2))
    throw new Refusal(
      `${name}: the target "${target}" has ${classes.length} classes in ${labels.length} rows; expected labels that repeat, or targets without --classify`,
    );
  return classes;
}

/**
 * What `describeData` says, in the words of the table: names of columns, and rows that count from 1. What it says of
 * units is left out, because every fit here standardises.
 */
function findings(X: Numbers, Y: Numbers | undefined, names: readonly string[], targets: readonly string[]): string[] {
  const { notes } = Y ? describeData(X, Y) : describeData(X);
  return notes.flatMap((note) => {
    if (/standardize\(/.test(note) || sameCategory(note, names)) return [];
    return [inWords(note, names, targets)];
  });
}

/** The columns of one category always say the same about each other. */
function sameCategory(note: string, names: readonly string[]): boolean {
  const [, first, second] = /^column (\d+) and column (\d+) of X say the same/.exec(note) ?? [];
  if (second === undefined) return false;
  const [a, b] = [first, second].map((place) => names[Number(place)].split("="));
  return a.length > 1 && a[0] === b[0];
}

function inWords(note: string, names: readonly string[], targets: readonly string[]): string {
  return note
    .replace(/column (\d+) of Y/g, (_, j) => `the target "${targets[j]}"`)
    .replace(/column (\d+)(?: of X)?/g, (_, j) => `column "${names[j]}"`)
    .replace(/\b(rows?) (\d+(?:, \d+)*)/g, (_, word, list: string) => {
      const rows = list.split(", ").map((row) => Number(row) + 1);
      return `${word} ${rows.join(", ")}`;
    })
    .replace(". Keep them in one group of crossValidate", "")
    .replace("use classify", "give --classify")
    .replace("give a ridge above 0", "keep the ridge above 0");
}
