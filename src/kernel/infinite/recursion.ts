/** The coefficients of the recursion over the layers of an infinitely wide network (MATH.md §6). */
import type { InfiniteNetwork } from "../../model/infinite.js";
import { ratesAt, valueAt } from "../../model/perLayer.js";

/** C = alpha x·x' + beta and Theta = thetaAlpha x·x' + thetaBeta of the first layer, for inputs times `unit`. */
export interface First {
  /** A power of two: 1 but where the square of the first std leaves the doubles. */
  readonly unit: number;
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
  const unit = unitOf(valueAt(model.weightStd, 0) * (model.depth === 0 ? model.outputScale : 1));
  const alpha = (unit === 1 ? factor * weight : squareOver(model, unit)) / d;
  return {
    unit,
    alpha,
    beta: factor * bias,
    thetaAlpha: rates.weights * (standard ? factor / unit / unit : alpha),
    thetaBeta: rates.bias * factor * (standard ? Number(model.bias) : bias),
  };
}

/** Stds up to 2^±500 have squares with all their digits, also times those of a few other factors. */
const MOST = 500;

/** A power of two near a std whose square leaves the doubles; else 1. */
function unitOf(std: number): number {
  const power = Math.floor(Math.log2(std));
  return Math.abs(power) > MOST && Number.isFinite(power) ? 2 ** power : 1;
}

/** The variance of the first weights, the factor of a readout with it, over unit². */
function squareOver(model: InfiniteNetwork, unit: number): number {
  return ((valueAt(model.weightStd, 0) * (model.depth === 0 ? model.outputScale : 1)) / unit) ** 2;
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
