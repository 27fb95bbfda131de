/**
 * BLAS and LAPACK on views. A routine takes three to five arguments, checks their shapes, and finds its own scratch and
 * precision. Each routine is one op of the backend, or two; `ops.ts` has the contracts, formulas and sources. The names
 * are those of BLAS and LAPACK, without the letter of the precision.
 *
 * A shape that does not fit is a bug of this library, not of its user: an Error that starts with "internal".
 */
import type { Context } from "../context.js";
import type { Info } from "../ops.js";
import { scratch, type View } from "./view.js";

/** C = α A B + β C; β = 0 overwrites. */
export function gemm(alpha: number, A: View, B: View, beta: number, C: View): void {
  match(A.cols === B.rows && C.rows === A.rows && C.cols === B.cols && C.trans === 0, "gemm", A, B, C);
  const { ops, arena } = C.context;
  const [m, n, k] = [C.rows, C.cols, A.cols];
  arena.run(() => {
    const op = C.bytes === 8 ? ops.dgemm : ops.sgemm;
    const work = arena.allocBytes(gemmScratchBytes(C.context, C.bytes, m, n, k));
    op(A.trans, B.trans, 0, m, n, k, alpha, A.at, A.ld, B.at, B.ld, beta, C.at, C.ld, work);
  });
}

/** Lower triangle of C = α A Aᵀ + β C. */
export function syrk(alpha: number, A: View, beta: number, C: View): void {
  match(C.rows === A.rows && C.cols === A.rows && C.trans === 0, "syrk", A, C);
  const { ops, arena } = C.context;
  const [n, k] = [C.rows, A.cols];
  arena.run(() => {
    const op = C.bytes === 8 ? ops.dsyrk : ops.ssyrk;
    const work = arena.allocBytes(gemmScratchBytes(C.context, C.bytes, n, n, k));
    op(A.trans, 0, n, k, alpha, A.at, A.ld, beta, C.at, C.ld, work);
  });
}

/** What {@link gram} multiplies and adds. */
interface GramTerms {
  /** The factor alpha A A2ᵀ + beta; beta alone without A. */
  readonly A?: View | undefined;
  readonly A2?: View | undefined;
  readonly alpha?: number;
  readonly beta: number;
  /** 0 overwrites C. */
  readonly gamma: number;
  readonly delta?: number;
}

/**
 * C = gamma C + delta + (alpha A A2ᵀ + beta) ∘ (G G2ᵀ) (MATH.md §2). Without G2 and A2 the second factors are G and A,
 * and C gets its lower triangle.
 */
export function gram(C: View, G: View, G2: View | undefined, terms: GramTerms): void {
  const { A, A2, alpha = 0, beta, gamma, delta = 0 } = terms;
  matchPlain(C.rows === G.rows && C.cols === (G2 ?? G).rows && G.cols === (G2 ?? G).cols, "gram", C, G, G2);
  const factorFits = !A || (A.rows === C.rows && (A2 ?? A).rows === C.cols && (A2 ?? A).cols === A.cols);
  matchPlain(factorFits && (!A || !A2 === !G2), "gram", C, A, A2);
  const { ops, arena } = C.context;
  const [n, n2, k, d] = [C.rows, C.cols, G.cols, A?.cols ?? 0];
  const [a, lda] = A ? [A.at, A.ld] : [0, 0];
  const double = C.bytes === 8;
  arena.run(() => {
    const work = arena.allocBytes(gramScratchBytes(C.context, C.bytes, n, n2, k, d));
    if (!G2) {
      const op = double ? ops.dgram : ops.sgram;
      op(0, n, k, G.at, G.ld, d, alpha, a, lda, beta, gamma, delta, C.at, C.ld, work);
    } else {
      const op = double ? ops.dgramCross : ops.sgramCross;
      const [b, ldb] = A2 ? [A2.at, A2.ld] : [0, 0];
      op(0, n, n2, k, G.at, G.ld, G2.at, G2.ld, d, alpha, a, lda, b, ldb, beta, gamma, delta, C.at, C.ld, work);
    }
  });
}

