// `npm run bench:lapack`: eigh, matrix product, Cholesky factorisation and a solve by LU beside native LAPACK:
// Debian's NumPy on OpenBLAS, one thread, float64. OpenBLAS runs free, and held to 128-bit SIMD as WebAssembly is:
// with its kernels for Nehalem and Prescott, neither of which has fused multiply-add. Same matrices, alternated,
// medians; whole calls on both sides. Skipped where NumPy is missing.
//
//   --rounds N   rounds a contender (default 9)     PYTHON: another interpreter than /usr/bin/python3
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { load } from "ntk-wasm";
import { supports } from "../dist/backend/inlined.js";
import { median, symmetric } from "./lib/data.mjs";
import { machine } from "./lib/machine.mjs";

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "9" } } });
const rounds = Number(options.rounds);
const python = process.env.PYTHON ?? "/usr/bin/python3";
/** What OpenBLAS may use; undefined: all that the processor has. */
const CORES = ["Nehalem", "Prescott", undefined];
const VERBS = {
  eigh: (ntk, A) => ntk.eigh(A).values[0],
  gemm: (ntk, A, B) => ntk.matmul(A, B).data[0],
  Cholesky: (ntk, A) => ntk.cholesky(A).data[0],
  "LU solve": (ntk, A) => ntk.solve(A, A.data.subarray(0, A.rows), { method: "lu" }).data[0],
};

function transposed({ data, rows, cols }) {
  return { data: data.map((_, i) => data[(i % rows) * cols + Math.floor(i / rows)]), rows: cols, cols: rows };
}

/** A NumPy in a process of its own: `ask(op, n, file)` → { ms, first }. */
async function native(core) {
  const { OPENBLAS_CORETYPE: _, ...env } = process.env;
  const extra = { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1", ...(core && { OPENBLAS_CORETYPE: core }) };
  const child = spawn(python, [fileURLToPath(new URL("lapack.py", import.meta.url))], {
    env: { ...env, ...extra },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const next = async () => JSON.parse((await once(lines, "line"))[0]);
  const about = await next();
  const ask = (op, n, file) => {
    child.stdin.write(`${JSON.stringify({ op, n, file })}\n`);
    return next();
  };
  const effective = about.openblas?.core;
  if (core && about.openblas && effective !== core) throw new Error(`asked OpenBLAS for ${core}, it took ${effective}`);
  return {
    name: effective ? `OpenBLAS, ${effective}` : "BLAS without core types",
    about,
    ask,
    end: () => child.stdin.end(),
  };
}

/** Natives: one for each core type with OpenBLAS, else the one there is. */
async function natives() {
  const result = [];
  for (const core of CORES) {
    const contender = await native(core);
    if (result.some(({ name }) => name === contender.name)) contender.end();
    else result.push(contender);
  }
  return result;
}

/** Medians by contender of one job; every first number must agree. */
async function race(contenders) {
  const times = contenders.map(() => []);
  let expected;
  for (let round = -1; round < rounds; round++) {
    for (const [i, { name, run }] of contenders.entries()) {
      const { ms, first } = await run();
      expected ??= first;
      if (!(Math.abs(first - expected) <= 1e-9 * Math.abs(expected)))
        throw new Error(`${name}: ${first}, expected ${expected}`);
      if (round >= 0) times[i].push(ms);
    }
  }
  return times.map(median);
}

function contendersFor(op, n, folder, others, ours) {
  const A = symmetric(n, op === "Cholesky" ? n : 0);
  const B = transposed(A);
  const file = join(folder, `${op}-${n}`);
  writeFileSync(file, A.data);
  const timed = (ntk) => async () => {
    const start = performance.now();
    const first = VERBS[op](ntk, A, B);
    return { ms: performance.now() - start, first };
  };
  return [
    ...ours.map((ntk) => ({ name: ntk.variant, run: timed(ntk) })),
    ...others.map(({ name, ask }) => ({ name, run: () => ask(op, n, file) })),
  ];
}

async function main() {
  if (spawnSync(python, ["-c", "import numpy"]).status !== 0) {
    console.log(
      `skipped: ${python} has no numpy (Debian: apt install python3-numpy libopenblas0-pthread; or set PYTHON)`,
    );
    return;
  }
  const others = await natives();
  const ours = await Promise.all(["relaxed", "simd"].filter(supports).map((variant) => load({ variant })));
  const { node, v8, cpu } = machine();
  const [{ about }] = others;
  const names = [...ours.map(({ variant }) => variant), ...others.map(({ name }) => name)];
  const ratios = ours.flatMap(({ variant }) =>
    others.map(({ name }) => `${variant} / ${name.replace("OpenBLAS, ", "")}`),
  );
  const lines = [
    `Node ${node} (V8 ${v8}), ${cpu}; NumPy ${about.numpy} on ${about.openblas?.config ?? about.libraries.join(", ")};`,
    `one thread each (OpenBLAS says ${others.map((other) => other.about.openblas?.threads ?? "?").join(", ")}), float64, medians of ${rounds} rounds, alternated.`,
    "",
    `| task | ${names.map((name) => `${name}, ms`).join(" | ")} | ${ratios.join(" | ")} |`,
    `| --- | ${[...names, ...ratios].map(() => "---:").join(" | ")} |`,
  ];
  for (const line of lines) console.log(line);
  const folder = mkdtempSync(join(tmpdir(), "ntk-lapack-"));
  const rows = [];
  try {
    for (const op of Object.keys(VERBS)) {
      for (const n of [500, 1000]) {
        const ms = await race(contendersFor(op, n, folder, others, ours));
        const over = ours.flatMap((_, i) => others.map((__, j) => ms[i] / ms[ours.length + j]));
        rows.push({ task: `${op} ${n}`, ms: Object.fromEntries(names.map((name, i) => [name, ms[i]])) });
        lines.push(
          `| ${op} ${n} | ${ms.map((x) => x.toFixed(1)).join(" | ")} | ${over.map((x) => x.toFixed(2)).join(" | ")} |`,
        );
        console.log(lines.at(-1));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
    for (const other of others) other.end();
  }
  const results = new URL("results/", import.meta.url);
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL(`lapack-node-${node}.md`, results), `${lines.join("\n")}\n`);
  writeFileSync(
    new URL(`lapack-node-${node}.json`, results),
    `${JSON.stringify({ node, v8, cpu, about, rows }, null, 1)}\n`,
  );
}

await main();
