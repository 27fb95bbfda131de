/** What is saved and predicted is what the library says, to the last bit. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInfiniteNetwork, load, standardize } from "ntk-wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cellsOf, FIXED, Folder, root, smooth } from "./command.js";

const folder = new Folder();
const { X, Y, csv } = smooth(40);
const Xnew = [
  [0.1, 95],
  [-0.4, 130],
  [2, 100],
];
const ntk = await load({ variant: "simd" });
const model = createInfiniteNetwork({ activation: "erf", depth: 2 });
/** standardize(X), the ridges of the path, the fit: by the library alone. */
const inputs = standardize(X);
const targets = standardize(Y);
const diagonal = ntk.kernelDiagonal(model, inputs.X);
const size = diagonal.reduce((sum, value) => sum + value / diagonal.length, 0);
const ridges = Array.from({ length: 21 }, (_, i) => Number((10 ** (-8 + i / 2) * size).toPrecision(3)));
const options = { scale: "fit", outputs: "average", centered: true } as const;
const fit = ntk.fit(model, inputs.X, targets.X, { ...options, ridges });

beforeAll(async () => {
  folder.copy("iris.csv");
  folder.write("data.csv", csv);
  folder.write("new.csv", `name,z,x\n${Xnew.map(([x, z], i) => `row ${i},${z},${x}`).join("\n")}\n`);
  const saved = await folder.run(["fit", "data.csv", "--target", "y", "--save", "model.json", ...FIXED]);
  expect(saved).toMatchObject({ status: 0, err: "" });
});
afterAll(() => {
  fit.dispose();
  folder.remove();
});

const numbersOf = (text: string) =>
  cellsOf(text)
    .slice(1)
    .map((row) => row.map(Number));

