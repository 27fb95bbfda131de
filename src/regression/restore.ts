/**
 * Fits that go out and come back. `fit.toJSON` and `fit.snapshot` write a fit as plain data; `ntk.restore` makes a
 * working fit of these data.
 *
 * α and the weights are stored, so means have the same bits within one variant. The factor is made again when a
 * variance is first asked for. Where points have come or gone, the factor is stored too: a new one would have other
 * bits.
 */
import type { Context } from "../context.js";
import { isCustomKernel } from "../kernel/custom.js";
import { type ComposedModel, isComposed, isStationary, type Model, ownModel } from "../kernel/models.js";
import type { RowTerms } from "../linalg/rowTerms.js";
import { transposed } from "../linalg/vectors.js";
import { toVector } from "../lists.js";
import { matrix } from "../matrix.js";
import { isDefined } from "../model/definedActivation.js";
import { isInfiniteNetwork } from "../model/infinite.js";
import { type Network, ownNetwork } from "../model/network.js";
import { any, pick, read } from "../options.js";
import { checkData, type Problem, pointTerms, residualProblem } from "../problem.js";
import { isPlainObject } from "../scalars.js";
import { describe, reading, refusal } from "../words.js";
import { restoreDual } from "./dual.js";
import type { Iterative } from "./iterative.js";
import { pointTermsOf, rowWeights, variances } from "./pointNoise.js";
import { restorePrimal } from "./primal.js";
import type { PathPoint } from "./ridgePath.js";
import { checkFormat, formatName, fromBytes, type Packed } from "./snapshot.js";
import { HEADER, SNAPSHOT } from "./snapshotHeader.js";
import type { Solution, SolutionState } from "./solution.js";
import { type TrendProblem, TrendSolution, withTrend } from "./trendSolution.js";

/** The parts of a `Fit`. */
export interface Fitted {
  context: Context;
  model: Model;
  problem: Problem;
  solution: Solution;
  centered: boolean;
  scale: 1 | "fit";
  path: PathPoint[];
  /** Notes on the choice of the ridge. */
  notes: readonly string[];
}

export interface RestoreOptions {
  /** For a fit of a custom kernel: the kernel again. No snapshot contains its function. */
  model?: Model;
}

/** A fit in plain numbers and strings. */
export function packFit({ model, problem, solution, centered, scale, path, notes }: Fitted): Packed {
  const { network, block } = problem.source;
  const { alpha, displacement, packed, ridges, method, trend, ...state } = solution.state();
  const own = pointTerms(problem);
  const { parameters, ...shape } = network ? ownNetwork(network) : { parameters: undefined };
  return {
    header: {
      format: formatName(own !== undefined),
      model: isStored(model) ? { ...(network ? shape : ownModel(model)) } : "custom",
      kernel: block === problem.outputs && (network || block > 1) ? "full" : "average",
      solver: solution.solver,
      ridge: ridges.length > 1 ? [...ridges] : ridges[0],
      scale,
      centered,
      ...(problem.trend && { mean: problem.trend.basis.kind }),
      rows: problem.X.rows,
      inputs: problem.X.cols,
      outputs: problem.outputs,
      path: copiedPath(path),
      choice: [...notes],
      state: { ...state, method: { ...method } },
    },
    arrays: present({
      network: isStored(model) ? parameters : undefined,
      X: problem.X.data,
      Y: problem.Y.data,
      noise: own?.noise,
      weights: own?.weights,
      alpha,
      displacement,
      factor: packed?.rows,
      order: packed?.order,
      trend,
    }),
  };
}

/** Points of a path as deep copies. */
export function copiedPath(path: readonly PathPoint[]): PathPoint[] {
  return path.map((point) => ({
    ...point,
    ...(point.perOutput && { perOutput: point.perOutput.map((one) => ({ ...one })) }),
  }));
}

function present(arrays: Record<string, Float64Array | undefined>): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(arrays).filter(([, array]) => array !== undefined)) as Packed["arrays"];
}

