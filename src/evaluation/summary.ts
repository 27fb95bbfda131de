/** Means over folds, their standard errors, and models beside each other. */
import { norm } from "../linalg/vectors.js";
import { type Matrix, matrix } from "../matrix.js";
import type { FoldScore, Metric, Metrics, ModelScore, PairedDifference } from "./crossValidateOptions.js";
import type { Fold } from "./folds.js";
import type { Scored } from "./scoredFold.js";

/** Metrics of which more is better. */
const RISING: readonly Metric[] = ["r2", "accuracy"];

/** What the folds of one model add up to. */
export class Tally {
  readonly #name: string;
  readonly #rows: number;
  readonly #folds: FoldScore[] = [];
  /** Rows that a fold was tested on, beside those it was fitted on; summed over the folds. */
  #share = 0;
  #sums: Matrix | undefined;
  readonly #seen: Int32Array;
  readonly #notes = new Map<string, number>();

  constructor(name: string, rows: number) {
    this.#name = name;
    this.#rows = rows;
    this.#seen = new Int32Array(rows);
  }

  add({ repeat, fold, test, train }: Fold, { metrics, predictions, notes, ridge, scale }: Scored): void {
    const own = { ...(ridge === undefined ? {} : { ridge }), ...(scale === undefined ? {} : { scale }) };
    this.#folds.push({ repeat, fold, rows: test.length, ...metrics, ...own });
    this.#share += test.length / train.length;
    this.#sums ??= matrix(this.#rows, predictions.cols);
    const { data, cols } = this.#sums;
    test.forEach((row, i) => {
      this.#seen[row]++;
      for (let c = 0; c < cols; c++) data[row * cols + c] += predictions.data[i * cols + c];
    });
    for (const note of notes) this.#notes.set(note, (this.#notes.get(note) ?? 0) + 1);
  }

  result(): ModelScore {
    const { data, cols } = this.#sums ?? matrix(this.#rows, 0);
    const predictions = matrix(
      this.#rows,
      cols,
      data.map((sum, at) => sum / Math.max(1, this.#seen[Math.floor(at / cols)])),
    );
    const folds = this.#folds;
    const names = Object.keys(folds[0] ?? {}).filter((key): key is Metric => METRICS.includes(key));
    const measured = names.map((name) => [name, this.#measured(folds.map((fold) => fold[name]))] as const);
    const fields = (field: "mean" | "standardError"): Metrics =>
      Object.fromEntries(measured.map(([name, of]) => [name, of[field]]));
    return {
      name: this.#name,
      folds,
      mean: fields("mean"),
      standardError: fields("standardError"),
      predictions,
      notes: Array.from(this.#notes, ([note, times]) => `in ${times} of ${folds.length} folds: ${note}`),
    };
  }

  #measured(values: readonly (number | undefined)[]): Measured {
    return measured(values, this.#share / Math.max(1, values.length));
  }

  /** This model's criterion minus another's, on the folds of both. */
  against(other: Tally, criterion: Metric): PairedDifference {
    const theirs = other.#folds;
    const differences = this.#folds.slice(0, theirs.length).map((fold, i) => {
      const [a, b] = [fold[criterion], theirs[i][criterion]];
      return a === undefined || b === undefined ? undefined : a - b;
    });
    return { name: this.#name, ...this.#measured(differences) };
  }
}

const METRICS: readonly string[] = ["rmse", "r2", "nlpd", "coverage", "accuracy", "logLoss"];

interface Measured {
  mean: number | undefined;
  standardError: number | undefined;
}

/**
 * Mean and standard error of the scores of J folds. The variance counts 1/J + n_test/n_train times, because the fits
 * share rows (Nadeau & Bengio 2003, eq. 10).
 */
function measured(values: readonly (number | undefined)[], share: number): Measured {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0 || known.length < values.length) return { mean: undefined, standardError: undefined };
  const J = known.length;
  const mean = known.reduce((sum, value) => sum + (value - known[0]) / J, known[0]);
  const deviation = norm(Float64Array.from(known, (value) => value - mean)) * Math.sqrt((1 / J + share) / (J - 1));
  return { mean, standardError: Number.isFinite(deviation) ? deviation : undefined };
}

/** The place of the best model; undefined where the criterion of none exists. */
export function bestOf(models: readonly ModelScore[], criterion: Metric): number | undefined {
  const sign = RISING.includes(criterion) ? -1 : 1;
  let best: number | undefined;
  models.forEach(({ mean }, i) => {
    const value = mean[criterion];
    if (value === undefined) return;
    if (best === undefined || sign * value < sign * (models[best].mean[criterion] as number)) best = i;
  });
  return best;
}
