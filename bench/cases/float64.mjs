// What is timed. Each case gives, for a contender, the op alone on resident data and the public call.
// Both return something that depends on the result.
// Each case also gives flops, 0 where there is no arithmetic to count. The counts: kernel 2N²m, product 2N³, half of it
// where symmetric, Cholesky N³/3, triangular solves N²k for k right-hand sides.
import { createInfiniteNetwork, createNetwork, rbfKernel, sumOf } from "ntk-wasm";
import { Arena } from "../../dist/arena.js";
import { createWasmBackend } from "../../dist/backend/atOnce.js";
import { createJsBackend } from "../../dist/backend/js/index.js";
import { kernelInto } from "../../dist/kernel/finite/kernel.js";
import { loadInputs, loadNetwork } from "../../dist/kernel/finite/layers.js";
import { features } from "../../dist/kernel/finite/networkOps.js";
import { scratch } from "../../dist/linalg/view.js";
import { NORMAL_TABLE } from "../../dist/model/normal.js";
import { RULE } from "../../dist/ops.js";
import { matrix, random, symmetric } from "../lib/data.mjs";
import { FLOAT32_CASES } from "./float32.mjs";

/** A context of its own, whose scratch stays allocated for the life of the case. */
export function resident(variant) {
  const backend = variant === "js" ? createJsBackend() : createWasmBackend(variant);
  return { ops: backend.ops, arena: new Arena(backend), precision: "float64", disposed: false };
}

/** Gram accumulation with S and G resident, hidden units 1024 at a time as the library does. */
function gramOp(context, N, m, d) {
  const { ops, arena } = context;
  const [x, s, g] = [arena.copyIn(random(N * d)), arena.copyIn(random(N * m, 2)), arena.copyIn(random(N * m, 3))];
  const [out, work] = [arena.alloc(N * N), arena.allocBytes(ops.dgramScratchBytes(N, N, Math.min(m, 1024), d))];
  return () => {
    for (let unit = 0; unit < m; unit += 1024) {
      const k = Math.min(1024, m - unit);
      ops.dgram(0, N, k, s + unit * 8, m, 0, 0, 0, 0, 1, unit ? 1 : 0, unit ? 0 : 1, out, N, work);
      ops.dgram(0, N, k, g + unit * 8, m, d, 1, x, d, 1, 1, 0, out, N, work);
    }
    return arena.view(out, 1)[0];
  };
}

function kernelCase(N, m, d) {
  return {
    name: `kernel N=${N} m=${m} d=${d}`,
    flops: 2 * N * N * m,
    op: (context) => gramOp(context, N, m, d),
    call(ntk) {
      const net = createNetwork({ inputs: d, hidden: m, biasStd: 1, seed: 1 });
      const X = matrix(N, d, 1);
      return () => ntk.kernel(net, X).data[0];
    },
  };
}

/** Products of the deep kernel: forward, backward for C outputs, and the Gram tiles of every layer (symmetric half). */
function deepFlops(N, sizes, C) {
  const products = sizes.slice(1).map((m, l) => m * sizes[l]);
  const backward = products.slice(1).reduce((sum, size) => sum + size, 0);
  return { products: 2 * N * (backward + products[0] + C * backward), gram: (depth) => N * N * depth };
}

/** Deep kernels: averaged outputs, everything resident but the features. */
function deepCase(N, hidden, d, outputs, mode) {
  const sizes = [d, ...hidden];
  const { products, gram } = deepFlops(N, sizes, outputs);
  const sum = (values) => values.reduce((total, x) => total + x, 0);
  // H of every layer once; G: all outputs side by side below the top layer, where one product serves all.
  const top = hidden.at(-1);
  const average = sum(sizes) + top + outputs * (sum(hidden) - top);
  const flops = products + (mode === "full" ? gram(sum(sizes)) + outputs ** 2 * gram(sum(hidden)) : gram(average));
  const net = () => createNetwork({ inputs: d, hidden, outputs, biasStd: 0.1, seed: 1 });
  return {
    name: `deep kernel N=${N} [${hidden}] d=${d}${outputs > 1 ? ` C=${outputs} ${mode}` : ""}`,
    flops,
    op(context) {
      const loaded = loadNetwork(context, net());
      const X = loadInputs(context, matrix(N, d, 1));
      const size = N * (mode === "full" ? outputs : 1);
      const K = scratch(context, size, size);
      return () => {
        kernelInto(context, loaded, X, undefined, mode, K);
        return K.entries()[0];
      };
    },
    call(ntk) {
      const [model, X] = [net(), matrix(N, d, 1)];
      return () => ntk.kernel(model, X, X, { outputs: mode }).data[0];
    },
  };
}

