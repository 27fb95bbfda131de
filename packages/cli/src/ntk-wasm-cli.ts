#!/usr/bin/env node
/** The command `ntk-wasm-cli`. */
import { run } from "./index.js";

process.exitCode = await run(process.argv.slice(2));
