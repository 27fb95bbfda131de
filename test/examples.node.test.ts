/** Modules of the examples and of the bench reach into dist/: what they import must be there. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
/** Every script of package.json that is a module there would run. */
const scripts = Object.values<string>(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts).join(" ");
const modules = ["examples/motorcycle", "examples/tabular", "bench"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => `${folder}/${name}`)
    .filter((path) => !scripts.includes(path)),
);

test("examples and bench find what they import", () => {
  expect(modules).toEqual(
    expect.arrayContaining(["bench/cases.mjs", "bench/race.mjs", "examples/motorcycle/timing.mjs"]),
  );
  // In a process of its own: the test runner's loader takes a missing name for undefined.
  const imports = modules.map((path) => `await import(${JSON.stringify(pathToFileURL(join(root, path)).href)});`);
  const code = `${imports.join("\n")}\nconsole.log("all there");`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  expect(output).toContain("all there");
});