describe("targets", () => {
  test("mean, sd and the band of 90 %", async () => {
    const { status, out, err } = await folder.run(["predict", "model.json", "new.csv", ...FIXED]);
    expect([status, err]).toEqual([0, ""]);
    expect(cellsOf(out)[0]).toEqual(["mean", "sd", "lower", "upper"]);
    const { mean, variance } = fit.predict(inputs.apply(Xnew), { noise: true });
    const said = numbersOf(out);
    expect(said.map(([m]) => m)).toEqual(Array.from(targets.invert(mean).data));
    const sd = Array.from(variance.data, (v) => Math.sqrt(v) * targets.std[0]);
    expect(said.map(([, s]) => s)).toEqual(sd);
    for (const [m, s, lower, upper] of said) {
      expect(Math.abs(upper - (m + 1.6448536269514722 * s))).toBeLessThan(1e-13 * Math.abs(upper));
      expect(Math.abs(lower - (m - 1.6448536269514722 * s))).toBeLessThan(1e-13 * Math.abs(lower));
    }
  });

  test("jackknife+ intervals of another level", async () => {
    const args = ["predict", "model.json", "new.csv", "--jackknife", "--level", "0.8", ...FIXED];
    const { out } = await folder.run(args);
    const { interval } = fit.predict(inputs.apply(Xnew), { interval: { level: 0.8 } });
    expect(numbersOf(out).map(([, , lower]) => lower)).toEqual(Array.from(targets.invert(interval.lower).data));
    expect(numbersOf(out).map(([, , , upper]) => upper)).toEqual(Array.from(targets.invert(interval.upper).data));
  });

  test("--keep has the columns of the table first; the standard input; JSON", async () => {
    const plain = await folder.run(["predict", "model.json", "new.csv", ...FIXED]);
    const kept = await folder.run(["predict", "model.json", "-", "--keep", ...FIXED], {
      input: folder.read("new.csv"),
    });
    expect(cellsOf(kept.out).map((row) => row.slice(0, 3))).toEqual(cellsOf(folder.read("new.csv")));
    expect(cellsOf(kept.out).map((row) => row.slice(3))).toEqual(cellsOf(plain.out));
    const json = await folder.run(["predict", "model.json", "new.csv", "--json", "--keep", ...FIXED]);
    const { rows } = JSON.parse(json.out);
    expect(rows.map(({ name, mean }: { name: string; mean: number }) => [name, mean])).toEqual(
      numbersOf(plain.out).map(([mean], i) => [`row ${i}`, mean]),
    );
  });

  test("the score is that of fits without each row, made one by one", async () => {
    const { out } = await folder.run(["fit", "data.csv", "--target", "y", "--json", ...FIXED]);
    const { leaveOneOut, ridges: chosen } = JSON.parse(out);
    expect(chosen).toEqual([fit.report.ridge]);
    let [squares, inside] = [0, 0];
    const { scale } = fit.report;
    for (let i = 0; i < Y.length; i++) {
      const others = Y.flatMap((_, j) => (j === i ? [] : [j]));
      const row = (j: number) => Array.from(inputs.X.data.subarray(2 * j, 2 * j + 2));
      const rest = ntk.fit(
        model,
        others.map(row),
        others.map((j) => targets.X.data[j]),
        { ridge: chosen[0], centered: true },
      );
      const { mean, variance } = rest.predict([row(i)], { noise: true });
      const error = targets.X.data[i] - mean.data[0];
      squares += (error * targets.std[0]) ** 2;
      if (Math.abs(error) <= 1.959963984540054 * Math.sqrt(scale * variance.data[0])) inside++;
      rest.dispose();
    }
    const [{ rmse, r2, coverage }] = leaveOneOut;
    expect(Math.abs(rmse / Math.sqrt(squares / Y.length) - 1)).toBeLessThan(1e-9);
    const middle = Y.reduce((sum, y) => sum + y / Y.length, 0);
    expect(Math.abs(r2 - (1 - squares / Y.reduce((sum, y) => sum + (y - middle) ** 2, 0)))).toBeLessThan(1e-9);
    expect(coverage).toBe(inside / Y.length);
    expect(inside).toBeGreaterThan(30);
  });

  test("several targets have columns of their own", async () => {
    const two = `x,z,y,w\n${X.map(([x, z], i) => `${x},${z},${Y[i]},${x * z}`).join("\n")}\n`;
    folder.write("two.csv", two);
    const args = ["fit", "two.csv", "--target", "y", "--target", "w", "--save", "two.json", "--json", ...FIXED];
    const { out } = await folder.run(args);
    expect(JSON.parse(out).leaveOneOut.map(({ target }: { target: string }) => target)).toEqual(["y", "w"]);
    const answer = await folder.run(["predict", "two.json", "new.csv", ...FIXED]);
    expect(cellsOf(answer.out)[0]).toEqual(
      ["y", "w"].flatMap((target) => ["mean", "sd", "lower", "upper"].map((word) => `${word}_${target}`)),
    );
    const both = ntk.fit(model, inputs.X, standardize(X.map(([x, z], i) => [Y[i], x * z])).X, {
      ...options,
      ridges,
      perOutput: true,
    });
    const { mean } = both.predict(inputs.apply(Xnew), { noise: true });
    const { invert } = standardize(X.map(([x, z], i) => [Y[i], x * z]));
    expect(numbersOf(answer.out).flatMap((row) => [row[0], row[4]])).toEqual(Array.from(invert(mean).data));
    both.dispose();
  });

  test.each([
    ["network", ["--model", "network", "--width", "32", "--activation", "tanh", "--depth", "1"]],
    ["rbf", ["--model", "rbf", "--tune"]],
    ["linear", ["--model", "linear", "--ridge", "0.5"]],
    ["searched", ["--activation", "relu,erf", "--depth", "1,2"]],
  ])("%s: what is saved predicts the rows that were fitted", async (name, more) => {
    const args = ["fit", "data.csv", "--target", "y", "--save", `${name}.json`, "--json", ...more, ...FIXED];
    const { status, out, err } = await folder.run(args);
    expect(status, err).toBe(0);
    const { ridges: chosen, model: found } = JSON.parse(out);
    if (name === "linear") expect(chosen).toEqual([0.5]);
    if (name === "network") expect(found.hidden).toEqual([32]);
    const again = ntk.restore(JSON.parse(folder.read(`${name}.json`)).task.fit);
    const answer = await folder.run(["predict", `${name}.json`, "data.csv", ...FIXED]);
    expect(numbersOf(answer.out).map(([m]) => m)).toEqual(
      Array.from(targets.invert(again.predict(inputs.apply(X)).mean).data),
    );
    again.dispose();
  });
});

