// `npm run bench:cold`: from the import of a library to its first result, the kernel of 100 points and 256 units, in a
// Node process of its own. Measured inside: import, start, first kernel, and its numbers read. Measured outside: the
// whole process, less a process that does nothing. Contenders alternate; medians. Prints a Markdown table, and writes a
// JSON file to bench/results/.
//
//   --rounds N   processes a contender (default 11)
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serialize } from "node:v8";
import { network } from "./cases/peers.mjs";
import { median } from "./lib/data.mjs";
import { machine } from "./lib/machine.mjs";

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "11" } } });
const rounds = Number(options.rounds);
const ENTRY = fileURLToPath(new URL("thirdparty/cold.mjs", import.meta.url));
/**
 * Adapters and their variants. `simd` is asked for by name, the rest as in bench/peers.mjs. The others are compared
 * with the first.
 */
const CONTENDERS = [
  ["ntk-wasm", "float64"],
  ["ntk-wasm", "simd"],
  ["ntk-wasm", "js"],
  ["ml-matrix", "float64"],
  ["numpy-ts", "float64"],
  ["jax-js", "float32"],
  ["tfjs-wasm", "float32"],
  ["onnxruntime-web", "float64"],
  ["onnxruntime-web", "float32"],
].map(([adapter, variant]) => ({ adapter, variant, inside: [], outside: [] }));

/** One process: its wall-clock time, and what it printed (the last line: libraries print too). */
function run(...args) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, ...args], { encoding: "utf8" });
  const wall = performance.now() - start;
  if (status !== 0) throw new Error(stderr.split("\n").find((line) => /^\w*Error: /.test(line)) ?? stderr);
  return { wall, answer: JSON.parse(stdout.trim().split("\n").at(-1)) };
}

function race(data) {
  const empty = [];
  for (let round = -1; round < rounds; round++) {
    const nothing = run();
    if (round >= 0) empty.push(nothing.wall);
    for (const contender of CONTENDERS.filter(({ problem }) => !problem)) {
      try {
        const { wall, answer } = run(contender.adapter, contender.variant, data);
        Object.assign(contender, { name: answer.name, version: answer.version, first: answer.first });
        if (round < 0) continue;
        contender.inside.push(answer.ms);
        contender.outside.push(wall);
      } catch (error) {
        contender.problem = error.message;
      }
    }
  }
  return median(empty);
}

const folder = mkdtempSync(join(tmpdir(), "ntk-cold-"));
const about = machine();
const lines = [];
const print = (line) => {
  lines.push(line);
  console.log(line);
};
try {
  const data = join(folder, "data");
  writeFileSync(data, serialize(network(100, 256, 1)));
  const empty = race(data);
  print(`Node ${about.node} (V8 ${about.v8}), ${about.cpu}; medians of ${rounds} processes, alternated.`);
  print(
    `Inside: import to first kernel (N = 100, m = 256); outside: whole process less an empty one (${empty.toFixed(0)} ms).`,
  );
  print("");
  print("| library (version) | contender | inside, ms | outside, ms | inside / ntk-wasm |");
  print("| --- | --- | ---: | ---: | ---: |");
  const [ours] = CONTENDERS;
  for (const contender of CONTENDERS.filter(({ problem }) => !problem)) {
    const [inside, outside] = [median(contender.inside), median(contender.outside) - empty];
    const wrong = Math.abs(contender.first - ours.first) > 1e-3 * Math.abs(ours.first) ? " WRONG" : "";
    Object.assign(contender, { ms: inside, process: outside, ratio: inside / median(ours.inside) });
    const behind = contender.adapter !== "ntk-wasm" && contender.ratio < 1 ? " **behind**" : "";
    print(
      `| ${contender.name} (${contender.version})${wrong} | ${contender.variant} | ${inside.toFixed(1)} | ${outside.toFixed(1)} | ${contender.ratio.toFixed(2)}${behind} |`,
    );
  }
  for (const { adapter, variant, problem } of CONTENDERS)
    if (problem) print(`\n${adapter} (${variant}): skipped: ${problem}`);
} finally {
  rmSync(folder, { recursive: true });
}
const results = new URL("results/", import.meta.url);
mkdirSync(results, { recursive: true });
writeFileSync(new URL(`cold-node-${about.node}.md`, results), `${lines.join("\n")}\n`);
writeFileSync(
  new URL(`cold-node-${about.node}.json`, results),
  `${JSON.stringify({ ...about, rounds, contenders: CONTENDERS }, null, 1)}\n`,
);