/**
 * Infinitely wide networks, depth 3, on standard normal inputs in ten dimensions. `weightStd` decides the variances,
 * and the variances decide how many terms the series have.
 */
function infiniteCase(activation, N, weightStd = 1.5) {
  const uniform = random(N * 20, 7).map((x) => (x + 1) / 2 || 0.5);
  const normal = (i) => Math.sqrt(-2 * Math.log(uniform[2 * i])) * Math.cos(2 * Math.PI * uniform[2 * i + 1]);
  return {
    name: `infinite ${activation} N=${N} depth 3, weightStd ${weightStd}`,
    flops: 0,
    call(ntk) {
      const model = createInfiniteNetwork({ activation, depth: 3, weightStd, biasStd: 0.1 });
      const X = { data: Float64Array.from({ length: N * 10 }, (_, i) => normal(i)), rows: N, cols: 10 };
      return () => ntk.kernel(model, X).data[0];
    },
  };
}

/** Positive definite: the diagonal dominates. */
const definite = (n) => symmetric(n, n);

function choleskyCase(n) {
  return {
    name: `Cholesky ${n}`,
    flops: n ** 3 / 3,
    op(context) {
      const { ops, arena } = context;
      const from = arena.copyIn(definite(n).data);
      const [a, work] = [arena.alloc(n * n), arena.allocBytes(ops.dpotrfScratchBytes(n))];
      return {
        before: () => arena.view(a, n * n).set(arena.view(from, n * n)),
        run: () => ops.dpotrf(n, 0, a, n, work),
      };
    },
    call(ntk) {
      const A = definite(n);
      return () => ntk.cholesky(A).data[0];
    },
  };
}

function solveCase(n, k) {
  return {
    name: `solve ${n}, ${k} right-hand side${k > 1 ? "s" : ""}`,
    flops: 2 * n * n * k,
    op(context) {
      const { ops, arena } = context;
      const l = arena.copyIn(definite(n).data);
      const from = arena.copyIn(random(n * k));
      const b = arena.alloc(n * k);
      const work = arena.allocBytes(Math.max(ops.dpotrfScratchBytes(n), ops.dtrsmScratchBytes(k, n)));
      ops.dpotrf(n, 0, l, n, work);
      return {
        before: () => arena.view(b, n * k).set(arena.view(from, n * k)),
        run() {
          for (const trans of [1, 0]) {
            if (k === 1) ops.dtrsv(trans, n, l, n, b);
            else ops.dtrsm(trans, 0, k, n, l, n, b, n, work);
          }
          return arena.view(b, 1)[0];
        },
      };
    },
    callNote: "factors too",
    call(ntk) {
      const [A, B] = [definite(n), matrix(n, k, 6)];
      return () => ntk.solve(A, B).data[0];
    },
  };
}

/** Kernel, Cholesky, cross kernel, and the variance of each prediction. */
function fitCase(N, m, predictions) {
  return {
    name: `fit + ${predictions} predictions, N=${N} m=${m}`,
    flops: 2 * N * N * m + N ** 3 / 3 + 4 * N * m * predictions + N * N * predictions,
    call(ntk) {
      const net = createNetwork({ inputs: 1, hidden: m, biasStd: 1, seed: 1 });
      const [X, T] = [matrix(N, 1, 1), matrix(predictions, 1, 9)];
      const Y = { data: X.data.map((x) => Math.sin(3 * x)), rows: N, cols: 1 };
      return () => {
        const fit = ntk.fit(net, X, Y, { ridge: 1e-2 });
        const { mean } = fit.predict(T);
        fit.dispose();
        return mean.data[0];
      };
    },
  };
}

