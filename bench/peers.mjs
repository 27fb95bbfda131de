// `npm run bench:peers`: ntk-wasm against the libraries of bench/thirdparty (a package of its own). Same data, same
// run, the number of threads stated. A result is first compared with the result of ntk-wasm, and only a right one is
// timed. A float64 result that is right to float32's tolerance alone says so. Prints a Markdown table, and writes it
// and a JSON file to bench/results/.
//
//   --only REGEX   tasks whose name matches
//   --rounds N    turns of a contender (default 5)
//   --large        eigh 1000 too
//   --threads N    threads for the contenders that can have several; the table states each one's number
//
// An adapter, bench/thirdparty/<name>.mjs, exports `variants` (names of its contenders, mostly precisions) and
// `async create(variant, threads)`. `create` throws an Error that says why where the variant cannot run here, and else
// gives
//   name, version?, label?      its npm package (default: the installed version), and how it does its tasks, if several
//   precision, threads          "float64" or "float32"; how many threads compute
//   kernel?({ C, d, b }, X)     Θ = 1 + SSᵀ + (XXᵀ + 1) ∘ (DDᵀ), S = σ(Z), D_ij = b_j σ'(Z_ij), Z = XCᵀ + d,
//                               σ the sigmoid
//   deepKernel?({ layers: [{ C, d }], B, a }, X)
//                               the tangent kernel of f = B H + a, H_l = relu(C_l H_(l−1) + d_l), one output
//   fit?(model, X, Y, X2, ridge)
//                               the mean Θ(X2, X) (Θ(X, X) + ridge I)⁻¹ Y, the model as for `kernel`
//   gemm?(A, B)                 AB
//   cholesky?(A)                the lower factor of A
//   solve?(A, B)                A⁻¹B for A positive definite, factorisation included
//   eigh?(A)                    [eigenvalues ascending, eigenvectors in columns] of A symmetric
//   read?(part)                 a part of a result as a flat typed array (default: it is one); frees it; untimed
// A verb (`kernel` to `eigh`) takes `{ data, rows, cols }` matrices (d, b: Float64Array), converts them, and returns
// (a promise of) the function to be timed. That function takes nothing and returns (a promise of) a result that
// JavaScript can read. A verb that a library lacks is left out. Conversion of the inputs is so not timed for the peers,
// while ntk-wasm's public calls include it.
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { errorOf, TOLERANCE, tasks } from "./cases/peers.mjs";
import { median } from "./lib/data.mjs";
import { machine } from "./lib/machine.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    large: { type: "boolean", default: false },
    threads: { type: "string", default: "1" },
  },
});
const [rounds, threads] = [Number(options.rounds), Number(options.threads)];
/**
 * Ours is first: the results of the others are compared with its results, their times with its times of the same
 * precision.
 */
const ADAPTERS = ["ntk-wasm", "ml-matrix", "numpy-ts", "jax-js", "tfjs-wasm", "onnxruntime-web"];
/**
 * A contender that takes longer than SLOW milliseconds gets no warm-up round, and as many rounds as fit into BUDGET,
 * at least one.
 */
const SLOW = 5000;
const BUDGET = 20_000;

/** A contender in its thread: `ask(question, ...)` waits for the answer or throws the error that came instead. */
async function start(adapter, variant) {
  const worker = new Worker(new URL("thirdparty/worker.mjs", import.meta.url), {
    workerData: { adapter, variant, threads },
  });
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
    const { variants } = await import(`./thirdparty/${adapter}.mjs`);
    for (const variant of variants) {
      try {
        contenders.push(await start(adapter, variant));
      } catch (error) {
        skipped.push(`${adapter} (${variant}): skipped: ${error.message}`);
      }
    }
  }
  return { contenders, skipped };
}

/**
 * The first run of each contender, and its verdict: `rounds` to take, or the `problem`. The result of the first
 * contender counts as right.
 */
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
      row.rounds = ms > SLOW ? Math.min(rounds, Math.max(1, Math.floor(BUDGET / ms))) : rounds;
      row.warm = ms <= SLOW;
      // One run of this is enough.
      if (ms > BUDGET) row.times.push(ms);
      // What float64 promises and only float32 keeps is timed, and marked.
      if (!(row.error <= TOLERANCE.float32)) row.problem = `WRONG (max relative error ${row.error.toExponential(1)})`;
      row.inexact = row.error > TOLERANCE[contender.precision];
    } catch (error) {
      row.problem = `failed: ${error.message}`;
    }
  }
  return rows;
}

