/**
 * Derivatives of tangent features in the input: ∂/∂x of [f(x, θ0) +] φ(x)·u for a fixed u, a point at a time. The
 * tangent goes forward along u, its gradient backward: O(P) a point, without the features. A pass has for layer l
 * (MATH.md §1)
 *
 *   Z = αWH + βd,   Ż = αWḢ + α'UH + β'v,   H⁺ = σ(Z),   Ḣ⁺ = σ'(Z) ∘ Ż,
 *
 * where U and v are u's blocks and the dot is the derivative along u (Pearlmutter 1994).
 */
import { type Matrix, matrix } from "../../matrix.js";
import { type Activation, recordOf, rowOf } from "../../model/activation.js";
import { curvatureOf } from "../../model/curvature.js";
import { applyDefined, isDefined } from "../../model/definedActivation.js";
import { type Network, residualOf, scales, widths } from "../../model/network.js";
import type { LayerScale } from "../../model/networkLayers.js";
import { blockNames, valueAt } from "../../model/perLayer.js";

/** σ of the first m numbers, in place, and its slopes. */
type Activate = (Z: Float64Array, slopes: Float64Array) => void;

interface Layer extends LayerScale {
  readonly fanIn: number;
  readonly fanOut: number;
  /** Where its blocks start in θ; −1 without biases. */
  readonly weights: number;
  readonly bias: number;
}

interface Hidden extends Layer {
  readonly activate: Activate;
  readonly curvature: (z: number) => number;
  /** The layer whose pre-activation it adds; −1 without. */
  readonly skip: number;
}

/** What a layer of one point leaves for the way back. */
interface Pass {
  readonly Z: Float64Array;
  readonly tangent: Float64Array;
  readonly slopes: Float64Array;
}

/** Gradients in the inputs of a network. */
export class InputGradient {
  readonly #net: Network;
  readonly #hidden: readonly Hidden[];
  readonly #readout: Layer;
  readonly #passes: readonly Pass[];

