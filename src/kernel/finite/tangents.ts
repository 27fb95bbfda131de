/**
 * The tangent features φ(x) = ∇f(x, θ0) as a matrix and as a linear map: forward pass, Jacobian rows, Φu (forward mode)
 * and Φᵀv (backward mode). Row n·C + c belongs to output c of input n. Φu and Φᵀv cost O(NP) for all outputs together.
 * They store neither Φ nor an N×N matrix. Rows are taken in tiles of bounded size.
 */
import type { Context } from "../../context.js";
import { intact } from "../../lists.js";
import { type Matrix, matrix } from "../../matrix.js";
import type { Network } from "../../model/network.js";
import { forEachGradient } from "./gradients.js";
import { forEachTile, type Inputs, type Layer, type Loaded, loadInputs, loadNetwork, type Tile } from "./layers.js";

/** f(X, θ0), N×C. */
export function forward(context: Context, net: Network, X: Matrix): Matrix {
  const { arena } = context;
  return arena.run(() => {
    const loaded = loadNetwork(context, net);
    const out = arena.alloc(X.rows * loaded.C);
    forEachTile(context, loaded, loadInputs(context, X), (tile) => {
      outputsInto(context, loaded, tile, out + tile.row * loaded.C * 8);
    });
    return matrix(X.rows, loaded.C, arena.copyOut(out, X.rows * loaded.C));
  });
}

/** out = f of a tile's rows, rows×C. */
export function outputsInto(context: Context, loaded: Loaded, tile: Tile, out: number): void {
  const { readout, C } = loaded;
  const top = tile.h[loaded.hidden.length];
  const view = context.arena.view(out, tile.rows * C);
  if (readout.bias) {
    const a = context.arena.view(readout.bias, C);
    for (let at = 0; at < view.length; at++) view[at] = readout.beta * a[at % C];
  } else view.fill(0);
  timesWeights(context, readout, readout.alpha, top, tile.rows, readout.weights, 1, out);
}

/** out = gamma out + alpha H Wᵀ for W like the layer's weights; H rows×fanIn, out rows×fanOut. */
function timesWeights(
  { ops, arena }: Context,
  { fanIn, fanOut }: Layer,
  alpha: number,
  h: number,
  rows: number,
  w: number,
  gamma: number,
  out: number,
): void {
  if (fanOut === 1) ops.dgemv(0, rows, fanIn, alpha, h, fanIn, w, gamma, out);
  else {
    arena.run(() => {
      const work = arena.allocBytes(ops.dgemmScratchBytes(rows, fanOut, fanIn));
      ops.dgemm(0, 1, 0, rows, fanOut, fanIn, alpha, h, fanIn, w, fanIn, gamma, out, fanOut, work);
    });
  }
}

/** out += Φ u for a tile's rows, rows×C; u is a vector like θ in backend memory. */
export function tangentInto(context: Context, loaded: Loaded, tile: Tile, u: number, out: number): void {
  const { ops, arena } = context;
  const { hidden, readout, C, gain } = loaded;
  const { rows, h, slopes } = tile;
  const widest = hidden.reduce((size, { fanOut }) => Math.max(size, fanOut), 0);
  arena.run(() => {
    const spare = [0, 1].map(() => arena.alloc(rows * widest));
    let moved = 0;
    hidden.forEach((layer, l) => {
      // ∂Z_l along u: by its own weights, and by the layers below it.
      const { fanIn: d, fanOut: m, alpha, beta, offsets, weights } = layer;
      const z = spare[l % 2];
      arena.run(() => {
        const bias = layer.bias ? u + offsets.bias * 8 : 0;
        const work = arena.allocBytes(ops.dfeaturesScratchBytes(rows, m, d));
        ops.daffine(0, rows, m, d, alpha, h[l], d, u + offsets.weights * 8, d, beta, bias, z, m, work);
      });
      if (moved) timesWeights(context, layer, alpha, moved, rows, weights, 1, z);
      // With one output the top layer's slopes hold its weights already: what is left is a sum.
      if (l === hidden.length - 1 && gain) ops.drowdot(0, rows, m, 1, slopes[l], m, z, m, 1, out);
      else ops.dhadamard(0, rows, m, 1, z, m, 0, slopes[l], m, 1, z, m);
      moved = z;
    });
    const { offsets, alpha, beta } = readout;
    if (!gain) timesWeights(context, readout, alpha, moved, rows, readout.weights, 1, out);
    timesWeights(context, readout, alpha, h[hidden.length], rows, u + offsets.weights * 8, 1, out);
    if (!readout.bias) return;
    const view = arena.view(out, rows * C);
    const a = arena.view(u + offsets.bias * 8, C);
    for (let at = 0; at < view.length; at++) view[at] += beta * a[at % C];
  });
}

