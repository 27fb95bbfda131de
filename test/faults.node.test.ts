/**
 * What goes wrong beside the numbers: memory that does not grow, objects that are dropped or used after dispose(), and
 * processes that have to end by themselves.
 */
import { describe, expect, test, vi } from "vitest";
import { classMembers } from "../src/fields.js";
import {
  createInfiniteNetwork,
  createNetwork,
  type Fit,
  type Matrix,
  MemoryLimitError,
  type Ntk,
  rbfKernel,
} from "../src/index.js";
import { built, child } from "./setup/child.js";
import { manyCalls } from "./setup/manyCalls.js";
import { loadVariant, variants } from "./setup/variants.js";

const net = createNetwork({ inputs: 1, hidden: 8, biasStd: 1, seed: 1 });
const infinite = createInfiniteNetwork({ activation: "relu", biasStd: 1 });
const X = Array.from({ length: 12 }, (_, i) => i / 6 - 1);
const Y = X.map((x) => Math.sin(3 * x));
const RUN = { learningRate: 0.05, steps: 4 };

test("ten thousand small calls: no memory grows with their number", async () => {
  const { memory, heap, resident } = await manyCalls(10_000);
  expect(memory[1]).toBe(memory[0]);
  // Megabytes. A leak of 400 bytes a call would be 3.6.
  expect(heap[1] - heap[0]).toBeLessThan(3);
  expect(resident[1] - resident[0]).toBeLessThan(60);
});

describe.each(variants.filter((variant) => variant !== "js"))("memory that does not grow, %s", (variant) => {
  /** Each needs more than the page that a memory has at first. */
  const big: Matrix = { data: new Float64Array(40_000).fill(0.5), rows: 200, cols: 200 };
  const long = Float64Array.from({ length: 300 }, (_, i) => i / 150 - 1);
  const calls: Record<string, (ntk: Ntk) => unknown> = {
    matmul: (ntk) => ntk.matmul(big, big),
    kernel: (ntk) => ntk.kernel(net, long),
    "kernel of an infinite network": (ntk) => ntk.kernel(infinite, long),
    fit: (ntk) => ntk.fit(net, long, long, { ridge: 0.1, solver: "dual" }),
    "fit with conjugate gradients": (ntk) =>
      ntk.fit(createNetwork({ inputs: 1, hidden: 4000 }), long, long, { ridge: 0.1, solver: "cg" }),
    classify: (ntk) => ntk.classify(rbfKernel(), long, long.map(Math.sign)),
    dynamics: (ntk) => ntk.dynamics(net, long, long, { learningRate: 0.01 }),
    ensemble: (ntk) => ntk.ensemble(infinite, long, long),
    spectrum: (ntk) => ntk.spectrum(net, long, long),
    train: (ntk) => ntk.train(createNetwork({ inputs: 1, hidden: 4000 }), long, long, RUN),
    sweep: (ntk) => ntk.sweep(long, long, { widths: [4000], learningRates: [0.01], steps: 2 }),
    tune: (ntk) => ntk.tune(rbfKernel(), long, long, { evaluations: 3 }),
    eigh: (ntk) => ntk.eigh(big),
  };

  test.each(Object.entries(calls))("%s: a MemoryLimitError, and the same Ntk goes on", async (_, call) => {
    const ntk = await loadVariant(variant);
    const before = ntk.matmul([[1, 2]], [[3], [4]]);
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
      throw new RangeError("WebAssembly.Memory.grow(): Unable to grow instance memory");
    });
    try {
      let error: unknown;
      try {
        call(ntk);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(MemoryLimitError);
      expect(error).toMatchObject({ message: expect.stringMatching(/or than the machine gives; use fewer points/) });
      expect(grow).toHaveBeenCalled();
      expect(ntk.matmul([[1, 2]], [[3], [4]])).toEqual(before);
    } finally {
      grow.mockRestore();
    }
    // The machine has memory again.
    const again = call(ntk);
    expect(again).toBeDefined();
    (again as Partial<Fit>).dispose?.();
  });

  test("a fit that there is, while another does not fit: it still predicts, and is updated", async () => {
    const ntk = await loadVariant(variant);
    const fit = ntk.fit(net, X, Y, { ridge: 0.1 });
    const want = fit.predict([0.3]);
    const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
      throw new RangeError("no");
    });
    try {
      expect(() => ntk.fit(net, long, long, { ridge: 0.1, solver: "dual" })).toThrow(MemoryLimitError);
      expect(() => fit.update({ add: { X: long, Y: long } })).toThrow(MemoryLimitError);
      expect(fit.predict([0.3])).toEqual(want);
      fit.update({ move: { index: 0, X: [X[0]] } });
    } finally {
      grow.mockRestore();
    }
    expect(fit.predict([0.3]).mean.data[0]).toBeCloseTo(want.mean.data[0], 10);
    fit.dispose();
  });
});

