// The README's picture: the fit of the motorcycle data, as fit.svg beside this script (or at the path it is given).
// The variant is named and coordinates are rounded, so that the same bytes come out on every machine.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createNetwork, load } from "ntk-wasm";
import { cubic } from "./baselines.mjs";
import { loadMotorcycle } from "./data.mjs";
import { fitFigure } from "./figures.mjs";

const [path = fileURLToPath(new URL("fit.svg", import.meta.url))] = process.argv.slice(2);
const ntk = await load({ variant: "simd" });
const data = loadMotorcycle();
const net = createNetwork({ inputs: 1, hidden: 512, activation: "sigmoid", init: "lecun", biasStd: 1, seed: 1 });
const ridges = Array.from({ length: 41 }, (_, i) => 10 ** (-6 + i / 5));
const fit = ntk.fit(net, data.train.x, data.train.y, { ridges, scale: "fit" });

const svg = fitFigure({ data, fit, cubic: cubic(ntk, data.train) })
  .replace("  height: intrinsic;\n", "")
  .replace("<style>", "<title>The motorcycle data and the fit of a tangent kernel</title><style>")
  .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#fff;color:#333" ')
  .replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));
writeFileSync(path, `${svg}\n`);
console.log(`wrote ${path}, ${svg.length} bytes`);
