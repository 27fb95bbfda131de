/**
 * Laplace's approximation as it is defined: the maximum of ψ(f) = log p(y|f) − ½ fᵀK⁻¹f by Newton's method on all N·C
 * values of f at once, with K⁻¹ and every system by Gaussian elimination, and determinants of I + KW. No factor, no B,
 * no low-rank form. Order of the values: latent function by latent function.
 */
import { identity, logDeterminant, multiply, type Rows, solve, transpose } from "./dense.js";

export interface LaplaceOracle {
  f: number[];
  logEvidence: number;
  /** Mean and covariance of the latent functions at one more point. */
  predict(cross: number[], own: number): { mean: number[]; covariance: Rows };
}

/** ∇ log p, W = −∇∇ log p and log p for labels 0 … C − 1, or with `binary` for the log odds of 1 against 0. */
function likelihood(labels: number[], C: number, binary: boolean, f: number[]) {
  const N = labels.length;
  const W = f.map(() => f.map(() => 0));
  const slope = f.map(() => 0);
  let value = 0;
  for (let i = 0; i < N; i++) {
    if (binary) {
      const p = 1 / (1 + Math.exp(-f[i]));
      value += Math.log(labels[i] === 1 ? p : 1 - p);
      slope[i] = labels[i] - p;
      W[i][i] = p * (1 - p);
      continue;
    }
    const exps = Array.from({ length: C }, (_, c) => Math.exp(f[c * N + i]));
    const total = exps.reduce((sum, x) => sum + x, 0);
    const p = exps.map((x) => x / total);
    value += Math.log(p[labels[i]]);
    for (let c = 0; c < C; c++) {
      slope[c * N + i] = (labels[i] === c ? 1 : 0) - p[c];
      for (let d = 0; d < C; d++) W[c * N + i][d * N + i] = (c === d ? p[c] : 0) - p[c] * p[d];
    }
  }
  return { W, slope, value };
}

export function laplaceOracle(K: Rows, labels: number[], C: number, binary = false): LaplaceOracle {
  const N = labels.length;
  const L = binary ? 1 : C;
  const inverse = solve(K, identity(N));
  const blocks = (A: Rows): Rows =>
    identity(L * N).map((row, i) => row.map((_, j) => (Math.floor(i / N) === Math.floor(j / N) ? A[i % N][j % N] : 0)));
  const [prior, precision] = [blocks(K), blocks(inverse)];
  let f: number[] = new Array(L * N).fill(0);
  const psi = (at: number[]) => {
    const quadratic = multiply(
      [at],
      multiply(
        precision,
        at.map((x) => [x]),
      ),
    )[0][0];
    return likelihood(labels, C, binary, at).value - quadratic / 2;
  };
  for (let step = 0; step < 60; step++) {
    const { W, slope } = likelihood(labels, C, binary, f);
    const A = precision.map((row, i) => row.map((x, j) => x + W[i][j]));
    const right = f.map((_, i) => [slope[i] + W[i].reduce((sum, w, j) => sum + w * f[j], 0)]);
    const target = solve(A, right).map(([x]) => x);
    let t = 1;
    const towards = () => f.map((x, i) => x + t * (target[i] - x));
    while (t > 1e-6 && psi(towards()) < psi(f) - 1e-9) t /= 2;
    f = towards();
  }
  const { W, slope } = likelihood(labels, C, binary, f);
  const KW = multiply(prior, W).map((row, i) => row.map((x, j) => x + (i === j ? 1 : 0)));
  return {
    f,
    logEvidence: psi(f) - logDeterminant(KW) / 2,
    predict(cross, own) {
      const wide: Rows = Array.from({ length: L }, (_, c) =>
        f.map((_, j) => (Math.floor(j / N) === c ? cross[j % N] : 0)),
      );
      const mean = multiply(
        wide,
        slope.map((x) => [x]),
      ).map(([x]) => x);
      const weights = multiply(wide, precision);
      const spread = solve(
        precision.map((row, i) => row.map((x, j) => x + W[i][j])),
        transpose(weights),
      );
      const explained = multiply(weights, transpose(wide));
      const left = multiply(weights, spread);
      const covariance = left.map((row, c) => row.map((x, d) => (c === d ? own : 0) - explained[c][d] + x));
      return { mean, covariance };
    },
  };
}

/** ∫ g(f) N(f; mean, variance) df by Simpson's rule with 40 000 intervals over 14 deviations. */
export function gaussianIntegral(g: (f: number) => number, mean: number, variance: number): number {
  const deviation = Math.sqrt(variance);
  const n = 40_000;
  const h = (28 * deviation) / n;
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    const f = mean - 14 * deviation + k * h;
    const weight = k === 0 || k === n ? 1 : k % 2 === 1 ? 4 : 2;
    sum += weight * g(f) * Math.exp(-((f - mean) ** 2) / (2 * variance));
  }
  return (sum * h) / 3 / Math.sqrt(2 * Math.PI * variance);
}

/**
 * The same mode for f = Xw, w ~ N(0, variance): logistic or softmax regression with a Gaussian prior, by Newton's
 * method on the L·d weights. No kernel, so its rank does not matter. Gives f at the rows of X, row by row.
 */
export function regressionOracle(X: Rows, labels: number[], C: number, variance: number): number[] {
  const [L, d] = [C === 2 ? 1 : C, X[0].length];
  let w: number[] = new Array(L * d).fill(0);
  const values = () =>
    Array.from({ length: L }, (_, c) => X.map((x) => x.reduce((sum, v, k) => sum + v * w[c * d + k], 0))).flat();
  const wide: Rows = Array.from({ length: L }, (_, c) =>
    X.map((x) => w.map((__, at) => (Math.floor(at / d) === c ? x[at % d] : 0))),
  ).flat();
  for (let step = 0; step < 40; step++) {
    const { W, slope } = likelihood(labels, C, C === 2, values());
    const A = multiply(transpose(wide), multiply(W, wide)).map((row, i) =>
      row.map((x, j) => x + (i === j ? 1 / variance : 0)),
    );
    const g = multiply([slope], wide)[0].map((x, at) => [x - w[at] / variance]);
    w = solve(A, g).map(([x], at) => w[at] + x);
  }
  const f = values();
  return X.flatMap((_, i) => Array.from({ length: L }, (__, c) => f[c * X.length + i]));
}
