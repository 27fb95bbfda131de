/** The search of `ntk.tune`: what it has found so far, and the two ways to go on, scales and noise. */
import type { Context } from "../context.js";
import type { Model } from "../kernel/models.js";
import type { RowTerms } from "../linalg/rowTerms.js";
import type { Activation } from "../model/activation.js";
import { type PerLayer, valueAt } from "../model/perLayer.js";
import type { Problem } from "../problem.js";
import { maximise } from "./search.js";
import { type Coordinate, coordinatesOf, type Family, scalesAt } from "./tuneFamily.js";
import { RANGE, searchInputs, withInputScales } from "./tuneInputs.js";
import { type Bins, binTerms, noiseNotes, type RatedNoise, searchNoise, variancesOf } from "./tuneNoise.js";
import type { Checked, Starts, Tuned, TunePoint } from "./tuneOptions.js";
import { bestRidge, endOf, meanOrOne, type RatedRidge } from "./tuneRidge.js";

/** A model at its best ridge, or for labels at its best scale. */
export interface Rated extends RatedRidge {
  scale?: number;
}

/** How good a model is. Labels have no problem that the noise of bins could be searched in. */
export interface Outcome {
  problem: Problem | undefined;
  rated: Rated;
  notes: readonly string[];
}

/** Rates a model, with its noise. Yields what it tries, and returns the best of it. */
export type Rating = (candidate: Model, terms: RowTerms | undefined) => Generator<Outcome, Outcome, void>;

/** What the search of input scales needs beside a rating. */
export interface Inputs {
  problemOf: (model: Model) => Problem;
  inputs: number;
  starts: Starts;
}

/** A rating that tries one thing. */
export function* once(outcome: Outcome): Generator<Outcome, Outcome, void> {
  yield outcome;
  return outcome;
}

/** The best of a search so far. */
interface Best {
  point: TunePoint;
  model: Model;
  problem: Problem | undefined;
  rated: Rated;
  noise: RatedNoise | undefined;
}

/** Kernels of a search, and of a start of input scales. */
const EVALUATIONS = 40;
const INPUT_EVALUATIONS = 200;

/** A search: what it has found, and the ways to go on. */
export class Search {
  readonly coordinates: Coordinate[];
  readonly #context: Context;
  readonly #family: Family;
  readonly #rate: Rating;
  readonly #options: Checked;
  readonly #bins: Bins | undefined;
  readonly #trace: TunePoint[] = [];
  readonly #notes = new Set<string>();
  /** The scales of the inputs that were found. */
  #inputScales: number[] | undefined;
  #best: Best | undefined;
  #aborted = false;