/** Everything that is timed ends here, so that no result is dead. */
let sink = 0;

/** Medians, one turn of each contender after the other, again and again; the first round warms up. */
async function race(rows) {
  for (let round = -1; round < rounds; round++) {
    for (const row of rows) {
      if (row.problem || (round < 0 ? !row.warm : round >= row.rounds) || row.times.length >= row.rounds) continue;
      const { ms, first } = await row.contender.ask("time", Math.max(round, 0));
      sink += first;
      if (round >= 0) row.times.push(ms);
    }
  }
  for (const row of rows) if (!row.problem) row.ms = median(row.times);
}

/**
 * Time over our time in the same precision. Where ours has no float32 or it is not right, time over our float64, which
 * is `marked`.
 */
function ratioOf({ contender, ms }, rows) {
  const same = rows.find(({ contender: ours, problem }) => !problem && ours.precision === contender.precision);
  const ours = same?.contender.name === "ntk-wasm" ? same : rows[0];
  const ratio = ms / ours.ms;
  const peer = contender.name !== "ntk-wasm";
  return { ratio, marked: ours.contender.precision !== contender.precision, behind: peer && ratio < 1 };
}

const digits = (ms) => ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2);

const about = machine();
const lines = [];
const print = (line) => {
  lines.push(line);
  console.log(line);
};
const { contenders, skipped } = await startAll();
print(`Node ${about.node} (V8 ${about.v8}), ${about.cpu}; medians of ${rounds} rounds, alternated.`);
print("Results checked against ntk-wasm first, error relative to the largest entry: 1e-9 in float64, 1e-3 in float32.");
print(
  "Ratio: time over ntk-wasm's in the same precision; * over its float64, where it has no float32. Behind: ntk-wasm is.",
);
print("");
print("| task | library (version) | precision | threads | ms | time / ntk-wasm |");
print("| --- | --- | --- | ---: | ---: | ---: |");
const results = [];
const TASKS = tasks(options.large);
for (const { name, verb, make } of TASKS.filter((item) => new RegExp(options.only).test(item.name))) {
  const rows = await qualify(contenders, verb, make());
  await race(rows);
  for (const row of rows) {
    const { contender, ms, error, problem, inexact, rounds: taken } = row;
    const { name: library, label, version, precision, threads } = contender;
    const ratio = problem ? {} : ratioOf(row, rows);
    results.push({
      task: name,
      library,
      label,
      version,
      precision,
      threads,
      ms,
      ...ratio,
      rounds: taken,
      error,
      problem,
    });
    const few = taken < rounds ? ` (${taken} round${taken > 1 ? "s" : ""})` : "";
    const note = few + (inexact ? ` (error ${error.toExponential(0)})` : "");
    const over = problem
      ? ""
      : `${ratio.ratio.toFixed(2)}${ratio.marked ? " *" : ""}${ratio.behind ? " **behind**" : ""}`;
    const who = `${library} (${version}${label ? `, ${label}` : ""})`;
    print(`| ${name} | ${who} | ${precision} | ${threads} | ${problem ?? `${digits(ms)}${note}`} | ${over} |`);
  }
  for (const { ask } of contenders) await ask("forget");
}
print("");
const all = [...new Set(TASKS.map(({ verb }) => verb))];
for (const { name, label, precision, verbs } of contenders) {
  const lacks = all.filter((verb) => !verbs.includes(verb));
  if (lacks.length && !label) print(`${name} (${precision}) has no ${lacks.join(", ")}.`);
}
for (const line of skipped) print(line);
const behind = results.filter((row) => row.behind);
print(
  `Behind on ${behind.length} of ${results.filter(({ ratio, library }) => ratio && library !== "ntk-wasm").length} rows.`,
);
console.log(`(sink ${sink.toPrecision(3)})`);

const folder = new URL("results/", import.meta.url);
mkdirSync(folder, { recursive: true });
const write = (ending, content) => writeFileSync(new URL(`peers-node-${about.node}.${ending}`, folder), `${content}\n`);
write("md", lines.join("\n"));
write("json", JSON.stringify({ ...about, rounds, skipped, results }, null, 1));
