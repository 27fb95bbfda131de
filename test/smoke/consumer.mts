// Compiled against the packed types, without those of the DOM and of Node.
import { createNetwork, load, type Prediction } from "ntk-wasm";
import { load as loadSlim } from "ntk-wasm/slim";
import { type AsyncFit, loadInWorker } from "ntk-wasm/worker";

const net = createNetwork({ inputs: 1, hidden: 8 });
export const here: Prediction = (await load()).fit(net, [0, 1], [0, 1]).predict([0.5]);
const there = await loadInWorker({ precision: "float64" });
const fit: AsyncFit = await there.fit(net, [0, 1], [0, 1], { ridge: 1 });
export const mean: Float64Array = (await fit.predict([0.5])).mean.data;
export const { rank } = await fit.report(["rank"]);
export const slim = (module: object) => loadSlim({ module });
