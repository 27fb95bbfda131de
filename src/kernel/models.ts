/**
 * Models: what `kernel`, `fit` and `dynamics` take. A model is a network, an infinite network, a stationary kernel, a
 * user's own kernel, or made of other models. All but a user's own are plain data.
 */
import { checkSymmetric, toMatrix } from "../check.js";
import { toVector } from "../lists.js";
import { copied, type Matrix, type MatrixLike, type NumberList } from "../matrix.js";
import { createInfiniteNetwork, type InfiniteNetwork, isInfiniteNetwork } from "../model/infinite.js";
import { type Network, ownNetwork, validateNetwork } from "../model/network.js";
import { ownStationary, type StationaryKernel } from "../model/stationary.js";
import { any, type Check, list, nonNegative, optional, pick, positive, read } from "../options.js";
import { isPlainObject } from "../scalars.js";
import { reading } from "../words.js";
import { type CustomKernel, isCustomKernel, ownCustomKernel } from "./custom.js";

/** What `fit` and `kernel` accept. */
export type Model = Network | InfiniteNetwork | StationaryKernel | ComposedModel | CustomKernel;

/** A model made of other models, or of numbers: plain data, structured-cloneable where its parts are. */
export type ComposedModel = SumModel | ProductModel | ScaledModel | InputScaledModel | PrecomputedKernel;

export interface SumModel {
  kind: "sum";
  terms: { model: Model; weight: number }[];
}

export interface ProductModel {
  kind: "product";
  factors: Model[];
}

export interface ScaledModel {
  kind: "scaled";
  model: Model;
  scale: number;
}

export interface InputScaledModel {
  kind: "inputScaled";
  model: Model;
  /** What each input is multiplied by. */
  scales: number[];
}

export interface PrecomputedKernel {
  kind: "precomputed";
  /** The kernel of rows 0 … n − 1. */
  K: Matrix;
  /** The kernel of rows n, n + 1, … with rows 0 … n − 1. */
  cross: Matrix | undefined;
  /** The kernel of rows n, n + 1, … each with itself. */
  diagonal: Float64Array | undefined;
}

/** The most terms of a sum and factors of a product. */
const MOST_PARTS = 10_000;

/**
 * The kernel Σ weight_i K_i, in one N×N matrix. Of networks it is the tangent kernel of Σ √weight_i f_i.
 *
 * @param terms models with weights > 0, 1 where a weight is left out.
 * @throws TypeError for what is no model or no list; RangeError for wrong values.
 * @example
 * const model = sumOf([{ model: net }, { model: linearKernel({ biasStd: 0 }), weight: 0.1 }]);
 * ntk.fit(model, X, Y, { ridge: 1e-3 });
 */
export function sumOf(terms: readonly { model: Model; weight?: number }[]): SumModel {
  const term: Check<{ model: Model; weight: number }> = (value, name) => {
    const { model, weight } = read(value, name, "{ model, weight: 0.5 }", { model: any, weight: optional(positive) });
    return { model: ownModel(model as Model), weight: weight ?? 1 };
  };
  return { kind: "sum", terms: list(term, "a list of { model, weight }", MOST_PARTS)(terms, "terms") };
}

/**
 * The kernel Π K_i, entry by entry: positive semi-definite as its factors are (Schur).
 *
 * @throws TypeError for what is no model or no list; RangeError for wrong values.
 * @example
 * productOf([rbfKernel(), periodicKernel({ period: 1 })]); // a period that changes slowly
 */
export function productOf(factors: readonly Model[]): ProductModel {
  const factor: Check<Model> = (value) => ownModel(value as Model);
  return { kind: "product", factors: list(factor, "a list of models", MOST_PARTS)(factors, "factors") };
}

/**
 * The kernel s·K, s > 0: of a network the tangent kernel of √s f.
 *
 * @throws TypeError for what is no model; RangeError unless s > 0.
 * @example
 * scaled(net, 0.5);
 */
export function scaled(model: Model, s: number): ScaledModel {
  return { kind: "scaled", model: ownModel(model), scale: positive(s, "s") };
}

