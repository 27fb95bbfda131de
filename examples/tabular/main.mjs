// `npm run example:tabular`: tangent kernels of finite and infinite networks, by depth, on small real data sets,
// against ridge regression on the inputs and the nearest neighbour. Ten-fold. Every ridge (and in one column the depth)
// is chosen by the profiled evidence on the training rows. Then how good the probabilities of classification are
// (calibration.mjs).
import { createInfiniteNetwork, createNetwork, load } from "ntk-wasm";
import { printCalibration } from "./calibration.mjs";
import { errorOf, FOLDS, folds, loadTabular } from "./data.mjs";

const DEPTHS = [1, 2, 3];
const WIDTH = 256;
/** relu networks whose signal neither grows nor fades: weight variance 2/fan_in, small biases. */
const SCALES = { activation: "relu", weightStd: Math.SQRT2, biasStd: 0.1 };
/** Ridges, as parts of the mean of Θ's diagonal. */
const RIDGES = Array.from({ length: 19 }, (_, i) => 10 ** (-8 + i / 2));

const infinite = DEPTHS.map((depth) => () => createInfiniteNetwork({ ...SCALES, depth }));
const finite = DEPTHS.map(
  (depth) => (inputs, outputs) =>
    createNetwork({ ...SCALES, inputs, outputs, hidden: new Array(depth).fill(WIDTH), init: "ntk", seed: 1 }),
);
/** Q of a linear network is W⁴ x·x'/d + b: ridge regression on the inputs. */
const linear = () => createInfiniteNetwork({ activation: "identity", kernel: "nngp" });

const ntk = await load();
const started = performance.now();

/** Test error and evidence of one model on one fold. */
function regress(make, fold) {
  const { train, test } = fold;
  const model = make(train.x.cols, train.y.cols);
  const diagonal = ntk.kernelDiagonal(model, train.x);
  const size = diagonal.reduce((sum, value) => sum + value, 0) / diagonal.length;
  const ridges = RIDGES.map((ridge) => ridge * size);
  // f − f0: the network's random start is no part of the comparison.
  const fit = ntk.fit(model, train.x, train.y, { ridges, outputs: "average", centered: true });
  const { mean } = fit.predict(test.x, { variance: false });
  const result = { error: errorOf(fold, mean), evidence: fit.report.logEvidenceProfiled };
  fit.dispose();
  return result;
}

/** Targets of the nearest training row. */
function nearest(fold) {
  const { train, test } = fold;
  const { cols } = train.x;
  const C = train.y.cols;
  const data = new Float64Array(test.x.rows * C);
  for (let i = 0; i < test.x.rows; i++) {
    let [best, distance] = [0, Infinity];
    for (let j = 0; j < train.x.rows; j++) {
      let sum = 0;
      for (let t = 0; t < cols; t++) sum += (test.x.data[i * cols + t] - train.x.data[j * cols + t]) ** 2;
      if (sum < distance) [best, distance] = [j, sum];
    }
    data.set(train.y.data.subarray(best * C, (best + 1) * C), i * C);
  }
  return errorOf(fold, { data });
}

const mean = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;
const standardError = (values) =>
  Math.sqrt(values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / (values.length - 1) / values.length);

const head = [
  "data",
  ...DEPTHS.map((depth) => `∞ ${depth}`),
  "∞ by evidence",
  ...DEPTHS.map((depth) => `${WIDTH} × ${depth}`),
  "linear",
  "1-NN",
];
const lines = [head];
for (const set of loadTabular()) {
  const rows = folds(set).map((fold) => {
    const limits = infinite.map((make) => regress(make, fold));
    const chosen = limits.reduce((best, rated) => (rated.evidence > best.evidence ? rated : best));
    const networks = finite.map((make) => regress(make, fold).error);
    return [...limits.map(({ error }) => error), chosen.error, ...networks, regress(linear, fold).error, nearest(fold)];
  });
  const percent = set.classes ? 100 : 1;
  const cells = rows[0].map((_, column) => {
    const values = rows.map((row) => percent * row[column]);
    const digits = set.classes ? 1 : 3;
    return `${mean(values).toFixed(digits)} ± ${standardError(values).toFixed(digits)}`;
  });
  lines.push([
    `${set.name} (${set.x.length}×${set.features}${set.classes ? `, ${set.classes} classes` : ""})`,
    ...cells,
  ]);
}
console.log(`ntk-wasm on ${ntk.backend}/${ntk.variant}, Node ${process.versions.node}`);
console.log(`${FOLDS}-fold test error ± standard error: % wrong, or RMSE in standard deviations (diabetes)`);
console.log(
  "columns: tangent kernels of relu networks, infinitely wide by depth, and of 256 units a layer; ridge regression on the inputs; nearest neighbour\n",
);
const width = head.map((_, column) => lines.reduce((top, line) => Math.max(top, line[column].length), 0));
for (const line of lines) console.log(line.map((cell, column) => cell.padEnd(width[column])).join("  "));
printCalibration(ntk);
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`);
