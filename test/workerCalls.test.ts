/**
 * Calls to a worker, many and odd: in one list by both ways, a thousand at a time, with what cannot be cloned, stopped
 * at every step, and with callbacks that throw. The worker is on this thread (test/setup/channel.ts); the thousand go
 * to a thread of its own too.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createInfiniteNetwork, createNetwork, load, type Ntk, rbfKernel, StreamError } from "../src/index.js";
import { type AsyncNtk, loadInWorker } from "../src/worker/index.js";
import { type Channel, channel } from "./setup/channel.js";

const X = Array.from({ length: 12 }, (_, i) => i / 6 - 1);
const Y = X.map((x) => Math.sin(3 * x));
const LABELS = X.map((x) => (x > 0 ? "up" : "down"));
const net = createNetwork({ inputs: 1, hidden: 8, biasStd: 1, seed: 1 });
const infinite = createInfiniteNetwork({ activation: "relu", biasStd: 1 });
const RUN = { learningRate: 0.05, steps: 6, recordAt: [0, 1, 2, 3, 4, 5, 6] };
const SWEEP = { widths: [4, 8], learningRates: [0.05], steps: 3, seeds: 2 };
const TUNE = { evaluations: 4, lengthScale: [0.3, 3] as const };
const batches = [0, 4, 8].map((from) => ({ X: X.slice(from, from + 4), Y: Y.slice(from, from + 4) }));

let other: Channel;
let there: AsyncNtk;
let here: Ntk;
beforeEach(async () => {
  here = await load({ backend: "js" });
  there = await loadInWorker({
    backend: "js",
    worker: () => {
      other = channel();
      return other;
    },
  });
});
afterEach(() => there.terminate());

/** What a generator yields that depends on no clock, and what it returns. */
async function taken(slices: Generator<unknown, unknown> | AsyncGenerator<unknown, unknown>): Promise<unknown> {
  for (;;) {
    const { done, value } = await slices.next();
    if (done) return value;
  }
}
/** The same call by both ways: a method at a time, whatever it gives. */
type Way = (ntk: Ntk) => unknown;
const CALLS: Record<string, Way> = {
  kernel: (ntk) => ntk.kernel(net, X),
  kernelBlocks: (ntk) => ntk.kernelBlocks(net, X),
  eigh: (ntk) =>
    ntk.eigh([
      [2, 1],
      [1, 2],
    ]),
  alignment: (ntk) => ntk.alignment(net, infinite, X),
  train: (ntk) => ntk.train(net, X, Y, RUN),
  compare: (ntk) => ntk.compare(net, X, Y, RUN),
  sweep: (ntk) => ntk.sweep(X, Y, SWEEP),
  tune: (ntk) => ntk.tune(rbfKernel(), X, Y, TUNE),
  training: (ntk) => taken(ntk.training(net, X, Y, RUN)),
  comparing: (ntk) => taken(ntk.comparing(net, X, Y, RUN)),
  sweeping: (ntk) => taken(ntk.sweeping(X, Y, SWEEP)),
  tuning: (ntk) => taken(ntk.tuning(rbfKernel(), X, Y, TUNE)),
  primalSums: (ntk) => ntk.primalSums(net, X, Y),
  async fitting(ntk) {
    const fit = (await taken(ntk.fitting(net, X, Y, { ridge: 0.1, solver: "cg" }))) as ReturnType<Ntk["fit"]>;
    return fit.predict([0.3]);
  },
  async kernelTiles(ntk) {
    const tiles = [];
    for await (const tile of ntk.kernelTiles(net, X, X, { rows: 5 })) tiles.push(tile);
    return tiles;
  },
  async fit(ntk) {
    const fit = await ntk.fit(net, X, Y, { ridge: 0.1 });
    await fit.update({ remove: 0, add: { X: [2], Y: [0] } });
    return [await fit.predict([0.3]), await fit.parameters(), await fit.snapshot(), await fit.toJSON()];
  },
  async "fit with conjugate gradients"(ntk) {
    return (await ntk.fit(net, X, Y, { ridge: 0.1, solver: "cg" })).predict([0.3]);
  },
  async restore(ntk) {
    const bytes = await (await ntk.fit(net, X, Y, { ridge: 0.1 })).snapshot();
    return (await ntk.restore(bytes)).predict([0.3]);
  },
  async classify(ntk) {
    const classifier = await ntk.classify(net, X, LABELS);
    return [classifier.classes, await classifier.predict([0.3])];
  },
  async dynamics(ntk) {
    const path = await ntk.dynamics(net, X, Y, { learningRate: 0.05 });
    return [path.eigenvalues, path.maxLearningRate, await path.at([1, 5], [0.3]), await path.lossAt(2)];
  },
  async ensemble(ntk) {
    return (await ntk.ensemble(infinite, X, Y)).at(3, [0.3]);
  },
  async spectrum(ntk) {
    const spectrum = await ntk.spectrum(net, X, Y);
    return [spectrum.eigenvalues, await spectrum.learningCurve({ sizes: [3, 6] })];
  },
  async linearize(ntk) {
    return (await ntk.linearize(net)).at(
      net.parameters.map((x) => x + 0.1),
      X,
    );
  },
  async sampleKernel(ntk) {
    const { mean, draws } = await (await ntk.sampleKernel({ inputs: 1, hidden: 4 }, X, { draws: 5 })).result();
    return { mean, draws };
  },
  async fitStream(ntk) {
    const fit = await ntk.fitStream(net, batches, { ridge: 0.1 });
    return [await fit.predict([0.3]), await fit.parameters(), await fit.sums()];
  },
  async "fitStream of an async source"(ntk) {
    const source = async function* () {
      yield* batches;
    };
    return (await ntk.fitStream(net, source(), { ridge: 0.1 })).predict([0.3]);
  },
  async fitSums(ntk) {
    return (await ntk.fitSums(net, await ntk.primalSums(net, X, Y), { ridge: 0.1 })).predict([0.3]);
  },
};

