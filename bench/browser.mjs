// `npm run bench:browser`: cases of bench/cases/float64.mjs in headless Chromium and Firefox. They are measured as in
// Node (bench/lib/race.mjs), on a page that a loopback server gives. Prints a Markdown table for each browser, and
// writes it and a JSON file to bench/results/. A browser that is missing is named and skipped.
//
//   --only REGEX     cases whose name matches
//   --rounds N      rounds a case (default 7)
//   --browser NAME   chromium or firefox alone
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { BROWSERS } from "../scripts/browsers.mjs";
import { serve } from "./browser/server.mjs";
import { machine, peakBinaries } from "./lib/machine.mjs";
import { busy, table } from "./lib/race.mjs";

const DEFAULT = "^(features, |kernel|deep kernel N=500|gemm|Cholesky 1000|solve 1000, 32|fit \\+ 200|eigh 500)";
/** A turn is at least this long: 20 steps of the coarsest clock (1 ms). */
const MINIMUM_MS = 20;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: DEFAULT },
    rounds: { type: "string", default: "7" },
    browser: { type: "string" },
  },
});
const rounds = Number(options.rounds);
const binaries = Object.fromEntries(
  Object.entries(peakBinaries(["relaxed", "simd"])).map(([name, bytes]) => [name, bytes.toString("base64")]),
);

async function run({ name, path, launch }, url) {
  const { version, page, close } = await launch(path);
  try {
    await page.goto(url);
    await page.waitForFunction(() => globalThis.bench !== undefined);
    const settings = { rounds, minimumMs: MINIMUM_MS, binaries };
    const { variants, resolution, isolated, names } = await page.evaluate((s) => globalThis.bench.start(s), settings);
    const { cpu, cores } = machine();
    const chosen = names.filter((label) => new RegExp(options.only).test(label));
    if (chosen.length === 0) throw new Error(`--only ${options.only} matches none of: ${names.join("; ")}`);
    const { head, row: line } = table(chosen, "js");
    const lines = [
      `${version}, ${cpu}, ${cores} cores, one thread; variants ${variants.join(", ")}; medians of ${rounds} rounds, contenders alternated.`,
      `Clock: steps of ${(resolution * 1000).toFixed(0)} µs${isolated ? " (isolated page)" : ""}; short runs repeated for turns of ${MINIMUM_MS} ms or more.`,
      "Share: of the register peak (12 chains, no loads) measured in the same page; fused for relaxed, multiply+add for simd and js.",
      "Spread: the middle half of the rounds beside their median.",
      "",
      ...head,
    ];
    for (const line of lines) console.log(line);
    const rows = [];
    for (const item of chosen) {
      for (const row of await page.evaluate((label) => globalThis.bench.run(label), item)) {
        rows.push(row);
        lines.push(line(row));
        console.log(lines.at(-1));
      }
    }
    const warning = busy(rows);
    if (warning) {
      lines.push("", warning);
      console.log(`\n${warning}`);
    }
    const peak = await page.evaluate(() => globalThis.bench.peak());
    const summary = Object.entries(peak).map(([variant, gflops]) => `${variant} ${gflops.toFixed(1)}`);
    console.log(`\nregister peak at the end, GFLOP/s: ${summary.join(", ")}\n`);
    write(`browser-${name}`, lines, { version, cpu, cores, resolution, rounds, rows });
  } finally {
    await close();
  }
}

function write(name, lines, data) {
  const folder = new URL("results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.md`, folder), `${lines.join("\n")}\n`);
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(data, null, 1)}\n`);
}

const { url, close } = await serve();
try {
  for (const browser of BROWSERS.filter(({ name }) => !options.browser || name === options.browser)) {
    if (existsSync(browser.path)) await run(browser, url);
    else console.log(`skipped: ${browser.name} (${browser.path} is not there: ${browser.missing})\n`);
  }
} finally {
  close();
}
