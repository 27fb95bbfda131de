// A copy of what the tests need, in the system's folder for temporary files: mutants are written there, never here.
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const COPIED = ["assembly", "src", "test", "examples", "scripts", "asconfig.json", "package.json", "tsconfig.json"];
const WITHOUT = /[\\/](smoke[\\/]node_modules|\.stryker-tmp)/;

/** The sources as they were: Stryker writes over the others, and the project may change while it runs. */
export const originals = (folder) => join(folder, "original");

/** The folder; it goes when the process ends. */
export function copyTree() {
  const folder = mkdtempSync(join(tmpdir(), "ntk-wasm-mutate-"));
  for (const name of COPIED)
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: (path) => !WITHOUT.test(path) });
  // The entries of equivalent.json are about both.
  for (const name of ["assembly", "src"]) cpSync(join(root, name), join(originals(folder), name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
  return folder;
}

/** Results of Stryker's count lines and columns from 1, its mutants from 0. */
export const fromZero = ({ start, end }) => {
  const [from, to] = [start, end].map(({ line, column }) => ({ line: line - 1, column: column - 1 }));
  return { start: from, end: to };
};