/** Gradient descent with everything resident: 200 points, 1000 units. */
function trainOp({ ops, arena }, steps) {
  const { parameters } = wideNet();
  const [x, y] = [arena.copyIn(random(200)), arena.copyIn(random(200, 2))];
  const [theta, theta0] = [arena.copyIn(parameters), arena.copyIn(parameters)];
  const [rates, losses] = [arena.copyIn(new Float64Array(steps).fill(1e-3)), arena.alloc(steps)];
  // Squares and plain descent: of a rule only the rates and the anchor are looked at.
  const values = { rates, anchor: theta0, until: -Infinity };
  const rule = arena.copyIn(Float64Array.from(RULE, (name) => values[name] ?? 0));
  const work = arena.allocBytes(ops.dtrainScratchBytes(200, 1000, 1));
  return {
    before: () => arena.view(theta, parameters.length).set(parameters),
    run() {
      ops.dtrain(0, steps, 200, 1000, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, x, y, theta, losses, 1e12, rule, work);
      return arena.view(losses, 1)[0];
    },
  };
}

/** Steps of the first-order model, and the outputs at the end: a product with Θ each, and the loss. */
const LOSS_STEPS = 10;

/** Averaged outputs: C right-hand sides. The op is the products alone. */
function lossDynamicsCase(N, C) {
  const loss = C === 1 ? "logistic" : "crossEntropy";
  return {
    name: `dynamics, ${loss}, ${LOSS_STEPS} steps N=${N} C=${C}`,
    flops: 2 * N * N * C * (LOSS_STEPS + 1),
    op({ ops, arena }) {
      const [theta, alpha, f] = [arena.copyIn(random(N * N)), arena.copyIn(random(N * C, 2)), arena.alloc(N * C)];
      const work = arena.allocBytes(ops.dgemmScratchBytes(C, N, N));
      return () => {
        for (let k = 0; k <= LOSS_STEPS; k++) {
          if (C === 1) ops.dgemv(0, N, N, 1, theta, N, alpha, 0, f);
          else ops.dgemm(0, 1, 0, C, N, N, 1, alpha, N, theta, N, 0, f, N, work);
        }
        return arena.view(f, 1)[0];
      };
    },
    call(ntk) {
      const model = createInfiniteNetwork({ depth: 2, activation: "relu" });
      const labels = Float64Array.from({ length: N }, (_, i) => i % Math.max(C, 2));
      const path = ntk.dynamics(model, matrix(N, 5, 1), labels, { learningRate: 0.1, loss });
      let steps = 0;
      return () => {
        steps += LOSS_STEPS;
        return path.at(steps).data[0];
      };
    },
  };
}

const wideNet = () => createNetwork({ inputs: 1, hidden: 1000, biasStd: 1, seed: 1 });

/** A 1-D fit of N points with m units, and where a point that is dragged is in step k. */
function draggedFit(ntk, N, m) {
  const net = createNetwork({ inputs: 1, hidden: m, biasStd: 1, seed: 1 });
  const X = matrix(N, 1, 1);
  const Y = { data: X.data.map((x) => Math.sin(3 * x)), rows: N, cols: 1 };
  const place = random(1000, 11);
  return { refit: () => ntk.fit(net, X, Y, { ridge: 1e-2, solver: "dual" }), at: (k) => place[k % place.length] };
}

function updateCase(N, m, name, indexOf, T) {
  return {
    name: `update: ${name}, N=${N} m=${m}`,
    flops: 0,
    call(ntk) {
      const { refit, at } = draggedFit(ntk, N, m);
      const fit = refit();
      let k = 0;
      return () => {
        const x = at(k);
        fit.update({ move: { index: indexOf(k++), X: [x], Y: [Math.sin(3 * x)] } });
        return T ? fit.predict(T).variance.data[0] : k;
      };
    },
  };
}

/** Row of the k-th random move: 7919 is prime to every N below. */
const anyOf = (N) => (k) => (k * 7919) % N;

/** Draws. The milliseconds of 10⁶ are the nanoseconds of one. */
const drawCases = [
  {
    name: "10⁶ normals (ms = ns a normal)",
    flops: 0,
    op({ ops, arena }) {
      const [table, out] = [arena.copyIn(NORMAL_TABLE), arena.alloc(1e6)];
      const [state, work] = [arena.copyIn(random(4)), arena.allocBytes(ops.dnormalsScratchBytes())];
      return () => {
        ops.dnormals(1e6, 1, table, state, out, work);
        return arena.view(out, 1)[0];
      };
    },
  },
  ...[
    [16, 8],
    [1024, 3],
  ].map(([m, L]) => ({
    name: `sampleKernel N=10 m=${m} depth ${L}, 10 draws`,
    flops: 0,
    call(ntk) {
      const [net, X] = [{ inputs: 2, hidden: new Array(L).fill(m), biasStd: 0.1 }, matrix(10, 2, 1)];
      return () => ntk.sampleKernel(net, X, { draws: 10 }).result().mean.data[0];
    },
  })),
];

