// Is the linear picture true? Real training against its first-order model on the same data: four initialisations,
// widths from 4 to 4096, a short and a long horizon, rates below and above the largest stable one. And the trained
// network against its kernel, both at the same training loss, over ten random splits.
import { createNetwork } from "ntk-wasm";
import { stage } from "../lib/progress.mjs";
import { randomSplits, rmse } from "./data.mjs";

export const INITS = ["lecun", "ntk", "unit", "smallReadout"];
export const WIDTHS = [4, 16, 64, 256, 1024, 4096];
const SEEDS = 3;
const NETWORK = { biasStd: 1 };
/**
 * Half the largest stable rate, with Nesterov's momentum: on this kernel plain descent would need ten times the steps.
 */
const BELOW = { fraction: 0.5, momentum: 0.9, nesterov: true, recordAt: [0, 1, 2, 5, 20, 60, 200] };
export const [SHORT, LONG] = [20, 200];
/** Plain descent at one and a half times the largest stable rate. */
const ABOVE = { fraction: 1.5, recordAt: [0, 60] };
const ABOVE_WIDTHS = [16, 256, 1024];
/** Initialisations above the bound: the intercept is most of the `ntk` kernel at biasStd 1, and less at 0.5. */
const ABOVE_INITS = [...INITS.map((init) => ({ init, biasStd: 1 })), { init: "ntk", biasStd: 0.5 }];
/** Random splits, each with a network of its own seed. */
const SPLITS = 10;
/** Trained until the loss is that of the ridge regression with the network's kernel. */
const TRAINED = { fraction: 0.5, momentum: 0.9, nesterov: true, steps: 10_000 };
const TRAINED_NETWORKS = ["lecun", "ntk"].flatMap((init) => [16, 64, 256].map((width) => ({ init, width })));

function sweep(
  ntk,
  { train, test },
  { fraction, recordAt, ...rule },
  onProgress,
  widths,
  inits = INITS,
  network = NETWORK,
) {
  return ntk.sweep(train.x, train.y, {
    ...rule,
    widths,
    inits,
    seeds: SEEDS,
    learningRates: [{ fraction }],
    steps: recordAt.at(-1),
    recordAt,
    network,
    Xtest: test.x,
    Ytest: test.y,
    onProgress: ({ done, total }) => onProgress(done, total),
  });
}

const mean = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;
const standardError = (values) =>
  Math.sqrt(values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / (values.length - 1) / values.length);
const short = (value, digits) => (value < 0.01 ? value.toExponential(digits - 1) : value.toPrecision(digits));
const size = (loss) => (loss < 1e4 ? loss.toFixed(2) : loss.toExponential(0));
const withError = (value, error) => `${short(value, 2)} ± ${short(error, 1)}`;

/**
 * Test RMSE of a trained network, and of the ridge regression with its kernel whose ridge has the best evidence. The
 * network is trained to the training loss of the regression. The difference is of pairs: the same split, the same
 * network.
 */
function trainedAgainstKernel(ntk, splits, ridges, { init, width }, tell) {
  const { fraction, ...rule } = TRAINED;
  const runs = splits.map(({ train, test }, seed) => {
    const net = createNetwork({ ...NETWORK, inputs: 1, hidden: width, init, seed });
    const fit = ntk.fit(net, train.x, train.y, { ridges });
    const [inSample, outOfSample] = [train, test].map(({ x, y }) =>
      rmse(fit.predict(x, { variance: false }).mean.data, y.data),
    );
    fit.dispose();
    const path = ntk.dynamics(net, train.x, train.y, {
      momentum: rule.momentum,
      nesterov: rule.nesterov,
      learningRate: 1,
    });
    const learningRate = fraction * path.maxLearningRate;
    path.dispose();
    const untilLoss = inSample ** 2 / 2;
    const { network, stopped, state } = ntk.train(net, train.x, train.y, {
      ...rule,
      learningRate,
      untilLoss,
      recordAt: [],
    });
    const error = rmse(ntk.forward(network, test.x).data, test.y.data);
    tell();
    return { network: error, kernel: outOfSample, reached: stopped === "untilLoss", steps: state.step };
  });
  const of = (value) => [mean(runs.map(value)), standardError(runs.map(value))];
  return {
    init,
    width,
    network: of((run) => run.network),
    kernel: of((run) => run.kernel),
    difference: of((run) => run.network - run.kernel),
    reached: runs.filter((run) => run.reached).length,
    steps: runs.map((run) => run.steps).sort((a, b) => a - b)[Math.floor(runs.length / 2)],
  };
}

