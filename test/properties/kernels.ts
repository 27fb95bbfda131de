/** Kernels of all models: symmetric, definite, the same in parts and on each backend, and made of tangent features. */
import fc from "fast-check";
import type { Matrix, Model, Ntk } from "../../src/index.js";
import { exactDot } from "../oracle/dot.js";
import {
  activation,
  type InfiniteCase,
  infinite,
  type LIES,
  lying,
  type ModelCase,
  matrixOf,
  mild,
  modelOf,
  type NetCase,
  netOf,
  type Rows,
  scale,
  sized,
} from "./arbitraries.js";
import { build, buildNet, customOf, hasOwn } from "./build.js";
import {
  type AnyProperty,
  attempt,
  definite,
  demand,
  EPS,
  EPS32,
  largest,
  near,
  property,
  rowsIn,
  sameBits,
  TINY,
} from "./property.js";
import { api } from "./recorder.js";

/** √(Θ_ii Θ_jj), the size beside which an entry has rounding errors. */
export const sizesOf = (rows: ArrayLike<number>, columns: ArrayLike<number>) => (at: number) =>
  rootOf(rows[Math.floor(at / columns.length)]) * rootOf(columns[at % columns.length]);

/** {@link sizesOf} times c ε, and what is lost where a factor of an entry underflows. */
const boundOf = (rows: ArrayLike<number>, columns: ArrayLike<number>, c = ROUNDING) => {
  const size = sizesOf(rows, columns);
  return (at: number) => {
    const roots = rootOf(rows[Math.floor(at / columns.length)]) + rootOf(columns[at % columns.length]);
    return c * size(at) + Math.sqrt(UNDERFLOW) * roots + LOST;
  };
};

/** The root of what an entry may have been before it underflowed. */
const rootOf = (x: number) => Math.sqrt(Math.abs(x) + UNDERFLOW);
/** Underflow of sums of a few terms. */
const UNDERFLOW = 64 * TINY;

const diagonalOf = ({ data, rows }: Matrix) => Float64Array.from({ length: rows }, (_, i) => data[i * (rows + 1)]);

/** A few ε for each layer and term, and what an entry loses to underflow in its factors. */
const ROUNDING = 512 * EPS;
const LOST = 1e-250;

const isMixture = (model: ModelCase) => /sigmoid|tanh|softplus|silu|own /.test(JSON.stringify(model));
/**
 * Expectations of elu and selu are right to ε√a beside a small variance a, not to εa. Those of hardTanh, elu and selu
 * are right to √ε where points agree to rounding in a second layer.
 */
export const isBent = (model: unknown) => /elu|hardTanh/i.test(JSON.stringify(model).replace(/relu|gelu/gi, ""));
/** True where weights may bring back what has underflowed. */
const isLifted = (model: ModelCase) => /e\+\d\d/.test(JSON.stringify(model));

/** {@link definite}, as far as the activations of a model allow. */
export function checkDefinite(what: string, K: Matrix, model: unknown): void {
  const own = diagonalOf(K);
  if (!isBent(model)) definite(what, K, 64);
  else if (own.every((x) => x === 0 || x > 1e-12)) definite(what, K, 64, 1e-9);
}

interface OnPoints {
  model: ModelCase;
  X: Rows;
  X2: Rows;
}

const onPoints = (by = scale) =>
  sized([3, 6, 3], (d, N, M) => fc.record({ model: modelOf(d, 1, by), X: matrixOf(N, d, by), X2: matrixOf(M, d, by) }));

