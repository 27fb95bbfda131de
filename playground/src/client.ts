// The page's end of the worker. Requests are answered one after the other; of those that wait only the latest is sent.
import { type Remote, wrap } from "comlink";
import type { Service } from "./worker";

/** Rejects where the worker cannot be loaded; else it stays open. */
let broken: (reason: Error) => void;
const breakage = new Promise<never>((_, reject) => {
  broken = reject;
});
breakage.catch(() => {});

/** What the browser tells of a worker's script that did not load is next to nothing. */
function reasonOf(message: string): Error {
  const why = policy
    ? `the page's content security policy forbids it (${policy})`
    : message || "its script could not be fetched, or is none";
  return new Error(
    `The worker that computes could not be started: ${why}. Nothing can be computed here; reload to try again.`,
  );
}

let policy = "";
let alive = false;
document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
  if (/worker|script|child/.test(effectiveDirective)) policy = effectiveDirective;
});

function start(): Remote<Service> | undefined {
  try {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "ntk" });
    worker.addEventListener("error", (event) => {
      // Errors of calls come back as answers: this is one of loading, or of a worker that has died.
      if (!alive) broken(reasonOf(event.message ?? ""));
    });
    return wrap<Service>(worker);
  } catch (error) {
    broken(reasonOf((error as Error).message));
    return undefined;
  }
}

const remote = start();

/** Everything that computes. A call is rejected where the worker did not load. */
export const service = new Proxy({} as Remote<Service>, {
  get:
    (_, name: keyof Service) =>
    (...given: unknown[]) => {
      const call = remote?.[name] as ((...values: unknown[]) => Promise<unknown>) | undefined;
      return Promise.race([breakage, ...(call ? [call(...given)] : [])]);
    },
});

/** What computes, once it is there. @throws (the promise is rejected) where nothing does. */
export const ready: Promise<{ variant: string; reason: string | undefined }> = service.ready().then((answer) => {
  alive = true;
  return answer;
});
ready.catch(() => {});

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
