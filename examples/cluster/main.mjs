// `npm run example:cluster`: four workers on this machine, with a Redis that the example starts. A regression of many
// rows by sums over shards, a kernel by tiles, a sweep, and draws of finite kernels: what a shard costs, what goes over
// the network for it, and whether the answer is to the bit that of one process. Then the time of an empty job.
//
// Data: 100 000 points from a seeded generator. Network: 4 inputs, 64 units, `lecun`: P = 385.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { createNetwork, load } from "ntk-wasm";
import { folderStore, localCluster, openCluster } from "ntk-wasm/bullmq";
import { startRedis } from "../../scripts/redis.mjs";

const WORKERS = 4;
const N = 100_000;
const command = join(dirname(fileURLToPath(import.meta.url)), "../../dist/ntk-wasm-cli.js");

let state = 1;
/** Uniform on (−1, 1), seeded. */
function uniform() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
}
const X = { data: Float64Array.from({ length: 4 * N }, uniform), rows: N, cols: 4 };
const Y = Float64Array.from({ length: N }, (_, i) => {
  const [a, b, c, d] = X.data.subarray(4 * i, 4 * i + 4);
  return Math.sin(3 * a) * b + c * c - d + 0.1 * uniform();
});
const head = (rows) => ({ data: X.data.slice(0, 4 * rows), rows, cols: 4 });
const net = createNetwork({ inputs: 4, hidden: 64, biasStd: 1, seed: 1 });

const folder = mkdtempSync(join(tmpdir(), "ntk-wasm-example-"));
const store = join(folder, "store");
const redis = await startRedis(folder);
const workers = Array.from({ length: WORKERS }, () => {
  const flags = ["worker", "--redis", redis.url, "--store", store];
  return spawn(process.execPath, [command, ...flags], { stdio: ["ignore", "ignore", "inherit"] });
});

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(11);
const ms = (time) => `${time.toFixed(1)} ms`.padStart(11);

/** Runs it on the cluster and in this process; prints a line. */
async function compare(name, submit, cluster, local) {
  const start = performance.now();
  const run = await submit(cluster);
  const submitted = performance.now() - start;
  const shards = [];
  for await (const { shard } of run) shards.push(shard);
  const result = await run.result;
  const time = performance.now() - start;
  const before = performance.now();
  const same = isDeepStrictEqual(result, await (await submit(local)).result);
  const alone = performance.now() - before;
  const of = (key) => mean(shards.map((shard) => shard[key]));
  console.log(
    name.padEnd(26),
    String(shards.length).padStart(7),
    ms(of("computing")),
    ms(of("milliseconds") - of("computing")),
    kB(of("bytesIn")),
    kB(of("bytesOut")),
    ms(submitted),
    ms(time),
    ms(alone),
    same ? "  equal to the bit" : "  DIFFERENT",
  );
  if (!same) process.exitCode = 1;
  return { result, shards, time };
}

const ntk = await load();
const cluster = await openCluster({ redis: redis.url, store: folderStore(store) });
const local = localCluster(ntk);
try {
  // The workers are up when each has answered.
  const seen = new Set();
  while (seen.size < WORKERS) {
    const run = await cluster.submitSampleKernel({ inputs: 1, hidden: 64 }, [0, 1], { draws: 400, drawsPerJob: 10 });
    for await (const { shard } of run) seen.add(shard.worker);
  }
  console.log(`${WORKERS} workers on ${availableParallelism()} cores, variant ${ntk.variant}; a shard's mean:\n`);
  const head1 = ["run", "shards", "computing", "around it", "read", "written", "submitting", "the run", "one process"];
  console.log(head1.map((word, i) => (i === 0 ? word.padEnd(26) : word.padStart(i === 1 ? 7 : 11))).join(" "));
  const sums = await compare(
    `sums over ${N} rows`,
    (on) => on.submitPrimalSums(net, X, Y, { shardRows: 5000 }),
    cluster,
    local,
  );
  await compare(
    "kernel of 2000 rows",
    (on) => on.submitKernel(net, head(2000), undefined, { rows: 100 }),
    cluster,
    local,
  );
  const grid = { widths: [64, 256], learningRates: [{ fraction: 0.5 }], steps: 300, seeds: 4, recordAt: [300] };
  await compare("sweep of 8 runs", (on) => on.submitSweep(head(100), Y.slice(0, 100), grid), cluster, local);
  const shape = { inputs: 4, hidden: 256 };
  await compare(
    "200 draws of a kernel",
    (on) => on.submitSampleKernel(shape, head(200), { draws: 200 }),
    cluster,
    local,
  );
  const { time } = await compare(
    "5000 small jobs",
    (on) => on.submitSampleKernel({ inputs: 1, hidden: 2 }, [0, 1], { draws: 5000, drawsPerJob: 1 }),
    cluster,
    local,
  );
  console.log(`\n${Math.round(5000 / (time / 1000))} small jobs a second go through Redis`);
  const fit = ntk.fitSums(net, sums.result, { ridge: 1e-2 });
  const [value] = fit.predict([[0.1, 0.2, 0.3, 0.4]], { variance: false }).mean.data;
  console.log(`the fit of ${sums.result.rows} rows at (0.1, 0.2, 0.3, 0.4): ${value.toFixed(3)}; the truth: -0.251`);
} finally {
  await cluster.close();
  for (const worker of workers) worker.kill("SIGKILL");
  await redis.stop("SIGKILL");
  rmSync(folder, { recursive: true });
}
