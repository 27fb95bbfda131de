/**
 * The tangent features φ(x) = ∇f(x, θ0) as a matrix and as a linear map: forward pass, Jacobian rows, Φu (forward mode)
 * and Φᵀv (backward mode). Row n·C + c belongs to output c of input n. Φu and Φᵀv cost O(NP) for all outputs together.
 * They store neither Φ nor an N×N matrix. Rows are taken in tiles of bounded size.
 */
import type { Context } from "../../context.js";
import { addTo, gemm, gemv, hadamard, khatriRao, rowDotsInto, transpose } from "../../linalg/blas.js";
import { copyIn, scratch, View } from "../../linalg/view.js";
import { intact } from "../../lists.js";
import type { Matrix } from "../../matrix.js";
import type { Network } from "../../model/network.js";
import { forEachGradient } from "./gradients.js";
import { blocksOf, forEachTile, type Loaded, loadInputs, loadNetwork, type Tile } from "./layers.js";
import { addColumnSums, affine, vjp } from "./networkOps.js";

/** f(X, θ0), N×C. */
export function forward(context: Context, net: Network, X: Matrix): Matrix {
  return context.arena.run(() => {
    const loaded = loadNetwork(context, net);
    const out = scratch(context, X.rows, loaded.C);
    forEachTile(context, loaded, loadInputs(context, X), (tile) => {
      outputsInto(loaded, tile, out.slice(tile.row, tile.rows));
    });
    return out.matrix("the outputs");
  });
}

/** out = f of a tile's rows, rows×C. */
export function outputsInto({ net, hidden, readout, C }: Loaded, tile: Tile, out: View): void {
  const { context } = out;
  const values = out.entries();
  if (readout.bias) {
    const a = readout.bias.entries();
    for (let at = 0; at < values.length; at++) values[at] = readout.beta * a[at % C];
  } else values.fill(0);
  const H = tile.h[hidden.length];
  if (!net.centeredStart || C === 1) timesWeights(readout.alpha, H, readout.weights, 1, out);
  else {
    // Twins cancel to the bit in a dot product, whose lanes take them apart; in a product with fused steps they do not.
    context.arena.run(() => {
      const f = scratch(context, 1, out.rows);
      for (let c = 0; c < C; c++) {
        gemv(readout.alpha, H, readout.weights.slice(c, 1), 0, f);
        const [column, to] = [f.entries(), out.entries()];
        for (let i = 0; i < out.rows; i++) to[i * C + c] += column[i];
      }
    });
  }
}

/** out = gamma out + alpha H Wᵀ; H rows×fanIn, out rows×fanOut. */
function timesWeights(alpha: number, H: View, W: View, gamma: number, out: View): void {
  if (W.rows === 1) gemv(alpha, H, W, gamma, out.reshape(1, out.rows));
  else gemm(alpha, H, W.t, gamma, out);
}

/** out += Φ u for a tile's rows, rows×C; u is a vector like θ in backend memory. */
export function tangentInto(context: Context, loaded: Loaded, tile: Tile, u: View, out: View): void {
  const { hidden, readout, C, gain, widest } = loaded;
  const { rows, h, slopes } = tile;
  context.arena.run(() => {
    const spare = [0, 1].map(() => scratch(context, rows, widest));
    const joined = hidden.some(({ joins }) => joins) ? scratch(context, rows, widest) : undefined;
    let moved: View | undefined;
    hidden.forEach((layer, l) => {
      // ∂Z_l along u: by its own weights, by the layers below it, and by the joined one.
      const { fanOut, alpha, tangent, weights, skip, joins } = layer;
      const Z = spare[l % 2].reshape(rows, fanOut);
      const { weights: W, bias } = blocksOf(u, layer);
      affine({ weights: W, bias, ...tangent }, h[l], Z);
      if (moved) timesWeights(alpha, moved, weights, 1, Z);
      if (joined && skip >= 0) addTo(Z, joined.reshape(rows, fanOut));
      if (joined && joins) joined.reshape(rows, fanOut).numbers().set(Z.numbers());
      // With one output the top layer's slopes hold its weights already: what is left is a sum.
      if (l === hidden.length - 1 && gain) rowDotsInto(1, slopes[l], Z, 1, out);
      else hadamard(1, Z, slopes[l], Z);
      moved = Z;
    });
    const along = blocksOf(u, readout);
    if (!gain && moved) timesWeights(readout.alpha, moved, readout.weights, 1, out);
    timesWeights(readout.tangent.alpha, h[hidden.length], along.weights, 1, out);
    if (!along.bias) return;
    const [values, a] = [out.entries(), along.bias.entries()];
    for (let at = 0; at < values.length; at++) values[at] += readout.tangent.beta * a[at % C];
  });
}

