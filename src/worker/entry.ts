/**
 * What runs in the worker: a `Host` on the port of a web worker, or of one of Node's threads. scripts/build.mjs bundles
 * it into a string.
 */

import { createJsBackend } from "../backend/js/index.js";
import { instantiateBackend, variantOf } from "../backend/wasmModule.js";
import { Ntk } from "../ntk.js";
import { Host } from "./host.js";
import { nodeThreads } from "./port.js";
import type { Reply, Request } from "./protocol.js";

/** A web worker's global scope, as far as it is needed. */
interface Scope {
  postMessage?(reply: Reply, transfer: ArrayBuffer[]): void;
  addEventListener(type: "message" | "messageerror", listener: (event: { data: unknown }) => void): void;
}

const scope = globalThis as unknown as Scope;
const parent = scope.postMessage ? undefined : nodeThreads()?.parentPort;

function post(reply: Reply, transfer: ArrayBuffer[]): void {
  (parent ?? (scope as Required<Scope>)).postMessage(reply, transfer);
}

const host = new Host(async ({ precision, module, threads, variantReason, threadsReason }) => {
  const backend = module ? await instantiateBackend(variantOf(module), module, threads) : createJsBackend();
  return new Ntk(backend, precision, variantReason, threadsReason);
}, post);
const unread = () => post({ type: "down", reason: "it could not read a message" }, []);
if (parent) {
  parent.on("message", (request) => host.receive(request as Request));
  parent.on("messageerror", unread);
} else {
  scope.addEventListener("message", ({ data }) => host.receive(data as Request));
  scope.addEventListener("messageerror", unread);
}
post({ type: "ready" }, []);
