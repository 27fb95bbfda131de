/**
 * No array of a size that data decide is spread into a call: engines take some 120 000 arguments and then say "Maximum
 * call stack size exceeded". These may be spread: rest parameters (their own callers are looked at), tuples, and what
 * ALLOWED names with its reason.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const FOLDERS = ["src", "playground/src", "playground/test", "scripts", "examples", "bench", "packages/cli/src"];
/** Spread expressions by file that are short whatever the data. */
const ALLOWED: Record<string, string[]> = {
  // Arguments of somebody's call, and of an op.
  "src/worker/host.ts": ["args", "args", "args"],
  "src/backend/js/batch.ts": ["args"],
  "bench/thirdparty/cold.mjs": ["input"],
  "bench/thirdparty/worker.mjs": ["input", "padding", "rest"],
  "bench/thirdparty/jax-js.mjs": ["leaves.map((leaf) => leaf.ref)"],
  "scripts/check.mjs": ["ENTRIES_WITHOUT_TYPES", 'script("test.mjs")', "left"],
  "scripts/smoke.mjs": ["flags", "flags"],
  // Dimensions and attributes of an ONNX graph.
  "bench/thirdparty/onnxruntime-web.mjs": [
    "dims.map((n) => int(1, n))",
    "dims.map((n) => message(1, int(1, n)))",
    "inputs.map((label) => text(1, label))",
    "list",
  ],
  // Elements of a figure: units of a small network, ticks, nine points, sections and sliders of the page.
  "playground/src/story/diagram.ts": [
    "parts.flatMap(({ edges }) => edges)",
    "parts.flatMap(({ group, inner, outer }) => [group, inner, outer])",
  ],
  "playground/src/story/index.ts": ["this.#sections.map(({ element }) => element)"],
  "playground/src/story/plot.ts": ["dots", "kept", "parts"],
  "playground/src/story/step1.ts": ["all.map(({ refresh }) => refresh)", "small.sliders()"],
  "playground/src/story/step2.ts": ["made.map(({ refresh }) => refresh)", "sliders"],
  "playground/src/views/regressionPlot.ts": ["Object.values(this.#items).map(({ element }) => element)"],
  // A step of a script: a name, a command and its arguments. Arguments of a call that is listened to.
  "scripts/docs.mjs": ["step"],
  // A time for each variant.
  "playground/src/views/speed.ts": ["known", "VARIANTS.map((variant) => row[variant] ?? 0)"],
  // Notes on a fit; three times; four models, and at most a hundred classes.
  "packages/cli/src/bench.ts": ["times"],
  "packages/cli/src/classification.ts": ["found.notes", "classifier.report.notes"],
  "packages/cli/src/compare.ts": ["models.map(({ mean }) => mean[criterion] ?? 0)"],
  "packages/cli/src/regression.ts": ["found.notes"],
  "packages/cli/src/plots/svg.ts": ["classes.map(({ length }) => length)", "bars.map(({ at }) => at)"],
  // Two scales at most are searched for: a simplex of three corners.
  "src/regression/search.ts": [
    "widths.map((width, j) => width > 0 ? Math.max(...simplex.map(({ point }) => Math.abs(point[j] - simplex[0].point[j]))) / width : 0, )",
    "simplex.map(({ point }) => Math.abs(point[j] - simplex[0].point[j]))",
  ],
};

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(mjs|ts)$/.test(name) && !/node_modules|generated|\.d\.ts$|^dist/.test(name))
    .map((name) => join(root, folder, name)),
);
const program = ts.createProgram(files, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.esnext.disposable.d.ts"],
  allowJs: true,
  noEmit: true,
  skipLibCheck: true,
  strict: true,
});

/** Whether a name is the rest parameter of a function around it. */
function isRest(expression: ts.Expression, checker: ts.TypeChecker): boolean {
  if (!ts.isIdentifier(expression)) return false;
  const declaration = checker.getSymbolAtLocation(expression)?.valueDeclaration;
  return declaration !== undefined && ts.isParameter(declaration) && declaration.dotDotDotToken !== undefined;
}

/** The list of arguments in `f.apply(self, list)`, `Reflect.apply(f, self, list)` and `Reflect.construct(f, list)`. */
function handedOver({ expression, arguments: given }: ts.CallExpression, checker: ts.TypeChecker) {
  if (!ts.isPropertyAccessExpression(expression)) return undefined;
  const { name, expression: on } = expression;
  if (on.getText() === "Reflect") return given[{ apply: 2, construct: 1 }[name.text] ?? given.length];
  // `standardize(X).apply` belongs to no function.
  const isFunction = checker.getTypeAtLocation(on).getCallSignatures().length > 0;
  return name.text === "apply" && isFunction ? given[1] : undefined;
}

/** What is spread into the arguments of a call, or handed over as a list of them. */
function spreads(file: ts.SourceFile, checker: ts.TypeChecker): string[] {
  const found: string[] = [];
  const look = (list: ts.Expression) => {
    const short = isRest(list, checker) || checker.isTupleType(checker.getTypeAtLocation(list));
    if (!short) found.push(list.getText().replace(/\s+/g, " "));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node))
      for (const argument of node.arguments ?? []) if (ts.isSpreadElement(argument)) look(argument.expression);
    const list = ts.isCallExpression(node) && handedOver(node, checker);
    if (list) look(list);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What is found in a text. */
function foundIn(text: string): string[] {
  const host = ts.createCompilerHost({});
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === "x.ts" ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true) : getSourceFile(name, ...rest);
  const one = ts.createProgram(["x.ts"], { strict: true, lib: ["lib.es2023.d.ts"] }, host);
  return spreads(one.getSourceFile("x.ts") as ts.SourceFile, one.getTypeChecker());
}

test("each way to make arguments of an array is found, and what is short by its type is not", () => {
  const given = "declare const x: number[], y: Float64Array, pair: [number, number], list: number[][];";
  for (const call of [
    "Math.max(...x)",
    "Math.hypot(0, ...y)",
    "x.push(...y)",
    "Float64Array.of(...x)",
    "new Array(...x)",
    "Math.max.apply(null, x)",
    "String.fromCharCode.apply(undefined, x)",
    "Reflect.apply(Math.max, null, x)",
    "Reflect.construct(Array, x)",
    "Math.max.call(null, ...x)",
  ])
    expect(foundIn(`${given} ${call};`), call).toHaveLength(1);
  for (const call of [
    "Math.max(...pair)",
    "[...x, ...y]",
    "const f = (...rest: number[]) => Math.max(...rest)",
    "({ ...x })",
    "x.concat(list.flat())",
    "declare const t: { apply(X: number[], n: number): void }; t.apply(x, 2)",
  ])
    expect(foundIn(`${given} ${call};`), call).toEqual([]);
});

test("no array of data is spread into a call", () => {
  const found: string[] = [];
  for (const path of files) {
    const source = program.getSourceFile(path);
    if (!source) throw new Error(`${path} was not read`);
    const name = relative(root, path);
    for (const spread of spreads(source, program.getTypeChecker()))
      if (!ALLOWED[name]?.includes(spread)) found.push(`${name}: ...${spread}`);
  }
  expect(files.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
});
