/** Products, factors and spectra beside sums in units in which nothing overflows. */
import fc from "fast-check";
import { exactDot } from "../oracle/dot.js";
import { jacobi } from "../oracle/spectrum.js";
import { entry, matrixOf, type Rows, type Square, scale, sized, squareOf } from "./arbitraries.js";
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
  TINY,
  unitOf,
} from "./property.js";

const MAX = Number.MAX_VALUE;
const of = (A: Rows) => A.flat();
const inUnits = (A: Rows, unit: number) => A.map((row) => row.map((x) => x / unit));

/** An entry within depth·ε of Σ|a||b|, or refused where such a sum overflows. */
function checkProduct(what: string, got: { data: Float64Array } | undefined, A: Rows, B: Rows, eps: number): void {
  const columns = B[0].map((_, j) => B.map((row) => row[j]));
  const sums = A.flatMap((row) => columns.map((column) => exactDot(row, column)));
  const size = largest(sums.map((sum) => sum.size));
  if (!got) {
    demand(!(size < MAX / 4), () => `${what} was refused; its largest sum is ${size}`);
    return;
  }
  const depth = B.length;
  near(
    what,
    got.data,
    sums.map(({ value }) => value),
    (at) => 4 * depth * eps * sums[at].size + 4 * depth * TINY,
  );
}

const matmul = property(
  "matmul is a product to rounding",
  sized([5, 9, 5], (m, k, n) => fc.record({ A: matrixOf(m, k), B: matrixOf(k, n) })),
  ({ ntk, single }, { A, B }) => {
    checkProduct(
      "matmul",
      attempt("matmul", () => ntk.matmul(A, B)),
      A,
      B,
      EPS,
    );
    const moderate = [...of(A), ...of(B)].every((x) => x === 0 || (Math.abs(x) > 1e-12 && Math.abs(x) < 1e12));
    const rounded = attempt("matmul", () => single.matmul(A, B));
    if (moderate) checkProduct("matmul in float32", rounded, A, B, EPS32);
  },
);

const gram = property(
  "gram is A Aᵀ, symmetric and definite",
  sized([7, 9], (n, k) => fc.record({ A: matrixOf(n, k) })),
  ({ ntk, single }, { A }) => {
    const K = attempt("gram", () => ntk.gram(A));
    const At = A[0].map((_, j) => A.map((row) => row[j]));
    checkProduct("gram", K, A, At, EPS);
    if (K) definite("gram", K);
    const rounded = attempt("gram", () => single.gram(A));
    if (rounded && of(A).every((x) => x === 0 || Math.abs(x) > 1e-18)) definite("gram in float32", rounded, 16, EPS32);
  },
);

/** Entries of a symmetric matrix whose mirror images agree. */
const isSymmetric = (A: Rows) => A.every((row, i) => row.every((x, j) => x === A[j][i]));

const cholesky = property(
  "cholesky gives L Lᵀ = A to rounding, or says that A is not definite",
  sized([8], (n) => squareOf(n)),
  ({ ntk, single }, { A }: Square) => {
    attempt("cholesky", () => single.cholesky(A));
    const L = attempt("cholesky", () => ntk.cholesky(A));
    const n = A.length;
    const unit = unitOf(of(A));
    const U = inUnits(A, unit);
    if (!L) {
      if (!isSymmetric(A)) return;
      const { values } = jacobi(U);
      const scaled = largest(of(A)) > 1e-290;
      const definite = values[0] > 64 * n * n * EPS * values[n - 1];
      demand(!(definite && scaled), () => `cholesky refused eigenvalues from ${values[0] * unit} up`);
      return;
    }
    const F = Array.from({ length: n }, (_, i) => L.data.subarray(i * n, (i + 1) * n));
    F.forEach((row, i) => {
      demand(
        row.every((x, j) => j <= i || x === 0),
        () => `row ${i} of L is ${row}`,
      );
      for (let j = 0; j <= i; j++) {
        const got = exactDot(row, F[j]).value;
        const allowed = 8 * n * EPS * Math.sqrt(A[i][i]) * Math.sqrt(A[j][j]) + n * TINY;
        demand(Math.abs(got - A[i][j]) <= allowed, () => `L Lᵀ at ${i}, ${j} is ${got}, A has ${A[i][j]}`);
      }
    });
  },
);

