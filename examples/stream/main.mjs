// `npm run example:stream -- --rows 1000000`: a regression of rows that never are in memory together. The rows lie in a
// CSV file, which this program writes first. They are read in batches by d3-dsv and streamed into a fit in weight
// space; time and peak memory are printed. Then the stream is interrupted half-way and resumed from its
// state: the bits agree.
//
// Data: two inputs on (−2, 2), y = sin 2a · cos b + noise, from a seeded generator. Network: 64 tanh units, `ntk`.

import { once } from "node:events";
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { csvParseRows } from "d3-dsv";
import { createNetwork, load, StreamError } from "ntk-wasm";

const { values } = parseArgs({ options: { rows: { type: "string", default: "1000000" } } });
const N = Number(values.rows);
if (!Number.isInteger(N) || N < 1) throw new RangeError(`--rows is ${values.rows}; expected an integer ≥ 1`);
/** Rows of a batch. */
const BATCH = 10_000;
const RIDGE = 1e-2;
const NOISE = 0.1;
const truth = (a, b) => Math.sin(2 * a) * Math.cos(b);

/** Uniform on (0, 1), seeded. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Writes the rows, a,b,y, and a header. */
async function write(path) {
  const uniform = generator(1);
  const file = createWriteStream(path);
  let text = "a,b,y\n";
  for (let i = 0; i < N; i++) {
    const [a, b] = [4 * uniform() - 2, 4 * uniform() - 2];
    const noise = NOISE * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    text += `${a},${b},${truth(a, b) + noise}\n`;
    if (text.length > 2 ** 16 || i === N - 1) {
      if (!file.write(text)) await once(file, "drain");
      text = "";
    }
  }
  file.end();
  await once(file, "finish");
}

/** Batches of the file after its first `skip` rows. */
async function* batches(path, skip = 0) {
  let lines = [];
  let line = -1;
  for await (const text of createInterface({ input: createReadStream(path) })) {
    if (line++ < skip) continue;
    lines.push(text);
    if (lines.length < BATCH) continue;
    yield batch(lines);
    lines = [];
  }
  if (lines.length > 0) yield batch(lines);
}

/** Inputs and targets of some lines. A field that is no number becomes NaN: the stream names its batch and row. */
function batch(lines) {
  const X = new Float64Array(2 * lines.length);
  const Y = new Float64Array(lines.length);
  csvParseRows(lines.join("\n"), ([a, b, y], i) => {
    X[2 * i] = a === "" ? Number.NaN : Number(a);
    X[2 * i + 1] = b === "" ? Number.NaN : Number(b);
    Y[i] = y === "" ? Number.NaN : Number(y);
  });
  return { X: { data: X, rows: lines.length, cols: 2 }, Y };
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const folder = mkdtempSync(join(tmpdir(), "ntk-wasm-"));
const path = join(folder, "rows.csv");
try {
  let since = performance.now();
  await write(path);
  console.log(`${N} rows written: ${(statSync(path).size / 2 ** 20).toFixed(0)} MiB in ${seconds(since)}`);

  const ntk = await load();
  const net = createNetwork({
    inputs: 2,
    hidden: 64,
    activation: "tanh",
    init: "ntk",
    weightStd: 2,
    biasStd: 1,
    seed: 1,
  });
  since = performance.now();
  const fit = await ntk.fitStream(net, batches(path), { ridge: RIDGE, scale: "fit" });
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(`streamed into ${fit.report.features} weights in ${seconds(since)}, peak memory ${peak.toFixed(0)} MiB`);
  const { scale, degreesOfFreedom, logEvidence, notes } = fit.report;
  console.log(`noise ${Math.sqrt(scale * RIDGE).toFixed(4)} (of the data: ${NOISE})`);
  console.log(`degrees of freedom ${degreesOfFreedom.toFixed(1)}, log evidence ${logEvidence?.toFixed(0)}`);
  for (const note of notes) console.log(note);
  const points = [
    [-1, -1],
    [0, 1],
    [0.5, 0],
    [1.5, 1.5],
  ];
  const { mean, variance } = fit.predict(points);
  points.forEach(([a, b], i) => {
    const text = `f(${a}, ${b}) = ${mean.data[i].toFixed(4)} ± ${Math.sqrt(variance.data[i]).toFixed(4)}`;
    console.log(text.padEnd(36), `truth ${truth(a, b).toFixed(4)}`);
  });

  // Interrupted after half of the rows, and resumed.
  const controller = new AbortController();
  const half = await ntk
    .fitStream(net, batches(path), {
      signal: controller.signal,
      onProgress: ({ rows }) => rows >= N / 2 && controller.abort(),
    })
    .catch((error) => {
      if (error instanceof StreamError) return error;
      throw error;
    });
  if (half instanceof StreamError && half.state) {
    console.log(half.message);
    const { state } = half;
    const resumed = await ntk.fitStream(net, batches(path, state.rows), { ridge: RIDGE, scale: "fit", state });
    const same = resumed.predict(points).mean.data.every((value, i) => value === mean.data[i]);
    console.log(`resumed: ${resumed.report.rows} rows, ${same ? "the same bits" : "other bits"}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
