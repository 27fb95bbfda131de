/** Every data file of the repository has its source and its licence in examples/data/README.md. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const FOLDERS = ["assembly", "bench", "docs", "examples", "playground", "scripts", "src", "test", "tools"];
const DATA = /\.(csv|tsv|txt|json|jsonl|npy|npz|safetensors|parquet|arrow|bin|dat|gz|zip|png|jpe?g|ico|woff2?)$/;
/** What tools read. */
const OF_TOOLS = /(^|\/)(package|package-lock|tsconfig)\.json$/;
/** What tools write: the folders that git ignores. */
const IGNORED = readFileSync(join(root, ".gitignore"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.includes("*"))
  .map((line) => `/${line.replace(/\/$/, "")}/`);

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
)
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => DATA.test(path) && !OF_TOOLS.test(path))
  .filter((path) => !IGNORED.some((folder) => `/${path}`.includes(folder)));

const [sets, others] = readFileSync(join(root, "examples/data/README.md"), "utf8").split("\n## ");
/** Cells of the rows of a table, without its head. */
const rowsOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    )
    .slice(1);
const named = rowsOf(others).map(([paths, maker]) => ({
  patterns: [...paths.matchAll(/`([^`]+)`/g)].map(([, path]) => path),
  maker,
}));
/** `*` stands for any characters but a slash. */
const matches = (pattern: string, path: string) =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")}$`).test(path);

test("every data file is named", () => {
  const known = [
    ...rowsOf(sets).map(([name]) => `examples/data/${name}`),
    ...named.flatMap(({ patterns }) => patterns),
  ];
  expect(files.filter((path) => !known.some((pattern) => matches(pattern, path)))).toEqual([]);
  expect(known.filter((pattern) => !files.some((path) => matches(pattern, path)))).toEqual([]);
  expect(files.length).toBeGreaterThan(50);
});

test("a data set has a source and a licence; any other file has what made it", () => {
  for (const [name, size, , source, licence] of rowsOf(sets)) {
    expect(source, name).toMatch(/\b(19|20)\d\d\b|UCI/);
    expect(licence, name).toMatch(/^(CC BY 4\.0|none of its own)$/);
    // Rows and columns are what the table says: it is of this file.
    const lines = readFileSync(join(root, "examples/data", name), "utf8")
      .trim()
      .split("\n");
    const [rows, features] = size.match(/\d+/g)?.map(Number) ?? [];
    expect([lines.length - 1, lines[0].split(",").length - 1], name).toEqual([rows, features]);
  }
  expect(others).toContain("under its licence (MIT)");
  for (const { patterns, maker } of named) {
    const [script] = maker.match(/[\w/]+\.(py|ts)\b/) ?? [];
    if (script !== undefined) expect(existsSync(join(root, script)), script).toBe(true);
    expect(maker, patterns.join()).toMatch(/\.(py|ts)\b|README\.md|^hand: /);
  }
});

describe("a pattern", () => {
  test.each([
    ["a/*.csv", "a/b.csv", true],
    ["a/*.csv", "a/b/c.csv", false],
    ["a/0*.json", "a/01.json", true],
    ["a/b.csv", "a/bxcsv", false],
  ])("%s of %s: %s", (pattern, path, expected) => expect(matches(pattern, path)).toBe(expected));
});
