// Times of public calls on every build that runs here, and on threads. One call of `time` measures one task, so that
// the page can stop between.
import { createNetwork, type Ntk } from "ntk-wasm/slim";
import { type Build, SIZE, type Threads } from "./tasks";

const BUDGET_MS = 600;
const MOST = 15;
/** Clocks of pages without isolation tick every 0.1 ms: a round takes at least so long. */
const ROUND_MS = 10;
const loaded = new Map<Build, Promise<Ntk>>();

async function load(build: Build): Promise<Ntk> {
  // The whole package, with both binaries and the JavaScript backend.
  const { load } = await import("ntk-wasm");
  return load(build === "threads" ? { threads: "auto" } : { variant: build });
}

function get(build: Build): Promise<Ntk> {
  const ntk = loaded.get(build) ?? load(build);
  loaded.set(build, ntk);
  return ntk;
}

/** The threads of this browser in this page. */
export async function threads(): Promise<Threads> {
  const ntk = await get("threads");
  return { threads: ntk.threads, reason: ntk.threadsReason };
}

/** Median milliseconds of a call; undefined where this browser cannot run the build. */
export async function time(build: Build, task: string): Promise<number | undefined> {
  let ntk: Ntk;
  try {
    ntk = await get(build);
  } catch (error) {
    if ((error as Error).name === "BackendError") return undefined;
    throw error;
  }
  const run = callOf(ntk, task);
  run();
  const round = (calls: number) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) run();
    return (performance.now() - start) / calls;
  };
  const calls = Math.max(1, Math.ceil(ROUND_MS / Math.max(round(1), 0.1)));
  const times: number[] = [];
  const began = performance.now();
  do times.push(round(calls));
  while (times.length < 3 || (times.length < MOST && performance.now() - began < BUDGET_MS));
  times.sort((a, b) => a - b);
  return times[times.length >> 1];
}

function callOf(ntk: Ntk, task: string): () => void {
  const { N, M, NEW } = SIZE;
  const net = createNetwork({ inputs: 1, hidden: M, biasStd: 1, seed: 1 });
  const X = Float64Array.from({ length: N }, (_, i) => (6 * i) / N - 3);
  if (task === "sigmoid") return () => ntk.forward(net, X);
  if (task === "jacobian") return () => ntk.jacobian(net, X);
  if (task === "gram") return () => ntk.kernel(net, X);
  if (task === "cholesky") {
    const K = ntk.kernel(net, X);
    for (let i = 0; i < N; i++) K.data[i * (N + 1)] += 1;
    return () => ntk.cholesky(K);
  }
  const Y = X.map((x) => Math.sin(3 * x));
  return () => {
    const fit = ntk.fit(net, X, Y, { ridge: 0.1, solver: "dual" });
    fit.predict(X.subarray(0, NEW));
    fit.dispose();
  };
}
