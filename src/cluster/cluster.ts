/** The runs that can be submitted, whatever does their jobs: workers behind a queue, or the calling process. */
import { describe, toMatrix } from "../check.js";
import type { Model } from "../kernel/models.js";
import { copied, type Matrix, type MatrixLike } from "../matrix.js";
import type { NetworkOptions } from "../model/network.js";
import type { Ntk } from "../ntk.js";
import type { Batches } from "../regression/batchSource.js";
import type { FeatureModel } from "../regression/featureModel.js";
import type { PrimalSums, PrimalSumsOptions } from "../regression/primalSums.js";
import type { Sweep } from "../training/sweep.js";
import type { KernelEstimate } from "../worker/types.js";
import { given } from "./given.js";
import { type CrossValidateOptions, type CrossValidation, planCrossValidate } from "./kinds/crossValidate.js";
import { type ClusterKernelOptions, planKernel } from "./kinds/kernel.js";
import { type ClusterSumsOptions, planPrimalSums, planStreamSums } from "./kinds/primalSums.js";
import { type ClusterSampleOptions, planSampleKernel } from "./kinds/sampleKernel.js";
import { type ClusterSweepOptions, planSweep } from "./kinds/sweep.js";
import { type ClusterTuneOptions, planTune, type TunedModels } from "./kinds/tune.js";
import type { Plan } from "./plan.js";
import type { Run } from "./run.js";

/** What does the jobs of runs. */
export interface Engine {
  /** Checks what is submitted. */
  readonly ntk: Ntk;
  submit(plan: Plan): Promise<Run<unknown>>;
  resume(id: string): Promise<Run<unknown>>;
  close(): Promise<void>;
}

/** A copy of a caller's matrix: its rows are read while the caller goes on. */
function kept(X: MatrixLike, name: string): Matrix {
  return copied(toMatrix(X, name));
}

/**
 * A cluster to submit runs to. Inputs are checked at once, on the submitting side; functions (custom kernels,
 * activations and losses of one's own, `onProgress`, a `signal`) are a TypeError: they do not cross to a worker.
 */
export class Cluster {
  readonly #engine: Engine;

  /** @internal Use `openCluster()` or `localCluster()`. */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async #submit<T>(plan: Plan): Promise<Run<T>> {
    return (await this.#engine.submit(plan)) as Run<T>;
  }

  /**
   * `ntk.sweep`, a job for each run of the grid. The result is that of `ntk.sweep` to the bit.
   *
   * @throws TypeError, RangeError for bad input, before any job; BackendError after `close()`.
   * @example
   * import { localCluster } from "ntk-wasm/bullmq";
   * const grid = { widths: [4, 8], learningRates: [0.1], steps: 5, seeds: 2 };
   * const run = await localCluster(ntk).submitSweep(X, Y, grid);
   * (await run.result).runs.length; // 4
   */
  async submitSweep(X: MatrixLike, Y: MatrixLike, options: ClusterSweepOptions): Promise<Run<Sweep>> {
    return this.#submit(planSweep(this.#engine.ntk, kept(X, "X"), kept(Y, "Y"), given(options, "options")));
  }

  /**
   * `ntk.tune` for one model or several, a job for each model and each depth of `depth`.
   *
   * @throws TypeError, RangeError for bad input, before any job; BackendError after `close()`.
   * @example
   * import { localCluster } from "ntk-wasm/bullmq";
   * const run = await localCluster(ntk).submitTune(createInfiniteNetwork(), X, Y, { depth: [1, 2] });
   * const { best, runs } = await run.result;
   * runs.length; // 2
   * const { model, ridge } = runs[best];
   */
  async submitTune(
    models: Model | readonly Model[],
    X: MatrixLike,
    Y: MatrixLike,
    options: ClusterTuneOptions = {},
  ): Promise<Run<TunedModels>> {
    return this.#submit(
      planTune(this.#engine.ntk, given(models, "models"), kept(X, "X"), kept(Y, "Y"), given(options, "options")),
    );
  }

  /**
   * Errors of `ntk.fit` on rows that it has not seen, for each of some ridges, a job for each fold.
   *
   * @throws TypeError, RangeError for bad input, before any job; BackendError after `close()`.
   * @example
   * import { localCluster } from "ntk-wasm/bullmq";
   * const run = await localCluster(ntk).submitCrossValidate(net, X, Y, { ridges: [1e-3, 1e-1], folds: 4 });
   * const { rmse, best } = await run.result;
   * rmse.length; // 2
   */
  async submitCrossValidate(
    model: Model,
    X: MatrixLike,
    Y: MatrixLike,
    options: CrossValidateOptions,
  ): Promise<Run<CrossValidation>> {
    return this.#submit(
      planCrossValidate(this.#engine.ntk, given(model, "model"), kept(X, "X"), kept(Y, "Y"), given(options, "options")),
    );
  }

