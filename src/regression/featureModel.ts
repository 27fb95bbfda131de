/** From a model to the features of its weights. */
import type { Context } from "../context.js";
import { type Network, validateNetwork } from "../model/network.js";
import { type FeatureMap, networkFeatures } from "./featureMap.js";

/** What sums in weight space take. */
export type FeatureModel = Network;

/** @throws TypeError, RangeError where the model has no such features. */
export function featureMap(context: Context, model: FeatureModel): FeatureMap {
  return networkFeatures(context, validateNetwork(model));
}
