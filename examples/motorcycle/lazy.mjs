// Is the linear picture true? Real training against its first-order model on the same data: four initialisations, widths
// 4 … 4096, a short and a long horizon, rates below and above the largest stable one; means and standard errors over seeds.
import { createNetwork } from "ntk-wasm";
import { rmse } from "./data.mjs";

export const WIDTHS = [4, 16, 64, 256, 1024, 4096];
export const INITS = ["lecun", "ntk", "unit", "meanField"];
export const SEEDS = 3;
/** Nesterov's momentum: on this kernel plain descent would need ten times the steps. */
export const MOMENTUM = 0.9;
/** Fractions of each network's own largest stable rate, and the steps looked at. */
export const BELOW = { fraction: 0.5, short: 30, long: 300 };
export const ABOVE = { fraction: 1.5, short: 10, long: 60 };

/** Both sweeps, and their rows joined. */
export function lazyExperiment(ntk, { train, test }) {
  const sweep = ({ fraction, short, long }) =>
    ntk.sweep(train.x, train.y, {
      widths: WIDTHS, inits: INITS, seeds: SEEDS, learningRates: [{ fraction }], momentum: MOMENTUM, nesterov: true,
      steps: long, recordAt: [0, short, long], network: { biasStd: 1 }, Xtest: test.x, Ytest: test.y,
    });
  return { below: sweep(BELOW), above: sweep(ABOVE) };
}
