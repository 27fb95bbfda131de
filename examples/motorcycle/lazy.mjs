// Is the linear picture true? Real training against its first-order model on the same data: four initialisations,
// widths from 4 to 4096, a short and a long horizon, rates below and above the largest stable one. And the trained
// network against its kernel.
import { createNetwork } from "ntk-wasm";
import { rmse } from "./data.mjs";

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
const TRAINED = { widths: [16, 64, 256], fraction: 0.9, momentum: 0.9, nesterov: true, steps: 800 };

function sweep(ntk, { train, test }, { fraction, recordAt, ...rule }, widths) {
  return ntk.sweep(train.x, train.y, {
    ...rule,
    widths,
    inits: INITS,
    seeds: SEEDS,
    learningRates: [{ fraction }],
    steps: recordAt.at(-1),
    recordAt,
    network: NETWORK,
    Xtest: test.x,
    Ytest: test.y,
  });
}

const mean = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;
const standardError = (values) =>
  Math.sqrt(values.reduce((sum, x) => sum + (x - mean(values)) ** 2, 0) / (values.length - 1) / values.length);
const short = (value, digits) => (value < 0.01 ? value.toExponential(digits - 1) : value.toPrecision(digits));
const size = (loss) => (loss < 1e4 ? loss.toFixed(2) : loss.toExponential(0));
const withError = (value, error) => `${short(value, 2)} ± ${short(error, 1)}`;

/** Test RMSE of the trained network and of the ridge regression with its kernel, over seeds. */
function trainedAgainstKernel(ntk, { train, test }, ridges) {
  const trained = sweep(ntk, { train, test }, { ...TRAINED, recordAt: [TRAINED.steps] }, TRAINED.widths);
  return trained.summary.map(({ init, width }) => {
    const runs = trained.runs.filter((run) => run.init === init && run.width === width);
    const networks = runs.map((run) => Math.sqrt(2 * run.testLoss.at(-1)));
    const kernels = runs.map(({ seed }) => {
      const fit = ntk.fit(createNetwork({ ...NETWORK, inputs: 1, hidden: width, init, seed }), train.x, train.y, {
        ridges,
      });
      const error = rmse(fit.predict(test.x, { variance: false }).mean.data, test.y.data);
      fit.dispose();
      return error;
    });
    return {
      init,
      width,
      network: [mean(networks), standardError(networks)],
      kernel: [mean(kernels), standardError(kernels)],
    };
  });
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

/** Everything that the second half of the report says, as tables of strings and the sweep behind the figures. */
export function lazyExperiment(ntk, data, ridges) {
  const below = sweep(ntk, data, BELOW, WIDTHS);
  const above = sweep(ntk, data, ABOVE, ABOVE_WIDTHS);
  const at = ({ summary }, init, width, step) =>
    summary.find((row) => row.init === init && row.width === width && row.step === step);
  const gapOf = (row) => withError(row.mean.gap, row.standardError.gap);
  const rms = (loss) => Math.sqrt(2 * loss).toFixed(2);
  const slope = (init, step) => {
    const { gap } = below.exponents.find((row) => row.init === init && row.step === step);
    return gap ? `${gap.exponent.toFixed(2)} ± ${gap.standardError.toFixed(2)}` : "none lazy";
  };
  const inits = INITS.map((init) => ({
    init,
    rows: WIDTHS.map((width) => [at(below, init, width, SHORT), at(below, init, width, LONG)]),
  }));
  return {
    below,
    gaps: {
      head: ["init", "m", `gap, ${SHORT} steps`, `gap, ${LONG} steps`, "kernel drift", "test: network", "test: linear"],
      rows: inits.flatMap(({ init, rows }) =>
        rows.map(([early, late]) => [
          init,
          String(late.width),
          gapOf(early),
          gapOf(late),
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
      rows: INITS.flatMap((init) =>
        ABOVE_WIDTHS.map((width) => {
          const end = at(above, init, width, ABOVE.recordAt[1]);
          const start = at(above, init, width, 0);
          const linear = end?.mean.linearLoss.toExponential(0) ?? "diverged";
          return [init, String(width), start.mean.loss.toFixed(2), end ? size(end.mean.loss) : "diverged", linear];
        }),
      ),
    },
    trained: {
      head: ["init", "m", `trained, ${TRAINED.steps} steps`, "its kernel, evidence's ridge"],
      rows: trainedAgainstKernel(ntk, data, ridges).map(({ init, width, network, kernel }) => [
        init,
        String(width),
        ...[network, kernel].map(([value, error]) => `${value.toFixed(3)} ± ${error.toFixed(3)}`),
      ]),
    },
    seeds: SEEDS,
  };
}
