/** `submitSampleKernel`: a job for so many draws, their mean and squares each. */
import { toMatrix } from "../../check.js";
import { type Matrix, type MatrixLike, matrix } from "../../matrix.js";
import type { NetworkOptions } from "../../model/network.js";
import type { Ntk } from "../../ntk.js";
import { any, count, or, outputs, read, type Schema, seed } from "../../options.js";
import type { SampleKernelOptions } from "../../training/sampleKernel.js";
import type { KernelEstimate } from "../../worker/types.js";
import { type Kind, type Plan, shards } from "../plan.js";

export interface ClusterSampleOptions extends SampleKernelOptions {
  /** Draws of a job; default 10. The result depends on it in its last bits, not on the number of workers. */
  drawsPerJob?: number;
}

const OPTIONS = {
  draws: or(count, 100),
  seed: or(seed, 0),
  X2: any,
  outputs: or(outputs, "average"),
  drawsPerJob: or(count, 10),
} satisfies Schema<ClusterSampleOptions>;

interface Shared {
  options: NetworkOptions;
  X: Matrix;
  X2: Matrix | undefined;
  outputs: "full" | "average";
}

interface Own {
  seed: number;
  draws: number;
}

/** Moments of some draws: their number, their mean, and the sums of squared deviations from it. */
interface Moments {
  draws: number;
  mean: Matrix;
  squares: Float64Array;
}

export function planSampleKernel(ntk: Ntk, options: NetworkOptions, X: Matrix, sampling: ClusterSampleOptions): Plan {
  const checked = read(sampling, "submitSampleKernel", "{ draws: 100 }", OPTIONS);
  const { draws, seed, outputs, drawsPerJob } = checked;
  const X2like = checked.X2 as MatrixLike | undefined;
  // Checks everything, and draws nothing.
  ntk.sampleKernel(options, X, { draws, seed, outputs, X2: X2like });
  const jobs = shards(draws, drawsPerJob, "draws and drawsPerJob").map(([from, to]) => ({
    name: `draws ${from}–${to - 1}`,
    own: { seed: seed + from, draws: to - from },
  }));
  const X2 = X2like === undefined ? undefined : toMatrix(X2like, "X2");
  const shared: Shared = { options, X, X2, outputs };
  return { kind: "sampleKernel", shared, jobs, reduce: { draws } };
}

export const sampleKernel: Kind = {
  async run(ntk, shared, own): Promise<Moments> {
    const { options, X, X2, outputs } = shared as Shared;
    const { seed, draws } = own as Own;
    const samples = await ntk.sampleKernel(options, X, { seed, draws, outputs, X2 });
    const { mean, standardError } = await samples.result();
    // One draw has no standard error.
    const squares = standardError.data.map((error) => (draws < 2 ? 0 : error * error * draws * (draws - 1)));
    return { draws, mean, squares };
  },
  reducer(reduce) {
    const { draws: total } = reduce as { draws: number };
    let sum: Moments | undefined;
    return {
      add: (result) => {
        sum = pooled(sum, result as Moments);
      },
      finish: (): KernelEstimate => {
        const { draws, mean, squares } = sum as Moments;
        const errors = squares.map((square) => (draws < 2 ? Infinity : Math.sqrt(square / (draws - 1) / draws)));
        return { draws, total, mean, standardError: matrix(mean.rows, mean.cols, errors) };
      },
    };
  },
};

/** Moments of two groups of draws together (Chan, Golub & LeVeque 1983). Overwrites the first. */
function pooled(a: Moments | undefined, b: Moments): Moments {
  if (!a) return b;
  const draws = a.draws + b.draws;
  const [share, weight] = [b.draws / draws, (a.draws * b.draws) / draws];
  const mean = a.mean.data;
  for (let i = 0; i < mean.length; i++) {
    const difference = b.mean.data[i] - mean[i];
    mean[i] += difference * share;
    a.squares[i] += b.squares[i] + difference * difference * weight;
  }
  return { ...a, draws };
}
