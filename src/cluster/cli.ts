#!/usr/bin/env node
/** The command `ntk-wasm`: `ntk-wasm worker` computes the jobs of a cluster until it is interrupted. */
import { parseArgs } from "node:util";
import { version } from "../backend/marker.generated.js";
import type { LoadOptions } from "../load.js";
import { shown } from "./identity.js";
import { folderStore } from "./store.js";
import { startWorker } from "./worker.js";

const USAGE = `usage: ntk-wasm worker --redis URL --store DIR [options]

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

/** A number of the command line; what is none stays as it is, and is refused by name. */
function numberOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? (value as unknown as number) : number;
}

async function main(): Promise<void> {
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
