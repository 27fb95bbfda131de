/**
 * Model choice: ridge, weightStd, biasStd and depth, by the profiled log evidence or by leave-one-out (MATH.md §3); for
 * labels the scale in place of the ridge, by Laplace's evidence (MATH.md §9).
 *
 * A kernel is decomposed once for all ridges, and the ridge is searched continuously. For each depth, a bounded simplex
 * search chooses weightStd and biasStd over their logarithms.
 */
import type { Context } from "../context.js";
import { type Model, ownModel } from "../kernel/models.js";
import type { Labels } from "../labels.js";
import type { MatrixLike } from "../matrix.js";
import { type PerLayer, valueAt } from "../model/perLayer.js";
import {
  bounds,
  callback,
  choice,
  count,
  flag,
  layers,
  list,
  optional,
  or,
  outputs,
  read,
  type Schema,
  signal,
} from "../options.js";
import { averageAdvice, checkData, residualProblem } from "../problem.js";
import type { Signal } from "../signal.js";
import { drain } from "../slices.js";
import { repeatsNote } from "./evidence.js";
import { pathMemory, RidgeScan } from "./ridgePath.js";
import { maximise, maximiseLine } from "./search.js";
import { type Coordinate, coordinatesOf, type Family, familyOf, scalesAt, within } from "./tuneFamily.js";
import { labelRating, type Rated } from "./tuneLabels.js";

/** How good a model is, at its best ridge or scale. */
type Rating = (candidate: Model) => Rated;

export interface TuneOptions {
  /**
   * `evidence` (default): the log evidence with the scale profiled out. `loo`: the root mean square of the
   * leave-one-out residuals. `laplace`: the log evidence of `classify`. Y is then labels, as `classify` takes them, and
   * the scale that multiplies the kernel is chosen in place of a ridge.
   */
  criterion?: "evidence" | "loo" | "laplace";
  /** Bounds of the ridge, 0 < low ≤ high. Default: 1e-10 and 10 times the mean of Θ's diagonal. */
  ridge?: readonly [number, number];
  /**
   * With criterion `laplace`: bounds of what multiplies the kernel, 0 < low ≤ high. Default: 1e-4 and 1e8 over the mean
   * of Θ's diagonal.
   */
  scale?: readonly [number, number];
  /**
   * Bounds of weightStd; default: the model's own value. Where a model has a list of a scale, each of its values is
   * searched within the bounds.
   */
  weightStd?: readonly [number, number];
  /** Bounds of biasStd; default: the model's own value. */
  biasStd?: readonly [number, number];
  /** Bounds of the lengthScale of a stationary kernel; default: its own value. */
  lengthScale?: readonly [number, number];
  /** Bounds of the period of a periodic kernel; default: its own value. */
  period?: readonly [number, number];
  /** Numbers of hidden layers to try; a finite network repeats its last width. Default: the model's own depth. */
  depth?: readonly number[];
  /** The most kernels to decompose for each depth; default 40. */
  evaluations?: number;
  /** Fit f − f0, as in `fit`. Default false. */
  centered?: boolean;
  /** As in `fit`. */
  outputs?: "full" | "average";
  /** Called after each kernel. */
  onProgress?: (point: TunePoint) => void;
  /** Stops between kernels: the best so far is returned, with `aborted: true`. */
  signal?: Signal;
}

/** One kernel with its best ridge, or with labels its best scale. */
export interface TunePoint {
  depth: number | undefined;
  /** One for all layers, or where the model has it one for each. */
  weightStd: PerLayer<number> | undefined;
  biasStd: PerLayer<number> | undefined;
  /** Of stationary kernels alone. */
  lengthScale?: PerLayer<number>;
  period?: PerLayer<number>;
  /** 0 for labels, which have no noise. */
  ridge: number;
  /** For labels alone: what multiplies the kernel. */
  scale?: number;
  /** Larger is better: the log evidence, profiled or of Laplace, or minus the leave-one-out error. */
  score: number;
  /** True where the ridge, or the scale, is at an end of its range: a better one may lie beyond. */
  atBound: boolean;
}

