// `npm start`: what the project is about, on real data. Draws a network, and fits its tangent kernel to the motorcycle
// data with the ridge of the best profiled evidence. Compares the fit with two baselines and WebAssembly with
// JavaScript, and writes a page.
import { createNetwork, load } from "ntk-wasm";
import { stage } from "../lib/progress.mjs";
import { constant, cubic } from "./baselines.mjs";
import { loadMotorcycle, rmse } from "./data.mjs";
import { featureMap, fitFigure, kernelFigure, kernelLegend, spectrumFigure } from "./figures.mjs";
import { LONG, lazyExperiment, SHORT } from "./lazy.mjs";
import { COLOURS, driftFigures, gapFigure, sideFigures } from "./lazyFigures.mjs";
import { noiseExperiment } from "./noise.mjs";
import { table, writePage } from "./page.mjs";
import { compareBackends, timedSize } from "./timing.mjs";

const FAMILIES = { a: "constant", b: "sigmoids", c: "impulse responses", d: "bells" };

const ntk = await load();
const data = loadMotorcycle();
const { train, test } = data;
console.log(`ntk-wasm on ${ntk.backend}/${ntk.variant}, Node ${process.versions.node}`);
console.log(`motorcycle data: ${data.rows} rows, ${train.x.rows} to train and ${test.x.rows} to test, standardised\n`);

const net = createNetwork({ inputs: 1, hidden: 512, activation: "sigmoid", init: "lecun", biasStd: 1, seed: 1 });
console.log("network: 512 sigmoids, LeCun weights, biasStd 1, seed 1; its tangent features:");
for (const { name, length } of net.blocks) console.log(`  ${FAMILIES[name].padEnd(18)} ${String(length).padStart(4)}`);
console.log(`  ${"together".padEnd(18)} ${String(net.parameters.length).padStart(4)}\n`);

const ridges = Array.from({ length: 41 }, (_, i) => 10 ** (-6 + i / 5));
const fit = ntk.fit(net, train.x, train.y, { ridges, scale: "fit" });
const cubicAt = cubic(ntk, train);
const errors = {
  "tangent kernel": rmse(fit.predict(test.x, { variance: false }).mean.data, test.y.data),
  "cubic polynomial": rmse(cubicAt(test.x), test.y.data),
  constant: rmse(constant(train)(test.x), test.y.data),
};
console.log(
  `test RMSE, in units of the target's standard deviation (ridge by profiled evidence, ${ridges.length} on the path):`,
);
for (const [name, error] of Object.entries(errors)) console.log(`  ${name.padEnd(18)} ${error.toFixed(3)}`);

const { report } = fit;
const loo = Math.sqrt(report.looResiduals.data.reduce((sum, r) => sum + r * r, 0) / train.x.rows);
const facts = [
  ["solver", report.solver],
  ["ridge λ", report.ridge.toPrecision(3)],
  ["scale s", report.scale.toPrecision(3)],
  ["numerical rank of Θ", `${report.rank} of ${train.x.rows}`],
  ["degrees of freedom", report.degreesOfFreedom.toFixed(1)],
  ["condition number", report.conditionNumber.toExponential(1)],
  ["backward error", report.backwardError.toExponential(1)],
  ["log evidence, profiled", report.logEvidenceProfiled.toFixed(2)],
  ["leave-one-out RMSE", loo.toFixed(3)],
];
console.log("\nreport:");
for (const [name, value] of facts) console.log(`  ${name.padEnd(24)} ${value}`);

const print = ({ head, rows }) => {
  const lines = [head, ...rows];
  const width = head.map((_, column) => lines.reduce((top, line) => Math.max(top, line[column].length), 0));
  for (const line of lines) console.log(`  ${line.map((cell, column) => cell.padEnd(width[column])).join("  ")}`);
};
const noisy = noiseExperiment(ntk, net, data, ridges);
console.log("\nnoise that changes with time: mean negative log density of test rows (NLPD), standardised targets");
print(noisy.table);
console.log(`  the bins are better in ${noisy.better} of ${noisy.splits} random splits`);
print(noisy.bins);

