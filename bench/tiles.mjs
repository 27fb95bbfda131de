// `npm run bench:tiles`: register tiles of the microkernel, rows × vectors, as candidates. Each is written out as
// AssemblyScript and compiled for each variant that runs here. It is timed on packed slivers (96 rows and 64 columns,
// 256 deep: A in L2, B in L1) in % of the register peak. `unrolled` takes two steps of the depth at a time. `addressed`
// names the broadcasts' addresses outside the loop too, as assembly/blas/microkernel.ts does (see there).
//
//   --only REGEX   candidates whose name matches
//   --rounds N    rounds a candidate (default 7)
//   --nodes        on the Nodes of tools/nodes too
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { supports } from "../dist/backend/inlined.js";
import { median } from "./lib/data.mjs";
import { machine, peakBinaries } from "./lib/machine.mjs";
import { peaks } from "./lib/race.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "7" },
    nodes: { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const DEPTH = 256;
const SHAPES = [
  [3, 2],
  [4, 2],
  [5, 2],
  [6, 2],
  [3, 3],
  [4, 3],
  [2, 4],
  [3, 4],
  [2, 6],
  [12, 1],
];
const TYPES = {
  f64: { bytes: 8, words: "f64x2", splat: "v128.load64_splat" },
  f32: { bytes: 4, words: "f32x4", splat: "v128.load32_splat" },
};

const range = (n, body) => Array.from({ length: n }, (_, i) => body(i)).join("");

/** The microkernel of one tile, and a sweep over packed slivers with it. */
function source({ rows, vectors, unrolled, addressed, type }) {
  const { bytes, words, splat } = TYPES[type];
  const [a, b] = [rows * bytes, vectors * 16];
  const step = (u) => `{
    ${range(vectors, (v) => `const b${v} = v128.load(b, ${u * b + v * 16});`)}
    ${range(rows, (r) => `{ const x = ${splat}(a, ${u * a + r * bytes}); ${range(vectors, (v) => `c${r}_${v} = madd(x, b${v}, c${r}_${v});`)} }`)}
  }`;
  const store = (r, v) => {
    const at = (r * vectors + v) * 16;
    const offset = addressed && r * vectors + v < rows - 1 ? (r * vectors + v + 1) * bytes : at;
    return `v128.store(t + ${at} - ${offset}, c${r}_${v}, ${offset});`;
  };
  return `
// @ts-ignore: decorator
@inline function madd(x: v128, y: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return ${words}.relaxed_madd(x, y, c);
  return ${words}.add(${words}.mul(x, y), c);
}
/**
 * Exported, or it would be inlined into the sweep and V8 would run out of registers. The library's tile is a function
 * too.
 */
export function tile(k: i32, a: usize, b: usize, t: usize): void {
  ${range(rows, (r) => range(vectors, (v) => `let c${r}_${v} = ${words}.splat(0);`))}
  const end = b + <usize>k * ${b};
  while (b < end) { ${step(0)} ${unrolled ? step(1) : ""} a += ${a * (unrolled ? 2 : 1)}; b += ${b * (unrolled ? 2 : 1)}; }
  ${range(rows, (r) => range(vectors, (v) => store(r, v)))}
}
export function sweep(times: i32, k: i32, a: usize, b: usize, t: usize, m: i32, n: i32): void {
  for (let q = 0; q < times; q++) {
    for (let j = 0; j < n; j++) for (let i = 0; i < m; i++) tile(k, a + <usize>(i * k) * ${a}, b + <usize>(j * k) * ${b}, t);
  }
}`;
}

/** { run() → GFLOP/s } of a candidate. */
function contender(folder, candidate, variant) {
  const { rows, vectors, type } = candidate;
  const { bytes } = TYPES[type];
  writeFileSync(join(folder, "tile.ts"), source(candidate));
  const features = variant === "relaxed" ? "simd,relaxed-simd" : "simd";
  const flags = [
    "-O3",
    "--noAssert",
    "--runtime",
    "stub",
    "--initialMemory",
    "32",
    "--memoryBase",
    "1024",
    "--enable",
    features,
  ];
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  execFileSync(process.execPath, [asc, "tile.ts", ...flags, "-o", "tile.wasm"], { cwd: folder });
  const { sweep, memory } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(join(folder, "tile.wasm"))), {
    env: { abort() {} },
  }).exports;
  const [m, n] = [Math.ceil(96 / rows), Math.ceil(64 / ((vectors * 16) / bytes))];
  const [a, b] = [65536, 65536 + m * rows * DEPTH * bytes];
  const fill = bytes === 8 ? Float64Array : Float32Array;
  new fill(memory.buffer, a, (memory.buffer.byteLength - a) / bytes).fill(0.5);
  const flops = 2 * DEPTH * m * rows * n * ((vectors * 16) / bytes);
  const times = Math.ceil(2e8 / flops);
  const run = () => {
    const start = performance.now();
    sweep(times, DEPTH, a, b, 4096, m, n);
    return (flops * times) / (performance.now() - start) / 1e6;
  };
  run();
  return run;
}

const name = ({ rows, vectors, unrolled, addressed }) =>
  `${rows}×${vectors}${unrolled ? " unrolled" : ""}${addressed ? " addressed" : ""}`;
const candidates = SHAPES.flatMap(([rows, vectors]) =>
  [{}, { unrolled: true }, { addressed: true }].map((how) => ({ rows, vectors, ...how })),
).filter((item) => new RegExp(options.only).test(name(item)));

const about = machine();
console.log(
  `Node ${about.node} (V8 ${about.v8}), ${about.cpu}; medians of ${options.rounds} rounds, candidates alternated.\n`,
);
console.log("| variant | type | tile | GFLOP/s | share of peak |\n| --- | --- | --- | ---: | ---: |");
const folder = mkdtempSync(join(tmpdir(), "ntk-tiles-"));
for (const variant of ["simd", "relaxed"].filter(supports)) {
  const peak = peaks(peakBinaries([variant]))[variant];
  for (const type of Object.keys(TYPES)) {
    const runs = candidates.map((item) => contender(folder, { ...item, type }, variant));
    const [speeds, limits] = [runs.map(() => []), []];
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const [i, run] of runs.entries()) speeds[i].push(run());
      limits.push((type === "f32" ? 2 : 1) * peak());
    }
    const limit = median(limits);
    const rows = candidates.map((item, i) => ({ name: name(item), speed: median(speeds[i]) }));
    for (const row of rows.sort((x, y) => y.speed - x.speed)) {
      const share = ((100 * row.speed) / limit).toFixed(0);
      console.log(`| ${variant} | ${type} | ${row.name} | ${row.speed.toFixed(1)} | ${share} % |`);
    }
  }
}
rmSync(folder, { recursive: true });

if (options.nodes) {
  for (const version of ["node22", "node24"]) {
    const node = join(root, `tools/nodes/node_modules/${version}/bin/node`);
    const rest = ["--only", options.only, "--rounds", options.rounds];
    if (!existsSync(node)) console.log(`\n${version} is not there: npm ci --ignore-scripts --prefix tools/nodes`);
    else spawnSync(node, [fileURLToPath(import.meta.url), ...rest], { stdio: "inherit" });
  }
}
