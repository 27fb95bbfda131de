/** The README's first example, run as it stands against the built package. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

test("the README opens with an example that runs", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const example = readme.match(/```js\n([\s\S]*?)```/)?.[1] ?? "";
  expect(example.trim().split("\n").length).toBeLessThanOrEqual(24);
  // Inside the project, so that "ntk-wasm" resolves to the package itself.
  const folder = mkdtempSync(join(root, "build/readme-"));
  try {
    writeFileSync(join(folder, "example.mjs"), example);
    const output = execFileSync(process.execPath, [join(folder, "example.mjs")], { encoding: "utf8" });
    expect(output).toMatch(/^(relaxed|simd): f\(1\.05\) = 0\.\d\d ± 0\.\d\d\nridge /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