  constructor(net: Network) {
    this.#net = net;
    const sizes = [net.inputs, ...widths(net), net.outputs];
    const depth = sizes.length - 2;
    const starts = new Map(net.blocks.map(({ name, offset }) => [name, offset]));
    const layers = scales(net).map((scale, l): Layer => {
      const names = blockNames(depth, l);
      const [weights, bias] = [starts.get(names.weights) as number, starts.get(names.bias) ?? -1];
      return { ...scale, fanIn: sizes[l], fanOut: sizes[l + 1], weights, bias };
    });
    this.#readout = layers[depth];
    this.#hidden = layers.slice(0, depth).map((layer, l) => {
      const activation = valueAt(net.activation, l);
      const curvature = curvatureOf(activation);
      return { ...layer, activate: activateOf(activation, layer.fanOut), curvature, skip: residualOf(net, l) };
    });
    this.#passes = this.#hidden.map(({ fanOut }) => {
      const [Z, tangent, slopes] = Array.from({ length: 3 }, () => new Float64Array(fanOut));
      return { Z, tangent, slopes };
    });
  }

  /** ∂/∂x of [f +] φ·u for each row of X, N×d for each output; u is D^−½(θ − θ0), D the rates. */
  shared(X: Matrix, u: Float64Array, start: boolean): Matrix[] {
    const results = Array.from({ length: this.#net.outputs }, () => matrix(X.rows, X.cols));
    for (let i = 0; i < X.rows; i++) {
      const top = this.#forward(X.data.subarray(i * X.cols, (i + 1) * X.cols), u);
      results.forEach((result, c) => {
        result.data.set(this.#backward(u, top, c, start), i * X.cols);
      });
    }
    return results;
  }

  /** Adds ∂/∂x of φ_c·u at one point. */
  add(x: Float64Array, u: Float64Array, c: number, factor: number, into: Float64Array): void {
    const gradient = this.#backward(u, this.#forward(x, u), c, false);
    for (let t = 0; t < into.length; t++) into[t] += factor * gradient[t];
  }

  /** The features on top, and their derivative along u. */
  #forward(x: Float64Array, u: Float64Array): { H: Float64Array; moved: Float64Array } {
    const theta = this.#net.parameters;
    let [H, moved] = [x, new Float64Array(x.length)];
    this.#hidden.forEach(({ fanIn, fanOut, alpha, beta, tangent, weights, bias, activate, skip }, l) => {
      const pass = this.#passes[l];
      const [next, nextMoved] = [new Float64Array(fanOut), new Float64Array(fanOut)];
      for (let j = 0; j < fanOut; j++) {
        const from = weights + j * fanIn;
        let [z, along, own] = [0, 0, 0];
        for (let t = 0; t < fanIn; t++) {
          z += theta[from + t] * H[t];
          along += theta[from + t] * moved[t];
          own += u[from + t] * H[t];
        }
        z *= alpha;
        along = alpha * along + tangent.alpha * own;
        if (bias >= 0) {
          z += beta * theta[bias + j];
          along += tangent.beta * u[bias + j];
        }
        if (skip >= 0) {
          z += this.#passes[skip].Z[j];
          along += this.#passes[skip].tangent[j];
        }
        pass.Z[j] = next[j] = z;
        pass.tangent[j] = along;
      }
      activate(next, pass.slopes);
      for (let j = 0; j < fanOut; j++) nextMoved[j] = pass.slopes[j] * pass.tangent[j];
      [H, moved] = [next, nextMoved];
    });
    return { H, moved };
  }

  /** The gradient in x of [f_c +] φ_c·u, after {@link #forward}. */
  #backward(u: Float64Array, top: { H: Float64Array }, c: number, start: boolean): Float64Array {
    const theta = this.#net.parameters;
    const { alpha, tangent, weights, fanIn } = this.#readout;
    const m = top.H.length;
    // Gradients in H and in its derivative along u.
    let [g, dot] = [new Float64Array(m), new Float64Array(m)];
    for (let j = 0; j < m; j++) {
      const at = weights + c * fanIn + j;
      dot[j] = alpha * theta[at];
      g[j] = (start ? dot[j] : 0) + tangent.alpha * u[at];
    }
    const joined: [Float64Array, Float64Array][] = [];
    for (let l = this.#hidden.length - 1; l >= 0; l--) {
      const layer = this.#hidden[l];
      const { Z, tangent: along, slopes } = this.#passes[l];
      for (let j = 0; j < layer.fanOut; j++) {
        g[j] = slopes[j] * g[j] + layer.curvature(Z[j]) * along[j] * dot[j];
        dot[j] *= slopes[j];
      }
      const above = joined[l];
      if (above) {
        for (let j = 0; j < layer.fanOut; j++) {
          g[j] += above[0][j];
          dot[j] += above[1][j];
        }
      }
      if (layer.skip >= 0) joined[layer.skip] = [g, dot];
      const [below, belowDot] = [new Float64Array(layer.fanIn), new Float64Array(layer.fanIn)];
      for (let unit = 0; unit < layer.fanOut; unit++) {
        const from = layer.weights + unit * layer.fanIn;
        const [own, ownDot] = [layer.alpha * g[unit], layer.alpha * dot[unit]];
        const along = layer.tangent.alpha * dot[unit];
        for (let t = 0; t < layer.fanIn; t++) {
          below[t] += own * theta[from + t] + along * u[from + t];
          belowDot[t] += ownDot * theta[from + t];
        }
      }
      [g, dot] = [below, belowDot];
    }
    return g;
  }
}

/** σ and σ' of a layer of m units. */
function activateOf(activation: Activation, m: number): Activate {
  if (isDefined(activation)) {
    return (Z, slopes) => {
      const { values, slopes: own } = applyDefined(activation, Z, true);
      Z.set(values);
      slopes.set(own as Float64Array);
    };
  }
  const { map } = rowOf(activation);
  const record = recordOf(activation);
  // Values, slopes, and the gain of 1 that a row map multiplies slopes by.
  const room = new Float64Array(3 * m).fill(1);
  return (Z, slopes) => {
    room.set(Z);
    map(room, m, 2 * m, 0, m, record);
    Z.set(room.subarray(0, m));
    slopes.set(room.subarray(m, 2 * m));
  };
}
