/** Helpers that die, hang or do not start, and what is left of them: in Node, where a test sees its workers. */
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { patience } from "../scripts/slowness.mjs";
import { Arena } from "../src/arena.js";
import { createTeam } from "../src/backend/atOnce.js";
import { BackendError, createNetwork, load, type Matrix } from "../src/index.js";
import { Ntk } from "../src/ntk.js";
import { built } from "./setup/child.js";
import { randomMatrix } from "./setup/random.js";
import { type watchWorkers as Watch, watchWorkers } from "./setup/workers.js";

const A = randomMatrix(300, 300);
const net = createNetwork({ inputs: 1, hidden: 32, biasStd: 1, seed: 1 });
const X = Array.from({ length: 60 }, (_, i) => i / 10 - 3);
const Y = X.map((x) => Math.sin(2 * x));

let workers: ReturnType<typeof Watch>;
beforeAll(() => {
  workers = watchWorkers();
});
afterEach(() => workers.reset());
afterEach(() => Promise.all([...workers.live].map((worker) => worker.terminate())));
afterAll(() => workers.restore());

/** An Ntk whose threads share everything; a lost thread is given up after a second. */
function sharing(threads: number) {
  const { backend, team } = createTeam("simd", threads);
  team.leastWork = 0;
  team.patience = 1;
  const { teamBytes } = backend.ops as unknown as { teamBytes(): number };
  const words = new Int32Array(backend.buffer(), backend.base - teamBytes(), 64);
  return { ntk: new Ntk(backend), backend, team, words };
}

/** What a call throws. */
function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

let want: { gram: Matrix; mean: Matrix };
/** The bits of one thread. */
function expectRight(ntk: Ntk) {
  expect(ntk.gram(A)).toEqual(want.gram);
  using fit = ntk.fit(net, X, Y, { ridge: 0.1 });
  expect(fit.predict(X).mean).toEqual(want.mean);
}
beforeAll(async () => {
  using ntk = await load({ variant: "simd" });
  want = { gram: ntk.gram(A), mean: ntk.fit(net, X, Y, { ridge: 0.1 }).predict(X).mean };
});

test("a helper that dies while it is idle is missed by nobody", async () => {
  const { ntk, team } = sharing(3);
  await team.ready;
  for (const left of [2, 1]) {
    const [helper] = workers.live;
    await helper.terminate();
    await vi.waitUntil(() => ntk.threads === left, patience(10_000));
    expect(ntk.threadsReason).toBe("a thread is gone: it ended with code 1");
    expectRight(ntk);
  }
  ntk.dispose();
});

/** A helper of the test's: it enters a region, claims a unit, and never computes it. */
const ENTER = `
const words = new Int32Array(memory.buffer, address, 64);
for (;;) {
  const gate = Atomics.load(words, 0);
  if (gate & 0x100 && Atomics.compareExchange(words, 0, gate, gate + 1) === gate) break;
}
Atomics.add(words, 16, 1);
`;

describe.each([1, 0])("in the middle of a region, where the leader may sleep: %i", (maySleep) => {
  test.each([
    ["dies", "process.exit(1);"],
    ["hangs", "Atomics.wait(words, 63, 0);"],
    ["traps", 'throw new WebAssembly.RuntimeError("unreachable");'],
  ])("a helper %s: a BackendError, and the end of this Ntk", async (_, end) => {
    const other = await load({ threads: 2, variant: "simd" });
    workers.script = (script) => script.replace("serve(address, rank);", ENTER + end);
    const { ntk, team, words } = sharing(3);
    workers.reset();
    words[4] = maySleep;
    await team.ready;
    const fit = other.fit(net, X, Y, { ridge: 1 });
    const start = performance.now();
    const error = thrown(() => {
      for (let i = 0; i < 10_000; i++) ntk.gram(A);
    });
    expect(performance.now() - start).toBeLessThan(patience(30_000));
    expect(error).toBeInstanceOf(BackendError);
    expect((error as Error).message).toMatch(/a thread of this Ntk was lost in the middle of a call.*load\(\) gives/);
    expect((error as Error).cause).toBeInstanceOf(WebAssembly.RuntimeError);
    for (const call of [() => ntk.gram([[1]]), () => ntk.fit(net, X, Y)]) {
      expect(thrown(call)).toBeInstanceOf(BackendError);
      expect(thrown(call)).toMatchObject({ message: expect.stringMatching(/load\(\) gives a new Ntk/) });
    }
    expect(ntk.threads).toBe(1);
    // Other instances go on.
    expect(fit.predict(X).mean.rows).toBe(X.length);
    expectRight(other);
    other.dispose();
    using next = await load({ threads: 2, variant: "simd" });
    expectRight(next);
    next.dispose();
    ntk.dispose();
    expect(await workers.ended()).toBe(true);
  });
});