/** u += Φᵀ v for a tile's rows; v rows×C, u a vector like θ, both in backend memory. */
export function tangentTransposeInto(context: Context, loaded: Loaded, tile: Tile, v: number, u: number): void {
  const { ops, arena } = context;
  const { hidden, readout, C, gain } = loaded;
  const { rows, h, slopes } = tile;
  const top = hidden.length - 1;
  const at = (layer: Layer) => ({
    weights: u + layer.offsets.weights * 8,
    bias: layer.bias ? u + layer.offsets.bias * 8 : 0,
  });
  arena.run(() => {
    addColumns(context, rows, C, v, readout.beta, at(readout).bias);
    if (gain && top === 0) {
      // One hidden layer and one output: everything in one pass over its features.
      const { fanIn: d, fanOut: m, alpha, beta } = hidden[0];
      const { weights, bias } = at(hidden[0]);
      const [x, s, g] = [h[0], h[1], slopes[0]];
      ops.dvjp(0, m, rows, d, readout.alpha, alpha, beta, v, x, d, s, m, g, m, at(readout).weights, weights, bias);
      return;
    }
    weightGradient(context, readout, rows, v, h[top + 1], at(readout).weights);
    const widest = hidden.reduce((size, { fanOut }) => Math.max(size, fanOut), 0);
    const spare = [0, 1].map(() => arena.alloc(rows * widest));
    let g = 0;
    for (let l = top; l >= 0; l--) {
      const layer = hidden[l];
      const m = layer.fanOut;
      const below = spare[l % 2];
      if (l === top && gain) ops.dkhatrirao(0, rows, m, 1, 1, slopes[l], m, v, 1, 1, below, m);
      else {
        const [above, from] = l === top ? [readout, v] : [hidden[l + 1], g];
        arena.run(() => {
          const work = arena.allocBytes(ops.dgemmScratchBytes(rows, m, above.fanOut));
          const k = above.fanOut;
          ops.dgemm(0, 0, 0, rows, m, k, above.alpha, from, k, above.weights, m, 0, below, m, work);
        });
        ops.dhadamard(0, rows, m, 1, below, m, 0, slopes[l], m, 1, below, m);
      }
      g = below;
      addColumns(context, rows, m, g, layer.beta, at(layer).bias);
      weightGradient(context, layer, rows, g, h[l], at(layer).weights);
    }
  });
}

/** w += alpha Gᵀ H, fanOut×fanIn. */
function weightGradient(
  { ops, arena }: Context,
  { fanIn, fanOut, alpha }: Layer,
  rows: number,
  g: number,
  h: number,
  w: number,
): void {
  arena.run(() => {
    const work = arena.allocBytes(ops.dgemmScratchBytes(fanOut, fanIn, rows));
    ops.dgemm(1, 0, 0, fanOut, fanIn, rows, alpha, g, fanOut, h, fanIn, 1, w, fanIn, work);
  });
}

/** out += scale · column sums of G, rows×m; nothing where `out` is 0. */
function addColumns({ ops, arena }: Context, rows: number, m: number, g: number, scale: number, out: number): void {
  if (!out) return;
  arena.run(() => {
    const ones = arena.alloc(rows);
    arena.view(ones, rows).fill(1);
    ops.dvjp(0, m, rows, 0, scale, 0, 0, ones, 0, 0, g, m, g, m, out, 0, 0);
  });
}

/** Φᵀ v for each row v of V (k×(N·C) in scratch): k vectors of length P. */
export function tangentTranspose(
  context: Context,
  loaded: Loaded,
  inputs: Inputs,
  v: number,
  k: number,
): Float64Array[] {
  const { arena } = context;
  const { C, P } = loaded;
  return arena.run(() => {
    const u = arena.alloc(k * P);
    arena.view(u, k * P).fill(0);
    forEachTile(context, loaded, inputs, (tile) => {
      for (let q = 0; q < k; q++) {
        tangentTransposeInto(context, loaded, tile, v + (q * inputs.n + tile.row) * C * 8, u + q * P * 8);
      }
    });
    return Array.from({ length: k }, (_, q) => arena.copyOut(u + q * P * 8, P));
  });
}

