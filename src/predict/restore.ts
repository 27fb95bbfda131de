/**
 * Fits that go out and come back: what a fit is made of as plain data (`fit.toJSON`, `fit.snapshot`), and a working fit from it (`ntk.restore`).
 * α and the weights are stored, so that means have the same bits within one variant. The factor is made again when a variance is first asked for;
 * where points have come or gone it is stored too, for making it again would give other bits.
 */
import type { Context } from "../arena.js";
import { checkKeys, describe } from "../check.js";
import type { Outputs } from "../kernel/empirical.js";
import { isCustomKernel, type Model } from "../kernel/source.js";
import { matrix } from "../matrix.js";
import { isInfiniteNetwork } from "../model/infinite.js";
import { type Network, ownNetwork } from "../model/network.js";
import { restoreConjugate } from "../solver/cg.js";
import { type Problem, restoreDual } from "../solver/dual.js";
import { restorePrimal } from "../solver/primal.js";
import { type Method, type Solution, type SolutionState, transposed } from "../solver/system.js";
import type { PathPoint } from "./path.js";
import { checkData, residualProblem } from "./problem.js";
import { checkFormat, formatName, fromBytes, type Packed } from "./snapshot.js";

/** Everything a `Fit` is built from. */
export interface Fitted {
  context: Context;
  model: Model;
  problem: Problem;
  solution: Solution;
  centered: boolean;
  scale: 1 | "fit";
  path: PathPoint[];
  /** Of the choice of the ridge. */
  notes: readonly string[];
}

export interface RestoreOptions {
  /** For a fit of a custom kernel, whose function is in no snapshot: the kernel again. */
  model?: Model;
}

/** What a fit is made of, in plain numbers and strings. */
export function packFit({ model, problem, solution, centered, scale, path, notes }: Fitted): Packed {
  const { network, block } = problem.source;
  const { alpha, displacement, packed, ridges, method, ...state } = solution.state();
  const { parameters, ...shape } = network ? ownNetwork(network) : { parameters: undefined };
  return {
    header: {
      format: formatName(),
      model: network ? shape : isInfiniteNetwork(model) ? { ...model } : "custom",
      kernel: block === problem.outputs && network ? "full" : "average",
      solver: solution.solver,
      ridge: ridges.length > 1 ? [...ridges] : ridges[0],
      scale,
      centered,
      rows: problem.X.rows,
      inputs: problem.X.cols,
      outputs: problem.outputs,
      path: copiedPath(path),
      choice: [...notes],
      state: { ...state, method: { ...method } },
    },
    arrays: present({
      network: parameters,
      X: problem.X.data,
      Y: problem.Y.data,
      alpha,
      displacement,
      factor: packed?.rows,
      order: packed?.order,
    }),
  };
}

/** Points of a path, of which nothing is anybody else's. */
export function copiedPath(path: readonly PathPoint[]): PathPoint[] {
  return path.map((point) => ({
    ...point,
    ...(point.perOutput && { perOutput: point.perOutput.map((one) => ({ ...one })) }),
  }));
}

function present(arrays: Record<string, Float64Array | undefined>): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(arrays).filter(([, array]) => array !== undefined)) as Packed["arrays"];
}

/** `ntk.restore`: what a `Fit` is built from. @throws TypeError, RangeError, MemoryLimitError */
export function restoreFit(context: Context, source: unknown, options: RestoreOptions): Fitted {
  checkKeys(options, ["model"], "restore");
  const packed = ArrayBuffer.isView(source) || isBuffer(source) ? fromBytes(bytesOf(source)) : fromJson(source);
  const { header, arrays } = packed;
  checkHeader(header);
  const model = modelOf(packed, options.model);
  const { rows, inputs, outputs, kernel, ridge, scale, centered, path, choice, state } = header as unknown as Header;
  const X = matrix(rows, inputs, sized(arrays, "X", rows * inputs));
  const Y = matrix(rows, outputs, sized(arrays, "Y", rows * outputs));
  const data = checkData(context, model, X, Y, isInfiniteNetwork(model) || isCustomKernel(model) ? undefined : kernel);
  const start = centered ? new Float64Array(Y.data.length) : data.source.start(data.X, outputs);
  const problem = residualProblem(data, start);
  const ridges = Float64Array.from(Array.isArray(ridge) ? ridge : [ridge]);
  const solution = restoreSolution(context, problem, { ...state, ridges, ...solved(arrays, problem, state) });
  return { context, model: data.model, problem, solution, centered, scale, path: copiedPath(path), notes: [...choice] };
}

/** The header as `packFit` writes it. */
interface Header {
  kernel: Outputs;
  ridge: number | number[];
  scale: 1 | "fit";
  centered: boolean;
  rows: number;
  inputs: number;
  outputs: number;
  path: PathPoint[];
  choice: string[];
  state: Pick<SolutionState, "space" | "factor" | "truncated" | "resident" | "backwardError"> & { method: Method };
}

