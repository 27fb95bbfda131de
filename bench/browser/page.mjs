// In the page: `bench.start` and then `bench.run` for each case, called by bench/browser.mjs from outside.
import { load } from "ntk-wasm";
import { supports } from "/dist/backend/inlined.js";
import { CASES, resident } from "../cases/float64.mjs";
import { clockResolution, measure, peaks } from "../lib/race.mjs";

let settings;

globalThis.bench = {
  /** What this browser is: variants that run, clock, and the names of the cases. */
  start({ rounds, minimumMs, binaries }) {
    const variants = [...["relaxed", "simd"].filter(supports), "js"];
    const decoded = variants.filter((name) => name !== "js").map((name) => [name, decode(binaries[name])]);
    const peak = peaks(Object.fromEntries(decoded), minimumMs);
    const context = { context: resident, load: (variant, precision = "float64") => load({ variant, precision }) };
    settings = { variants, reference: "js", peak, rounds, minimumMs, ...context };
    const isolated = globalThis.crossOriginIsolated;
    return { variants, resolution: clockResolution(), isolated, names: CASES.map(({ name }) => name) };
  },
  run: (name) =>
    measure(
      CASES.find((item) => item.name === name),
      settings,
    ),
  peak: () => Object.fromEntries(Object.entries(settings.peak).map(([name, run]) => [name, run()])),
};

const decode = (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
