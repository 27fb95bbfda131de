/**
 * The tangent features φ(x) = ∇f(x, θ0) as a matrix and as a linear map: forward pass, Jacobian rows, Φu and Φᵀv.
 * Φu and Φᵀv cost O(NP) and store neither Φ nor an N×N matrix. Rows are taken in tiles of bounded size.
 */
import type { Context } from "../arena.js";
import { type Matrix, matrix } from "../matrix.js";
import type { Network } from "../model/network.js";
import { checkComputable, forEachTile, type Inputs, type Layer, loadInputs, loadLayer, rowsPerTile } from "./layer.js";

/** f(X, θ0), N×1. */
export function forward(context: Context, value: Network, X: Matrix): Matrix {
  const net = checkComputable(value);
  const { arena } = context;
  return arena.run(() => {
    const layer = loadLayer(context, net);
    const out = arena.alloc(X.rows);
    tangentInto(context, layer, loadInputs(context, X), undefined, true, out);
    return matrix(X.rows, 1, arena.copyOut(out, X.rows));
  });
}

/** out = [f0 +] Φ u. `u` is a vector like θ; undefined means 0. */
export function tangentInto(
  context: Context,
  layer: Layer,
  inputs: Inputs,
  u: Float64Array | undefined,
  start: boolean,
  out: number,
): void {
  const { ops, arena } = context;
  const { m, d } = layer;
  arena.run(() => {
    const biased = layer.bias !== 0;
    const offset = biased ? 1 : 0;
    const ua = u && biased ? u[0] : 0;
    const moved = u ? arena.copyIn(u) : 0;
    const weights = start ? layer.b : 0;
    const zdot = u ? arena.alloc(rowsPerTile(layer, inputs.n) * m) : 0;
    arena.view(out, inputs.n).fill((start ? layer.constant : 0) + layer.beta2 * ua);
    forEachTile(context, layer, inputs, (row, rows, s, g) => {
      const to = out + row * 8;
      if (weights) ops.dgemv(0, rows, m, layer.alpha2, s, m, weights, 1, to);
      if (!u) return;
      const b = moved + offset * 8;
      const c = b + m * 8;
      const bias = biased ? c + m * d * 8 : 0;
      ops.dgemv(0, rows, m, layer.alpha2, s, m, b, 1, to);
      arena.run(() => {
        const work = arena.allocBytes(ops.dfeaturesScratchBytes(rows, m, d));
        const x = inputs.address + row * d * 8;
        ops.daffine(0, rows, m, d, layer.alpha1, x, d, c, d, layer.beta1, bias, zdot, m, work);
      });
      ops.drowdot(0, rows, m, 1, g, m, zdot, m, 1, to);
    });
  });
}

/** Φᵀ v for each row v of V (k×n in scratch): k vectors of length P. */
export function tangentTranspose(context: Context, layer: Layer, inputs: Inputs, v: number, k: number): Float64Array[] {
  const { ops, arena } = context;
  const { m, d, P } = layer;
  const offset = layer.bias ? 1 : 0;
  return arena.run(() => {
    const u = arena.alloc(k * P);
    arena.view(u, k * P).fill(0);
    forEachTile(context, layer, inputs, (row, rows, s, g) => {
      for (let q = 0; q < k; q++) {
        const b = u + (q * P + offset) * 8;
        const c = b + m * 8;
        ops.dvjp(
          0,
          m,
          rows,
          d,
          layer.alpha2,
          layer.alpha1,
          layer.beta1,
          v + (q * inputs.n + row) * 8,
          inputs.address + row * d * 8,
          d,
          s,
          m,
          g,
          m,
          b,
          c,
          layer.bias ? c + m * d * 8 : 0,
        );
      }
    });
    return Array.from({ length: k }, (_, q) => {
      const result = arena.copyOut(u + q * P * 8, P);
      if (offset) result[0] = layer.beta2 * arena.view(v + q * inputs.n * 8, inputs.n).reduce((sum, x) => sum + x, 0);
      return result;
    });
  });
}

/** Rows [row, row + rows) of Φ, rows×P, into `out`, for one tile of features. */
export function jacobianRows(
  { ops }: Context,
  layer: Layer,
  inputs: Inputs,
  row: number,
  rows: number,
  s: number,
  g: number,
  out: number,
): void {
  const { m, d, P } = layer;
  ops.djacobian(
    0,
    rows,
    m,
    d,
    layer.bias ? 1 : 0,
    layer.beta2,
    layer.alpha2,
    layer.alpha1,
    layer.beta1,
    inputs.address + row * d * 8,
    d,
    s,
    m,
    g,
    m,
    out,
    P,
  );
}

/** Φ, N×P: row n holds ∇f(x_n, θ0) in the order of θ. */
export function jacobian(context: Context, value: Network, X: Matrix): Matrix {
  const net = checkComputable(value);
  const { arena } = context;
  return arena.run(() => {
    const P = net.parameters.length;
    arena.require(X.rows * (P + net.inputs) + 4 * P);
    const layer = loadLayer(context, net);
    const inputs = loadInputs(context, X);
    const out = arena.alloc(X.rows * P);
    forEachTile(context, layer, inputs, (row, rows, s, g) => {
      jacobianRows(context, layer, inputs, row, rows, s, g, out + row * P * 8);
    });
    return matrix(X.rows, P, arena.copyOut(out, X.rows * P));
  });
}

/** Θ(X, X) V for V n×k, as Φ(Φᵀ V): no N×N matrix. */
export function kernelTimesVector(context: Context, value: Network, X: Matrix, V: Matrix): Matrix {
  const net = checkComputable(value);
  const { ops, arena } = context;
  return arena.run(() => {
    const { rows: n, cols: k } = V;
    const layer = loadLayer(context, net);
    const inputs = loadInputs(context, X);
    const given = arena.copyIn(V.data);
    const columns = arena.alloc(n * k);
    const result = arena.alloc(n * k);
    ops.dtranspose(n, k, given, k, columns, n);
    tangentTranspose(context, layer, inputs, columns, k).forEach((u, q) => {
      tangentInto(context, layer, inputs, u, false, columns + q * n * 8);
    });
    ops.dtranspose(k, n, columns, n, result, k);
    return matrix(n, k, arena.copyOut(result, n * k));
  });
}

/** f(x, θ0) + φ(x)·(θ − θ0) for a displacement u = θ − θ0 (with `start: false`, the second term alone), N×1. */
export function firstOrder(context: Context, net: Network, X: Matrix, u: Float64Array, start = true): Float64Array {
  const { arena } = context;
  return arena.run(() => {
    const layer = loadLayer(context, net);
    const out = arena.alloc(X.rows);
    tangentInto(context, layer, loadInputs(context, X), u, start, out);
    return arena.copyOut(out, X.rows);
  });
}
