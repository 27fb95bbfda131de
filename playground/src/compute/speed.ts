// Times of public calls on every build that runs here, and on threads. One call of `time` measures one round of one
// task, so that the page can alternate between builds, and stop.
import { createNetwork, type Ntk } from "ntk-wasm/slim";
import { type Build, SIZE, type Threads } from "./tasks";

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

/** What a round does, by build and task. */
const rounds = new Map<string, { run: () => void; calls: number }>();

/** Milliseconds of a call, the mean of a round; undefined where this browser cannot run the build. */
export async function time(build: Build, task: string): Promise<number | undefined> {
  const name = `${build} ${task}`;
  let round = rounds.get(name);
  if (!round) {
    try {
      round = warm(callOf(await get(build), task));
    } catch (error) {
      if ((error as Error).name === "BackendError") return undefined;
      throw error;
    }
    rounds.set(name, round);
  }
  return timed(round);
}

function timed({ run, calls }: { run: () => void; calls: number }): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return (performance.now() - start) / calls;
}

/** The first call compiles and grows memory; the second says how many calls a round takes. */
function warm(run: () => void) {
  run();
  const calls = Math.max(1, Math.ceil(ROUND_MS / Math.max(timed({ run, calls: 1 }), 0.1)));
  return { run, calls };
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
