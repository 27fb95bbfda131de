// `npm run example:figure`: the pictures of the README and of the guides, as SVG files beside this script. With a path,
// the README's picture alone, there. The variant is named, so that the same bytes come out on every machine.
import { createNetwork, load } from "ntk-wasm";
import { FRAME, panels, save } from "../lib/picture.mjs";
import { cubic } from "./baselines.mjs";
import { loadMotorcycle } from "./data.mjs";
import { featureMap, fitFigure } from "./figures.mjs";
import { gapPicture, ridgePicture } from "./guideFigures.mjs";
import { fitWithNoise } from "./noise.mjs";

const [path] = process.argv.slice(2);
const ntk = await load({ variant: "simd" });
const data = loadMotorcycle();
const net = createNetwork({ inputs: 1, hidden: 512, activation: "sigmoid", init: "lecun", biasStd: 1, seed: 1 });
const ridges = Array.from({ length: 41 }, (_, i) => 10 ** (-6 + i / 5));
const fit = ntk.fit(net, data.train.x, data.train.y, { ridges, scale: "fit" });
const frame = { ...FRAME, height: 370, marginBottom: 44, marginRight: 24, marginTop: 30 };
const shared = { data, cubic: cubic(ntk, data.train), frame };

save(
  path ?? new URL("fit.svg", import.meta.url),
  fitFigure({ ...shared, fit }),
  "The motorcycle data and the fit of a tangent kernel",
);
if (!path) {
  const size = { width: 280, height: 230 };
  save(
    new URL("families.svg", import.meta.url),
    panels(featureMap(ntk, { points: 121, ...FRAME, ...size, marginLeft: 46, marginBottom: 40 }), {
      columns: 2,
      ...size,
    }),
    "The four families of tangent features",
  );
  const { fit: own, noise } = fitWithNoise(ntk, net, data.train);
  save(
    new URL("noise.svg", import.meta.url),
    fitFigure({ ...shared, fit: own, noise }),
    "The motorcycle data, with a noise for each of eight bins of the time",
  );
  save(new URL("ridges.svg", import.meta.url), ridgePicture(fit), "The evidence of 41 ridges");
  save(
    new URL("gap.svg", import.meta.url),
    gapPicture(ntk, data),
    "The gap against the width, for four initialisations",
  );
}