/** `ntk.restore`: the parts of a `Fit`. @throws TypeError, RangeError, MemoryLimitError */
export function restoreFit(
  context: Context,
  iterative: Iterative | undefined,
  snapshot: unknown,
  options: RestoreOptions,
): Fitted {
  const { model: given } = read(options, "restore", "{ model: kernel }", { model: any });
  const bytes = bytesOf(snapshot);
  const { header, arrays } = bytes ? fromBytes(bytes) : fromJson(snapshot);
  const { rows, inputs, outputs, kernel, ridge, scale, centered, mean, path, choice, state } = pick(
    header,
    SNAPSHOT,
    HEADER,
  );
  const model = modelOf({ header, arrays }, given as Model | undefined);
  const X = matrix(rows, inputs, sized(arrays, "X", rows * inputs));
  const Y = matrix(rows, outputs, sized(arrays, "Y", rows * outputs));
  const data = checkData(context, model, X, Y, hasOutputs(model) ? kernel : undefined);
  const start = centered ? new Float64Array(Y.data.length) : data.source.start(data.X, outputs);
  const plain = residualProblem(data, start, ownTerms(arrays, rows));
  const problem = mean ? withTrend(plain, mean) : plain;
  if (ridge.length > 1 && ridge.length !== problem.columns) throw altered("ridge", ridge.length, problem.columns);
  const solution = restoreSolution(context, iterative, problem, {
    ...state,
    ridges: Float64Array.from(ridge),
    ...solved(arrays, problem, state.space),
  });
  return { context, model: data.model, problem, solution, centered, scale, path, notes: choice };
}

/** Noise and weights of the points. */
function ownTerms(arrays: Packed["arrays"], rows: number): RowTerms | undefined {
  return reading(SNAPSHOT, () => {
    const { noise, weights } = arrays;
    return pointTermsOf(
      {
        noise: noise && variances(sized(arrays, "noise", rows), `noise of ${SNAPSHOT}`),
        weights: weights && rowWeights(sized(arrays, "weights", rows), `weights of ${SNAPSHOT}`),
      },
      rows,
    );
  });
}

function restoreSolution(
  context: Context,
  iterative: Iterative | undefined,
  problem: Problem,
  state: SolutionState,
): Solution {
  const net = problem.source.weights as Network;
  if (state.space === "dual") {
    const inner = restoreDual(context, problem, state);
    return state.trend ? new TrendSolution(context, problem as TrendProblem, inner, state) : inner;
  }
  if (state.space === "primal") return restorePrimal(context, problem, net, state);
  if (!iterative)
    throw new RangeError(
      `${SNAPSHOT} is of solver "${state.space}", which ntk-wasm/core is without; expected one of "dual" or "primal", or restore() of an Ntk, from load() of ntk-wasm/slim`,
    );
  if (state.space === "lowrank") return iterative.restoreLowRank(context, problem, state);
  return iterative.restoreMatrixFree(context, problem, state);
}

/** α, the weights and the factor. The data prescribe the length of each. */
function solved(arrays: Packed["arrays"], { R, size, source, columns, trend }: Problem, space: SolutionState["space"]) {
  if (space === "primal" && !source.weights) {
    throw new RangeError(`${SNAPSHOT} was solved by "${space}", which needs the weights of a network: it was altered`);
  }
  const P = source.weights?.parameters.length ?? 0;
  const n = space === "primal" ? P : size;
  const rows = arrays.factor && sized(arrays, "factor", (n * (n + 1)) / 2);
  const order = arrays.order && sized(arrays, "order", n);
  return {
    alpha: sized(arrays, "alpha", space === "primal" ? 0 : R.length, "dualWeights"),
    displacement: trend ? undefined : source.weights && sized(arrays, "displacement", P),
    ...(trend && { trend: sized(arrays, "trend", columns * trend.basis.size) }),
    packed: rows && { rows, order: order && permutation(order) },
  };
}

/** @param shown the name that people know. */
function sized(arrays: Packed["arrays"], name: string, length: number, shown = name): Float64Array {
  const array = arrays[name];
  if (array?.length === length) return array;
  throw altered(shown, array?.length ?? "no", length);
}

function permutation(order: Float64Array): Float64Array {
  const seen = new Set(order);
  for (let i = 0; i < order.length; i++)
    if (!seen.has(i)) throw new RangeError(`order of ${SNAPSHOT} lacks ${i}: it was altered`);
  return order;
}

function altered(name: string, got: number | string, expected: number): RangeError {
  return refusal(new RangeError(`${SNAPSHOT} has ${got} numbers in ${name}; expected ${expected}: it was altered`));
}

/**
 * True for models that JSON holds: networks with activations of the library, stationary kernels, and what is made
 * of these without numbers of their own.
 */
function isStored(model: Model, within = false): boolean {
  if (isStationary(model)) return true;
  if (isCustomKernel(model)) return false;
  if (isComposed(model)) return model.kind !== "precomputed" && partsOf(model).every((part) => isStored(part, true));
  // The parameters of a network have a place of their own in a snapshot, and there is one.
  if (within && !isInfiniteNetwork(model)) return false;
  return ![model.activation].flat().some(isDefined);
}

/** The models that a composed one is made of. */
function partsOf(model: Exclude<ComposedModel, { kind: "precomputed" }>): Model[] {
  if (model.kind === "sum") return model.terms.map((term) => term.model);
  return model.kind === "product" ? model.factors : [model.model];
}

