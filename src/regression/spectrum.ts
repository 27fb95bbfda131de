/**
 * The spectrum of a kernel on a set of points, and what it says about learning targets there (MATH.md §8).
 *
 * All modes come from an eigendecomposition, N×N. The top ones alone come from Lanczos, which a finite network does
 * without an N×N matrix. What needs every eigenvalue does not exist then.
 */
import { checkResult } from "../check.js";
import type { Context } from "../context.js";
import type { Model } from "../kernel/models.js";
import { kernelTimesMemory, withKernelTimes } from "../kernel/operator.js";
import { eighScratch, mirror, transpose } from "../linalg/blas.js";
import { targetAlignment } from "../linalg/centredAlignment.js";
import { decompose, nullLevel } from "../linalg/eigen.js";
import { overflow, roundingLevel } from "../linalg/factor.js";
import { topModes, topModesMemory } from "../linalg/topModes.js";
import { dot, sum, transposed } from "../linalg/vectors.js";
import { scratch, type View } from "../linalg/view.js";
import { type Matrix, type MatrixLike, matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { count, flag, optional, or, outputs, positive, read, type Schema } from "../options.js";
import { averageAdvice, checkData, checkInputs, type Data } from "../problem.js";
import { type LearningCurve, type LearningCurveOptions, learningCurve, type Modes } from "./learningCurve.js";

export interface SpectrumOptions {
  /**
   * The kernel of several outputs.
   *
   * - `average` (default): the N×N mean over outputs, under which each output is a regression of its own.
   * - `full`: Θ of every pair of outputs, (N·C)×(N·C), finite networks only: the spectrum of `dynamics`.
   */
  outputs?: "full" | "average";
  /** The largest modes only, so many, by Lanczos. Default: all, by an eigendecomposition. */
  top?: number;
  /** With `top`: the residuals are at most this times the largest eigenvalue. Default 1e-10. */
  tolerance?: number;
  /** True: the targets are Y, as in a fit with `centered`. Default false: Y − f0, what a network has to learn. */
  centered?: boolean;
}

const OPTIONS = {
  outputs: or(outputs, "average"),
  top: optional(count),
  tolerance: optional(positive),
  centered: or(flag, false),
} satisfies Schema<SpectrumOptions>;

const TOLERANCE = 1e-10;

/** Inputs, and targets where there are some. */
type Given = Omit<Data, "Y"> & { Y: Matrix | undefined };

/** `ntk.spectrum`. */
export function spectrumOf(
  context: Context,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike | undefined,
  options: SpectrumOptions,
): Spectrum {
  const { outputs, top, tolerance, centered } = read(options, "spectrum", "{ top: 10 }", OPTIONS);
  if (tolerance !== undefined && top === undefined)
    throw new RangeError("tolerance is given without top; expected top, the number of modes that Lanczos finds");
  const given: Given =
    Y === undefined
      ? { ...checkInputs(context, model, X, outputs), Y: undefined }
      : checkData(context, model, X, Y, outputs);
  const size = given.X.rows * given.source.block;
  if (top !== undefined && top > size)
    throw new RangeError(`top is ${top}; expected at most ${size}, the number of rows of the kernel`);
  const residual = residualOf(given, centered);
  const decomposed = top === undefined ? allModes(context, given) : someModes(context, given, top, tolerance);
  return new Spectrum(given, decomposed, residual);
}

/** Y − f0, or Y. */
function residualOf({ source, X, Y }: Given, centered: boolean): Float64Array | undefined {
  if (!Y || centered) return Y?.data;
  const start = source.start(X, Y.cols);
  return Y.data.map((y, at) => y - start[at]);
}

/** Modes, ascending, and what is known only where the matrix is. */
interface Decomposed {
  values: Float64Array;
  /** Eigenvectors in columns. */
  vectors: Matrix;
  trace: number;
  residuals: Float64Array | undefined;
  alignment: number | undefined;
}

function allModes(context: Context, { source, X, Y }: Given): Decomposed {
  const { arena } = context;
  const { block } = source;
  const n = X.rows * block;
  arena.require(2 * n * n + Math.max(source.scratch(X.rows), eighScratch(context, n)), averageAdvice(block));
  return arena.run(() => {
    const [rows, columns] = [scratch(context, n, n), scratch(context, n, n)];
    source.fill(X, rows);
    mirror(rows);
    const trace = sum(rows.diagonal());
    // Before the decomposition, which takes the place of the matrix.
    const mean = Y && Number.isFinite(trace) ? averagedBlocks(rows, block) : undefined;
    const alignment = Y && mean && targetAlignment(mean, Y);
    const values = decompose(rows, true);
    transpose(rows, columns);
    return { values, vectors: columns.matrix("the eigenvectors"), trace, residuals: undefined, alignment };
  });
}

/** The mean over outputs of the blocks of an output with itself, N×N. */
function averagedBlocks(Theta: View, block: number): Float64Array {
  if (block === 1) return Theta.copy();
  const n = Theta.rows / block;
  const mean = zeros(n * n);
  const entries = Theta.entries();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let c = 0; c < block; c++) mean[i * n + j] += entries[(i * block + c) * Theta.cols + j * block + c] / block;
    }
  }
  return mean;
}

