/**
 * The network's own operations on views: a layer forward, the product with a layer's Jacobian transposed, the kernel of
 * one hidden layer. `ops.ts` has their contracts and formulas.
 */
import type { Context } from "../../context.js";
import type { View } from "../../linalg/view.js";
import type { Info, Ops } from "../../ops.js";
import { callAll } from "./batch.js";

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
  const op = Z.bytes === 8 ? ops.daffine : ops.saffine;
  arena.run(() => {
    const work = arena.allocBytes(featuresScratchBytes(Z.context, Z.bytes, rows, m, d));
    op(0, rows, m, d, alpha, H.at, H.ld, W.at, W.ld, beta, bias?.at ?? 0, Z.at, Z.ld, work);
  });
}

/** Bytes of scratch of a layer of m units and d inputs forward. */
export function featuresScratchBytes({ ops }: Context, bytes: 8 | 4, rows: number, m: number, d: number): number {
  return (bytes === 8 ? ops.dfeaturesScratchBytes : ops.sfeaturesScratchBytes)(rows, m, d);
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
  const op = S.bytes === 8 ? ops.dfeatures : ops.sfeatures;
  const [d0, b, g, ldg] = [bias?.at ?? 0, gain?.at ?? 0, G?.at ?? 0, G?.ld ?? 0];
  arena.run(() => {
    const work = arena.allocBytes(featuresScratchBytes(S.context, S.bytes, rows, m, d));
    op(code, 0, rows, m, d, alpha, H.at, H.ld, W.at, W.ld, beta, d0, b, S.at, S.ld, g, ldg, work);
  });
}

/** S holds Z, and becomes σ(Z) in place; where G is given, G = gain ∘ σ'(Z). */
export function activate(code: number, gain: View | undefined, S: View, G: View | undefined): void {
  const { ops, arena } = S.context;
  const { rows, cols: m } = S;
  const op = S.bytes === 8 ? ops.dactivate : ops.sactivate;
  arena.run(() => {
    const work = arena.allocBytes(featuresScratchBytes(S.context, S.bytes, rows, m, 0));
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

/** A kernel of one hidden layer, and where it is made. */
interface ShallowKernel {
  readonly code: number;
  readonly layer: Affine;
  readonly gain: View;
  readonly sigma: number;
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly delta: number;
  readonly K: View;
}

/**
 * Kernels of one hidden layer from their inputs, side by side, the widest first:
 * K = gamma K + delta + sigma S S2ᵀ + (alpha X X2ᵀ + beta) ∘ (G G2ᵀ).
 * Without X2 it is the lower triangle for X with itself.
 */
export function shallowKernels(kernels: readonly ShallowKernel[], X: View, X2: View | undefined): void {
  const { context, bytes } = X;
  const { half, cross } = shallowOps(bytes);
  context.arena.run(() => {
    if (X2) callAll(context, cross, kernels.length, (op, i) => crossKernel(op, kernels[i], X, X2));
    else callAll(context, half, kernels.length, (op, i) => halfKernel(op, kernels[i], X));
  });
}

function halfKernel(op: Ops["dntk"], kernel: ShallowKernel, X: View): Info {
  const { code, layer, gain, sigma, alpha, beta, gamma, delta, K } = kernel;
  const { weights: W, bias, alpha: zAlpha, beta: zBeta } = layer;
  const [n, m, d, x, ldx, w, ldw] = [X.rows, W.rows, X.cols, X.at, X.ld, W.at, W.ld];
  const [b, g, k, ldk, work] = [bias?.at ?? 0, gain.at, K.at, K.ld, shallowWork(X, n, m)];
  return op(code, 0, n, m, d, zAlpha, x, ldx, w, ldw, zBeta, b, g, sigma, alpha, beta, gamma, delta, k, ldk, work);
}

function crossKernel(op: Ops["dntkCross"], kernel: ShallowKernel, X: View, X2: View): Info {
  const { code, layer, gain, sigma, alpha, beta, gamma, delta, K } = kernel;
  const { weights: W, bias, alpha: zAlpha, beta: zBeta } = layer;
  const [n, n2, m, d, x, ldx, y, ldy] = [X.rows, X2.rows, W.rows, X.cols, X.at, X.ld, X2.at, X2.ld];
  const [w, ldw, b, g, k, ldk, work] = [W.at, W.ld, bias?.at ?? 0, gain.at, K.at, K.ld, shallowWork(X, n2, m)];
  const terms = [sigma, alpha, beta, gamma, delta] as const;
  return op(code, 0, n, n2, m, d, zAlpha, x, ldx, y, ldy, w, ldw, zBeta, b, g, ...terms, k, ldk, work);
}

/** Scratch of a kernel of X and n2 points. */
function shallowWork({ context, bytes, rows, cols }: View, n2: number, m: number): number {
  return context.arena.allocBytes(shallowScratchBytes(context, bytes, rows, n2, m, cols));
}

function shallowOps(bytes: 8 | 4) {
  return bytes === 8
    ? ({ half: "dntk", cross: "dntkCross", scratchBytes: "dntkScratchBytes" } as const)
    : ({ half: "sntk", cross: "sntkCross", scratchBytes: "sntkScratchBytes" } as const);
}

/** Bytes of scratch of one of {@link shallowKernels}. */
export function shallowScratchBytes(
  context: Context,
  bytes: 8 | 4,
  n: number,
  n2: number,
  m: number,
  d: number,
): number {
  return context.ops[shallowOps(bytes).scratchBytes](n, n2, m, d);
}
