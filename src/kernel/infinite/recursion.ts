/** The coefficients of the recursion over the layers of an infinitely wide network (MATH.md §6). */
import type { InfiniteNetwork } from "../../model/infinite.js";
import { ratesAt, valueAt } from "../../model/perLayer.js";

/** C = alpha x·x' + beta and Theta = thetaAlpha x·x' + thetaBeta of the first layer. */
export interface First {
  readonly alpha: number;
  readonly beta: number;
  readonly thetaAlpha: number;
  readonly thetaBeta: number;
}

/** From a layer to the next: C ← weight T + bias, Theta ← weight Theta ∘ Ṫ + scale T + shift. */
export interface Step {
  readonly weight: number;
  readonly bias: number;
  readonly scale: number;
  readonly shift: number;
}

/** The first layer of a model for d inputs. Without hidden layers it is the readout. */
export function firstOf(model: InfiniteNetwork, d: number): First {
  const { weight, bias, rates, standard, factor } = layerOf(model, 0);
  const alpha = (factor * weight) / d;
  return {
    alpha,
    beta: factor * bias,
    thetaAlpha: rates.weights * (standard ? factor : alpha),
    thetaBeta: rates.bias * factor * (standard ? Number(model.bias) : bias),
  };
}

/** From hidden layer l to the layer above. */
export function stepOf(model: InfiniteNetwork, l: number): Step {
  const { weight, bias, rates, standard, factor } = layerOf(model, l + 1);
  // Q of the next layer, or in `standard` fan_in q + 1.
  const scale = rates.weights * (standard ? valueAt(model.width ?? 0, l) : weight);
  const shift = rates.bias * (standard ? Number(model.bias) : bias);
  return { weight: factor * weight, bias: factor * bias, scale: factor * scale, shift: factor * shift };
}

/** Variances, rates and the factor of f² of layer l; the readout is layer `depth`. */
function layerOf(model: InfiniteNetwork, l: number) {
  return {
    weight: valueAt(model.weightStd, l) ** 2,
    bias: model.bias ? valueAt(model.biasStd, l) ** 2 : 0,
    rates: ratesAt(model.rates, model.depth, l),
    standard: model.parametrization === "standard",
    factor: l === model.depth ? model.outputScale ** 2 : 1,
  };
}
