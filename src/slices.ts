/**
 * Long work as a generator. It yields between slices, so that a page can paint and a worker can read its messages.
 * Plain calls drain it.
 */

/**
 * A turn of the event loop, in which messages are read. Timers would wait 4 ms, and Node reads a channel's own messages
 * first.
 */
export function breath(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** Runs all slices, and returns the result. */
export function drain<Result>(slices: Generator<unknown, Result, void>): Result {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
  }
}