const parts = property(
  "a kernel is symmetric, definite, and the same in blocks, tiles and on its diagonal",
  onPoints(),
  ({ ntk }, { model: given, X, X2 }: OnPoints) => {
    const model = attempt("the model", () => build(given));
    if (!model) return;
    const K = attempt("kernel", () => ntk.kernel(model, X));
    const diagonal = attempt("kernelDiagonal", () => ntk.kernelDiagonal(model, X));
    attempt("kernel", () => ntk.kernel(model, X, X2));
    const tiles = attempt("kernelTiles", () => [...ntk.kernelTiles(model, X, undefined, { rows: 2 })]);
    if (!K || !diagonal) return;
    demand(tiles !== undefined, () => "kernel answers, kernelTiles does not");
    const entries = tiles?.flatMap((tile) => [...tile.K.data]) ?? [];
    // Series of mixtures have as many terms as the points of a block ask for.
    if (!isMixture(given)) sameBits("kernelTiles", entries, K.data);
    const own = diagonalOf(K);
    checkDefinite("the kernel", K, given);
    if (!K.data.every(Number.isFinite)) return;
    near("kernelTiles", entries, K.data, boundOf(own, own));
    near("kernelDiagonal", diagonal, own, (i) => ROUNDING * Math.abs(own[i]) + LOST * (own[i] > 0 ? 1 : 0));
    for (const [at, value] of K.data.entries()) {
      const size = sizesOf(own, own)(at);
      if (isBent(given) || isLifted(given)) continue;
      demand(
        Math.abs(value) <= size * (1 + ROUNDING) + LOST,
        () => `entry ${at} is ${value}, above √(Θ_ii Θ_jj) = ${size}`,
      );
    }
    const cross = attempt("kernel", () => ntk.kernel(model, X, X.slice(0, 2)));
    if (!cross) return;
    const columns = Float64Array.from(own.subarray(0, cross.cols));
    const expected = rowsIn(K).flatMap((row) => row.slice(0, cross.cols));
    const bound = boundOf(own, columns);
    near(
      "the kernel of X and its first rows",
      cross.data,
      expected,
      (at) => bound(at) + (isBent(given) ? ROUNDING * Math.abs(expected[at]) : 0),
    );
  },
  3,
);

const backends = property(
  "the kernel of a model is the same on every backend",
  onPoints(mild),
  ({ ntk, other }, { model: given, X }: OnPoints) => {
    const model = attempt("the model", () => build(given));
    if (!model) return;
    const [mine, others] = [ntk, other].map((one) => attempt("kernel", () => one.kernel(model, X)));
    demand(!mine === !others, () => `${ntk.variant} ${mine ? "answers" : "refuses"}, JavaScript does not`);
    if (!mine || !others?.data.every(Number.isFinite)) return;
    const own = diagonalOf(others);
    // A product of kernels has the errors of all its factors, and layers multiply those of the ones below.
    if (isBent(given) && own.some((x) => x > 0 && x < 1e-8)) return;
    // The rounding of an angle is ε times the angle, and a wave of it is off by as much.
    const angle = isWave(given) ? 1 + X.flat().reduce((top, x) => Math.max(top, Math.abs(x)), 0) : 1;
    near("the kernel", mine.data, others.data, boundOf(own, own, 64 * ROUNDING * angle));
  },
);

/** True where a finite network has an activation whose slope does not fall off. */
function isWave(given: ModelCase): boolean {
  return given.kind === "net" && /"(sin|cos|own sine)/.test(JSON.stringify(given.activation));
}

interface OfNetwork {
  net: NetCase;
  X: Rows;
  X2: Rows;
  V: Rows;
}

const ofNetwork = (by = scale) =>
  sized([3, 5, 3, 2], (d, N, C, k) =>
    fc.record({ net: netOf(d, C, by), X: matrixOf(N, d, by), X2: matrixOf(2, d, by), V: matrixOf(N * C, k, by) }),
  );

/** √rate of each parameter: the kernel has the rates of blocks as factors. */
function rates(net: ReturnType<typeof buildNet>): Float64Array {
  const own = new Float64Array(net.parameters.length).fill(1);
  const given = net.rates;
  for (const { name, offset, length } of net.blocks) {
    const rate = typeof given === "number" ? given : ((given as Record<string, number>)[name] ?? 1);
    own.fill(rate, offset, offset + length);
  }
  return own;
}

const tangents = property(
  "the kernel of a network is Φ Φᵀ, in full, on average, in blocks of parameters and times a vector",
  ofNetwork(mild),
  ({ ntk }, { net: given, X, V }: OfNetwork) => {
    const net = attempt("the network", () => buildNet(given));
    if (!net) return;
    const Phi = attempt("jacobian", () => ntk.jacobian(net, X));
    const full = attempt("kernel", () => ntk.kernel(net, X, undefined, { outputs: "full" }));
    if (!Phi || !full?.data.every(Number.isFinite)) return;
    const C = net.outputs;
    const rows = rowsIn(Phi);
    // Mean-field rates are times the width: the kernel of the features has them, the Jacobian has not.
    if (net.parametrization === "meanField") return;
    const rate = rates(net);
    const expected = rows.flatMap((a) =>
      rows.map(
        (b) =>
          exactDot(
            a.map((x, p) => x * rate[p]),
            b,
          ).value,
      ),
    );
    const own = expected.filter((_, at) => at % (rows.length + 1) === 0);
    near("kernel in full", full.data, expected, boundOf(own, own));
    const average = attempt("kernel", () => ntk.kernel(net, X));
    const size = largest(own);
    if (average)
      near(
        "kernel on average",
        average.data,
        X.flatMap((_, i) =>
          X.map((__, j) =>
            Array.from({ length: C }, (___, c) => expected[(i * C + c) * rows.length + j * C + c] / C).reduce(
              (a, b) => a + b,
            ),
          ),
        ),
        ROUNDING * size + LOST,
      );
    const blocks = attempt("kernelBlocks", () => ntk.kernelBlocks(net, X));
    if (average && blocks)
      near(
        "the sum of kernelBlocks",
        average.data.map((_, at) => Object.values(blocks).reduce((sum, { data }) => sum + data[at], 0)),
        average.data,
        ROUNDING * size + LOST,
      );
    const product = attempt("kernelTimesVector", () => ntk.kernelTimesVector(net, X, V));
    if (product)
      near(
        "kernelTimesVector",
        product.data,
        rowsIn(full).flatMap((row) =>
          V[0].map(
            (_, k) =>
              exactDot(
                row,
                V.map((v) => v[k]),
              ).value,
          ),
        ),
        (ROUNDING * largest(V.flat()) + UNDERFLOW) * size * rows.length + LOST,
      );
  },
  2,
);

