/** The submitting side of a run: queues its jobs, and adds their results in the order of the shards. */
import { BackendError } from "../errors.js";
import { type PlainError, unpackError } from "../worker/protocol.js";
import { decode } from "./codec.js";
import { kindOf } from "./kinds/index.js";
import {
  ATTEMPTS,
  beginRun,
  type Done,
  endRun,
  type JobData,
  jobId,
  keys,
  type Manifest,
  type Queue,
  type Redis,
} from "./redis.js";
import { cancelled, type RunProgress } from "./run.js";
import { getValue, type Store, type Stored } from "./store.js";

/** Jobs of one message to Redis. */
const BATCH = 500;
/** Results that are looked for at a time: what is held beside the sum. */
const WINDOW = 64;
/** Milliseconds between looks where nothing comes. */
const [SOON, LATER] = [4, 100];
/** Milliseconds without a result after which jobs are looked for that Redis has lost, or that have ended workers. */
const QUIET = 1500;

/** What a follower needs. */
export interface Following {
  redis: Redis;
  queue: Queue<JobData>;
  store: Store;
  prefix: string;
  id: string;
  manifest: Manifest;
  stored: Stored;
  /** True once the cluster is closed. */
  closed(): boolean;
}

/** Follows a run to its end. @throws the error of a shard, AbortError, BackendError */
export async function follow(run: Following, report: (progress: RunProgress) => void): Promise<unknown> {
  const { redis, prefix, id, manifest } = run;
  const reducer = kindOf(manifest.kind).reducer(manifest.reduce);
  await beginRun(redis, prefix, id, run.stored);
  try {
    await enqueue(run);
    const total = manifest.jobs.length;
    let [next, pause, heard] = [0, SOON, Date.now()];
    while (next < total) {
      await checkState(run);
      const found = await nextResults(run, next);
      for (const { value, done } of found) {
        reducer.add(value, next);
        const { result: _, ...cost } = done;
        report({ done: next + 1, total, shard: { name: manifest.jobs[next].name, ...cost } });
        next++;
      }
      if (found.length > 0) [pause, heard] = [SOON, Date.now()];
      else {
        if (Date.now() - heard > QUIET) {
          await heal(run, next);
          heard = Date.now();
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(2 * pause, LATER);
      }
    }
    const answer = reducer.finish();
    await endRun(redis, prefix, id, "done");
    return answer;
  } catch (error) {
    if (!run.closed() && (error as Error).name !== "AbortError") await endRun(redis, prefix, id, "failed");
    throw error;
  }
}

/** Queues the jobs that have no result. Jobs that failed before are forgotten first; those that wait stay. */
async function enqueue(run: Following): Promise<void> {
  const { redis, prefix, id, manifest } = run;
  const done = new Set(await redis.hkeys(keys(prefix, id).done));
  const missing = manifest.jobs.map((_, job) => job).filter((job) => !done.has(String(job)));
  for (let at = 0; at < missing.length; at += BATCH) {
    if (run.closed()) throw closedError(id);
    const jobs = missing.slice(at, at + BATCH);
    if (done.size > 0 || at > 0) await checkState(run);
    await requeue(run, jobs);
  }
}

async function requeue({ queue, id, manifest }: Following, jobs: readonly number[]): Promise<void> {
  const names = jobs.map((job) => jobId(id, job));
  // BullMQ ignores a job that it has: one that failed would stay so.
  const failed = new Set((await queue.getFailedCount()) > 0 ? await failedOf(queue, names) : []);
  for (const name of failed) await queue.remove(name);
  await queue.addBulk(
    jobs.map((job, i) => ({ name: manifest.kind, data: { run: id, job }, opts: { jobId: names[i] } })),
  );
}

async function failedOf(queue: Queue<JobData>, names: readonly string[]): Promise<string[]> {
  const states = await Promise.all(names.map((name) => queue.getJobState(name)));
  return names.filter((_, i) => states[i] === "failed");
}

function closedError(id: string): BackendError {
  return new BackendError(`this cluster was closed; the run ${id} goes on, and resume("${id}") follows it again`);
}

/** @throws where the run was cancelled, has failed, or is no more ours to follow */
async function checkState(run: Following): Promise<void> {
  const { redis, prefix, id } = run;
  if (run.closed()) throw closedError(id);
  const names = keys(prefix, id);
  const [state, failed] = await Promise.all([redis.hget(names.run, "state"), redis.hgetall(names.failed)]);
  if (state === "cancelled") throw cancelled(id);
  const [first] = Object.keys(failed)
    .map(Number)
    .sort((a, b) => a - b);
  if (first !== undefined) throw failure(run, first, JSON.parse(failed[first]) as PlainError);
  // Redis has come back without what was written last.
  if (state === null) await beginRun(redis, prefix, id, run.stored);
}

function failure({ id, manifest }: Following, job: number, error: PlainError): Error {
  const cause = unpackError(error);
  const message = `shard "${manifest.jobs[job].name}" failed ${ATTEMPTS} times: ${error.message}; resume("${id}") tries it again`;
  const named = unpackError({ ...error, message, stack: undefined, cause: undefined });
  Object.defineProperty(named, "cause", { value: cause, configurable: true, writable: true });
  return named;
}

/** Fields of a hash, null where there are none. */
async function fields(redis: Redis, key: string, jobs: readonly number[]): Promise<(string | null)[]> {
  return (await redis.call("hmget", [key, ...jobs.map(String)])) as (string | null)[];
}

/** The results of the next shards, as far as there is no gap. */
async function nextResults({ redis, store, prefix, id, manifest }: Following, next: number) {
  const { done } = keys(prefix, id);
  const first = await redis.hget(done, String(next));
  if (first === null) return [];
  const more = Math.min(WINDOW, manifest.jobs.length - next) - 1;
  const others =
    more > 0
      ? await fields(
          redis,
          done,
          Array.from({ length: more }, (_, i) => next + 1 + i),
        )
      : [];
  const gap = others.indexOf(null);
  const records = [first, ...(gap < 0 ? others : others.slice(0, gap))].map(
    (text) => JSON.parse(text as string) as Done,
  );
  const large = records.findIndex(({ result }, i) => i > 0 && "stored" in result && result.stored.bytes > LARGE);
  const taken = large < 0 ? records : records.slice(0, large);
  return Promise.all(
    taken.map(async (record) => {
      const { result } = record;
      const value =
        "inline" in result ? decode(Buffer.from(result.inline, "base64")) : await getValue(store, result.stored);
      return { done: record, value };
    }),
  );
}

/** Results of more bytes are read one at a time. */
const LARGE = 2 ** 20;

/**
 * Looks for the next jobs that have no result: those that Redis has lost are queued again, and those that ended their
 * workers too often fail the run.
 */
async function heal(run: Following, next: number): Promise<void> {
  const { redis, queue, prefix, id, manifest } = run;
  const names = keys(prefix, id);
  const window = Array.from({ length: Math.min(WINDOW, manifest.jobs.length - next) }, (_, i) => next + i);
  const states = await Promise.all(window.map((job) => queue.getJobState(jobId(id, job))));
  const done = await fields(redis, names.done, window);
  const lost = window.filter((_, i) => done[i] === null && states[i] === "unknown");
  if (lost.length > 0) await requeue(run, lost);
  const failed = window.filter((_, i) => done[i] === null && states[i] === "failed");
  for (const job of failed) {
    const reason = (await queue.getJob(jobId(id, job)))?.failedReason ?? "its worker ended";
    const error = { name: "BackendError", message: reason, stack: undefined, cause: undefined, fields: {} };
    await redis.hsetnx(names.failed, String(job), JSON.stringify(error));
  }
}
