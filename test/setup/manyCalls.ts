/**
 * Small calls by the thousand in a process of its own. Gives the bytes of the backend's memory and the resident set of
 * the process after the first tenth and at the end.
 */
import { built, child } from "./child.js";

export interface Grown {
  /** Bytes of all WebAssembly memories. */
  memory: [number, number];
  /** Megabytes of the process. */
  resident: [number, number];
  /** Megabytes of JavaScript's heap, after a collection. */
  heap: [number, number];
  calls: number;
}

/** `calls` calls, of ten kinds in turn; every result is looked at. */
export function manyCalls(calls: number, ms?: number): Promise<Grown> {
  return child<Grown>(
    `
const memories = [];
const { Memory } = WebAssembly;
WebAssembly.Memory = class extends Memory {
  constructor(...args) {
    super(...args);
    memories.push(this);
  }
};
const { createInfiniteNetwork, createNetwork, load } = await import("${built("ntk-wasm.js")}");
const ntk = await load({ variant: "simd" });
const net = createNetwork({ inputs: 1, hidden: 4, biasStd: 1, seed: 1 });
const infinite = createInfiniteNetwork({ activation: "relu", biasStd: 1 });
const [X, Y] = [[0, 0.5, 1], [0, 1, 0]];
const own = { kernel: (A, B) => ({ data: Float64Array.from({ length: A.rows * B.rows }, (_, i) => Math.exp(-((A.data[Math.floor(i / B.rows)] - B.data[i % B.rows]) ** 2))), rows: A.rows, cols: B.rows }) };
const lasting = ntk.fit(net, X, Y, { ridge: 0.1 });
const kinds = [
  () => ntk.matmul([[1, 2]], [[3], [4]]).data[0],
  () => ntk.kernel(net, X).data[0],
  () => ntk.kernel(infinite, X).data[0],
  () => { const fit = ntk.fit(net, X, Y, { ridge: 0.1 }); const { mean } = fit.predict([0.3]); fit.dispose(); return mean.data[0]; },
  // Dropped, not disposed of.
  () => ntk.fit(infinite, X, Y, { ridge: 0.1 }).predict([0.3]).mean.data[0],
  () => ntk.train(net, X, Y, { learningRate: 0.1, steps: 2 }).loss[0],
  () => lasting.update({ move: { index: 0, X: [0.1] } }).predict([0.3]).mean.data[0],
  () => ntk.solve([[2, 1], [1, 3]], [1, 2]).data[0],
  () => { try { ntk.cholesky([[1, 2], [2, 1]]); } catch (error) { return error.pivot; } },
  () => { const fit = ntk.fit(own, X, Y, { ridge: 0.1 }); const { mean } = fit.predict([0.3]); fit.dispose(); return mean.data[0]; },
];
const first = kinds.map((kind) => kind());
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
const look = async () => {
  // Collected objects give their memory back in a task of their own.
  for (let i = 0; i < 5; i++) {
    gc();
    await turn();
  }
  return {
    memory: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    resident: process.memoryUsage.rss() / 1e6,
    heap: process.memoryUsage().heapUsed / 1e6,
  };
};
let early;
for (let i = 0; i < ${calls}; i++) {
  const value = kinds[i % 10]();
  if (i % 10 !== 6 && value !== first[i % 10]) throw new Error("call " + i + " gave " + value + ", not " + first[i % 10]);
  // Fits that were dropped hold memory until they are collected.
  if (i % 1000 === 999) {
    gc();
    await turn();
  }
  if (i === ${Math.floor(calls / 10)}) early = await look();
}
const late = await look();
report(Object.fromEntries([...Object.keys(late).map((name) => [name, [early[name], late[name]]]), ["calls", ${calls}]]));`,
    { flags: ["--expose-gc"], ms },
  );
}