/** C = gamma C + (F ⊗ 1) ∘ (G G2ᵀ), an entry of F for each block of C; without G2 the lower triangle of G Gᵀ. */
export function gramBlock(C: View, G: View, G2: View | undefined, F: View, gamma: number): void {
  matchPlain(C.rows === G.rows && C.cols === (G2 ?? G).rows && G.cols === (G2 ?? G).cols, "gramBlock", C, G, G2, F);
  const { ops, arena } = C.context;
  const [n, n2, k, repeat] = [C.rows, C.cols, G.cols, C.rows / F.rows];
  match(C.cols === repeat * F.cols, "gramBlock", C, F);
  const double = C.bytes === 8;
  arena.run(() => {
    const work = arena.allocBytes(gramScratchBytes(C.context, C.bytes, n, n2, k, 1));
    if (!G2) {
      const op = double ? ops.dgramBlock : ops.sgramBlock;
      op(0, n, k, G.at, G.ld, repeat, F.at, F.ld, gamma, C.at, C.ld, work);
    } else {
      const op = double ? ops.dgramBlockCross : ops.sgramBlockCross;
      op(0, n, n2, k, G.at, G.ld, G2.at, G2.ld, repeat, F.at, F.ld, gamma, C.at, C.ld, work);
    }
  });
}

/** Bytes of scratch of {@link gram} for an n×n2 result, k columns of G and d columns of A. */
export function gramScratchBytes({ ops }: Context, bytes: 8 | 4, n: number, n2: number, k: number, d: number): number {
  return (bytes === 8 ? ops.dgramScratchBytes : ops.sgramScratchBytes)(n, n2, k, d);
}

/** Bytes of scratch of {@link gemm} and {@link syrk} for an m×n result. */
export function gemmScratchBytes({ ops }: Context, bytes: 8 | 4, m: number, n: number, k: number): number {
  return (bytes === 8 ? ops.dgemmScratchBytes : ops.sgemmScratchBytes)(m, n, k);
}

/**
 * C = α A ∘ B, row by row. A shorter A is repeated as a whole. Each row of a shorter B is repeated for consecutive rows
 * of C.
 */
export function hadamard(alpha: number, A: View, B: View, C: View): void {
  const { rows, cols } = C;
  if (rows === 0) return;
  const fits = A.cols === cols && B.cols === cols && rows % A.rows === 0 && rows % B.rows === 0;
  matchPlain(fits, "hadamard", A, B, C);
  const { ops } = C.context;
  const [period, repeat] = [A.rows === rows ? 0 : A.rows, rows / B.rows];
  const op = C.bytes === 8 ? ops.dhadamard : ops.shadamard;
  op(0, rows, cols, alpha, A.at, A.ld, period, B.at, B.ld, repeat, C.at, C.ld);
}

/**
 * Row i of J is α G_i ⊗ X_i, a Khatri–Rao product. Each row of a shorter X is repeated for consecutive rows of J.
 * Without X, J is α G.
 */
export function khatriRao(alpha: number, G: View, X: View | undefined, J: View): void {
  const d = X ? X.cols : 1;
  if (J.rows === 0) return;
  matchPlain(J.rows === G.rows && J.cols === G.cols * d && J.rows % (X ?? J).rows === 0, "khatriRao", G, X, J);
  const [x, ldx, repeat] = X ? [X.at, X.ld, J.rows / X.rows] : [0, 0, 1];
  J.context.ops.dkhatrirao(0, J.rows, G.cols, d, alpha, G.at, G.ld, x, ldx, repeat, J.at, J.ld);
}

/** A += B, packed. */
export function addTo(A: View, B: View): void {
  matchPlain(A.rows === B.rows && A.cols === B.cols, "addTo", A, B);
  const [a, b] = [A.numbers(), B.numbers()];
  for (let i = 0; i < a.length; i++) a[i] += b[i];
}

/** Copies the lower triangle of A onto the upper one. */
export function mirror(A: View): void {
  matchPlain(A.rows === A.cols, "mirror", A);
  const { ops } = A.context;
  if (A.bytes === 8) ops.dmirror(A.rows, A.at, A.ld);
  else ops.smirror(A.rows, A.at, A.ld);
}

