/**
 * The kernel of a network with several outputs in full, (N·C)×(N·C), row n·C + c. The factor α² H Hᵀ + β² of each layer
 * is made once, N×N. The product of gradients spreads it over C×C blocks on the way out.
 */
import type { Context } from "../../context.js";
import { forEachGradientPair } from "./gradients.js";
import { allocTile, fillTile, type Inputs, type Layer, type Loaded } from "./layers.js";

/** Θ into `out`: lower triangle only without `other`. */
export function fullKernelInto(
  context: Context,
  loaded: Loaded,
  inputs: Inputs,
  other: Inputs | undefined,
  out: number,
): void {
  const { arena } = context;
  const { hidden, readout, C, real } = loaded;
  const [n, n2] = [inputs.n, other?.n ?? inputs.n];
  arena.run(() => {
    const load = (x: Inputs) => fillTile(context, loaded, x, 0, x.n, allocTile(loaded, x.n));
    const tile = load(inputs);
    const tile2 = other && load(other);
    const factor = real.alloc(n * n2);
    const fillFactor = ({ alpha, beta, fanIn: k }: Layer, l: number) => {
      arena.run(() => {
        const work = arena.allocBytes(real.gramScratchBytes(n, n2, k, 0));
        const [h, a, b] = [tile.h[l], alpha ** 2, beta ** 2];
        if (!tile2) real.gram(0, n, k, h, k, 0, 0, 0, 0, a, 0, b, factor, n, work);
        else real.gramCross(0, n, n2, k, h, k, tile2.h[l], k, 0, 0, 0, 0, 0, 0, a, 0, b, factor, n2, work);
      });
    };
    const add = (k: number, g: number, g2: number, gamma: 0 | 1) => {
      arena.run(() => {
        const work = arena.allocBytes(real.gramScratchBytes(n * C, n2 * C, k, 1));
        if (!tile2) real.gramBlock(0, n * C, k, g, k, C, factor, n, gamma, out, n * C, work);
        else real.gramBlockCross(0, n * C, n2 * C, k, g, k, g2, k, C, factor, n2, gamma, out, n2 * C, work);
      });
    };
    // The readout's part is nonzero for equal outputs only: the product of unit vectors.
    fillFactor(readout, hidden.length);
    arena.run(() => {
      const units = real.alloc(Math.max(n, n2) * C * C);
      const view = real.view(units, Math.max(n, n2) * C * C).fill(0);
      for (let row = 0; row < view.length; row += C * C) for (let c = 0; c < C; c++) view[row + c * (C + 1)] = 1;
      add(C, units, units, 0);
    });
    forEachGradientPair(context, loaded, tile, tile2, 1, (l, g, g2) => {
      fillFactor(hidden[l], l);
      add(hidden[l].fanOut, g, g2, 1);
    });
  });
}