function someModes(context: Context, { source, X }: Given, top: number, tolerance = TOLERANCE): Decomposed {
  const n = X.rows * source.block;
  context.arena.require(kernelTimesMemory(source, X.rows) + topModesMemory(context, n, top));
  const diagonal = source.diagonal(X);
  diagonal.forEach((value, i) => {
    if (!Number.isFinite(value)) throw overflow(i, i, value);
  });
  const { values, vectors, residuals } = withKernelTimes(context, source, X, (times) =>
    topModes(context, n, top, times, tolerance),
  );
  const columns = matrix(n, top, transposed(vectors, top, n));
  return { values, vectors: columns, trace: sum(diagonal), residuals, alignment: undefined };
}

/**
 * The modes of a kernel on a set of points: plain numbers in memory of JavaScript. Modes are in the order of
 * `eigenvalues`, and signs of eigenvectors are arbitrary.
 *
 * @example
 * const spectrum = ntk.spectrum(net, X, Y);
 * spectrum.participationRatio; // above 1: so many modes carry the kernel
 * const { sizes, error } = spectrum.learningCurve({ sizes: [2, 4, 6], ridge: 1e-3 });
 */
export class Spectrum {
  /** Eigenvalues of Θ(X, X), ascending, as those of `dynamics`; with `top` the largest ones. */
  readonly eigenvalues: Float64Array;
  /** Eigenvectors in columns, a column for each eigenvalue; rows as those of Θ. */
  readonly eigenvectors: Matrix;
  /** uᵢᵀ(Y − f0), a row for each mode, a column for each output; one column with `outputs: "full"`. */
  readonly coefficients: Matrix | undefined;
  /** tr Θ, the sum of all eigenvalues, of those beyond `top` too. */
  readonly trace: number;
  /** exp of the entropy of λ/Σλ (Roy & Vetterli 2007); 0 for a zero kernel, undefined with `top`. */
  readonly effectiveRank: number | undefined;
  /** (Σλ)²/Σλ²; 0 for a zero kernel, undefined with `top`. */
  readonly participationRatio: number | undefined;
  /**
   * Centred alignment with YYᵀ of the kernel, averaged over outputs: see `ntk.alignment`. Undefined with `top`, and
   * where kernel or targets do not change from point to point.
   */
  readonly alignment: number | undefined;
  /**
   * NC/λ: in this time under gradient flow at rate 1 the error along a mode falls by e. At rate η it is 1/η of this, in
   * time or in steps. Infinity for null modes, which do not move, and where the time is beyond a double.
   */
  readonly learningTimes: Float64Array;
  /** ‖Θu − λu‖₂ of each mode, by a product of its own; undefined without `top`. */
  readonly residuals: Float64Array | undefined;
  /** The modes as a learning curve takes them, in two readings where some are not known; undefined without targets. */
  readonly #modes: [modes: Modes, other?: Modes] | undefined;

  /** @internal */
  constructor(given: Given, { values, vectors, trace, residuals, alignment }: Decomposed, target?: Float64Array) {
    const { source, X, Y } = given;
    const { rows: n, cols: k } = vectors;
    const level = nullLevel(values, 0, -1, n);
    const lambda = values.map((value) => (value > level ? value : 0));
    this.eigenvalues = checkResult(matrix(1, k, values), "the spectrum").data;
    this.eigenvectors = vectors;
    checkResult(matrix(1, 1, Float64Array.of(trace)), "the trace of the kernel");
    this.trace = trace;
    this.residuals = residuals;
    this.alignment = alignment;
    const total = X.rows * (Y?.cols ?? source.outputs ?? 1);
    this.learningTimes = lambda.map((value) => total / value);
    if (!residuals) {
      this.effectiveRank = effectiveRankOf(lambda);
      this.participationRatio = participationRatioOf(lambda);
    }
    if (!Y || !target) return;
    const columns = Y.cols / source.block;
    this.coefficients = checkResult(coefficientsOf(vectors, target, columns), "the coefficients");
    this.#modes = readings(lambda, trace, this.coefficients, target, { rows: n, block: source.block });
  }

