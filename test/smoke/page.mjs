// In a page the title tells, in a worker a message.
import { smoke } from "./fit.mjs";

const tell = (text) => (globalThis.document ? Object.assign(document, { title: text }) : postMessage(text));
smoke().then(tell, (error) => tell(`failed: ${error.message}`));