/** The leader, in a thread of its own. Its helpers are workers of the test, which can end them while it computes. */
const LEADER = `
const { parentPort, MessageChannel } = require("node:worker_threads");
class Remote extends require("node:events") {
  constructor(script, options) {
    super();
    const { port1, port2 } = new MessageChannel();
    parentPort.postMessage({ script, options, port: port2 }, [port2]);
    port1.on("message", ({ event, value }) => this.emit(event, value));
    this.port = port1;
  }
  postMessage(message) { this.port.postMessage(message); }
  terminate() {}
  unref() {}
}
process.getBuiltinModule("node:worker_threads").Worker = Remote;
(async () => {
  const { createTeam } = await import("${built("backend/atOnce.js")}");
  const { Ntk } = await import("${built("ntk.js")}");
  const { backend, team } = createTeam("simd", 2);
  team.patience = 1;
  await team.ready;
  const ntk = new Ntk(backend);
  const A = { data: Float64Array.from({ length: 800 * 800 }, (_, i) => Math.sin(i)), rows: 800, cols: 800 };
  parentPort.postMessage("begun");
  try {
    for (let i = 0; i < 20; i++) ntk.matmul(A, A);
    parentPort.postMessage({ survived: team.shared.regions });
  } catch (error) {
    parentPort.postMessage({ name: error.name, message: error.message });
  }
})();
`;

test("a helper is terminated while it computes", async () => {
  type Message = { port?: MessagePort; script?: string; options?: object; name?: string; survived?: number };
  const attempt = () =>
    new Promise<Message>((resolve, reject) => {
      let helper: Worker;
      let words: Int32Array;
      let over = false;
      // Not while it is outside a region: the leader would go on alone.
      const endInside = () => {
        if (Atomics.load(words, 0) & 0xff) void helper.terminate();
        else if (!over) setImmediate(endInside);
      };
      const leader = new Worker(LEADER, { eval: true });
      leader.on("error", reject);
      leader.on("exit", () => reject(new Error("the leader said nothing")));
      leader.on("message", (message: Message | "begun") => {
        if (message === "begun") {
          endInside();
        } else if (message.port) {
          const port = message.port as unknown as import("node:worker_threads").MessagePort;
          helper = new Worker(message.script as string, message.options);
          for (const event of ["message", "exit"]) helper.on(event, (value) => port.postMessage({ event, value }));
          port.on("message", (value) => {
            words = new Int32Array(value.memory.buffer, value.address, 64);
            helper.postMessage(value);
          });
        } else {
          over = true;
          resolve(message);
          void leader.terminate();
        }
      });
    });
  // It may have left the region before it ended: the leader then computes alone.
  let outcome: Message = {};
  for (let i = 0; i < 30 && outcome.name === undefined; i++) outcome = await attempt();
  expect(outcome).toMatchObject({ name: "BackendError", message: expect.stringMatching(/lost in the middle/) });
});

