/** Random features of an infinitely wide network: plain data, from which the features are drawn (MATH.md §6). */
import { any, count, or, pick, read, type Schema, seed } from "../options.js";
import { isPlainObject } from "../scalars.js";
import { describe, reading } from "../words.js";
import { createInfiniteNetwork, type InfiniteNetwork, isInfiniteNetwork } from "./infinite.js";

export interface RandomFeaturesOptions {
  /** Features; default 1000. The error of their kernel falls like 1/√count. */
  count?: number;
  /** Integer in [0, 2^53); default 0. The same seed gives the same features, to rounding. */
  seed?: number;
}

/** Random features of an infinitely wide network: plain data, structured-cloneable where its activations are names. */
export interface RandomFeatures {
  kind: "randomFeatures";
  model: InfiniteNetwork;
  count: number;
  seed: number;
}

const OPTIONS = { count: or(count, 1000), seed: or(seed, 0) } satisfies Schema<RandomFeaturesOptions>;

/** Features of the tangent part, of the readout and of its bias. */
const LEAST = 3;

/**
 * Features whose inner products estimate the kernel of an infinitely wide network, for `fitStream`, `fitSums` and
 * `primalSums`: infinite networks in memory O(count² + batch). The features are the units of a random layer, and random
 * projections of the tangent features below them times the slopes of the units. With relu they are the arc-cosine
 * features of Cho & Saul 2009, with sin and cos random Fourier features (Rahimi & Recht 2007); the tangent part is that
 * of Zandieh et al. 2021. Of one hidden layer the estimate is unbiased, of more its bias is O(1/count).
 *
 * @throws TypeError for what is no infinite network, unknown options or wrong kinds; RangeError for wrong values, and
 *   without a hidden layer.
 * @example
 * const features = randomFeatures(createInfiniteNetwork({ activation: "relu" }), { count: 500, seed: 1 });
 * const limit = await ntk.fitStream(features, [{ X, Y }], { ridge: 1e-3 });
 * limit.predict(Xnew).mean.rows; // 2
 */
export function randomFeatures(model: InfiniteNetwork, options: RandomFeaturesOptions = {}): RandomFeatures {
  const values = read(options, "randomFeatures", "{ count: 1000, seed: 1 }", OPTIONS);
  if (!isInfiniteNetwork(model))
    throw new TypeError(`the model is ${describe(model)}; expected an infinite network from createInfiniteNetwork`);
  const own = createInfiniteNetwork(model);
  if (own.depth === 0)
    throw new RangeError("depth is 0: a linear kernel has the inputs as its features; expected a hidden layer");
  if (values.count < LEAST) throw new RangeError(`count is ${values.count}; expected an integer ≥ ${LEAST}`);
  return { kind: "randomFeatures", model: own, ...values };
}

/** True for what {@link randomFeatures} makes, also after a structured clone or JSON. */
export function isRandomFeatures(model: unknown): model is RandomFeatures {
  return isPlainObject(model, "the model") && reading("the model", () => model.kind === "randomFeatures");
}

/** A checked copy. @throws TypeError, RangeError */
export function ownRandomFeatures(features: RandomFeatures): RandomFeatures {
  const { model, ...options } = pick(features, "the model", { model: any, count: any, seed: any });
  return randomFeatures(model as InfiniteNetwork, options as RandomFeaturesOptions);
}