/** The largest |A_ij − A_ji|; not finite where an entry is not. */
export function asymmetry(A: View): number {
  match(A.rows === A.cols && A.bytes === 8, "asymmetry", A);
  return A.context.ops.dasymmetry(A.rows, A.at, A.ld);
}

/** y = α A x + β y. The views x and y have one row each. */
export function gemv(alpha: number, A: View, x: View, beta: number, y: View): void {
  match(A.trans === 0 && x.cols === A.cols && y.cols === A.rows, "gemv", A, x, y);
  A.context.ops.dgemv(0, A.rows, A.cols, alpha, A.at, A.ld, x.at, beta, y.at);
}

/** Σ_j A_ij B_ij for each row i, in an array that JavaScript owns. */
export function rowDots(A: View, B: View = A): Float64Array {
  return A.context.arena.run(() => {
    const y = scratch(A.context, 1, A.rows);
    rowDotsInto(1, A, B, 0, y);
    return y.copy();
  });
}

/** y = γ y + α Σ_j A_ij B_ij, a number for each row. */
export function rowDotsInto(alpha: number, A: View, B: View, gamma: number, y: View): void {
  const fits = A.rows === B.rows && A.cols === B.cols && y.rows * y.cols === A.rows;
  match(fits && A.trans === 0 && B.trans === 0, "rowDotsInto", A, B, y);
  A.context.ops.drowdot(0, A.rows, A.cols, alpha, A.at, A.ld, B.at, B.ld, gamma, y.at);
}

/** B = Aᵀ. */
export function transpose(A: View, B: View): void {
  matchPlain(A.rows === B.cols && A.cols === B.rows, "transpose", A, B);
  A.context.ops.dtranspose(A.rows, A.cols, A.at, A.ld, B.at, B.ld);
}

/**
 * A = L Lᵀ (Cholesky), in place, from the lower triangle of A. Returns 0, or 1 + the index of the first pivot that
 * cancels to `tolerance` of its diagonal entry.
 */
export function potrf(A: View, tolerance = 0): Info {
  match(A.rows === A.cols && A.trans === 0, "potrf", A);
  const { ops, arena } = A.context;
  const n = A.rows;
  const op = A.bytes === 8 ? ops.dpotrf : ops.spotrf;
  return arena.run(() => op(n, tolerance, A.at, A.ld, arena.allocBytes(potrfScratchBytes(A.context, A.bytes, n))));
}

/** Bytes of scratch of {@link potrf}. */
export function potrfScratchBytes({ ops }: Context, bytes: 8 | 4, n: number): number {
  return (bytes === 8 ? ops.dpotrfScratchBytes : ops.spotrfScratchBytes)(n);
}

/**
 * P A = L U (partial pivoting), in place, with the rows that were exchanged. `info` is 0, or 1 + the index of the first
 * column whose pivot is at most `tolerance`.
 */
export function getrf(A: View, tolerance: number): { info: Info; pivots: Float64Array } {
  match(A.rows === A.cols && A.trans === 0 && A.bytes === 8, "getrf", A);
  const { ops, arena } = A.context;
  const n = A.rows;
  return arena.run(() => {
    const pivots = arena.alloc(n);
    const info = ops.dgetrf(n, tolerance, A.at, A.ld, pivots, arena.allocBytes(getrfScratchBytes(ops, n)));
    return { info, pivots: arena.copyOut(pivots, n) };
  });
}

/** Bytes of scratch of {@link getrf}. */
export function getrfScratchBytes(ops: Context["ops"], n: number): number {
  return ops.dgetrfScratchBytes(n);
}

/** L' L'ᵀ = L Lᵀ + x xᵀ, in place; the row x is destroyed. */
export function rankOneUpdate(L: View, x: View): void {
  matchPlain(L.rows === L.cols && x.cols === L.rows, "rankOneUpdate", L, x);
  const { ops, arena } = L.context;
  arena.run(() => ops.dch1up(L.rows, L.at, L.ld, x.at, arena.allocBytes(ops.dch1upScratchBytes(L.rows))));
}