describe.each(variants)("use after dispose, %s", (variant) => {
  const NEW = /was disposed of; (make a new one with ntk\.|load\(\) gives a new one)/;
  const makers: Record<string, (ntk: Ntk) => { dispose(): void }> = {
    fit: (ntk) => ntk.fit(net, X, Y, { ridge: 0.1 }),
    "fit, dual": (ntk) => ntk.fit(net, X, Y, { ridge: 0.1, solver: "dual" }),
    "fit, cg": (ntk) => ntk.fit(net, X, Y, { ridge: 0.1, solver: "cg" }),
    "fit, lowrank": (ntk) => ntk.fit(rbfKernel(), X, Y, { ridge: 0.1, solver: "lowrank" }),
    "fit, path": (ntk) => ntk.fit(net, X, Y, { ridges: [0.1, 1] }),
    fitSums: (ntk) => ntk.fitSums(net, ntk.primalSums(net, X, Y), { ridge: 0.1 }),
    classify: (ntk) => ntk.classify(net, X, Y.map(Math.sign)),
    dynamics: (ntk) => ntk.dynamics(net, X, Y, { learningRate: 0.05 }),
    "dynamics of a loss": (ntk) => ntk.dynamics(net, X, Y, { learningRate: 0.05, loss: "huber" }),
    ensemble: (ntk) => ntk.ensemble(infinite, X, Y),
  };
  /** Arguments that are right, by the name of the method. */
  const ARGUMENTS: Record<string, unknown[]> = {
    predict: [[0.3]],
    sample: [[0.3]],
    influence: [[0.3]],
    update: [{ remove: 0 }],
    at: [1, [0.3]],
    lossAt: [1],
    parametersAt: [1],
  };
  const argumentsOf = (name: string, method: string) =>
    name === "ensemble" && method === "sample" ? [1, [0.3]] : (ARGUMENTS[method] ?? []);
  /** Methods that people call. */
  const methodsOf = (object: object) =>
    classMembers(object)
      .filter(
        ([name, { value }]) => typeof value === "function" && !/^(constructor|dispose|outputsAt|walk)$/.test(name),
      )
      .map(([name]) => name);

  test.each(Object.entries(makers))("%s: every method is a BackendError that says what to do", async (name, make) => {
    const ntk = await loadVariant(variant);
    const [one, two] = [make(ntk), make(ntk)];
    const methods = methodsOf(one);
    expect(methods.length).toBeGreaterThan(0);
    one.dispose();
    one.dispose();
    const call = (object: object, method: string) =>
      (object as Record<string, (...args: unknown[]) => unknown>)[method](...argumentsOf(name, method));
    for (const method of methods) expect(() => call(one, method), method).toThrow(NEW);
    // The other one is not touched, until its Ntk is.
    for (const method of methods.filter((each) => each !== "update")) {
      const outcome = attempt(() => call(two, method));
      expect(outcome, method).not.toMatch(NEW);
    }
    ntk.dispose();
    ntk.dispose();
    for (const method of methods) expect(() => call(two, method), method).toThrow(NEW);
    two.dispose();
  });

  test("every method of Ntk", async () => {
    const ntk = await loadVariant(variant);
    const asked = { ridge: 0.1 };
    const bytes = ntk.fit(net, X, Y, asked).snapshot();
    const sums = ntk.primalSums(net, X, Y);
    const calls: Record<string, unknown[]> = {
      forward: [net, X],
      jacobian: [net, X],
      kernel: [net, X],
      kernelDiagonal: [net, X],
      kernelBlocks: [net, X],
      kernelTimesVector: [net, X, Y],
      fit: [net, X, Y, asked],
      primalSums: [net, X, Y],
      fitSums: [net, sums, asked],
      restore: [bytes],
      classify: [net, X, Y.map(Math.sign)],
      spectrum: [net, X],
      alignment: [net, infinite, X],
      dynamics: [net, X, Y, { learningRate: 0.1 }],
      train: [net, X, Y, RUN],
      compare: [net, X, Y, RUN],
      sweep: [X, Y, { widths: [4], learningRates: [0.1], steps: 2 }],
      ensemble: [infinite, X, Y],
      tune: [rbfKernel(), X, Y],
      matmul: [[[1]], [[1]]],
      gram: [[[1]]],
      cholesky: [[[1]]],
      solve: [[[1]], [[1]]],
      inverse: [[[1]]],
      logDeterminant: [[[1]]],
      leastSquares: [[[1]], [[1]]],
      svd: [[[1]]],
      eigh: [[[1]]],
    };
    const call = (method: string) =>
      (ntk as unknown as Record<string, (...a: unknown[]) => unknown>)[method](...calls[method]);
    for (const method of Object.keys(calls)) expect(() => call(method), method).not.toThrow();
    const slices = ntk.training(net, X, Y, { ...RUN, steps: 1e7 });
    slices.next();
    const samples = ntk.sampleKernel({ inputs: 1, hidden: 4 }, X);
    samples.step();
    const tiles = ntk.kernelTiles(net, X, X, { rows: 5 });
    tiles.next();
    ntk.dispose();
    for (const method of Object.keys(calls))
      expect(() => call(method), method).toThrow(/this Ntk was disposed of; load\(\) gives/);
    // What was under way ends too.
    for (const go of [() => slices.next(), () => samples.step(), () => tiles.next()])
      expect(go).toThrow(/this Ntk was disposed of/);
    await expect(ntk.fitStream(net, [{ X, Y }], asked)).rejects.toThrow(/this Ntk was disposed of/);
  });
});

