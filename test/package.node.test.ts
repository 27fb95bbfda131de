/** What `npm publish` would publish: the files, what they say of the machine that built them, and package.json. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { packedFiles } from "../scripts/packed.mjs";
import { ENTRIES } from "../scripts/types.mjs";

const root = join(import.meta.dirname, "..");
const files = packedFiles(root);
const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json"));

/** The guides are in the package, and what they link to: relative links of the README work wherever it is. */
const DOCUMENTS = [...JSON.parse(read("typedoc.json")).projectDocuments, "README.md", "CHANGELOG.md"];
const PICTURES = ["families", "fit", "gap", "noise", "ridges"].map((name) => `examples/motorcycle/${name}.svg`);
/** What is imported where it is needed: a binary, and the JavaScript backend. */
const LAZY = ["simd.generated", "relaxed.generated", "js"].map((name) => `ntk-wasm-${name}-*`);
const CODE = [...Object.keys(ENTRIES), ...LAZY, ...new Array(9).fill("ntk-wasm-chunk-*"), "ntk-wasm-cli"];

test("the tarball has these files, and no others", () => {
  const expected = [
    ...DOCUMENTS,
    ...PICTURES,
    "examples/tabular/reliability.svg",
    ...readdirSync(join(root, "examples/weights")).map((name) => `examples/weights/${name}`),
    "LICENSE",
    "package.json",
    "build/relaxed.wasm",
    "build/simd.wasm",
    ...CODE.flatMap((name) => [`dist/${name}.js`, `dist/${name}.js.map`]),
    "dist/ntk-wasm-worker-script.js",
    "dist/ntk-wasm-standalone.js",
    "dist/ntk-wasm-integrity.json",
    "dist/ntk-wasm-loader-LICENSE.txt",
    ...[...Object.keys(ENTRIES), "ntk-wasm-types"].map((name) => `dist/${name}.d.ts`),
  ];
  const found = files.map((path) => path.replace(/-[A-Z0-9]{8}\.js/, "-*.js"));
  expect(found.toSorted()).toEqual(expected.toSorted());
});