const measuring = stage("measuring WebAssembly against JavaScript");
const timings = await compareBackends(ntk.variant);
measuring.end();
const timed = timings.map(({ what, wasm, js, ratio }) => [
  what,
  wasm.toFixed(2),
  js.toFixed(2),
  `${ratio.toFixed(1)}×`,
]);
console.log(
  `\ntime in ms at N = ${timedSize.N}, m = ${timedSize.hidden} (medians of ${timedSize.rounds}, alternated):`,
);
console.log(`  ${"".padEnd(26)} ${ntk.variant.padStart(8)} ${"js".padStart(8)} ${"js/wasm".padStart(8)}`);
for (const [what, wasm, js, ratio] of timed)
  console.log(`  ${what.padEnd(26)} ${wasm.padStart(8)} ${js.padStart(8)} ${ratio.padStart(8)}`);

const key = ({ domain, range }) =>
  domain.map((name, i) => `<span class="key" style="background:${range[i]}"></span> ${name}`).join(" ");
const lazy = lazyExperiment(ntk, data, ridges);
console.log(
  `\nis the linear picture true? gap = ‖f_net − f_lin‖/‖f_lin − f0‖, mean ± standard error of ${lazy.seeds} seeds, half the`,
);
console.log("largest stable rate, Nesterov momentum 0.9; test errors in units of the target's standard deviation");
print(lazy.gaps);
console.log("\nexponents of the gap, with the widths whose gap is below 0.1, on which they rest");
print(lazy.slopes);
console.log("\nplain descent at 1.5 times the largest stable rate: the linear model diverges, the network may not");
print(lazy.catapult);
console.log(
  `\ntrained network against ridge regression with its kernel (evidence's ridge), test RMSE over ${lazy.splits} random splits of 100`,
);
console.log(
  `and 33 rows, a seed each; the network stops at the regression's training loss, or after ${lazy.bound} steps`,
);
print(lazy.trained);

