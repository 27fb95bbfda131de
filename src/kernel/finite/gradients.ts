/**
 * The gradients of the outputs in the pre-activations, layer by layer from the top down (backward mode, MATH.md §2).
 */
import type { Context } from "../../context.js";
import type { Loaded, Tile } from "./layers.js";

/**
 * The gradients of every output in the pre-activations, from the top layer down. Calls `body(l, G)` with G = scale
 * ∂f_c/∂Z_l, (rows·C)×m_l, row (n, c) at n·C + c. The same memory read as rows×(C·m_l) has one row for each input. G
 * lives for one call.
 */
export function forEachGradient(
  context: Context,
  { hidden, readout, C, gain, real }: Loaded,
  { rows, slopes }: Tile,
  scale: number,
  body: (l: number, g: number) => void,
): void {
  const { arena } = context;
  const top = hidden.length - 1;
  const widest = hidden.reduce((size, { fanOut }) => Math.max(size, fanOut), 0);
  arena.run(() => {
    const spare = hidden.length > 1 || C > 1 ? [0, 1].map(() => real.alloc(rows * C * widest)) : [0, 0];
    const m = readout.fanIn;
    let g = slopes[top];
    if (!gain) {
      g = spare[0];
      real.hadamard(0, rows * C, m, scale * readout.alpha, readout.weights, m, C, slopes[top], m, C, g, m);
    }
    body(top, g);
    for (let l = top; l > 0; l--) {
      const { fanIn, fanOut, alpha, weights } = hidden[l];
      const below = spare[(top - l + 1) % 2];
      arena.run(() => {
        const work = arena.allocBytes(real.gemmScratchBytes(rows * C, fanIn, fanOut));
        real.gemm(0, 0, 0, rows * C, fanIn, fanOut, alpha, g, fanOut, weights, fanIn, 0, below, fanIn, work);
      });
      real.hadamard(0, rows * C, fanIn, 1, below, fanIn, 0, slopes[l - 1], fanIn, C, below, fanIn);
      g = below;
      body(l - 1, g);
    }
  });
}

/**
 * {@link forEachGradient} on two tiles in step. The second tile may be missing; its address is 0 then. The gradients of
 * all layers of the second tile are kept while the gradients of the first are made one by one.
 */
export function forEachGradientPair(
  context: Context,
  loaded: Loaded,
  tile: Tile,
  tile2: Tile | undefined,
  scale: number,
  body: (l: number, g: number, g2: number) => void,
): void {
  const { arena } = context;
  const { real } = loaded;
  arena.run(() => {
    const sizes = loaded.hidden.map(({ fanOut }) => (tile2?.rows ?? 0) * loaded.C * fanOut);
    const kept = sizes.map((size) => (tile2 ? real.alloc(size) : 0));
    if (tile2) {
      forEachGradient(context, loaded, tile2, scale, (l, g) => {
        real.view(kept[l], sizes[l]).set(real.view(g, sizes[l]));
      });
    }
    forEachGradient(context, loaded, tile, scale, (l, g) => body(l, g, kept[l]));
  });
}
