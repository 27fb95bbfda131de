// One of the independent processes of bench/threads.mjs: prepares a case, and runs it for some time.
import { createWasmBackend } from "../../dist/backend/atOnce.js";
import { Ntk } from "../../dist/ntk.js";
import { CASES } from "../cases/threads.mjs";
import { turn } from "../threads.mjs";

let contender;
let run;
process.on("message", ({ variant, prepare, run: milliseconds }) => {
  if (variant !== undefined) {
    const backend = createWasmBackend(variant);
    contender = { ntk: new Ntk(backend), backend };
    process.send("ready");
  } else if (prepare !== undefined) {
    run = CASES.find(({ name }) => name === prepare).prepare(contender);
    run();
    process.send("prepared");
  } else process.send(turn(run, milliseconds));
});
