/**
 * What solves of the matrix-free system share: the kernel as a map, the system, and its preconditioner, P = L Lᵀ + μI
 * with L from r columns (`linalg/pivotedCholesky.ts`). It lives as long as it is open; between fits and predictions
 * nothing is held.
 */
import { type Context, lastingContext } from "../context.js";
import type { KernelSource } from "../kernel/kernel.js";
import { type KernelMap, kernelMap } from "../kernel/kernelMap.js";
import { scaledRows } from "../kernel/kernelRows.js";
import { type Solved as Converged, conjugateSteps, type Wanted } from "../linalg/conjugateGradients.js";
import { roundingTolerance } from "../linalg/factor.js";
import { minimumNormSteps } from "../linalg/lanczos.js";
import { LowRankFactor } from "../linalg/lowRankFactor.js";
import { pivotedCholesky, pivotedMemory } from "../linalg/pivotedCholesky.js";
import { joinTerms } from "../linalg/rowTerms.js";
import { hold } from "../linalg/view.js";
import { widths } from "../model/network.js";
import type { Problem } from "../problem.js";
import { drain } from "../slices.js";
import type { FitProgress } from "./fitOptions.js";
import { type MatrixFreeSystem, makingSystem } from "./matrixFreeSystem.js";

/** Most products of a solve. After these a factorisation, if it fits at all, is likely to be cheaper. */
export const MOST_ITERATIONS = 1000;

/** The most doubles of L: 256 MiB. */
const KEPT = 2 ** 25;
/** A preconditioner costs at most so many products. */
const PRODUCTS = 10;
/** Set so that the columns took about ten products at N = 10 000, m = 1024, d = 8. */
const GEMM = 2;
/** Multiply-adds of an entry of a kernel that is made anew: a guess, for a kernel may be anything. */
const ENTRY = 50;

export interface Work {
  readonly map: KernelMap;
  readonly system: MatrixFreeSystem;
  /** Undefined where the ridge is lost in rounding. */
  readonly preconditioner: LowRankFactor | undefined;
  /** (M + shift I) times each vector, new vectors, in slices. */
  slicing(vectors: readonly Float64Array[]): Generator<void, Float64Array[], void>;
  /** The same at once. */
  times(vectors: readonly Float64Array[]): Float64Array[];
  /** A solve of the system, as a coroutine. */
  steps(b: Float64Array): Solve;
  close(): void;
}

/** It is given the product with each vector that it yields. */
export type Solve = Generator<Wanted, Answer, Float64Array>;

/** `target`: the right-hand side that x solves. Where the system is singular, it is the part of b along kept modes. */
export interface Answer extends Converged {
  target: Float64Array;
}

/** Opens the work of a problem. Yields after each block of pivots, and between slices before them. */
export function* openWork(context: Context, problem: Problem, ridge: number): Generator<FitProgress, Work, void> {
  const { context: lasting, release } = lastingContext(context);
  let preconditioner: LowRankFactor | undefined;
  let opened = false;
  const close = () => {
    preconditioner?.free();
    release();
  };
  try {
    const { source, X } = problem;
    const diagonal = source.diagonal(X);
    const map = kernelMap(lasting, source, X);
    const theta = function* (v: Float64Array) {
      return (yield* map.slicing([v]))[0];
    };
    const system = yield* withProgress(makingSystem(problem, ridge, diagonal, theta), START);
    if (!system.lost) preconditioner = yield* preconditionerOf(context, source, map, system, diagonal);
    opened = true;
    const slicing = slicesOf(map, system);
    const times: Work["times"] = (vectors) => drain(slicing(vectors));
    return { map, system, preconditioner, slicing, times, steps: stepsOf(context, system, preconditioner), close };
  } finally {
    if (!opened) close();
  }
}

/** Before the first block of pivots. */
const START: FitProgress = { iteration: 0, residual: 1, preconditionerRank: 0 };

/** Slices of one step of a fit: all of them tell of the same progress. */
export function* withProgress<Result>(
  slices: Generator<void, Result, void>,
  progress: FitProgress,
): Generator<FitProgress, Result, void> {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    yield progress;
  }
}

function slicesOf(map: KernelMap, { terms, shift, scaled }: MatrixFreeSystem): Work["slicing"] {
  return function* (vectors) {
    const products = yield* map.slicing(vectors.map(scaled));
    products.forEach((product, k) => {
      const v = vectors[k];
      if (terms) joinTerms(terms, v, product);
      for (let i = 0; i < v.length; i++) product[i] += shift * v[i];
    });
    return products;
  };
}

/** Without a preconditioner the ridge is lost in rounding. */
function stepsOf(context: Context, { norm, shift }: MatrixFreeSystem, P: LowRankFactor | undefined) {
  return function* (b: Float64Array): Solve {
    if (!P) {
      const solved = yield* minimumNormSteps(context, b, MOST_ITERATIONS);
      return { ...solved, target: solved.projected };
    }
    const M = { n: b.length, norm: norm + shift, precondition: (r: Float64Array) => P.scaledInverse(r) };
    return { ...(yield* conjugateSteps(M, b, roundingTolerance(b.length), MOST_ITERATIONS)), target: b };
  };
}

/** Stops where the trace of what is left is at most μ: the condition number is then at most 2. */
function* preconditionerOf(
  context: Context,
  source: KernelSource,
  map: KernelMap,
  { roots, shift }: MatrixFreeSystem,
  diagonal: Float64Array,
): Generator<FitProgress, LowRankFactor, void> {
  const { block } = source;
  const n = diagonal.length;
  const room =
    context.arena.room - source.scratch(Math.ceil(64 / block), 1) - pivotedMemory(context, n, Math.min(n, 64), block);
  const most = Math.max(0, Math.min(rankBound(source, map, n), Math.floor(room / 4 / Math.max(1, n))));
  const out = hold(context, most, n);
  let kept = false;
  try {
    const rows = scaledRows(map, block, diagonal, roots);
    const slices = pivotedCholesky(context, rows, shift, out, true);
    let slice = slices.next();
    for (; !slice.done; slice = slices.next())
      yield { iteration: 0, residual: 1, preconditionerRank: slice.value.rank };
    // The factor takes the block over, also where it throws.
    kept = true;
    return new LowRankFactor(out.slice(0, slice.value.rank), shift, slice.value);
  } finally {
    if (!kept) context.arena.free(out.at);
  }
}

/** The rank whose columns and factor, N·r² multiply-adds, cost at most {@link PRODUCTS} products. */
export function rankBound(source: KernelSource, { kept }: Pick<KernelMap, "kept">, n: number): number {
  const most = Math.min(Math.floor(n / 4), Math.floor(KEPT / Math.max(1, n)));
  const net = source.weights;
  if (!net) return Math.min(most, Math.floor(Math.sqrt(kept ? PRODUCTS * GEMM * n : (PRODUCTS * ENTRY * n) / 2)));
  // Of a row of X: two products of all units for a column, features anew for a block, and both passes of a product.
  const units = widths(net).reduce((sum, m) => sum + m, 0);
  const P = net.parameters.length;
  const column = net.outputs * (2 * units + P / 64);
  const budget = PRODUCTS * GEMM * 2 * P;
  return Math.min(most, Math.floor((Math.sqrt(column ** 2 + 4 * budget * net.outputs) - column) / 2));
}

/** What a solve looks like from outside. */
export function progressOf({ iteration, residual }: Wanted, P: LowRankFactor | undefined): FitProgress {
  return { iteration, residual, preconditionerRank: P?.rank ?? 0 };
}
