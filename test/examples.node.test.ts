/** Modules of the examples and of the bench reach into dist/: what they import must be there. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
/** All but the scripts, which would run. */
const modules = ["examples/motorcycle", "examples/tabular", "bench"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".mjs") && !["main.mjs", "peers.mjs"].includes(name))
    .map((name) => `${folder}/${name}`),
);

test("examples and bench find what they import", () => {
  expect(modules).toEqual(expect.arrayContaining(["bench/cases.mjs", "examples/motorcycle/timing.mjs"]));
  // In a process of its own: the test runner's loader takes a missing name for undefined.
  const imports = modules.map((path) => `await import(${JSON.stringify(pathToFileURL(join(root, path)).href)});`);
  const code = `${imports.join("\n")}\nconsole.log("all there");`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  expect(output).toContain("all there");
});
