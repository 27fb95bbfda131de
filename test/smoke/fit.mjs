// A fit here and one in a worker, with the installed package: both have to find the same numbers.
import { createNetwork, load } from "ntk-wasm";
import { loadInWorker } from "ntk-wasm/worker";

export async function smoke(options = {}) {
  const net = createNetwork({ inputs: 1, hidden: 64, biasStd: 1, seed: 1 });
  const X = Array.from({ length: 30 }, (_, i) => i / 10 - 1.5);
  const Y = X.map((x) => Math.sin(2 * x));
  const ntk = await load();
  const { mean } = ntk.fit(net, X, Y, { ridge: 1e-4 }).predict([0.25]);
  if (!(Math.abs(mean.data[0] - Math.sin(0.5)) < 0.02)) throw new Error(`f(0.25) = ${mean.data[0]}`);
  const there = await loadInWorker(options);
  if (there.variant !== ntk.variant) throw new Error(`${ntk.variant} here, ${there.variant} in the worker`);
  const fit = await there.fit(net, X, Y, { ridge: 1e-4 });
  const same = (await fit.predict([0.25])).mean.data[0] === mean.data[0];
  there.terminate();
  if (!same) throw new Error("the worker gave other numbers");
  return `fitted with ${ntk.variant}${ntk.backend === "js" ? ` (${ntk.variantReason})` : ""}`;
}
