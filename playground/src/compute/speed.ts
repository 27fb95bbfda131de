// Times of public calls on every variant that runs here. One call of `time` measures one task, so that the page can stop between.
import { createNetwork, load, type Ntk } from "ntk-wasm";

export const VARIANTS = ["relaxed", "simd", "js"] as const;
export type Variant = (typeof VARIANTS)[number];
export interface Task {
  title: string;
  /** Floating-point operations of one call; undefined where transcendental functions dominate. */
  flops?: number;
}

const N = 500;
const M = 1000;
/** The four hot loops and the whole fit. */
export const TASKS: Record<string, Task> = {
  sigmoid: { title: "Sigmoid features, 500 × 1000 (forward)" },
  jacobian: { title: "Jacobian rows, 500 × 3001 (jacobian)" },
  gram: { title: "Gram matrix, N = 500, m = 1000 (kernel)", flops: 2 * N * N * M },
  cholesky: { title: "Cholesky, n = 500 (cholesky)", flops: N ** 3 / 3 },
  fit: { title: "Fit and 200 predictions, N = 500, m = 1000" },
};

const BUDGET_MS = 600;
const MOST = 15;
const loaded = new Map<Variant, Promise<Ntk>>();

/** Median milliseconds of a call; undefined where this browser cannot run the variant. */
export async function time(variant: Variant, task: string): Promise<number | undefined> {
  let ntk: Ntk;
  try {
    if (!loaded.has(variant)) loaded.set(variant, load({ variant }));
    ntk = (await loaded.get(variant)) as Ntk;
  } catch (error) {
    if ((error as Error).name === "BackendError") return undefined;
    throw error;
  }
  const run = workOf(ntk, task);
  run();
  const times: number[] = [];
  const began = performance.now();
  do {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  } while (times.length < 3 || (times.length < MOST && performance.now() - began < BUDGET_MS));
  times.sort((a, b) => a - b);
  return times[times.length >> 1];
}

function workOf(ntk: Ntk, task: string): () => void {
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
    fit.predict(X.subarray(0, 200));
    fit.dispose();
  };
}
