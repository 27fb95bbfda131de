/**
 * The approximation of a kernel of low numerical rank: Θ ≈ L Lᵀ, or Ω^½ΘΩ^½ ≈ L Lᵀ where rows have noise of their own,
 * with what it leaves, and the factor of L Lᵀ + μI. A kernel that is not positive semi-definite is found out: some of
 * its rows are compared with those of L Lᵀ.
 */
import type { Context } from "../context.js";
import { NotPositiveDefiniteError } from "../errors.js";
import { fillRows, scaledRows } from "../kernel/kernelRows.js";
import { gemm } from "../linalg/blas.js";
import { isLost } from "../linalg/eigen.js";
import { overflow, roundingLevel, showRidge, sufficientRidge } from "../linalg/factor.js";
import { LowRankFactor } from "../linalg/lowRankFactor.js";
import { type PartialCholesky, pivotedCholesky, pivotedMemory, type Rows } from "../linalg/pivotedCholesky.js";
import { diagonalOf, type RowTerms } from "../linalg/rowTerms.js";
import { maxAbs, sum } from "../linalg/vectors.js";
import { hold, scratch, type View } from "../linalg/view.js";
import { Xoshiro256 } from "../model/random.js";
import type { Problem } from "../problem.js";
import type { FitProgress } from "./fitOptions.js";
import { commonShift, normFromBelow } from "./matrixFreeSystem.js";
import type { Approximation } from "./solution.js";

/** The most doubles of L: 256 MiB. */
const KEPT = 2 ** 25;
/** `auto` gives up where the trace is above this part of tr Θ after so many columns. */
const HOPEFUL = 1e-8;
const HOPEFUL_RANK = 48;
/** Rows of the kernel that are compared with those of L Lᵀ. */
const CHECKED = 16;

/** What is asked of an approximation. */
export interface LowRankTarget {
  /** Of tr Θ; default Nε. */
  traceError: number | undefined;
  rank: number | undefined;
}

/** The factor, and what it leaves. */
export interface Made {
  factor: LowRankFactor;
  approximation: Approximation;
  /** Ω and D; undefined where D is λI. */
  own: { omega: RowTerms; D: Float64Array } | undefined;
}

/** `auto`: undefined where the trace is above rounding level. */
export function* factoring(
  context: Context,
  { source, X, size: n, terms }: Problem,
  ridge: number,
  { traceError = n * Number.EPSILON, rank }: LowRankTarget,
  auto: boolean,
): Generator<FitProgress, Made | undefined, void> {
  const D = terms && diagonalOf(terms, ridge);
  const { shift, omega } = D ? commonShift(D) : { shift: ridge, omega: undefined };
  const { block } = source;
  const fill: Rows["fill"] = (points, out) => fillRows(context, source, X, points, out);
  const diagonal = source.diagonal(X);
  const rows = scaledRows({ rowsInto: fill }, block, diagonal, omega?.roots);
  const total = sum(rows.diagonal);
  if (!Number.isFinite(total)) throw new RangeError("the kernel overflows float64 on its diagonal; rescale the inputs");
  const refused = (norm: number) =>
    new RangeError(
      `solver "lowrank" needs noise at each row above rounding level: the smallest is ${shift}; ` +
        `expected a ridge above ${showRidge(sufficientRidge(n, 0, norm))}, or solver "dual" or "cg"`,
    );
  if (!(shift > 0)) throw refused(total);
  const most = Math.min(n, rank ?? n, Math.max(1, Math.floor(KEPT / n)));
  context.arena.require(LowRankFactor.memory(n, most) + pivotedMemory(context, n, most, block));
  const found = yield* approximating(context, rows, traceError * total, total, most, auto);
  if (!found) return undefined;
  const { rank: reachedRank, trace } = found;
  const factor = new LowRankFactor(found.L, shift, found);
  const norm = normFromBelow(n, (v) => factor.times(v).map((value, i) => value - factor.shift * v[i]));
  if (isLost(shift, roundingLevel(n, norm)) || factor.shift !== shift) {
    factor.free();
    if (auto) return undefined;
    throw refused(norm);
  }
  const approximation = { rank: reachedRank, trace, relative: total > 0 ? trace / total : 0, bound: trace / shift };
  return { factor, approximation, own: D && omega && { omega, D } };
}

/** L in a held block of its own size; for `auto` undefined where the trace is above the tolerance. */
function* approximating(
  context: Context,
  rows: Rows,
  tolerance: number,
  total: number,
  most: number,
  auto: boolean,
): Generator<FitProgress, (PartialCholesky & { L: View }) | undefined, void> {
  const out = hold(context, most, rows.n);
  try {
    const slices = pivotedCholesky(context, rows, tolerance, out);
    let slice = slices.next();
    for (; !slice.done; slice = slices.next()) {
      const { rank, trace } = slice.value;
      yield { iteration: 0, residual: trace / total, preconditionerRank: rank };
      if (auto && rank >= HOPEFUL_RANK && trace > HOPEFUL * total) return undefined;
    }
    const found = slice.value;
    if (auto && found.trace > tolerance) return undefined;
    const L = out.slice(0, found.rank);
    checkRows(context, rows, L, found);
    const own = hold(context, found.rank, rows.n);
    own.entries().set(L.entries());
    return { ...found, L: own };
  } finally {
    context.arena.free(out.at);
  }
}

/**
 * A positive semi-definite error E has |E_ij| ≤ √(E_ii E_jj). Some rows are compared: a kernel that is not positive
 * semi-definite is found out.
 */
function checkRows(context: Context, A: Rows, L: View, { rest }: PartialCholesky): void {
  const { n, block } = A;
  const random = new Xoshiro256(1);
  const count = Math.min(CHECKED, n / block);
  const points = Array.from({ length: count }, () =>
    Math.min(n / block - 1, Math.floor((random.uniform() * n) / block)),
  );
  const slack = 64 * roundingLevel(Math.max(L.rows, 1), maxAbs(A.diagonal));
  context.arena.run(() => {
    const E = scratch(context, count * block, n);
    A.fill(points, E);
    const rows = points.flatMap((point) => Array.from({ length: block }, (_, c) => point * block + c));
    const part = scratch(context, rows.length, L.rows);
    rows.forEach((row, i) => {
      for (let k = 0; k < L.rows; k++) part.row(i)[k] = L.row(k)[row];
    });
    if (L.rows > 0) gemm(-1, part, L, 1, E);
    rows.forEach((row, i) => {
      const errors = E.row(i);
      for (let j = 0; j < n; j++) {
        if (
          Math.abs(errors[j]) <=
          2 * Math.sqrt(rest[row] * rest[j]) + slack + Math.sqrt(slack * (rest[row] + rest[j]))
        )
          continue;
        if (Number.isNaN(errors[j])) throw overflow(row, j, errors[j]);
        throw new NotPositiveDefiniteError(
          `the kernel is not positive semi-definite: its part beside ${L.rows} pivots has ${errors[j]} at row ${row}, column ${j}, ` +
            `and ${rest[row]} and ${rest[j]} on its diagonal; expected a kernel that is, or solver "dual"`,
          row,
          0,
        );
      }
    });
  });
}
