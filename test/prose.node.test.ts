/** Comments and pages are for people: their lines have at most 120 characters, and what they cite is there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const WIDTH = 120;
const FOLDERS = [
  "src",
  "assembly",
  "test",
  "bench",
  "scripts",
  "playground",
  "examples",
  "packages/cli/src",
  "packages/cli/test",
];

const sources = ["", ...FOLDERS]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: folder !== "", encoding: "utf8" }).map((name) => join(folder, name)),
  )
  .filter((path) => /\.(ts|mts|mjs|cjs|py)$/.test(path) && !/node_modules|\.generated\.|\bdist\//.test(path));
const pages = ["", "docs", "examples/data", "test/vectors", "packages/cli"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md") && name !== "CHANGELOG.md")
    .map((name) => join(folder, name)),
);
const linesOf = (path: string) => readFileSync(join(root, path), "utf8").split("\n");
/** An address has no place to break, and neither has a table of numbers or a directive to a tool. */
const breaks = (line: string) => !/https?:\/\/\S{60}|\/\/ (biome-ignore|@ts-)/.test(line) && /\p{L}{3}/u.test(line);

/** Numbers of the lines that are comments, or that end in one. */
function commentLines(lines: string[], python: boolean): number[] {
  let inside = false;
  return lines.flatMap((line, i) => {
    const quotes = python ? line.split('"""').length - 1 : 0;
    const begins = python ? quotes > 0 : /^\s*\/\*/.test(line);
    const comment = inside || begins || (python ? /(^|\s)# /.test(line) : /(^|\s)\/\/( |$)/.test(line));
    if (python) inside = inside !== (quotes % 2 === 1);
    else if (begins || inside) inside = !line.includes("*/");
    return comment ? [i] : [];
  });
}

test("lines of comments have at most 120 characters", () => {
  const long: string[] = [];
  let count = 0;
  for (const path of sources) {
    const lines = linesOf(path);
    const comments = commentLines(lines, path.endsWith(".py"));
    count += comments.length;
    for (const i of comments)
      if ([...lines[i]].length > WIDTH && breaks(lines[i])) long.push(`${path}:${i + 1}: ${lines[i].trim()}`);
  }
  expect(long).toEqual([]);
  expect(count).toBeGreaterThan(1000);
});

test("lines of pages have at most 120 characters, but for tables and code", () => {
  const long: string[] = [];
  for (const page of pages) {
    let code = false;
    for (const [i, line] of linesOf(page).entries()) {
      if (line.startsWith("```")) code = !code;
      const prose = !code && !line.startsWith("|") && !line.startsWith("    ");
      if (prose && [...line].length > WIDTH && breaks(line)) long.push(`${page}:${i + 1}: ${line}`);
    }
  }
  expect(long).toEqual([]);
  expect(pages.length).toBeGreaterThan(10);
});

test("pages that comments cite are there, and so are their sections", () => {
  const wrong: string[] = [];
  const math = readFileSync(join(root, "docs/MATH.md"), "utf8");
  const folders = ["", "docs", "bench", "test/vectors", "examples/data"];
  let cited = 0;
  for (const path of sources.filter((each) => each !== "test/prose.node.test.ts")) {
    const lines = linesOf(path);
    for (const i of commentLines(lines, path.endsWith(".py"))) {
      const at = `${path}:${i + 1}`;
      for (const [page] of lines[i].matchAll(/\b[\w/-]+\.md\b/g)) {
        cited++;
        if (!folders.some((folder) => existsSync(join(root, folder, page)))) wrong.push(`${at}: ${page}`);
      }
      for (const [, section] of lines[i].matchAll(/MATH\.md §(\d+)/g))
        if (!math.includes(`\n## ${section}. `)) wrong.push(`${at}: MATH.md has no §${section}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(cited).toBeGreaterThan(30);
});

test("files that pages and comments name are there", () => {
  const wrong: string[] = [];
  const paths =
    /\b(?:src|assembly|test|bench|scripts|playground|examples|docs|tools)\/[\w./-]+\.(?:ts|mjs|py|md|json)\b/g;
  const named = (path: string, lines: string[]) => {
    for (const [i, line] of lines.entries())
      for (const [file] of line.matchAll(paths))
        if (!/generated/.test(file) && !existsSync(join(root, file))) wrong.push(`${path}:${i + 1}: ${file}`);
  };
  for (const page of pages) named(page, linesOf(page));
  for (const path of sources) {
    const lines = linesOf(path);
    const comments = new Set(commentLines(lines, path.endsWith(".py")));
    named(
      path,
      lines.map((line, i) => (comments.has(i) ? line : "")),
    );
  }
  expect(wrong).toEqual([]);
});

test("ARCHITECTURE.md names every room of the house", () => {
  const [, plan] = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("```");
  const named = new Set(plan.match(/[\w-]+/g));
  const rooms = ["src", "src/kernel", "assembly"].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || (folder === "src" && !entry.name.includes("generated")))
      .map(({ name }) => name.replace(/\.ts$/, "")),
  );
  expect(rooms.filter((name) => !named.has(name))).toEqual([]);
  expect(rooms.length).toBeGreaterThan(30);
});

test("a docstring stands before what it describes", () => {
  const orphans: string[] = [];
  for (const path of sources.filter((each) => each.endsWith(".ts"))) {
    const lines = linesOf(path);
    const first = lines.findIndex((line) => line.includes("*/"));
    for (const [i, line] of lines.entries()) {
      if (i === first || !/^\s*(\/\*\*|\*).*\*\/$|^\s*\*\/$/.test(line)) continue;
      if (/^\s*(\/\*\*.*|\}.*)?$/.test(lines[i + 1] ?? "")) orphans.push(`${path}:${i + 1}: ${line.trim()}`);
    }
  }
  expect(orphans).toEqual([]);
});
