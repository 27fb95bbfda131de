/** Modules of the examples and of the bench reach into dist/: what they import must be there. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { docstringExamples, pageExamples } from "./examples/collect.js";

const root = join(import.meta.dirname, "..");
/** Every script of package.json that is a module there would run. */
const scripts = Object.values<string>(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts).join(" ");
const modules = [
  "examples/motorcycle",
  "examples/tabular",
  "examples/weights",
  "bench",
  "bench/lib",
  "bench/cases",
].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => `${folder}/${name}`)
    .filter((path) => !scripts.includes(path)),
);

test("examples run on the oldest Node: `using` is a SyntaxError there, and one guide names it, in a sentence", () => {
  const using = /^\s*(?:await )?using \w+ =/m;
  for (const { label, code } of [...docstringExamples(), ...pageExamples()]) expect(code, label).not.toMatch(using);
  const sources = ["examples", "playground/src", "bench"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(mjs|js|ts|html)$/.test(name) && !name.includes("node_modules"))
      .map((name) => `${folder}/${name}`),
  );
  expect(sources.length).toBeGreaterThan(20);
  for (const path of sources) expect(readFileSync(join(root, path), "utf8"), path).not.toMatch(using);
  const guides = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];
  const named = guides.flatMap((path) => readFileSync(join(root, path), "utf8").match(/`using\b[^`]*`/g) ?? []);
  expect(named).toEqual(["`using fit = ntk.fit(…)`"]);
});

test("examples and bench find what they import", () => {
  expect(modules).toEqual(
    expect.arrayContaining(["bench/cases/float64.mjs", "bench/lib/race.mjs", "examples/motorcycle/timing.mjs"]),
  );
  // In a process of its own: the test runner's loader takes a missing name for undefined.
  const imports = modules.map((path) => `await import(${JSON.stringify(pathToFileURL(join(root, path)).href)});`);
  const code = `${imports.join("\n")}\nconsole.log("all there");`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  expect(output).toContain("all there");
});

test("the README's picture is what its script draws", () => {
  const folder = mkdtempSync(join(root, "build/figure-"));
  try {
    const drawn = join(folder, "fit.svg");
    execFileSync(process.execPath, [join(root, "examples/motorcycle/figure.mjs"), drawn]);
    expect(readFileSync(drawn, "utf8")).toBe(readFileSync(join(root, "examples/motorcycle/fit.svg"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
