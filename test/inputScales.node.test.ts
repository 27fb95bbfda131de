/** Scales of the inputs beside scikit-learn's anisotropic kernels on five data sets. */
import { readFileSync } from "node:fs";
import { csvParseRows } from "d3-dsv";
import { describe, expect, test } from "vitest";
import { rbfKernel } from "../src/index.js";
import { loadVariant } from "./setup/variants.js";
import golden from "./vectors/ard.json" with { type: "json" };

interface Table {
  X: number[][];
  y: number[];
}

/** Every column but the class, of breast_cancer the means alone; the first row of equal inputs. */
function table(name: string, target: string): Table {
  const file = new URL(`../examples/data/${name}.csv`, import.meta.url);
  const [head, ...body] = csvParseRows(readFileSync(file, "utf8"));
  const isInput = (column: string) =>
    column !== target && column !== "class" && (name !== "breast_cancer" || column.startsWith("mean"));
  const columns = head.flatMap((column, j) => (isInput(column) ? [j] : []));
  const seen = new Set<string>();
  const rows = body.filter((row) => {
    const key = columns.map((j) => Number(row[j])).join();
    const fresh = !seen.has(key);
    seen.add(key);
    return fresh;
  });
  return {
    X: rows.map((row) => columns.map((j) => Number(row[j]))),
    y: rows.map((row) => Number(row[head.indexOf(target)])),
  };
}

/** Friedman's function of five inputs, and three that do not matter. */
function friedman(): Table {
  const roots = [2, 3, 5, 7, 11, 13, 17, 19].map(Math.sqrt);
  const X = Array.from({ length: 200 }, (_, i) => roots.map((root) => ((i + 1) * root) % 1));
  const f = ([a, b, c, d, e]: number[]) => 10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e;
  return { X, y: X.map((x, i) => f(x) + Math.sin(1000 * (i + 1))) };
}

function standardized(values: readonly number[]): number[] {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return values.map((x) => (x - mean) / std);
}

/** The rows that test/vectors/ard.py fits. */
function training({ X, y }: Table): Table {
  const columns = X[0].map((_, j) => standardized(X.map((row) => row[j])));
  const targets = standardized(y);
  const rows = X.flatMap((_, i) => (i % 4 === 3 ? [] : [i]));
  return { X: rows.map((i) => columns.map((column) => column[i])), y: rows.map((i) => targets[i]) };
}

const SETS: Record<keyof typeof golden, Table> = {
  diabetes: table("diabetes", "target"),
  wine: table("wine", "alcohol"),
  iris: table("iris", "petal_width_cm"),
  "breast cancer": table("breast_cancer", "mean_symmetry"),
  friedman: friedman(),
};

describe("beside scikit-learn's anisotropic rbf kernel", () => {
  test.each(Object.keys(SETS) as (keyof typeof golden)[])("%s", async (name) => {
    const ntk = await loadVariant("simd");
    const { X, y } = training(SETS[name]);
    const tuned = ntk.tune(rbfKernel(), X, y, { inputScales: true, ridge: [1e-8, 1e3] });
    // Two searches that end where a slope is below 1e-3 differ by less.
    expect(tuned.score).toBeGreaterThan(golden[name].evidence - 0.01);
    const fit = ntk.fit(tuned.model, X, y, { ridge: tuned.ridge });
    expect(Math.abs((fit.report.logEvidenceProfiled as number) - tuned.score)).toBeLessThan(
      1e-6 * Math.abs(tuned.score),
    );
    ntk.dispose();
  });
});
