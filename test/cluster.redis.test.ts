/**
 * A cluster with a real Redis and real worker processes, of the built package. Workers are killed and come late, Redis
 * is restarted, the submitting process dies: the answer is to the bit that of one machine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startRedis } from "../scripts/redis.mjs";
import { type Cluster, folderStore, localCluster, openCluster, type RunProgress } from "../src/cluster/index.js";
import { createInfiniteNetwork, createNetwork, load, NotPositiveDefiniteError, type Ntk } from "../src/index.js";

const root = join(import.meta.dirname, "..");
const command = join(root, "dist/ntk-wasm-cli.js");
const folder = mkdtempSync(join(tmpdir(), "ntk-wasm-cluster-"));
const store = join(folder, "store");
/** Milliseconds after which the job of a silent worker is taken up again. */
const LOCK = "1000";
const X = Array.from({ length: 300 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
const Y = X.map(([a, b]) => [a * b, a - b]);
const net = createNetwork({ inputs: 2, hidden: 24, outputs: 2, biasStd: 1, seed: 3 });
/** 24 runs of about 100 ms. */
const GRID = { widths: [64, 96], learningRates: [{ fraction: 0.5 }, 0.01], steps: 1500, seeds: 6, recordAt: [1, 1500] };
const [Xtrain, Ytrain] = [X.slice(0, 60), Y.slice(0, 60).map(([y]) => y)];

let redis: Awaited<ReturnType<typeof startRedis>>;
let ntk: Ntk;
let local: Cluster;
let workers: ChildProcess[] = [];
let clusters: Cluster[] = [];
let prefixes = 0;

beforeAll(async () => {
  redis = await startRedis(folder);
  ntk = await load();
  local = localCluster(ntk);
});

afterEach(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  workers = [];
  for (const cluster of clusters) await cluster.close();
  clusters = [];
});

afterAll(async () => {
  await redis?.stop("SIGKILL");
  rmSync(folder, { recursive: true });
});

const nextPrefix = () => `test${prefixes++}`;

async function open(prefix: string): Promise<Cluster> {
  const cluster = await openCluster({ redis: redis.url, store: folderStore(store), prefix });
  clusters.push(cluster);
  return cluster;
}

/** Starts a worker, and waits for its first line. */
function startWorker(prefix: string, ...more: string[]): Promise<{ process: ChildProcess; id: string }> {
  const flags = ["worker", "--redis", redis.url, "--store", store, "--prefix", prefix, "--lock", LOCK, ...more];
  const child = spawn(process.execPath, [command, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  workers.push(child);
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      const [, id] = said.match(/^worker (\S+): .*\n/) ?? [];
      if (id !== undefined) resolve({ process: child, id });
    });
    let complaint = "";
    child.stderr.on("data", (text) => {
      complaint += text;
    });
    child.once("exit", (status) => reject(new Error(`worker ended with status ${status}: ${complaint}`)));
  });
}

const startWorkers = (prefix: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => startWorker(prefix)));

/** The progress of a run, and what `at` does once so many shards are done. */
async function follow(run: AsyncIterable<RunProgress>, at = -1, then?: () => Promise<unknown>): Promise<RunProgress[]> {
  const seen: RunProgress[] = [];
  for await (const progress of run) {
    seen.push(progress);
    expect(progress.done).toBe(seen.length);
    if (progress.done === at) await then?.();
  }
  return seen;
}

test("every kind of run gives the bits of one machine", async () => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  await startWorkers(prefix, 3);
  const infinite = createInfiniteNetwork({ activation: "relu" });
  const kinds = [
    (on: Cluster) => on.submitKernel(net, X, undefined, { rows: 32, outputs: "full" }),
    (on: Cluster) => on.submitKernel(infinite, X, X.slice(0, 7), { rows: 50 }),
    (on: Cluster) => on.submitPrimalSums(net, X, Y, { shardRows: 37 }),
    (on: Cluster) =>
      on.submitStreamSums(
        net,
        [0, 1, 2].map((k) => ({ X: X.slice(50 * k, 50 * k + 50), Y: Y.slice(50 * k, 50 * k + 50) })),
      ),
    (on: Cluster) => on.submitCrossValidate(net, X, Y, { ridges: [1e-3, 1e-1], folds: 7 }),
    (on: Cluster) => on.submitSampleKernel({ inputs: 2, hidden: 16 }, X.slice(0, 50), { draws: 25, drawsPerJob: 4 }),
    (on: Cluster) => on.submitTune(infinite, Xtrain, Ytrain, { depth: [1, 2], weightStd: [0.5, 4], evaluations: 8 }),
    (on: Cluster) => on.submitSweep(Xtrain, Ytrain, { ...GRID, steps: 20, recordAt: [20] }),
  ];
  for (const submit of kinds) {
    const run = await submit(cluster);
    const seen = await follow(run);
    expect(seen.length).toBe(run.total);
    expect(new Set(seen.map(({ shard }) => shard.name)).size).toBe(run.total);
    expect(await run.result).toStrictEqual(await (await submit(local)).result);
  }
});

