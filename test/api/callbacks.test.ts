/**
 * Every function of the caller's that a call runs: what it throws ends the call as it is and leaves nothing behind, and
 * it may use the same Ntk. One table has all of them. After an exception the arena is empty, and the next call has the
 * bits of a fresh Ntk.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { Arena } from "../../src/arena.js";
import {
  type CustomKernel,
  createInfiniteNetwork,
  createNetwork,
  defineActivation,
  type Ntk,
  rbfKernel,
  StreamError,
  sumOf,
} from "../../src/index.js";
import { loadVariant, variants } from "../setup/variants.js";

const X = Array.from({ length: 12 }, (_, i) => i / 6 - 1);
const Y = X.map((x) => Math.sin(3 * x));
const LABELS = X.map((x) => (x > 0 ? 1 : 0));
const net = createNetwork({ inputs: 1, hidden: 8, biasStd: 1, seed: 1 });
const RUN = { learningRate: 0.05, steps: 6, recordAt: [0, 1, 2, 3, 4, 5, 6] };
const SWEEP = { widths: [4, 8], learningRates: [0.05], steps: 4, seeds: 2 };

/** What the callback of a case does first, at each of its calls. */
type Hook = () => void;
interface Case {
  of: string;
  run(ntk: Ntk, hook: Hook): unknown;
  /** A stream says where it ended: a StreamError, with what was thrown as its cause. */
  wrapped?: boolean;
}

/** What a fit says, after which it is disposed of. */
function answers(fit: { predict(X: number[]): unknown; dispose(): void }): unknown {
  try {
    return fit.predict([0.1, 0.2]);
  } finally {
    fit.dispose();
  }
}
/** A kernel of one's own by another Ntk's numbers, so that the hook alone reaches the Ntk under test. */
const kernelOf = (hook: Hook, part: "kernel" | "mean" | "diagonal"): CustomKernel => {
  const run = (name: string) => {
    if (name === part) hook();
  };
  const of = (a: number, b: number) => Math.exp(-((a - b) ** 2)) + (a === b ? 0.1 : 0);
  return {
    kernel(A, B) {
      run("kernel");
      const data = Float64Array.from({ length: A.rows * B.rows }, (_, at) =>
        of(A.data[Math.floor(at / B.rows)], B.data[at % B.rows]),
      );
      return { data, rows: A.rows, cols: B.rows };
    },
    mean(A) {
      run("mean");
      return { data: new Float64Array(A.rows).fill(0.5), rows: A.rows, cols: 1 };
    },
    diagonal(A) {
      run("diagonal");
      return new Float64Array(A.rows).fill(1.1);
    },
  };
};
const activationOf = (hook: Hook, part: "value" | "slope") => {
  let live = false;
  const own = defineActivation({
    name: "own",
    value: (z) => {
      if (live && part === "value") hook();
      return Math.tanh(z);
    },
    slope: (z) => {
      if (live && part === "slope") hook();
      return 1 - Math.tanh(z) ** 2;
    },
  });
  // Its definition looks at it too.
  live = true;
  return createNetwork({ inputs: 1, hidden: 4, activation: own, seed: 2 });
};
const lossOf = (hook: Hook, part: "value" | "gradient") => ({
  value(f: Float64Array, y: Float64Array) {
    if (part === "value") hook();
    return 0.5 * (f[0] - y[0]) ** 2;
  },
  gradient(f: Float64Array, y: Float64Array) {
    if (part === "gradient") hook();
    return [f[0] - y[0]];
  },
});
const batches = [0, 4, 8].map((from) => ({ X: X.slice(from, from + 4), Y: Y.slice(from, from + 4) }));
function* source(hook: Hook) {
  for (const batch of batches) {
    hook();
    yield batch;
  }
}
async function* later(hook: Hook) {
  for (const batch of batches) {
    await null;
    hook();
    yield batch;
  }
}
const drained = <T>(slices: Generator<unknown, T>): T => {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
};
/** A list whose entries are read through a getter. */
const watched = (hook: Hook) =>
  new Proxy(X, {
    get(list, key) {
      if (key === "length") hook();
      return Reflect.get(list, key);
    },
  });
const rest = ({ model: _, ...found }: { model: unknown }) => found;

