/** What runs in the worker: a `Host` on the port of a web worker, or of one of Node's threads. Bundled into a string by scripts/build.mjs. */
import { instantiateBackend, variantOf } from "../backend/instance.js";
import { createJsBackend } from "../backend/js/index.js";
import { Ntk } from "../ntk.js";
import { Host } from "./host.js";
import { nodeThreads } from "./port.js";
import type { Reply, Request } from "./protocol.js";

/** A web worker's global scope, as far as it is needed. */
interface Scope {
  postMessage?(reply: Reply, transfer: ArrayBuffer[]): void;
  addEventListener(type: "message", listener: (event: { data: Request }) => void): void;
}

const scope = globalThis as unknown as Scope;
const parent = scope.postMessage ? undefined : nodeThreads()?.parentPort;

const host = new Host(
  async ({ precision, module }) =>
    new Ntk(module ? await instantiateBackend(variantOf(module), module) : createJsBackend(), precision),
  (reply, transfer) => (parent ?? (scope as Required<Scope>)).postMessage(reply, transfer),
);
if (parent) parent.on("message", (request) => host.receive(request as Request));
else scope.addEventListener("message", ({ data }) => host.receive(data));
