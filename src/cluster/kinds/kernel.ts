/** `submitKernel`: a job for each shard of rows, a tile of the kernel each. */
import { toMatrix } from "../../check.js";
import type { Model } from "../../kernel/models.js";
import { type Matrix, matrix, rowsOf } from "../../matrix.js";
import type { Ntk } from "../../ntk.js";
import { count, or, outputs, read, type Schema } from "../../options.js";
import { type Kind, type Plan, shards } from "../plan.js";

export interface ClusterKernelOptions {
  /** Rows of X in a job; default 512. */
  rows?: number;
  /** As in `kernel`; default `"average"`. */
  outputs?: "full" | "average";
}

const OPTIONS = { rows: or(count, 512), outputs: or(outputs, "average") } satisfies Schema<ClusterKernelOptions>;

interface Shared {
  model: Model;
  X2: Matrix;
  outputs: "full" | "average";
}

interface Reduce {
  rows: number;
  cols: number;
  /** Rows of the result before each tile. */
  starts: number[];
}

export function planKernel(
  ntk: Ntk,
  model: Model,
  X: Matrix,
  X2given: Matrix | undefined,
  options: ClusterKernelOptions,
): Plan {
  const { rows, outputs } = read(options, "submitKernel", "{ rows: 512 }", OPTIONS);
  const X2 = X2given ? toMatrix(X2given, "X2", { cols: X.cols }) : X;
  // Checks the model and its inputs, and says how many rows a point has.
  const block = ntk.kernelDiagonal(model, rowsOf(X, 0, 1), { outputs }).length;
  const parts = shards(X.rows, rows, "X and rows");
  const jobs = parts.map(([from, to]) => ({
    name: `rows ${from}–${to - 1}`,
    own: {},
    operand: () => rowsOf(X, from, to - from),
  }));
  const shared: Shared = { model, X2, outputs };
  const reduce: Reduce = {
    rows: X.rows * block,
    cols: X2.rows * block,
    starts: parts.map(([from]) => from * block),
  };
  return { kind: "kernel", shared, jobs, reduce };
}

export const kernel: Kind = {
  async run(ntk, shared, _own, operand) {
    const { model, X2, outputs } = shared as Shared;
    return ntk.kernel(model, operand as Matrix, X2, { outputs });
  },
  reducer(reduce) {
    const { rows, cols, starts } = reduce as Reduce;
    const K = matrix(rows, cols);
    return {
      add: (tile, job) => K.data.set((tile as Matrix).data, starts[job] * cols),
      finish: (): Matrix => K,
    };
  },
};