const solve = property(
  "solve has the backward error of rounding",
  sized([7, 3], (n, k) => fc.record({ square: squareOf(n), B: matrixOf(n, k) })),
  ({ ntk, single }, { square: { A }, B }) => {
    attempt("solve", () => single.solve(A, B));
    const X = attempt("solve", () => ntk.solve(A, B));
    if (!X) return;
    const n = A.length;
    const top = largest(of(A));
    for (let c = 0; c < X.cols; c++) {
      const own = Array.from({ length: n }, (_, k) => X.data[k * X.cols + c]);
      A.forEach((row, i) => {
        const left = exactDot([...row, -B[i][c]], [...own, 1]).value;
        const allowed = 32 * n * n * EPS * (top * largest(own) + Math.abs(B[i][c])) + n * TINY * (1 + top);
        demand(Math.abs(left) <= allowed, () => `A x − b at ${i}, ${c} is ${left}; expected 0 ± ${allowed}`);
      });
    }
  },
);

/** A X − B within rounding of ‖A‖ ‖x‖ + ‖b‖, column by column. */
function checkSolution(what: string, A: Rows, X: { data: Float64Array; cols: number }, B: Rows): void {
  const n = A.length;
  const top = largest(of(A));
  for (let c = 0; c < X.cols; c++) {
    const own = Array.from({ length: n }, (_, k) => X.data[k * X.cols + c]);
    const size = top * largest(own) + largest(B.map((row) => row[c]));
    A.forEach((row, i) => {
      const left = exactDot([...row, -B[i][c]], [...own, 1]).value;
      const allowed = 64 * n * n * EPS * size + n * TINY * (1 + top);
      demand(Math.abs(left) <= allowed, () => `${what}: A x − b at ${i}, ${c} is ${left}; expected 0 ± ${allowed}`);
    });
  }
}

const general = property(
  "LU solves, inverts and gives determinants to rounding, or says that the matrix is singular",
  sized([7, 3], (n, k) => fc.record({ square: squareOf(n), B: matrixOf(n, k) })),
  ({ ntk }, { square: { A }, B }) => {
    const X = attempt("solve", () => ntk.solve(A, B, { method: "lu" }));
    if (X) checkSolution("solve by LU", A, X, B);
    attempt("inverse", () => ntk.inverse(A));
    const found = attempt("logDeterminant", () => ntk.logDeterminant(A));
    const twice = attempt("logDeterminant", () => ntk.logDeterminant(A.map((row) => row.map((x) => x * 2))));
    if (!found || !twice) return;
    const gap = twice.logDeterminant - found.logDeterminant - A.length * Math.LN2;
    const allowed = 1e-9 * (1 + Math.abs(found.logDeterminant));
    const small = of(A).some((x) => x !== 0 && Math.abs(x) < 1e-290);
    demand(small || Math.abs(gap) <= allowed, () => `log |det 2A| − log |det A| − n log 2 is ${gap}`);
    demand(small || twice.sign === found.sign, () => "the sign of det 2A is another than that of det A");
  },
);

const least = property(
  "leastSquares leaves a residual that no column of A shortens",
  sized([8, 5, 2], (m, n, k) => fc.record({ A: matrixOf(m, n), B: matrixOf(m, k) })),
  ({ ntk }, { A, B }) => {
    const found = attempt("leastSquares", () => ntk.leastSquares(A, B));
    if (!found) return;
    const [m, n] = [A.length, A[0].length];
    const { solution, rank, residualNorms } = found;
    demand(rank <= Math.min(m, n), () => `rank ${rank} of a matrix of ${m}×${n}`);
    const moderate = [...of(A), ...of(B)].every((x) => x === 0 || (Math.abs(x) > 1e-60 && Math.abs(x) < 1e60));
    if (!moderate) return;
    const top = largest(of(A));
    for (let c = 0; c < solution.cols; c++) {
      const x = Array.from({ length: n }, (_, j) => solution.data[j * solution.cols + c]);
      const left = A.map((row, i) => exactDot([...row, -B[i][c]], [...x, 1]).value);
      const size = n * top * largest(x) + largest(B.map((row) => row[c]));
      const own = Math.hypot(...left);
      demand(
        Math.abs(own - residualNorms[c]) <= 64 * m * n * EPS * size,
        () => `residualNorms[${c}] is ${residualNorms[c]}; ‖b − A x‖ is ${own}`,
      );
      for (let j = 0; j < n; j++) {
        const slope = exactDot(
          left,
          A.map((row) => row[j]),
        ).value;
        const allowed = 256 * m * m * n * EPS * top * size;
        demand(Math.abs(slope) <= allowed, () => `column ${j} · residual is ${slope}; expected 0 ± ${allowed}`);
      }
    }
  },
);

