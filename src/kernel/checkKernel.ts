/** Conformance of a user's own kernel: shapes, symmetry, positive semi-definiteness, functions that agree. */
import { describe, toMatrix } from "../check.js";
import { readMatrix } from "../lists.js";
import { copied, type Matrix, type MatrixLike, rowsOf } from "../matrix.js";
import { largestEigenvalue } from "../model/spectrum.js";
import { shortened } from "../words.js";
import { type CustomKernel, isCustomKernel, ownCustomKernel } from "./custom.js";

/** What {@link checkKernel} found. */
export interface KernelCheck {
  /** True where there are no problems. */
  ok: boolean;
  /** A sentence for each thing that is wrong. */
  problems: string[];
  /** The largest |K_ij − K_ji| of K = kernel(X, X); NaN where K is no matrix of numbers. */
  asymmetry: number;
  /** The smallest eigenvalue of (K + Kᵀ)/2, to c·ε·λ_max; NaN where K is no matrix of numbers. */
  smallestEigenvalue: number;
}

/** Characters of an error of the caller's that are repeated. */
const MOST_OF_ERROR = 300;

/** Rounding of a kernel's entries beside its largest one: sums over a few thousand terms in any order. */
const ROUNDING = 1e-10;

/**
 * Tests a kernel of one's own on inputs X (N×d, N ≥ 2 to see much): that `kernel(X, X)` is an N×N matrix of finite
 * numbers, symmetric and positive semi-definite, and that `kernel(X, X2)` for parts of X and `diagonal(X)` agree with
 * it. Problems are reported, not thrown. It takes O(N³) operations in JavaScript: a few hundred rows are enough.
 *
 * @throws TypeError where `kernel` is no object with a function kernel(X, X2), or X no matrix; RangeError for bad X.
 * @example
 * const wrong = { kernel: () => [[1, 2], [0, 1]] };
 * checkKernel(wrong, [0, 1]).problems[0]; // kernel(X, X) is not symmetric: entry (1, 0) is 0, entry (0, 1) is 2
 */
export function checkKernel(kernel: CustomKernel, Xlike: MatrixLike): KernelCheck {
  if (!isCustomKernel(kernel)) {
    throw new TypeError(`the kernel is ${describe(kernel)}; expected an object with a function kernel(X, X2)`);
  }
  const own = ownCustomKernel(kernel);
  const X = copied(toMatrix(Xlike, "X"));
  const problems: string[] = [];
  // A function may write to what it is given: copies.
  const whole = gave(problems, "kernel(X, X)", X.rows, X.rows, () => {
    const given = copied(X);
    return own.kernel(given, given);
  });
  const result = { asymmetry: Number.NaN, smallestEigenvalue: Number.NaN };
  if (whole) {
    const size = whole.data.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
    result.asymmetry = symmetry(problems, whole, ROUNDING * size);
    result.smallestEigenvalue = definiteness(problems, whole);
    parts(problems, own, X, whole, ROUNDING * size);
    if (own.diagonal) diagonal(problems, own.diagonal, X, whole, ROUNDING * size);
  }
  if (own.mean) {
    const { mean } = own;
    gave(problems, "mean(X)", X.rows, undefined, () => mean(copied(X)));
  }
  return { ok: problems.length === 0, problems, ...result };
}

/** What a function gave, if it is a matrix of finite numbers of this shape. */
function gave(
  problems: string[],
  name: string,
  rows: number,
  cols: number | undefined,
  call: () => unknown,
): Matrix | undefined {
  try {
    const K = copied(readMatrix(call(), name, `${name} gave`));
    if (K.rows !== rows || (cols !== undefined && K.cols !== cols)) {
      problems.push(`${name} gave ${K.rows}×${K.cols} numbers; expected ${rows}×${cols ?? "C"}`);
      return undefined;
    }
    const at = K.data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) return K;
    problems.push(`${name} gave ${K.data[at]} at row ${Math.floor(at / K.cols)}, column ${at % K.cols}`);
  } catch (error) {
    problems.push(`${name} threw: ${shortened(error instanceof Error ? error.message : String(error), MOST_OF_ERROR)}`);
  }
  return undefined;
}

function symmetry(problems: string[], { data, rows: n }: Matrix, allowed: number): number {
  let [worst, at] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const apart = Math.abs(data[i * n + j] - data[j * n + i]);
      if (apart > worst) [worst, at] = [apart, i * n + j];
    }
  }
  if (worst > allowed) {
    const [i, j] = [Math.floor(at / n), at % n];
    problems.push(
      `kernel(X, X) is not symmetric: entry (${i}, ${j}) is ${data[at]}, entry (${j}, ${i}) is ${data[j * n + i]}`,
    );
  }
  return worst;
}

/** The smallest eigenvalue: λ_max(K) − λ_max(λ_max(K) I − K) of the symmetric part. */
function definiteness(problems: string[], { data, rows: n }: Matrix): number {
  const scale = data.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  if (scale === 0) return 0;
  // n times the largest entry is at least λ_max.
  const turned = data.map((value, at) => {
    const mean = value / scale / 2 + data[(at % n) * n + Math.floor(at / n)] / scale / 2;
    return (at % (n + 1) === 0 ? n : 0) - mean;
  });
  const share = n - largestEigenvalue({ data: turned, rows: n, cols: n });
  const least = scale * share;
  if (!(share >= -ROUNDING * n))
    problems.push(
      `kernel(X, X) is not positive semi-definite: its smallest eigenvalue is ${least}; no ridge below ${-least} makes it so`,
    );
  return least;
}

/** kernel of two halves of X against the block of the whole. */
function parts(problems: string[], own: CustomKernel, X: Matrix, whole: Matrix, allowed: number): void {
  const half = Math.ceil(X.rows / 2);
  if (half === X.rows) return;
  const [first, second] = [rowsOf(X, 0, half), rowsOf(X, half, X.rows - half)];
  const name = `kernel(X, X2) of rows 0 to ${half - 1} with the others`;
  const block = gave(problems, name, half, X.rows - half, () => own.kernel(first, second));
  if (!block) return;
  for (let at = 0; at < block.data.length; at++) {
    const [i, j] = [Math.floor(at / block.cols), half + (at % block.cols)];
    const expected = whole.data[i * X.rows + j];
    if (Math.abs(block.data[at] - expected) <= allowed) continue;
    problems.push(`${name} gave ${block.data[at]} for rows ${i} and ${j}, where kernel(X, X) gave ${expected}`);
    return;
  }
}

function diagonal(
  problems: string[],
  of: NonNullable<CustomKernel["diagonal"]>,
  X: Matrix,
  whole: Matrix,
  allowed: number,
): void {
  const own = gave(problems, "diagonal(X)", X.rows, 1, () => of(copied(X)));
  own?.data.some((value, i) => {
    const expected = whole.data[i * (X.rows + 1)];
    if (Math.abs(value - expected) <= allowed) return false;
    problems.push(`diagonal(X) gave ${value} for row ${i}, where kernel(X, X) gave ${expected}`);
    return true;
  });
}
