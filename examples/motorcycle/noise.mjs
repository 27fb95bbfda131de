// The motorcycle's noise is not the same everywhere: before 15 ms the helmet is at rest. `tune` finds a noise for each
// of eight bins of the time. Both noises are compared on test rows: on the example's own split, and on random ones.
import { noiseAt } from "ntk-wasm";
import { stage } from "../lib/progress.mjs";
import { randomSplits } from "./data.mjs";

const SPLITS = 20;

/** Mean negative log predictive density of targets: 0 is a Gaussian of variance 1/2π that is hit at its centre. */
export function nlpd({ mean, variance }, target) {
  const terms = target.map(
    (y, i) => Math.log(2 * Math.PI * variance.data[i]) + (y - mean.data[i]) ** 2 / variance.data[i],
  );
  return terms.reduce((sum, term) => sum + term, 0) / (2 * target.length);
}

/** A fit with a noise for each bin of the time, and the noise of new observations. */
export function fitWithNoise(ntk, net, { x, y }) {
  const tuned = ntk.tune(net, x, y, { noise: "binned" });
  const fit = ntk.fit(tuned.model, x, y, { ridge: tuned.ridge, noise: noiseAt(tuned.noise, x), scale: "fit" });
  const { scale } = fit.report;
  return { tuned, fit, noise: (at) => noiseAt(tuned.noise, at).map((variance) => scale * (tuned.ridge + variance)) };
}

/** The two densities on one split. */
function densities(ntk, net, { train, test }, ridges) {
  const constant = ntk.fit(net, train.x, train.y, { ridges, scale: "fit" });
  const own = fitWithNoise(ntk, net, train);
  const result = [
    nlpd(constant.predict(test.x, { noise: true }), test.y.data),
    nlpd(own.fit.predict(test.x, { noise: own.noise(test.x) }), test.y.data),
  ];
  constant.dispose();
  own.fit.dispose();
  return result;
}

/** Mean and standard error. */
function summary(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(3)} ± ${Math.sqrt(spread / values.length).toFixed(3)}`;
}

/** The fit to draw, and a table of test densities. */
export function noiseExperiment(ntk, net, data, ridges) {
  const own = fitWithNoise(ntk, net, data.train);
  const here = densities(ntk, net, data, ridges);
  const { tell, end } = stage("finding the noise on random splits");
  const runs = randomSplits(SPLITS).map((split, i) => {
    tell(i, SPLITS);
    return densities(ntk, net, split, ridges);
  });
  end();
  const { edges } = own.tuned.noise;
  const times = data.time.invert(Float64Array.from(edges)).data;
  const scale = own.fit.report.scale;
  const spreads = own.tuned.noise.variances.map((variance) => Math.sqrt(scale * (own.tuned.ridge + variance)));
  return {
    ...own,
    densities: here,
    better: runs.filter(([constant, binned]) => binned < constant).length,
    splits: SPLITS,
    table: {
      head: ["test NLPD", "this split", `${SPLITS} random splits`],
      rows: ["constant noise", `noise of ${edges.length + 1} bins`].map((name, i) => [
        name,
        here[i].toFixed(3),
        summary(runs.map((run) => run[i])),
      ]),
    },
    bins: {
      head: ["from (ms)", "noise, standard deviation (g)"],
      rows: spreads.map((spread, bin) => [
        bin === 0 ? "start" : times[bin - 1].toFixed(1),
        (spread * data.accel.std[0]).toFixed(1),
      ]),
    },
  };
}