/**
 * The kernel K(s ∘ x, s ∘ x'): each input is multiplied by a scale of its own before the model sees it. 1/s_j is
 * the length over which input j matters; a small scale leaves an input out. `tune({ inputScales: true })` finds the
 * scales.
 *
 * @param scales one for each input, each > 0.
 * @throws TypeError for what is no model or no list; RangeError for wrong values.
 * @example
 * const model = inputScaled(createInfiniteNetwork({ activation: "erf" }), [1, 0.1]);
 * ntk.kernel(model, [[1, 5]]).data[0] === ntk.kernel(createInfiniteNetwork({ activation: "erf" }), [[1,
 * 0.5]]).data[0];
 */
export function inputScaled(model: Model, scales: NumberList): InputScaledModel {
  const own = list(positive, "a scale for each input")(scales, "scales");
  return { kind: "inputScaled", model: ownModel(model), scales: own };
}

/**
 * A kernel of stored numbers. An input is one integer: i < n is row i of K, n×n; n + i is row i of `cross`, t×n,
 * the kernel of a further point with the first n, whose variance is entry i of `diagonal`, t numbers.
 *
 * @throws TypeError for what is no matrix; RangeError where K is not symmetric or shapes do not match.
 * @example
 * const fit = ntk.fit(precomputed([[2, 1], [1, 2]], { cross: [[1, 1]], diagonal: [2] }), [0, 1], [1, 3], { ridge: 1 });
 * fit.predict([2]).mean.rows; // 1
 */
export function precomputed(
  K: MatrixLike,
  options: { cross?: MatrixLike; diagonal?: NumberList } = {},
): PrecomputedKernel {
  const given = read(options, "precomputed", "{ cross, diagonal }", { cross: any, diagonal: any });
  return checkPrecomputed({ K, ...given });
}

function checkPrecomputed({ K, cross, diagonal }: Record<"K" | "cross" | "diagonal", unknown>): PrecomputedKernel {
  const square = copied(toMatrix(K as MatrixLike, "K"));
  checkSymmetric(square, "K");
  const further =
    cross === undefined ? undefined : copied(toMatrix(cross as MatrixLike, "cross", { cols: square.rows }));
  if (diagonal === undefined) return { kind: "precomputed", K: square, cross: further, diagonal: undefined };
  if (!further) throw new RangeError("diagonal is given without cross; expected both, for the same further points");
  const own = toVector(diagonal, "diagonal", `${further.rows}, the rows of cross`, { length: further.rows });
  for (let i = 0; i < own.length; i++) nonNegative(own[i], `diagonal[${i}]`);
  return { kind: "precomputed", K: square, cross: further, diagonal: own };
}

const STATIONARY = ["rbf", "matern", "periodic"];

/** True for what the constructors of stationary kernels make. */
export function isStationary(model: unknown): model is StationaryKernel {
  return STATIONARY.includes(kindOf(model) ?? "");
}

/** True for what {@link sumOf} and the like make. */
export function isComposed(model: unknown): model is ComposedModel {
  const kind = kindOf(model);
  return kind !== undefined && Object.hasOwn(PARTS, kind);
}

/** What a model says of itself, if it is no network and no user's own. */
function kindOf(model: unknown): string | undefined {
  if (!isPlainObject(model, "the model")) return undefined;
  const kind = reading("the model", () => model.kind);
  return typeof kind === "string" ? kind : undefined;
}

/** A checked copy of each kind of composed model. */
const PARTS: { [Kind in ComposedModel["kind"]]: (model: Record<string, unknown>) => ComposedModel } = {
  sum: (model) => sumOf(pick(model, "the model", { terms: any }).terms as SumModel["terms"]),
  product: (model) => productOf(pick(model, "the model", { factors: any }).factors as Model[]),
  scaled: (model) => {
    const { model: inner, scale } = pick(model, "the model", { model: any, scale: any });
    return scaled(inner as Model, scale as number);
  },
  inputScaled: (model) => {
    const { model: inner, scales } = pick(model, "the model", { model: any, scales: any });
    return inputScaled(inner as Model, scales as NumberList);
  },
  precomputed: (model) => checkPrecomputed(pick(model, "the model", { K: any, cross: any, diagonal: any })),
};

/**
 * A checked copy of a model, for what is kept: it stays as it is, whatever becomes of the caller's arrays and objects.
 *
 * @throws TypeError, RangeError
 */
export function ownModel(model: Model): Model {
  if (nesting === MOST_NESTED)
    throw new RangeError(
      `the model is nested more than ${MOST_NESTED} deep; expected a model of fewer levels that is no part of itself`,
    );
  nesting++;
  try {
    return ownParts(model);
  } finally {
    nesting--;
  }
}

