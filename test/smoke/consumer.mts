// Compiled against the packed types of every entry, without those of the DOM and of Node, by several TypeScripts.
import { createNetwork, load, MemoryLimitError, type Model, type Ntk, type Prediction, type Trained } from "ntk-wasm";
import { type ClusterOptions, localCluster, openCluster, type Store } from "ntk-wasm/bullmq";
import {
  load as loadSlim,
  type MemoryLimitError as SlimMemoryLimitError,
  type Ntk as SlimNtk,
  sharedBytes,
} from "ntk-wasm/slim";
import { type AsyncFit, type KernelEstimate, loadInWorker } from "ntk-wasm/worker";

const net = createNetwork({ inputs: 1, hidden: 8 });
export const here: Prediction = (await load()).fit(net, [0, 1], [0, 1]).predict([0.5]);
const there = await loadInWorker({ url: "worker-script.js", precision: "float64" });
using fit: AsyncFit = await there.fit(net, [0, 1], [0, 1], { ridge: 1 });
export const mean: Float64Array = (await fit.predict([0.5])).mean.data;
export const { rank } = await fit.report(["rank"]);
const run = { learningRate: 1, steps: 10, signal: { aborted: false, reason: undefined } };
export const trained: Trained = await there.train(net, [0, 1], [0, 1], run);
for await (const { draws, mean } of await there.sampleKernel({ inputs: 1, hidden: 8 }, [0, 1])) mean.data[0] /= draws;
export const slim = (module: object): Promise<Ntk> => loadSlim({ module, precision: "float32" });
// An array that is the caller's own, where this TypeScript tells: its buffer is no shared one.
export const bytes: ReturnType<typeof Uint8Array.of> = sharedBytes(Uint8Array.of(0));

// A class of one entry is that of the others.
export const same: SlimNtk = await load();
export const limit: SlimMemoryLimitError = new MemoryLimitError("too much", 2, 1);
const cluster = localCluster(same);
export const estimate: Promise<KernelEstimate> = cluster
  .submitSampleKernel({ inputs: 1, hidden: 8 }, [0, 1])
  .then((run) => run.result);
export const open = (store: Store, options: Omit<ClusterOptions, "store">) => openCluster({ ...options, store });

// What is wrong is an error, not `any`.
// @ts-expect-error a misspelt option
createNetwork({ inputs: 1, hiden: 8 });
// @ts-expect-error no model
export const model: Model = { inputs: "one" };
// @ts-expect-error a result that is a promise
export const now: Prediction = fit.predict([0.5]);
