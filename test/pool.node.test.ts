/** The life of helpers in a process of its own: they end with their Ntk, and never keep the process alive. */
import { describe, expect, test } from "vitest";
import { built, child } from "./setup/child.js";

/** Node's workers are counted as they are made and as they end. */
const PREAMBLE = `
const threads = process.getBuiltinModule("node:worker_threads");
const live = new Set();
let refused = Infinity;
threads.Worker = class extends threads.Worker {
  constructor(...args) {
    if (live.size >= refused) throw new Error("not allowed");
    super(...args);
    live.add(this);
    this.on("exit", () => live.delete(this));
  }
};
const { load, createNetwork } = await import("${built("ntk-wasm.js")}");
const net = createNetwork({ inputs: 1, hidden: 8, seed: 1 });
const make = (n) => ({ data: Float64Array.from({ length: n * n }, (_, i) => Math.sin(i)), rows: n, cols: n });
const turn = (ms = 10) => new Promise((resolve) => setTimeout(resolve, ms));
async function left(collect = () => {}) {
  for (let i = 0; i < 500 && live.size > 0; i++) {
    collect();
    await turn();
  }
  return live.size;
}
`;

describe("a process exits by itself", () => {
  test.each([
    ["with an idle pool", "const ntk = await load({ threads: 3 }); ntk.gram(make(300)); report(ntk.threads);", 3],
    [
      "with a fit that is kept",
      `globalThis.fit = (await load({ threads: 3 })).fit(net, [0, 1], [0, 1], { ridge: 1 });
      report(fit.predict([1]).mean.rows);`,
      1,
    ],
    ["after dispose()", "const ntk = await load({ threads: 3 }); ntk.dispose(); report(ntk.threads);", 1],
    [
      "where load() failed",
      'refused = 2; report((await load({ threads: 4, variant: "simd" }).catch((error) => error)).name);',
      "BackendError",
    ],
    [
      "with an idle pool in a worker",
      `const { loadInWorker } = await import("${built("ntk-wasm-worker.js")}");
      report((await loadInWorker({ threads: 2 })).threads);`,
      2,
    ],
    [
      "after the worker with the pool was terminated",
      `const { loadInWorker } = await import("${built("ntk-wasm-worker.js")}");
      const ntk = await loadInWorker({ threads: 2 });
      const running = ntk.gram(make(1000)).catch((error) => error);
      ntk.terminate();
      report((await running).name);`,
      "BackendError",
    ],
  ])("%s", async (_, code, want) => {
    // The child's promise resolves when the process has ended with code 0.
    expect(await child(PREAMBLE + code)).toBe(want);
  });
});

test("dispose() ends the helpers; so does collection, and a live fit keeps them", async () => {
  const seen = await child<Record<string, number>>(
    `${PREAMBLE}
    const collect = () => globalThis.gc();
    const first = await load({ threads: 3 });
    const before = live.size;
    first.dispose();
    const disposed = await left();
    // In functions of their own: nothing on the stack refers to what they made.
    const unused = async () => { (await load({ threads: 3 })).gram(make(100)); };
    await unused();
    const dropped = await left(collect);
    const fitted = async () => (await load({ threads: 3 })).fit(net, [0, 1, 2], [0, 1, 2], { ridge: 1 });
    let fit = await fitted();
    for (let i = 0; i < 20; i++) { collect(); await turn(); }
    const kept = live.size;
    fit.predict([1]);
    fit = undefined;
    const unfitted = await left(collect);
    report({ before, disposed, dropped, kept, unfitted });`,
    { flags: ["--expose-gc"] },
  );
  expect(seen).toEqual({ before: 2, disposed: 0, dropped: 0, kept: 2, unfitted: 0 });
});

test("twenty made and disposed of in a loop leave no helper and no memory behind", async () => {
  const seen = await child<{ most: number; helpers: number; grown: number }>(
    `${PREAMBLE}
    const A = make(700);
    let most = 0;
    async function loop(count) {
      for (let i = 0; i < count; i++) {
        const ntk = await load({ threads: 3 });
        ntk.gram(A);
        ntk.dispose();
        most = Math.max(most, live.size);
        await left();
      }
      for (let i = 0; i < 20; i++) { gc(); await turn(); }
      return process.memoryUsage.rss() / 1e6;
    }
    const before = await loop(5);
    const grown = (await loop(20)) - before;
    report({ most, helpers: await left(), grown });`,
    { flags: ["--expose-gc"] },
  );
  expect(seen.helpers).toBe(0);
  expect(seen.most).toBe(2);
  // MB. Each of the twenty had 16 MB of its own.
  expect(seen.grown).toBeLessThan(80);
});

test("two at once compute what one does alone", async () => {
  const equal = await child<boolean[]>(
    `${PREAMBLE}
    const [alone, one, two] = [await load(), await load({ threads: 2 }), await load({ threads: 3 })];
    const A = make(300);
    const bits = (ntk) => [...ntk.matmul(A, A).data, ...ntk.fit(net, A.data.subarray(0, 200), A.data.subarray(200, 400), { ridge: 1 }).predict([1, 2]).mean.data];
    const want = String(bits(alone));
    const equal = [];
    for (let i = 0; i < 5; i++) for (const ntk of [one, two]) equal.push(String(bits(ntk)) === want);
    report(equal);`,
  );
  expect(equal).toEqual(new Array(10).fill(true));
});