const firstOrder = property(
  "a network, its Jacobian and its first-order model at the ends of the doubles",
  ofNetwork(),
  ({ ntk, other }, { net: given, X, X2, V }: OfNetwork) => {
    const net = attempt("the network", () => buildNet(given));
    if (!net) return;
    const f = attempt("forward", () => ntk.forward(net, X));
    attempt("jacobian", () => ntk.jacobian(net, X));
    attempt("kernel", () => ntk.kernel(net, X, X2, { outputs: "full" }));
    attempt("kernelBlocks", () => ntk.kernelBlocks(net, X, X2));
    attempt("kernelTimesVector", () => ntk.kernelTimesVector(net, X, V));
    attempt("kernelDiagonal", () => ntk.kernelDiagonal(net, X, { outputs: "full" }));
    const model = attempt("linearize", () => ntk.linearize(net));
    const start = model && attempt("linearize", () => model.at(net.parameters, X));
    if (f && start) sameBits("the first-order model at θ0", start.data, f.data);
    const names = [ntk, other].map((one) => nameOf(() => one.forward(net, X)));
    demand(names[0] === names[1], () => `forward: ${names[0]} from ${ntk.variant}, ${names[1]} from JavaScript`);
  },
);

/** What a call does, in a word. */
export function nameOf(call: () => unknown): string {
  try {
    call();
    return "an answer";
  } catch (error) {
    return (error as Error).name;
  }
}

const single = property(
  "a kernel in float32 is right to 16 ε₃₂ √(Θ_ii Θ_jj)",
  sized([3, 6], (d, N) =>
    fc.record({
      // Inputs and scales that float32 holds with room for the squares.
      X: matrixOf(N, d, fc.constantFrom(1, 1, 0.1, 10)),
      hidden: fc.array(fc.integer({ min: 4, max: 24 }), { minLength: 1, maxLength: 6 }),
      init: fc.constantFrom("unit", "ntk", "lecun", "he"),
      activation: fc.constantFrom("tanh", "erf", "sin", "gelu", "relu", "sigmoid"),
      seed: fc.integer({ min: 0, max: 999 }),
    }),
  ),
  ({ ntk, single }, { X, hidden, ...options }) => {
    const net = api.createNetwork({
      ...options,
      inputs: X[0].length,
      hidden: hidden.length === 1 ? hidden[0] : hidden,
    } as Parameters<typeof api.createNetwork>[0]);
    const [exact, rounded] = [ntk, single].map((one) => attempt("kernel", () => one.kernel(net, X)));
    if (!exact || !rounded) return;
    const own = diagonalOf(exact);
    near("the kernel in float32", rounded.data, exact.data, (at) => 16 * EPS32 * sizesOf(own, own)(at));
    const tiles = [...single.kernelTiles(net, X, undefined, { precision: "float32" })].flatMap(({ K }) => [...K.data]);
    near("tiles in float32", tiles, exact.data, (at) => 16 * EPS32 * sizesOf(own, own)(at));
  },
);

const limits = property(
  "an infinite network at the ends of the doubles",
  sized([3, 5], (d, N) => fc.record({ model: infinite, X: matrixOf(N, d), s: scale })),
  ({ ntk }, { model: given, X }: { model: InfiniteCase; X: Rows }) => {
    const model = attempt("the model", () => build(given));
    if (!model) return;
    const K = attempt("kernel", () => ntk.kernel(model, X));
    if (K) checkDefinite("the kernel", K, given);
    const features = attempt("randomFeatures", () =>
      api.randomFeatures(model as Parameters<typeof api.randomFeatures>[0], { count: 7, seed: 3 }),
    );
    const Phi = features && attempt("features", () => ntk.features(features, X));
    if (Phi) demand(Phi.rows === X.length && Phi.cols === 7, () => `features are ${Phi.rows}×${Phi.cols}`);
  },
);

