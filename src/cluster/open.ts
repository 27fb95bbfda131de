/** `openCluster()`: a cluster whose jobs go to workers through BullMQ. */
import { randomUUID } from "node:crypto";
import { BackendError } from "../errors.js";
import { type LoadOptions, load } from "../load.js";
import type { Ntk } from "../ntk.js";
import { any, optional, or, read, type Schema } from "../options.js";
import { quoted } from "../words.js";
import { Cluster, type Engine } from "./cluster.js";
import { type Following, follow } from "./follow.js";
import { identityOf } from "./identity.js";
import { kindOf } from "./kinds/index.js";
import type { Plan } from "./plan.js";
import {
  beginRun,
  type ClusterAddress,
  checkAddress,
  checkIdentity,
  connect,
  endRun,
  type JobData,
  keys,
  type Manifest,
  openQueue,
  type Queue,
  type Redis,
} from "./redis.js";
import { Run } from "./run.js";
import { checkStore, getValue, putValue, type Store, type Stored } from "./store.js";

export interface ClusterOptions extends ClusterAddress {
  /**
   * What all workers compute with; default: the fastest that runs here, as in `load`. `"simd"` gives the same bits on
   * every machine.
   */
  variant?: LoadOptions["variant"];
}

const OPTIONS = {
  redis: any,
  store: any,
  prefix: or(any, "ntk"),
  variant: optional(any),
} satisfies Schema<ClusterOptions>;
const EXAMPLE = '{ redis: "redis://localhost:6379", store: folderStore("/shared/ntk") }';

class QueueEngine implements Engine {
  readonly #ntk: Ntk;
  readonly #redis: Redis;
  readonly #queue: Queue<JobData>;
  readonly #store: Store;
  readonly #prefix: string;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(ntk: Ntk, redis: Redis, queue: Queue<JobData>, store: Store, prefix: string) {
    this.#ntk = ntk;
    this.#redis = redis;
    this.#queue = queue;
    this.#store = store;
    this.#prefix = prefix;
  }

  get ntk(): Ntk {
    this.#check();
    return this.#ntk;
  }

  async submit({ kind, shared, jobs, reduce }: Plan): Promise<Run<unknown>> {
    // Memory for the result, before anything is stored.
    kindOf(kind).reducer(reduce);
    const manifest: Manifest = { kind, shared: await putValue(this.#store, shared), reduce, jobs: [] };
    for await (const { name, own, operand } of jobs) {
      const stored = operand && (await putValue(this.#store, operand()));
      manifest.jobs.push({ name, own, operand: stored });
    }
    const stored = await putValue(this.#store, manifest);
    const id = randomUUID();
    await beginRun(this.#redis, this.#prefix, id, stored);
    return this.#follow(id, manifest, stored);
  }

  async resume(id: string): Promise<Run<unknown>> {
    this.#check();
    const stored = await this.#redis.hget(keys(this.#prefix, id).run, "manifest");
    if (stored === null) throw new RangeError(`there is no run ${quoted(id)} at this prefix; expected the id of a run`);
    const at = JSON.parse(stored) as Stored;
    const manifest = (await getValue(this.#store, at)) as Manifest;
    await beginRun(this.#redis, this.#prefix, id, at);
    return this.#follow(id, manifest, at);
  }

  #check(): void {
    if (this.#closed) throw new BackendError("this cluster was closed; openCluster() gives a new one");
  }

  #follow(id: string, manifest: Manifest, stored: Stored): Run<unknown> {
    const [redis, prefix] = [this.#redis, this.#prefix];
    const closed = () => this.#closed;
    const all: Following = { redis, queue: this.#queue, store: this.#store, prefix, id, manifest, stored, closed };
    return new Run({
      id,
      total: manifest.jobs.length,
      follow: (report) => {
        const following = follow(all, report);
        const settled = following.then(
          () => {},
          () => {},
        );
        this.#running.add(settled);
        settled.then(() => this.#running.delete(settled));
        return following;
      },
      cancel: () => endRun(redis, prefix, id, "cancelled"),
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#running);
    await this.#queue.close();
    this.#redis.disconnect();
    this.#ntk.dispose();
  }
}

/**
 * Opens a cluster: everything that `ntk-wasm worker` processes with the same `redis`, `store` and `prefix` compute.
 *
 * All of them have the version and the variant of this process; others are refused, because their results would differ
 * in bits. A cluster whose runs have all ended takes a new version or variant.
 *
 * @throws TypeError, RangeError for wrong options; BackendError where bullmq or ioredis is not installed, Redis does
 *   not answer, or runs of another version or variant are under way.
 */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { redis: url, store, prefix, variant } = read(options, "openCluster", EXAMPLE, OPTIONS);
  checkAddress(url, prefix);
  const place = checkStore(store);
  const name = prefix as string;
  const ntk = await load({ variant: variant as LoadOptions["variant"] });
  try {
    const identity = await identityOf(ntk);
    const redis = await connect(url as string);
    try {
      await checkIdentity(redis, name, identity, true);
      return new Cluster(new QueueEngine(ntk, redis, await openQueue(redis, name, identity), place, name));
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  } catch (error) {
    ntk.dispose();
    throw error;
  }
}
