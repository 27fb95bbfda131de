/**
 * The code in docstrings, README and guides type-checks against the public types, runs, and does what its comments
 * claim. All of it is in one compilation and one process.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DECLARATIONS, RUNNER, withClaims } from "./examples/claims.js";
import { docstringExamples, type Example, pageExamples } from "./examples/collect.js";

interface Outcome {
  failures: string[];
  claims: number;
}

const examples: Example[] = [...docstringExamples(), ...pageExamples()];
const outcomes: Outcome[] = [];
// Inside the project, so that "ntk-wasm" resolves to the built package itself.
const folder = mkdtempSync(join(import.meta.dirname, "../build/examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  const paths = examples.map(({ code }, i) => {
    const path = join(folder, `${i}.mts`);
    writeFileSync(path, withClaims(code));
    return path;
  });
  // What a guide tells its readers to copy.
  copyFileSync(join(import.meta.dirname, "../examples/weights/safetensors.mjs"), join(folder, "safetensors.mjs"));
  writeFileSync(join(folder, "claims.d.ts"), DECLARATIONS);
  writeFileSync(join(folder, "runner.mjs"), RUNNER);
  const errors = compile([...paths, join(folder, "claims.d.ts")]);
  const compiled = paths.map((path) => path.replace(/mts$/, "mjs"));
  const output = execFileSync(process.execPath, [join(folder, "runner.mjs"), ...compiled], { encoding: "utf8" });
  outcomes.push(...(JSON.parse(output) as Outcome[]));
  for (const [i, path] of paths.entries()) outcomes[i].failures.unshift(...(errors.get(path) ?? []));
});

/** Compiles to JavaScript beside the sources (`using` becomes what Node 20 can run); the errors of each file. */
function compile(paths: string[]): Map<string, string[]> {
  const program = ts.createProgram(paths, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
    strict: true,
    // JavaScript, as the guides show it, has no annotations.
    noImplicitAny: false,
    useUnknownInCatchVariables: false,
    skipLibCheck: true,
  });
  program.emit();
  const errors = new Map<string, string[]>();
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
    const path = file?.fileName ?? "";
    const [line] = file?.text.slice(start).split("\n") ?? [];
    errors.set(path, [...(errors.get(path) ?? []), `${ts.flattenDiagnosticMessageText(messageText, " ")} at: ${line}`]);
  }
  return errors;
}

test.each(examples.map(({ label }, i) => [label, i] as const))("%s", (_, i) => {
  expect(outcomes[i].failures).toEqual([]);
});

test("examples claim things, and claims are checked", () => {
  expect(docstringExamples().length).toBeGreaterThanOrEqual(33);
  const claims = outcomes.reduce((sum, outcome) => sum + outcome.claims, 0);
  expect(claims).toBeGreaterThanOrEqual(60);
});
