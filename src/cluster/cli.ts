#!/usr/bin/env node
/**
 * The command `ntk-wasm`: `ntk-wasm worker` computes the jobs of a cluster until it is interrupted. The other commands
 * are those of the package ntk-wasm-cli, which has its own dependencies.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { version } from "../backend/marker.generated.js";
import type { LoadOptions } from "../load.js";
import { shown } from "./identity.js";
import { folderStore } from "./store.js";
import { startWorker } from "./worker.js";

const USAGE = `usage: ntk-wasm COMMAND [options]

Commands of the package ntk-wasm-cli (npm install ntk-wasm-cli):

  fit DATA.csv --target COLUMN     fit a table, say how good the fit is, save it
  predict MODEL.json NEW.csv       predict the rows of a table, as CSV
  compare DATA.csv --target COLUMN cross-validate the usual models side by side
  bench                            GFLOP/s and the time of a fit on this machine

Each of them has --help.

Command of this package:

  ntk-wasm worker --redis URL --store DIR [options]

Computes the jobs of a cluster (ntk-wasm/bullmq) until it is interrupted.

  --redis URL          redis://host:port, or rediss:// for TLS
  --store DIR          a folder that all machines of the cluster see
  --prefix NAME        begins the keys in Redis (ntk)
  --variant NAME       relaxed, simd or js (the fastest here; it has to be the cluster's)
  --threads N          threads of a job, or auto (1)
  --concurrency N      jobs under way at a time (1)
  --lock MS            milliseconds after which the job of a silent worker is taken up again (30000)
  --version            prints the version, and ends
`;

const text = { type: "string" } as const;
const OPTIONS = {
  redis: text,
  store: text,
  prefix: text,
  variant: text,
  threads: text,
  concurrency: text,
  lock: text,
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

/** Commands of ntk-wasm-cli. */
const FORWARDED = ["fit", "predict", "compare", "bench"];

interface CommandLine {
  run(args: readonly string[], name: string): Promise<number>;
}

/** The package ntk-wasm-cli: beside this one, or in the project of the current folder. */
async function commandLine(): Promise<CommandLine | undefined> {
  const name = "ntk-wasm-cli";
  const absent = (error: unknown) => {
    const { code } = error as { code?: string };
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error;
    return undefined;
  };
  const beside = await import(name).catch(absent);
  if (beside) return beside;
  try {
    const path = createRequire(join(process.cwd(), "package.json")).resolve(name);
    return await import(pathToFileURL(path).href);
  } catch (error) {
    return absent(error);
  }
}

/** Hands a command over. What the command line says is wrong has status 2, as a package that is not there has. */
async function forward(args: readonly string[]): Promise<number> {
  const found = await commandLine();
  if (found) return found.run(args, "ntk-wasm");
  console.error(
    `ntk-wasm: ${args[0]} is in the package ntk-wasm-cli: npm install ntk-wasm-cli, or npx --package ntk-wasm --package ntk-wasm-cli ntk-wasm ${args[0]} …`,
  );
  return 2;
}

/** A number of the command line; what is none stays as it is, and is refused by name. */
function numberOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? (value as unknown as number) : number;
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (FORWARDED.includes(args[0])) {
    process.exitCode = await forward(args);
    return;
  }
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.version) {
    console.log(`ntk-wasm ${version}`);
    return;
  }
  if (values.help || positionals.length !== 1 || positionals[0] !== "worker") {
    (values.help ? console.log : console.error)(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const { redis, store, prefix, variant, threads, concurrency, lock } = values;
  if (redis === undefined || store === undefined) throw new TypeError("--redis and --store are needed");
  const worker = await startWorker({
    redis,
    store: folderStore(store),
    prefix,
    variant: variant as LoadOptions["variant"],
    threads: threads === "auto" ? "auto" : numberOf(threads),
    concurrency: numberOf(concurrency),
    lockDuration: numberOf(lock),
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => worker.close());
  console.log(`worker ${worker.id}: ${shown(worker.identity)}`);
  await worker.ended;
}

main().catch((error: Error) => {
  console.error(`ntk-wasm: ${error.message}`);
  process.exit(1);
});
