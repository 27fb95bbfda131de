/**
 * Generators that are dropped half-way give their backend memory back once they are collected, here and in a worker.
 */
import { expect, test } from "vitest";
import { built, child } from "./setup/child.js";

/** Every arena is told of at its first hold; a channel in place of a thread lets the worker's be seen too. */
const PREAMBLE = `
const at = (name) => "${built("")}/" + name;
const { Arena } = await import(at("arena.js"));
const { Ntk } = await import(at("ntk.js"));
const { createJsBackend } = await import(at("backend/js/index.js"));
const { Host } = await import(at("worker/host.js"));
const { loadInWorker } = await import(at("worker/index.js"));
const { createNetwork } = await import(at("index.js"));
const arenas = new Set();
const { hold } = Arena.prototype;
let most = 0;
Arena.prototype.hold = function (elements) {
  arenas.add(this);
  const address = hold.call(this, elements);
  most = Math.max(most, held());
  return address;
};
const held = () => [...arenas].reduce((sum, arena) => sum + arena.heldBytes, 0);
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
async function collected() {
  for (let i = 0; i < 200 && held() > 0; i++) {
    gc();
    await turn();
  }
  return held();
}
/** As a Worker, on this thread. */
function channel() {
  const { port1, port2 } = new MessageChannel();
  const host = new Host(async () => new Ntk(createJsBackend()), (reply) => port2.postMessage(reply));
  port2.onmessage = ({ data }) => host.receive(data);
  port1.start();
  return {
    postMessage: (message) => port1.postMessage(message),
    terminate: () => port1.close(),
    addEventListener: (type, listener) => port1.addEventListener(type, listener),
  };
}
const net = createNetwork({ inputs: 1, hidden: 8, biasStd: 1, seed: 1 });
const X = Array.from({ length: 12 }, (_, i) => i / 6 - 1);
const run = { learningRate: 0.01, steps: 1e7, recordAt: [0] };
const ways = {
  training: (ntk) => ntk.training(net, X, X, run),
  comparing: (ntk) => ntk.comparing(net, X, X, { ...run, onProgress() {} }),
  sweeping: (ntk) => ntk.sweeping(X, X, { widths: [8], learningRates: [0.01], steps: 1e7, recordAt: [0] }),
  tuning: (ntk) => ntk.tuning(net, X, X, { weightStd: [0.5, 2] }),
  crossValidating: (ntk) => ntk.crossValidating(net, X, X, { folds: 3, ridge: 1 }),
};
`;

const NAMES = ["training", "comparing", "sweeping", "tuning", "crossValidating"];

test.each(NAMES)("%s, direct", async (name) => {
  const [never, started, after] = await child<number[]>(
    `${PREAMBLE}
const ntk = new Ntk(createJsBackend());
const never = ways.${name}(ntk);
const before = most;
// What refers to the generator from its own options must not keep it.
const begin = () => { const slices = ways.${name}(ntk); slices.next(); slices.next(); return most; };
const started = begin();
report([before, started, await collected()]);
never.return();`,
    { flags: ["--expose-gc"] },
  );
  expect([never, after]).toEqual([0, 0]);
  expect(started).toBeGreaterThan(0);
});

test.each(NAMES)("%s, in a worker", async (name) => {
  const [never, started, after, still] = await child<number[]>(
    `${PREAMBLE}
const ntk = await loadInWorker({ backend: "js", worker: channel });
const never = ways.${name}(ntk);
await turn();
const before = most;
const begin = async () => { const slices = ways.${name}(ntk); await slices.next(); await slices.next(); return most; };
const started = await begin();
const after = await collected();
const { data } = await ntk.matmul([[2]], [[3]]);
await never.return();
report([before, started, after, data[0]]);
await ntk.dispose();`,
    { flags: ["--expose-gc"] },
  );
  expect([never, after, still]).toEqual([0, 0, 6]);
  expect(started).toBeGreaterThan(0);
});

test("a generator that is still referred to keeps what it needs", async () => {
  const [held, steps] = await child<number[]>(
    `${PREAMBLE}
const ntk = new Ntk(createJsBackend());
const slices = ways.training(ntk);
slices.next();
for (let i = 0; i < 20; i++) {
  gc();
  await turn();
}
const kept = held();
report([kept, slices.next().value.step]);
slices.return();`,
    { flags: ["--expose-gc"] },
  );
  expect(held).toBeGreaterThan(0);
  expect(steps).toBeGreaterThan(0);
});
