/** What runs the tests: it counts every failure, and no limit of time is the same on a slow machine. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { busy, table } from "../bench/lib/race.mjs";
import { counts } from "../scripts/child.mjs";
import { patience, slowness } from "../scripts/slowness.mjs";

const root = join(import.meta.dirname, "..");
const FOLDERS = ["scripts", "test", "playground/test", "bench/browser"];

test("a closing line is read, and an exit status outweighs it", () => {
  const of = (output: string, status = 0) => counts({ status, output });
  expect(of("dots\n12 passed, 0 failed\n")).toEqual({ passed: 12, failed: 0 });
  expect(of("3 passed, 2 failed\n", 1)).toEqual({ passed: 3, failed: 2 });
  expect(of("12 passed, 0 failed\n", 1)).toEqual({ passed: 12, failed: 1 });
  for (const cut of ["", "12 passed, 0 failed\nand then it died\n", "the line: 12 passed, 0 failed\n"])
    expect(of(cut)).toEqual({ passed: 0, failed: 1 });
});

test("limits grow with the machine, and never shrink", () => {
  expect(slowness).toBeGreaterThanOrEqual(1);
  expect(patience(1000)).toBeGreaterThanOrEqual(1000);
});

test("every limit of time is patience(ms)", () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(m?js|ts)$/.test(name) && !name.includes("node_modules"))
      .map((name) => join(folder, name)),
  ).concat("vitest.config.ts");
  // A number of a second or more after a name that says time limit (a sleep is no limit), or as the last argument of a
  // test or a hook.
  const fixed = /(?<!waitFor)(?:timeout|limit_|still_|grace_)\w*\W{1,4}([1-9][\d_]{3,})|^\}, ([\d_]+)\);/gim;
  const found: string[] = [];
  let scaled = 0;
  for (const file of files) {
    const text = readFileSync(join(root, file), "utf8");
    scaled += text.match(/patience\(/g)?.length ?? 0;
    for (const [match] of text.matchAll(fixed)) found.push(`${file}: ${match}`);
  }
  expect(found).toEqual([]);
  expect(scaled).toBeGreaterThan(15);
});

describe("the tables of a bench", () => {
  const row = {
    name: "gemm 1000",
    column: "op",
    variant: "simd",
    ms: 80,
    spread: 0.05,
    gflops: 25,
    share: 0.9,
    ratio: 1,
  };

  test("every line has the same columns, at the same places", () => {
    const { head, row: line } = table(["gemm 1000", "a longer name"], "simd");
    const lines = [...head, line(row), line({ ...row, name: "a longer name", gflops: undefined, share: undefined })];
    const bars = lines.map((text) => [...text.matchAll(/\|/g)].map(({ index }) => index));
    expect(bars[0].length).toBe(9);
    for (const places of bars) expect(places).toEqual(bars[0]);
  });

  test("a busy machine is told from a quiet one", () => {
    expect(busy([row])).toBeUndefined();
    expect(busy([row, { ...row, spread: 0.3 }])).toMatch(/busy: 1 of 2 rows have a spread above 20 %\. /);
    expect(busy([{ ...row, share: 1.2, spread: 0.5 }])).toMatch(
      /spread above 20 %, and 1 of 1 rows have a share above/,
    );
  });
});
