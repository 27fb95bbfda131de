/**
 * Classification with the tangent kernel as the prior covariance of latent functions (MATH.md §9). `classifyModel`
 * checks and trains; `Classifier` predicts and reports.
 */
import { checkResult, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { kernelSource } from "../kernel/modelKernel.js";
import { type Model, ownModel } from "../kernel/models.js";
import { classified, type Label, type Labels } from "../labels.js";
import { Lease } from "../lease.js";
import { tileRows } from "../linalg/factor.js";
import { placeOfLargest } from "../linalg/vectors.js";
import { hold, scratch, View } from "../linalg/view.js";
import { copied, type MatrixLike, matrix, rowsOf } from "../matrix.js";
import { zeros } from "../memory.js";
import { read } from "../options.js";
import { quoted } from "../words.js";
import {
  type ClassifyOptions,
  type ClassPrediction,
  type ClassPredictOptions,
  OPTIONS,
  PREDICT,
} from "./classifyOptions.js";
import { TrainingInputs, trainingKernel } from "./latentKernel.js";
import type { Posterior } from "./posterior.js";
import { type ClassificationScore, classificationScore } from "./score.js";
import { type Fitted, heldMatrices, type Task, trainAt, trainBest, trainingMemory } from "./training.js";

/** How the training of a classifier went. */
export interface ClassifierReport {
  method: "laplace" | "dirichlet" | "ridge";
  /**
   * The log evidence: Laplace's approximation of log p(labels), or the Gaussian one of the transformed or one-hot
   * labels, which only compares models of the same method. Undefined where it does not exist: method `ridge` on a
   * singular kernel whose ridge is 0 or lost in rounding.
   */
  logEvidence: number | undefined;
  /** What multiplies the kernel, given or chosen. */
  scale: number;
  ridge: number;
  /** True where the chosen scale is at an end of its range. */
  atBound: boolean;
  /** Newton steps, of all scales that were tried. A step that does not converge is a ConvergenceError. */
  iterations: number;
  /** Cholesky factorisations of order N. */
  factorisations: number;
  /** Products of the kernel with all latent functions, 2N²C operations each. */
  products: number;
  /** The largest entry of the gradient of the log posterior, in K⁻¹f, at the mode; 0 where nothing is iterated. */
  gradient: number;
  /** What was unusual, a sentence each. */
  notes: string[];
}

/** A gradient above this is a mode that rounding has blurred. */
const BLURRED = 1e-8;

/** `ntk.classify`: see {@link ../ntk.js}. */
export function classifyModel<L extends Label>(
  context: Context,
  model: Model,
  Xlike: MatrixLike,
  labels: Labels<L>,
  options: ClassifyOptions<L>,
): Classifier<L> {
  const { classes, scale, ...given } = read(options, "classify", '{ method: "laplace" }', OPTIONS);
  const task = taskOf(context, model, Xlike, labels, classes, given);
  const { fitted, free } = trained(task, scale);
  return new Classifier<L>(task, fitted, free);
}

/**
 * Trains with a scale, or with the best one of a range. `free` gives back all held memory.
 *
 * @throws MemoryLimitError before any work; NotPositiveDefiniteError, ConvergenceError.
 */
function trained(task: Task, scale: number | "fit" | readonly [number, number]): { fitted: Fitted; free: () => void } {
  const { context, X } = task;
  context.arena.require(trainingMemory(task));
  const n = X.rows;
  const matrices = heldMatrices(task);
  const block = matrices > 0 ? hold(context, matrices * n, n) : new View(context, 0, 0, n);
  const free = freeOf(context, block);
  try {
    const fitted = context.arena.run((): Fitted => {
      const theta = trainingKernel(task.source, X, scratch(context, n, n));
      if (typeof scale !== "number") return trainBest(task, theta, block, scale === "fit" ? undefined : scale);
      const trained = trainAt(task, theta, scale, block);
      const { iterations, factorisations, products } = trained;
      return { trained, atBound: false, iterations, factorisations, products };
    });
    return { fitted, free: freeAll(fitted, free) };
  } catch (error) {
    free();
    throw error;
  }
}

/** Not a closure of the constructor of a Classifier: see {@link Lease}. */
function freeOf(context: Context, block: View): () => void {
  return () => {
    if (block.rows > 0) context.arena.free(block.at);
  };
}

function freeAll({ trained }: Fitted, block: () => void): () => void {
  return () => {
    trained.free();
    block();
  };
}

/** A model with its best scale: what `tune` rates by Laplace's evidence. */
export interface RatedLabels {
  scale: number;
  score: number;
  atBound: boolean;
  notes: string[];
}

/** The best scale within bounds and its evidence, for data that were checked by {@link taskOf}. */
export function rateLabels(task: Task, model: Model, range: readonly [number, number] | undefined): RatedLabels {
  const own = { ...task, source: kernelSource(task.context, model, "average") };
  const { fitted, free } = trained(own, range ?? "fit");
  free();
  const { scale, logEvidence } = fitted.trained;
  // The bound is the tuner's to tell, once, for the chosen model.
  const notes = notesOf(own, { ...fitted, atBound: false });
  return { scale, score: logEvidence as number, atBound: fitted.atBound, notes };
}

/** Checked and copied data of a classification. Finite networks of several outputs have their averaged kernel. */
export function taskOf(
  context: Context,
  model: Model,
  Xlike: MatrixLike,
  labels: unknown,
  classes: unknown,
  options: Pick<Task, "method" | "ridge" | "concentration">,
): Task {
  const source = kernelSource(context, ownModel(model), "average");
  const X = copied(toMatrix(Xlike, "X", source.inputs ? { cols: source.inputs } : {}));
  return { context, source, X, labels: classified(labels, classes, X.rows, "classify"), ...options };
}

/** Sentences about a training. */
export function notesOf({ labels: { classes, index } }: Task, { trained, atBound }: Fitted): string[] {
  const notes = [...trained.notes];
  const present = new Set(index);
  const missing = classes.filter((_, c) => !present.has(c));
  if (missing.length > 0) {
    const few = missing.slice(0, 5).map((label) => (typeof label === "string" ? quoted(label) : String(label)));
    notes.push(
      `${missing.length} of ${classes.length} classes have no row: ${few.join(", ")}${missing.length > few.length ? ", …" : ""}`,
    );
  }
  if (atBound)
    notes.push(`the chosen scale ${trained.scale} is at an end of its range: a better one may lie beyond it`);
  if (trained.gradient > BLURRED) {
    notes.push(
      `the mode is blurred by rounding: the gradient there is ${trained.gradient.toPrecision(2)}; a smaller scale or a ridge would sharpen it`,
    );
  }
  return notes;
}

/**
 * A trained classifier. It holds its factors in backend memory until `dispose()` (or `using`, or garbage collection).
 *
 * @example
 * const bits = ntk.classify(net, X, [0, 0, 0, 1, 1, 1, 0, 1], { scale: 10 });
 * const { labels, probabilities } = bits.predict(Xnew);
 * bits.classes.join(" "); // "0 1"
 * bits.dispose();
 */
export class Classifier<L extends Label = Label> {
  /** The classes, in the order of the columns of probabilities. */
  readonly classes: L[];
  readonly report: ClassifierReport;
  readonly #task: Task;
  readonly #classes: readonly L[];
  readonly #posterior: Posterior;
  readonly #lease: Lease;

  /** @internal */
  constructor(task: Task, fitted: Fitted, free: () => void) {
    const { trained, atBound, iterations, factorisations, products } = fitted;
    const { logEvidence, scale, gradient } = trained;
    this.#task = task;
    this.#classes = task.labels.classes as L[];
    this.classes = this.#classes.slice();
    this.#posterior = trained.posterior(new TrainingInputs(task.source, task.X, scale));
    this.report = {
      method: task.method,
      // It does not exist where a determinant or a square has left the doubles.
      logEvidence: Number.isFinite(logEvidence) ? logEvidence : undefined,
      scale,
      ridge: task.ridge,
      atBound,
      iterations,
      factorisations,
      products,
      gradient,
      notes: notesOf(task, fitted),
    };
    this.#lease = new Lease(task.context, this, "classify", free);
  }

  /**
   * Labels, class probabilities, and means and variances of the latent functions, at new inputs X (N*×d).
   *
   * For two classes the probabilities of `laplace` and `dirichlet` are quadratures, right to 1e-11 of themselves. For
   * more classes they are averages over `draws` quasi-random draws. The default of 2048 leaves a standard error of some
   * 3e-4 where the latent standard deviations are about 1, and of 2e-3 where they are 5.
   *
   * @throws TypeError, RangeError for wrong shapes or non-finite input; MemoryLimitError; BackendError after
   *   `dispose()`.
   * @example
   * const { labels, probabilities } = classifier.predict(Xnew);
   * probabilities.rows === labels.length; // true
   */
  predict(Xlike: MatrixLike, options: ClassPredictOptions = {}): ClassPrediction<L> {
    const draws = read(options, "predict", "{ draws: 2048 }", PREDICT);
    this.#lease.check();
    const posterior = this.#posterior;
    const X = toMatrix(Xlike, "X", { cols: this.#task.X.cols });
    const [C, L] = [this.#classes.length, posterior.latents];
    const mean = matrix(X.rows, L);
    const variance = matrix(X.rows, L);
    const probabilities = matrix(X.rows, C, zeros(X.rows * C));
    const tile = tileRows(this.#task.X.rows * (L + 1), X.rows);
    for (let row = 0; row < X.rows; row += tile) {
      const rows = Math.min(tile, X.rows - row);
      const latents = posterior.at(rowsOf(X, row, rows));
      mean.data.set(latents.mean, row * L);
      variance.data.set(latents.variance, row * L);
      probabilities.data.set(posterior.probabilities(latents, draws), row * C);
    }
    checkResult(mean, "the mean");
    checkResult(variance, "the variance");
    const labels = Array.from(
      { length: X.rows },
      (_, i) => this.#classes[placeOfLargest(probabilities.data, i * C, C)],
    );
    return { labels, probabilities: checkResult(probabilities, "a probability"), mean, variance };
  }

  /**
   * How good the predictions at X (N*×d) are, whose labels are known: accuracy and log loss. `options` are as in
   * {@link predict}.
   *
   * @throws as {@link predict}; TypeError, RangeError for labels that are not among the classes, naming the row.
   * @example
   * const { accuracy, logLoss } = classifier.score([[-1], [0]], ["a", "b"]);
   * accuracy <= 1 && logLoss >= 0; // true
   */
  score(X: MatrixLike, labels: Labels<L>, options: ClassPredictOptions = {}): ClassificationScore {
    this.#lease.check();
    const own = toMatrix(X, "X", { cols: this.#task.X.cols });
    const { index } = classified(labels, this.#classes, own.rows, "score");
    const place = new Map(this.#classes.map((label, c) => [label, c]));
    const { labels: predicted, probabilities } = this.predict(own, options);
    const places = predicted.map((label) => place.get(label) as number);
    return classificationScore(probabilities, places, index);
  }

  /** Gives the backend memory back. Using the classifier afterwards is a BackendError; a second call does nothing. */
  dispose(): void {
    this.#lease.release();
  }

  /** {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
