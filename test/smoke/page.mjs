// In a page the title tells, in a worker a message. A page may say how to start the worker.
import { smoke } from "./fit.mjs";

const tell = (text) => (globalThis.document ? Object.assign(document, { title: text }) : postMessage(text));
const script = globalThis.document?.querySelector("script[data-worker]")?.dataset;
const how = {
  url: () => ({ url: script.address }),
  worker: () => ({ worker: () => new Worker(script.address, { type: "module" }) }),
};
smoke(how[script?.worker]?.()).then(tell, (error) => tell(`failed: ${error.message}`));