/** u += Φᵀ v for a tile's rows; v rows×C, u a vector like θ, both in backend memory. */
export function tangentTransposeInto(context: Context, loaded: Loaded, tile: Tile, v: View, u: View): void {
  const { hidden, readout, gain, widest } = loaded;
  const { rows, h, slopes } = tile;
  const top = hidden.length - 1;
  context.arena.run(() => {
    const { weights, bias } = blocksOf(u, readout);
    if (bias) addColumnSums(readout.tangent.beta, v, bias);
    if (gain && top === 0) {
      // One hidden layer and one output: everything in one pass over its features.
      const { weights: C, bias: d } = blocksOf(u, hidden[0]);
      const factors = { alpha2: readout.tangent.alpha, ...hidden[0].tangent };
      vjp(v, { X: h[0], S: h[1], G: slopes[0] }, factors, { b: weights, C, d });
      return;
    }
    gemm(readout.tangent.alpha, v.t, h[top + 1], 1, weights);
    const spare = [0, 1].map(() => scratch(context, rows, widest));
    const joined = hidden.some(({ joins }) => joins) ? scratch(context, rows, widest) : undefined;
    let above = v;
    for (let l = top; l >= 0; l--) {
      const { fanOut, tangent, skip, joins } = hidden[l];
      const G = spare[l % 2].reshape(rows, fanOut);
      if (l === top && gain) khatriRao(1, slopes[l], v, G);
      else {
        const next = l === top ? readout : hidden[l + 1];
        gemm(next.alpha, above, next.weights, 0, G);
        hadamard(1, G, slopes[l], G);
      }
      if (joined && joins) addTo(G, joined.reshape(rows, fanOut));
      if (joined && skip >= 0) joined.reshape(rows, fanOut).numbers().set(G.numbers());
      const into = blocksOf(u, hidden[l]);
      if (into.bias) addColumnSums(tangent.beta, G, into.bias);
      gemm(tangent.alpha, G.t, h[l], 1, into.weights);
      above = G;
    }
  });
}

/** Φᵀ v for each row v of V (k×(N·C) in scratch): k vectors of length P. */
function tangentTranspose(context: Context, loaded: Loaded, inputs: View, V: View): Float64Array[] {
  const { C, P } = loaded;
  const k = V.rows;
  return context.arena.run(() => {
    const U = scratch(context, k, P);
    U.entries().fill(0);
    forEachTile(context, loaded, inputs, (tile) => {
      for (let q = 0; q < k; q++) {
        const v = V.part(q * V.cols + tile.row * C, tile.rows, C);
        tangentTransposeInto(context, loaded, tile, v, U.slice(q, 1));
      }
    });
    return Array.from({ length: k }, (_, q) => U.slice(q, 1).copy());
  });
}

/** Φᵀ v, P numbers, for v with an entry for each output of each row of X. */
export function transposeTimes(context: Context, net: Network, X: Matrix, v: Float64Array): Float64Array {
  return context.arena.run(() => {
    const [loaded, inputs] = [loadNetwork(context, net), loadInputs(context, X)];
    return tangentTranspose(context, loaded, inputs, copyIn(context, v, 1, v.length))[0];
  });
}

/** Φᵀ v for each row v of V, k×(N·C). */
export function transposesTimes(context: Context, net: Network, X: Matrix, V: Matrix): Float64Array[] {
  return context.arena.run(() => {
    const [loaded, inputs] = [loadNetwork(context, net), loadInputs(context, X)];
    return tangentTranspose(context, loaded, inputs, copyIn(context, V.data, V.rows, V.cols));
  });
}