test("of four workers one is killed in the middle and one comes late", async () => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  const [first, ...others] = await startWorkers(prefix, 3);
  // Long enough for a worker to start meanwhile.
  const grid = { ...GRID, steps: 3000, recordAt: [3000], seeds: 12 };
  const expected = await (await local.submitSweep(Xtrain, Ytrain, grid)).result;
  const events = new QueueEvents(await queueOf(prefix), { connection: { url: redis.url }, prefix });
  let stalled = 0;
  events.on("stalled", () => stalled++);
  await events.waitUntilReady();
  const run = await cluster.submitSweep(Xtrain, Ytrain, grid);
  let late = "";
  const seen = await follow(run, 4, async () => {
    // A worker that is at work is killed: its claim on a job is left behind.
    first.process.kill("SIGKILL");
    late = (await startWorker(prefix)).id;
  });
  expect(await run.result).toStrictEqual(expected);
  expect(seen.length).toBe(48);
  const by = new Set(seen.map(({ shard }) => shard.worker));
  expect([...by]).toEqual(expect.arrayContaining([...others.map(({ id }) => id), late]));
  expect(stalled).toBeGreaterThan(0);
  await events.close();
});

/** The queue of the cluster at a prefix, once it is open. */
async function queueOf(prefix: string): Promise<string> {
  const client = new Redis(redis.url);
  const found = await client.keys(`${prefix}:ntk-wasm-*:meta`);
  client.disconnect();
  expect(found.length).toBe(1);
  return found[0].split(":")[1];
}

test.each(["SIGTERM", "SIGKILL"] as const)("Redis is ended by %s and started again in the middle", async (signal) => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  await startWorkers(prefix, 2);
  const expected = await (await local.submitSweep(Xtrain, Ytrain, GRID)).result;
  const run = await cluster.submitSweep(Xtrain, Ytrain, GRID);
  const seen = await follow(run, 6, async () => {
    await redis.stop(signal);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await redis.start();
  });
  expect(await run.result).toStrictEqual(expected);
  expect(seen.length).toBe(24);
});

test("10 000 small jobs", async () => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  await startWorkers(prefix, 2);
  const submit = (on: Cluster) =>
    on.submitSampleKernel({ inputs: 1, hidden: 2 }, [0, 1], { draws: 10_000, drawsPerJob: 1 });
  const start = performance.now();
  const run = await submit(cluster);
  const seen = await follow(run);
  const seconds = (performance.now() - start) / 1000;
  console.log(`10 000 jobs in ${seconds.toFixed(1)} s: ${Math.round(1e4 / seconds)} jobs/s`);
  expect(seen.length).toBe(10_000);
  expect(await run.result).toStrictEqual(await (await submit(local)).result);
});

test("a run is cancelled, and resumed without computing a shard twice", async () => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  await startWorkers(prefix, 2);
  const run = await cluster.submitSweep(Xtrain, Ytrain, GRID);
  const before: RunProgress[] = [];
  const iterating = (async () => {
    for await (const progress of run) {
      before.push(progress);
      if (progress.done === 5) await run.cancel();
    }
  })();
  await expect(iterating).rejects.toMatchObject({ name: "AbortError" });
  await expect(run.result).rejects.toMatchObject({ name: "AbortError" });
  expect(before.length).toBeLessThan(24);
  const again = await cluster.resume(run.id);
  const after = await follow(again);
  expect(after.slice(0, 5)).toEqual(before.slice(0, 5));
  expect(await again.result).toStrictEqual(await (await local.submitSweep(Xtrain, Ytrain, GRID)).result);
  await again.cancel();
  expect((await (await cluster.resume<{ runs: unknown[] }>(run.id)).result).runs.length).toBe(24);
  await expect(cluster.resume("nobody")).rejects.toThrow(/there is no run "nobody"/);
});

test("the submitting process dies, and another one resumes", async () => {
  const prefix = nextPrefix();
  const script = `
    import { openCluster, folderStore } from ${JSON.stringify(join(root, "dist/ntk-wasm-bullmq.js"))};
    const cluster = await openCluster(${JSON.stringify({ redis: redis.url, prefix })
      .slice(0, -1)
      .concat(`, store: folderStore(${JSON.stringify(store)}) }`)});
    const [X, Y] = ${JSON.stringify([Xtrain, Ytrain])};
    const run = await cluster.submitSweep(X, Y, ${JSON.stringify(GRID)});
    for await (const { done } of run) if (done === 3) console.log(run.id);
  `;
  const submitter = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  workers.push(submitter);
  await startWorkers(prefix, 2);
  const id = await new Promise<string>((resolve) => {
    submitter.stdout.once("data", (text) => resolve(String(text).trim()));
  });
  submitter.kill("SIGKILL");
  const run = await (await open(prefix)).resume(id);
  expect(await run.result).toStrictEqual(await (await local.submitSweep(Xtrain, Ytrain, GRID)).result);
});