/** A kernel of a model on N points: what options of layers, sums and the usual kernels cost beside plain ones. */
function modelCase(name, N, d, model) {
  return {
    name,
    flops: 0,
    call(ntk) {
      const [value, X] = [model(), matrix(N, d, 1)];
      return () => ntk.kernel(value, X).data[0];
    },
  };
}

const wide = (options) => createNetwork({ inputs: 1, hidden: 1000, biasStd: 1, ...options });
const stacked = (options) =>
  createNetwork({ inputs: 10, hidden: [500, 500, 500], activation: "erf", init: "ntk", ...options });
const modelCases = [
  modelCase("kernel N=1000 m=1000, rates and outputScale", 1000, 1, () =>
    wide({ rates: { b: 2, c: 0.5, d: 3 }, outputScale: 2 }),
  ),
  modelCase("sum of two kernels N=1000 m=1000", 1000, 1, () =>
    sumOf([{ model: wide({ seed: 1 }) }, { model: wide({ seed: 2 }), weight: 0.5 }]),
  ),
  modelCase("kernel N=1000, depth 3, m=500", 1000, 10, () => stacked({})),
  modelCase("the same, residual", 1000, 10, () => stacked({ residual: 1 })),
  modelCase("rbf N=1000 d=10", 1000, 10, () => rbfKernel({ lengthScale: 2 })),
];

