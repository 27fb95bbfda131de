/**
 * The network's own operations on views: a layer forward, the product with a layer's Jacobian transposed, the kernel of
 * one hidden layer. `ops.ts` has their contracts and formulas.
 */
import type { Context } from "../../context.js";
import type { View } from "../../linalg/view.js";

/** An affine map Z = alpha H Wᵀ + beta 1 dᵀ: W is fanOut×fanIn, d is 1×fanOut or missing. */
interface Affine {
  readonly weights: View;
  readonly bias: View | undefined;
  readonly alpha: number;
  readonly beta: number;
}

/** Z = alpha H Wᵀ + beta 1 dᵀ, rows×fanOut. */
export function affine({ weights: W, bias, alpha, beta }: Affine, H: View, Z: View): void {
  const { ops, arena } = Z.context;
  const [rows, m, d] = [Z.rows, W.rows, W.cols];
  const [op, scratchBytes] =
    Z.bytes === 8 ? [ops.daffine, ops.dfeaturesScratchBytes] : [ops.saffine, ops.sfeaturesScratchBytes];
  arena.run(() => {
    const work = arena.allocBytes(scratchBytes(rows, m, d));
    op(0, rows, m, d, alpha, H.at, H.ld, W.at, W.ld, beta, bias?.at ?? 0, Z.at, Z.ld, work);
  });
}

/** S = σ(Z), and where G is given gain ∘ σ'(Z), rows×fanOut each; without `gain` it is 1. */
export function features(
  code: number,
  { weights: W, bias, alpha, beta }: Affine,
  H: View,
  gain: View | undefined,
  S: View,
  G: View | undefined,
): void {
  const { ops, arena } = S.context;
  const [rows, m, d] = [S.rows, W.rows, W.cols];
  const [op, scratchBytes] =
    S.bytes === 8 ? [ops.dfeatures, ops.dfeaturesScratchBytes] : [ops.sfeatures, ops.sfeaturesScratchBytes];
  const [d0, b, g, ldg] = [bias?.at ?? 0, gain?.at ?? 0, G?.at ?? 0, G?.ld ?? 0];
  arena.run(() => {
    const work = arena.allocBytes(scratchBytes(rows, m, d));
    op(code, 0, rows, m, d, alpha, H.at, H.ld, W.at, W.ld, beta, d0, b, S.at, S.ld, g, ldg, work);
  });
}

/** S holds Z, and becomes σ(Z) in place; where G is given, G = gain ∘ σ'(Z). */
export function activate(code: number, gain: View | undefined, S: View, G: View | undefined): void {
  const { ops, arena } = S.context;
  const { rows, cols: m } = S;
  const [op, scratchBytes] =
    S.bytes === 8 ? [ops.dactivate, ops.dfeaturesScratchBytes] : [ops.sactivate, ops.sfeaturesScratchBytes];
  arena.run(() => {
    const work = arena.allocBytes(scratchBytes(rows, m, 0));
    op(code, 0, rows, m, gain?.at ?? 0, S.at, S.ld, G?.at ?? 0, G?.ld ?? 0, work);
  });
}

/**
 * Φᵀ v of one hidden layer and one output, in one pass over its features: b += alpha2 Sᵀ v, C += alpha (v ∘ G)ᵀ X,
 * d += beta Gᵀ v. v has a number for each row.
 */
export function vjp(
  v: View,
  { X, S, G }: { X: View; S: View; G: View },
  { alpha2, alpha, beta }: { alpha2: number; alpha: number; beta: number },
  into: { b: View; C: View; d: View | undefined },
): void {
  const { ops } = v.context;
  const [n, m, d] = [S.rows, S.cols, X.cols];
  const [ub, uc, ud] = [into.b.at, into.C.at, into.d?.at ?? 0];
  ops.dvjp(0, m, n, d, alpha2, alpha, beta, v.at, X.at, X.ld, S.at, S.ld, G.at, G.ld, ub, uc, ud);
}

/** out += scale · column sums of G, 1×m. */
export function addColumnSums(scale: number, G: View, out: View): void {
  const { ops, arena } = G.context;
  arena.run(() => {
    const ones = arena.alloc(G.rows);
    arena.view(ones, G.rows).fill(1);
    ops.dvjp(0, G.cols, G.rows, 0, scale, 0, 0, ones, 0, 0, G.at, G.ld, G.at, G.ld, out.at, 0, 0);
  });
}

/** Factors of {@link shallowKernel}. */
interface ShallowTerms {
  readonly sigma: number;
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly delta: number;
}

/**
 * The kernel of one hidden layer from its inputs:
 * K = gamma K + delta + sigma S S2ᵀ + (alpha X X2ᵀ + beta) ∘ (G G2ᵀ).
 * Without X2 it is the lower triangle for X with itself.
 */
export function shallowKernel(
  code: number,
  { weights: W, bias, alpha: zAlpha, beta: zBeta }: Affine,
  gain: View,
  X: View,
  X2: View | undefined,
  { sigma, alpha, beta, gamma, delta }: ShallowTerms,
  K: View,
): void {
  const { arena } = K.context;
  const [n, n2, m, d] = [X.rows, (X2 ?? X).rows, W.rows, X.cols];
  const { cross, half, scratchBytes } = shallowOps(K);
  const [w, ldw, b, g, k, ldk] = [W.at, W.ld, bias?.at ?? 0, gain.at, K.at, K.ld];
  arena.run(() => {
    const work = arena.allocBytes(scratchBytes(n, n2, m, d));
    const [x, ldx, y, ldy] = [X.at, X.ld, X2?.at ?? 0, X2?.ld ?? 0];
    if (!X2)
      half(code, 0, n, m, d, zAlpha, x, ldx, w, ldw, zBeta, b, g, sigma, alpha, beta, gamma, delta, k, ldk, work);
    else {
      const terms = [sigma, alpha, beta, gamma, delta] as const;
      cross(code, 0, n, n2, m, d, zAlpha, x, ldx, y, ldy, w, ldw, zBeta, b, g, ...terms, k, ldk, work);
    }
  });
}

function shallowOps({ bytes, context: { ops } }: Pick<View, "bytes" | "context">) {
  return bytes === 8
    ? { half: ops.dntk, cross: ops.dntkCross, scratchBytes: ops.dntkScratchBytes }
    : { half: ops.sntk, cross: ops.sntkCross, scratchBytes: ops.sntkScratchBytes };
}

/** Bytes of scratch of {@link shallowKernel}. */
export function shallowScratchBytes(
  context: Context,
  bytes: 8 | 4,
  n: number,
  n2: number,
  m: number,
  d: number,
): number {
  return shallowOps({ bytes, context }).scratchBytes(n, n2, m, d);
}
