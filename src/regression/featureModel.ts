/** From a model to the features of its weights: tangent features of a network, or random features. */
import { toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { drawFeatures, type FeaturePlan, forEachFeatures, planOf } from "../kernel/infinite/randomFeatures.js";
import { gemm } from "../linalg/blas.js";
import { copyIn, scratch } from "../linalg/view.js";
import { type Matrix, type MatrixLike, matrix } from "../matrix.js";
import { type Network, ownNetwork, validateNetwork } from "../model/network.js";
import { isRandomFeatures, ownRandomFeatures, type RandomFeatures } from "../model/randomFeatures.js";
import { describe } from "../words.js";
import { type FeatureMap, networkFeatures } from "./featureMap.js";

/** What sums in weight space take. */
export type FeatureModel = Network | RandomFeatures;

/** A map that nobody else's changes reach. @throws TypeError, RangeError where the model has no such features. */
export function featureMap(context: Context, model: FeatureModel): FeatureMap {
  if (isRandomFeatures(model)) return randomFeatureMap(context, ownRandomFeatures(model));
  return networkFeatures(context, ownNetwork(validateNetwork(model)));
}

/** Features that are drawn when the number of inputs is known. */
function randomFeatureMap(context: Context, features: RandomFeatures): FeatureMap {
  const { count } = features;
  let known: { plan: FeaturePlan; d: number; drawn: Float64Array } | undefined;
  const drawnFor = (d: number) => {
    if (known?.d !== d) {
      const plan = planOf(features, d);
      known = { plan, d, drawn: drawFeatures(context, plan) };
    }
    return known;
  };
  const forEachTile: FeatureMap["forEachTile"] = (X, _start, body) => {
    const { plan, drawn } = drawnFor(X.cols);
    forEachFeatures(context, plan, drawn, X, (Phi, first) => body(Phi, first, undefined));
  };
  const mean: FeatureMap["mean"] = (X, beta) => {
    const C = beta.length / count;
    const result = matrix(X.rows, C);
    context.arena.run(() => {
      const B = copyIn(context, beta, C, count);
      forEachTile(X, false, (Phi, first) => {
        const out = scratch(context, Phi.rows, C);
        gemm(1, Phi, B.t, 0, out);
        result.data.set(out.entries(), first * C);
      });
    });
    return result.data;
  };
  return { context, network: undefined, count, inputs: undefined, outputs: undefined, block: 1, forEachTile, mean };
}

/** `ntk.features`: see {@link ../ntk.js}. */
export function featuresOf(context: Context, model: RandomFeatures, Xlike: MatrixLike): Matrix {
  if (!isRandomFeatures(model))
    throw new TypeError(`the model is ${describe(model)}; expected random features from randomFeatures`);
  const map = featureMap(context, model);
  const X = toMatrix(Xlike, "X");
  const result = matrix(X.rows, map.count);
  map.forEachTile(X, false, (Phi, first) => {
    result.data.set(Phi.entries(), first * map.count);
  });
  return result;
}