test("the file for a CDN has its hash, imports nothing, and fits", async () => {
  const code = readFileSync(join(root, "dist/ntk-wasm-standalone.js"));
  const hash = `sha384-${createHash("sha384").update(code).digest("base64")}`;
  expect(JSON.parse(read("dist/ntk-wasm-integrity.json"))).toEqual({ "ntk-wasm-standalone.js": hash });
  expect(code.toString("latin1")).not.toMatch(/^import |[;}]import[ {*"]|import\("\.|from"\./m);
  for (const variant of ["simd", "js"]) {
    const { load, createNetwork } = await import(pathToFileURL(join(root, "dist/ntk-wasm-standalone.js")).href);
    const ntk = await load({ variant });
    const net = createNetwork({ inputs: 1, hidden: 8, seed: 1 });
    expect(ntk.fit(net, [[0], [1]], [1, 2], { ridge: 0.1 }).predict([[0.5]]).mean.rows).toBe(1);
    ntk.dispose();
  }
});

test("texts of licences are there", () => {
  expect(read("LICENSE")).toMatch(/^MIT License/);
  expect(read("dist/ntk-wasm-loader-LICENSE.txt")).toContain("Apache License");
  // Of AssemblyScript's loader, which stands in the code: its notice names it.
  expect(read("README.md")).toMatch(/AssemblyScript's loader \(Apache-2\.0, its text beside them\)/);
});

test("no file tells where it was built", () => {
  const places = [root, realpathSync(root), homedir(), realpathSync(join(root, "node_modules")), dirname(root)];
  const telling = places.filter((place) => place.length > 1).map((place) => `${place}/`);
  expect(telling.length).toBeGreaterThan(1);
  const found = files.flatMap((path) => {
    const text = readFileSync(join(root, path), "latin1");
    return telling.filter((place) => text.includes(place)).map((place) => `${path}: ${place}`);
  });
  expect(found).toEqual([]);
});

describe("source maps", () => {
  const maps = files.filter((path) => path.endsWith(".map"));

  test.each(maps)("%s has the sources, by relative paths", (path) => {
    const { version, sources, sourcesContent } = JSON.parse(read(path));
    expect(version).toBe(3);
    expect(read(path.slice(0, -4))).toMatch(new RegExp(`//# sourceMappingURL=${path.slice("dist/".length)}\\n$`));
    for (const [i, source] of sources.entries()) {
      expect(source).toMatch(/^\.\.\/(src|node_modules\/@assemblyscript\/loader)\//);
      const generated = source.includes(".generated.");
      expect(sourcesContent[i]).toBe(generated ? null : readFileSync(join(root, "dist", source), "utf8"));
    }
  });

  test("an error of the package names the line of TypeScript that threw it", () => {
    const code = 'import { createNetwork } from "ntk-wasm"; createNetwork({ inputs: 0, hidden: 1 });';
    const flags = ["--enable-source-maps", "--input-type=module", "--eval", code];
    const { stderr, status } = spawnSync(process.execPath, flags, { cwd: root, encoding: "utf8" });
    expect(status).toBe(1);
    const [, path, line] = stderr.match(/at createNetwork \(.*?(src\/[\w/]+\.ts):(\d+):\d+\)/) ?? [];
    expect(read(path).split("\n")[Number(line) - 1]).toMatch(/\w/);
    expect(path).toBe("src/model/network.ts");
  });
});

describe("package.json", () => {
  const targets = (value: unknown): string[] =>
    typeof value === "string" ? [value] : Object.values(value as object).flatMap(targets);

  test("says what a consumer's tools ask for", () => {
    expect(manifest).toMatchObject({
      name: "ntk-wasm",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      description: expect.stringMatching(/\w/),
      license: "MIT",
      type: "module",
      sideEffects: false,
      engines: { node: expect.stringMatching(/^>=\d+\.\d+$/) },
    });
    expect(manifest.keywords.length).toBeGreaterThan(3);
    // Nobody knows yet where the repository will be.
    for (const field of ["repository", "homepage", "bugs"]) expect(manifest[field]).toBeUndefined();
  });

  test("every address that it exports is a file of the package; types come first", () => {
    for (const target of targets([manifest.exports, manifest.bin]))
      expect(files).toContain(target.replace(/^\.\//, ""));
    for (const [name, target] of Object.entries<object | string>(manifest.exports))
      if (typeof target === "object") expect(Object.keys(target), name).toEqual(["types", "default"]);
    expect(read(manifest.bin["ntk-wasm"])).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test("an installation runs no script, and takes one package", () => {
    for (const script of ["preinstall", "install", "postinstall", "prepare"])
      expect(manifest.scripts[script]).toBeUndefined();
    expect(Object.keys(manifest.dependencies)).toEqual(["@assemblyscript/loader"]);
    for (const peer of Object.keys(manifest.peerDependencies))
      expect(manifest.peerDependenciesMeta[peer]).toEqual({ optional: true });
  });

  test("the lock and the built code have its version", () => {
    const lock = JSON.parse(read("package-lock.json"));
    expect([lock.version, lock.packages[""].version]).toEqual([manifest.version, manifest.version]);
    const cli = execFileSync(process.execPath, [join(root, manifest.bin["ntk-wasm"]), "--version"], {
      encoding: "utf8",
    });
    expect(cli.trim()).toContain(manifest.version);
    expect(read("CHANGELOG.md")).toContain(`\n## ${manifest.version}`);
  });
});

test("links of the pages in the package lead to files in the package", () => {
  const pages = files.filter((path) => path.endsWith(".md"));
  let count = 0;
  const outside: string[] = [];
  for (const page of pages) {
    const text = read(page)
      .replace(/^```[\s\S]*?^```$/gm, "")
      .replace(/`[^`\n]*`/g, "");
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(\w+:|#)/.test(link)) continue;
      count++;
      const target = join(dirname(page), link.split("#")[0]);
      if (!files.includes(target)) outside.push(`${page}: ${link}${existsSync(join(root, target)) ? "" : " (dead)"}`);
    }
  }
  expect(outside).toEqual([]);
  expect(count).toBeGreaterThan(50);
});