const CASES: Case[] = [
  { of: "train: onProgress", run: (ntk, hook) => ntk.train(net, X, Y, { ...RUN, onProgress: hook }) },
  { of: "train: onRecord", run: (ntk, hook) => ntk.train(net, X, Y, { ...RUN, onRecord: hook }) },
  { of: "training: onRecord", run: (ntk, hook) => drained(ntk.training(net, X, Y, { ...RUN, onRecord: hook })) },
  { of: "compare: onProgress", run: (ntk, hook) => ntk.compare(net, X, Y, { ...RUN, onProgress: hook }) },
  { of: "compare: onRecord", run: (ntk, hook) => ntk.compare(net, X, Y, { ...RUN, onRecord: hook }) },
  { of: "comparing: onRecord", run: (ntk, hook) => drained(ntk.comparing(net, X, Y, { ...RUN, onRecord: hook })) },
  { of: "sweep: onProgress", run: (ntk, hook) => ntk.sweep(X, Y, { ...SWEEP, onProgress: hook }) },
  { of: "sweeping: onProgress", run: (ntk, hook) => drained(ntk.sweeping(X, Y, { ...SWEEP, onProgress: hook })) },
  {
    of: "tune: onProgress",
    run: (ntk, hook) => rest(ntk.tune(rbfKernel(), X, Y, { evaluations: 4, lengthScale: [0.3, 3], onProgress: hook })),
  },
  {
    of: "tuning: onProgress",
    run: (ntk, hook) =>
      rest(drained(ntk.tuning(rbfKernel(), X, Y, { evaluations: 4, lengthScale: [0.3, 3], onProgress: hook }))),
  },
  {
    of: "fit: onProgress",
    run: (ntk, hook) => answers(ntk.fit(net, X, Y, { ridge: 0.1, solver: "cg", onProgress: hook })),
  },
  {
    of: "fitting: onProgress",
    run: (ntk, hook) => answers(drained(ntk.fitting(net, X, Y, { ridge: 0.1, solver: "cg", onProgress: hook }))),
  },
  {
    of: "fitStream: onProgress",
    run: async (ntk, hook) => answers(await ntk.fitStream(net, batches, { ridge: 0.1, onProgress: hook })),
  },
  {
    of: "fitStream: a generator",
    run: async (ntk, hook) => answers(await ntk.fitStream(net, source(hook), { ridge: 0.1 })),
    wrapped: true,
  },
  {
    of: "fitStream: an async generator",
    run: async (ntk, hook) => answers(await ntk.fitStream(net, later(hook), { ridge: 0.1 })),
    wrapped: true,
  },
  ...(["value", "slope"] as const).flatMap((part): Case[] => [
    { of: `activation, ${part}: kernel`, run: (ntk, hook) => ntk.kernel(activationOf(hook, part), X) },
    {
      of: `activation, ${part}: fit`,
      run: (ntk, hook) => answers(ntk.fit(activationOf(hook, part), X, Y, { ridge: 1 })),
    },
    {
      of: `activation, ${part}: train`,
      run: (ntk, hook) => {
        const { network: _, ...trained } = ntk.train(activationOf(hook, part), X, Y, RUN);
        return trained;
      },
    },
  ]),
  ...(["value", "gradient"] as const).flatMap((part): Case[] => [
    { of: `loss, ${part}: train`, run: (ntk, hook) => ntk.train(net, X, Y, { ...RUN, loss: lossOf(hook, part) }) },
    { of: `loss, ${part}: compare`, run: (ntk, hook) => ntk.compare(net, X, Y, { ...RUN, loss: lossOf(hook, part) }) },
    {
      of: `loss, ${part}: dynamics`,
      run: (ntk, hook) => {
        const path = ntk.dynamics(net, X, Y, { learningRate: 0.05, loss: lossOf(hook, part) });
        try {
          return [path.at(3), path.lossAt(3)];
        } finally {
          path.dispose();
        }
      },
    },
  ]),
  ...(["kernel", "mean", "diagonal"] as const).flatMap((part): Case[] => [
    {
      of: `custom kernel, ${part}: fit`,
      run: (ntk, hook) => {
        const fit = ntk.fit(kernelOf(hook, part), X, Y, { ridge: 0.1 });
        try {
          return fit.predict([0.1, 0.2], { covariance: true });
        } finally {
          fit.dispose();
        }
      },
    },
  ]),
  {
    of: "custom kernel in a sum: classify",
    run: (ntk, hook) =>
      answers(
        ntk.classify(sumOf([{ model: net }, { model: kernelOf(hook, "kernel") }]), X, LABELS) as unknown as ReturnType<
          Ntk["fit"]
        >,
      ),
  },
  { of: "custom kernel: kernel", run: (ntk, hook) => ntk.kernel(kernelOf(hook, "kernel"), X) },
  {
    of: "custom kernel: kernelTiles",
    run: (ntk, hook) => [...ntk.kernelTiles(kernelOf(hook, "kernel"), X, X, { rows: 5 })],
  },
  { of: "custom kernel: kernelDiagonal", run: (ntk, hook) => ntk.kernelDiagonal(kernelOf(hook, "diagonal"), X) },
  { of: "custom kernel: spectrum", run: (ntk, hook) => ({ ...ntk.spectrum(kernelOf(hook, "kernel"), X, Y) }) },
  { of: "custom kernel: alignment", run: (ntk, hook) => ntk.alignment(kernelOf(hook, "kernel"), net, X) },
  {
    of: "custom kernel: dynamics",
    run: (ntk, hook) => {
      const path = ntk.dynamics(kernelOf(hook, "kernel"), X, Y, { learningRate: 0.05 });
      try {
        return path.at([1, 10], [0.3]);
      } finally {
        path.dispose();
      }
    },
  },
  { of: "custom kernel: tune", run: (ntk, hook) => rest(ntk.tune(kernelOf(hook, "kernel"), X, Y)) },
];
/** Code of the caller's that runs while an argument is read: its error is a TypeError's cause. */
const READING: Case[] = [
  { of: "a getter of X: kernel", run: (ntk, hook) => ntk.kernel(net, watched(hook)) },
  { of: "a getter of X: fit", run: (ntk, hook) => answers(ntk.fit(net, watched(hook), Y, { ridge: 1 })) },
  { of: "a getter of Y: train", run: (ntk, hook) => ntk.train(net, X, watched(hook), RUN) },
  { of: "a getter of B: matmul", run: (ntk, hook) => ntk.matmul([X], watched(hook)) },
  {
    of: "a getter of options: ensemble",
    run: (ntk, hook) => {
      const networks = ntk.ensemble(createInfiniteNetwork({ activation: "erf" }), X, Y, {
        get learningRate() {
          hook();
          return 0.1;
        },
      });
      const said = networks.at(3, [0.5]);
      networks.dispose();
      return said;
    },
  },
];