const eigh = property(
  "eigh gives orthonormal vectors, ascending values, and A v = λ v",
  sized([9], (n) => squareOf(n)),
  ({ ntk, single }, { A }: Square) => {
    attempt("eigh", () => single.eigh(A));
    const found = attempt("eigh", () => ntk.eigh(A));
    if (!found) return demand(!isSymmetric(A) || largest(of(A)) > 1e307, () => "eigh refused a symmetric matrix");
    const { values, vectors } = found;
    const n = A.length;
    const unit = unitOf(of(A));
    const top = largest(of(A)) / unit;
    const V = (i: number, k: number) => vectors.data[i * n + k];
    for (let k = 0; k < n; k++) {
      demand(k === 0 || values[k] >= values[k - 1], () => `values ${values} do not ascend`);
      for (let l = 0; l <= k; l++) {
        const inner = A.reduce((sum, _, i) => sum + V(i, k) * V(i, l), 0);
        demand(Math.abs(inner - (k === l ? 1 : 0)) <= 32 * n * EPS, () => `vectors ${k} and ${l}: ${inner}`);
      }
      A.forEach((row, i) => {
        const got = row.reduce((sum, x, j) => sum + (x / unit) * V(j, k), 0) - (values[k] / unit) * V(i, k);
        const allowed = 32 * n * n * EPS * top + (n * TINY) / unit;
        demand(Math.abs(got) <= allowed, () => `A v − λ v is ${got} at ${i} of vector ${k}, beside ${top}`);
      });
    }
  },
);

const singular = property(
  "svd gives back the matrix but for modes at its level, with orthonormal vectors of the short side",
  sized([7, 5], (m, n) => fc.record({ A: matrixOf(m, n) })),
  ({ ntk, other }, { A }) => {
    attempt("svd", () => other.svd(A));
    const found = attempt("svd", () => ntk.svd(A));
    if (!found) return;
    const { U, singularValues, V, rank, level } = found;
    const [m, n] = [A.length, A[0].length];
    const top = largest(of(A));
    demand(rank === singularValues.length && rank === U.cols && rank === V.cols, () => `rank ${rank}`);
    demand(
      singularValues.every((x, i) => x > level && (i === 0 || x <= singularValues[i - 1])),
      () => `values ${singularValues}`,
    );
    const moderate = [...of(A)].every((x) => x === 0 || (Math.abs(x) > 1e-150 && Math.abs(x) < 1e150));
    if (!moderate) return;
    const short = m < n ? U : V;
    for (let k = 0; k < rank; k++)
      for (let l = 0; l <= k; l++) {
        let inner = 0;
        for (let i = 0; i < short.rows; i++) inner += short.data[i * rank + k] * short.data[i * rank + l];
        demand(Math.abs(inner - (k === l ? 1 : 0)) <= 32 * Math.min(m, n) * EPS, () => `vectors ${k}, ${l}: ${inner}`);
      }
    const allowed = Math.min(m, n) * level + 64 * m * n * EPS * top;
    A.forEach((row, i) => {
      row.forEach((x, j) => {
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += U.data[i * rank + k] * singularValues[k] * V.data[j * rank + k];
        demand(Math.abs(sum - x) <= allowed, () => `entry ${i}, ${j} is ${sum}; expected ${x} ± ${allowed}`);
      });
    });
  },
);

const gammaOf = (x: number) => (x === 0 ? 0 : x);

const together = property(
  "products, factors and spectra of the backends agree",
  sized([6, 4], (n, k) => fc.record({ square: squareOf(n, scale), B: matrixOf(n, k), x: entry })),
  ({ ntk, other }, { square: { A, kind }, B }) => {
    const name = (call: () => unknown) => {
      try {
        call();
        return "an answer";
      } catch (error) {
        return (error as Error).name;
      }
    };
    // Whether a pivot of rounding's size is above 0 is luck.
    if (kind === "definite" || kind === "asymmetric")
      for (const [what, call] of [
        ["cholesky", (one: typeof ntk) => one.cholesky(A)],
        ["solve", (one: typeof ntk) => one.solve(A, B)],
        ["eigh", (one: typeof ntk) => one.eigh(A)],
        ["gram", (one: typeof ntk) => one.gram(A)],
      ] as const) {
        const [mine, others] = [name(() => call(ntk)), name(() => call(other))];
        demand(mine === others, () => `${what}: ${mine} from ${ntk.variant}, ${others} from JavaScript`);
      }
    const [mine, others] = [attempt("gram", () => ntk.gram(B)), attempt("gram", () => other.gram(B))];
    if (mine && others) {
      const top = largest(mine.data);
      near("gram", mine.data.map(gammaOf), others.data.map(gammaOf), 4 * B[0].length * EPS * top + TINY * B[0].length);
    }
  },
);

export const LINEAR: AnyProperty[] = [matmul, gram, cholesky, solve, general, least, eigh, singular, together];
