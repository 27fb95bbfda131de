// WebAssembly against plain JavaScript on the four hot loops and the whole fit: the same ops, the same data,
// alternated.

import { createNetwork, load } from "ntk-wasm";
import { Arena } from "../../dist/arena.js";
import { createWasmBackend } from "../../dist/backend/atOnce.js";
import { createJsBackend } from "../../dist/backend/js/index.js";
import { forEachTile, loadInputs, loadNetwork } from "../../dist/kernel/finite/layers.js";

const N = 400;
const HIDDEN = 512;
const ROUNDS = 3;

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** Rows { what, wasm, js, ratio } in milliseconds, for N points and the width of the experiment. */
export async function compareBackends(variant) {
  const net = createNetwork({ inputs: 1, hidden: HIDDEN, biasStd: 1, seed: 1 });
  const X = { data: Float64Array.from({ length: N }, (_, i) => (4 * i) / N - 2), rows: N, cols: 1 };
  const Y = { data: X.data.map((x) => Math.sin(2 * x)), rows: N, cols: 1 };
  const sides = {};
  for (const name of [variant, "js"]) {
    const backend = name === "js" ? createJsBackend() : createWasmBackend(name);
    const context = { ops: backend.ops, arena: new Arena(backend), disposed: false };
    const ntk = await load({ variant: name });
    const K = ntk.kernel(net, X);
    for (let i = 0; i < N; i++) K.data[i * (N + 1)] += 0.1;
    sides[name] = {
      "features σ(z), σ'(z)": () =>
        context.arena.run(() => forEachTile(context, loadNetwork(context, net), loadInputs(context, X), () => {})),
      "Jacobian rows": () => ntk.jacobian(net, X),
      "Gram accumulation": () => ntk.kernel(net, X),
      "Cholesky solve": () => ntk.solve(K, Y),
      "whole fit + predictions": () => {
        const fit = ntk.fit(net, X, Y, { ridge: 0.1 });
        fit.predict(X);
        fit.dispose();
      },
    };
  }
  return Object.keys(sides.js).map((what) => {
    const times = { [variant]: [], js: [] };
    for (let round = -1; round < ROUNDS; round++) {
      for (const name of [variant, "js"]) {
        const start = performance.now();
        sides[name][what]();
        if (round >= 0) times[name].push(performance.now() - start);
      }
    }
    const [wasm, js] = [median(times[variant]), median(times.js)];
    return { what, wasm, js, ratio: js / wasm };
  });
}

export const timedSize = { N, hidden: HIDDEN, rounds: ROUNDS };