export interface Tuned<M extends Model = Model> {
  /** The model to fit with this ridge, or to classify with this scale. It is of the kind that was given. */
  model: M;
  ridge: number;
  /** For labels alone: what multiplies the kernel. */
  scale?: number;
  score: number;
  /** True where the ridge, a scale or the depth is at an end of its range: a better value may lie beyond. */
  atBound: boolean;
  /**
   * What was unusual, a sentence each: choices at a bound, repeated rows, a search that ended before it had converged.
   */
  notes: string[];
  /** Every kernel that was tried, in order. */
  trace: TunePoint[];
  aborted: boolean;
}

const OPTIONS = {
  criterion: or(choice(["evidence", "loo", "laplace"]), "evidence"),
  ridge: optional(bounds),
  scale: optional(bounds),
  weightStd: optional(bounds),
  biasStd: optional(bounds),
  lengthScale: optional(bounds),
  period: optional(bounds),
  depth: optional(list(layers, "a list of numbers of hidden layers")),
  evaluations: or(count, 40),
  centered: or(flag, false),
  outputs: optional(outputs),
  onProgress: optional(callback),
  signal,
} satisfies Schema<TuneOptions>;
type Checked = { [Key in keyof typeof OPTIONS]: ReturnType<(typeof OPTIONS)[Key]> };

/** Points of the ridge grid. Over the default bounds they are four to a decade. */
const RIDGES = 45;

/** `ntk.tuning`: one kernel for each step; returns the result of `tune`. The input is checked and copied at once. */
export function tuning(
  context: Context,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike | Labels,
  options: TuneOptions,
): Generator<TunePoint, Tuned, void> {
  const checked = read(options, "tune", "{ weightStd: [0.5, 4] }", OPTIONS);
  const own = ownModel(model);
  const family = familyOf(own, checked, model);
  // A depth that the model's other options forbid is refused before the first kernel.
  for (const depth of checked.depth ?? []) ownModel(family.make(depth, family.scales));
  const rate =
    checked.criterion === "laplace"
      ? labelRating(context, own, X, Y as Labels, checked)
      : targetRating(context, own, X, Y as MatrixLike, checked, checked.criterion);
  return searching(family, rate, checked);
}

function targetRating(
  context: Context,
  own: Model,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  { centered, outputs, ridge: ridges, scale }: Checked,
  criterion: "evidence" | "loo",
): Rating {
  if (scale) throw new RangeError('scale is given, but it is searched with criterion "laplace" alone; expected ridge');
  const { source, X, Y } = checkData(context, own, Xlike, Ylike, outputs);
  context.arena.require(pathMemory(context, source, X.rows), averageAdvice(source.block));
  return (candidate) => {
    const data = checkData(context, candidate, X, Y, outputs);
    const start = centered ? new Float64Array(data.Y.data.length) : data.source.start(data.X, data.Y.cols);
    const problem = residualProblem(data, start);
    const repeats = repeatsNote(problem);
    return { ...bestRidge(context, problem, criterion, ridges), notes: repeats ? [repeats] : [] };
  };
}

function* searching(family: Family, rate: Rating, options: Checked): Generator<TunePoint, Tuned, void> {
  const { evaluations, signal, onProgress } = options;
  const coordinates = coordinatesOf(family, options);
  const depths = options.depth ?? [family.depth];
  const trace: TunePoint[] = [];
  let best: { point: TunePoint; model: Model } | undefined;
  let aborted = false;
  const notes = new Set<string>();
  for (const depth of depths) {
    const search = maximise(
      coordinates.map(({ range: [low, high] }) => [Math.log(low), Math.log(high)]),
      evaluations,
    );
    let next = search.next();
    while (!next.done && !aborted) {
      const scales = scalesAt(family.scales, coordinates, next.value);
      const candidate = family.make(depth, scales);
      const { notes: unusual, ...rated } = rate(candidate);
      for (const note of unusual) notes.add(note);
      // The point is the caller's: lists of its own.
      const shown = scalesAt(scales, [], []);
      const point = { depth, weightStd: undefined, biasStd: undefined, ...shown, ...rated };
      trace.push(point);
      if (!best || point.score > best.point.score) best = { point, model: candidate };
      onProgress?.(point);
      yield point;
      aborted = signal?.aborted ?? false;
      next = search.next(rated.score);
    }
    if (next.done && !next.value.converged) {
      notes.add(
        `the search at depth ${depth} used up its ${evaluations} kernels before it converged; raise evaluations`,
      );
    }
  }
  const { point, model: chosen } = best as NonNullable<typeof best>;
  const ends = boundNotes(point, coordinates, depths);
  return {
    model: family.result?.() ?? chosen,
    ridge: point.ridge,
    ...(point.scale === undefined ? {} : { scale: point.scale }),
    score: point.score,
    atBound: ends.length > 0,
    notes: [...ends, ...notes],
    trace,
    aborted,
  };
}

