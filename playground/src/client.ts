// The page's end of the worker. Requests are answered one after the other; of those that wait only the latest is sent.
import { type Remote, wrap } from "comlink";
import type { Service } from "./worker";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "ntk" });

/** Everything that computes. */
export const service: Remote<Service> = wrap<Service>(worker);

/**
 * A function that runs `call` with the latest arguments. While one call runs, newer arguments replace the older ones
 * that wait. After `signal` aborts nothing is reported.
 */
export function latest<A, R>(
  signal: AbortSignal,
  call: (request: A) => Promise<R>,
  done: (result: R, request: A) => void,
  failed: (error: Error) => void,
): (request: A) => void {
  let next: { request: A } | undefined;
  let busy = false;
  const run = async () => {
    busy = true;
    while (next && !signal.aborted) {
      const { request } = next;
      next = undefined;
      try {
        const result = await call(request);
        if (!signal.aborted) done(result, request);
      } catch (error) {
        if (!signal.aborted) failed(error as Error);
      }
    }
    busy = false;
  };
  return (request) => {
    next = { request };
    if (!busy) void run();
  };
}
