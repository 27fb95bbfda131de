/** Node's workers, seen: those that run, and a way to alter what the next ones do. */
import { setTimeout as delay } from "node:timers/promises";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { patience } from "../../scripts/slowness.mjs";

const threads = process.getBuiltinModule("node:worker_threads") as { Worker: typeof Worker };

/** Puts a Worker of the test in the place of Node's; `restore` undoes it. */
export function watchWorkers() {
  const live = new Set<Worker>();
  const watched = {
    live,
    /** The script of the next workers. */
    script: (script: string): string => script,
    /** Called before a worker is made, with how many were made before; it may throw. */
    onMake: (_count: number): void => {},
    made: 0,
    reset() {
      watched.script = (script) => script;
      watched.onMake = () => {};
      watched.made = 0;
    },
    /** Waits until all workers have ended; true where they do. */
    async ended(): Promise<boolean> {
      const end = performance.now() + patience(10_000);
      while (live.size > 0 && performance.now() < end) await delay(5);
      return live.size === 0;
    },
    restore() {
      threads.Worker = Worker;
    },
  };
  threads.Worker = class extends Worker {
    constructor(script: string | URL, options?: WorkerOptions) {
      watched.onMake(watched.made++);
      super(typeof script === "string" ? watched.script(script) : script, options);
      live.add(this);
      this.on("exit", () => live.delete(this));
    }
  };
  return watched;
}
