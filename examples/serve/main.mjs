// `npm run example:serve`: saves a fit, serves it from a pool of workers, and measures the server under load on the
// loopback: requests a second, how long they take, and how long the event loop was blocked. Beside it the same fit that
// answers on the event loop itself.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import autocannon from "autocannon";
import Fastify from "fastify";
import { createInfiniteNetwork, load, standardize } from "ntk-wasm";
import { createServer } from "./server.mjs";

const SECONDS = Number(process.env.SECONDS ?? 4);
const CONNECTIONS = 16;
/** Rows of each request: a page of a table. */
const ROWS = 50;

const csv = readFileSync(new URL("../data/diabetes.csv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .slice(1);
const table = csv.map((line) => line.split(",").map(Number));
const { X } = standardize(table.map((row) => row.slice(0, -1)));
const { X: Y } = standardize(table.map((row) => row.at(-1)));
const ntk = await load();
const fit = ntk.fit(createInfiniteNetwork({ activation: "erf", depth: 2 }), X, Y, {
  ridges: [0.1, 0.3, 1, 3, 10],
  scale: "fit",
});
const folder = mkdtempSync(join(tmpdir(), "ntk-wasm-serve-"));
const path = join(folder, "model.bin");
writeFileSync(path, fit.snapshot());
console.log(
  `a fit of ${X.rows} rows and ${X.cols} columns, ridge ${fit.report.ridge}, saved as ${readFileSync(path).length} bytes`,
);

/** What the event loop did while `app` was asked for `SECONDS`. */
async function measured(app) {
  const address = await app.listen({ port: 0, host: "127.0.0.1" });
  const rows = Array.from({ length: ROWS }, (_, i) => Array.from(X.data.subarray(i * X.cols, (i + 1) * X.cols)));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const request = {
    url: `${address}/predict`,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ X: rows }),
    connections: CONNECTIONS,
    workers: 1,
  };
  await autocannon({ ...request, duration: 1 });
  delay.enable();
  const { latency, requests, errors, non2xx } = await autocannon({ ...request, duration: SECONDS });
  delay.disable();
  await app.close();
  const ms = (nanoseconds) => `${(nanoseconds / 1e6).toFixed(1)} ms`;
  return {
    "requests/s": requests.average.toFixed(0),
    p50: `${latency.p50} ms`,
    p99: `${latency.p99} ms`,
    "loop p99": ms(delay.percentile(99)),
    "loop longest": ms(delay.max),
    failed: errors + non2xx,
  };
}

/** The same without workers. */
function direct() {
  const app = Fastify();
  const restored = ntk.restore(readFileSync(path));
  app.post("/predict", async ({ body }) => {
    const { mean, variance } = restored.predict(body.X, { noise: true });
    return { mean: Array.from(mean.data), sd: Array.from(variance.data, Math.sqrt) };
  });
  return app;
}

console.log(`${CONNECTIONS} connections, ${ROWS} rows a request, ${SECONDS} s each\n`);
console.table({
  "on the event loop": await measured(direct()),
  "in a pool of workers": await measured(await createServer(readFileSync(path))),
});
rmSync(folder, { recursive: true });
