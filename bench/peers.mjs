// `npm run bench:peers`: ntk-wasm against the libraries of bench/thirdparty (a package of its own): same data, same run, one
// thread each. A result is first compared with ntk-wasm's; only a right one is timed. Prints a Markdown table; writes it
// and a JSON file to bench/results/.
//
//   --only REGEX   work whose name matches     --samples N   samples a contender (default 5)     --large   eigh 1000 too
//
// An adapter, bench/thirdparty/<name>.mjs, exports `variants` (names of its contenders, mostly precisions) and
// `async create(variant)`, which throws an Error that says why where it cannot run here, and else gives
//   name, version?, precision   its npm package (whose installed version is the default), "float64" or "float32"
//   kernel?({ C, d, b }, X)     Θ = 1 + SSᵀ + (XXᵀ + 1) ∘ (DDᵀ), S = σ(Z), D_ij = b_j σ'(Z_ij), Z = XCᵀ + d, σ the sigmoid
//   deepKernel?({ layers: [{ C, d }], B, a }, X)   the tangent kernel of f = B H + a, H_l = relu(C_l H_(l−1) + d_l), one output
//   gemm?(A, B)                 AB
//   cholesky?(A)                the lower factor of A
//   solve?(A, B)                A⁻¹B for A positive definite, factorisation included
//   eigh?(A)                    [eigenvalues ascending, eigenvectors in columns] of A symmetric
//   read?(part)                 not timed: a part of a result as a flat typed array (default: it is one); frees the original
// Those in the middle take `{ data, rows, cols }` matrices (d, b: Float64Array), convert them, and return (a promise of) the
// function to be timed, which takes nothing and returns (a promise of) a result that JavaScript can read; what a library
// lacks is left out. So conversion of the inputs is not timed for the peers, while ntk-wasm's public calls include theirs.
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { createNetwork } from "ntk-wasm";
import { machine } from "./machine.mjs";
import { median, random } from "./numbers.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    samples: { type: "string", default: "5" },
    large: { type: "boolean", default: false },
  },
});
const samples = Number(options.samples);
/** The first is what the others are compared with. */
const ADAPTERS = ["ntk-wasm", "ml-matrix", "numpy-ts", "jax-js", "tfjs-wasm", "onnxruntime-web"];
/** Largest error, relative to the largest entry: loose enough for any sound order of the sums (k = 1000), and no looser. */
const TOLERANCE = { float64: 1e-9, float32: 1e-3 };
/** Who takes longer than SLOW milliseconds gets no warm-up round, and as many samples as fit into BUDGET, at least one. */
const SLOW = 5000;
const BUDGET = 20_000;

const matrix = (rows, cols, seed) => ({ data: random(rows * cols, seed), rows, cols });

/** A symmetric matrix; positive definite with `diagonal` = n, which dominates. */
function symmetric(n, diagonal) {
  const A = matrix(n, n, 5);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) A.data[j * n + i] = A.data[i * n + j] *= 0.5;
    if (diagonal) A.data[i * (n + 1)] = diagonal;
  }
  return A;
}

function network(N, m, d) {
  const net = createNetwork({ inputs: d, hidden: m, biasStd: 1, seed: 1 });
  const block = (name) => {
    const { offset, length } = net.blocks.find((item) => item.name === name);
    return net.parameters.slice(offset, offset + length);
  };
  return [{ net, C: { data: block("c"), rows: m, cols: d }, d: block("d"), b: block("b") }, matrix(N, d, 1)];
}

function deepNetwork(N, m, d) {
  const net = createNetwork({ inputs: d, hidden: [m, m, m], activation: "relu", biasStd: 0.1, seed: 1 });
  const block = (name, rows, cols) => {
    const { offset, length } = net.blocks.find((item) => item.name === name);
    return { data: net.parameters.slice(offset, offset + length), rows, cols };
  };
  const layers = [1, 2, 3].map((l) => ({ C: block(`c${l}`, m, l > 1 ? m : d), d: block(`d${l}`, m, 1).data }));
  return [{ net, layers, B: block("b", 1, m), a: block("a", 1, 1).data[0] }, matrix(N, d, 1)];
}

const WORK = [
  { work: "kernel N=m=1000 d=1", verb: "kernel", make: () => network(1000, 1000, 1) },
  { work: "deep kernel N=100 [128,128,128] d=64", verb: "deepKernel", make: () => deepNetwork(100, 128, 64) },
  { work: "deep kernel N=500 [512,512,512] d=64", verb: "deepKernel", make: () => deepNetwork(500, 512, 64) },
  { work: "gemm 1000", verb: "gemm", make: () => [matrix(1000, 1000, 1), matrix(1000, 1000, 2)] },
  { work: "Cholesky 1000", verb: "cholesky", make: () => [symmetric(1000, 1000)] },
  { work: "solve 1000×32", verb: "solve", make: () => [symmetric(1000, 1000), matrix(1000, 32, 6)] },
  ...(options.large ? [500, 1000] : [500]).map((n) => ({
    work: `eigh ${n}`,
    verb: "eigh",
    make: () => [symmetric(n)],
  })),
];

/** Largest difference, relative to the largest entry of `expected`; NaN if an entry is NaN or missing. */
function difference(result, expected) {
  if (result.length !== expected.length) return Number.NaN;
  const error = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - result[i])), 0);
  return error / expected.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
}

