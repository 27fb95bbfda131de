/**
 * The singular value decomposition A = U Σ Vᵀ through `eigh` of the smaller of A Aᵀ and Aᵀ A. The eigenvectors are the
 * singular vectors of the short side. A times them has the singular values as its norms, and as its directions the
 * singular vectors of the long side.
 *
 * The Gram matrix squares the condition: its eigenvalues are off by a few kε σ₁², k = min(m, n). So σ_i is off by a few
 * kε σ₁²/σ_i, and what is at most √(kε) σ₁ is lost in rounding. Such modes are left out (Golub & Van Loan, 8.6.1).
 */
import { checkNumbers } from "../check.js";
import type { Context } from "../context.js";
import { intact } from "../lists.js";
import { type Matrix, matrix } from "../matrix.js";
import { eighScratch, gemm, gemmScratchBytes, syrk, transpose } from "./blas.js";
import { decompose } from "./eigen.js";
import { exponentOf, scaled } from "./scaling.js";
import { maxAbs, norm } from "./vectors.js";
import { copyIn, scratch } from "./view.js";

/** What `svd` gives, for A m×n of rank r: A = U diag(singularValues) Vᵀ but for modes at rounding level. */
export interface Svd {
  /** Left singular vectors, m×r: orthonormal columns. */
  readonly U: Matrix;
  /** σ₁ ≥ … ≥ σ_r > 0. */
  readonly singularValues: Float64Array;
  /** Right singular vectors, n×r: orthonormal columns. */
  readonly V: Matrix;
  /** Singular values above the level. */
  readonly rank: number;
  /** √(min(m, n) ε) σ₁: modes of at most this are left out. */
  readonly level: number;
  /** What the answer leaves out, a sentence each. */
  readonly notes: readonly string[];
}

export function svd(context: Context, A: Matrix): Svd {
  const { arena } = context;
  const { rows: m, cols: n } = A;
  const [short, long] = m < n ? [m, n] : [n, m];
  const given = intact(A.data, m * n);
  const size = exponentOf(maxAbs(given));
  return arena.run(() => {
    const matrices = (m < n ? 1 : 2) * m * n + short * short;
    const squared = gemmScratchBytes(context, 8, short, short, long) / 8;
    const product = m * n + gemmScratchBytes(context, 8, short, long, short) / 8;
    arena.require(matrices + Math.max(squared, eighScratch(context, short), product));
    const here = copyIn(context, given, m, n);
    const entries = here.entries();
    for (let at = 0; at < entries.length; at++) entries[at] = scaled(entries[at], -size);
    // A or its transpose: the short side in rows.
    const S = m < n ? here : scratch(context, n, m);
    if (m >= n) transpose(here, S);
    const E = scratch(context, short, short);
    syrk(1, S, 0, E);
    decompose(E, true);
    const P = scratch(context, short, long);
    gemm(1, E, S, 0, P);
    const sizes = Array.from({ length: short }, (_, i) => norm(P.row(i)));
    const order = sizes.map((_, i) => i).sort((i, j) => sizes[j] - sizes[i]);
    const level = Math.sqrt(short * Number.EPSILON) * sizes[order[0]];
    const kept = order.filter((i) => sizes[i] > level);
    const r = kept.length;
    const [ofShort, ofLong] = [matrix(short, r), matrix(long, r)];
    kept.forEach((i, c) => {
      const [e, p] = [E.row(i), P.row(i)];
      for (let t = 0; t < short; t++) ofShort.data[t * r + c] = e[t];
      for (let t = 0; t < long; t++) ofLong.data[t * r + c] = p[t] / sizes[i];
    });
    const singularValues = Float64Array.from(kept, (i) => scaled(sizes[i], size));
    checkNumbers(singularValues, "the singular values");
    const [U, V] = m < n ? [ofShort, ofLong] : [ofLong, ofShort];
    return { U, singularValues, V, rank: r, level: scaled(level, size), notes: notesOf(r, short) };
  });
}

function notesOf(rank: number, short: number): string[] {
  if (rank === short) return [];
  return [
    `${short - rank} of ${short} singular values are at most √(${short} ε) of the largest, where rounding of the Gram matrix decides: they are left out`,
  ];
}
