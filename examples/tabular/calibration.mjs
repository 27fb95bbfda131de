// Are the probabilities right? Expected calibration error, log loss and Brier score of classification, ten-fold,
// against one-hot ridge regression and logistic regression. Every row is predicted once, by the fold that leaves it
// out; scores are those of all rows together.
import { createInfiniteNetwork, standardize } from "ntk-wasm";
import { FOLDS, loadTabular } from "./data.mjs";
import { logisticRegression } from "./logisticRegression.mjs";

/** Equal bins of the largest probability. */
const BINS = 10;
/** Probabilities below count as this much in the log loss: those of ridge regression may be 0. */
const LEAST = 1e-6;
const RIDGES = Array.from({ length: 19 }, (_, i) => 10 ** (-8 + i / 2));

const model = createInfiniteNetwork({ activation: "relu", depth: 2, weightStd: Math.SQRT2, biasStd: 0.1 });

/** The ridge of the best evidence of a regression of one-hot labels. */
function ridgeOf(ntk, X, labels, classes) {
  const diagonal = ntk.kernelDiagonal(model, X);
  const size = diagonal.reduce((sum, value) => sum + value, 0) / diagonal.length;
  const counts = classes.map((label) => labels.filter((own) => own === label).length / labels.length);
  const Y = labels.map((own) => classes.map((label, c) => (own === label ? 1 : 0) - counts[c]));
  const fit = ntk.fit(model, X, Y, { ridges: RIDGES.map((ridge) => ridge * size) });
  const { ridge } = fit.report;
  fit.dispose();
  return ridge;
}

/** A classifier's probabilities for test rows. */
function classified(ntk, X, labels, Xtest, options) {
  const classifier = ntk.classify(model, X, labels, options);
  const { probabilities } = classifier.predict(Xtest);
  classifier.dispose();
  return probabilities;
}

export const METHODS = {
  "Laplace, ∞ 2": (ntk, X, labels, Xtest, classes) => classified(ntk, X, labels, Xtest, { classes, scale: "fit" }),
  "Dirichlet, ∞ 2": (ntk, X, labels, Xtest, classes) =>
    classified(ntk, X, labels, Xtest, { classes, method: "dirichlet", scale: "fit" }),
  "one-hot ridge, ∞ 2": (ntk, X, labels, Xtest, classes) =>
    classified(ntk, X, labels, Xtest, { classes, method: "ridge", ridge: ridgeOf(ntk, X, labels, classes) }),
  "logistic regression": (_, X, labels, Xtest, classes) => logisticRegression(X, labels, classes, Xtest),
};

/** Labels 0, 1, …: those of the set, or for a regression whether a target is above the median. */
function labelled({ name, x, y, classes }) {
  const values = y.map(([value]) => value);
  if (classes) return { name, x, labels: values, classes };
  const median = [...values].sort((a, b) => a - b)[values.length >> 1];
  return { name: `${name} > median`, x, labels: values.map((value) => (value > median ? 1 : 0)), classes: 2 };
}

/** Probabilities of every row of a set, by the fold that leaves the row out. */
function outOfFold(ntk, set, method) {
  const classes = Array.from({ length: set.classes }, (_, c) => c);
  const rows = new Array(set.labels.length);
  for (let fold = 0; fold < FOLDS; fold++) {
    const part = (values, test) => values.filter((_, i) => (i % FOLDS === fold) === test);
    const inputs = standardize(part(set.x, false));
    const Xtest = inputs.apply(part(set.x, true));
    const { data, cols } = METHODS[method](ntk, inputs.X, part(set.labels, false), Xtest, classes);
    for (let k = 0; k < Xtest.rows; k++) rows[fold + k * FOLDS] = Array.from(data.subarray(k * cols, (k + 1) * cols));
  }
  return rows;
}

/** Every set with the probabilities of every method. */
export const calibrationRuns = (ntk) =>
  loadTabular()
    .map(labelled)
    .flatMap((set) => Object.keys(METHODS).map((method) => ({ set, method, rows: outOfFold(ntk, set, method) })));

/** Rows in equal bins of the largest probability: how many, the sum of the probabilities, and how many are right. */
export function binned(rows, labels) {
  const bins = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, right: 0 }));
  rows.forEach((p, i) => {
    const best = p.reduce((top, value, c) => (value > p[top] ? c : top), 0);
    const bin = bins[Math.min(BINS - 1, Math.floor(p[best] * BINS))];
    bin.count++;
    bin.confidence += p[best];
    bin.right += best === labels[i] ? 1 : 0;
  });
  return bins;
}

/** Scores of probabilities in rows of C: ECE, log loss, Brier score, share of wrong rows. */
export function scores(rows, labels) {
  let [logLoss, brier, wrong] = [0, 0, 0];
  rows.forEach((p, i) => {
    const best = p.reduce((top, value, c) => (value > p[top] ? c : top), 0);
    wrong += best === labels[i] ? 0 : 1;
    logLoss -= Math.log(Math.max(LEAST, p[labels[i]]));
    brier += p.reduce((sum, value, c) => sum + (value - (c === labels[i] ? 1 : 0)) ** 2, 0);
  });
  const n = rows.length;
  const ece = binned(rows, labels).reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0);
  return { ece: ece / n, logLoss: logLoss / n, brier: brier / n, wrong: wrong / n };
}

/** Prints the table: a row for each set and method. */
export function printCalibration(ntk) {
  console.log(
    `\nCalibration, ${FOLDS}-fold: expected calibration error (${BINS} equal bins of the largest probability),`,
  );
  console.log(
    "log loss and Brier score, smaller is better. Tangent kernel of an infinitely wide relu network, two layers.",
  );
  console.log(
    "Laplace and Dirichlet choose the kernel's scale by their evidence, ridge its ridge; logistic regression has",
  );
  console.log("an L2 penalty of ½. diabetes is a regression: its labels say whether the target is above the median.\n");
  const lines = [["data", "method", "ECE %", "log loss", "Brier", "% wrong"]];
  for (const { set, method, rows } of calibrationRuns(ntk)) {
    const { ece, logLoss, brier, wrong } = scores(rows, set.labels);
    lines.push([
      set.name,
      method,
      (100 * ece).toFixed(1),
      logLoss.toFixed(3),
      brier.toFixed(3),
      (100 * wrong).toFixed(1),
    ]);
  }
  const width = lines[0].map((_, column) => lines.reduce((top, line) => Math.max(top, line[column].length), 0));
  for (const line of lines) {
    const cells = line.map((cell, column) => (column < 2 ? cell.padEnd(width[column]) : cell.padStart(width[column])));
    console.log(cells.join("  "));
  }
}
