// One of the independent processes of bench/threads.mjs: prepares a case, and runs it for some time.
import { createWasmBackend } from "../../dist/backend/inlined.js";
import { Ntk } from "../../dist/ntk.js";
import { CASES } from "../cases/threads.mjs";
import { turn } from "../threads.mjs";

const ntk = new Ntk(createWasmBackend(process.argv[2]));
let run;
process.on("message", ({ prepare, run: milliseconds }) => {
  if (prepare !== undefined) {
    run = CASES.find(({ name }) => name === prepare).prepare(ntk);
    run();
    process.send("prepared");
  } else process.send(turn(run, milliseconds));
});
process.send("ready");
