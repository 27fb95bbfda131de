// The motorcycle data: acceleration of a helmet against time after an impact. One fixed split and random ones; training
// statistics only.
import { readFileSync } from "node:fs";
import { shuffler } from "d3-array";
import { csvParse } from "d3-dsv";
import { randomLcg } from "d3-random";
import { standardize } from "ntk-wasm";

/** Every fourth row (the data are sorted by time), starting with the third, is a test row. */
const isTest = (_, i) => i % 4 === 2;

function readRows() {
  const text = readFileSync(new URL("../data/mcycle.csv", import.meta.url), "utf8");
  return csvParse(text, ({ times, accel }) => ({ time: Number(times), accel: Number(accel) }));
}

/** Rows to train and to test on, standardised by the training rows, and the maps of both variables. */
function standardised(train, test) {
  const time = standardize(train.map((row) => row.time));
  const accel = standardize(train.map((row) => row.accel));
  const set = (part) => ({ x: time.apply(part.map((row) => row.time)), y: accel.apply(part.map((row) => row.accel)) });
  return { train: set(train), test: set(test), time, accel };
}

/** { train, test: { x, y } standardised, time, accel: the maps of both variables } of the fixed split. */
export function loadMotorcycle() {
  const rows = readRows();
  const split = standardised(
    rows.filter((row, i) => !isTest(row, i)),
    rows.filter(isTest),
  );
  return { rows: rows.length, ...split };
}

/** Random splits, seeds 0 … count − 1: 100 rows to train and 33 to test on. */
export function randomSplits(count) {
  return Array.from({ length: count }, (_, seed) => {
    const rows = shuffler(randomLcg(seed / count))(readRows());
    return standardised(rows.slice(0, 100), rows.slice(100));
  });
}

/** Root mean square error of predictions against targets. */
export function rmse(predicted, target) {
  return Math.sqrt(target.reduce((sum, y, i) => sum + (predicted[i] - y) ** 2, 0) / target.length);
}
