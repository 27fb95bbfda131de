// Compiled against the packed types of all three entries, without those of the DOM and of Node.
import { createNetwork, load, type Ntk, type Prediction, type Trained } from "ntk-wasm";
import { load as loadSlim } from "ntk-wasm/slim";
import { type AsyncFit, loadInWorker } from "ntk-wasm/worker";

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
