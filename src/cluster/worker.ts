/** A worker: takes jobs from the queue, one after the other, and computes them in a thread of its own. */
import { hostname } from "node:os";
import type { Job } from "bullmq";
import { BackendError } from "../errors.js";
import type { LoadOptions } from "../load.js";
import { any, count, optional, or, read, type Schema } from "../options.js";
import { loadInWorker } from "../worker/index.js";
import { packError } from "../worker/protocol.js";
import type { AsyncNtk } from "../worker/types.js";
import { encode } from "./codec.js";
import { type Identity, identityOf } from "./identity.js";
import { kindOf } from "./kinds/index.js";
import {
  ATTEMPTS,
  type ClusterAddress,
  checkAddress,
  checkIdentity,
  connect,
  type Done,
  INLINE_BYTES,
  type JobData,
  keys,
  type Manifest,
  modules,
  queueName,
  type Redis,
} from "./redis.js";
import { checkStore, getValue, type Store, type Stored, sha256 } from "./store.js";

export interface WorkerSettings extends ClusterAddress {
  /** As in `load`; default: the fastest that runs here. It has to be the cluster's. */
  variant?: LoadOptions["variant"];
  /** As in `load`; default 1. Results do not depend on it. */
  threads?: LoadOptions["threads"];
  /** Jobs that are under way at a time; default 1. With 2 one reads and writes while the other computes. */
  concurrency?: number;
  /**
   * Milliseconds after which a job is taken up again whose worker says nothing any more; default 30 000. A worker says
   * so twice in that time, also while it computes.
   */
  lockDuration?: number;
}

/** A worker that runs. */
export interface ClusterWorker {
  /** Its name in reports: machine and process. */
  readonly id: string;
  readonly identity: Identity;
  /** Rejects where the worker has to end: the cluster has taken another version or variant. */
  readonly ended: Promise<void>;
  /** Ends after the jobs under way. */
  close(): Promise<void>;
}

const OPTIONS = {
  redis: any,
  store: any,
  prefix: or(any, "ntk"),
  variant: optional(any),
  threads: optional(any),
  concurrency: or(count, 1),
  lockDuration: or(count, 30_000),
} satisfies Schema<WorkerSettings>;
const EXAMPLE = '{ redis: "redis://localhost:6379", store: folderStore("/shared/ntk") }';
/** Milliseconds between looks at the identity of the cluster. */
const WATCH_MS = 5000;
/** Operands of so many runs are kept. */
const KEPT = 4;

