/** Classes, spectra, searches and preparation. */
import fc from "fast-check";
import type { ClassifyOptions, NetworkOptions, TuneOptions } from "../../src/index.js";
import { centredAlignment } from "../oracle/spectrum.js";
import {
  labelsOf,
  type ModelCase,
  matrixOf,
  mild,
  modelOf,
  netOf,
  positives,
  type Rows,
  ridge,
  scale,
  sized,
  squareOf,
} from "./arbitraries.js";
import { build, buildNet, optionsOf } from "./build.js";
import { checkDefinite, nameOf } from "./kernels.js";
import { type AnyProperty, attempt, demand, EPS, largest, near, property, rowsIn, sameBits, TINY } from "./property.js";
import { api } from "./recorder.js";

const classify = property(
  "classes have probabilities that sum to one, and latent variances that are no less than 0",
  fc.integer({ min: 2, max: 3 }).chain((C) =>
    sized([2, 4], (d, more) =>
      fc.record({
        model: modelOf(d, C),
        X: matrixOf(more + C, d),
        labels: labelsOf(more + C, C),
        Xnew: matrixOf(3, d),
        options: fc
          .record({
            method: fc.constantFrom("laplace", "laplace", "dirichlet", "ridge"),
            ridge: fc.option(ridge, { nil: undefined }),
            scale: fc.oneof(
              { weight: 4, arbitrary: fc.constantFrom(1, 0.1, 10) },
              { weight: 1, arbitrary: fc.constant("fit") },
              { weight: 1, arbitrary: scale },
            ),
          })
          .map(({ ridge, ...own }) => ({
            ...own,
            ...(ridge !== undefined && { ridge }),
          })) as fc.Arbitrary<ClassifyOptions>,
      }),
    ),
  ),
  ({ ntk }, { model: recipe, X, labels, Xnew, options }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const classes = attempt("classify", () => ntk.classify(model, X, labels, options as ClassifyOptions<number>));
    if (!classes) return;
    attempt("classify: report", () => classes.report);
    const p = attempt("classify: predict", () => classes.predict(Xnew, { draws: 64 }));
    if (p) {
      for (const row of rowsIn(p.probabilities)) {
        const sum = row.reduce((a, b) => a + b, 0);
        demand(row.every((x) => x >= 0 && x <= 1) && Math.abs(sum - 1) <= 16 * EPS, () => `probabilities ${row}`);
      }
      demand(
        p.variance.data.every((v) => v >= 0),
        () => `a variance is below 0: ${p.variance.data}`,
      );
    }
    classes.dispose();
  },
  3,
);

interface OnData {
  model: ModelCase;
  X: Rows;
  Y: Rows;
}

const onData = (by = scale): fc.Arbitrary<OnData> =>
  sized([2, 7, 2], (d, N, C) => fc.record({ model: modelOf(d, C, by), X: matrixOf(N, d, by), Y: matrixOf(N, C, by) }));

const spectra = property(
  "a spectrum sums to the trace, and its curve is no less than 0",
  onData(),
  ({ ntk }, { model: recipe, X, Y }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const found = attempt("spectrum", () => ntk.spectrum(model, X, Y));
    attempt("spectrum", () => ntk.spectrum(model, X, Y, { top: Math.ceil(X.length / 2) }));
    attempt("spectrum", () => ntk.spectrum(model, X, Y, { outputs: "full" }));
    if (!found) return;
    const diagonal = attempt("kernelDiagonal", () => ntk.kernelDiagonal(model, X));
    if (diagonal) {
      const trace = diagonal.reduce((a, b) => a + b, 0);
      const sum = found.eigenvalues.reduce((a, b) => a + b, 0);
      if (Number.isFinite(trace)) near("the trace", [sum], [trace], 1024 * EPS * trace + 1e-300);
    }
    const curve = attempt("spectrum: curve", () =>
      found.learningCurve({ sizes: [1, Math.ceil(X.length / 2)], ridge: 0.1, noise: 0.1 }),
    );
    if (curve)
      demand(
        curve.error.every((e) => e >= 0),
        () => `errors ${curve.error}`,
      );
  },
  2,
);

const alignments = property(
  "an alignment is in [0, 1], and 1 of a model with itself",
  sized([2, 6], (d, N) =>
    fc.record({ a: modelOf(d, 1), b: modelOf(d, 1, mild), X: matrixOf(N, d, mild), Y: matrixOf(N, 1) }),
  ),
  ({ ntk }, { a, b, X, Y }) => {
    const [A, B] = [a, b].map((one) => attempt("the model", () => build(one)));
    if (!A || !B) return;
    const [own, both] = [A, B].map((other) => attempt("alignment", () => ntk.alignment(A, other, X)));
    attempt("alignment", () => ntk.alignment(A, Y, X));
    if (own !== undefined) near("the alignment with itself", [own], [1], 1e-12);
    if (both === undefined) return;
    demand(both >= 0 && both <= 1, () => `the alignment is ${both}`);
    const [K, L] = [A, B].map((one) => attempt("kernel", () => ntk.kernel(one, X)));
    if (!K || !L) return;
    const sizes = [K, L].map(({ data }) => largest(data));
    if (!sizes.every((size) => size > 1e-60 && size < 1e60)) return;
    const expected = centredAlignment(rowsIn(K), rowsIn(L));
    // Nearly constant kernels lose digits in the centring.
    const centred = [K, L].map((one) => {
      const m = rowsIn(one);
      const mean = m.map((row) => row.reduce((s, x) => s + x, 0) / m.length);
      return largest(m.flatMap((row, i) => row.map((x) => x - mean[i]))) / largest(one.data);
    });
    if (centred.every((part) => part > 1e-4)) near("the alignment", [both], [expected], 1e-8);
  },
);