const homogeneous = property(
  "without biases, relu and the like have kernels that scale with each point and with weights, to the bit",
  sized([3, 4], (d, N) =>
    fc.record({
      activation: fc.constantFrom("relu", "identity", "abs", "leakyRelu 0.3", "step"),
      depth: fc.integer({ min: 1, max: 3 }),
      kernel: fc.constantFrom("ntk", "nngp"),
      X: matrixOf(N, d, fc.constant(1)),
      powers: fc.array(fc.integer({ min: -250, max: 250 }), { minLength: N, maxLength: N }),
      weights: fc.integer({ min: -300, max: 300 }),
    }),
  ),
  ({ ntk }, { activation, depth, kernel, X, powers, weights = 0 }) => {
    const model = build({ kind: "infinite", activation, options: { depth, kernel, bias: false } });
    // Sizes that an entry of one has not: doubles of other rows would lose digits.
    const Z = X.map((row) => row.map((x) => Math.round(x * 64) / 64));
    const K = attempt("kernel", () => ntk.kernel(model, Z));
    const far = attempt("kernel", () =>
      ntk.kernel(
        model,
        Z.map((row, i) => row.map((x) => x * 2 ** (2 * powers[i]))),
      ),
    );
    if (!K) return;
    demand(far !== undefined, () => "the kernel of far points is refused");
    if (!far) return;
    const degree = activation === "step" ? 0 : 2;
    const powerAt = (at: number) => degree * (powers[Math.floor(at / Z.length)] + powers[at % Z.length]);
    const expected = K.data.map((x, at) => x * 2 ** powerAt(at));
    const own = diagonalOf(K);
    near("the kernel of far points", far.data, expected, (at) => {
      const power = powerAt(at);
      return ROUNDING * sizesOf(own, own)(at) * 2 ** power;
    });
    // Weights of the first layer near 2^p, and of the last near 2^−p: steps keep the last power alone.
    const last = activation === "step" ? -1 : 0;
    const ends = Array.from({ length: depth + 1 }, (_, l) => 2 ** (l === 0 ? weights : l === depth ? -weights : 0));
    const skewed = build({
      kind: "infinite",
      activation,
      options: { depth, kernel, bias: false, weightStd: ends },
    });
    const L = attempt("kernel", () => ntk.kernel(skewed, Z));
    demand(L !== undefined, () => "the kernel of weights of two sizes is refused");
    const power = 2 * last * weights;
    if (L)
      near(
        "the kernel of weights of two sizes",
        L.data,
        K.data.map((x) => x * 2 ** power),
        (at) => ROUNDING * sizesOf(own, own)(at) * 2 ** power,
      );
  },
);

/** Every method that takes a model, on one that lies. */
const TAKERS: Record<string, (ntk: Ntk, model: Model, X: Rows) => unknown> = {
  kernel: (ntk, model, X) => ntk.kernel(model, X),
  kernelTiles: (ntk, model, X) => [...ntk.kernelTiles(model, X)],
  kernelDiagonal: (ntk, model, X) => ntk.kernelDiagonal(model, X),
  fit: (ntk, model, X) => {
    const fit = ntk.fit(model, X, X, { ridge: 0.1 });
    return [fit.report.notes, fit.predict(X, { covariance: true })];
  },
  classify: (ntk, model, X) =>
    ntk
      .classify(
        model,
        X,
        X.map((_, i) => i % 2),
        { classes: 2 },
      )
      .predict(X),
  spectrum: (ntk, model, X) => ntk.spectrum(model, X, X).eigenvalues,
  alignment: (ntk, model, X) => ntk.alignment(model, X, X),
  dynamics: (ntk, model, X) => ntk.dynamics(model, X, X, { learningRate: 0.1 }).at([1, Infinity], X),
  ensemble: (ntk, model, X) => ntk.ensemble(model, X, X).at(1, X, { covariance: true }),
  tune: (ntk, model, X) => ntk.tune(model, X, X, { evaluations: 2 }),
};

