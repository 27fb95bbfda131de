// `npm run bench:peers`: ntk-wasm against the libraries of bench/thirdparty (a package of its own), same data, same run, one
// thread each. A result is first compared with ntk-wasm's; only a right one is timed. Prints a Markdown table; writes it and
// a JSON file to bench/results/.
//
//   --only REGEX   work whose name matches     --samples N   samples a contender (default 5)     --large   eigh 1000 too
//
// An adapter, bench/thirdparty/*.mjs, exports
//   name, precisions          the npm package; "float64" and/or "float32", whichever it can compute in
//   async create(precision)   the contender; throws an Error that says why where it cannot run here
// and a contender has, leaving out what the library lacks,
//   kernel({ C, d, b }, X)    Θ = 1 + SSᵀ + (XXᵀ + 1) ∘ (DDᵀ), S = σ(Z), D_ij = b_j σ'(Z_ij), Z = XCᵀ + d, σ the sigmoid
//   gemm(A, B)                AB
//   cholesky(A)               the lower factor of A
//   solve(A, B)               A⁻¹B for A positive definite, factorisation included
//   eigh(A)                   [eigenvalues ascending, eigenvectors in columns] of A symmetric
//   read?(part)               untimed: a part of a result as a flat typed array (default: it is one), its memory given back
// Each takes `{ data, rows, cols }` matrices (d, b: Float64Array), converts them, and returns (a promise of) the function to be
// timed, which takes nothing and returns (a promise of) a result that JavaScript can read. Conversion of the inputs is thus
// not timed for the peers, while the public calls of ntk-wasm include theirs.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createNetwork, load } from "ntk-wasm";
import { Bench } from "tinybench";
import { machine, median, random } from "./machine.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    samples: { type: "string", default: "5" },
    large: { type: "boolean", default: false },
  },
});
const samples = Number(options.samples);
const ADAPTERS = ["ml-matrix", "numpy-ts", "jax-js", "tfjs-wasm", "onnxruntime-web"];
/** Largest error, relative to the largest entry; float32 loses about √k·6e-8 in sums of k = 1000, more in the factorisations. */
const TOLERANCE = { float64: 1e-9, float32: 1e-3 };
/** Who takes longer than this gets as many samples as fit into SLOW_BUDGET milliseconds, at least one. */
const SLOW = 5000;
const SLOW_BUDGET = 20_000;

const matrix = (rows, cols, seed) => ({ data: random(rows * cols, seed), rows, cols });

function symmetric(n, diagonal) {
  const A = matrix(n, n, 5);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) A.data[j * n + i] = A.data[i * n + j] *= 0.5;
  if (diagonal) for (let i = 0; i < n; i++) A.data[i * (n + 1)] = diagonal;
  return A;
}

function layer(N, m, d) {
  const net = createNetwork({ inputs: d, hidden: m, biasStd: 1, seed: 1 });
  const block = (name) => {
    const { offset, length } = net.blocks.find((item) => item.name === name);
    return net.parameters.slice(offset, offset + length);
  };
  return [{ net, C: { data: block("c"), rows: m, cols: d }, d: block("d"), b: block("b") }, matrix(N, d, 1)];
}

const WORK = [
  { name: "kernel N=m=1000 d=1", verb: "kernel", make: () => layer(1000, 1000, 1) },
  { name: "gemm 1000", verb: "gemm", make: () => [matrix(1000, 1000, 1), matrix(1000, 1000, 2)] },
  { name: "Cholesky 1000", verb: "cholesky", make: () => [symmetric(1000, 1000)] },
  { name: "solve 1000×32", verb: "solve", make: () => [symmetric(1000, 1000), matrix(1000, 32, 6)] },
  ...(options.large ? [500, 1000] : [500]).map((n) => ({
    name: `eigh ${n}`,
    verb: "eigh",
    make: () => [symmetric(n)],
  })),
];

/** Largest difference, relative to the largest entry of `expected`; NaN where a number is missing. */
function difference(result, expected) {
  if (result.length !== expected.length) return Number.NaN;
  let [worst, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(result[i] - expected[i]);
    if (!(error <= worst)) worst = error;
    size = Math.max(size, Math.abs(expected[i]));
  }
  return worst / size;
}

/** y = Mx or Mᵀx, for M n×n row-major. */
function product(M, x, transposed = false) {
  const n = x.length;
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      if (transposed) y[j] += M[i * n + j] * x[i];
      else y[i] += M[i * n + j] * x[j];
    }
  return y;
}

/** Error of a result. Eigenvectors are free in sign, so they are judged by AVx = VΛx and VᵀVx = x, for a random x. */
function errorOf(verb, [A], result, expected) {
  if (verb !== "eigh") return difference(result[0], expected[0]);
  const [values, V] = result;
  const x = random(values.length, 7);
  const Vx = product(V, x);
  const scaled = x.map((value, i) => value * values[i]);
  const errors = [
    difference(values, expected[0]),
    difference(product(V, scaled), product(A.data, Vx)),
    difference(product(V, Vx, true), x),
  ];
  return Math.max(...errors);
}

