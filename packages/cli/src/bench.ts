/** `bench`: what this machine does, in a few seconds. */
import { createInfiniteNetwork, load, type Ntk } from "ntk-wasm";
import { type CommonOptions, loadOptions, type Session } from "./session.js";
import { duration, short, table } from "./text.js";

/** Orders of the matrices, and numbers of points. */
const ORDERS = [256, 512, 1024];
const POINTS = [250, 500, 1000];
const RUNS = 3;
const DEPTH = 2;

interface Measured {
  what: string;
  n: number;
  milliseconds: number;
  /** Undefined where operations are not counted. */
  gflops?: number;
}

/** The shortest of a few runs after one that warms up. */
function shortest(run: () => unknown): number {
  run();
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...times);
}

/** Numbers without a pattern, the same on every machine. */
function numbers(length: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function measure(ntk: Ntk, told: (row: Measured) => void): void {
  for (const n of ORDERS) {
    const A = { data: numbers(n * n), rows: n, cols: n };
    const milliseconds = shortest(() => ntk.matmul(A, A));
    told({ what: "gemm", n, milliseconds, gflops: (2 * n ** 3) / milliseconds / 1e6 });
  }
  for (const n of ORDERS) {
    const A = ntk.gram({ data: numbers(n * n), rows: n, cols: n });
    for (let i = 0; i < n; i++) A.data[i * n + i] += n;
    const milliseconds = shortest(() => ntk.cholesky(A));
    told({ what: "potrf", n, milliseconds, gflops: n ** 3 / 3 / milliseconds / 1e6 });
  }
  const model = createInfiniteNetwork({ depth: DEPTH, activation: "erf" });
  for (const n of POINTS) {
    const X = { data: numbers(10 * n), rows: n, cols: 10 };
    const Y = numbers(n);
    told({ what: "fit", n, milliseconds: shortest(() => ntk.fit(model, X, Y, { ridge: 0.1 }).dispose()) });
  }
}

export async function benchCommand(options: CommonOptions, session: Session): Promise<void> {
  const ntk = await load(loadOptions(options));
  const rows: Measured[] = [];
  const total = 2 * ORDERS.length + POINTS.length;
  const progress = session.progress("measuring", total);
  measure(ntk, (row) => progress.update(rows.push(row), total));
  progress.stop();
  const { variant, threads } = ntk;
  ntk.dispose();
  if (options.json) {
    session.say(JSON.stringify({ command: "bench", node: process.versions.node, variant, threads, rows }));
    return;
  }
  session.say(
    `${variant}, ${threads} thread${threads === 1 ? "" : "s"}, Node ${process.versions.node}; the shortest of ${RUNS} runs\n`,
  );
  const cells = rows.map(({ what, n, milliseconds, gflops }) => [
    what,
    String(n),
    duration(milliseconds),
    gflops === undefined ? "" : short(gflops),
  ]);
  session.say(table([["", "N", "time", "GFLOP/s"], ...cells]));
  session.say("\ngemm: product of matrices. potrf: Cholesky factor. Both with their copies in and out.");
  session.say("fit: an infinitely wide erf network of 2 layers on N points of 10 inputs, one ridge.");
}
