/**
 * Tables from CSV files: a header, then rows with a cell for each of its names. The separator is the comma, semicolon
 * or tab that the header has most of. What is no such table is refused with its row and column.
 */
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { csvFormatRows, dsvFormat } from "d3-dsv";
import { Refusal } from "./errors.js";

export interface Table {
  /** The file's name, for messages. */
  name: string;
  header: string[];
  /** Cells without surrounding blanks. */
  rows: string[][];
  /** The line of the file where a row begins; the header is line 1. */
  lines: number[];
  /** Numbers are written 1,5. */
  decimalComma: boolean;
}

/** Longer files hold more cells than a fit can take, and their text does not fit into a string. */
const MOST_BYTES = 400e6;
const MISSING = /^(?:|na|n\/a|nan|null|\?)$/i;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Reads a file, or the standard input where the path is "-". @throws Refusal */
export async function readTable(path: string): Promise<Table> {
  const name = path === "-" ? "standard input" : basename(path);
  return parseTable(textOf(path === "-" ? await standardInput() : await bytesOf(path), name), name);
}

async function bytesOf(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw tooLong(path);
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The error for a file that cannot be read, in words. */
export function unreadable(path: string, error: unknown): Error {
  const { code } = error as { code?: string };
  if (code === "ENOENT") return new Refusal(`${path}: there is no such file`);
  if (code === "EISDIR") return new Refusal(`${path} is a folder; expected a file`);
  if (code === "EACCES") return new Refusal(`${path} may not be read`);
  return error instanceof Refusal ? error : new Refusal(`${path}: ${(error as Error).message}`);
}

function tooLong(name: string): Refusal {
  return new Refusal(`${name} has more than ${MOST_BYTES / 1e6} MB; expected a table that a fit can take`);
}

async function standardInput(): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of process.stdin) {
    size += part.length;
    if (size > MOST_BYTES) throw tooLong("standard input");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function textOf(bytes: Buffer, name: string): string {
  try {
    // The decoder drops a byte order mark.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(`${name} is not UTF-8 text; save it as UTF-8`);
  }
}

/** @throws Refusal for what is no table with a header and rows. */
export function parseTable(text: string, name: string): Table {
  if (text.trim() === "") throw new Refusal(`${name} is empty; expected a header and rows`);
  const separator = separatorOf(text);
  const [first, ...rest] = dsvFormat(separator).parseRows(text);
  const header = first.map((cell) => cell.trim());
  checkHeader(header, name);
  const rows: string[][] = [];
  const lines: number[] = [];
  let line = 2 + breaksIn(first);
  for (const cells of rest) {
    // A line without a cell separates, or ends the file.
    if (cells.length > 1 || cells[0].trim() !== "") {
      if (cells.length !== header.length)
        throw new Refusal(
          `${name}: row ${rows.length + 1} (line ${line}) has ${counted(cells.length, "cell")}; expected ${header.length}, as the header has`,
        );
      rows.push(cells.map((cell) => cell.trim()));
      lines.push(line);
    }
    line += 1 + breaksIn(cells);
  }
  if (rows.length === 0) throw new Refusal(`${name} has a header and no rows`);
  return { name, header, rows, lines, decimalComma: separator !== "," };
}

/** The separator that stands in the first line most often. */
function separatorOf(text: string): string {
  const [head] = text.trimStart().split("\n", 1);
  const times = (separator: string) => head.split(separator).length;
  return [",", ";", "\t"].reduce((best, each) => (times(each) > times(best) ? each : best));
}

function breaksIn(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
}

function checkHeader(header: string[], name: string): void {
  if (header.every((cell) => NUMBER.test(cell)))
    throw new Refusal(`${name}: the first line has numbers alone; expected a header with the names of the columns`);
  // Tables with an index have no name above it.
  header.forEach((cell, j) => {
    if (cell === "") header[j] = `column ${j + 1}`;
  });
  const places = new Map<string, number>();
  header.forEach((cell, j) => {
    const known = places.get(cell);
    if (known !== undefined)
      throw new Refusal(`${name}: columns ${known + 1} and ${j + 1} are both called "${cell}"; rename one of them`);
    places.set(cell, j);
  });
}

/** Where a cell is, for messages. */
export function placeOf({ name, header, lines }: Table, row: number, column: number): string {
  return `${name}: row ${row + 1} (line ${lines[row]}), column "${header[column]}"`;
}

export function isMissing(cell: string): boolean {
  return MISSING.test(cell);
}

/** The number that a cell says; undefined where it says none. */
export function numberIn(cell: string, decimalComma: boolean): number | undefined {
  const text = decimalComma && /^[^.,]*,[^.,]*$/.test(cell) ? cell.replace(",", ".") : cell;
  return NUMBER.test(text) ? Number(text) : undefined;
}

/** "1 row", "2 rows". */
export function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** Text of a table, with a line break at its end. */
export function csvText(rows: readonly (readonly string[])[]): string {
  return `${csvFormatRows(rows as string[][])}\n`;
}
