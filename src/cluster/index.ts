/**
 * Beyond one machine: runs that are a map and a reduce, on BullMQ and Redis. `openCluster` submits them. The workers
 * are plain processes, `npx ntk-wasm worker --redis URL --store DIR`, any number of them. Node only; it needs the
 * packages `bullmq` and `ioredis`.
 *
 * @module ntk-wasm/bullmq
 */
export { Cluster } from "./cluster.js";
export type { Identity } from "./identity.js";
export type { CrossValidateOptions, CrossValidation } from "./kinds/crossValidate.js";
export type { ClusterKernelOptions } from "./kinds/kernel.js";
export type { ClusterSumsOptions } from "./kinds/primalSums.js";
export type { ClusterSampleOptions } from "./kinds/sampleKernel.js";
export type { ClusterSweepOptions } from "./kinds/sweep.js";
export type { ClusterTuneOptions, TunedModels } from "./kinds/tune.js";
export { localCluster } from "./local.js";
export { type ClusterOptions, openCluster } from "./open.js";
export type { ClusterAddress } from "./redis.js";
export { Run, type RunProgress, type ShardReport } from "./run.js";
export { folderStore, type Store } from "./store.js";
export { type ClusterWorker, startWorker, type WorkerSettings } from "./worker.js";