/** Values of the store, the last few of them, each read once. */
class Cache {
  readonly #store: Store;
  readonly #values = new Map<string, Promise<unknown>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The value, and the bytes that were read for it now. */
  async get(stored: Stored): Promise<[value: unknown, bytes: number]> {
    const known = this.#values.get(stored.key);
    const value = known ?? getValue(this.#store, stored);
    this.#values.delete(stored.key);
    this.#values.set(stored.key, value);
    if (this.#values.size > KEPT) this.#values.delete(this.#values.keys().next().value as string);
    try {
      return [await value, known ? 0 : stored.bytes];
    } catch (error) {
      this.#values.delete(stored.key);
      throw error;
    }
  }
}

/** What computes the jobs of a process. */
class Processor {
  readonly #redis: Redis;
  readonly #store: Store;
  readonly #prefix: string;
  readonly #worker: string;
  readonly #cache: Cache;
  readonly #load: () => Promise<AsyncNtk>;
  #ntk: Promise<AsyncNtk>;

  constructor(
    redis: Redis,
    store: Store,
    prefix: string,
    worker: string,
    load: () => Promise<AsyncNtk>,
    ntk: AsyncNtk,
  ) {
    this.#redis = redis;
    this.#store = store;
    this.#prefix = prefix;
    this.#worker = worker;
    this.#cache = new Cache(store);
    this.#load = load;
    this.#ntk = Promise.resolve(ntk);
  }

  /** Computes a job, unless its run is over or it has a result. A result is written once. */
  async take({ data: { run, job }, attemptsMade }: Job<JobData>): Promise<void> {
    const names = keys(this.#prefix, run);
    const [[state, at], known] = await Promise.all([
      this.#redis.hmget(names.run, "state", "manifest"),
      this.#redis.hexists(names.done, String(job)),
    ]);
    if (state !== "running" || typeof at !== "string" || known) return;
    try {
      const done = await this.#compute(run, job, JSON.parse(at) as Stored);
      await this.#redis.hsetnx(names.done, String(job), JSON.stringify(done));
    } catch (error) {
      if (error instanceof BackendError) await this.#again();
      if (attemptsMade + 1 >= ATTEMPTS)
        await this.#redis.hsetnx(names.failed, String(job), JSON.stringify(plain(error)));
      throw error;
    }
  }

  async #compute(run: string, job: number, at: Stored): Promise<Done> {
    const start = performance.now();
    const [manifest, listBytes] = (await this.#cache.get(at)) as [Manifest, number];
    const [shared, sharedBytes] = await this.#cache.get(manifest.shared);
    const { own, operand: stored } = manifest.jobs[job];
    const operand = stored && (await getValue(this.#store, stored));
    const ntk = await this.#ntk;
    const begun = performance.now();
    const value = await kindOf(manifest.kind).run(ntk, shared, own, operand);
    const computing = performance.now() - begun;
    const bytes = encode(value);
    const result = await this.#put(`runs/${run}/${job}`, bytes);
    return {
      result,
      worker: this.#worker,
      milliseconds: performance.now() - start,
      computing,
      bytesIn: listBytes + sharedBytes + (stored?.bytes ?? 0),
      bytesOut: bytes.length,
    };
  }

  async #put(key: string, bytes: Uint8Array): Promise<Done["result"]> {
    if (bytes.length <= INLINE_BYTES) return { inline: Buffer.from(bytes).toString("base64") };
    await this.#store.put(key, bytes);
    return { stored: { key, hash: sha256(bytes), bytes: bytes.length } };
  }

  /** Loads anew where the thread that computes is lost. */
  async #again(): Promise<void> {
    const before = await this.#ntk.catch(() => undefined);
    before?.terminate();
    this.#ntk = this.#load();
    this.#ntk.catch(() => {});
  }

  async end(): Promise<void> {
    (await this.#ntk.catch(() => undefined))?.terminate();
  }
}

/** An error as JSON has it. Lists of numbers, such as the record of a training that diverged, are left out. */
function plain(error: unknown): object {
  const { fields, ...rest } = packError(error);
  const small = Object.entries(fields).filter(([, value]) => typeof value !== "object");
  return { ...rest, cause: undefined, fields: Object.fromEntries(small) };
}

/**
 * Starts a worker in this process. `ntk-wasm worker` is this on the command line. The computation has a thread of its
 * own, so that the worker keeps its claim on a job however long the job takes.
 *
 * @throws TypeError, RangeError for wrong settings; BackendError where bullmq or ioredis is not installed, Redis does
 *   not answer, or the cluster has another version or variant.
 */
export async function startWorker(settings: WorkerSettings): Promise<ClusterWorker> {
  const given = read(settings, "startWorker", EXAMPLE, OPTIONS);
  checkAddress(given.redis, given.prefix);
  const store = checkStore(given.store);
  const [url, prefix] = [given.redis as string, given.prefix as string];
  const { variant, threads } = given as Pick<WorkerSettings, "variant" | "threads">;
  const load = () => loadInWorker({ variant, threads });
  const ntk = await load();
  let redis: Redis | undefined;
  try {
    const identity = await identityOf(ntk);
    redis = await connect(url);
    await checkIdentity(redis, prefix, identity, false);
    const id = `${hostname()}-${process.pid}`;
    const processor = new Processor(redis, store, prefix, id, load, ntk);
    return await listen(redis, prefix, identity, id, processor, given.concurrency, given.lockDuration);
  } catch (error) {
    redis?.disconnect();
    ntk.terminate();
    throw error;
  }
}

/** Takes jobs until the worker is closed. */
async function listen(
  redis: Redis,
  prefix: string,
  identity: Identity,
  id: string,
  processor: Processor,
  concurrency: number,
  lockDuration: number,
): Promise<ClusterWorker> {
  const { bullmq } = await modules();
  const worker = new bullmq.Worker<JobData>(queueName(identity), (job) => processor.take(job), {
    connection: redis,
    prefix,
    concurrency,
    lockDuration,
    stalledInterval: lockDuration,
    // A job may end its worker as often as it may fail.
    maxStalledCount: ATTEMPTS - 1,
    runRetryDelay: 1000,
    removeOnComplete: { count: 0 },
  });
  // A connection that is lost comes again. A job whose claim was lost is taken up by another, with the same bits.
  worker.on("error", () => {});
  let end: (reason?: unknown) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (reason) => (reason === undefined ? resolve() : reject(reason));
  });
  ended.catch(() => {});
  const timer = setInterval(() => {
    checkIdentity(redis, prefix, identity, false).catch((error) => {
      if (error instanceof BackendError) close(error);
    });
  }, WATCH_MS);
  let closing: Promise<void> | undefined;
  const close = (reason?: unknown): Promise<void> => {
    clearInterval(timer);
    closing ??= (async () => {
      await worker.close();
      await processor.end();
      redis.disconnect();
      end(reason);
    })();
    return closing;
  };
  return { id, identity, ended, close: () => close() };
}
