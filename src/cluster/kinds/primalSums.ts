/** `submitPrimalSums`, `submitStreamSums`: a job for each shard or batch of rows, the sums ΦᵀΦ, Φᵀr and rᵀr over it. */
import { areFinite, toMatrix } from "../../check.js";
import { copied, type Matrix, matrix, rowsOf } from "../../matrix.js";
import { zeros } from "../../memory.js";
import type { Ntk } from "../../ntk.js";
import { count, flag, or, read, type Schema } from "../../options.js";
import { type Batches, badRow, pullOf, readBatch } from "../../regression/batchSource.js";
import type { FeatureModel } from "../../regression/featureModel.js";
import type { PrimalSums, PrimalSumsOptions } from "../../regression/primalSums.js";
import { StreamError } from "../../regression/streamError.js";
import { checkJobs, type Job, type Kind, type Plan, shards } from "../plan.js";

export interface ClusterSumsOptions extends PrimalSumsOptions {
  /** Rows of a shard; default 8192. The sums depend on it in their last bits, not on the number of workers. */
  shardRows?: number;
}

const OPTIONS = { shardRows: or(count, 8192), centered: or(flag, false) } satisfies Schema<ClusterSumsOptions>;

interface Shared {
  model: FeatureModel;
  centered: boolean;
}

interface Operand {
  X: Matrix;
  Y: Matrix;
}

/** Sums with the lower triangle of ΦᵀΦ alone, row by row: half of the traffic. */
interface Packed {
  lower: Float64Array;
  moment: Matrix;
  squares: number[];
  rows: number;
}

export function planPrimalSums(ntk: Ntk, model: FeatureModel, X: Matrix, Y: Matrix, options: ClusterSumsOptions): Plan {
  const { shardRows, centered } = read(options, "submitPrimalSums", "{ shardRows: 8192 }", OPTIONS);
  toMatrix(Y, "Y", { rows: X.rows });
  // Checks the model and the shapes on one row.
  ntk.primalSums(model, rowsOf(X, 0, 1), rowsOf(Y, 0, 1), { centered });
  const jobs = shards(X.rows, shardRows, "X and shardRows").map(([from, to]) => ({
    name: `rows ${from}–${to - 1}`,
    own: {},
    operand: (): Operand => ({ X: rowsOf(X, from, to - from), Y: rowsOf(Y, from, to - from) }),
  }));
  const shared: Shared = { model, centered };
  return { kind: "primalSums", shared, jobs, reduce: { centered, inputs: X.cols } };
}

/** Batches that are checked and copied as they come, a job each. */
export async function planStreamSums(
  ntk: Ntk,
  model: FeatureModel,
  batches: Batches,
  options: PrimalSumsOptions,
): Promise<Plan> {
  const { centered } = read(options, "submitStreamSums", "{ centered: true }", { centered: OPTIONS.centered });
  const pull = pullOf(batches);
  const next = async (batch: number): Promise<Operand | undefined> => {
    let result: Awaited<ReturnType<typeof pull>>;
    try {
      result = await pull();
    } catch (error) {
      const why = `the source of the batches failed: ${(error as Error)?.message ?? String(error)}`;
      throw new StreamError(`batch ${batch}: ${why}`, { batch, cause: error });
    }
    return result.done ? undefined : operandOf(result.value, batch);
  };
  let first: Operand | undefined;
  try {
    first = await next(0);
    if (!first) throw new RangeError("batches has no batch; expected at least one { X, Y }");
    // Checks the model and the shapes on one row.
    ntk.primalSums(model, rowsOf(first.X, 0, 1), rowsOf(first.Y, 0, 1), { centered });
  } catch (error) {
    await pull.close();
    throw error;
  }
  const { X, Y } = first;
  async function* jobs(): AsyncGenerator<Job> {
    try {
      let rows = 0;
      let operand: Operand | undefined = { X, Y };
      for (let batch = 0; operand; batch++) {
        const own = operand;
        if (own.X.cols !== X.cols || own.Y.cols !== Y.cols) {
          const shape = (of: Operand) => `X has ${of.X.cols} columns and Y ${of.Y.cols}`;
          throw new StreamError(`batch ${batch}: ${shape(own)}; expected the shape of batch 0: ${shape({ X, Y })}`, {
            batch,
          });
        }
        checkJobs(batch + 1, "the batches");
        yield { name: `batch ${batch}, rows ${rows}–${rows + own.X.rows - 1}`, own: {}, operand: () => own };
        rows += own.X.rows;
        operand = await next(batch + 1);
      }
    } finally {
      await pull.close();
    }
  }
  const shared: Shared = { model, centered };
  return { kind: "primalSums", shared, jobs: jobs(), reduce: { centered, inputs: X.cols } };
}

/** A copy of a batch. @throws StreamError that names the batch and the row */
function operandOf(value: unknown, batch: number): Operand {
  let given: unknown[] = [];
  try {
    const { X, Y } = readBatch(value);
    given = [X, Y];
    const inputs = copied(toMatrix(X, "X"));
    return { X: inputs, Y: copied(toMatrix(Y, "Y", { rows: inputs.rows })) };
  } catch (error) {
    const row = badRow(given, []);
    const where = row === undefined ? `batch ${batch}` : `batch ${batch}, row ${row}`;
    throw new StreamError(`${where}: ${(error as Error).message}`, { batch, row, cause: error });
  }
}

export const primalSums: Kind = {
  async run(ntk, shared, _own, operand): Promise<Packed> {
    const { model, centered } = shared as Shared;
    const { X, Y } = operand as Operand;
    const { gram, moment, squares, rows } = await ntk.primalSums(model, X, Y, { centered });
    return { lower: packed(gram), moment, squares, rows };
  },
  reducer(reduce) {
    const { centered, inputs } = reduce as { centered: boolean; inputs: number };
    let sum: Packed | undefined;
    return {
      add: (result) => {
        sum = added(sum, result as Packed);
      },
      finish: (): PrimalSums => {
        const { lower, moment, squares, rows } = sum as Packed;
        if (!areFinite(lower) || !areFinite(moment.data) || !squares.every(Number.isFinite))
          throw new RangeError("the sums overflow float64; rescale the inputs, the targets or the weights");
        return { gram: unpacked(lower, moment.rows), moment, squares, rows, inputs, centered };
      },
    };
  },
};

/** The sum of both, entry by entry. Overwrites the first. */
function added(a: Packed | undefined, b: Packed): Packed {
  if (!a) return b;
  for (let i = 0; i < a.lower.length; i++) a.lower[i] += b.lower[i];
  for (let i = 0; i < a.moment.data.length; i++) a.moment.data[i] += b.moment.data[i];
  return { ...a, squares: a.squares.map((square, c) => square + b.squares[c]), rows: a.rows + b.rows };
}

function packed({ data, rows: P }: Matrix): Float64Array {
  const lower = zeros((P * (P + 1)) / 2);
  for (let i = 0; i < P; i++) lower.set(data.subarray(i * P, i * P + i + 1), (i * (i + 1)) / 2);
  return lower;
}

function unpacked(lower: Float64Array, P: number): Matrix {
  const gram = matrix(P, P);
  for (let i = 0; i < P; i++) {
    for (let j = 0; j <= i; j++) {
      const value = lower[(i * (i + 1)) / 2 + j];
      gram.data[i * P + j] = value;
      gram.data[j * P + i] = value;
    }
  }
  return gram;
}
