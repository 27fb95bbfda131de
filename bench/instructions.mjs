// `npm run bench:instructions`: what stands between an inner loop and the peak. It prints for the innermost loops of
// some functions the machine instructions by kind and the flops per instruction. It prints the share of the peak that a
// machine could reach if it did nothing but issue W instructions a cycle. On this Node (simd) and on Node 24 of
// tools/nodes (relaxed); counts, no timing.
//
//   --function NAME   end of a function's name in build/*.wat, may be repeated     --list   the loops' instructions too
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { disassemble, functionNames, innermostLoops } from "./lib/disassembly.mjs";
import { compilePeak } from "./lib/machine.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: { function: { type: "string", multiple: true }, list: { type: "boolean", default: false } },
});
/** dot is inlined: level2/rowdot is its plainest user. */
const FUNCTIONS = options.function ?? [
  "microkernel/microkernel",
  "mapRow<assembly/activation/sigmoid/Sigmoid>",
  "level2/rowdot",
];
const node24 = join(root, "tools/nodes/node_modules/node24/bin/node");

/** Kinds, first match counts. Sums of [ps/pd/ss/sd]: lanes × operations are the flops. */
const KINDS = [
  ["fma", /^vf(n?)m(add|sub)\d+/],
  ["multiply", /^v?mul[ps][sd]/],
  ["add", /^v?(add|sub)[ps][sd]/],
  ["divide", /^v?(div|sqrt)[ps][sd]/],
  ["broadcast", /^vmovddup|^v?p?broadcast/],
  ["store", /^v?mov\w* \[/],
  ["load", /^v?mov\w* [^[]+,.*\[/],
  ["move", /^v?mov/],
  ["branch", /^j/],
  ["compare", /^(cmp|test|v?ucomis)/],
  ["address", /^(lea|add[lq]|sub[lq]|sh[lr]|and[lq]|xor[lq]|cmov|inc|dec)/],
  ["other SIMD", /^v/],
  ["other", /./],
];
const LANES = { pd: 2, ps: 4, sd: 1, ss: 1 };

/**
 * Two kinds of processor: instructions issued in a cycle; SIMD units for products, for sums, for both together. A Zen 4
 * has 2 + 2 units, but never more than three were seen busy: 24 products and sums took 8.2 cycles, whether in 10, 12 or
 * 13 chains.
 */
const MACHINES = [
  { name: "4 wide, 2 FP units", width: 4, multiply: 2, add: 2, both: 2 },
  { name: "6 wide, 2 + 2 FP units", width: 6, multiply: 2, add: 2, both: 3 },
];

const kindOf = (text) => KINDS.find(([, pattern]) => pattern.test(text))[0];

function count(loop) {
  const kinds = Object.fromEntries(KINDS.map(([name]) => [name, 0]));
  let flops = 0;
  for (const { text } of loop) {
    const kind = kindOf(text);
    kinds[kind] += 1;
    const lanes = LANES[/^\w*?(p[ds]|s[ds])\b/.exec(text)?.[1]] ?? 0;
    if (["fma", "multiply", "add"].includes(kind)) flops += lanes * (kind === "fma" ? 2 : 1);
  }
  return { kinds, flops, instructions: loop.length };
}

/** A compare or test right before its branch is issued with it as one. */
const issued = (loop) =>
  loop.filter(({ text }, i) => !(/^(cmp|test)/.test(text) && /^j/.test(loop[i + 1]?.text ?? ""))).length;

/** Cycles an iteration needs for its arithmetic, for its issue and for its loads (two a cycle): the largest counts. */
function bounds(loop, { kinds }) {
  return MACHINES.map(({ name, width, multiply, add, both }) => {
    const products = kinds.fma + kinds.multiply;
    const arithmetic = Math.max(products / multiply, kinds.add / add, (products + kinds.add) / both);
    const memory = (kinds.load + kinds.broadcast) / 2;
    const issue = issued(loop) / width;
    return { name, arithmetic, issue, memory, share: arithmetic / Math.max(arithmetic, issue, memory) };
  });
}

function report(name, loop, index, loops) {
  const counts = count(loop);
  const kinds = Object.entries(counts.kinds).filter(([, number]) => number);
  console.log(
    `\n### ${name}, loop ${index + 1} of ${loops}: ${counts.instructions} instructions, ${counts.flops} flops`,
  );
  console.log(`${kinds.map(([kind, number]) => `${kind} ${number}`).join(", ")}`);
  console.log(`flops / instruction ${(counts.flops / counts.instructions).toFixed(2)}`);
  if (counts.flops)
    for (const { name: machine, arithmetic, issue, memory, share } of bounds(loop, counts))
      console.log(
        `${machine}: cycles for arithmetic ${arithmetic.toFixed(1)}, issue ${issue.toFixed(1)}, loads ${memory.toFixed(1)}: at most ${(100 * share).toFixed(0)} % of the peak`,
      );
  if (options.list) for (const { at, text } of loop) console.log(`  ${at.toString(16).padStart(4)}  ${text}`);
}

/** Without a disassembler: the innermost loops of the WebAssembly text, whose instructions are not the machine's. */
function fromText(wat, name) {
  const text = readFileSync(wat, "utf8");
  const start = text.indexOf(`\n (func $${name} `);
  const body = text.slice(start, text.indexOf("\n (func ", start + 1));
  const loops = [...body.matchAll(/^( +)loop \$.*\n((?:\1 .*\n)*)\1end/gm)].map(([, , lines]) => lines);
  // A match swallows what is nested in it: look inside again.
  for (let i = 0; i < loops.length; i++)
    for (const [, , lines] of loops[i].matchAll(/^( +)loop \$.*\n((?:\1 .*\n)*)\1end/gm)) loops.push(lines);
  for (const lines of loops.filter((inside) => !/^ +loop /m.test(inside))) {
    const instructions = new Map();
    for (const [op] of lines.matchAll(/(?<=^ +)\w+\.\w+/gm)) instructions.set(op, (instructions.get(op) ?? 0) + 1);
    const counts = [...instructions].map(([op, number]) => `${op} ${number}`);
    console.log(`\n### ${name}, from the text: ${counts.join(", ")}`);
  }
}

function inspect(node, wasm, wat, wanted) {
  const names = functionNames(wat);
  const machineCode = disassemble(node, wasm);
  for (const end of wanted) {
    const index = names.findIndex((name) => name.endsWith(end));
    if (index < 0) console.log(`\n### ${end}: there is no such function, or it is inlined everywhere`);
    else if (!machineCode) fromText(wat, names[index]);
    else {
      const loops = innermostLoops(machineCode.get(index));
      for (const [i, loop] of loops.entries()) report(names[index], loop, i, loops.length);
    }
  }
}

const RUNS = [
  { node: process.execPath, variant: "simd" },
  { node: node24, variant: "simd" },
  { node: node24, variant: "relaxed" },
];
if (process.arch !== "x64") throw new Error("bench:instructions reads x86-64 code; this machine is another");
console.log("Instructions of one iteration's shortest way round (V8 may have unrolled: flops tell how often).");
const folder = mkdtempSync(join(tmpdir(), "ntk-peak-"));
try {
  for (const { node, variant } of RUNS) {
    if (!existsSync(node)) {
      console.log(`\nskipped: Node 24 is not there: npm ci --ignore-scripts --prefix tools/nodes`);
      continue;
    }
    const versions = JSON.parse(execFileSync(node, ["-p", "JSON.stringify(process.versions)"], { encoding: "utf8" }));
    console.log(`\n## Node ${versions.node} (V8 ${versions.v8}), ${variant}`);
    const peak = compilePeak(variant, folder);
    inspect(node, peak.wasm, peak.wat, ["peak/peak"]);
    inspect(node, join(root, `build/${variant}.wasm`), join(root, `build/${variant}.wat`), FUNCTIONS);
  }
} finally {
  rmSync(folder, { recursive: true });
}