/** ntk-wasm's public calls in the shape of a peer. */
async function own(variant) {
  const ntk = await load(variant ? { variant } : {});
  return {
    name: "ntk-wasm",
    version: ntk.variant,
    precision: "float64",
    read: (part) => part.data ?? part,
    kernel: ({ net }, X) => () => ntk.kernel(net, X),
    gemm: (A, B) => () => ntk.matmul(A, B),
    cholesky: (A) => () => ntk.cholesky(A),
    solve: (A, B) => () => ntk.solve(A, B),
    eigh: (A) => () => {
      const { values, vectors } = ntk.eigh(A);
      return [values, vectors];
    },
  };
}

const say = (error) => `${error}`.split("\n")[0].replace(/^Error: /, "");

/** Everyone who can start here, and why the others cannot. */
async function contenders() {
  const skipped = [];
  const list = [await own(), await own("js")];
  for (const file of ADAPTERS) {
    try {
      const { name, precisions, create } = await import(`./thirdparty/${file}.mjs`);
      const about = new URL(`thirdparty/node_modules/${name}/package.json`, import.meta.url);
      const { version } = JSON.parse(readFileSync(about, "utf8"));
      for (const precision of precisions) {
        list.push({ read: (part) => part, ...(await create(precision)), name, version, precision });
      }
    } catch (error) {
      skipped.push(`${file}: skipped: ${say(error)}`);
    }
  }
  return { list, skipped };
}

const partsOf = (result, read) => (Array.isArray(result) ? result : [result]).map(read);

/** Everything that is timed ends here, so that no result is dead. */
let sink = 0;

/** Runs once and judges: fills `problem` and `count` (samples). Returns the parts of the result. */
async function qualify(row, input, expected) {
  try {
    row.run = await row.contender[row.verb](...input);
    const start = performance.now();
    const result = await row.run();
    const elapsed = performance.now() - start;
    row.count = elapsed > SLOW ? Math.min(samples, Math.max(1, Math.floor(SLOW_BUDGET / elapsed))) : samples;
    const parts = partsOf(result, row.contender.read);
    row.error = errorOf(row.verb, input, parts, expected ?? parts);
    if (!(row.error <= TOLERANCE[row.contender.precision])) {
      row.problem = `WRONG (max relative error ${row.error.toExponential(1)})`;
    }
    return parts;
  } catch (error) {
    row.problem = `failed: ${say(error)}`;
  }
}

/** Alternates the contenders: one tinybench round of one iteration each, again and again. The first, unless slow, warms up. */
async function race(rows) {
  for (const row of rows) row.times = [];
  for (let round = -1; round < samples; round++) {
    const bench = new Bench({ iterations: 1, time: 0, warmup: false });
    const racing = rows.filter(({ count }) => round < count && (round >= 0 || count === samples));
    for (const [index, row] of racing.entries()) {
      let result;
      bench.add(
        `${index}`,
        async () => {
          result = await row.run();
        },
        {
          async: true,
          afterEach() {
            for (const part of partsOf(result, row.contender.read)) sink += part[0];
          },
        },
      );
    }
    await bench.run();
    for (const [index, { result }] of bench.tasks.entries()) {
      if (result.error) throw result.error;
      if (round >= 0) racing[index].times.push(result.latency.mean);
    }
  }
  for (const row of rows) row.ms = median(row.times);
}

/** Milliseconds with three digits. */
const digits = (ms) => (ms >= 100 ? ms.toFixed(0) : ms.toFixed(ms >= 10 ? 1 : 2));

const about = machine();
const lines = [];
const print = (line) => {
  lines.push(line);
  console.log(line);
};
const { list, skipped } = await contenders();
print(`Node ${about.node} (V8 ${about.v8}), ${about.cpu}, one thread each; medians of ${samples}, contenders alternated.`);
print("Checked against ntk-wasm before timing: largest error 1e-9 of the largest entry in float64, 1e-3 in float32.");
print("");
print("| work | library | precision | ms | time / ntk-wasm |");
print("| --- | --- | --- | ---: | ---: |");
const rows = [];
for (const { name, verb, make } of WORK.filter((item) => new RegExp(options.only).test(item.name))) {
  const input = make();
  const group = list.filter((contender) => contender[verb]).map((contender) => ({ work: name, verb, contender }));
  let expected;
  for (const row of group) expected = [await qualify(row, input, expected), expected].at(expected ? 1 : 0);
  await race(group.filter(({ problem }) => !problem));
  for (const { contender, ms, count, error, problem } of group) {
    const { name: library, version, precision } = contender;
    rows.push({ work: name, library, version, precision, ms, samples: count, slower: ms / group[0].ms, error, problem });
    const note = count < samples ? ` (${count} sample${count > 1 ? "s" : ""})` : "";
    const cells = problem ? `${problem} | ` : `${digits(ms)}${note} | ${(ms / group[0].ms).toFixed(2)}`;
    print(`| ${name} | ${library} (${version}) | ${precision} | ${cells} |`);
  }
}
print("");
for (const { name, precision, ...has } of list) {
  const lacks = [...new Set(WORK.map(({ verb }) => verb))].filter((verb) => !has[verb]);
  if (lacks.length) print(`${name} (${precision}) has no ${lacks.join(", ")}.`);
}
for (const line of skipped) print(line);
console.log(`(sink ${sink.toPrecision(3)})`);

const folder = new URL("results/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL(`peers-node-${about.node}.md`, folder), `${lines.join("\n")}\n`);
writeFileSync(
  new URL(`peers-node-${about.node}.json`, folder),
  `${JSON.stringify({ ...about, samples, skipped, rows }, null, 1)}\n`,
);
