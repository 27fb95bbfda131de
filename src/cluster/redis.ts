/**
 * What lies in Redis: keys of the store, states and small results. Everything stands under a prefix:
 *
 *     <prefix>:identity         who computes the same bits, as JSON
 *     <prefix>:active           ids of the runs under way
 *     <prefix>:run:<id>         hash: state, manifest (key, hash, bytes)
 *     <prefix>:run:<id>:done    hash: job → what came of it, as JSON; written once
 *     <prefix>:run:<id>:failed  hash: job → its error
 *     <prefix>:ntk-wasm-<hash>  BullMQ's queue for one identity
 */
import type { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { describe } from "../check.js";
import { BackendError } from "../errors.js";
import { quoted } from "../words.js";
import { type Identity, shown } from "./identity.js";
import { type Store, type Stored, sha256 } from "./store.js";

/** Tries of a job. */
export const ATTEMPTS = 3;
/** Runs that have ended are forgotten after so many seconds; their results stay in the store. */
const KEPT_SECONDS = 7 * 24 * 3600;
/** Results up to so many bytes lie in Redis, the others in the store. */
export const INLINE_BYTES = 2048;

/** Where a cluster is. */
export interface ClusterAddress {
  /** `redis://host:port`, or `rediss://` for TLS. */
  redis: string;
  /** Where operands and results lie. All machines see the same: `folderStore(path)` of a shared folder, say. */
  store: Store;
  /** Begins all keys in Redis; default `ntk`. Clusters with different prefixes do not know of each other. */
  prefix?: string;
}

/** What a job of the queue says. */
export interface JobData {
  run: string;
  job: number;
}

/** How a run is listed by its submitter, in the store. */
export interface Manifest {
  kind: string;
  shared: Stored;
  reduce: unknown;
  jobs: { name: string; own: unknown; operand: Stored | undefined }[];
}

/** What came of a job. */
export interface Done {
  /** The result: its bytes in base64, or where they are. */
  result: { inline: string } | { stored: Stored };
  worker: string;
  milliseconds: number;
  computing: number;
  bytesIn: number;
  bytesOut: number;
}

export type RunState = "running" | "cancelled" | "failed" | "done";

export const keys = (prefix: string, run = "") => ({
  identity: `${prefix}:identity`,
  active: `${prefix}:active`,
  run: `${prefix}:run:${run}`,
  done: `${prefix}:run:${run}:done`,
  failed: `${prefix}:run:${run}:failed`,
});

/** Checks `redis` and `prefix`. @throws TypeError, RangeError */
export function checkAddress(redis: unknown, prefix: unknown): void {
  if (typeof redis !== "string") throw new TypeError(`redis is ${describe(redis)}; expected redis://host:port`);
  if (!/^rediss?:\/\/./.test(redis)) throw new RangeError(`redis is ${quoted(redis)}; expected redis://host:port`);
  if (typeof prefix !== "string") throw new TypeError(`prefix is ${describe(prefix)}; expected a string`);
  if (!/^[\w-]+$/.test(prefix)) throw new RangeError(`prefix is ${quoted(prefix)}; expected letters, digits, - and _`);
}

type ClientClass = typeof import("ioredis").Redis;

/** BullMQ and its client, which are optional. @throws BackendError where they are not installed */
export async function modules(): Promise<{ bullmq: typeof import("bullmq"); client: ClientClass }> {
  try {
    const [bullmq, { Redis: client }] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, client };
  } catch (cause) {
    throw new BackendError("ntk-wasm/bullmq needs bullmq and ioredis: npm install bullmq ioredis", { cause });
  }
}

/** Milliseconds that the first connection may take. */
const CONNECT_MS = 10_000;

/**
 * A connection that outlives restarts of Redis.
 *
 * @throws BackendError where Redis cannot be reached at first
 */
export async function connect(url: string): Promise<Redis> {
  const { client: Client } = await modules();
  const redis = new Client(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(50 * times, 1000),
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
  });
  // A connection that is lost comes again; commands wait for it.
  let last: unknown;
  redis.on("error", (error) => {
    last = error;
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      redis.disconnect();
      reject(new BackendError(`Redis does not answer at ${url}; is it running?`, { cause: last }));
    }, CONNECT_MS);
  });
  try {
    await Promise.race([redis.connect().then(() => redis.ping()), late]).catch((cause) => {
      if (cause instanceof BackendError) throw cause;
      redis.disconnect();
      throw new BackendError(`Redis does not answer at ${url}; is it running?`, { cause });
    });
  } finally {
    clearTimeout(timer);
  }
  return redis;
}

/** The name of the queue of an identity: workers of another one never see its jobs. */
export function queueName(identity: Identity): string {
  return `ntk-wasm-${sha256(JSON.stringify(identity)).slice(0, 12)}`;
}

export async function openQueue(connection: Redis, prefix: string, identity: Identity): Promise<Queue<JobData>> {
  const { bullmq } = await modules();
  const queue = new bullmq.Queue<JobData>(queueName(identity), {
    connection,
    prefix,
    defaultJobOptions: {
      attempts: ATTEMPTS,
      backoff: { type: "fixed", delay: 200 },
      removeOnComplete: true,
      removeOnFail: false,
    },
  });
  queue.on("error", () => {});
  return queue;
}

export type { Queue, Redis, Worker };

/** What BullMQ calls a job. */
export function jobId(run: string, job: number): string {
  return `${run}-${job}`;
}

/**
 * Refuses an identity that is not that of the cluster. `claim` makes it the cluster's where no run is under way.
 *
 * @throws BackendError
 */
export async function checkIdentity(redis: Redis, prefix: string, own: Identity, claim: boolean): Promise<void> {
  const { identity, active } = keys(prefix);
  const mine = JSON.stringify(own);
  if (claim) await redis.set(identity, mine, "NX");
  const known = await redis.get(identity);
  if (known === null || known === mine) return;
  if (claim) {
    const runs = await redis.smembers(active);
    if (runs.length === 0) {
      await redis.set(identity, mine);
      return;
    }
    throw new BackendError(
      `${refused(known, own)} Its runs ${runs.join(", ")} are not finished: resume them there, or take another prefix.`,
    );
  }
  throw new BackendError(`${refused(known, own)} Start the worker with the cluster's version and variant.`);
}

function refused(known: string, own: Identity): string {
  const theirs = shown(JSON.parse(known) as Identity);
  return `refused: the cluster computes with ${theirs}; this is ${shown(own)}. Results would differ in their bits.`;
}

/** Notes that a run has ended in a state. */
export async function endRun(redis: Redis, prefix: string, run: string, state: RunState): Promise<void> {
  const names = keys(prefix, run);
  await redis
    .multi()
    .hset(names.run, "state", state)
    .srem(names.active, run)
    .expire(names.run, KEPT_SECONDS)
    .expire(names.done, KEPT_SECONDS)
    .expire(names.failed, KEPT_SECONDS)
    .exec();
}

/** Notes that a run is under way, and forgets its failures. */
export async function beginRun(redis: Redis, prefix: string, run: string, manifest: Stored): Promise<void> {
  const names = keys(prefix, run);
  await redis
    .multi()
    .hset(names.run, "state", "running", "manifest", JSON.stringify(manifest))
    .sadd(names.active, run)
    .del(names.failed)
    .persist(names.run)
    .persist(names.done)
    .exec();
}
