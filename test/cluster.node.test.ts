/** What a cluster is made of, without Redis: stored values, folders, runs in one process, refusals, the command. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decode, encode } from "../src/cluster/codec.js";
import { type Cluster, folderStore, localCluster, openCluster, startWorker } from "../src/cluster/index.js";
import { createInfiniteNetwork, createNetwork, load, type Ntk, StreamError } from "../src/index.js";
import { complaint, wrongs } from "./bad/values.js";
import { variants } from "./setup/variants.js";

const X = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
const Y = X.map(([a, b]) => [a * b, a - b]);
const y = Y.map(([value]) => value);
const net = createNetwork({ inputs: 2, hidden: 12, outputs: 2, biasStd: 1, seed: 3 });
const folder = mkdtempSync(join(tmpdir(), "ntk-wasm-store-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("stored values", () => {
  const value = {
    text: "Θ 𝕏",
    numbers: [0, -0, 1e-310, Number.NaN, Infinity, -Infinity, 0.1],
    none: undefined,
    nothing: null,
    flag: true,
    data: Float64Array.of(-0, Number.NaN, 2 ** -1074),
    more: [{ small: Float32Array.of(0.1) }, Int32Array.of(-5, 6, 7), new Uint8Array(3), new Float64Array(0)],
  };

  test("come back to the bit, from any place in memory", () => {
    const bytes = encode(value);
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    for (const source of [bytes, moved.subarray(3), Buffer.from(bytes)]) {
      const back = decode(source) as typeof value;
      expect(back).toStrictEqual(value);
      expect(Object.is(back.numbers[1], -0) && Object.is(back.data[0], -0)).toBe(true);
    }
    expect(encode(decode(bytes))).toStrictEqual(bytes);
  });

  test("are refused where they are no plain data", () => {
    for (const wrong of [() => 1, new Date(), new Map(), 1n, Symbol("s"), { inner: [class {}] }])
      expect(() => encode(wrong)).toThrow(TypeError);
    expect(() => encode({ $: 1 })).toThrow(/the key "\$"/);
    const bytes = encode(value);
    for (const length of [0, 3, 20, bytes.length - 8])
      expect(() => decode(bytes.slice(0, length))).toThrow(/no stored value/);
  });
});

test("a folder is a store: whole files, and keys that stay inside", async () => {
  const store = folderStore(join(folder, "plain"));
  const bytes = Uint8Array.of(1, 2, 3);
  await Promise.all(Array.from({ length: 20 }, () => store.put("objects/ab/cd", bytes)));
  expect(Uint8Array.from(await store.get("objects/ab/cd"))).toEqual(bytes);
  expect(readdirSync(join(folder, "plain/objects/ab"))).toEqual(["cd"]);
  await expect(store.get("objects/none")).rejects.toThrow(/ENOENT/);
  for (const key of ["../out", "/etc/passwd", "a//b", "", "a/..", "a\\b"])
    await expect(store.put(key, bytes)).rejects.toThrow(/the key is/);
  expect(() => folderStore("")).toThrow(RangeError);
  expect(() => folderStore(1 as unknown as string)).toThrow(TypeError);
});

describe.each(variants)("in one process, %s", (variant) => {
  let ntk: Ntk;
  let cluster: Cluster;
  beforeAll(async () => {
    ntk = await load({ variant });
    cluster = localCluster(ntk);
  });

  test("the variant is the one that runs", () => expect(ntk.variant).toBe(variant));

  test("a sweep is ntk.sweep to the bit, by a number of seeds and by a list", async () => {
    const grid = {
      widths: [6, 9],
      learningRates: [{ fraction: 0.5 }, 0.01],
      steps: 9,
      recordAt: [9],
      Xtest: X,
      Ytest: Y,
    };
    for (const seeds of [3, [7, 2, 9]]) {
      const options = { ...grid, seeds, inits: ["lecun", "ntk"] as const };
      const run = await cluster.submitSweep(X, Y, options);
      expect(run.total).toBe(24);
      expect(await run.result).toStrictEqual(ntk.sweep(X, Y, options));
    }
    expect(ntk.sweep(X, Y, { ...grid, seeds: [7] }).runs[0]).toMatchObject({ seed: 7, width: 6 });
    expect(() => ntk.sweep(X, Y, { ...grid, seeds: [] })).toThrow(/seeds is empty/);
  });

  test("a kernel in tiles is ntk.kernel to the bit", async () => {
    for (const outputs of ["full", "average"] as const) {
      const run = await cluster.submitKernel(net, X, X.slice(0, 7), { rows: 9, outputs });
      expect(run.total).toBe(5);
      expect(await run.result).toStrictEqual(ntk.kernel(net, X, X.slice(0, 7), { outputs }));
    }
    const square = await (await cluster.submitKernel(net, X, undefined, { rows: 9 })).result;
    expect(square).toStrictEqual(
      ntk.kernel(
        net,
        X,
        X.map((row) => [...row]),
      ),
    );
  });

  test("sums over shards give the fit of all rows", async () => {
    const whole = await (await cluster.submitPrimalSums(net, X, Y)).result;
    expect(whole).toStrictEqual(ntk.primalSums(net, X, Y));
    const sums = await (await cluster.submitPrimalSums(net, X, Y, { shardRows: 7 })).result;
    expect(sums.rows).toBe(40);
    const ridge = 1e-2;
    const [a, b] = [ntk.fitSums(net, sums, { ridge }), ntk.fit(net, X, Y, { ridge, solver: "primal" })];
    const [p, q] = [a, b].map((fit) => fit.predict(X, { variance: false }).mean.data);
    expect(Math.max(...p.map((value, i) => Math.abs(value - q[i])))).toBeLessThan(1e-9);
  });

  test("batches that come one by one: the sums of the shards, one batch asked for after the other", async () => {
    const asked: number[] = [];
    async function* batches() {
      for (let from = 0; from < 40; from += 7) {
        asked.push(from);
        yield { X: X.slice(from, from + 7), Y: Y.slice(from, from + 7) };
      }
    }
    const run = await cluster.submitStreamSums(net, batches());
    expect(run.total).toBe(6);
    const shards = await (await cluster.submitPrimalSums(net, X, Y, { shardRows: 7 })).result;
    expect(await run.result).toStrictEqual(shards);
    expect(asked).toEqual([0, 7, 14, 21, 28, 35]);
  });

  test("a bad batch is named, and its source is closed", async () => {
    let closed = 0;
    const source = (...bad: unknown[]) =>
      (function* () {
        try {
          yield { X: X.slice(0, 5), Y: Y.slice(0, 5) };
          yield* bad as { X: number[][]; Y: number[][] }[];
        } finally {
          closed++;
        }
      })();
    const refused: [unknown, RegExp][] = [
      [{ X: [[1, Number.NaN]], Y: [[0, 0]] }, /^batch 1, row 0: X has NaN at row 0/],
      [
        {
          X: [[1, 2]],
          Y: [
            [0, 0],
            [1, 1],
          ],
        },
        /^batch 1: Y /,
      ],
      [{ X: [[1]], Y: [[0, 0]] }, /^batch 1: X has 1 columns and Y 2; expected the shape of batch 0: X has 2/],
      [7, /^batch 1: /],
    ];
    for (const [bad, message] of refused) {
      const failure = await cluster.submitStreamSums(net, source(bad)).catch((error) => error);
      expect(failure).toMatchObject({ name: "StreamError", batch: 1, message: expect.stringMatching(message) });
    }
    expect(closed).toBe(refused.length);
    const failing = (async function* () {
      yield { X, Y };
      throw new Error("the disk is gone");
    })();
    await expect(cluster.submitStreamSums(net, failing)).rejects.toThrow(/^batch 1: the source .*: the disk is gone/);
    await expect(cluster.submitStreamSums(net, [])).rejects.toThrow(/no batch/);
    await expect(cluster.submitStreamSums(net, 3 as never)).rejects.toThrow(/batches is number 3/);
  });

  test("the best of several searches is the one of ntk.tune", async () => {
    const model = createInfiniteNetwork({ activation: "relu" });
    const options = { depth: [1, 2, 3], weightStd: [0.5, 4] as const, evaluations: 6 };
    const { best, runs, notes } = await (await cluster.submitTune(model, X, y, options)).result;
    const tuned = ntk.tune(model, X, y, options);
    expect(runs.length).toBe(3);
    expect(runs[best].score).toBe(tuned.score);
    expect(runs[best].ridge).toBe(tuned.ridge);
    expect(runs.flatMap(({ trace }) => trace)).toStrictEqual(tuned.trace);
    const depth = options.depth[best];
    expect(notes.length).toBe(depth === 3 ? 1 : 0);
  });

  test("draws are pooled to the mean and error of ntk.sampleKernel", async () => {
    const shape = { inputs: 2, hidden: 8 };
    const all = ntk.sampleKernel(shape, X, { draws: 23, seed: 4 }).result();
    for (const drawsPerJob of [1, 5, 100]) {
      const run = await cluster.submitSampleKernel(shape, X, { draws: 23, seed: 4, drawsPerJob });
      const { draws, mean, standardError } = await run.result;
      expect(draws).toBe(23);
      for (const [found, expected] of [
        [mean, all.mean],
        [standardError, all.standardError],
      ])
        for (const [i, value] of found.data.entries())
          expect(Math.abs(value - expected.data[i])).toBeLessThan(1e-12 * Math.max(1, Math.abs(expected.data[i])));
    }
  });

  test("cross-validation predicts every row by a fit that has not seen it", async () => {
    const ridges = [1e-3, 1e-1];
    const run = await cluster.submitCrossValidate(net, X, Y, { ridges, folds: 6, seed: 2 });
    const { rmse, best, predictions, fold, foldRmse } = await run.result;
    expect([...new Set(fold)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    ridges.forEach((ridge, r) => {
      let squares = 0;
      X.forEach((row, i) => {
        const seen = X.map((_, j) => j).filter((j) => fold[j] !== fold[i]);
        const fit = ntk.fit(
          net,
          seen.map((j) => X[j]),
          seen.map((j) => Y[j]),
          { ridge },
        );
        const { data } = fit.predict([row], { variance: false }).mean;
        fit.dispose();
        for (let c = 0; c < 2; c++) {
          expect(predictions[r].data[2 * i + c]).toBeCloseTo(data[c], 8);
          squares += (data[c] - Y[i][c]) ** 2;
        }
      });
      expect(rmse[r]).toBeCloseTo(Math.sqrt(squares / 80), 8);
    });
    expect(rmse[best]).toBe(Math.min(...rmse));
    expect(foldRmse.length).toBe(6);
  });
});

test("a run in one process is cancelled and resumed, and what the caller does to its inputs does not matter", async () => {
  const ntk = await load();
  const cluster = localCluster(ntk);
  const data = { data: Float64Array.from(X.flat()), rows: 40, cols: 2 };
  const expected = ntk.kernel(net, X, X);
  const run = await cluster.submitKernel(net, data, undefined, { rows: 4 });
  data.data.fill(0);
  const seen: number[] = [];
  const iterating = (async () => {
    for await (const { done } of run) {
      seen.push(done);
      if (done === 3) await run.cancel();
    }
  })();
  await expect(iterating).rejects.toMatchObject({ name: "AbortError" });
  expect(seen.length).toBeLessThan(10);
  expect(await (await cluster.resume(run.id)).result).toStrictEqual(expected);
  await expect(cluster.resume("nobody")).rejects.toThrow(RangeError);
  await cluster.close();
  await expect(cluster.submitKernel(net, X)).rejects.toThrow(/closed/);
});

describe("refusals", () => {
  const [one, store] = ["redis://127.0.0.1:1", folderStore(folder)];
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = localCluster(await load({ backend: "js" }));
  });
  const sweep = { widths: [2], learningRates: [0.1], steps: 2, seeds: 1 };
  // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose.
  type Any = any;
  const targets: [name: string, names: string[], call: (value: Any) => Promise<unknown>][] = [
    ["sweep X", ["X", "Y"], (v) => cluster.submitSweep(v, Y, sweep)],
    ["sweep options", ["options", "sweep", "widths", "steps"], (v) => cluster.submitSweep(X, Y, v)],
    ["sweep seeds", ["seeds"], (v) => cluster.submitSweep(X, Y, { ...sweep, seeds: v })],
    ["tune models", ["model"], (v) => cluster.submitTune(v, X, y, { evaluations: 1 })],
    ["tune depth", ["depth"], (v) => cluster.submitTune(createInfiniteNetwork(), X, y, { depth: v, evaluations: 1 })],
    ["kernel model", ["model", "network"], (v) => cluster.submitKernel(v, X)],
    ["kernel X2", ["X2"], (v) => cluster.submitKernel(net, X, v)],
    ["kernel rows", ["rows"], (v) => cluster.submitKernel(net, X, X, { rows: v })],
    ["sums Y", ["Y", "rows"], (v) => cluster.submitPrimalSums(net, X, v)],
    ["sums shardRows", ["shardRows"], (v) => cluster.submitPrimalSums(net, X, Y, { shardRows: v })],
    ["stream model", ["model", "network"], (v) => cluster.submitStreamSums(v, [{ X, Y }])],
    ["stream batches", ["batch"], (v) => cluster.submitStreamSums(net, v)],
    [
      "stream centered",
      ["options", "submitStreamSums", "centered"],
      (v) => cluster.submitStreamSums(net, [{ X, Y }], v),
    ],
    ["draws", ["draws"], (v) => cluster.submitSampleKernel({ inputs: 2, hidden: 2 }, X, { draws: v })],
    ["ridges", ["ridges"], (v) => cluster.submitCrossValidate(net, X, Y, { ridges: v })],
    ["folds", ["folds"], (v) => cluster.submitCrossValidate(net, X, Y, { ridges: [1], folds: v })],
    ["resume", ["id", "there is no run"], (v) => cluster.resume(v)],
    ["openCluster", ["openCluster", "redis"], (v) => openCluster(v)],
    ["redis", ["redis"], (v) => openCluster({ redis: v, store })],
    ["store", ["store"], (v) => openCluster({ redis: one, store: v })],
    ["prefix", ["prefix"], (v) => openCluster({ redis: one, store, prefix: v })],
    ["startWorker", ["startWorker", "redis"], (v) => startWorker(v)],
    ["concurrency", ["concurrency"], (v) => startWorker({ redis: one, store, concurrency: v })],
  ];

  test.each(targets)("%s: every wrong value is a result or an error that names it", async (_, names, call) => {
    for (const [wrong, make] of wrongs) {
      const error = await call(make()).then(
        async (run) => (run as { cancel?(): Promise<void> })?.cancel?.(),
        (reason) => reason,
      );
      // A value that is right for once: Redis is asked then, and is not there.
      if (error === undefined || error.message.startsWith("Redis does not answer")) continue;
      const cause = error instanceof StreamError ? new RangeError(error.message) : error;
      expect(complaint(cause, names), `${wrong}: ${error.message}`).toBeUndefined();
    }
  });

  test("functions do not cross", async () => {
    const own = { kernel: () => ({ data: new Float64Array(), rows: 0, cols: 0 }) };
    const refused = [
      cluster.submitKernel(own, X),
      cluster.submitTune([net, own], X, y),
      cluster.submitSweep(X, Y, { ...sweep, loss: { value: () => 0, gradient: () => 0 } as Any }),
      cluster.submitSweep(X, Y, { ...sweep, onProgress: () => {} } as Any),
    ];
    for (const each of refused) await expect(each).rejects.toThrow(/functions do not cross to a worker/);
    expect(() => localCluster({} as Ntk)).toThrow(TypeError);
  });
});

describe("the command", () => {
  const command = join(import.meta.dirname, "../dist/ntk-wasm-cli.js");
  const run = (...args: string[]) =>
    new Promise<{ status: unknown; out: string; err: string }>((resolve) =>
      execFile(process.execPath, [command, ...args], (error, out, err) =>
        resolve({ status: error ? error.code : 0, out, err }),
      ),
    );

  test("says how it is used, and what is wrong", async () => {
    expect(await run("--help")).toMatchObject({
      status: 0,
      out: expect.stringContaining("ntk-wasm worker --redis URL"),
    });
    expect(await run()).toMatchObject({ status: 2, err: expect.stringContaining("usage:") });
    expect(await run("worker")).toMatchObject({ status: 1, err: expect.stringContaining("--redis and --store") });
    const here = ["worker", "--redis", "redis://127.0.0.1:1", "--store", folder];
    expect(await run(...here)).toMatchObject({ status: 1, err: expect.stringContaining("does not answer") });
    const many = await run(...here, "--concurrency", "many");
    expect(many).toMatchObject({ status: 1, err: expect.stringContaining("concurrency is") });
  });
});