test("a poisoned job fails its run by name after three tries", async () => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  await startWorkers(prefix, 1);
  // Indefinite where two of the first three points are seen, as they are in the last fold alone.
  const K = [
    [1, 2, 0, 0],
    [2, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ];
  const model = { kind: "precomputed" as const, K: { data: Float64Array.from(K.flat()), rows: 4, cols: 4 } };
  const run = await cluster.submitCrossValidate(
    { ...model, cross: undefined, diagonal: undefined },
    [0, 1, 2, 3],
    [1, 2, 3, 4],
    { ridges: [1e-3], folds: 4 },
  );
  const error = await run.result.catch((reason) => reason);
  expect(error).toBeInstanceOf(NotPositiveDefiniteError);
  expect(error.message).toMatch(/^shard "fold \d" failed 3 times: .*not positive semi-definite/);
  expect(error.cause).toBeInstanceOf(NotPositiveDefiniteError);
  await expect(follow(run)).rejects.toBe(error);
  // It is tried again, and fails again.
  await expect((await cluster.resume(run.id)).result).rejects.toThrow(/failed 3 times/);
});

test("a job that ends its workers fails its run after three of them", async () => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  const client = new Redis(redis.url);
  const queue = await queueOf(prefix);
  // Longer than any worker lives.
  const long = { widths: [64], learningRates: [0.01], steps: 1e8, recordAt: [1e8], seeds: 1 };
  const run = await cluster.submitSweep(Xtrain, Ytrain, long);
  const starts = () => client.hget(`${prefix}:${queue}:${run.id}-0`, "ats");
  for (let k = 1; k <= 3; k++) {
    const { process } = await startWorker(prefix);
    while (Number(await starts()) < k) await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill("SIGKILL");
  }
  await startWorker(prefix);
  await expect(run.result).rejects.toThrow(/shard "width 64, lecun, .*" failed 3 times: .*stalled/);
  client.disconnect();
});

test("a worker of another variant or version is refused, and one that runs leaves", async () => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  await expect(startWorker(prefix, "--variant", "js")).rejects.toThrow(
    /status 1: ntk-wasm: refused: the cluster computes with .*; this is .*variant js/,
  );
  const run = await cluster.submitKernel(net, X);
  await expect(openCluster({ redis: redis.url, store: folderStore(store), prefix, variant: "js" })).rejects.toThrow(
    new RegExp(`refused: .*Its runs ${run.id} are not finished`),
  );
  const { process: worker } = await startWorker(prefix);
  await run.result;
  // No run is under way: the cluster takes another variant, and the old worker goes.
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  const other = await openCluster({ redis: redis.url, store: folderStore(store), prefix, variant: "js" });
  clusters.push(other);
  expect(await ended).toBe(1);
  await startWorker(prefix, "--variant", "js");
  const js = await load({ variant: "js" });
  const kernel = (await (await other.submitKernel(net, X)).result) as ReturnType<Ntk["kernel"]>;
  expect(kernel).toStrictEqual(js.kernel(net, X, X));
});

test("a result that was altered in the store is noticed", async () => {
  const prefix = nextPrefix();
  const cluster = await open(prefix);
  await startWorkers(prefix, 1);
  const run = await cluster.submitKernel(net, X, undefined, { rows: 100 });
  await run.result;
  const [file] = readdirSync(join(store, "runs", run.id));
  const path = join(store, "runs", run.id, file);
  const bytes = readFileSync(path);
  bytes[bytes.length - 3] ^= 1;
  writeFileSync(path, bytes);
  await expect((await cluster.resume(run.id)).result).rejects.toThrow(/the store has other bytes at runs\//);
});

test("a closed cluster lets go of its runs", async () => {
  const cluster = await open(nextPrefix());
  const run = await cluster.submitKernel(net, X);
  await cluster.close();
  await expect(run.result).rejects.toThrow(/this cluster was closed; the run .* goes on/);
  await expect(cluster.submitKernel(net, X)).rejects.toThrow(/closed/);
});

test("Redis that does not answer is a BackendError", async () => {
  const nowhere = openCluster({ redis: "redis://127.0.0.1:1", store: folderStore(store) });
  await expect(nowhere).rejects.toMatchObject({
    name: "BackendError",
    message: expect.stringMatching(/does not answer/),
  });
});