describe("labels", () => {
  const rows = cellsOf(readFileSync(join(root, "examples/data/iris.csv"), "utf8")).slice(1);
  const measures = rows.map((row) => row.slice(0, 4).map(Number));
  const labels = rows.map((row) => row[4]);

  test.each([
    ["dirichlet", []],
    ["laplace", ["--method", "laplace"]],
  ] as const)("%s: probabilities and labels are those of a classifier of the same scale", async (method, more) => {
    const save = ["--save", `${method}.json`];
    const fitted = await folder.run([
      "fit",
      "iris.csv",
      "--target",
      "class",
      "--classify",
      ...save,
      "--json",
      ...more,
      ...FIXED,
    ]);
    const { scale, crossValidated, classes } = JSON.parse(fitted.out);
    const { X: Z, apply } = standardize(measures);
    const classifier = ntk.classify(model, Z, labels, { method, scale, classes });
    expect(ntk.classify(model, Z, labels, { method, scale: "fit" }).report.scale).toBe(scale);
    const answer = await folder.run(["predict", `${method}.json`, "iris.csv", ...FIXED]);
    const [head, ...said] = cellsOf(answer.out);
    expect(head).toEqual(["label", "p_setosa", "p_versicolor", "p_virginica"]);
    const { probabilities, labels: expected } = classifier.predict(apply(measures));
    expect(said.map(([label]) => label)).toEqual(expected);
    expect(said.flatMap(([, ...parts]) => parts.map(Number))).toEqual(Array.from(probabilities.data));
    const judged = ntk.crossValidate([model], measures, labels, {
      classify: { method, scale, classes },
      standardize: "inputs",
      folds: 5,
    });
    expect(crossValidated.mean).toEqual(judged.models[0].mean);
    expect(crossValidated.confusion.flat().reduce((sum: number, n: number) => sum + n, 0)).toBe(150);
    const right = crossValidated.confusion.reduce((sum: number, line: number[], c: number) => sum + line[c], 0);
    expect(right / 150).toBeCloseTo(judged.models[0].mean.accuracy as number, 10);
    classifier.dispose();
  });
});

describe("categories", () => {
  const colours = ["red", "green", "blue"];
  const text = `c,x,y\n${X.map(([x], i) => `${colours[i % 3]},${x},${x + (i % 3)}`).join("\n")}\n`;

  test("a level that the fit has not seen is an error, or zeros and a note", async () => {
    folder.write("colours.csv", text);
    const { status } = await folder.run(["fit", "colours.csv", "--target", "y", "--save", "colours.json", ...FIXED]);
    expect(status).toBe(0);
    expect(JSON.parse(folder.read("colours.json")).columns[0]).toEqual({
      name: "c",
      kind: "category",
      levels: ["blue", "green", "red"],
    });
    folder.write("unseen.csv", "c,x\nred,0.5\npink,0.5\n");
    const refused = await folder.run(["predict", "colours.json", "unseen.csv", ...FIXED]);
    expect(refused).toMatchObject({ status: 1, out: "" });
    expect(refused.err).toContain(
      'unseen.csv: row 2 (line 3), column "c" is "pink", which the fit has not seen; it knows "blue", "green", "red"',
    );
    const zeros = await folder.run(["predict", "colours.json", "unseen.csv", "--unknown", "zeros", ...FIXED]);
    expect([zeros.status, zeros.err.match(/^note: .*pink/)?.length]).toEqual([0, 1]);
    const encoded = (level: string) => [...["blue", "green", "red"].map((each) => (each === level ? 1 : 0)), 0.5];
    const rows = X.map(([x], i) => [...encoded(colours[i % 3]).slice(0, 3), x]);
    const { apply } = standardize(rows);
    const again = ntk.restore(JSON.parse(folder.read("colours.json")).task.fit);
    const { invert } = standardize(X.map(([x], i) => x + (i % 3)));
    const expected = invert(again.predict(apply([encoded("red"), encoded("pink")])).mean);
    expect(numbersOf(zeros.out).map(([m]) => m)).toEqual(Array.from(expected.data));
    again.dispose();
  });
});