/** True where a model may have a kernel of all pairs of outputs. */
function hasOutputs(model: Model): boolean {
  return !isInfiniteNetwork(model) && !isStationary(model) && !isCustomKernel(model);
}

/** The model of a snapshot, or the one given for a kernel that it does not hold. */
function modelOf({ header, arrays }: Packed, given: Model | undefined): Model {
  if (header.model !== "custom") {
    if (given !== undefined) throw new RangeError("model is given, but the snapshot has its own; expected no model");
    const shape = header.model as Network;
    return arrays.network ? { ...shape, parameters: arrays.network } : shape;
  }
  if (given !== undefined && (!isStored(given) || isComposed(given))) return given;
  throw new RangeError(
    `${SNAPSHOT} is of a custom or precomputed kernel, of one made of networks, or has an activation of your own, which it does not hold; expected restore(snapshot, { model }) with it`,
  );
}

/** The same content as readable JSON, with the arrays in the places where a reader looks for them. */
export function jsonOf({ header, arrays }: Packed, dualWeights: Float64Array): Record<string, unknown> {
  const { network, X, Y, noise, weights, displacement, factor, order, trend } = arrays;
  const list = (array: Float64Array | undefined) => array && [...array];
  return {
    ...header,
    model: network ? { ...(header.model as Network), parameters: [...network] } : header.model,
    X: list(X),
    Y: list(Y),
    ...(noise && { noise: list(noise) }),
    ...(weights && { weights: list(weights) }),
    dualWeights: [...dualWeights],
    ...(displacement && { displacement: list(displacement) }),
    ...(factor && { factor: list(factor), order: list(order) }),
    ...(trend && { trend: list(trend) }),
  };
}

/** Reads JSON from {@link jsonOf}, as an object or as text. */
function fromJson(snapshot: unknown): Packed {
  const value = typeof snapshot === "string" ? parsed(snapshot) : snapshot;
  if (!isPlainObject(value, SNAPSHOT)) {
    throw new TypeError(`${SNAPSHOT} is ${describe(snapshot)}; expected what fit.toJSON() or fit.snapshot() gave`);
  }
  return reading(SNAPSHOT, () => {
    const { X, Y, noise, weights, dualWeights, displacement, factor, order, trend, ...header } = value;
    checkFormat(header.format);
    const { kernel, outputs, state } = pick(header, SNAPSHOT, HEADER);
    const { model } = header;
    const network = isPlainObject(model, "model") ? model.parameters : undefined;
    const alpha = numbers(dualWeights, "dualWeights") ?? new Float64Array();
    // One right-hand side for each output of an averaged kernel, else one for all.
    const columns = kernel === "average" ? outputs : 1;
    if (alpha.length % columns !== 0) throw altered("dualWeights", alpha.length, columns);
    return {
      header,
      arrays: present({
        network: numbers(network, "parameters"),
        X: numbers(X, "X"),
        Y: numbers(Y, "Y"),
        noise: numbers(noise, "noise"),
        weights: numbers(weights, "weights"),
        trend: numbers(trend, "trend"),
        alpha: state.space === "primal" ? new Float64Array() : transposed(alpha, alpha.length / columns, columns),
        displacement: numbers(displacement, "displacement"),
        factor: numbers(factor, "factor"),
        order: numbers(order, "order"),
      }),
    };
  });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new RangeError("the snapshot is a text that is no JSON; expected that of JSON.stringify(fit)");
  }
}

function numbers(value: unknown, name: string): Float64Array | undefined {
  if (value === undefined || value === null) return undefined;
  const array = toVector(value, name, "a list of numbers");
  const at = array.findIndex((x) => !Number.isFinite(x));
  if (at < 0) return array;
  throw refusal(
    new RangeError(`${name} of ${SNAPSHOT} has ${array[at]} at ${at}; expected finite numbers: it was altered`),
  );
}

const byteLengthOf = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")?.get as () => number;

/** The bytes of an ArrayBuffer or of a view of one, of any realm; undefined for other values. */
function bytesOf(snapshot: unknown): Uint8Array | undefined {
  if (!ArrayBuffer.isView(snapshot) && !isBuffer(snapshot)) return undefined;
  try {
    if (!ArrayBuffer.isView(snapshot)) return new Uint8Array(snapshot);
    return new Uint8Array(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  } catch {
    throw new TypeError(`${SNAPSHOT} has lost its memory; expected bytes whose buffer was not transferred`);
  }
}

function isBuffer(value: unknown): value is ArrayBuffer {
  try {
    byteLengthOf.call(value);
    return true;
  } catch {
    return false;
  }
}