test("a region that the leader left open is the end of this Ntk", async () => {
  const { ntk, team, words, backend } = sharing(2);
  await team.ready;
  const trapped = () =>
    new Arena(backend).run(() => {
      Atomics.or(words, 0, 0x100);
      throw new Error("as after a trap");
    });
  expect(thrown(trapped)).toMatchObject({ name: "BackendError", cause: { message: "as after a trap" } });
  expect(thrown(() => ntk.gram([[1]]))).toBeInstanceOf(BackendError);
  expect(await workers.ended()).toBe(true);
});

test("an exception in a callback leaves the threads and the scratch as they were", async () => {
  const { ntk, team } = sharing(2);
  await team.ready;
  const run = vi.spyOn(Arena.prototype, "run");
  const error = new Error("of the caller");
  const fail = () => {
    throw error;
  };
  const calls = [
    () => ntk.train(net, X, Y, { learningRate: 1e-3, steps: 10, onProgress: fail }),
    () => ntk.sweep(X, Y, { widths: [8], learningRates: [1e-3], steps: 10, seeds: 1, onProgress: fail }),
    () => ntk.fit({ kernel: fail }, X, Y),
    () => ntk.fit({ kernel: () => ntk.gram(A) && fail() }, X, Y),
  ];
  for (const call of calls) {
    expect(thrown(call)).toBe(error);
    expectRight(ntk);
  }
  expect(ntk.threads).toBe(2);
  const [arena] = run.mock.contexts as Arena[];
  expect([arena.scratchBytesInUse, arena.heldBytes]).toEqual([0, 0]);
  run.mockRestore();
  ntk.dispose();
  expect(await workers.ended()).toBe(true);
});

describe("helpers that do not start", () => {
  const start = (threads: number | "auto") => load({ threads, variant: "simd" });
  const os = process.getBuiltinModule("node:os") as { availableParallelism(): number };
  const { availableParallelism } = os;
  beforeAll(() => {
    os.availableParallelism = () => 4;
  });
  afterAll(() => {
    os.availableParallelism = availableParallelism;
  });

  test.each<[string, () => void, RegExp]>([
    [
      "the third worker is refused",
      () => {
        workers.onMake = (count) => {
          if (count % 3 === 2) throw new Error("not allowed");
        };
      },
      /^a thread did not start: not allowed/,
    ],
    [
      "a worker ends at once",
      () => {
        workers.script = (script) => (workers.made % 3 === 2 ? "process.exit(3)" : script);
      },
      /^a thread did not start: it ended with code 3/,
    ],
    [
      "a script is refused",
      () => {
        workers.script = () => "no script";
      },
      /^a thread did not start: Unexpected identifier/,
    ],
    [
      "a message cannot be sent",
      () => {
        const post = vi.spyOn(Worker.prototype, "postMessage").mockImplementation(() => {
          post.mockRestore();
          throw new Error("cannot be cloned");
        });
      },
      /^a thread did not start: cannot be cloned/,
    ],
  ])("%s: a BackendError, one thread with auto, and no worker left", async (_, prepare, message) => {
    prepare();
    const error = await start(4).catch((reason) => reason);
    expect(error).toBeInstanceOf(BackendError);
    expect(error.message).toMatch(message);
    expect(await workers.ended()).toBe(true);
    prepare();
    workers.made = 0;
    const ntk = await start("auto");
    expect([ntk.threads, ntk.threadsReason]).toEqual([1, expect.stringMatching(message)]);
    expectRight(ntk);
    expect(await workers.ended()).toBe(true);
  });

  test("a worker that says nothing is given up, and computes alone what was asked before", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      workers.script = () => "setInterval(() => {}, 1000)";
      const { ntk, team } = sharing(3);
      expectRight(ntk);
      vi.advanceTimersByTime(20_000);
      await expect(team.ready).rejects.toThrow("a thread did not start: it did not start in time");
      expect([ntk.threads, ntk.threadsReason]).toEqual([1, "a thread did not start: it did not start in time"]);
      expectRight(ntk);
    } finally {
      vi.useRealTimers();
    }
    expect(await workers.ended()).toBe(true);
  });
});