/** Other work on the same Ntk: it takes scratch, grows the memory, and holds blocks for a while. */
function busy(ntk: Ntk): void {
  ntk.matmul(
    { data: new Float64Array(3000).fill(1), rows: 30, cols: 100 },
    { data: new Float64Array(100).fill(2), rows: 100, cols: 1 },
  );
  const fit = ntk.fit(net, [0, 0.5, 1], [0, 1, 0], { ridge: 0.1, solver: "dual" });
  fit.predict([0.3]);
  const { loss } = ntk.train(net, [0, 1], [1, 0], { learningRate: 0.1, steps: 2 });
  if (!(loss.length > 0)) throw new Error("no loss");
  fit.dispose();
}

/** What the call throws, or what its promise rejects with. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(variants)("%s", (variant) => {
  test.each([...CASES, ...READING])("$of: what it throws, at each of its calls", async (one) => {
    const want = await one.run(await loadVariant(variant), () => {});
    const arenas = vi.spyOn(Arena.prototype, "run");
    const ntk = await loadVariant(variant);
    let calls = 0;
    await one.run(ntk, () => calls++);
    expect(calls).toBeGreaterThan(0);
    // The first, one between, and the last; not all of thousands.
    for (const at of new Set([1, Math.ceil(calls / 2), calls])) {
      const error = new Error(`of the caller, at call ${at}`);
      let count = 0;
      const thrown = await thrownBy(() =>
        one.run(ntk, () => {
          if (++count === at) throw error;
        }),
      );
      if (one.wrapped) expect(thrown).toBeInstanceOf(StreamError);
      if (READING.includes(one))
        expect(thrown).toMatchObject({ name: "TypeError", message: expect.stringMatching(/cannot be read/) });
      expect(one.wrapped || READING.includes(one) ? (thrown as Error).cause : thrown).toBe(error);
      expect(count, "calls after the one that threw").toBe(at);
      for (const arena of new Set(arenas.mock.contexts as Arena[]))
        expect([arena.scratchBytesInUse, arena.heldBytes]).toEqual([0, 0]);
    }
    expect(await one.run(ntk, () => {})).toEqual(want);
  });

  test.each([...CASES, ...READING])("$of: it may use the same Ntk", async (one) => {
    const want = await one.run(await loadVariant(variant), () => {});
    const ntk = await loadVariant(variant);
    let calls = 0;
    const got = await one.run(ntk, () => {
      if (calls++ < 20) busy(ntk);
    });
    expect(calls).toBeGreaterThan(0);
    expect(got).toEqual(want);
  });

  test.each([...CASES, ...READING])(
    "$of: it may dispose of the Ntk, which ends the call by a BackendError",
    async (one) => {
      const ntk = await loadVariant(variant);
      let outcome: unknown = "a result";
      try {
        await one.run(ntk, () => ntk.dispose());
      } catch (error) {
        outcome = error instanceof StreamError ? error.cause : error;
      }
      // What had its last result already may still give it.
      if (outcome !== "a result")
        expect(outcome).toMatchObject({ name: "BackendError", message: expect.stringMatching(/disposed of/) });
      expect(() => ntk.matmul([[1]], [[1]])).toThrow(/this Ntk was disposed of/);
    },
  );
});
