/** The example of the README and the short ones of the guides, run as they stand against the built package. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** Blocks of a page that run by themselves. */
const blocks = (page: string) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/```js\n(import [\s\S]*?)```/g)].map(([, code]) => code);
/** The one block of a page that has these words. */
function example(page: string, words: string): string {
  const found = blocks(page).filter((code) => code.includes(words));
  expect(found.length, `blocks of ${page} with ${words}`).toBe(1);
  return found[0];
}

/** Output of an example, run inside the project, so that "ntk-wasm" resolves to the package itself. */
function run(code: string): string {
  const folder = mkdtempSync(join(root, "build/readme-"));
  try {
    writeFileSync(join(folder, "example.mjs"), code);
    return execFileSync(process.execPath, [join(folder, "example.mjs")], { encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the README opens with a short example that runs", () => {
  const examples = blocks("README.md");
  expect(examples.length).toBe(1);
  expect(examples[0].trim().split("\n").length).toBeLessThanOrEqual(24);
  const printed = run(examples[0]);
  expect(printed).toMatch(/^(relaxed|simd): f\(1\.05\) = 0\.\d\d ± 0\.\d\d\nridge /);
  expect(readFileSync(join(root, "README.md"), "utf8")).toContain(
    `\`${printed.split("\n")[0].replace("relaxed", "simd")}\``,
  );
});

test("is the linear picture true: the gap falls with the width", () => {
  const gaps = [...run(example("docs/what-the-ntk-tells-you.md", "[16, 256, 4096]")).matchAll(/gap (\S+),/g)].map(
    ([, gap]) => Number(gap),
  );
  expect(gaps.length).toBe(3);
  expect(gaps[1]).toBeLessThan(gaps[0] / 10);
  expect(gaps[2]).toBeLessThan(gaps[1] / 10);
});

test("models: outputs, limits and ensembles", () => {
  const output = run(example("docs/models.md", "ntk.tune("));
  expect(output).toMatch(/^80 40\ndepth [123]: f\(0\.5, 0\.5\) = /);
  const [, early, late] = output.match(/spread (\S+), then (\S+)/) ?? [];
  expect(Number(late)).toBeLessThan(Number(early));
  // The data are ab and a + b: the fit at (0.5, 0.5) is near 0.25 and 1.
  const [, product, sum] = output.match(/= (\S+),(\S+)/) ?? [];
  expect(Math.abs(Number(product) - 0.25)).toBeLessThan(0.1);
  expect(Math.abs(Number(sum) - 1)).toBeLessThan(0.1);
});

test("fits: a point is dragged, then removed", () => {
  const [, up, down] =
    run(example("docs/fits.md", "fit.update(")).match(/^f\(0\) = (\S+)\nf\(0\) = (\S+), 101 points\n$/) ?? [];
  expect(Number(up)).toBeGreaterThan(0.1);
  expect(Math.abs(Number(down))).toBeLessThan(Number(up) / 4);
});

test("embedding: a worker", () => {
  const [, mean] =
    run(example("docs/embedding.md", "stopped in time")).match(/^f\(0\.5\) = (\S+), rank \d+\nstopped in time\n$/) ??
    [];
  expect(Math.abs(Number(mean) - Math.sin(1.5))).toBeLessThan(0.05);
});

test("performance: a float32 factor, a float64 answer", () => {
  const [, mean, error] =
    run(example("docs/performance.md", "float32")).match(
      /^f\(0\.25\) = (\S+); float32 factor, \d+ iterations, backward error (\S+)\n$/,
    ) ?? [];
  expect(Math.abs(Number(mean) - Math.sin(0.75))).toBeLessThan(0.02);
  expect(Number(error)).toBeLessThanOrEqual(200 * Number.EPSILON);
});

test("the example of losses prints the numbers of the page that shows them", () => {
  const path = join(root, "examples/losses/main.mjs");
  const lines = execFileSync(process.execPath, [path], { encoding: "utf8" }).split("\n");
  const page = readFileSync(join(root, "docs/coming-from-neural-tangents.md"), "utf8");
  const rows = [...page.matchAll(/^\| ([a-z].*\d+ steps) \| (\S+) % \| (\S+) % \|$/gm)];
  expect(rows.length).toBe(3);
  for (const [, after, steps, flow] of rows) {
    const printed = lines.find((line) => line.startsWith(`${after} `))?.match(/(\S+) % +(\S+) %$/);
    expect(Number(printed?.[1]), after).toBeCloseTo(Number(steps), 1);
    expect(Number(printed?.[2]), after).toBeCloseTo(Number(flow), 0);
  }
});