  /**
   * The error to expect from fits to n of the N points, drawn at random, at the points that were not drawn. For n far
   * below N it is the prediction of Bordelon et al. 2020 and Simon et al. 2023. It takes the eigenfunctions for
   * independent Gaussian numbers: right to a few percent in many inputs of like length, too low where few points are
   * far from all others.
   *
   * @throws TypeError, RangeError for bad input; RangeError without targets, for more points than there are, where
   *   ridge 0 just interpolates, and where modes beyond `top` matter.
   * @example
   * const { error, threshold } = ntk.spectrum(net, X, Y).learningCurve({ sizes: [2, 4], ridge: 0.1, noise: 0.01 });
   * error[1] < error[0]; // true: more points, less error
   */
  learningCurve(options: LearningCurveOptions): LearningCurve {
    if (!this.#modes) throw new RangeError("learningCurve needs targets; expected spectrum(model, X, Y)");
    return learningCurve(options, ...this.#modes);
  }
}

/** exp(−Σ p log p), p = λ/Σλ. */
function effectiveRankOf(lambda: Float64Array): number {
  const p = shares(lambda);
  return p.length === 0 ? 0 : Math.exp(-p.reduce((total, value) => total + value * Math.log(value), 0));
}

/** 1/Σp², p = λ/Σλ. */
function participationRatioOf(lambda: Float64Array): number {
  const p = shares(lambda);
  return p.length === 0 ? 0 : 1 / dot(p, p);
}

/** λ/Σλ of the modes above 0, in units of the largest first: their sum may be beyond a double. */
function shares(lambda: Float64Array): Float64Array {
  const largest = lambda[lambda.length - 1];
  const scaled = lambda.filter((value) => value > 0).map((value) => value / largest);
  const all = sum(scaled);
  return scaled.map((value) => value / all).filter((value) => value > 0);
}

/** Uᵀ B, B n×columns. */
function coefficientsOf({ data, rows: n, cols: k }: Matrix, target: Float64Array, columns: number): Matrix {
  const result = matrix(k, columns);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < k; j++) {
      for (let c = 0; c < columns; c++) result.data[j * columns + c] += data[i * k + j] * target[i * columns + c];
    }
  }
  return result;
}

/** Modes beyond the top ones that are taken for equal. */
interface Group {
  value: number;
  count: number;
  /** Σ c² of each column. */
  squares: Float64Array;
}

/**
 * The modes as a learning curve takes them. Of modes beyond the top ones their trace is known and no more. In the first
 * reading they are all alike. In the second they are as few as can be, each as large as the smallest that is known.
 */
function readings(
  lambda: Float64Array,
  trace: number,
  { data, cols: columns }: Matrix,
  target: Float64Array,
  { rows, block }: { rows: number; block: number },
): [Modes, Modes?] {
  const k = lambda.length;
  const squares = transposed(data, k, columns).map((value) => value * value);
  const modesOf = (groups: Group[]): Modes => {
    const size = k + groups.length;
    const modes = { values: zeros(size), counts: zeros(size).fill(1), squares: zeros(columns * size) };
    modes.values.set(lambda);
    for (let c = 0; c < columns; c++) modes.squares.set(squares.subarray(c * k, (c + 1) * k), c * size);
    groups.forEach((group, i) => {
      modes.values[k + i] = group.value;
      modes.counts[k + i] = group.count;
      for (let c = 0; c < columns; c++) modes.squares[c * size + k + i] = group.squares[c];
    });
    return { ...modes, columns, rows, block };
  };
  if (k === rows) return [modesOf([])];
  const beyond = rows - k;
  const left = trace - sum(lambda);
  const tail = left > roundingLevel(rows, trace) ? left : 0;
  const rest = Float64Array.from({ length: columns }, (_, c) => {
    const all = target.reduce((total, value, at) => total + (at % columns === c ? value * value : 0), 0);
    return Math.max(0, all - sum(squares.subarray(c * k, (c + 1) * k)));
  });
  const even = modesOf([{ value: tail / beyond, count: beyond, squares: rest }]);
  const largest = Math.min(tail, lambda[0]);
  if (largest === 0) return [even];
  const few = Math.min(beyond, tail / largest);
  const nothing = { value: 0, count: beyond - few, squares: zeros(columns) };
  return [even, modesOf([{ value: largest, count: few, squares: rest }, nothing])];
}