test.each(Object.entries(CALLS))("%s: the bits are those of the call without a worker", async (_, call) => {
  const [ours, theirs] = [await call(here), await call(there as unknown as Ntk)];
  expect(theirs).toEqual(ours);
});

describe("a thousand calls at a time", () => {
  test.each(["on this thread", "in a thread"])("%s", async (where) => {
    const ntk = where === "in a thread" ? await loadInWorker({ backend: "js" }) : there;
    const order: number[] = [];
    const calls = Array.from({ length: 1000 }, (_, i) => {
      const asked =
        i % 3 === 0 ? ntk.matmul([[i]], [[2]]) : i % 3 === 1 ? ntk.gram([[i]]) : ntk.kernel(net, [i / 1000]);
      return asked.then(({ data }) => {
        order.push(i);
        return data[0];
      });
    });
    const got = await Promise.all(calls);
    expect(order).toEqual(got.map((_, i) => i));
    for (const [i, value] of got.entries())
      expect(value).toBe(i % 3 === 0 ? 2 * i : i % 3 === 1 ? i * i : here.kernel(net, [i / 1000]).data[0]);
    if (ntk !== there) ntk.terminate();
  });

  test("one in ten is wrong, one in ten is given up: each has an answer of its own", async () => {
    const reason = new Error("not now");
    const calls = Array.from({ length: 1000 }, (_, i) => {
      if (i % 10 === 0) return there.forward(net, [[i, i]]);
      if (i % 10 === 1) return there.kernelDiagonal(net, [i], { signal: AbortSignal.abort(reason) });
      return there.matmul([[i]], [[2]]);
    });
    for (const [i, outcome] of (await Promise.allSettled(calls)).entries()) {
      if (i % 10 > 1) expect(outcome).toMatchObject({ status: "fulfilled", value: { rows: 1 } });
      else expect(outcome.status).toBe("rejected");
      if (i % 10 === 0) expect(outcome).toMatchObject({ reason: { name: "RangeError" } });
      if (i % 10 === 1) expect((outcome as PromiseRejectedResult).reason).toBe(reason);
    }
  });

  test("a thousand pending calls reject at once where the worker is terminated", async () => {
    const calls = Array.from({ length: 1000 }, (_, i) => there.matmul([[i]], [[2]]));
    there.terminate();
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: "rejected", reason: { name: "BackendError" } });
  });
});

describe("what cannot be cloned is a TypeError that says so, and the worker goes on", () => {
  const odd: Record<string, () => unknown> = {
    "a function": () => () => 1,
    "a method": () => ({ f() {} }),
    "a symbol": () => Symbol("s"),
    "a WeakMap": () => new WeakMap(),
    "a Promise": () => Promise.resolve(1),
    "a Proxy": () => new Proxy([1], {}),
    "a generator": () => [1].values(),
    "memory that has gone": () => {
      const data = new Float64Array(3);
      structuredClone(data, { transfer: [data.buffer] });
      return data;
    },
    "a getter that throws": () =>
      Object.defineProperty({}, "x", {
        enumerable: true,
        get() {
          throw new Error("of the caller");
        },
      }),
  };
  test.each(Object.entries(odd))("%s", async (_, make) => {
    for (const call of [
      () => there.kernel(net, make() as never),
      () => there.fit(net, X, Y, { ridge: make() as never }),
      () => there.fit(net, X, make() as never),
      () => there.train(net, X, Y, { ...RUN, loss: make() as never }),
      () => there.sampleKernel({ inputs: 1, hidden: make() as never }, X),
    ]) {
      const error = await call().then(
        () => "no error",
        (reason: Error) => reason,
      );
      expect(error).toMatchObject({ name: expect.stringMatching(/^(TypeError|RangeError)$/) });
      expect((error as Error).message).toMatch(/\S/);
    }
    expect((await there.matmul([[2]], [[3]])).data).toEqual(Float64Array.of(6));
  });
});

