/**
 * A fit in a file: the columns with their kinds, how they were standardised, and the fit itself or what a classifier is
 * trained from. JSON keeps every bit of a double.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { SentModel } from "ntk-wasm/worker";
import type { Column } from "./columns.js";
import { unreadable } from "./csv.js";
import { Refusal } from "./errors.js";
import type { Scaling } from "./scaling.js";

/** Another number than this is another layout. */
const FORMAT = "ntk-wasm-cli/model/";
const VERSION = 1;

export type Task =
  | { kind: "regression"; scaling: Scaling; fit: unknown }
  | {
      kind: "classification";
      classes: string[];
      model: SentModel;
      method: "dirichlet" | "laplace";
      /** What multiplies the kernel. */
      scale: number;
      /** Standardised inputs, row by row. */
      X: number[];
      /** Places among the classes. */
      labels: number[];
    };

export interface Saved {
  format: string;
  /** The version of ntk-wasm that made the fit, and its variant: another variant agrees to rounding. */
  ntkWasm: string;
  variant: string;
  rows: number;
  columns: Column[];
  targets: string[];
  inputs: Scaling;
  task: Task;
}

/** The version of the library that computes. */
export function libraryVersion(): string {
  return createRequire(import.meta.url)("ntk-wasm/package.json").version;
}

export function savedText(saved: Omit<Saved, "format" | "ntkWasm">): string {
  const { variant, ...rest } = saved;
  return `${JSON.stringify({ format: `${FORMAT}${VERSION}`, ntkWasm: libraryVersion(), variant, ...rest })}\n`;
}

/** @throws Refusal for a file that is no saved model, or one of a newer layout. */
export async function readSaved(path: string): Promise<Saved> {
  const text = await readFile(path, "utf8").catch((error) => {
    throw unreadable(path, error);
  });
  let value: Partial<Saved> | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(`${path} is no JSON; expected what fit --save wrote`);
  }
  const format = value?.format;
  if (typeof format !== "string" || !format.startsWith(FORMAT))
    throw new Refusal(`${path} is no saved model; expected what fit --save wrote`);
  const version = Number(format.slice(FORMAT.length));
  if (version !== VERSION)
    throw new Refusal(`${path} has layout ${version}, and this program reads layout ${VERSION}; update ntk-wasm-cli`);
  if (!isWhole(value as Saved)) throw new Refusal(`${path} was altered or cut short; save the model again`);
  return value as Saved;
}

const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(Number.isFinite);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === "string");
const isScaling = (value: Partial<Scaling> | undefined, length: number): value is Scaling =>
  [value?.mean, value?.std].every((list) => isNumbers(list) && list.length === length);
const isColumn = (column: Partial<Column & { levels: string[] }> | null): boolean =>
  typeof column?.name === "string" &&
  (column.kind === "number" || (column.kind === "category" && isTexts(column.levels)));

/** Whether all parts are there and fit together. The fit is checked by the library. */
function isWhole({ rows, columns, targets, inputs, task }: Partial<Saved>): boolean {
  if (!Number.isInteger(rows) || !isTexts(targets) || targets.length === 0) return false;
  if (!Array.isArray(columns) || !columns.every(isColumn)) return false;
  const cols = columns.reduce((sum, column) => sum + (column.kind === "number" ? 1 : column.levels.length), 0);
  if (!isScaling(inputs, cols)) return false;
  if (task?.kind === "regression") return isScaling(task.scaling, targets.length) && typeof task.fit === "object";
  if (task?.kind !== "classification") return false;
  const { classes, X, labels, scale, method } = task;
  return (
    (method === "dirichlet" || method === "laplace") &&
    isTexts(classes) &&
    isNumbers(X) &&
    X.length === (rows as number) * cols &&
    isNumbers(labels) &&
    labels.length === rows &&
    labels.every((place) => classes[place] !== undefined) &&
    scale > 0
  );
}