/** A trained network beside its first-order model at the long horizon, on a grid of inputs. */
export function sideBySide(ntk, { train }, width, grid) {
  const net = createNetwork({ ...NETWORK, inputs: 1, hidden: width, seed: 0 });
  const { fraction, recordAt: _, ...rule } = BELOW;
  const probe = ntk.dynamics(net, train.x, train.y, { ...rule, learningRate: 1 });
  const learningRate = fraction * probe.maxLearningRate;
  probe.dispose();
  const { network } = ntk.train(net, train.x, train.y, { ...rule, learningRate, steps: LONG, recordAt: [] });
  const path = ntk.dynamics(net, train.x, train.y, { ...rule, learningRate });
  const linear = path.at(LONG, grid).data;
  path.dispose();
  return { trained: ntk.forward(network, grid).data, linear };
}

/** Networks of all widths and initialisations beside their first-order models, at half the largest stable rate. */
export const belowTheBound = (ntk, data, tell) => sweep(ntk, data, BELOW, tell, WIDTHS);

/** Everything that the second half of the report says, as tables of strings and the sweep behind the figures. */
export function lazyExperiment(ntk, data, ridges) {
  const first = stage(`training networks of ${WIDTHS[0]} to ${WIDTHS.at(-1)} units beside their first-order models`);
  const below = belowTheBound(ntk, data, first.tell);
  first.end();
  const second = stage("training above the largest stable rate");
  const above = ABOVE_INITS.map(({ init, biasStd }) => ({
    name: biasStd === 1 ? init : `${init}, biasStd ${biasStd}`,
    init,
    swept: sweep(ntk, data, ABOVE, second.tell, ABOVE_WIDTHS, [init], { biasStd }),
  }));
  second.end();
  const splits = randomSplits(SPLITS);
  const third = stage("training networks to the loss of the regression with their kernel");
  let runs = 0;
  const tell = () => third.tell(++runs, TRAINED_NETWORKS.length * SPLITS);
  const trained = TRAINED_NETWORKS.map((shape) => trainedAgainstKernel(ntk, splits, ridges, shape, tell));
  third.end();
  const at = ({ summary }, init, width, step) =>
    summary.find((row) => row.init === init && row.width === width && row.step === step);
  const gapOf = (row) => withError(row.mean.gap, row.standardError.gap);
  const rms = (loss) => Math.sqrt(2 * loss).toFixed(2);
  const slope = (init, step) => {
    const { gap } = below.exponents.find((row) => row.init === init && row.step === step);
    if (!gap) return "none lazy";
    return `${gap.exponent.toFixed(2)} ± ${gap.standardError.toFixed(2)} (m = ${gap.widths.join(", ")})`;
  };
  const inits = INITS.map((init) => ({
    init,
    rows: WIDTHS.map((width) => [at(below, init, width, SHORT), at(below, init, width, LONG)]),
  }));
  return {
    below,
    gaps: {
      head: [
        "init",
        "m",
        `gap, ${SHORT} steps`,
        `gap, ${LONG} steps`,
        "on test rows",
        "kernel drift",
        "test: network",
        "test: linear",
      ],
      rows: inits.flatMap(({ init, rows }) =>
        rows.map(([early, late]) => [
          init,
          String(late.width),
          gapOf(early),
          gapOf(late),
          withError(late.mean.gapTest, late.standardError.gapTest),
          withError(late.mean.kernelDrift, late.standardError.kernelDrift),
          rms(late.mean.testLoss),
          rms(late.mean.linearTestLoss),
        ]),
      ),
    },
    slopes: {
      head: ["gap ∝ m^…", `${SHORT} steps`, `${LONG} steps`],
      rows: INITS.map((init) => [init, slope(init, SHORT), slope(init, LONG)]),
    },
    catapult: {
      head: ["init", "m", "loss at 0", `network at ${ABOVE.recordAt[1]}`, `linear at ${ABOVE.recordAt[1]}`],
      rows: above.flatMap(({ name, init, swept }) =>
        ABOVE_WIDTHS.map((width) => {
          const end = at(swept, init, width, ABOVE.recordAt[1]);
          const start = at(swept, init, width, 0);
          const linear = end?.mean.linearLoss.toExponential(0) ?? "diverged";
          return [name, String(width), start.mean.loss.toFixed(2), end ? size(end.mean.loss) : "diverged", linear];
        }),
      ),
    },
    trained: {
      head: ["init", "m", "network", "its kernel", "network − kernel", "to the loss in", "reached"],
      rows: trained.map(({ init, width, network, kernel, difference, steps, reached }) => {
        const errors = [network, kernel, difference].map(
          ([value, error]) => `${value.toFixed(3)} ± ${error.toFixed(3)}`,
        );
        return [init, String(width), ...errors, `${steps} steps`, `${reached} of ${SPLITS}`];
      }),
    },
    splits: SPLITS,
    bound: TRAINED.steps,
    seeds: SEEDS,
  };
}
