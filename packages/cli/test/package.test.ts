/** The package: its files, and that what it was tested with is what it asks for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packedFiles } from "../../../scripts/packed.mjs";
import { root } from "./command.js";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const own = JSON.parse(read("packages/cli/package.json"));
const library = JSON.parse(read("package.json"));

test("the tarball has the program, and no others", () => {
  const files = packedFiles(join(root, "packages/cli")).map((path) => path.replace(/-[A-Z0-9]{8}\.js/, "-*.js"));
  expect([...new Set(files)].toSorted()).toEqual(
    [
      "LICENSE",
      "README.md",
      "dist/index.js",
      "dist/ntk-wasm-cli.js",
      "package.json",
      ...files.filter((path) => path.startsWith("dist/chunk-")),
    ].toSorted(),
  );
  expect(read("packages/cli/dist/ntk-wasm-cli.js")).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(read("packages/cli/LICENSE")).toBe(read("LICENSE"));
});

test("its versions and engines are those of the library, and an installation runs no script", () => {
  expect([own.version, own.engines, own.license]).toEqual([library.version, library.engines, library.license]);
  expect(own.dependencies["ntk-wasm"]).toBe(`^${library.version}`);
  expect(own.scripts).toBeUndefined();
});

test("it asks for the versions that the tests run with", () => {
  const { "ntk-wasm": _, ...others } = own.dependencies;
  for (const [name, range] of Object.entries(others))
    expect([name, range]).toEqual([name, `^${library.devDependencies[name]}`]);
  // Every package that the code imports is asked for.
  const built = packedFiles(join(root, "packages/cli")).filter((path) => path.endsWith(".js"));
  const imported = built.flatMap((path) =>
    [...read(`packages/cli/${path}`).matchAll(/(?:from|import\(?) ?"([^."][^"]*)"/g)].map(([, name]) => name),
  );
  const packages = new Set(
    imported.filter((name) => !name.startsWith("node:")).map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0]),
  );
  expect([...packages].sort()).toEqual(Object.keys(own.dependencies).sort());
});

test("the library depends on none of it", () => {
  expect(Object.keys(library.dependencies)).toEqual(["@assemblyscript/loader"]);
  expect(Object.keys(library.peerDependencies)).not.toContain("ntk-wasm-cli");
});
