/**
 * The empirical tangent kernel of a finite network, factored (MATH.md §2), never through the N×P Jacobian:
 *
 *   Θ = beta2² + alpha2² S Sᵀ + (alpha1² X Xᵀ + beta1²) ∘ (G Gᵀ),   G_ij = alpha2 b_j σ'(Z_ij)
 *
 * Hidden units are taken UNITS at a time, so that scratch beside the result is O(N·UNITS) whatever the width.
 * Sources: Jacot et al. 2018; Novak et al. 2022 for the factored form.
 */
import type { Context } from "../arena.js";
import { type Matrix, matrix } from "../matrix.js";
import type { Network } from "../model/network.js";
import { checkComputable, features, forEachTile, type Inputs, type Layer, loadInputs, loadLayer } from "./layer.js";

/** Hidden units of one pass: the depth that the Gram op packs at a time. */
const UNITS = 1024;

/** Which blocks of θ count, one flag per family of features. */
type Parts = Record<"a" | "b" | "c" | "d", boolean>;
const ALL: Parts = { a: true, b: true, c: true, d: true };

/** Θ into `out`: n×n (lower triangle only) without `other`, else n×n2. */
export function kernelInto(
  context: Context,
  layer: Layer,
  inputs: Inputs,
  other: Inputs | undefined,
  out: number,
  parts: Parts = ALL,
): void {
  const { arena } = context;
  arena.run(() => {
    const units = Math.min(UNITS, layer.m);
    const [s, g] = [arena.alloc(inputs.n * units), arena.alloc(inputs.n * units)];
    const [s2, g2] = other ? [arena.alloc(other.n * units), arena.alloc(other.n * units)] : [0, 0];
    for (let unit = 0; unit < layer.m; unit += UNITS) {
      const k = Math.min(UNITS, layer.m - unit);
      features(context, layer, inputs.address, inputs.n, unit, k, s, g);
      if (other) features(context, layer, other.address, other.n, unit, k, s2, g2);
      const start = unit === 0 ? 0 : 1;
      const constant = unit === 0 && parts.a ? layer.beta2 ** 2 : 0;
      accumulate(context, inputs, other, parts.b ? k : 0, s, s2, 0, 0, layer.alpha2 ** 2, start, constant, out);
      const alpha = parts.c ? layer.alpha1 ** 2 : 0;
      const beta = parts.d ? layer.beta1 ** 2 : 0;
      if (alpha !== 0 || beta !== 0) {
        accumulate(context, inputs, other, k, g, g2, alpha === 0 ? 0 : layer.d, alpha, beta, 1, 0, out);
      }
    }
  });
}

/** out = gamma out + delta + (alpha X X2ᵀ + beta) ∘ (G G2ᵀ) by whichever of the two Gram ops fits. */
function accumulate(
  { ops, arena }: Context,
  inputs: Inputs,
  other: Inputs | undefined,
  k: number,
  g: number,
  g2: number,
  d: number,
  alpha: number,
  beta: number,
  gamma: number,
  delta: number,
  out: number,
): void {
  const { n, address } = inputs;
  const n2 = other?.n ?? n;
  arena.run(() => {
    const work = arena.allocBytes(ops.dgramScratchBytes(n, n2, k, d));
    if (!other) ops.dgram(0, n, k, g, k, d, alpha, address, d, beta, gamma, delta, out, n, work);
    else {
      ops.dgramCross(
        0,
        n,
        n2,
        k,
        g,
        k,
        g2,
        k,
        d,
        alpha,
        address,
        d,
        other.address,
        d,
        beta,
        gamma,
        delta,
        out,
        n2,
        work,
      );
    }
  });
}

/** Doubles that {@link kernelInto} takes beside its result; for the memory check before any work. */
export function kernelScratch({ ops }: Context, net: Network, n: number, n2: number): number {
  const m = net.parameters.length;
  const units = Math.min(UNITS, m);
  return m * 2 + (n + n2) * (net.inputs + 2 * units) + ops.dgramScratchBytes(n, n2, units, net.inputs) / 8;
}

/** Θ(X, X2), or Θ(X, X) where X2 is missing. */
export function kernel(context: Context, value: Network, X: Matrix, X2?: Matrix): Matrix {
  return oneKernel(context, checkComputable(value), X, X2, ALL);
}

/** One matrix per block of θ; they sum to Θ. */
export function kernelBlocks(context: Context, value: Network, X: Matrix, X2?: Matrix): Record<string, Matrix> {
  const net = checkComputable(value);
  const none: Parts = { a: false, b: false, c: false, d: false };
  return Object.fromEntries(
    net.blocks.map(({ name }) => [name, oneKernel(context, net, X, X2, { ...none, [name]: true })]),
  );
}

function oneKernel(context: Context, net: Network, X: Matrix, X2: Matrix | undefined, parts: Parts): Matrix {
  const { ops, arena } = context;
  const n2 = X2?.rows ?? X.rows;
  return arena.run(() => {
    arena.require(X.rows * n2 + kernelScratch(context, net, X.rows, n2));
    const out = arena.alloc(X.rows * n2);
    const layer = loadLayer(context, net);
    kernelInto(context, layer, loadInputs(context, X), X2 && loadInputs(context, X2), out, parts);
    if (!X2) ops.dmirror(X.rows, out, n2);
    return matrix(X.rows, n2, arena.copyOut(out, X.rows * n2));
  });
}

/** diag Θ(X, X), N numbers. */
export function kernelDiagonal(context: Context, value: Network, X: Matrix): Float64Array {
  const net = checkComputable(value);
  const { ops, arena } = context;
  return arena.run(() => {
    const layer = loadLayer(context, net);
    const inputs = loadInputs(context, X);
    const [xx, ss, gg] = [arena.alloc(X.rows), arena.alloc(X.rows), arena.alloc(X.rows)];
    ops.drowdot(0, X.rows, layer.d, layer.alpha1 ** 2, inputs.address, layer.d, inputs.address, layer.d, 0, xx);
    forEachTile(context, layer, inputs, (row, rows, s, g) => {
      ops.drowdot(0, rows, layer.m, layer.alpha2 ** 2, s, layer.m, s, layer.m, 0, ss + row * 8);
      ops.drowdot(0, rows, layer.m, 1, g, layer.m, g, layer.m, 0, gg + row * 8);
    });
    const [factors, sums, bells] = [arena.view(xx, X.rows), arena.view(ss, X.rows), arena.view(gg, X.rows)];
    // A saturated unit carries no kernel, however large x is: 0 · ∞ = 0 (MATH.md §6).
    return sums.map(
      (sum, i) => layer.beta2 ** 2 + sum + (bells[i] === 0 ? 0 : (factors[i] + layer.beta1 ** 2) * bells[i]),
    );
  });
}