const lies = property(
  "a kernel of one's own that lies is refused by name, or does no harm",
  sized([5], (N) =>
    fc.record({ model: lying, X: matrixOf(N, 1, mild), call: fc.constantFrom(...Object.keys(TAKERS)) }),
  ),
  ({ ntk }, { model, X, call }) => {
    const own = build(model);
    attempt(call, () => TAKERS[call](ntk, own, X));
    const { of } = model as { of: (typeof LIES)[number]; s: number };
    const check = attempt("checkKernel", () => api.checkKernel(customOf(of, 1), X));
    const [top, ...rest] = X.flat().sort((x, y) => y - x);
    // Lies as small as rounding do no harm.
    const spread = top - (rest.at(-1) ?? top);
    if (check && of !== "mean" && of !== "diagonal" && spread > 1e-3)
      demand(!check.ok, () => `checkKernel finds nothing wrong with "${of}"`);
  },
);

const composed = property(
  "a sum, a product and a multiple of kernels have the entries that they say",
  sized([2, 4], (d, N) =>
    fc.record({ a: modelOf(d, 1, mild), b: modelOf(d, 1, mild), X: matrixOf(N, d, mild), s: fc.constantFrom(0.5, 3) }),
  ),
  ({ ntk }, { a, b, X, s }) => {
    const [A, B] = [a, b].map((one) => attempt("the model", () => build(one)));
    if (!A || !B) return;
    const [K, L] = [A, B].map((one) => attempt("kernel", () => ntk.kernel(one, X)));
    if (!K || !L || ![...K.data, ...L.data].every(Number.isFinite)) return;
    const [k, l] = [diagonalOf(K), diagonalOf(L)];
    const bent = isBent(a) || isBent(b) ? 1 : 0;
    const compare = (what: string, model: Model, entries: (at: number) => number, size: (at: number) => number) => {
      const found = attempt("kernel", () => ntk.kernel(model, X));
      if (found)
        near(
          what,
          found.data,
          K.data.map((_, at) => entries(at)),
          (at) =>
            ROUNDING * (size(at) + bent * Math.abs(entries(at))) +
            8 * Math.sqrt(UNDERFLOW) * Math.sqrt(largest(k) + largest(l)) +
            LOST,
        );
    };
    const [kk, ll] = [sizesOf(k, k), sizesOf(l, l)];
    compare(
      "a multiple",
      api.scaled(A, s),
      (at) => s * K.data[at],
      (at) => s * kk(at),
    );
    compare(
      "a sum",
      api.sumOf([{ model: A, weight: s }, { model: B }]),
      (at) => s * K.data[at] + L.data[at],
      (at) => s * kk(at) + ll(at),
    );
    compare(
      "a product",
      api.productOf([A, B]),
      (at) => K.data[at] * L.data[at],
      (at) => kk(at) * ll(at),
    );
    const stored = attempt("precomputed", () => api.precomputed(K));
    if (stored)
      near(
        "stored",
        ntk.kernel(
          stored,
          X.map((_, i) => i),
        ).data,
        K.data,
        0,
      );
  },
);

const samples = property(
  "sampled kernels: a mean that is definite, a spread that is finite",
  sized([2, 4], (d, N) => fc.record({ net: netOf(d, 1), X: matrixOf(N, d), draws: fc.integer({ min: 2, max: 4 }) })),
  ({ ntk }, { net: given, X, draws }) => {
    const net = attempt("the network", () => buildNet(given));
    if (!net) return;
    const { parameters: _, blocks: __, seed: ___, ...options } = net;
    const found = attempt("sampleKernel", () => ntk.sampleKernel(options, X, { draws }).result());
    const mean = found && attempt("the mean kernel", () => found.mean);
    if (mean) checkDefinite("the mean kernel", mean, given);
    const spread = found && attempt("the standard error", () => found.standardError);
    if (spread)
      demand(
        spread.data.every((x) => x >= 0),
        () => "a standard error is below 0",
      );
  },
);

const words = property(
  "the last piece: activations by name give kernels with finite entries",
  fc.record({ activation, x: matrixOf(3, 1, mild), depth: fc.integer({ min: 1, max: 3 }) }),
  ({ ntk }, { activation, x, depth }) => {
    const model = build({ kind: "infinite", activation, options: { depth } });
    const K = attempt("kernel", () => ntk.kernel(model, x));
    if (K) checkDefinite("the kernel", K, activation);
    // What JSON makes of a model is the model.
    if (K && !hasOwn({ kind: "infinite", activation, options: {} }))
      sameBits("the kernel of the model's JSON", ntk.kernel(JSON.parse(JSON.stringify(model)), x).data, K.data);
  },
);

export const KERNELS: AnyProperty[] = [
  parts,
  backends,
  tangents,
  firstOrder,
  single,
  limits,
  homogeneous,
  lies,
  composed,
  samples,
  words,
];
