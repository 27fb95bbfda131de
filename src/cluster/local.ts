/** One machine: the jobs of a run one after the other, in this process. What a cluster's answer is compared with. */
import { randomUUID } from "node:crypto";
import { describe } from "../check.js";
import { BackendError } from "../errors.js";
import { Ntk } from "../ntk.js";
import { quoted } from "../words.js";
import { Cluster, type Engine } from "./cluster.js";
import { decode, encode } from "./codec.js";
import { kindOf } from "./kinds/index.js";
import type { Job, Kind, Plan, Reducer } from "./plan.js";
import { cancelled, Run, type RunProgress } from "./run.js";

/** A run of this process: what {@link LocalEngine.resume} goes on from. */
interface LocalRun {
  id: string;
  plan: Plan & { jobs: readonly Job[] };
  kind: Kind;
  reducer: Reducer;
  /** The next job. */
  next: number;
  cancelled: boolean;
  /** The last follower; one follows at a time. */
  last: Promise<unknown>;
}

class LocalEngine implements Engine {
  readonly #ntk: Ntk;
  readonly #runs = new Map<string, LocalRun>();
  #closed = false;

  constructor(ntk: Ntk) {
    this.#ntk = ntk;
  }

  get ntk(): Ntk {
    this.#check();
    return this.#ntk;
  }

  #check(): void {
    if (this.#closed) throw new BackendError("this cluster was closed; localCluster() gives a new one");
  }

  async submit(plan: Plan): Promise<Run<unknown>> {
    // A copy, and what cannot be stored is refused as by a cluster.
    const [shared, reduce] = decode(encode([plan.shared, plan.reduce])) as [unknown, unknown];
    const kind = kindOf(plan.kind);
    const id = randomUUID();
    const jobs: Job[] = [];
    for await (const job of plan.jobs) jobs.push(job);
    const own = { ...plan, jobs, shared, reduce };
    const reducer = kind.reducer(reduce);
    this.#runs.set(id, { id, plan: own, kind, reducer, next: 0, cancelled: false, last: Promise.resolve() });
    return this.resume(id);
  }

  async resume(id: string): Promise<Run<unknown>> {
    const run = this.#runs.get(id);
    if (!run) throw new RangeError(`there is no run ${quoted(id)} in this process; expected the id of a run`);
    this.#check();
    const before = run.last;
    run.cancelled = false;
    return new Run({
      id,
      total: run.plan.jobs.length,
      follow: (report) => {
        const following = before.catch(() => {}).then(() => this.#follow(run, report));
        run.last = following;
        return following;
      },
      cancel: async () => {
        run.cancelled = true;
      },
    });
  }

  async #follow(run: LocalRun, report: (progress: RunProgress) => void) {
    const { plan, kind, reducer, id } = run;
    const { jobs, shared } = plan;
    for (; run.next < jobs.length; ) {
      // A turn of the event loop, in which the caller may cancel.
      await new Promise((resolve) => setImmediate(resolve));
      if (run.cancelled) throw cancelled(id);
      const { ntk } = this;
      const { name, own, operand } = jobs[run.next];
      const start = performance.now();
      const result = await kind.run(ntk, shared, own, operand?.());
      reducer.add(result, run.next++);
      const milliseconds = performance.now() - start;
      const shard = { name, worker: "here", milliseconds, computing: milliseconds, bytesIn: 0, bytesOut: 0 };
      report({ done: run.next, total: jobs.length, shard });
    }
    return reducer.finish();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/**
 * A cluster of one: the jobs of each run one after the other, in this process and without Redis. Answers are to the bit
 * those of `openCluster` on the same variant.
 *
 * @throws TypeError where `ntk` is no `Ntk`.
 * @example
 * import { localCluster } from "ntk-wasm/bullmq";
 * const run = await localCluster(ntk).submitKernel(net, X);
 * (await run.result).rows; // 8
 */
export function localCluster(ntk: Ntk): Cluster {
  if (!(ntk instanceof Ntk)) throw new TypeError(`ntk is ${describe(ntk)}; expected an Ntk: await load()`);
  return new Cluster(new LocalEngine(ntk));
}
