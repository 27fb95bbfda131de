/** Imports point down only (ARCHITECTURE.md). */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../src");
/** Who may import a backend: what puts one and an Ntk together. */
const LOADERS = ["load.ts", "slim.ts", "worker/entry.ts", "worker/index.ts"];
/** Top to bottom. A file may import from its own layer and from those below. */
const LAYERS = [
  "worker/entry.ts",
  "worker/host.ts",
  "worker/index.ts",
  "worker/client.ts",
  "worker/port.ts",
  "worker/protocol.ts",
  "worker/types.ts",
  "slim.ts",
  "index.ts",
  "public.ts",
  "load.ts",
  "backend",
  "ntk.ts",
  "predict",
  "solver",
  "kernel",
  "model",
  "precision.ts",
  "arena.ts",
  "prepare.ts",
  "options.ts",
  "matrix.ts",
  "check.ts",
  "lists.ts",
  "memory.ts",
  "scalars.ts",
  "words.ts",
  "brand.ts",
  "errors.ts",
  "signal.ts",
  "ops.ts",
  "activationCode.ts",
];

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".generated.ts"),
  );
}

test("imports point down", () => {
  const names = files(root);
  expect(names.length).toBeGreaterThan(20);
  const wrong: string[] = [];
  const layerOf = (path: string) => LAYERS.findIndex((layer) => path === layer || path.startsWith(`${layer}/`));
  for (const file of names) {
    const source = readFileSync(join(root, file), "utf8");
    for (const [, typeOnly, target] of source.matchAll(/^(?:import|export)( type)? [^;]*?from "(\.[^"]+)";/gm)) {
      const path = normalize(join(dirname(file), target)).replace(/\.js$/, ".ts");
      if (path.startsWith("..") || path.includes("generated")) continue;
      const [from, to] = [layerOf(file), layerOf(path)];
      if (from < 0 || to < 0) wrong.push(`${file}: ${path} is in no layer`);
      else if (to < from && !typeOnly) wrong.push(`${file} imports ${path}`);
      if (path.startsWith("backend") && !file.startsWith("backend") && !LOADERS.includes(file) && !typeOnly)
        wrong.push(`${file} imports a backend`);
    }
    const loader = source.includes('"@assemblyscript/loader"');
    if (loader !== (file === "backend/wasmModule.ts")) wrong.push(`${file} and the loader`);
  }
  expect(wrong).toEqual([]);
});

test("what leaves out the inlined binaries does not reach them", () => {
  for (const entry of ["slim.ts", "worker/entry.ts"]) {
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
    expect(seen).toContain("ntk.ts");
    expect(seen).not.toContain("backend/binaries.generated.ts");
  }
});
