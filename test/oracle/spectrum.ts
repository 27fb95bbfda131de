/** Textbook spectra: Jacobi's rotations, centred matrices as products with H, and the published learning curve. */
import { multiply, type Rows, transpose } from "./dense.js";

/** Eigenvalues, ascending, and unit eigenvectors in rows, by cyclic Jacobi rotations (Golub & Van Loan 8.5). */
export function jacobi(A: Rows): { values: number[]; vectors: Rows } {
  const n = A.length;
  const M = A.map((row) => [...row]);
  const V: Rows = A.map((_, i) => A.map((__, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        off += M[p][q] ** 2;
        if (M[p][q] === 0) continue;
        const theta = (M[q][q] - M[p][p]) / (2 * M[p][q]);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const [c, s] = [1 / Math.hypot(t, 1), t / Math.hypot(t, 1)];
        for (let k = 0; k < n; k++) [M[k][p], M[k][q]] = [c * M[k][p] - s * M[k][q], s * M[k][p] + c * M[k][q]];
        for (let k = 0; k < n; k++) [M[p][k], M[q][k]] = [c * M[p][k] - s * M[q][k], s * M[p][k] + c * M[q][k]];
        for (let k = 0; k < n; k++) [V[p][k], V[q][k]] = [c * V[p][k] - s * V[q][k], s * V[p][k] + c * V[q][k]];
      }
    }
    if (off === 0) break;
  }
  const order = A.map((_, i) => i).sort((i, j) => M[i][i] - M[j][j]);
  return { values: order.map((i) => M[i][i]), vectors: order.map((i) => V[i]) };
}

/** H A H with H = I − 11ᵀ/n, by its products. */
function centred(A: Rows): Rows {
  const H = A.map((_, i) => A.map((__, j) => (i === j ? 1 : 0) - 1 / A.length));
  return multiply(multiply(H, A), H);
}

/** ⟨HKH, HLH⟩ / (‖HKH‖ ‖HLH‖), Cortes et al. 2012. */
export function centredAlignment(K: Rows, L: Rows): number {
  const [a, b] = [centred(K).flat(), centred(L).flat()];
  const inner = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b));
}

export function outer(Y: Rows): Rows {
  return multiply(Y, transpose(Y));
}

/**
 * The test error of Bordelon et al. 2020 and Simon et al. 2023 after n points: eigenvalues of the operator, squares of
 * the target's coefficients in its eigenfunctions, σ². κ by halving.
 */
export function publishedError(values: number[], squares: number[], n: number, ridge: number, noise: number): number {
  let [low, high] = [0, (values.reduce((sum, value) => sum + value, 0) + ridge) / n];
  for (let i = 0; i < 200; i++) {
    const kappa = (low + high) / 2;
    const modes = values.reduce((sum, value) => sum + value / (value + kappa), ridge / kappa);
    if (modes > n) low = kappa;
    else high = kappa;
  }
  const learned = values.map((value) => value / (value + high));
  const missed = squares.reduce((sum, square, i) => sum + (1 - learned[i]) ** 2 * square, noise);
  return missed / (1 - learned.reduce((sum, L) => sum + L * L, 0) / n);
}
