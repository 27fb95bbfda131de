/**
 * The gradients of the outputs in the pre-activations, layer by layer from the top down (backward mode, MATH.md §2).
 */
import type { Context } from "../../context.js";
import { addTo, gemm, hadamard } from "../../linalg/blas.js";
import { scratch, type View } from "../../linalg/view.js";
import type { Loaded, Tile } from "./layers.js";

/**
 * The gradients of every output in the pre-activations, from the top layer down. Calls `body(l, G)` with G = scale
 * ∂f_c/∂Z_l, (rows·C)×m_l, row (n, c) at n·C + c. The same memory read as rows×(C·m_l) has one row for each input. G
 * lives for one call.
 */
export function forEachGradient(
  context: Context,
  { hidden, readout, C, gain, bytes, widest }: Loaded,
  { rows, slopes }: Tile,
  scale: number,
  body: (l: number, G: View) => void,
): void {
  const top = hidden.length - 1;
  const n = rows * C;
  context.arena.run(() => {
    const spare = hidden.length > 1 || C > 1 ? [0, 1].map(() => scratch(context, n, widest, bytes)) : [];
    // Residual networks: the gradient of the last joined layer reaches the joined layer below it directly too.
    const joined = hidden.some(({ joins }) => joins) ? scratch(context, n, widest, bytes) : undefined;
    const keep = (l: number, G: View) => {
      if (joined && hidden[l].skip >= 0) joined.reshape(G.rows, G.cols).numbers().set(G.numbers());
    };
    let G = slopes[top];
    if (!gain) {
      G = spare[0].reshape(n, readout.fanIn);
      hadamard(scale * readout.alpha, readout.weights, slopes[top], G);
    }
    keep(top, G);
    body(top, G);
    for (let l = top; l > 0; l--) {
      const { fanIn, alpha, weights } = hidden[l];
      const below = spare[(top - l + 1) % 2].reshape(n, fanIn);
      gemm(alpha, G, weights, 0, below);
      hadamard(1, below, slopes[l - 1], below);
      if (joined && hidden[l - 1].joins) addTo(below, joined.reshape(n, fanIn));
      keep(l - 1, below);
      G = below;
      body(l - 1, G);
    }
  });
}

/**
 * {@link forEachGradient} on two tiles in step; the second tile may be missing. The gradients of all layers of the
 * second tile are kept while the gradients of the first are made one by one.
 */
export function forEachGradientPair(
  context: Context,
  loaded: Loaded,
  tile: Tile,
  tile2: Tile | undefined,
  scale: number,
  body: (l: number, G: View, G2: View | undefined) => void,
): void {
  const { hidden, C, bytes } = loaded;
  context.arena.run(() => {
    const kept = tile2 && hidden.map(({ fanOut }) => scratch(context, tile2.rows * C, fanOut, bytes));
    if (tile2 && kept) forEachGradient(context, loaded, tile2, scale, (l, G) => kept[l].numbers().set(G.numbers()));
    forEachGradient(context, loaded, tile, scale, (l, G) => body(l, G, kept?.[l]));
  });
}