/** Mx, or Mᵀx, for M n×n row-major. */
function product(M, x, transposed = false) {
  const n = x.length;
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (transposed) y[j] += M[i * n + j] * x[i];
      else y[i] += M[i * n + j] * x[j];
    }
  }
  return y;
}

/** Error of a result. Eigenvectors are free in sign: they are judged by AVx = VΛx and VᵀVx = x for a random x. */
function errorOf(verb, [A], result, expected) {
  if (verb !== "eigh") return difference(result[0], expected[0]);
  const [values, V] = result;
  const x = random(values.length, 7);
  const Vx = product(V, x);
  const scaled = x.map((value, i) => value * values[i]);
  return Math.max(
    difference(values, expected[0]),
    difference(product(V, scaled), product(A.data, Vx)),
    difference(product(V, Vx, true), x),
  );
}

/** A contender in its thread: `ask(question, ...)` waits for the answer or throws the error that came instead. */
async function start(adapter, variant) {
  const worker = new Worker(new URL("thirdparty/worker.mjs", import.meta.url), { workerData: { adapter, variant } });
  worker.unref();
  const ask = async (...question) => {
    worker.ref();
    const answer = once(worker, "message");
    worker.postMessage(question);
    const [{ value, error }] = await answer;
    worker.unref();
    if (error) throw new Error(error);
    return value;
  };
  return { ask, ...(await ask("create")) };
}

async function startAll() {
  const [contenders, skipped] = [[], []];
  for (const adapter of ADAPTERS) {
    try {
      const { variants } = await import(`./thirdparty/${adapter}.mjs`);
      for (const variant of variants) contenders.push(await start(adapter, variant));
    } catch (error) {
      skipped.push(`${adapter}: skipped: ${error.message}`);
    }
  }
  return { contenders, skipped };
}

/** The first run of each contender, and its verdict: `samples` to take, or the `problem`. The first one's result counts as right. */
async function qualify(contenders, verb, input) {
  const rows = [];
  let expected;
  for (const contender of contenders.filter(({ verbs }) => verbs.includes(verb))) {
    const row = { contender, times: [] };
    rows.push(row);
    try {
      const { ms, parts } = await contender.ask("prepare", verb, input);
      expected ??= parts;
      row.error = errorOf(verb, input, parts, expected);
      row.samples = ms > SLOW ? Math.min(samples, Math.max(1, Math.floor(BUDGET / ms))) : samples;
      row.warm = ms <= SLOW;
      // One run of this is enough.
      if (ms > BUDGET) row.times.push(ms);
      if (!(row.error <= TOLERANCE[contender.precision])) {
        row.problem = `WRONG (max relative error ${row.error.toExponential(1)})`;
      }
    } catch (error) {
      row.problem = `failed: ${error.message}`;
    }
  }
  return rows;
}

/** Everything that is timed ends here, so that no result is dead. */
let sink = 0;

/** Medians, one sample of each contender after the other, again and again; the first round warms up. */
async function race(rows) {
  for (let round = -1; round < samples; round++) {
    for (const row of rows) {
      if (row.problem || (round < 0 ? !row.warm : round >= row.samples) || row.times.length >= row.samples) continue;
      const { ms, first } = await row.contender.ask("time", Math.max(round, 0));
      sink += first;
      if (round >= 0) row.times.push(ms);
    }
  }
  for (const row of rows) if (!row.problem) row.ms = median(row.times);
}

const digits = (ms) => ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2);

const about = machine();
const lines = [];
const print = (line) => {
  lines.push(line);
  console.log(line);
};
const { contenders, skipped } = await startAll();
print(`Node ${about.node} (V8 ${about.v8}), ${about.cpu}, one thread each; medians of ${samples}, alternated.`);
print("Results checked against ntk-wasm first, error relative to the largest entry: 1e-9 in float64, 1e-3 in float32.");
print("");
print("| work | library (version) | precision | ms | time / ntk-wasm |");
print("| --- | --- | --- | ---: | ---: |");
const results = [];
for (const { work, verb, make } of WORK.filter((item) => new RegExp(options.only).test(item.work))) {
  const rows = await qualify(contenders, verb, make());
  await race(rows);
  for (const { contender, ms, error, problem, samples: taken } of rows) {
    const { name: library, version, precision } = contender;
    const slower = ms / rows[0].ms;
    results.push({ work, library, version, precision, ms, slower, samples: taken, error, problem });
    const note = taken < samples ? ` (${taken} sample${taken > 1 ? "s" : ""})` : "";
    const cells = problem ? `${problem} | ` : `${digits(ms)}${note} | ${slower.toFixed(2)}`;
    print(`| ${work} | ${library} (${version}) | ${precision} | ${cells} |`);
  }
  for (const { ask } of contenders) await ask("forget");
}
print("");
const all = [...new Set(WORK.map(({ verb }) => verb))];
for (const { name, precision, verbs } of contenders) {
  const lacks = all.filter((verb) => !verbs.includes(verb));
  if (lacks.length) print(`${name} (${precision}) has no ${lacks.join(", ")}.`);
}
for (const line of skipped) print(line);
console.log(`(sink ${sink.toPrecision(3)})`);

const folder = new URL("results/", import.meta.url);
mkdirSync(folder, { recursive: true });
const write = (ending, content) => writeFileSync(new URL(`peers-node-${about.node}.${ending}`, folder), `${content}\n`);
write("md", lines.join("\n"));
write("json", JSON.stringify({ ...about, samples, skipped, results }, null, 1));