  /**
   * Θ(X, X2), or Θ(X, X), a job for each `rows` rows of X. The result is one matrix in the memory of this process.
   *
   * @throws TypeError, RangeError for bad input, before any job; MemoryLimitError where the result does not fit;
   *   BackendError after `close()`.
   * @example
   * import { localCluster } from "ntk-wasm/bullmq";
   * const run = await localCluster(ntk).submitKernel(net, X, Xnew, { rows: 4 });
   * (await run.result).cols; // 2
   */
  async submitKernel(
    model: Model,
    X: MatrixLike,
    X2?: MatrixLike,
    options: ClusterKernelOptions = {},
  ): Promise<Run<Matrix>> {
    return this.#submit(
      planKernel(
        this.#engine.ntk,
        given(model, "model"),
        kept(X, "X"),
        X2 === undefined ? undefined : kept(X2, "X2"),
        given(options, "options"),
      ),
    );
  }

  /**
   * `ntk.primalSums` over all rows, a job for each `shardRows` of them; shards are added in their order. The result is
   * plain data, P×P whatever N: `ntk.fitSums(model, sums, { ridge })` is the fit.
   *
   * @throws TypeError, RangeError for bad input, before any job; MemoryLimitError where P×P does not fit; BackendError
   *   after `close()`.
   * @example
   * import { localCluster } from "ntk-wasm/bullmq";
   * const run = await localCluster(ntk).submitPrimalSums(net, X, Y, { shardRows: 3 });
   * ntk.fitSums(net, await run.result, { ridge: 1e-3 }).predict(Xnew).mean.rows; // 2
   */
  async submitPrimalSums(
    model: FeatureModel,
    X: MatrixLike,
    Y: MatrixLike,
    options: ClusterSumsOptions = {},
  ): Promise<Run<PrimalSums>> {
    return this.#submit(
      planPrimalSums(this.#engine.ntk, given(model, "model"), kept(X, "X"), kept(Y, "Y"), given(options, "options")),
    );
  }

  /**
   * `ntk.primalSums` over rows that come in batches, a job for each batch; for data that this process cannot hold. A
   * batch is in the store before the next one is asked for. Batches are added in their order.
   *
   * @throws TypeError, RangeError for a bad model; StreamError, which names the batch, where one is bad or the source
   *   fails: nothing is computed then; BackendError after `close()`.
   * @example
   * import { localCluster } from "ntk-wasm/bullmq";
   * const batches = [{ X, Y }, { X: [[3]], Y: [[1]] }];
   * const run = await localCluster(ntk).submitStreamSums(net, batches);
   * (await run.result).rows; // 9
   */
  async submitStreamSums(
    model: FeatureModel,
    batches: Batches,
    options: PrimalSumsOptions = {},
  ): Promise<Run<PrimalSums>> {
    const { ntk } = this.#engine;
    return this.#submit(await planStreamSums(ntk, given(model, "model"), batches, given(options, "options")));
  }

  /**
   * `ntk.sampleKernel`, a job for each `drawsPerJob` draws. The networks are those of `ntk.sampleKernel`; means and
   * standard errors are pooled (Chan, Golub & LeVeque 1983), so that they agree with it to rounding.
   *
   * @throws TypeError, RangeError for bad input, before any job; BackendError after `close()`.
   * @example
   * import { localCluster } from "ntk-wasm/bullmq";
   * const shape = { inputs: 1, hidden: 16 };
   * const run = await localCluster(ntk).submitSampleKernel(shape, X, { draws: 20, drawsPerJob: 5 });
   * (await run.result).draws; // 20
   */
  async submitSampleKernel(
    options: NetworkOptions,
    X: MatrixLike,
    sampling: ClusterSampleOptions = {},
  ): Promise<Run<KernelEstimate>> {
    return this.#submit(
      planSampleKernel(this.#engine.ntk, given(options, "options"), kept(X, "X"), given(sampling, "sampling")),
    );
  }

  /**
   * Takes a run up again: one that was cancelled or has failed, or one whose submitting process has died. Shards that
   * have a result are not computed again.
   *
   * @throws TypeError for what is no name; RangeError for a run that is not known.
   * @example
   * import { localCluster } from "ntk-wasm/bullmq";
   * const cluster = localCluster(ntk);
   * const { id } = await cluster.submitKernel(net, X);
   * (await (await cluster.resume<{ rows: number }>(id)).result).rows; // 8
   */
  async resume<T = unknown>(id: string): Promise<Run<T>> {
    if (typeof id !== "string") throw new TypeError(`id is ${describe(id)}; expected the id of a run`);
    return (await this.#engine.resume(id)) as Run<T>;
  }

  /** Lets go of the queue. Runs under way go on without this process; their `result` here is a BackendError. */
  async close(): Promise<void> {
    await this.#engine.close();
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