  constructor(context: Context, family: Family, rate: Rating, options: Checked, bins: Bins | undefined) {
    this.#context = context;
    this.#family = family;
    this.#rate = rate;
    this.#options = options;
    this.#bins = bins;
    this.coordinates = coordinatesOf(family, options);
    if (bins && bins.count < bins.wanted) {
      this.#notes.add(
        `the noise has ${bins.count} bins instead of ${bins.wanted}: rows with equal inputs stay in one bin`,
      );
    }
  }

  get best(): Best {
    return this.#best as Best;
  }

  /** Searches the scales at a depth, with the noise that was found so far. */
  *scales(depth: number | undefined, activation?: Activation): Generator<TunePoint, void, void> {
    const { evaluations = EVALUATIONS } = this.#options;
    const noise = this.#best?.noise;
    const terms = noise && binTerms(this.#bins as Bins, noise.weights);
    const search = maximise(
      this.coordinates.map(({ range: [low, high] }) => [Math.log(low), Math.log(high)]),
      evaluations,
    );
    let next = search.next();
    while (!next.done && !this.#aborted) {
      const scales = scalesAt(this.#family.scales, this.coordinates, next.value);
      const made = this.#family.make(depth, scales, activation);
      const model = this.#inputScales ? withInputScales(made, this.#inputScales) : made;
      const own = activation === undefined ? {} : { activation: shownActivation(activation) };
      const found = this.#inputScales && { inputScales: this.#inputScales.slice() };
      const where = { depth, ...own, weightStd: undefined, biasStd: undefined, ...scales, ...found };
      const score = yield* this.#rating(model, where, terms, noise?.weights);
      next = search.next(score);
    }
    if (next.done && !next.value.converged) {
      this.#notes.add(
        `the search at ${activation === undefined ? "" : `activation ${activationName(activation)}, `}depth ${depth} used up its ${evaluations} kernels before it converged; raise evaluations`,
      );
    }
  }

  /** Rates a model: its best score. */
  *#rating(
    model: Model,
    where: Omit<TunePoint, "ridge" | "score" | "atBound">,
    own: RowTerms | undefined,
    weights: Float64Array | undefined,
  ): Generator<TunePoint, number, void> {
    const ratings = this.#rate(model, own);
    for (;;) {
      const { done, value } = ratings.next();
      const { problem, rated, notes } = value;
      for (const note of notes) this.#notes.add(note);
      if (done) return rated.score;
      // The point is the caller's: lists of its own.
      const shown = { ...where, ...scalesAt(where as Parameters<typeof scalesAt>[0], [], []) };
      yield this.#take({ model, problem, rated, noise: weights && { ...rated, weights } }, shown);
      this.#aborted = this.#options.signal?.aborted ?? false;
      if (this.#aborted) return rated.score;
    }
  }

  /** Searches the scales of the inputs of the best model. */
  *inputs({ problemOf, inputs, starts }: Inputs): Generator<TunePoint, void, void> {
    if (this.#aborted) return;
    const { evaluations = INPUT_EVALUATIONS } = this.#options;
    const { problem, rated, point } = this.best;
    const { inputScales: _, ...where } = point;
    const scales = scalesAt(where as Parameters<typeof scalesAt>[0], [], []);
    const base = this.#family.make(point.depth, scales, point.activation);
    const before = this.#inputScales;
    const wrap = (factors: number[]) => withInputScales(base, scaledBy(factors, before));
    const { source, X } = problem as Problem;
    const size = meanOrOne(source.diagonal(X));
    const from = { wrap, problemOf, ridge: rated.ridge, bounds: this.#range(rated, undefined), inputs, size };
    const search = searchInputs(this.#context, from, starts, evaluations);
    let next = search.next();
    while (!next.done && !this.#aborted) {
      const { inputScales, ...found } = next.value;
      yield this.#take({ ...found, noise: undefined }, { ...where, inputScales: scaledBy(inputScales, before) });
      this.#aborted = this.#options.signal?.aborted ?? false;
      if (!this.#aborted) next = search.next();
    }
    this.#inputScales = this.best.point.inputScales;
    this.#inputScales?.forEach((scale, j) => {
      if (endOf(scale, 1 / RANGE, RANGE) === "lower")
        this.#notes.add(`input ${j} has the smallest scale that is searched: the targets do not follow it`);
    });
    if (next.done && next.value > 0) {
      this.#notes.add(
        `${next.value} of ${starts.starts} searches of the input scales used up their ${evaluations} kernels before they converged; raise evaluations`,
      );
    }
  }

  /** Rates the best model by its eigendecomposition, over the whole range of ridges. */
  *settle(): Generator<TunePoint, void, void> {
    // The first kernel of a search is decomposed.
    if (this.#aborted || this.#trace.length === 1) return;
    const { model, problem, noise, point } = this.best;
    const rated = bestRidge(this.#context, problem as Problem, "evidence", this.#options.ridge);
    if (rated.score > point.score) yield this.#take({ model, problem, rated, noise }, point);
  }

  /** Searches the noise of the best model. */
  *noise(): Generator<TunePoint, void, void> {
    if (this.#aborted) return;
    const { evaluations = EVALUATIONS } = this.#options;
    const bins = this.#bins as Bins;
    const { model, problem, rated, noise, point } = this.best;
    const start = noise?.weights ?? new Float64Array(bins.count).fill(1);
    const bounds = this.#range(rated, noise);
    const search = searchNoise(this.#context, problem as Problem, bins, start, bounds, evaluations);
    let next = search.next();
    while (!next.done && !this.#aborted) {
      const found = next.value;
      yield this.#take({ model, problem, rated: found, noise: found }, point);
      this.#aborted = this.#options.signal?.aborted ?? false;
      if (!this.#aborted) next = search.next();
    }
    if (next.done && !next.value) {
      this.#notes.add(
        `the search of the noise used up its ${evaluations} decompositions before it converged; raise evaluations`,
      );
    }
  }

  /** The range of the variances: that of the ridge, as it is without noise of the bins. */
  #range({ bounds }: RatedRidge, noise: RatedNoise | undefined): readonly [number, number] {
    this.#bounds ??= this.#options.ridge ?? (noise ? noise.bounds : bounds);
    return this.#bounds;
  }
  #bounds: readonly [number, number] | undefined;

  /** Notes a kernel that was rated, and tells of it. */
  #take(found: Omit<Best, "point">, where: Omit<TunePoint, "ridge" | "score" | "atBound">): TunePoint {
    const { ridge, scale, score, scoreError, atBound } = found.rated;
    const noise = found.noise && { noise: variancesOf(found.noise) };
    const point: TunePoint = { ...where, ridge, ...(scale !== undefined && { scale }), score, atBound, ...noise };
    if (scoreError !== undefined) point.scoreError = scoreError;
    this.#trace.push(point);
    if (!this.#best || score > this.#best.point.score) this.#best = { ...found, point };
    this.#options.onProgress?.(point);
    return point;
  }

  result(depths: readonly (number | undefined)[]): Tuned {
    const { point, model, noise, rated } = this.best;
    const bins = this.#bins;
    const ofNoise = bins && noise ? noiseNotes(bins, noise, this.#range(rated, noise)) : [];
    const ends = [...boundNotes(point, this.coordinates, depths), ...ofNoise];
    return {
      model: (point.inputScales ? undefined : this.#family.result?.()) ?? model,
      ridge: point.ridge,
      ...(point.scale !== undefined && { scale: point.scale }),
      score: point.score,
      ...(point.scoreError !== undefined && { scoreError: point.scoreError }),
      ...(bins && { noise: { edges: bins.edges, variances: point.noise ?? new Array(bins.count).fill(0) } }),
      atBound: ends.length > 0,
      notes: [...ends, ...this.#notes],
      trace: this.#trace,
      aborted: this.#aborted,
    };
  }
}

/** Scales times those that were there before. */
function scaledBy(factors: readonly number[], before: readonly number[] | undefined): number[] {
  return factors.map((factor, j) => factor * (before?.[j] ?? 1));
}

/** An activation for the caller, who may change it. */
function shownActivation(activation: Activation): Activation {
  return typeof activation === "string" ? activation : { ...activation };
}

function activationName(activation: Activation): string {
  return typeof activation === "string" ? activation : activation.name;
}

/** A sentence for each choice at an end of its range. */
function boundNotes(
  point: TunePoint,
  coordinates: readonly Coordinate[],
  depths: readonly (number | undefined)[],
): string[] {
  const notes: string[] = [];
  const add = (what: string, value: number, end: string) =>
    notes.push(`the chosen ${what} ${value} is at the ${end} end of its range: a better one may lie beyond it`);
  if (point.atBound && !point.noise) {
    const chosen = point.scale === undefined ? `ridge ${point.ridge}` : `scale ${point.scale}`;
    notes.push(`the chosen ${chosen} is at an end of its range: a better one may lie beyond it`);
  }
  for (const { name, entry, range } of coordinates) {
    const value = valueAt(point[name] as PerLayer<number>, entry);
    const end = endOf(value, range[0], range[1]);
    if (end) add(entry < 0 ? name : `${name}[${entry}]`, value, end);
  }
  point.inputScales?.forEach((scale, j) => {
    if (endOf(scale, 1 / RANGE, RANGE) === "upper") add(`inputScales[${j}]`, scale, "upper");
  });
  const others = depths.filter((depth) => depth !== undefined && depth !== point.depth) as number[];
  if (point.depth !== undefined && others.length > 0) {
    const { depth } = point;
    if (others.every((other) => other < depth)) add("depth", depth, "upper");
    if (depth > 1 && others.every((other) => other > depth)) add("depth", depth, "lower");
  }
  return notes;
}