/** What a header has to have before it is believed. @throws RangeError */
function checkHeader(header: Packed["header"]): void {
  const { rows, inputs, outputs, kernel, ridge, scale, path, choice, state } = header as unknown as Header;
  const sizes = [rows, inputs, outputs].every((size) => Number.isSafeInteger(size) && size > 0);
  const ridges = [ridge].flat().every((value) => Number.isFinite(value) && value >= 0);
  const kinds = ["full", "average"].includes(kernel) && (scale === 1 || scale === "fit");
  const lists = Array.isArray(path) && Array.isArray(choice);
  const solved = ["dual", "primal", "cg"].includes(state?.space) && ["cholesky", "eigen"].includes(state.factor);
  if (sizes && ridges && kinds && lists && solved && typeof state.method === "object") return;
  throw new RangeError(
    "the snapshot lacks settings of a fit, or has wrong ones; expected what fit.toJSON() or fit.snapshot() gave",
  );
}

function restoreSolution(context: Context, problem: Problem, state: SolutionState): Solution {
  const net = problem.source.weights as Network;
  if (state.space === "dual") return restoreDual(context, problem, state);
  if (state.space === "primal") return restorePrimal(context, problem, net, state);
  return restoreConjugate(context, problem, net, state);
}

/** α, the weights and the factor, each of the length that the data prescribe. */
function solved(arrays: Packed["arrays"], { R, size, source }: Problem, { space }: Header["state"]) {
  const P = source.weights?.parameters.length ?? 0;
  const n = space === "primal" ? P : size;
  const rows = arrays.factor && sized(arrays, "factor", (n * (n + 1)) / 2);
  const order = arrays.order && sized(arrays, "order", n);
  return {
    alpha: sized(arrays, "alpha", space === "primal" ? 0 : R.length),
    displacement: source.weights && sized(arrays, "displacement", P),
    packed: rows && { rows, order },
  };
}

function sized(arrays: Packed["arrays"], name: string, length: number): Float64Array {
  const array = arrays[name];
  if (array?.length === length) return array;
  throw new RangeError(
    `the snapshot has ${array?.length ?? "no"} numbers in ${name}; expected ${length}: it was altered`,
  );
}

/** The model of a snapshot, or the one given for a custom kernel. */
function modelOf({ header, arrays }: Packed, given: Model | undefined): Model {
  if (header.model !== "custom") {
    if (given !== undefined) throw new RangeError("model is given, but the snapshot has its own; expected no model");
    const shape = header.model as Network;
    return arrays.network ? { ...shape, parameters: arrays.network } : shape;
  }
  if (isCustomKernel(given)) return given;
  throw new RangeError(
    "the snapshot is of a custom kernel, whose function it cannot hold; expected restore(snapshot, { model }) with the kernel",
  );
}

/** The same content as readable JSON: arrays stand where a reader looks for them. */
export function jsonOf({ header, arrays }: Packed, dualWeights: Float64Array): Record<string, unknown> {
  const { network, X, Y, displacement, factor, order } = arrays;
  const list = (array: Float64Array | undefined) => array && [...array];
  return {
    ...header,
    model: network ? { ...(header.model as Network), parameters: [...network] } : header.model,
    X: list(X),
    Y: list(Y),
    dualWeights: [...dualWeights],
    ...(displacement && { displacement: list(displacement) }),
    ...(factor && { factor: list(factor), order: list(order) }),
  };
}

/** JSON as {@link jsonOf} makes it, or its text. */
function fromJson(source: unknown): Packed {
  const value = typeof source === "string" ? parsed(source) : source;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`the snapshot is ${describe(source)}; expected what fit.toJSON() or fit.snapshot() gave`);
  }
  const { X, Y, dualWeights, displacement, factor, order, ...header } = value as Record<string, unknown>;
  checkFormat(header.format);
  checkHeader(header);
  const { model, kernel, outputs, state } = header as unknown as { model: Partial<Network> } & Header;
  const { space } = state;
  const alpha = numbers(dualWeights, "dualWeights") ?? new Float64Array();
  // One right-hand side for each output of an averaged kernel, else one for all.
  const columns = kernel === "average" ? outputs : 1;
  return {
    header,
    arrays: present({
      network: numbers(model.parameters, "parameters"),
      X: numbers(X, "X"),
      Y: numbers(Y, "Y"),
      alpha: space === "primal" ? new Float64Array() : transposed(alpha, alpha.length / columns, columns),
      displacement: numbers(displacement, "displacement"),
      factor: numbers(factor, "factor"),
      order: numbers(order, "order"),
    }),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new RangeError("the snapshot is a text that is no JSON; expected that of JSON.stringify(fit)");
  }
}

function numbers(list: unknown, name: string): Float64Array | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) {
    throw new TypeError(`${name} of the snapshot is ${describe(list)}; expected an array of numbers`);
  }
  const array = Float64Array.from(list);
  const at = array.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new RangeError(`${name} of the snapshot has ${array[at]} at ${at}; expected finite numbers: it was altered`);
  }
  return array;
}

function isBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

function bytesOf(source: ArrayBufferView | ArrayBuffer): Uint8Array {
  if (!ArrayBuffer.isView(source)) return new Uint8Array(source);
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}
