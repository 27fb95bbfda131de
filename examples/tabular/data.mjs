// Small real data sets and their folds. Provenance: examples/data/README.md.
import { readFileSync } from "node:fs";
import { csvParseRows } from "d3-dsv";
import { oneHot, standardize } from "ntk-wasm";

const SETS = [
  { name: "diabetes", target: "regression" },
  { name: "iris", target: "classes" },
  { name: "wine", target: "classes" },
  { name: "breast_cancer", target: "classes" },
  // 400 of 1797, so that the table takes a minute and not ten.
  { name: "digits", target: "classes", rows: 400 },
];
export const FOLDS = 10;
const SEED = 1;

/** A small generator for shuffling (Numerical Recipes' constants). */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function shuffled(values, seed) {
  const next = generator(seed);
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
  return values;
}

/** All sets: name, rows, features, classes (undefined for regression) and x, y as arrays of rows, shuffled. */
export function loadTabular() {
  return SETS.map(({ name, target, rows: wanted }) => {
    const text = readFileSync(new URL(`../data/${name}.csv`, import.meta.url), "utf8");
    const [, ...all] = csvParseRows(text.trim());
    const rows = shuffled(all, SEED).slice(0, wanted);
    const x = rows.map((row) => row.slice(0, -1).map(Number));
    const labels = rows.map((row) => row.at(-1));
    if (target === "regression") return { name, x, y: labels.map((value) => [Number(value)]), features: x[0].length };
    const names = [...new Set(labels)].sort();
    return { name, x, y: labels.map((label) => [names.indexOf(label)]), features: x[0].length, classes: names.length };
  });
}

/** Ten folds: train and test, inputs standardised and targets centred with training statistics only. */
export function folds({ x, y, classes }) {
  return Array.from({ length: FOLDS }, (_, fold) => {
    const part = (values, test) => values.filter((_, i) => (i % FOLDS === fold) === test);
    const inputs = standardize(part(x, false));
    const labels = part(y, true).flat();
    if (!classes) {
      const targets = standardize(part(y, false));
      const set = (test) => ({ x: inputs.apply(part(x, test)), y: targets.apply(part(y, test)) });
      return { train: set(false), test: set(true), labels, classes };
    }
    const hot = oneHot(part(y, false).flat(), classes);
    const mean = Array.from({ length: classes }, (_, c) => columnMean(hot, c));
    const centred = { ...hot, data: hot.data.map((value, at) => value - mean[at % classes]) };
    return { train: { x: inputs.X, y: centred }, test: { x: inputs.apply(part(x, true)) }, labels, classes, mean };
  });
}

function columnMean({ data, rows, cols }, c) {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += data[i * cols + c];
  return sum / rows;
}

/** Test error of predictions N×C: RMSE in units of the training targets' std, or the share of wrong classes. */
export function errorOf({ test, labels, classes, mean }, { data }) {
  if (!classes) {
    const squares = data.reduce((sum, f, i) => sum + (f - test.y.data[i]) ** 2, 0);
    return Math.sqrt(squares / data.length);
  }
  let wrong = 0;
  labels.forEach((label, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (data[i * classes + c] + mean[c] > data[i * classes + best] + mean[best]) best = c;
    }
    if (best !== label) wrong++;
  });
  return wrong / labels.length;
}