/**
 * [f(x, θ0) +] φ(x)·u for each row x of X, N×C. u is D^−½(θ − θ0), D the rates; with `plain` u is θ − θ0 itself.
 */
export function firstOrder(
  context: Context,
  net: Network,
  X: Matrix,
  u: Float64Array,
  start = true,
  plain = false,
): Float64Array {
  return context.arena.run(() => {
    const loaded = loadNetwork(context, net, undefined, 8, plain ? 0 : 0.5);
    const [moved, out] = [copyIn(context, u, 1, u.length), scratch(context, X.rows, loaded.C)];
    if (!start) out.entries().fill(0);
    forEachTile(context, loaded, loadInputs(context, X), (tile) => {
      const rows = out.slice(tile.row, tile.rows);
      if (start) outputsInto(loaded, tile, rows);
      tangentInto(context, loaded, tile, moved, rows);
    });
    return out.copy();
  });
}

/** The Jacobian rows of a tile into Φ, (rows·C)×P. */
export function jacobianRows(context: Context, loaded: Loaded, tile: Tile, Phi: View): void {
  const { hidden, readout, C, P } = loaded;
  const { rows, h } = tile;
  const { weights, bias } = readout.offsets;
  const m = readout.fanIn;
  // Row c holds ∂f_c: zero in the other outputs' rows of b and entries of a.
  if (C > 1) Phi.entries().fill(0);
  for (let c = 0; c < C; c++) {
    if (readout.bias) {
      const entries = Phi.entries();
      for (let at = c * P + bias + c; at < entries.length; at += C * P) entries[at] = readout.tangent.beta;
    }
    // Every C-th row, from row c: those of output c.
    const own = new View(context, Phi.block(c, weights + c * m, 1, m).at, rows, m, C * P);
    khatriRao(readout.tangent.alpha, h[hidden.length], undefined, own);
  }
  forEachGradient(context, loaded, tile, 1, (l, G) => {
    const { fanIn, fanOut, offsets } = hidden[l];
    const { alpha, beta } = hidden[l].tangent;
    khatriRao(alpha, G, h[l], Phi.block(0, offsets.weights, rows * C, fanOut * fanIn));
    if (hidden[l].bias) khatriRao(beta, G, undefined, Phi.block(0, offsets.bias, rows * C, fanOut));
  });
}

/** Φ, (N·C)×P: row n·C + c holds ∇f_c(x_n, θ0) in the order of θ; with `power` ½ times the roots of the rates. */
export function jacobian(context: Context, net: Network, X: Matrix, power: 0 | 0.5 = 0): Matrix {
  const { arena } = context;
  return arena.run(() => {
    const P = net.parameters.length;
    const C = net.outputs;
    const loaded = loadNetwork(context, net, undefined, 8, power);
    const inputs = loadInputs(context, X);
    const Phi = scratch(context, X.rows * C, P);
    forEachTile(context, loaded, inputs, (tile) => {
      jacobianRows(context, loaded, tile, Phi.slice(tile.row * C, tile.rows * C));
    });
    return Phi.matrix("the Jacobian");
  });
}

/** Θ(X, X) V for V (N·C)×k, as Φ(Φᵀ V): no N×N matrix. */
export function kernelTimesVector(context: Context, net: Network, X: Matrix, V: Matrix): Matrix {
  const { arena } = context;
  return arena.run(() => {
    const { rows: n, cols: k } = V;
    const loaded = loadNetwork(context, net);
    const inputs = loadInputs(context, X);
    const given = copyIn(context, intact(V.data, n * k), n, k);
    const [columns, result] = [scratch(context, k, n), scratch(context, n, k)];
    transpose(given, columns);
    tangentTranspose(context, loaded, inputs, columns).forEach((u, q) => {
      const product = firstOrder(context, net, X, u, false);
      columns.row(q).set(product);
    });
    transpose(columns, result);
    return result.matrix("Θ V");
  });
}
