// The motorcycle data: acceleration of a helmet against time after an impact. Fixed split, training statistics only.
import { readFileSync } from "node:fs";
import { csvParse } from "d3-dsv";
import { standardize } from "ntk-wasm";

/** Every fourth row (the data are sorted by time), starting with the third, is a test row. */
const isTest = (_, i) => i % 4 === 2;

/** { train, test: { x, y } standardised, time, accel: the maps of both variables } */
export function loadMotorcycle() {
  const text = readFileSync(new URL("../data/mcycle.csv", import.meta.url), "utf8");
  const rows = csvParse(text, ({ times, accel }) => ({ time: Number(times), accel: Number(accel) }));
  const train = rows.filter((row, i) => !isTest(row, i));
  const test = rows.filter(isTest);
  const time = standardize(train.map((row) => row.time));
  const accel = standardize(train.map((row) => row.accel));
  const set = (part) => ({ x: time.apply(part.map((row) => row.time)), y: accel.apply(part.map((row) => row.accel)) });
  return { rows: rows.length, train: set(train), test: set(test), time, accel };
}

/** Root mean square error of predictions against targets. */
export function rmse(predicted, target) {
  return Math.sqrt(target.reduce((sum, y, i) => sum + (predicted[i] - y) ** 2, 0) / target.length);
}
