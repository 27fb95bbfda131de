/**
 * Scales of the inputs for `tune` (automatic relevance determination: MacKay 1994; Neal 1996), with the ridge, by
 * the gradient of the profiled evidence. With W of `evidenceScan.ts` and the derivatives G of Σ_m W_nm K(x_n, x_m)
 * in x_n, the slope along the logarithm of scale j is 2 Σ_n x_nj G_nj: both arguments of the kernel move.
 */
import type { Context } from "../context.js";
import { isStationary, type Model, priorOf } from "../kernel/models.js";
import { valueAt } from "../model/perLayer.js";
import { Xoshiro256 } from "../model/random.js";
import type { Problem } from "../problem.js";
import { ascend, type Sloped } from "./ascent.js";
import { EvidenceScan } from "./evidenceScan.js";
import { within } from "./tuneFamily.js";
import type { Starts } from "./tuneOptions.js";
import { endOf, type RatedRidge } from "./tuneRidge.js";

/** Scales of inputs and their rating. */
export interface RatedInputs {
  model: Model;
  problem: Problem;
  rated: RatedRidge;
  inputScales: number[];
}

/** A scale is searched this many times up and down. */
export const RANGE = 1e4;
/**
 * A ridge beside the diagonal of the kernel whose evidence has a slope: next to the lower wall of ridges it is
 * flat, and a search would stay there.
 */
const ALIVE = 0.1;
/** Logarithms of the scales of a start are up to this far from 0. */
const SPREAD = 1.5;

/** A model with scales of its inputs: lengths where it has them. */
export function withInputScales(model: Model, scales: readonly number[]): Model {
  if (isStationary(model) && model.kind !== "periodic")
    return { ...model, lengthScale: scales.map((scale, j) => valueAt(model.lengthScale, j) / scale) };
  return { kind: "inputScaled", model, scales: [...scales] };
}

/** @throws RangeError for a model whose start values depend on the scales */
export function checkInputModel(model: Model): void {
  if (priorOf(model)) return;
  throw new RangeError(
    "inputScales is searched by the gradient of a kernel, and this model has start values too; expected an infinite network, a stationary kernel, or a model made of them",
  );
}

/** What a search of input scales starts from. */
interface From {
  /** The model with these scales. */
  wrap: (scales: number[]) => Model;
  problemOf: (model: Model) => Problem;
  /** The best ridge of the model without scales, and the range of ridges. */
  ridge: number;
  bounds: readonly [number, number];
  /** Number of inputs. */
  inputs: number;
  /** The mean of the kernel's diagonal. */
  size: number;
}

/**
 * Yields every point that it tries: one scale for all inputs, then one start after another. Returns the number of
 * starts that did not converge.
 *
 * @throws RangeError where the model has no derivatives
 */
export function* searchInputs(
  context: Context,
  { wrap, problemOf, ridge, bounds, inputs: d, size }: From,
  { starts, seed }: Starts,
  most: number,
): Generator<RatedInputs, number, void> {
  const random = new Xoshiro256(seed);
  const at = { wrap, problemOf, bounds };
  const wall: readonly [number, number] = [-Math.log(RANGE), Math.log(RANGE)];
  const ridges: readonly [number, number] = [Math.log(bounds[0]), Math.log(bounds[1])];
  /** Sends a search the values of its points, which stand for scales. */
  const climb = function* (start: number[], box: (readonly [number, number])[], shared: boolean) {
    const search = ascend(start, box, most);
    let step = search.next();
    while (!step.done) {
      const [common, ridge] = [step.value[0], step.value[step.value.length - 1]];
      const point = shared ? [...new Array<number>(d).fill(common), ridge] : step.value;
      const { sloped, ...found } = rate(context, point, at);
      if (Number.isFinite(found.rated.score)) yield found;
      const { value, gradient } = sloped;
      const total = gradient.slice(0, d).reduce((sum, slope) => sum + slope, 0);
      step = search.next(shared ? { value, gradient: [total, gradient[d]] } : sloped);
    }
    return step.value;
  };
  // One scale for all inputs first: what is far from it has no slope to follow.
  const alive = Math.min(bounds[1], Math.max(bounds[0], ALIVE * size));
  let together = yield* climb([0, Math.log(ridge)], [wall, ridges], true);
  if (ridge < alive) {
    const other = yield* climb([0, Math.log(alive)], [wall, ridges], true);
    if (other.value > together.value) together = other;
  }
  const box = [...Array.from({ length: d }, () => wall), ridges];
  let unfinished = 0;
  for (let start = 0; start < starts; start++) {
    const first = Array.from(
      { length: d },
      () => together.point[0] + (start === 0 ? 0 : SPREAD * (2 * random.uniform() - 1)),
    );
    const { converged, value } = yield* climb(
      [...first, Math.max(together.point[1], Math.log(alive / 10))],
      box,
      false,
    );
    // A start without a first value is none.
    if (!converged && value > -Infinity) unfinished++;
  }
  return unfinished;
}

function rate(
  context: Context,
  point: readonly number[],
  { wrap, problemOf, bounds }: Pick<From, "wrap" | "problemOf" | "bounds">,
): RatedInputs & { sloped: Sloped } {
  const inputScales = point.slice(0, -1).map(Math.exp);
  const ridge = within(point[point.length - 1], bounds);
  const model = wrap(inputScales);
  const problem = problemOf(model);
  const scan = new EvidenceScan(context, problem);
  try {
    const score = scan.evidence(ridge) ?? -Infinity;
    const rated: RatedRidge = { ridge, score, atBound: endOf(ridge, ...bounds) !== undefined, bounds: [...bounds] };
    if (score === -Infinity) return { model, problem, rated, inputScales, sloped: { value: score, gradient: [] } };
    const slope = scan.slope();
    const { X, source } = problem;
    const [{ data }] = source.gradients().pull(X, X, [scan.weights()]);
    const gradient = inputScales.map((_, j) => {
      let sum = 0;
      for (let i = 0; i < X.rows; i++) sum += X.data[i * X.cols + j] * data[i * X.cols + j];
      return 2 * sum;
    });
    return { model, problem, rated, inputScales, sloped: { value: score, gradient: [...gradient, slope] } };
  } finally {
    scan.free();
  }
}
