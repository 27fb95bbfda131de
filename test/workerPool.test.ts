/** Several workers behind one queue. */
import { expect, expectTypeOf, test } from "vitest";
import { BackendError, createNetwork } from "../src/index.js";
import { type AsyncNtk, loadPool, type Pool } from "../src/worker/index.js";
import { loadVariant } from "./setup/variants.js";

const net = createNetwork({ inputs: 1, hidden: 16, biasStd: 1, seed: 1 });
const X = Array.from({ length: 20 }, (_, i) => i / 5 - 2);
const Y = X.map((x) => Math.sin(2 * x));

/** A promise, and what settles it. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test("tasks run side by side, and give what one worker gives", async () => {
  const ntk = await loadVariant("js");
  const fit = ntk.fit(net, X, Y, { ridge: 1e-3 });
  const bytes = fit.snapshot();
  const made: AsyncNtk[] = [];
  const pool = await loadPool({
    size: 2,
    variant: "js",
    setup: (own) => {
      made.push(own);
      return own.restore(bytes);
    },
  });
  expect([pool.size, made.length, pool.waiting, pool.running]).toEqual([2, 2, 0, 0]);
  const seen = new Set<AsyncNtk>();
  const both = gate();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      pool.run(async (own, restored) => {
        seen.add(own);
        // Neither of the first two ends before the other has begun.
        if (seen.size === 2) both.open();
        await both.opened;
        return (await restored.predict([i / 10])).mean.data[0];
      }),
    ),
  );
  expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => fit.predict([i / 10]).mean.data[0]));
  expect(seen.size).toBe(2);
  await pool.dispose();
  await expect(pool.run(() => 1)).rejects.toThrow(/disposed of; loadPool\(\) makes a new one/);
});

test("tasks start in order; a full queue is an error, and room() waits for the next place", async () => {
  const pool = await loadPool({ size: 1, queue: 2, variant: "js" });
  const hold = gate();
  const order: number[] = [];
  const task = (i: number) => async () => {
    order.push(i);
    await hold.opened;
  };
  const running = [0, 1, 2].map((i) => pool.run(task(i)));
  expect([pool.running, pool.waiting]).toEqual([1, 2]);
  await expect(pool.run(task(9))).rejects.toThrow(/queue of the pool is full: 2 tasks wait; await pool.room\(\)/);
  let roomy = false;
  const room = pool.room().then(() => {
    roomy = true;
  });
  await Promise.resolve();
  expect(roomy).toBe(false);
  hold.open();
  await room;
  expect(pool.waiting).toBeLessThan(2);
  await Promise.all([...running, pool.run(task(3))]);
  expect(order).toEqual([0, 1, 2, 3]);
  await pool.dispose();
});

test("the latest task of a key takes the place of one that waits", async () => {
  const pool = await loadPool({ size: 1, variant: "js" });
  const hold = gate();
  const asked = ["a", "b", "c"].map((name) =>
    pool.latest("slider", async () => {
      await hold.opened;
      return name;
    }),
  );
  const other = pool.latest("wheel", () => "w");
  expect(pool.waiting).toBe(2);
  hold.open();
  expect(await Promise.all(asked)).toEqual(["a", undefined, "c"]);
  expect(await other).toBe("w");
  await pool.dispose();
});

test("a signal drops a task that waits", async () => {
  const pool = await loadPool({ size: 1, variant: "js" });
  const hold = gate();
  const first = pool.run(() => hold.opened);
  const controller = new AbortController();
  let began = false;
  const dropped = pool.run(
    () => {
      began = true;
    },
    { signal: controller.signal },
  );
  const reason = new Error("no longer wanted");
  controller.abort(reason);
  await expect(dropped).rejects.toBe(reason);
  await expect(pool.run(() => 1, { signal: controller.signal })).rejects.toBe(reason);
  hold.open();
  await first;
  expect([began, pool.waiting]).toEqual([false, 0]);
  await pool.dispose();
});

test("what a task throws is its own; the worker goes on", async () => {
  const pool = await loadPool({ size: 1, variant: "js" });
  await expect(pool.run((ntk) => ntk.kernel(net, [[1, 2]]))).rejects.toThrow(RangeError);
  await expect(
    pool.run(() => {
      throw new BackendError("of the task");
    }),
  ).rejects.toThrow("of the task");
  expect((await pool.run((ntk) => ntk.kernel(net, [1]))).rows).toBe(1);
  expect(pool.replaced).toBe(0);
  await pool.dispose();
});

test("a worker that dies fails its task and is replaced, with its setup", async () => {
  let setups = 0;
  const pool = await loadPool({
    size: 2,
    variant: "js",
    setup: () => {
      setups++;
      return setups;
    },
  });
  const dead = pool.run(async (ntk) => {
    ntk.terminate();
    return ntk.kernel(net, [1]);
  });
  await expect(dead).rejects.toThrow(BackendError);
  const states = await Promise.all(
    Array.from({ length: 12 }, () =>
      pool.run(async (ntk, state) => {
        await ntk.kernel(net, X);
        return state;
      }),
    ),
  );
  await until(() => pool.replaced === 1 && setups === 3);
  expect(states.every((state) => state <= 3)).toBe(true);
  expect((await pool.run((ntk) => ntk.kernel(net, [1]))).rows).toBe(1);
  await pool.dispose();
});

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("terminate fails what has no answer, at once", async () => {
  const pool = await loadPool({ size: 1, variant: "js" });
  const long = pool.run((ntk) => ntk.train(net, X, Y, { learningRate: 0.05, steps: 1e9, recordAt: [] }));
  const waiting = pool.run(() => 1);
  pool.terminate();
  await expect(long).rejects.toThrow(BackendError);
  await expect(waiting).rejects.toThrow(/was terminated/);
  await expect(pool.run(() => 1)).rejects.toThrow(/was terminated/);
});

test("dispose waits for the tasks so far", async () => {
  const pool = await loadPool({ size: 1, variant: "js" });
  const answers = [1, 2, 3].map((x) => pool.run(async (ntk) => (await ntk.kernel(net, [x])).rows));
  await pool.dispose();
  expect(await Promise.all(answers)).toEqual([1, 1, 1]);
});

test("setup that throws ends the workers, and loadPool rejects with its error", async () => {
  const failing = loadPool({
    size: 2,
    variant: "js",
    setup() {
      throw new RangeError("no snapshot");
    },
  });
  await expect(failing).rejects.toThrow("no snapshot");
});

test("bad input is an error before a worker starts", async () => {
  await expect(loadPool({ size: 0 })).rejects.toThrow(/size is 0; expected/);
  await expect(loadPool({ queue: 1.5 })).rejects.toThrow(/queue is 1.5/);
  await expect(loadPool({ setup: 3 as never })).rejects.toThrow(/setup is number 3; expected a function/);
  await expect(loadPool({ sise: 1 } as never)).rejects.toThrow(/unknown option "sise"/);
  const pool = await loadPool({ size: 1, variant: "js" });
  await expect(pool.run(1 as never)).rejects.toThrow(/task is number 1; expected a function/);
  await expect(pool.run(() => 1, { signal: 1 as never })).rejects.toThrow(/signal/);
  await expect(pool.run(() => 1, { sygnal: 1 } as never)).rejects.toThrow(/unknown option "sygnal"/);
  await pool.dispose();
});

test("the state has the type that setup gives", () => {
  expectTypeOf<Pool<string>["latest"]>().toBeFunction();
  const typed = () => loadPool({ setup: (ntk) => ntk.kernel(net, X) });
  expectTypeOf<Awaited<ReturnType<typeof typed>>>().toEqualTypeOf<
    Pool<{ data: Float64Array; rows: number; cols: number }>
  >();
});