describe("callbacks", () => {
  const error = new Error("of the caller");
  /** Throws at its n-th call. */
  const failing = (n: number) => {
    let count = 0;
    return () => {
      if (++count === n) throw error;
    };
  };
  const ways: Record<string, (callback: () => void) => Promise<unknown>> = {
    "train: onProgress": (onProgress) => there.train(net, X, Y, { ...RUN, onProgress }),
    "train: onRecord": (onRecord) => there.train(net, X, Y, { ...RUN, onRecord }),
    "compare: onRecord": (onRecord) => there.compare(net, X, Y, { ...RUN, onRecord }),
    "sweep: onProgress": (onProgress) => there.sweep(X, Y, { ...SWEEP, onProgress }),
    "tune: onProgress": (onProgress) => there.tune(rbfKernel(), X, Y, { ...TUNE, onProgress }),
    "fit: onProgress": (onProgress) => there.fit(net, X, Y, { ridge: 1e-3, solver: "cg", onProgress }),
    "fitStream: onProgress": (onProgress) => there.fitStream(net, batches, { ridge: 0.1, onProgress }),
    "training: onRecord": (onRecord) => taken(there.training(net, X, Y, { ...RUN, onRecord })),
    "sweeping: onProgress": (onProgress) => taken(there.sweeping(X, Y, { ...SWEEP, onProgress })),
    "result: onProgress": async (onProgress) =>
      (await there.sampleKernel({ inputs: 1, hidden: 4 }, X, { draws: 5 })).result({ onProgress }),
  };

  test.each(Object.entries(ways))("%s: what it throws ends the call, and no other", async (_, way) => {
    for (const n of [1, 2]) {
      await expect(way(failing(n))).rejects.toBe(error);
      expect((await there.matmul([[2]], [[3]])).data).toEqual(Float64Array.of(6));
    }
  });

  test("the source of a stream that throws: a StreamError with the sums so far", async () => {
    const source = function* () {
      yield batches[0];
      throw new RangeError("the file ends here");
    };
    const ended = await there.fitStream(net, source(), { ridge: 0.1 }).catch((reason) => reason);
    expect(ended).toBeInstanceOf(StreamError);
    expect(ended).toMatchObject({ batch: 1, state: { rows: 4 }, cause: { message: "the file ends here" } });
    const rest = await there.fitStream(net, batches.slice(1), { ridge: 0.1, state: ended.state });
    expect(await rest.predict([0.3])).toEqual((await here.fitStream(net, batches, { ridge: 0.1 })).predict([0.3]));
  });

  test("a batch that cannot cross, and a row that is wrong", async () => {
    for (const [bad, words] of [
      [{ X: [() => 1], Y: [1] }, /functions do not cross|could not be cloned/],
      [{ X: [1, Number.NaN], Y: [1, 2] }, /NaN at row 1/],
      [{ X: [1] }, /Y is undefined/],
    ] as const) {
      const ended = await there.fitStream(net, [batches[0], bad] as never, { ridge: 0.1 }).catch((reason) => reason);
      expect(ended).toMatchObject({ name: "StreamError", batch: 1, message: expect.stringMatching(words) });
    }
  });

  test("a stream is stopped before each of its batches", async () => {
    for (let count = 0; count <= 3; count++) {
      const stop = new AbortController();
      if (count === 0) stop.abort("enough");
      const onProgress = (progress: { batches: number }) => {
        if (progress.batches === count) stop.abort("enough");
      };
      const call = there.fitStream(net, batches, { ridge: 0.1, onProgress, signal: stop.signal });
      await expect(call).rejects.toMatchObject({ name: "StreamError", batch: count, cause: { message: "enough" } });
    }
  });

  test("generators are stopped, and dropped, at each of their slices", async () => {
    const whole = here.sweep(X, Y, SWEEP);
    for (let count = 1; count < 4; count++) {
      const stop = new AbortController();
      const onProgress = ({ done }: { done: number }) => {
        if (done === count) stop.abort();
      };
      const part = (await taken(there.sweeping(X, Y, { ...SWEEP, onProgress, signal: stop.signal }))) as typeof whole;
      expect(part.aborted).toBe(true);
      expect(part.runs).toEqual(whole.runs.slice(0, part.runs.length));
      const slices = there.training(net, X, Y, { ...RUN, steps: 1e7, recordAt: [] });
      for (let i = 0; i < count; i++) expect((await slices.next()).done).toBe(false);
      await slices.return(undefined as never);
    }
    expect((await there.matmul([[2]], [[3]])).data).toEqual(Float64Array.of(6));
  });
});

test("a report: all fields, the named ones, and a name that is none", async () => {
  const fit = await there.fit(net, X, Y, { ridge: 0.1 });
  const ours = here.fit(net, X, Y, { ridge: 0.1 }).report;
  expect(await fit.report(["rank", "logEvidence"])).toEqual({ rank: ours.rank, logEvidence: ours.logEvidence });
  expect(Object.keys(await fit.report())).toContain("looResiduals");
  await expect(fit.report(["rnak"] as never)).rejects.toThrow(/there is no field "rnak"/);
});

test("what the worker was disposed of, and what is not one of its objects, is a BackendError", async () => {
  const fit = await there.fit(net, X, Y, { ridge: 0.1 });
  fit.dispose();
  await expect(fit.predict([1])).rejects.toThrow(/this fit was disposed of/);
  other.ntk.dispose();
  await expect(there.matmul([[1]], [[1]])).rejects.toThrow(/this Ntk was disposed of/);
});