/** [f(x, θ0) +] φ(x)·u for a displacement u = θ − θ0 and each row x of X, N×C. */
export function firstOrder(context: Context, net: Network, X: Matrix, u: Float64Array, start = true): Float64Array {
  const { arena } = context;
  return arena.run(() => {
    const loaded = loadNetwork(context, net);
    const size = X.rows * loaded.C;
    const [moved, out] = [arena.copyIn(u), arena.alloc(size)];
    if (!start) arena.view(out, size).fill(0);
    forEachTile(context, loaded, loadInputs(context, X), (tile) => {
      const to = out + tile.row * loaded.C * 8;
      if (start) outputsInto(context, loaded, tile, to);
      tangentInto(context, loaded, tile, moved, to);
    });
    return arena.copyOut(out, size);
  });
}

/** The Jacobian rows of a tile, (rows·C)×P, into `out`. */
export function jacobianRows(context: Context, loaded: Loaded, tile: Tile, out: number): void {
  const { ops, arena } = context;
  const { hidden, readout, C, P } = loaded;
  const { rows, h } = tile;
  const m = readout.fanIn;
  // Row c holds ∂f_c: zero in the other outputs' rows of b and entries of a.
  if (C > 1) arena.view(out, rows * C * P).fill(0);
  for (let c = 0; c < C; c++) {
    const to = out + c * P * 8;
    const { weights, bias } = readout.offsets;
    if (readout.bias) {
      const view = arena.view(to, (rows - 1) * C * P + bias + c + 1);
      for (let at = bias + c; at < view.length; at += C * P) view[at] = readout.beta;
    }
    const row = to + (weights + c * m) * 8;
    ops.dkhatrirao(0, rows, m, 1, readout.alpha, h[hidden.length], m, 0, 0, 1, row, C * P);
  }
  forEachGradient(context, loaded, tile, 1, (l, g) => {
    const { fanIn, fanOut, alpha, beta, offsets } = hidden[l];
    ops.dkhatrirao(0, rows * C, fanOut, fanIn, alpha, g, fanOut, h[l], fanIn, C, out + offsets.weights * 8, P);
    if (hidden[l].bias) ops.dkhatrirao(0, rows * C, fanOut, 1, beta, g, fanOut, 0, 0, 1, out + offsets.bias * 8, P);
  });
}

/** Φ, (N·C)×P: row n·C + c holds ∇f_c(x_n, θ0) in the order of θ. */
export function jacobian(context: Context, net: Network, X: Matrix): Matrix {
  const { arena } = context;
  return arena.run(() => {
    const P = net.parameters.length;
    const rows = X.rows * net.outputs;
    arena.require(rows * P + X.rows * net.inputs + 2 * P);
    const loaded = loadNetwork(context, net);
    const inputs = loadInputs(context, X);
    const out = arena.alloc(rows * P);
    forEachTile(context, loaded, inputs, (tile) => {
      jacobianRows(context, loaded, tile, out + tile.row * net.outputs * P * 8);
    });
    return matrix(rows, P, arena.copyOut(out, rows * P));
  });
}

/** Θ(X, X) V for V (N·C)×k, as Φ(Φᵀ V): no N×N matrix. */
export function kernelTimesVector(context: Context, net: Network, X: Matrix, V: Matrix): Matrix {
  const { ops, arena } = context;
  return arena.run(() => {
    const { rows: n, cols: k } = V;
    const P = net.parameters.length;
    arena.require(3 * n * k + k * P + 2 * P + X.rows * X.cols);
    const loaded = loadNetwork(context, net);
    const inputs = loadInputs(context, X);
    const [given, columns, result] = [arena.copyIn(intact(V.data, n * k)), arena.alloc(n * k), arena.alloc(n * k)];
    ops.dtranspose(n, k, given, k, columns, n);
    tangentTranspose(context, loaded, inputs, columns, k).forEach((u, q) => {
      const product = firstOrder(context, net, X, u, false);
      arena.view(columns + q * n * 8, n).set(product);
    });
    ops.dtranspose(k, n, columns, n, result, k);
    return matrix(n, k, arena.copyOut(result, n * k));
  });
}
