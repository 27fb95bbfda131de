/** On real data, rows that a fit has not seen lie in its intervals about as often as the level says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { foldsOf } from "../src/evaluation/folds.js";
import { createInfiniteNetwork, load, standardize } from "../src/index.js";

const folder = join(import.meta.dirname, "../examples/data");
const table = (name: string) =>
  readFileSync(join(folder, name), "utf8")
    .trim()
    .split("\n")
    .filter((line) => /^[-\d]/.test(line))
    .map((line) => line.split(",").map(Number).filter(Number.isFinite));
const pick = <T>(list: readonly T[], rows: readonly number[]) => rows.map((row) => list[row]);

/** Rows of numbers, names of classes left out, and the column that is predicted. */
const SETS: Record<string, { rows: number[][]; target: number }> = {
  "mcycle.csv": { rows: table("mcycle.csv"), target: 1 },
  "diabetes.csv": { rows: table("diabetes.csv").slice(0, 200), target: 10 },
  "iris.csv": { rows: table("iris.csv"), target: 0 },
  "wine.csv": { rows: table("wine.csv"), target: 1 },
};

test.each(Object.entries(SETS))("%s", async (_, { rows, target }) => {
  const ntk = await load({ variant: "simd" });
  const X = standardize(rows.map((row) => row.filter((__, j) => j !== target))).X;
  const inputs = rows.map((__, i) => Array.from(X.data.subarray(i * X.cols, (i + 1) * X.cols)));
  const y = standardize(rows.map((row) => row[target])).X.data;
  const model = createInfiniteNetwork({ activation: "erf" });
  const level = 0.9;
  let [inside, guaranteed] = [0, 0];
  for (const { train, test: unseen } of foldsOf(rows.length, 5, 1, 1, {})) {
    // A ridge that is far too small: the plain band is too narrow, and the interval is not.
    const fit = ntk.fit(model, pick(inputs, train), pick([...y], train), { ridge: 0.02 });
    const { interval } = fit.predict(pick(inputs, unseen), { interval: { level } });
    unseen.forEach((row, i) => {
      if (interval.lower.data[i] <= y[row] && y[row] <= interval.upper.data[i]) inside++;
    });
    guaranteed += unseen.length;
  }
  const coverage = inside / guaranteed;
  // The guarantee is 2·0.9 − 1 = 0.8; three standard errors of the count are at most 3·√(0.9·0.1/130) = 0.08.
  expect(coverage).toBeGreaterThan(level - 0.08);
  expect(coverage).toBeLessThan(level + 0.08);
});
