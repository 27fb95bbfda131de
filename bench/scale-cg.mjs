// `node bench/scale-cg.mjs`: fits of many points by preconditioned conjugate gradients. It prints iterations, the rank
// of the preconditioner, the parts of the time, the pauses, the backward error, and the most memory of the process.
//
//   --case NAME       10k (default), 30k, lowrank, tune, or all
//   --variant NAME    relaxed, simd or js
//   --activation NAME of the network's units (default sigmoid)
//   --evidence        the log evidence too, with its standard error
//
// The case `tune` chooses the ridge by `tune` with solver cg, at N = 4000.
import { parseArgs } from "node:util";
import { createNetwork, load, rbfKernel } from "../dist/index.js";

const { values: options } = parseArgs({
  options: {
    case: { type: "string", default: "10k" },
    variant: { type: "string" },
    activation: { type: "string", default: "sigmoid" },
    evidence: { type: "boolean", default: false },
  },
});
const ntk = await load(options.variant ? { variant: options.variant } : {});

/** Seeded normals: N×d inputs, and targets with noise. */
function data(N, d) {
  let state = 1;
  const uniform = () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const X = { data: Float64Array.from({ length: N * d }, normal), rows: N, cols: d };
  return { X, Y: Float64Array.from({ length: N }, (_, i) => Math.sin(2 * X.data[i * d]) + 0.1 * normal()) };
}

const seconds = (from, to = performance.now()) => `${((to - from) / 1000).toFixed(2)} s`;

function iterative(N, m, d = 8, ridge = 0.1) {
  const { X, Y } = data(N, d);
  const net = createNetwork({ inputs: d, hidden: m, activation: options.activation, seed: 1 });
  const began = performance.now();
  let prepared = began;
  const pauses = [];
  const slices = ntk.fitting(net, X, Y, { ridge, solver: "cg" });
  let slice = slices.next();
  for (let since = performance.now(); !slice.done; slice = slices.next()) {
    const now = performance.now();
    pauses.push(now - since);
    since = now;
    if (slice.value.iteration === 0) prepared = now;
  }
  const fit = slice.value;
  const at = (part) => pauses.toSorted((a, b) => a - b)[Math.floor(part * (pauses.length - 1))].toFixed(0);
  const { iterations, preconditionerRank, backwardError } = fit.report;
  console.log(
    `cg N=${N} m=${m} d=${d} ridge ${ridge} (${ntk.variant}): ${iterations} iterations, rank ${preconditionerRank}, ` +
      `${seconds(began)} (${seconds(began, prepared)} before the first iteration), ` +
      `backward error ${backwardError.toExponential(1)}, most memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
  );
  console.log(`   ${pauses.length} slices, median ${at(0.5)} ms, 99 % within ${at(0.99)} ms, longest ${at(1)} ms`);
  if (!options.evidence) return;
  const asked = performance.now();
  const { logEvidence, logEvidenceError } = fit.report;
  console.log(`   log evidence ${logEvidence.toFixed(2)} ± ${logEvidenceError.toFixed(2)}, ${seconds(asked)}`);
}

function lowRank(N) {
  const { X, Y } = data(N, 1);
  const began = performance.now();
  const fit = ntk.fit(rbfKernel(), X, Y, { ridge: 0.1, solver: "lowrank" });
  const { rank, relative, bound } = fit.report.approximation;
  console.log(
    `lowrank N=${N} (${ntk.variant}): rank ${rank}, ${seconds(began)}, trace error ${relative.toExponential(1)}, ` +
      `dual weights to ${bound.toExponential(1)}, backward error ${fit.report.backwardError.toExponential(1)}`,
  );
}

function tune(N, m, d = 8) {
  const { X, Y } = data(N, d);
  const net = createNetwork({ inputs: d, hidden: m, activation: options.activation, seed: 1 });
  const began = performance.now();
  const { ridge, score, scoreError, trace } = ntk.tune(net, X, Y, { solver: "cg" });
  console.log(
    `tune by cg N=${N} m=${m} d=${d} (${ntk.variant}): ridge ${ridge.toPrecision(3)} of ${trace.length} tried, ` +
      `score ${score.toFixed(2)} ± ${scoreError.toFixed(2)}, ${seconds(began)}`,
  );
}

const cases = {
  "10k": () => iterative(10_000, 1024),
  "30k": () => iterative(30_000, 2560),
  lowrank: () => lowRank(20_000),
  tune: () => tune(4000, 512),
};
const chosen = options.case === "all" ? Object.keys(cases) : [options.case];
for (const name of chosen) {
  if (!cases[name]) throw new Error(`--case is ${name}; expected ${Object.keys(cases).join(", ")} or all`);
  cases[name]();
}