const tune = property(
  "a search stays within its bounds, and its best is the best of its trace",
  sized([2, 6, 2], (d, N, C) =>
    fc.record({
      model: modelOf(d, C),
      X: matrixOf(N, d),
      Y: matrixOf(N, C),
      options: fc
        .record({
          criterion: fc.constantFrom("evidence", "loo"),
          evaluations: fc.integer({ min: 1, max: 3 }),
          bounds: fc.constantFrom({}, { ridge: [1e-3, 10] }, { ridge: [1e-300, 1e300] }),
          more: fc.constantFrom(
            {},
            { weightStd: [0.5, 2] },
            { solver: "lowrank" },
            { solver: "cg" },
            { noise: "binned", bins: 2 },
          ),
        })
        .map(({ bounds, more, ...own }) => ({ ...own, ...bounds, ...more })) as fc.Arbitrary<TuneOptions>,
    }),
  ),
  ({ ntk }, { model: recipe, X, Y, options }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const found = attempt("tune", () => ntk.tune(model, X, Y, options));
    if (!found) return;
    if (options.ridge)
      demand(
        found.ridge >= options.ridge[0] * (1 - 1e-12) && found.ridge <= options.ridge[1] * (1 + 1e-12),
        () => `the ridge ${found.ridge} is outside ${options.ridge}`,
      );
    if (options.noise !== "binned")
      demand(
        found.trace.every(({ score }) => score <= found.score),
        () => `the best of ${found.trace.map(({ score }) => score)} is ${found.score}`,
      );
    if (found.noise) attempt("noiseAt", () => api.noiseAt(found.noise as NonNullable<typeof found.noise>, X));
    const sliced = attempt("tune", () => {
      const run = ntk.tuning(model, X, Y, options);
      for (let step = run.next(); ; step = run.next()) if (step.done) return step.value;
    });
    if (sliced) sameBits("tuning in slices", [sliced.ridge, sliced.score], [found.ridge, found.score]);
  },
);

const tuneLabels = property(
  "a search for labels finds a scale within its bounds",
  sized([2, 4], (d, more) =>
    fc.record({ model: modelOf(d, 2), X: matrixOf(more + 2, d), labels: labelsOf(more + 2, 2) }),
  ),
  ({ ntk }, { model: recipe, X, labels }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const found = attempt("tune", () =>
      ntk.tune(model, X, labels, { criterion: "laplace", evaluations: 2, scale: [0.1, 10] }),
    );
    if (found) demand((found.scale ?? 0) >= 0.1 && (found.scale ?? 0) <= 10.001, () => `scale ${found.scale}`);
  },
);

const entries = property(
  "entries and rows are those of the matrix",
  sized([5, 3], (N, d) => fc.record({ X: matrixOf(N, d) })),
  (_, { X }) => {
    const rows = attempt("toArray", () => api.toArray(X));
    const [i, j] = [X.length - 1, X[0].length - 1];
    const last = attempt("get", () => api.get(X, i, j));
    demand(rows !== undefined && last !== undefined, () => "a plain matrix was refused");
    sameBits("rows", rows?.flat() ?? [], X.flat());
    demand(Object.is(last, X[i][j]), () => `entry ${i}, ${j} is ${last}; expected ${X[i][j]}`);
  },
);

const standardize = property(
  "standardised columns have mean 0 and deviation 1, and come back",
  sized([7, 3], (N, d) => fc.record({ X: matrixOf(N, d) })),
  (_, { X }) => {
    const found = attempt("standardize", () => api.standardize(X));
    if (!found) return;
    const { X: Z, mean, std, apply, invert } = found;
    const again = attempt("standardize: apply", () => apply(X));
    if (again) sameBits("apply", again.data, Z.data);
    const back = attempt("standardize: invert", () => invert(Z));
    const flat = X.flat();
    const sizes = (at: number) => Math.abs(flat[at]) + Math.abs(mean[at % mean.length]);
    if (back)
      near("what came back", back.data, flat, (at) => 8 * EPS * sizes(at) + 16 * TINY * (1 + std[at % std.length]));
    for (let j = 0; j < std.length; j++) {
      demand(std[j] > 0, () => `the deviation ${j} is ${std[j]}`);
      const column = rowsIn(Z).map((row) => row[j]);
      const own = X.map((row) => row[j]);
      const width = Math.max(...own) - Math.min(...own);
      // Columns whose differences are no rounding of their size, nor of the smallest doubles.
      if (!(width > 1e-6 * largest(own)) || width < 1e-290) continue;
      const mean = column.reduce((a, b) => a + b, 0) / column.length;
      const square = column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length;
      demand(Math.abs(mean) < 1e-8 && Math.abs(square - 1) < 1e-8, () => `column ${j}: mean ${mean}, square ${square}`);
    }
  },
);