/** Models around the one that is being copied. */
let nesting = 0;
const MOST_NESTED = 100;

function ownParts(model: Model): Model {
  if (isInfiniteNetwork(model)) return createInfiniteNetwork(model);
  if (isStationary(model)) return ownStationary(model);
  if (isComposed(model)) return PARTS[model.kind](model as unknown as Record<string, unknown>);
  if (!isCustomKernel(model)) return ownNetwork(validateNetwork(model));
  return ownCustomKernel(model);
}

/**
 * The linear kernel (weightStd²/d) x·x' + biasStd², that of a network without hidden layers.
 *
 * @throws TypeError for unknown options or wrong kinds; RangeError for wrong values.
 * @example
 * ntk.kernel(linearKernel({ biasStd: 2 }), [3], [5]).data; // [19]
 */
export function linearKernel(options: { weightStd?: number; biasStd?: number } = {}): InfiniteNetwork {
  const { weightStd, biasStd } = read(options, "linearKernel", "{ biasStd: 0 }", {
    weightStd: optional(nonNegative),
    biasStd: optional(nonNegative),
  });
  return createInfiniteNetwork({ depth: 0, weightStd, biasStd });
}

/**
 * The kernel of a model's outputs before training: NNGP for infinite networks, else the kernel itself. Undefined where
 * the outputs start elsewhere: for finite networks and kernels with a mean.
 */
export function priorOf(model: Model): Model | undefined {
  if (isInfiniteNetwork(model)) return { ...model, kernel: "nngp" };
  if (isStationary(model)) return model;
  if (!isComposed(model)) return isCustomKernel(model) && !model.mean ? model : undefined;
  switch (model.kind) {
    case "precomputed":
      return model;
    case "inputScaled":
    case "scaled": {
      const prior = priorOf(model.model);
      return prior && { ...model, model: prior };
    }
    case "sum": {
      const terms = model.terms.flatMap(({ model: part, weight }) => {
        const prior = priorOf(part);
        return prior ? [{ model: prior, weight }] : [];
      });
      return terms.length === model.terms.length ? { ...model, terms } : undefined;
    }
    case "product": {
      const factors = model.factors.flatMap((part) => priorOf(part) ?? []);
      return factors.length === model.factors.length ? { ...model, factors } : undefined;
    }
  }
}

/** A model with its kind; a network is what is none of the others. */
export type Kinded =
  | { kind: "infinite"; model: InfiniteNetwork }
  | { kind: "stationary"; model: StationaryKernel }
  | { kind: "composed"; model: ComposedModel }
  | { kind: "custom"; model: CustomKernel }
  | { kind: "network"; model: Network };

/** A model with its kind, looked up once: the look is a part of a small call's time. */
export function kinded(model: Model): Kinded {
  if (isInfiniteNetwork(model)) return { kind: "infinite", model };
  const kind = kindOf(model);
  if (kind !== undefined && STATIONARY.includes(kind)) return { kind: "stationary", model: model as StationaryKernel };
  if (kind !== undefined && Object.hasOwn(PARTS, kind)) return { kind: "composed", model: model as ComposedModel };
  return isCustomKernel(model) ? { kind: "custom", model } : { kind: "network", model: model as Network };
}

/** A model in a few words. */
export function modelInWords(model: Model): string {
  const given = kinded(model);
  if (given.kind === "stationary") return `${given.model.kind} kernel`;
  if (given.kind === "composed") return `${given.model.kind} model`;
  if (given.kind === "custom") return "custom kernel";
  const names = [given.model.activation].flat().map((one) => (typeof one === "string" ? one : one.name));
  const activation = [...new Set(names)].join(", ");
  if (given.kind === "infinite") return `infinite network of depth ${given.model.depth}, ${activation}`;
  const { inputs, hidden, outputs } = given.model;
  return `network ${[inputs, hidden, outputs].flat().join("-")}, ${activation}`;
}

/** A model of scales of its own with `weight` times its kernel. */
export function weighted<M extends Network | InfiniteNetwork | StationaryKernel>(model: M, weight: number): M {
  if (weight === 1) return model;
  const root = Math.sqrt(weight);
  if (isStationary(model)) return { ...model, amplitude: model.amplitude * root };
  return { ...model, outputScale: (model as Network).outputScale * root };
}