/**
 * L' L'ᵀ = L Lᵀ − x xᵀ, in place; the row x is destroyed. Returns 0; or 1, with L as before, where at most `tolerance`
 * would be left in some direction.
 */
export function rankOneDowndate(L: View, x: View, tolerance: number): Info {
  matchPlain(L.rows === L.cols && x.cols === L.rows, "rankOneDowndate", L, x);
  const { ops, arena } = L.context;
  const work = () => arena.allocBytes(ops.dch1upScratchBytes(L.rows));
  return arena.run(() => ops.dch1dn(L.rows, tolerance, L.at, L.ld, x.at, work()));
}

/**
 * From this many rows on, the packing of the blocked solve pays (measured at n = 1000). Below, each row reads L once.
 */
const BLOCKED_ROWS = 4;

/** {@link trsm}, but row by row where B has few rows. */
export function substitute(B: View, L: View): void {
  if (B.rows >= BLOCKED_ROWS) {
    trsm(B, L);
    return;
  }
  match(L.rows === L.cols && B.cols === L.rows && B.trans === 0, "trsv", B, L);
  const { ops } = B.context;
  const trsv = B.bytes === 8 ? ops.dtrsv : ops.strsv;
  for (let i = 0; i < B.rows; i++) trsv(L.trans, B.cols, L.at, L.ld, B.at + i * B.ld * B.bytes);
}

/** Bytes of scratch of {@link substitute} in float64. */
export function substituteScratchBytes({ ops }: Context, rows: number, n: number): number {
  return rows < BLOCKED_ROWS ? 0 : ops.dtrsmScratchBytes(rows, n);
}

/** Rows of B times L⁻¹, in place, L lower triangular. `trsm(B, L.t)` multiplies by L⁻ᵀ instead. */
export function trsm(B: View, L: View): void {
  match(L.rows === L.cols && B.cols === L.rows && B.trans === 0, "trsm", B, L);
  const { ops, arena } = B.context;
  const [rows, n] = [B.rows, B.cols];
  arena.run(() => {
    const op = B.bytes === 8 ? ops.dtrsm : ops.strsm;
    const work = arena.allocBytes((B.bytes === 8 ? ops.dtrsmScratchBytes : ops.strsmScratchBytes)(rows, n));
    op(L.trans, 0, rows, n, L.at, L.ld, B.at, B.ld, work);
  });
}

/**
 * Eigenvalues of the lower triangle of A, ascending. `info` is 0, or 1 + the index of the first eigenvalue that did not
 * converge. With `vectors`, A gets the eigenvectors in its rows; without, A is destroyed.
 */
export function eigh(A: View, vectors: boolean): { values: Float64Array; info: Info } {
  match(A.rows === A.cols && A.trans === 0, "eigh", A);
  const { ops, arena } = A.context;
  const flag = vectors ? 1 : 0;
  return arena.run(() => {
    const w = arena.alloc(A.rows);
    const info = ops.deigh(flag, A.rows, A.at, A.ld, w, arena.allocBytes(ops.deighScratchBytes(flag, A.rows)));
    return { values: arena.copyOut(w, A.rows), info };
  });
}

/** Doubles of scratch of {@link eigh} with eigenvectors, for a check of the memory before any work. */
export function eighScratch({ ops }: Context, n: number): number {
  return n + ops.deighScratchBytes(1, n) / 8;
}

/** {@link match}, and no view may be a transpose. */
function matchPlain(fits: boolean, what: string, ...views: (View | undefined)[]): void {
  let plain = fits;
  for (const view of views) if (view && view.trans !== 0) plain = false;
  match(plain, what, ...views);
}

/** Throws where shapes do not fit, or precisions differ. */
function match(fits: boolean, what: string, ...views: (View | undefined)[]): void {
  const bytes = views[0]?.bytes;
  let same = fits;
  for (const view of views) if (view && view.bytes !== bytes) same = false;
  if (same) return;
  const shapes = views
    .filter((view) => view !== undefined)
    .map((view) => `${view.rows}×${view.cols}${view.trans ? "ᵀ" : ""} of ${view.bytes} bytes`);
  throw new Error(`internal: ${what} of ${shapes.join(", ")}`);
}