const { values } = ntk.eigh(ntk.kernel(net, train.x));
const path = writePage({
  title: "A network’s tangent kernel on the motorcycle data",
  lead:
    "A wide network, expanded to first order around its random start θ₀, is a linear regression on the features φ(x) = ∇f(x, θ₀). " +
    "This page shows those features, the regression on real data, and the kernel behind it.",
  sections: [
    {
      title: "The features: four families",
      html: `<p>f(x, θ) = a + Σ b<sub>j</sub> σ(c<sub>j</sub>x + d<sub>j</sub>). Its gradient in θ has one constant, and for each hidden unit a sigmoid, an impulse
response and a bell. Each colour is one of seven hidden units of a random network; the curves are columns of the Jacobian. Biases spread the
centres −d/c along x: with zero biases every bell would sit at 0.</p><div class="panels">${featureMap(ntk)
        .map((figure) => `<figure>${figure}</figure>`)
        .join("")}</div>`,
    },
    {
      title: "The fit",
      html: `<figure>${fitFigure({ data, fit, cubic: cubicAt })}<figcaption>Mean and ±2σ band of new observations (512 sigmoids, LeCun, biasStd 1).
<span class="key" style="background:#4269d0"></span> training rows and mean <span class="key" style="background:#ff725c"></span> test rows
<span class="key" style="background:#9498a0"></span> cubic (dashed). The noise is taken as the same everywhere, which these data deny before 15 ms.</figcaption></figure>
<div class="scroll">${table(
        ["test RMSE", "in target std"],
        Object.entries(errors).map(([name, error]) => [name, error.toFixed(3)]),
      )}</div>
<p class="soft">The ridge is the one with the best profiled evidence of ${ridges.length}.</p><div class="scroll">${table(["report", "value"], facts)}</div>`,
    },
    {
      title: "Noise that changes with time",
      html: `<figure>${fitFigure({ data, fit: noisy.fit, cubic: cubicAt, noise: noisy.noise })}<figcaption>The same with a noise for each of
${noisy.bins.rows.length} bins of the time, which have equally many training rows. Their variances are those of the best evidence.</figcaption></figure>
<div class="scroll">${table(noisy.table.head, noisy.table.rows)}</div>
<p class="soft">NLPD: the mean negative log predictive density of test rows, in units of the target's standard deviation; mean ± standard error.
The bins are better in ${noisy.better} of ${noisy.splits} random splits.</p><div class="scroll">${table(noisy.bins.head, noisy.bins.rows)}</div>`,
    },
    {
      title: "The kernel",
      html: `<figure>${kernelFigure(ntk, net, data)}${kernelLegend(ntk, net, data)}<figcaption>Θ(t, t′) over the range of the data. With LeCun weights most of it is the part of the
output weights (1 + SSᵀ); the hidden layer adds a fraction of order 1/m.</figcaption></figure>`,
    },
    {
      title: "Its spectrum",
      html: `<figure>${spectrumFigure(values, report.ridge)}<figcaption>Eigenvalues of Θ on the ${train.x.rows} training inputs. Those above the ridge are learned, those below are left to the
prior: ${report.degreesOfFreedom.toFixed(1)} degrees of freedom in use. Grey: at rounding level (Nε times the largest).</figcaption></figure>`,
    },
    {
      title: "Is the linear picture true?",
      html: `<p>The same data, the same start: gradient descent of the network itself, and of its first-order model in closed form. The gap is
their distance, relative to how far the linear model has moved.</p>
<figure>${gapFigure(lazy.below)}<figcaption>Gap on the training inputs after ${SHORT} and ${LONG} steps at half the largest stable rate (Nesterov momentum 0.9);
bars: standard error of ${lazy.seeds} seeds; lines: power laws fitted where the gap is below 0.1. ${key(COLOURS)}; circles ${SHORT} steps, crosses ${LONG}.</figcaption></figure>
<div class="scroll">${table(lazy.slopes.head, lazy.slopes.rows)}</div>
<div class="panels">${sideFigures(ntk, data, [16, 4096])
        .map((figure) => `<figure>${figure}</figure>`)
        .join("")}</div>
<p class="soft">LeCun, ${LONG} steps: the trained network (blue) and its first-order model (red, dashed). The narrow one has left its tangent; the wide one
has not, and has learned less in as many steps.</p>
<div class="panels">${driftFigures(lazy.below)
        .map((figure) => `<figure>${figure}</figure>`)
        .join("")}</div>
<p class="soft">Kernel drift ‖Θ_t − Θ_0‖/‖Θ_0‖ along training, for each width.</p>
<div class="scroll">${table(lazy.gaps.head, lazy.gaps.rows)}</div>`,
    },
    {
      title: "Where it breaks",
      html: `<p>Plain descent at 1.5 times the largest stable rate: the linear model diverges. Most networks do not: within a few steps they move to where
the kernel is smaller, and then converge (the “catapult”). An <code>ntk</code> network with biasStd 1 cannot: its intercept is 72 % of the kernel, and stays.</p><div class="scroll">${table(lazy.catapult.head, lazy.catapult.rows)}</div>
<p>And is the trained network better than its kernel? Test RMSE over ${lazy.splits} random splits, mean ± standard error. Each network is trained to the
training loss of the ridge regression with its own kernel (at most ${lazy.bound} steps); the difference is of pairs.</p>
<div class="scroll">${table(lazy.trained.head, lazy.trained.rows)}</div>`,
    },
    {
      title: "What WebAssembly buys",
      html: `<div class="scroll">${table([`N = ${timedSize.N}, m = ${timedSize.hidden}`, `${ntk.variant}, ms`, "JavaScript, ms", "ratio"], timed)}</div>
<p class="soft">The same ops on the same data; the JavaScript side is tuned too (typed arrays, packed operands, register tiles).</p>`,
    },
  ],
  foot: `Data: Silverman (1985), JRSS B 47:1–52. Made by ntk-wasm on Node ${process.versions.node}.`,
});
console.log(`\nwrote ${path}`);
fit.dispose();
noisy.fit.dispose();

if (!(errors["tangent kernel"] < errors["cubic polynomial"] && errors["cubic polynomial"] < errors.constant)) {
  console.error("the tangent kernel did not beat its baselines");
  process.exitCode = 1;
}
if (!(noisy.densities[1] < noisy.densities[0] - 0.1)) {
  console.error("the noise of bins did not beat a constant noise by 0.1 of test NLPD");
  process.exitCode = 1;
}