/** Part of a range, in logarithms, that counts as its end. It is ten times the resolution of the search. */
const END = 1e-2;

/** A sentence for each choice at an end of its range. */
function boundNotes(
  point: TunePoint,
  coordinates: readonly Coordinate[],
  depths: readonly (number | undefined)[],
): string[] {
  const notes: string[] = [];
  const add = (what: string, value: number, end: string) =>
    notes.push(`the chosen ${what} ${value} is at the ${end} end of its range: a better one may lie beyond it`);
  if (point.atBound) {
    const chosen = point.scale === undefined ? `ridge ${point.ridge}` : `scale ${point.scale}`;
    notes.push(`the chosen ${chosen} is at an end of its range: a better one may lie beyond it`);
  }
  for (const { name, entry, range } of coordinates) {
    const value = valueAt(point[name] as PerLayer<number>, entry);
    const end = endOf(value, range[0], range[1]);
    if (end) add(entry < 0 ? name : `${name}[${entry}]`, value, end);
  }
  const others = depths.filter((depth) => depth !== undefined && depth !== point.depth) as number[];
  if (point.depth !== undefined && others.length > 0) {
    const { depth } = point;
    if (others.every((other) => other < depth)) add("depth", depth, "upper");
    if (depth > 1 && others.every((other) => other > depth)) add("depth", depth, "lower");
  }
  return notes;
}

/** The end of [low, high] that a value is at, on a logarithmic scale. */
function endOf(value: number, low: number, high: number): "lower" | "upper" | undefined {
  if (low === high) return undefined;
  const at = Math.log(value / low) / Math.log(high / low);
  return at <= END ? "lower" : at >= 1 - END ? "upper" : undefined;
}

/** `ntk.tune`. */
export function tune(
  context: Context,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike | Labels,
  options: TuneOptions,
): Tuned {
  return drain(tuning(context, model, X, Y, options));
}

/**
 * The ridge with the best rating of a kernel, within the bounds. A ridge that is lost in rounding has no score and is
 * not tried.
 *
 * @throws RangeError where no ridge has a finite score.
 */
function bestRidge(
  context: Context,
  problem: ReturnType<typeof residualProblem>,
  criterion: "evidence" | "loo",
  given: readonly [number, number] | undefined,
): Pick<TunePoint, "ridge" | "score" | "atBound"> {
  const scan = new RidgeScan(context, problem);
  try {
    const { values } = scan.spectrum;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length || 1;
    const [from, high] = given ?? [1e-10 * mean, 10 * mean];
    const low = Math.max(from, scan.leastRidge);
    if (low > high) {
      throw new RangeError(
        `the ridge has the bounds [${from}, ${high}], which are lost in rounding beside the kernel; expected an upper one above ${low}`,
      );
    }
    const rate = (logarithm: number) => {
      const ridge = Math.exp(logarithm);
      const score = criterion === "evidence" ? scan.evidence(ridge) : scan.looRmse(ridge);
      return score === undefined ? -Infinity : criterion === "evidence" ? score : -score;
    };
    const { x, value } = maximiseLine(rate, Math.log(low), Math.log(high), RIDGES);
    if (!Number.isFinite(value)) {
      throw new RangeError(
        "no ridge has a finite score: the targets equal the start values of the model, so that any ridge explains them; " +
          "expected targets that differ from them",
      );
    }
    const ridge = within(x, [low, high]);
    return { ridge, score: value, atBound: endOf(ridge, low, high) !== undefined };
  } finally {
    scan.free();
  }
}
