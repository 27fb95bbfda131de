/**
 * The full kernel of a network with several outputs, (N·C)×(N·C), row n·C + c. The factor α² H Hᵀ + β² of each layer
 * is made once, N×N. The product of gradients spreads it over C×C blocks on the way out.
 */
import type { Context } from "../../context.js";
import { gram, gramBlock } from "../../linalg/blas.js";
import { scratch, type View } from "../../linalg/view.js";
import { forEachGradientPair } from "./gradients.js";
import { type Layer, type Loaded, wholeTile } from "./layers.js";

/** out = gamma out + Θ: lower triangle only without `other`. */
export function fullKernelInto(
  context: Context,
  loaded: Loaded,
  inputs: View,
  other: View | undefined,
  out: View,
  gamma: number,
): void {
  const { arena } = context;
  const { hidden, readout, C, bytes } = loaded;
  const [n, n2] = [inputs.rows, (other ?? inputs).rows];
  arena.run(() => {
    const tile = wholeTile(context, loaded, inputs);
    const tile2 = other && wholeTile(context, loaded, other);
    const F = scratch(context, n, n2, bytes);
    const fillFactor = ({ tangent: { alpha, beta } }: Layer, l: number) =>
      gram(F, tile.h[l], tile2?.h[l], { beta: alpha ** 2, gamma: 0, delta: beta ** 2 });
    // The readout's part is nonzero for equal outputs only: the product of unit vectors.
    fillFactor(readout, hidden.length);
    arena.run(() => {
      const units = scratch(context, Math.max(n, n2) * C, C, bytes);
      const numbers = units.numbers().fill(0);
      for (let row = 0; row < numbers.length; row += C * C) for (let c = 0; c < C; c++) numbers[row + c * (C + 1)] = 1;
      gramBlock(out, units.slice(0, n * C), other && units.slice(0, n2 * C), F, gamma);
    });
    forEachGradientPair(context, loaded, tile, tile2, 1, (l, G, G2) => {
      fillFactor(hidden[l], l);
      gramBlock(out, G, G2, F, 1);
    });
  });
}
