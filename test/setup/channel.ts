/** A worker on this thread: the host of src/worker behind a channel, so that a debugger and coverage see both sides. */
import { createJsBackend } from "../../src/backend/js/index.js";
import { Ntk } from "../../src/ntk.js";
import { Host } from "../../src/worker/host.js";
import type { WorkerLike } from "../../src/worker/index.js";
import type { Request } from "../../src/worker/protocol.js";

export interface Channel extends WorkerLike {
  /** The Ntk of the other side, after it was asked to load. */
  readonly ntk: Ntk;
}

/** What `loadInWorker({ worker })` takes. Messages are cloned, and memory is moved, as between threads. */
export function channel(): Channel {
  const { port1, port2 } = new MessageChannel();
  let ntk: Ntk | undefined;
  const host = new Host(
    async () => {
      ntk = new Ntk(createJsBackend());
      return ntk;
    },
    (reply, transfer) => port2.postMessage(reply, transfer as Transferable[]),
  );
  port2.onmessage = ({ data }) => host.receive(data as Request);
  port1.start();
  return {
    get ntk() {
      if (!ntk) throw new Error("the other side has not loaded");
      return ntk;
    },
    postMessage: (message: unknown) => port1.postMessage(message),
    terminate() {
      port1.close();
      port2.close();
    },
    addEventListener: (type: "message", listener: (event: MessageEvent) => void) =>
      port1.addEventListener(type, listener),
  } as Channel;
}