const oneHot = property(
  "labels become rows of one 1",
  sized([9], (N) => labelsOf(N, Math.min(N, 3))),
  (_, labels) => {
    const found = attempt("oneHot", () => api.oneHot(labels));
    if (!found) return;
    for (const [i, row] of rowsIn(found).entries())
      demand(
        row.reduce((a, b) => a + b, 0) === 1 && row[found.classes.indexOf(labels[i])] === 1,
        () => `row ${i} is ${row}`,
      );
  },
  0.3,
);

const initialization = property(
  "an initialisation has finite variances, and the expected kernel of its draws",
  sized([3, 4], (d, N) => fc.record({ net: netOf(d, 1), X: matrixOf(N, d) })),
  (_, { net, X }) => {
    const { seed: __, ...options } = optionsOf(net);
    const found = attempt("initialization", () => api.initialization(options as NetworkOptions));
    if (!found) return;
    const K = attempt("expectedKernel", () => found.expectedKernel(X));
    if (K) checkDefinite("the expected kernel", K, net);
    const share = attempt("hiddenShare", () => found.hiddenShare(X));
    if (share !== undefined) demand(share >= 0 && share <= 1 + 8 * EPS, () => `the share is ${share}`);
    attempt("maxLearningRate", () => found.maxLearningRate(X));
  },
);

const stored = property(
  "networks come back from JSON and from layers as they were",
  sized([3, 3], (d, C) => fc.record({ net: netOf(d, C, fc.constant(1)), X: matrixOf(3, d, mild) })),
  ({ ntk }, { net: recipe, X }) => {
    const net = attempt("the network", () => buildNet(recipe));
    if (!net) return;
    const f = attempt("forward", () => ntk.forward(net, X));
    if (!JSON.stringify(recipe).includes('"own ')) {
      const again = attempt("createNetwork", () => api.createNetwork(JSON.parse(JSON.stringify(net))));
      if (again && f) sameBits("outputs", ntk.forward(again, X).data, f.data);
    }
    if (net.parametrization !== "standard" || net.init.startsWith("ntk") || net.centeredStart) return;
    const widths = [net.inputs, ...(Array.isArray(net.hidden) ? net.hidden : [net.hidden]), net.outputs];
    const block = (name: string) => {
      const own = net.blocks.find((one) => one.name === name);
      return own && net.parameters.slice(own.offset, own.offset + own.length);
    };
    const depth = widths.length - 2;
    const layers = Array.from({ length: depth + 1 }, (_, l) => {
      const [w, b] = l === depth ? ["b", "a"] : depth === 1 ? ["c", "d"] : [`c${l + 1}`, `d${l + 1}`];
      const bias = block(b);
      return {
        weights: { data: block(w) as Float64Array, rows: widths[l + 1], cols: widths[l] },
        ...(bias && { bias }),
      };
    });
    const { activation, rates, outputScale, residual } = net;
    const built = attempt("networkFromLayers", () =>
      api.networkFromLayers(layers, { activation, rates, outputScale, residual }),
    );
    const g = built && attempt("forward", () => ntk.forward(built, X));
    if (f && g)
      near("outputs from layers", g.data, f.data, (at) => 64 * EPS * (Math.abs(f.data[at]) + largest(f.data)));
  },
);

const storedKernels = property(
  "a stored kernel is its matrix, or refused",
  sized([5], (n) => fc.record({ K: squareOf(n), Y: matrixOf(n, 1), variances: positives(3) })),
  ({ ntk, other }, { K: { A, kind }, Y, variances }) => {
    const model = attempt("precomputed", () => api.precomputed(A));
    if (!model) return;
    const X = A.map((_, i) => [i]);
    const own = attempt("kernel", () => ntk.kernel(model, X));
    if (own)
      near(
        "the stored kernel",
        own.data,
        A.flatMap((row, i) => row.map((_, j) => A[Math.max(i, j)][Math.min(i, j)])),
        8 * A.length * A.length * EPS * largest(A.flat()),
      );
    const fit = attempt("fit", () => ntk.fit(model, X, Y, { ridge: variances[0] }));
    if (fit) attempt("fit: predict", () => fit.predict(X, { covariance: true }));
    fit?.dispose();
    if (kind === "definite") {
      const names = [ntk, other].map((one) => nameOf(() => one.fit(model, X, Y, { ridge: variances[1] })));
      demand(names[0] === names[1], () => `fit: ${names[0]} from ${ntk.variant}, ${names[1]} from JavaScript`);
    }
    attempt("noiseAt", () => api.noiseAt({ edges: [0.5, 1.5], variances }, X));
  },
);

export const OTHERS: AnyProperty[] = [
  classify,
  spectra,
  alignments,
  tune,
  tuneLabels,
  entries,
  standardize,
  oneHot,
  initialization,
  stored,
  storedKernels,
];
