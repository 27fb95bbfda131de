// What bench/peers.mjs asks of each library: the data, seeded, and how wrong a result is.
import { createNetwork } from "ntk-wasm";
import { matrix, random, symmetric } from "../lib/data.mjs";

export function network(N, m, d) {
  const net = createNetwork({ inputs: d, hidden: m, biasStd: 1, seed: 1 });
  const block = (name) => {
    const { offset, length } = net.blocks.find((item) => item.name === name);
    return net.parameters.slice(offset, offset + length);
  };
  return [{ net, C: { data: block("c"), rows: m, cols: d }, d: block("d"), b: block("b") }, matrix(N, d, 1)];
}

/** Well enough conditioned for float32: a ridge of 1 beside eigenvalues of up to some 10⁴. */
function regression(N, m, predictions) {
  const [model, X] = network(N, m, 1);
  const Y = { data: X.data.map((x) => Math.sin(3 * x)), rows: N, cols: 1 };
  return [model, X, Y, matrix(predictions, 1, 9), 1];
}

function deepNetwork(N, m, d) {
  const net = createNetwork({ inputs: d, hidden: [m, m, m], activation: "relu", biasStd: 0.1, seed: 1 });
  const block = (name, rows, cols) => {
    const { offset, length } = net.blocks.find((item) => item.name === name);
    return { data: net.parameters.slice(offset, offset + length), rows, cols };
  };
  const layers = [1, 2, 3].map((l) => ({ C: block(`c${l}`, m, l > 1 ? m : d), d: block(`d${l}`, m, 1).data }));
  return [{ net, layers, B: block("b", 1, m), a: block("a", 1, 1).data[0] }, matrix(N, d, 1)];
}

/** Tasks for all; `make` gives the verb's arguments. */
export const tasks = (large) => [
  { name: "kernel N=m=1000 d=1", verb: "kernel", make: () => network(1000, 1000, 1) },
  { name: "deep kernel N=100 [128,128,128] d=64", verb: "deepKernel", make: () => deepNetwork(100, 128, 64) },
  { name: "deep kernel N=500 [512,512,512] d=64", verb: "deepKernel", make: () => deepNetwork(500, 512, 64) },
  { name: "fit + 200 predictions, N=100 m=256 d=1", verb: "fit", make: () => regression(100, 256, 200) },
  { name: "gemm 1000", verb: "gemm", make: () => [matrix(1000, 1000, 1), matrix(1000, 1000, 2)] },
  { name: "Cholesky 1000", verb: "cholesky", make: () => [symmetric(1000, 1000)] },
  { name: "solve 1000×32", verb: "solve", make: () => [symmetric(1000, 1000), matrix(1000, 32, 6)] },
  ...(large ? [500, 1000] : [500]).map((n) => ({
    name: `eigh ${n}`,
    verb: "eigh",
    make: () => [symmetric(n)],
  })),
];

/**
 * Largest error, relative to the largest entry: loose enough for any sound order of the sums (k = 1000), and no looser.
 */
export const TOLERANCE = { float64: 1e-9, float32: 1e-3 };

/** Largest difference, relative to the largest entry of `expected`; NaN if an entry is NaN or missing. */
function difference(result, expected) {
  if (result.length !== expected.length) return Number.NaN;
  const error = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - result[i])), 0);
  return error / expected.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
}

/** Mx, or Mᵀx, for M n×n row-major. */
function product(M, x, transposed = false) {
  const n = x.length;
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (transposed) y[j] += M[i * n + j] * x[i];
      else y[i] += M[i * n + j] * x[j];
    }
  }
  return y;
}

/** Error of a result. Eigenvectors are free in sign: they are judged by AVx = VΛx and VᵀVx = x for a random x. */
export function errorOf(verb, [A], result, expected) {
  if (verb !== "eigh") return difference(result[0], expected[0]);
  const [values, V] = result;
  const x = random(values.length, 7);
  const Vx = product(V, x);
  const scaled = x.map((value, i) => value * values[i]);
  return Math.max(
    difference(values, expected[0]),
    difference(product(V, scaled), product(A.data, Vx)),
    difference(product(V, Vx, true), x),
  );
}
