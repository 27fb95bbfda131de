/** When the kernel of a finite network is as right in float32 as it is said to be. */
import { bytesOf, type Precision } from "../../linalg/precision.js";
import { blockOf, type Network, scales, widths } from "../../model/network.js";
import { blockNames } from "../../model/perLayer.js";

/**
 * Up to this growth errors stay below 16 ε₃₂ √(Θ_ii Θ_jj): measured 13 ε₃₂ at most at a growth of 9, and 28 at 16, for
 * tanh, erf, sin, gelu and relu, depths 2 to 4 and widths 128 and 512.
 */
const MOST_GROWTH = 8;

/** Bytes of an entry of what a kernel is computed in; 8 in float32 too where rounding grows on its way up. */
export function bytesOfNetwork(precision: Precision, net: Network): 8 | 4 {
  const bytes = bytesOf(precision);
  return bytes === 4 && growthOf(net) > MOST_GROWTH ? 8 : bytes;
}

/**
 * How much a rounding error of the first layer may grow up to the last one: the product of α ‖w‖₂ over the hidden
 * layers above the first, ‖w‖₂ the root mean square over the units, where it is above 1. Initialisations keep it near
 * 1; with `unit` a layer has the root of its fan-in.
 */
function growthOf(net: Network): number {
  const depth = widths(net).length;
  const layers = scales(net);
  let growth = 1;
  for (let l = 1; l < depth; l++) {
    const w = blockOf(net, blockNames(depth, l).weights);
    const square = w.reduce((sum, x) => sum + x * x, 0) / widths(net)[l];
    growth *= Math.max(1, layers[l].alpha * Math.sqrt(square));
  }
  return growth;
}
