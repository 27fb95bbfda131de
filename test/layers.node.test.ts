/** Imports point down only (ARCHITECTURE.md). */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../src");
/** Who may import a backend: what puts one and an Ntk together. */
const LOADERS = ["load.ts", "loadModule.ts", "slim.ts", "coreEntry.ts", "worker/entry.ts", "worker/index.ts"];
/** Top to bottom. A file may import from its own layer and from those below, types included. */
const LAYERS = [
  "cluster",
  "worker/entry.ts",
  "worker/host.ts",
  "worker/feed.ts",
  "worker/index.ts",
  "worker/pool.ts",
  "worker/client.ts",
  "worker/port.ts",
  "worker/protocol.ts",
  "worker/types.ts",
  "slim.ts",
  "coreEntry.ts",
  "index.ts",
  "public.ts",
  "load.ts",
  "loadModule.ts",
  "ntk.ts",
  "core.ts",
  "backend",
  "evaluation",
  "regression",
  "training",
  "classification",
  "problem.ts",
  "kernel",
  "linalg",
  "model",
  "prepare.ts",
  "entries.ts",
  "describeData.ts",
  "labels.ts",
  "lease.ts",
  "context.ts",
  "arena.ts",
  "slices.ts",
  "check.ts",
  "options.ts",
  "lists.ts",
  "matrix.ts",
  "memory.ts",
  "scalars.ts",
  "fields.ts",
  "words.ts",
  "brand.ts",
  "errors.ts",
  "signal.ts",
  "ops.ts",
  "codes.ts",
];

function files(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => pattern.test(name) && !/node_modules|\.generated\.ts$|^dist/.test(name),
  );
}

/** The imports and re-exports of a file, by path from the folder. Every form counts: static, of types only, dynamic. */
function importsOf(folder: string, file: string): { path: string; typeOnly: boolean }[] {
  const source = readFileSync(join(folder, file), "utf8");
  const pattern = /^(?:import|export)( type)?\b[^;"]*?from "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)|^import "(\.[^"]+)"/gm;
  return [...source.matchAll(pattern)].map(([, typeOnly, named, dynamic, bare]) => ({
    path: resolved(folder, normalize(join(dirname(file), named ?? dynamic ?? bare))),
    typeOnly: typeOnly !== undefined,
  }));
}

/** The file that an import means: .js stands for .ts, and playground and assembly leave the ending out. */
function resolved(folder: string, path: string): string {
  const candidates = [path.replace(/\.js$/, ".ts"), `${path}.ts`, join(path, "index.ts"), path];
  const isFile = (candidate: string) =>
    existsSync(join(folder, candidate)) && statSync(join(folder, candidate)).isFile();
  return candidates.find(isFile) ?? path;
}

/** Circles of imports, each as a path. */
function circles(graph: Map<string, string[]>): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, path: string[]) => {
    const at = path.indexOf(file);
    if (at >= 0) found.add([...path.slice(at), file].join(" → "));
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return [...found];
}

test("a circle is found, and a graph without one has none", () => {
  // biome-ignore format: one line
  expect(circles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]]))).toEqual(["b → c → b"]);
  // biome-ignore format: one line
  expect(circles(new Map([["a", ["b", "c"]], ["b", ["c"]]]))).toEqual([]);
});

test.each([
  ["src", /\.ts$/],
  ["assembly", /\.ts$/],
  ["playground/src", /\.ts$/],
  ["bench", /\.(mjs|ts)$/],
  ["examples", /\.mjs$/],
  ["scripts", /\.mjs$/],
  ["packages/cli/src", /\.ts$/],
])("%s has no circle of imports", (folder, pattern) => {
  const top = join(root, "..", folder);
  const names = files(top, pattern);
  expect(names.length).toBeGreaterThan(5);
  const graph = new Map(names.map((file) => [file, importsOf(top, file).map(({ path }) => path)]));
  // Imports that the pattern does not see would make this test blind.
  expect([...graph.values()].flat().length).toBeGreaterThan(names.length / 2 - 5);
  expect(circles(graph)).toEqual([]);
});

test("imports point down", () => {
  const names = files(root, /\.ts$/);
  expect(names.length).toBeGreaterThan(90);
  const wrong: string[] = [];
  const layerOf = (path: string) => LAYERS.findIndex((layer) => path === layer || path.startsWith(`${layer}/`));
  for (const file of names) {
    for (const { path, typeOnly } of importsOf(root, file)) {
      if (path.startsWith("..") || path.includes("generated")) continue;
      const [from, to] = [layerOf(file), layerOf(path)];
      if (from < 0 || to < 0) wrong.push(`${file}: ${path} is in no layer`);
      else if (to < from) wrong.push(`${file} imports ${path}`);
      if (path.startsWith("backend") && !file.startsWith("backend") && !LOADERS.includes(file) && !typeOnly)
        wrong.push(`${file} imports a backend`);
    }
    const loader = readFileSync(join(root, file), "utf8").includes('"@assemblyscript/loader"');
    if (loader !== (file === "backend/wasmModule.ts")) wrong.push(`${file} and the loader`);
  }
  expect(wrong).toEqual([]);
});

test("scripts stand on their own: benches and examples may use them, not the other way round", () => {
  const scripts = join(root, "../scripts");
  const outside = files(scripts, /\.mjs$/).flatMap((file) =>
    importsOf(scripts, file)
      .filter(({ path }) => path.startsWith(".."))
      .map(({ path }) => `${file} imports ${path}`),
  );
  expect(outside).toEqual([]);
});

/** What `ntk-wasm/core` is without. `linearize` is part of it. */
const WHOLE =
  /^(training\/(?!linearize)|evaluation|classification)|^regression\/(tune\.|tuneSolver|tuneCholesky|iterative|lowRank|matrixFree|stream\.|streamFit|spectrum|alignment)/;

test("what leaves out the inlined binaries does not reach them, and the core not what it is without", () => {
  for (const entry of ["slim.ts", "coreEntry.ts", "worker/entry.ts"]) {
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      if (file.includes("generated")) return;
      const source = readFileSync(join(root, file), "utf8");
      for (const [, target] of source.matchAll(/^(?:import|export)(?! type) [^;]*?from "(\.[^"]+)";/gm))
        visit(normalize(join(dirname(file), target)).replace(/\.js$/, ".ts"));
    };
    visit(entry);
    expect(seen).toContain("core.ts");
    expect(seen.has("ntk.ts"), entry).toBe(entry !== "coreEntry.ts");
    if (entry === "coreEntry.ts") expect([...seen].filter((file) => WHOLE.test(file))).toEqual([]);
    for (const variant of ["simd", "relaxed"]) expect(seen).not.toContain(`backend/${variant}.generated.ts`);
  }
});
