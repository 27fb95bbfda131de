// Small CSV files of every habit, beside what is to be read from them.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isMissing, parseNumber, parseTime } from "../src/cells";
import { guessColumns, pickColumns, readTable } from "../src/csv";
import { formatCsv, MAX_POINTS } from "../src/data";
import { largest, smallest } from "./extremes";
import { parseCsv } from "./parse";

interface Expected {
  separator?: string;
  decimal?: string;
  points: [number, number][];
  labels: string[];
  times?: boolean[];
  notices: string[];
  /** A part of the message, where nothing can be read. */
  error?: string;
}
const folder = new URL("csv/", import.meta.url);
const expected: Record<string, Expected> = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));
const read = (name: string) => readFileSync(new URL(`${name}.csv`, folder), "utf8");

test("every file has its numbers beside it", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".csv"));
  expect(names.map((name) => name.slice(0, -4)).sort()).toEqual(Object.keys(expected).sort());
  expect(names.length).toBeGreaterThanOrEqual(20);
});

test.each(Object.entries(expected))("%s.csv", (name, { error, separator, decimal, points, labels, times, notices }) => {
  const parse = () => {
    const table = readTable(read(name), `${name}.csv`);
    return { table, ...pickColumns(table, guessColumns(table)) };
  };
  if (error) return expect(parse).toThrow(error);
  const { table, data, notices: said } = parse();
  expect(data.points.map(({ x, y }) => [x, y])).toEqual(points);
  expect(data.labels).toEqual(labels);
  expect(data.times).toEqual(times);
  expect([table.separator, table.decimal]).toEqual([separator, decimal]);
  expect(said).toEqual(notices);
  expect(data.source).toBe(`${name}.csv`);
});

test("another separator, decimal sign and column can be asked for", () => {
  const table = readTable("a;b;c\n1,5;2;3\n4;5;6\n", "t.csv", { decimal: "." });
  expect(table.columns.map(({ kind }) => kind)).toEqual(["text", "number", "number"]);
  // A group of one digit is none: 1,5 is no number with a decimal point.
  expect(() => pickColumns(readTable("a;b\n1,5;2\n", "t.csv", { decimal: "." }), { x: 0, y: 1 })).toThrow("No row");
  expect(pickColumns(table, { x: 2, y: 1 }).data.points.map(({ x, y }) => [x, y])).toEqual([
    [3, 2],
    [6, 5],
  ]);
  expect(readTable("a;b\n1;2\n", "t.csv", { separator: "," }).columns).toHaveLength(1);
});

test("more rows than the most are thinned evenly, with a notice", () => {
  const text = Array.from({ length: 5000 }, (_, i) => `${i},${2 * i}`).join("\n");
  const table = readTable(text, "long.csv");
  const { data, notices } = pickColumns(table, { x: 0, y: 1 });
  const xs = data.points.map(({ x }) => x);
  expect(xs).toHaveLength(MAX_POINTS);
  expect([xs[0], xs.at(-1)]).toEqual([0, 4999]);
  const gaps = xs.slice(1).map((x, i) => x - xs[i]);
  expect([smallest(gaps), largest(gaps)]).toEqual([5, 6]);
  expect(notices).toEqual([`5000 rows: ${MAX_POINTS} of them are used, evenly spaced in the file.`]);
});

test("times come back as they went", async () => {
  const cells = ["2024-02-28", "2024-02-29T06:30:00Z", "2024-02-29T06:30:05.250Z"];
  const data = parseCsv(`when,what\n${cells.map((cell, i) => `${cell},${i}`).join("\n")}\n`);
  const text = await formatCsv(data);
  expect(text).toContain("2024-02-29T06:30:05.250Z,2");
  const again = parseCsv(text);
  expect(again.times).toEqual([true, false]);
  expect(again.points.map(({ x }) => x)).toEqual(data.points.map(({ x }) => x));
  // A time that ISO 8601 would round is a number.
  data.points[1] = { ...data.points[1], x: 1 / 3 };
  expect(await formatCsv(data)).toContain(`${1 / 3},1`);
});

test("cells", () => {
  expect(["12", "-1.5e-3", ".5", "5.", "1,234.5", "1'234", "−3"].map((cell) => parseNumber(cell, "."))).toEqual([
    12, -0.0015, 0.5, 5, 1234.5, 1234, -3,
  ]);
  expect(["1,5", "1.234,5", ",5", "1 000"].map((cell) => parseNumber(cell, ","))).toEqual([1.5, 1234.5, 0.5, 1000]);
  for (const cell of ["", "1,2", "12,34.5", "1.2.3", "0x10", "Infinity", "1e999", "5 %", "1 2"])
    expect(parseNumber(cell, ".")).toBeUndefined();
  expect(parseTime("1970-01-02")).toBe(86_400);
  expect(parseTime("2000-01-01T00:00:00-02:30")).toBe(Date.UTC(2000, 0, 1, 2, 30) / 1000);
  for (const cell of ["2024-13-01", "2023-02-29", "24-01-01", "01.02.2024", "2024-01-01T25:00", "2024"])
    expect(parseTime(cell)).toBeUndefined();
  expect(["NA", "n/a", "-", "", "NaN", "NULL"].every(isMissing)).toBe(true);
  expect(["0", "no", "x"].some(isMissing)).toBe(false);
});
