// One contender in a thread of its own: V8's optimisations are per isolate, and one contender can spoil another's (a
// WebAssembly memory that grows makes every typed array of the isolate slower: ml-matrix by 35 %). peers.mjs asks, one
// question at a time, so that only one thread ever computes; each question is answered by { value } or { error }.
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { Bench } from "tinybench";

let contender;
let run;
let result;

const ANSWERS = {
  async create() {
    const { create } = await import(`./${workerData.adapter}.mjs`);
    contender = await create(workerData.variant, workerData.threads);
    const { name, label, precision, threads = 1, version = installed(name) } = contender;
    const verbs = Object.keys(contender).filter((key) => key !== "read" && typeof contender[key] === "function");
    return { name, label, version, precision, threads, verbs };
  },
  /** Milliseconds that the first run took, and its result. */
  async prepare(verb, input) {
    run = await contender[verb](...input);
    const start = performance.now();
    result = await run();
    return { ms: performance.now() - start, parts: take() };
  },
  /**
   * Milliseconds of one run: one tinybench iteration. `round` superfluous arguments move the stack by 8 bytes each. V8
   * does not align the stack for SIMD, and a loop that spills can be 4 times slower at some offsets: numpy-ts's gemm on
   * Node 24 takes 104 or 400 ms, by luck. With the arguments each round draws anew, and the median is typical.
   */
  async time(round) {
    const bench = new Bench({ iterations: 1, time: 0, warmup: false });
    const padding = new Array(round).fill(0);
    const once = async () => {
      result = await run(...padding);
    };
    bench.add("run", once, { async: true });
    const [task] = await bench.run();
    if (task.result.error) throw task.result.error;
    return { ms: task.result.latency.mean, first: take()[0][0] };
  },
  forget() {
    run = undefined;
  },
};

const installed = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

/** The parts of the result as typed arrays; the library's own are freed. */
function take() {
  const parts = Array.isArray(result) ? result : [result];
  result = undefined;
  return contender.read ? parts.map(contender.read) : parts;
}

parentPort.on("message", async ([question, ...rest]) => {
  try {
    parentPort.postMessage({ value: await ANSWERS[question](...rest) });
  } catch (error) {
    parentPort.postMessage({ error: `${error}`.split("\n")[0].replace(/^Error: /, "") });
  }
});