/** What a call throws, as its message; what it gives, as nothing. */
function attempt(call: () => unknown): string {
  try {
    call();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const PREAMBLE = `
const { Arena } = await import("${built("arena.js")}");
const { load } = await import("${built("load.js")}");
const { createInfiniteNetwork, createNetwork, rbfKernel } = await import("${built("index.js")}");
const arenas = new Set();
const { hold } = Arena.prototype;
Arena.prototype.hold = function (elements) {
  arenas.add(this);
  return hold.call(this, elements);
};
const held = () => [...arenas].reduce((sum, arena) => sum + arena.heldBytes, 0);
const net = createNetwork({ inputs: 1, hidden: 8, biasStd: 1, seed: 1 });
const infinite = createInfiniteNetwork({ activation: "relu", biasStd: 1 });
const X = Array.from({ length: 12 }, (_, i) => i / 6 - 1);
const labels = X.map((x) => (x > 0 ? 1 : 0));
`;

test("what is dropped without dispose() gives its memory back once it is collected", async () => {
  const seen = await child<Record<string, { most: number; left: number; kept: number }>>(
    `${PREAMBLE}
const ntk = await load({ variant: "simd" });
const ways = {
  "fit, dual": () => ntk.fit(net, X, X, { ridge: 0.1, solver: "dual" }),
  "fit, primal": () => ntk.fit(net, X, X, { ridge: 0.1, solver: "primal" }),
  "fit, path": () => ntk.fit(net, X, X, { ridges: [0.1, 1] }),
  "fit, lowrank": () => ntk.fit(rbfKernel(), X, X, { ridge: 0.1, solver: "lowrank" }),
  fitSums: () => ntk.fitSums(net, ntk.primalSums(net, X, X), { ridge: 0.1 }),
  classify: () => ntk.classify(net, X, labels),
  dynamics: () => ntk.dynamics(net, X, X, { learningRate: 0.05 }),
  ensemble: () => ntk.ensemble(infinite, X, X),
};
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
const collect = async (until) => { for (let i = 0; i < 200 && !until(); i++) { gc(); await turn(); } };
const seen = {};
for (const [name, make] of Object.entries(ways)) {
  // In a function of its own: nothing on the stack refers to what it made.
  const drop = () => { for (let i = 0; i < 10; i++) make(); return held(); };
  const most = drop();
  await collect(() => held() === 0);
  const left = held();
  // What is referred to keeps it.
  const one = make();
  for (let i = 0; i < 5; i++) { gc(); await turn(); }
  const kept = held();
  one.dispose();
  seen[name] = { most, left, kept };
}
report(seen);`,
    { flags: ["--expose-gc"] },
  );
  expect(Object.keys(seen).length).toBe(8);
  for (const [name, { most, left, kept }] of Object.entries(seen)) {
    expect(left, name).toBe(0);
    expect(kept, name).toBeGreaterThan(0);
    expect(most, name).toBeGreaterThanOrEqual(kept);
  }
});

describe("a process ends by itself", () => {
  const END = `const ended = performance.now(); process.on("exit", () => console.log(JSON.stringify(performance.now() - ended)));`;
  const LOAD = `const { createNetwork, load } = await import("${built("ntk-wasm.js")}");
const { loadInWorker } = await import("${built("ntk-wasm-worker.js")}");
const net = createNetwork({ inputs: 1, hidden: 8, seed: 1 });
const LONG = { learningRate: 1e-3, steps: 1e9, recordAt: [] };
`;
  test.each([
    ["after a fit that is kept", `globalThis.fit = (await load()).fit(net, [0, 1], [0, 1], { ridge: 1 });`],
    [
      "with a generator half-way",
      `globalThis.slices = (await load()).training(net, [0, 1], [0, 1], LONG); slices.next();`,
    ],
    [
      "with a stream whose source never comes",
      `(await load()).fitStream(net, { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) });`,
    ],
    ["with an idle worker", `globalThis.ntk = await loadInWorker(); await ntk.matmul([[1]], [[1]]);`],
    ["with a fit in a worker", `globalThis.fit = await (await loadInWorker()).fit(net, [0, 1], [0, 1], { ridge: 1 });`],
    [
      "after a worker was terminated in the middle",
      `const ntk = await loadInWorker(); const asked = ntk.train(net, [0, 1], [0, 1], LONG).catch(() => {}); ntk.terminate(); await asked;`,
    ],
    [
      "after a call of a worker was given up",
      `const ntk = await loadInWorker(); const stop = new AbortController(); const asked = ntk.train(net, [0, 1], [0, 1], { ...LONG, signal: stop.signal }); setTimeout(() => stop.abort(), 50); await asked;`,
    ],
    [
      "with generators of a worker half-way",
      `const ntk = await loadInWorker(); globalThis.slices = ntk.training(net, [0, 1], [0, 1], LONG); await slices.next();`,
    ],
  ])("%s", async (_, code) => {
    // It is killed after a minute if it does not.
    expect(await child<number>(`${LOAD}${code}\n${END}`)).toBeLessThan(30_000);
  });
});
