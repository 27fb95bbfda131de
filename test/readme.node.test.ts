/** The examples of the README, run as they stand against the built package. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

const examples = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/```js\n([\s\S]*?)```/g)].map(
  ([, code]) => code,
);

/** Output of an example, run inside the project, so that "ntk-wasm" resolves to the package itself. */
function run(example: string): string {
  const folder = mkdtempSync(join(root, "build/readme-"));
  try {
    writeFileSync(join(folder, "example.mjs"), example);
    return execFileSync(process.execPath, [join(folder, "example.mjs")], { encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the README opens with a short example that runs", () => {
  expect(examples.length).toBe(6);
  expect(examples[0].trim().split("\n").length).toBeLessThanOrEqual(24);
  expect(run(examples[0])).toMatch(/^(relaxed|simd): f\(1\.05\) = 0\.\d\d ± 0\.\d\d\nridge /);
});

test("its second example shows the gap falling with the width", () => {
  const gaps = [...run(examples[1]).matchAll(/gap (\S+),/g)].map(([, gap]) => Number(gap));
  expect(gaps.length).toBe(3);
  expect(gaps[1]).toBeLessThan(gaps[0] / 10);
  expect(gaps[2]).toBeLessThan(gaps[1] / 10);
});

test("its third example: outputs, limits and ensembles", () => {
  const output = run(examples[2]);
  expect(output).toMatch(/^80 40\ndepth [123]: f\(0\.5, 0\.5\) = /);
  const [, early, late] = output.match(/spread (\S+), then (\S+)/) ?? [];
  expect(Number(late)).toBeLessThan(Number(early));
  // The data are ab and a + b: the fit at (0.5, 0.5) is near 0.25 and 1.
  const [, product, sum] = output.match(/= (\S+),(\S+)/) ?? [];
  expect(Math.abs(Number(product) - 0.25)).toBeLessThan(0.1);
  expect(Math.abs(Number(sum) - 1)).toBeLessThan(0.1);
});

test("its fourth example: a point is dragged, then removed", () => {
  const [, up, down] = run(examples[3]).match(/^f\(0\) = (\S+)\nf\(0\) = (\S+), 101 points\n$/) ?? [];
  expect(Number(up)).toBeGreaterThan(0.1);
  expect(Math.abs(Number(down))).toBeLessThan(Number(up) / 4);
});

test("its fifth example: a worker", () => {
  const [, mean] = run(examples[4]).match(/^f\(0\.5\) = (\S+), rank \d+\nstopped in time\n$/) ?? [];
  expect(Math.abs(Number(mean) - Math.sin(1.5))).toBeLessThan(0.05);
});

test("its sixth example: a float32 factor, a float64 answer", () => {
  const [, mean, error] =
    run(examples[5]).match(/^f\(0\.25\) = (\S+); float32 factor, \d+ iterations, backward error (\S+)\n$/) ?? [];
  expect(Math.abs(Number(mean) - Math.sin(0.75))).toBeLessThan(0.02);
  expect(Number(error)).toBeLessThanOrEqual(200 * Number.EPSILON);
});
