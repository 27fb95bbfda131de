// `npm run bench -- --threads 2`: one thread beside several, alternated. The limit of the machine is the gain that as
// many independent single-threaded processes show in the same run: they share nothing but memory and caches. The share
// is the gain of the threads over this limit.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createTeam, createWasmBackend } from "../dist/backend/atOnce.js";
import { Ntk } from "../dist/ntk.js";
import { CASES } from "./cases/threads.mjs";
import { median } from "./lib/data.mjs";

/** A turn of a contender lasts about so many milliseconds. */
const TURN = 250;

/** Runs the cases whose name matches `only`; returns the lines of a table. */
export async function benchThreads(variant, threads, { only, rounds, print }) {
  const { backend, team } = createTeam(variant, threads);
  await team.ready;
  const single = createWasmBackend(variant);
  const one = { ntk: new Ntk(single), backend: single };
  const many = { ntk: new Ntk(backend), backend };
  const others = Array.from({ length: threads }, () => startChild(variant));
  await Promise.all(others.map((child) => child.ready));
  print(`${variant}, ${threads} threads; medians of ${rounds} rounds; limit: ${threads} independent processes.`);
  print("");
  print(`| case | 1 thread ms | ${threads} threads ms | gain | limit | share |`);
  print("| --- | ---: | ---: | ---: | ---: | ---: |");
  for (const { name, prepare } of CASES.filter((item) => new RegExp(only).test(item.name))) {
    const [alone, shared] = [prepare(one), prepare(many)];
    await Promise.all(others.map((child) => child.ask({ prepare: name })));
    const times = { alone: [], shared: [], gain: [], limit: [] };
    for (let round = 0; round <= rounds; round++) {
      const [a, s] = [turn(alone), turn(shared)];
      const single = await others[0].ask({ run: TURN });
      const together = await Promise.all(others.map((child) => child.ask({ run: TURN })));
      // The first round warms up.
      if (round === 0) continue;
      times.alone.push(a);
      times.shared.push(s);
      times.gain.push(a / s);
      times.limit.push(together.reduce((sum, ms) => sum + single / ms, 0));
    }
    const [a, s, gain, limit] = Object.values(times).map(median);
    print(
      `| ${name} | ${a.toPrecision(4)} | ${s.toPrecision(4)} | ${gain.toFixed(2)} | ${limit.toFixed(2)} | ${((100 * gain) / limit).toFixed(0)} % |`,
    );
  }
  print(`\nA region costs ${overhead(variant, backend, team)} µs while helpers are awake.`);
  for (const child of others) child.end();
  many.ntk.dispose();
}

/** Milliseconds of one run, from as many as fill a turn. */
export function turn(run, milliseconds = TURN) {
  const start = performance.now();
  let runs = 0;
  do {
    run();
    runs++;
  } while (performance.now() - start < milliseconds);
  return (performance.now() - start) / runs;
}

/** What sharing adds to a product that is too small for it, for each of its regions. */
function overhead(variant, backend, team) {
  const n = 64;
  const single = createWasmBackend(variant);
  const time = ({ ops, base, grow }) => {
    grow(base + 2 ** 22);
    const [a, c, work] = [base, base + n * n * 8, base + 2 * n * n * 8];
    const runs = Array.from({ length: 9 }, () =>
      turn(() => ops.dgemm(0, 0, 0, n, n, n, 1, a, n, a, n, 0, c, n, work), 20),
    );
    return median(runs);
  };
  team.leastWork = 0;
  time(backend);
  const before = team.shared.regions;
  const calls = 1000;
  const shared = time(backend);
  const { ops, base } = backend;
  const regions = team.shared.regions;
  for (let i = 0; i < calls; i++)
    ops.dgemm(0, 0, 0, n, n, n, 1, base, n, base, n, 0, base + n * n * 8, n, base + 2 * n * n * 8);
  const each = (team.shared.regions - regions) / calls;
  if (before === regions) throw new Error("no region was shared");
  return ((1000 * Math.max(0, shared - time(single) / 2)) / each).toFixed(2);
}

/** A process that runs a case by itself. */
function startChild(variant) {
  const child = fork(fileURLToPath(new URL("lib/threadsChild.mjs", import.meta.url)));
  const answers = [];
  child.on("message", (message) => answers.shift()?.(message));
  const next = () => new Promise((resolve) => answers.push(resolve));
  const ask = (message) => {
    child.send(message);
    return next();
  };
  return { ready: ask({ variant }), ask, end: () => child.kill() };
}