export const CASES = [
  ...FLOAT32_CASES,
  ...drawCases,
  {
    name: "features, σ and σ' of 10⁶ values",
    flops: 0,
    op(context) {
      const { hidden, gain } = loadNetwork(context, wideNet());
      const X = loadInputs(context, matrix(1000, 1, 1));
      const [S, G] = [scratch(context, 1000, 1000), scratch(context, 1000, 1000)];
      return () => {
        features(hidden[0].code, hidden[0], X, gain, S, G);
        return G.entries()[0];
      };
    },
  },
  {
    name: "Jacobian N=1000 m=1000 d=1",
    flops: 0,
    op(context) {
      const { ops, arena } = context;
      const x = loadInputs(context, matrix(1000, 1, 1));
      const P = wideNet().parameters.length;
      const out = arena.alloc(1000 * P);
      const [s, g] = [arena.copyIn(random(1e6)), arena.copyIn(random(1e6))];
      return () => {
        ops.dkhatrirao(0, 1000, 1000, 1, 1, s, 1000, 0, 0, 1, out + 8, P);
        ops.dkhatrirao(0, 1000, 1000, 1, 1, g, 1000, x.at, 1, 1, out + 8008, P);
        ops.dkhatrirao(0, 1000, 1000, 1, 1, g, 1000, 0, 0, 1, out + 16008, P);
        return arena.view(out, 1)[0];
      };
    },
    call(ntk) {
      const [net, X] = [wideNet(), matrix(1000, 1, 1)];
      return () => ntk.jacobian(net, X).data[0];
    },
  },
  kernelCase(1000, 1000, 1),
  ...modelCases,
  kernelCase(500, 4096, 10),
  deepCase(500, [512, 512, 512], 64, 1, "average"),
  deepCase(300, [256, 256], 64, 10, "average"),
  deepCase(100, [256, 256], 64, 10, "full"),
  {
    name: "gemm 1000",
    flops: 2e9,
    op(context) {
      const { ops, arena } = context;
      const [a, b, c] = [arena.copyIn(random(1e6)), arena.copyIn(random(1e6, 2)), arena.alloc(1e6)];
      const work = arena.allocBytes(ops.dgemmScratchBytes(1000, 1000, 1000));
      return () => {
        ops.dgemm(0, 0, 0, 1000, 1000, 1000, 1, a, 1000, b, 1000, 0, c, 1000, work);
        return arena.view(c, 1)[0];
      };
    },
    call(ntk) {
      const [A, B] = [matrix(1000, 1000, 1), matrix(1000, 1000, 2)];
      return () => ntk.matmul(A, B).data[0];
    },
  },
  ...["relu", "erf", "gelu", "sigmoid", "tanh"].map((activation) => infiniteCase(activation, 1000)),
  // Variances near 100: thousands of terms. Near 1000: above the range of the series, the double sum over nodes.
  infiniteCase("sigmoid", 200, 10),
  infiniteCase("sigmoid", 100, 30),
  ...[200, 500, 1000, 2000].map(choleskyCase),
  solveCase(1000, 1),
  solveCase(1000, 32),
  fitCase(1000, 1000, 1000),
  fitCase(100, 256, 200),
  ...[
    [1000, 1000],
    [100, 256],
  ].map(([N, m]) => ({
    name: `refit N=${N} m=${m}`,
    flops: 2 * N * N * m + N ** 3 / 3,
    call(ntk) {
      const { refit } = draggedFit(ntk, N, m);
      return () => {
        const made = refit();
        made.dispose();
        return made.path.length;
      };
    },
  })),
  updateCase(1000, 1000, "move one of 1000", anyOf(1000)),
  updateCase(1000, 1000, "drag one of 1000", () => 3),
  updateCase(100, 256, "move one of 100", anyOf(100)),
  updateCase(100, 256, "move one of 100 + 200 predictions", anyOf(100), matrix(200, 1, 9)),
  lossDynamicsCase(1000, 1),
  lossDynamicsCase(500, 10),
  ...[500, 1000].map((n) => ({
    name: `eigh ${n}`,
    // Symmetric noise: nothing deflates. Tridiagonalisation 4/3, divide and conquer at most 4/3, back-transformation 2.
    flops: (14 / 3) * n ** 3,
    op(context) {
      const { ops, arena } = context;
      const from = arena.copyIn(symmetric(n).data);
      const [a, w] = [arena.alloc(n * n), arena.alloc(n)];
      const work = arena.allocBytes(ops.deighScratchBytes(1, n));
      return {
        before: () => arena.view(a, n * n).set(arena.view(from, n * n)),
        run() {
          ops.deigh(1, n, a, n, w, work);
          return arena.view(w, 1)[0];
        },
      };
    },
    call(ntk) {
      const A = symmetric(n);
      return () => ntk.eigh(A).values[0];
    },
  })),
  {
    name: "train N=200 m=1000 d=1, 1000 steps",
    flops: 0,
    op: (context) => trainOp(context, 1000),
    call(ntk) {
      const [net, X] = [wideNet(), matrix(200, 1, 1)];
      const Y = { data: X.data.map((x) => Math.sin(3 * x)), rows: 200, cols: 1 };
      return () => ntk.train(net, X, Y, { learningRate: 1e-3, steps: 1000, recordAt: [1000] }).loss[0];
    },
  },
  ...[
    ["Adam", { optimizer: "adam" }],
    ["logistic, batches of 50", { loss: "logistic", batchSize: 50 }],
  ].map(([name, options]) => ({
    name: `train N=200 m=1000 d=1, ${name}, 1000 steps`,
    flops: 0,
    call(ntk) {
      const [net, X] = [wideNet(), matrix(200, 1, 1)];
      const Y = X.data.map((x) => (x > 0 ? 1 : -1));
      const run = { learningRate: 1e-3, steps: 1000, recordAt: [1000], ...options };
      return () => ntk.train(net, X, Y, run).loss[0];
    },
  })),
  {
    // Forward, weight gradients and one product back a step: 2N (2 (d m + m²) + m²) flops.
    name: "train N=500 [512,512] d=64, 20 steps",
    flops: 20 * 2 * 500 * (2 * (64 * 512 + 512 ** 2) + 512 ** 2),
    call(ntk) {
      const net = createNetwork({ inputs: 64, hidden: [512, 512], biasStd: 0.1, seed: 1 });
      const [X, Y] = [matrix(500, 64, 1), matrix(500, 1, 2)];
      return () => ntk.train(net, X, Y, { learningRate: 1e-3, steps: 20, recordAt: [20] }).loss[0];
    },
  },
  {
    name: "features of these 1000 steps alone",
    flops: 0,
    op(context) {
      const { hidden, gain } = loadNetwork(context, wideNet());
      const X = loadInputs(context, matrix(200, 1, 1));
      const [S, G] = [scratch(context, 200, 1000), scratch(context, 200, 1000)];
      return () => {
        for (let k = 0; k < 1000; k++) features(hidden[0].code, hidden[0], X, gain, S, G);
        return G.entries()[0];
      };
    },
  },
];
