// `npm run example:losses`: a network of three classes is trained by cross-entropy, and its first-order model follows
// it: in the same discrete steps, and as a flow, which is what an ODE solver makes of it. What is printed is how far
// each is from the network, relative to how far the network has moved.
//
// Data: 48 points from a seeded generator. Network: two inputs, 1024 tanh units, `ntk`, seed 1. Rate: half of the
// largest that is known to be stable, and with momentum a tenth of that half.
import { createNetwork, load } from "ntk-wasm";
import { descend } from "./descend.mjs";

const STEPS = [5, 20, 100];
const N = 48;

let state = 1;
/** Uniform on (−1, 1), seeded. */
function uniform() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
}
const X = Array.from({ length: N }, () => [1.5 * uniform(), 1.5 * uniform()]);
const labels = X.map(([a, b]) => (Math.sin(2 * a) > b ? 0 : a > 0 ? 1 : 2));

const ntk = await load();
const net = createNetwork({
  inputs: 2,
  hidden: 1024,
  outputs: 3,
  activation: "tanh",
  init: "ntk",
  biasStd: 1,
  seed: 1,
});
const loss = "crossEntropy";
const { maxLearningRate } = ntk.dynamics(net, X, labels, { learningRate: 1, loss });
const start = ntk.forward(net, X).data;

/** ‖f − f_net‖/‖f_net − f0‖. */
function gap(f, trained) {
  const norm = (g) => Math.sqrt(trained.reduce((sum, x, i) => sum + (x - g[i]) ** 2, 0));
  return norm(f) / norm(start);
}

/** Loss and gaps of both models after each of the steps. */
function follow({ momentum = 0, nesterov = false }) {
  const learningRate = 0.5 * maxLearningRate * (1 - momentum);
  const rule = { learningRate, momentum, nesterov };
  const trained = descend(ntk, net, X, labels, rule, STEPS);
  const steps = ntk.dynamics(net, X, labels, { ...rule, loss });
  // The limit of small rates: momentum goes 1/(1 − μ) as far.
  const flow = ntk.dynamics(net, X, labels, { learningRate: 0.5 * maxLearningRate, loss, kind: "flow" });
  return STEPS.map((k, at) => ({
    loss: steps.lossAt(k),
    steps: gap(steps.at(k).data, trained[at]),
    flow: gap(flow.at(k).data, trained[at]),
  }));
}

const percent = (x) => `${(100 * x).toFixed(2)} %`.padStart(10);
console.log(`largest rate known to be stable: ${maxLearningRate.toFixed(3)}`);
console.log("off from the trained network   ", "loss".padStart(10), "steps".padStart(10), "flow".padStart(10));
for (const [name, options] of [
  ["descent", {}],
  ["momentum 0.9", { momentum: 0.9 }],
  ["Nesterov 0.9", { momentum: 0.9, nesterov: true }],
]) {
  for (const [at, row] of follow(options).entries()) {
    const after = `${name}, ${STEPS[at]} steps`;
    console.log(after.padEnd(31), row.loss.toFixed(3).padStart(10), percent(row.steps), percent(row.flow));
  }
}
