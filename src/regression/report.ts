/**
 * What a fit says about itself. Fields are computed when first read and then kept; a field is `undefined` where the
 * quantity does not exist (the evidence of a singular kernel without a ridge, say). A field whose value overflows is a
 * RangeError when it is read.
 */
import { checkField } from "../check.js";
import { BackendError } from "../errors.js";
import { fieldNames, fieldsAsJson, showAs } from "../fields.js";
import type { Lease } from "../lease.js";
import { roundingLevel } from "../linalg/factor.js";
import { type Matrix, matrix } from "../matrix.js";
import type { Problem } from "../problem.js";
import { evidenceError, evidencesOf, repeatsNote, sumOrNone } from "./evidence.js";
import { repeatsOf } from "./repeats.js";
import type { PathPoint } from "./ridgePath.js";
import type { Approximation, Solution } from "./solution.js";

/**
 * The regression of one output: its ridge, scale and evidences. With the kernel of all pairs of outputs, one regression
 * serves all outputs.
 */
export interface OutputReport {
  /** λ. */
  ridge: number;
  /** Multiplies the variances of this output. */
  scale: number;
  degreesOfFreedom: number | undefined;
  /** Log marginal likelihood at scale 1. */
  logEvidence: number | undefined;
  /** Log marginal likelihood with this output's scale profiled out. */
  logEvidenceProfiled: number | undefined;
}

/** The parts of a fit that its report reads. An update replaces the solution. */
interface Reported {
  solution: Solution;
  problem: Problem;
  scale: 1 | "fit";
  path: PathPoint[];
  notes: readonly string[];
}

/** A fitted scale above it makes bands at scale 1 ten times too narrow. */
const NARROW = 100;

export class Report {
  /**
   * The system that was solved. `eigen`: the kernel is singular to rounding and the ridge is 0 or lost in rounding, so
   * the eigendecomposition gave the minimum-norm answer; `notes` says more.
   */
  readonly solver: "dual" | "primal" | "cg" | "lowrank" | "eigen";
  /** Precision of the factor: `"float32"` where a float32 factor preconditioned a solve with float64 residuals. */
  readonly precision: "float64" | "float32";
  /** Iterations of conjugate gradients; undefined where the factor was used directly. */
  readonly iterations: number | undefined;
  /** Columns of the kernel that the preconditioner of conjugate gradients was made of; undefined without one. */
  readonly preconditionerRank: number | undefined;
  /** The reason why this fit was solved in float64 in spite of `load({ precision: "float32" })`; else undefined. */
  readonly fallback: string | undefined;
  /** λ. Where outputs have ridges of their own, it is the smallest ridge; `perOutput` has all. */
  readonly ridge: number;
  /** Added to the diagonal beside the ridge. Always 0: nothing is added behind your back. */
  readonly jitter = 0;
  /**
   * True where the ridge was chosen from `ridges` and is the smallest or largest of them: the best one may lie beyond.
   */
  readonly atBound: boolean;
  readonly #fitted: Reported;
  readonly #solution: Solution;
  readonly #problem: Problem;
  readonly #lease: Lease;
  readonly #known = new Map<string, unknown>();

  /** @internal `fitted` belongs to the fit: an update replaces its solution. */
  constructor(fitted: Reported, lease: Lease) {
    const { solution, problem, path } = fitted;
    this.solver = solution.solver;
    ({ precision: this.precision, iterations: this.iterations, fallback: this.fallback } = solution.method);
    this.preconditionerRank = solution.method.preconditionerRank;
    this.ridge = solution.ridges.reduce((low, ridge) => Math.min(low, ridge), Infinity);
    this.atBound = path.some((point) => point.atBound);
    this.#fitted = fitted;
    this.#solution = solution;
    this.#problem = problem;
    this.#lease = lease;
  }

  /**
   * What you may want to know before you rely on the fit, a sentence each. Examples: repeated rows, a choice at a
   * bound, a ridge lost in rounding.
   */
  get notes(): string[] {
    const notes = this.#lazy("notes", () => {
      const { method } = this.#solution;
      const solved = this.#solution.findings().notes;
      const repeats = repeatsNote(this.#problem);
      const fallback = method.fallback && `solved in float64: ${method.fallback}`;
      const more = [repeats, fallback, this.#narrowness()].filter((note) => note !== undefined);
      return [...this.#fitted.notes, ...solved, ...more];
    });
    return [...notes, ...(this.#solution.lateNotes?.() ?? [])];
  }

  /** That variances are far too small for the targets, where they are. */
  #narrowness(): string | undefined {
    if (this.#fitted.scale !== 1) return undefined;
    const scales = this.#fittedScales();
    const largest = scales.reduce((high, scale) => Math.max(high, scale), 0);
    if (!(largest > NARROW)) return undefined;
    return `variances are at scale 1, and the targets ask for ${largest.toPrecision(2)}: bands are too narrow by a factor of ${Math.sqrt(largest).toPrecision(2)}; fit with scale: "fit", or standardize the targets`;
  }

  /** Rows with the inputs of an earlier row. Evidence and leave-one-out group rows that repeat; `notes` says how. */
  get repeatedRows(): number {
    return this.#lazy("repeatedRows", () => repeatsOf(this.#problem).rows);
  }

  /**
   * s, which multiplies variances: 1, or with `scale: "fit"` ŝ = rᵀα/N. Where outputs have scales of their own, it is
   * the mean of the scales.
   */
  get scale(): number {
    return meanOf(this.scales);
  }

  /** The scale of each output, C numbers. With the kernel of all pairs of outputs, all outputs share one scale. */
  get scales(): Float64Array {
    const known = this.#lazy("scales", () => {
      if (this.#fitted.scale === 1) return new Float64Array(this.#problem.outputs).fill(1);
      return this.#fittedScales();
    });
    return known.slice();
  }

  /** ŝ = rᵀα/N of each output. */
  #fittedScales(): Float64Array {
    const { outputs, columns, size, trend } = this.#problem;
    const { dropped } = repeatsOf(this.#problem);
    const n = size - (trend?.basis.size ?? 0);
    const scales = this.#solution.quadratics().map((value, c) => value / (n - dropped[c]));
    return Float64Array.from({ length: outputs }, (_, c) => scales[columns > 1 ? c : 0]);
  }

  /** Each regression: one for each output where outputs share an averaged kernel, else one. */
  get perOutput(): OutputReport[] {
    const known = this.#lazy("perOutput", () => {
      const { scales } = this;
      const { ridges } = this.#solution;
      const freedom = this.#freedom();
      return this.#evidences().map(({ logEvidence, logEvidenceProfiled }, c) => {
        const k = ridges.length > 1 ? c : 0;
        return {
          ridge: ridges[k],
          scale: scales[c],
          degreesOfFreedom: freedom?.[k],
          logEvidence,
          logEvidenceProfiled,
        };
      });
    });
    return known.map((one) => ({ ...one }));
  }

  /** Numerical rank of Θ: the number of eigenvalues above Nε times the largest; undefined with solver `"cg"`.
   * With `weights` it is that of W^½ΘW^½. */
  get rank(): number | undefined {
    return this.#lazy("rank", () => {
      const own = this.#problem.terms?.noise !== undefined;
      const { rank } = this.#solution.findings();
      if (rank !== undefined && !own) return rank;
      const values = own ? this.#solution.spectrum(true) : this.#spectrum();
      if (!values) return undefined;
      const level = roundingLevel(values.length, values[values.length - 1]);
      return values.reduce((count, value) => count + (value > level ? 1 : 0), 0);
    });
  }

  /**
   * 2-norm condition number of the system that was solved: (λ_max + ridge)/(λ_min + ridge), over the modes that it
   * kept. Undefined for a zero kernel and with solver `"cg"`.
   */
  get conditionNumber(): number | undefined {
    return this.#lazy("conditionNumber", () => {
      const { conditionNumber, truncated } = this.#solution.findings();
      if (conditionNumber !== undefined) return conditionNumber;
      const values = this.#spectrum();
      if (!values || truncated) return undefined;
      const { shift } = this.#solution;
      const largest = values[values.length - 1] + shift;
      // An eigenvalue is known only to ε‖Θ‖, so a smaller or negative one counts as ε‖Θ‖.
      const smallest = Math.max(values[0], 0) + shift;
      return largest / Math.max(smallest, Number.EPSILON * largest, Number.MIN_VALUE);
    });
  }

  /** ‖r − Aα‖∞ / (‖A‖∞‖α‖∞ + ‖r‖∞) of the system that was solved. If it is above rounding level, something is wrong. */
  get backwardError(): number {
    return this.#lazy("backwardError", () => this.#solution.backwardError());
  }

  /**
   * tr Θ(Θ + λI)⁻¹, with `noise` and `weights` tr Θ(Θ + diag(λ/w_i + λ_i))⁻¹; undefined with solver `"cg"`. Where
   * outputs have ridges of their own, it is the mean of the traces.
   */
  get degreesOfFreedom(): number | undefined {
    const freedom = this.#freedom();
    return freedom && meanOf(freedom);
  }

  /** Log marginal likelihood at scale 1, summed over outputs. */
  get logEvidence(): number | undefined {
    return sumOrNone(this.#evidences().map((one) => one.logEvidence));
  }

  /**
   * Log marginal likelihood with the scale of each output profiled out, summed over outputs. Choose ridges by this one.
   */
  get logEvidenceProfiled(): number | undefined {
    return sumOrNone(this.#evidences().map((one) => one.logEvidenceProfiled));
  }

  /**
   * The standard error of both log evidences, from the log determinant that solver `"cg"` estimates: over 16 probes
   * with a fixed seed. Undefined where nothing is estimated.
   */
  get logEvidenceError(): number | undefined {
    return this.#lazy("logEvidenceError", () => evidenceError(this.#problem, this.#solution));
  }

  /**
   * With `mean` in `fit`: the coefficients of the mean in the units of X, an intercept and a slope for each input
   * in rows, an output in each column; else undefined.
   */
  get meanCoefficients(): Matrix | undefined {
    const known = this.#lazy("meanCoefficients", () => this.#solution.coefficients?.());
    return known && matrix(known.length / this.#problem.outputs, this.#problem.outputs, known.slice());
  }

  /** How far the kernel of solver `"lowrank"` is from the model's, its rank and trace error; else undefined. */
  get approximation(): Approximation | undefined {
    return this.#lazy("approximation", () => {
      const { approximation } = this.#solution;
      return approximation && { ...approximation };
    });
  }

  /** y_i minus the prediction at x_i by the fit without point i and without other points that have its inputs; N×C. */
  get looResiduals(): Matrix | undefined {
    const data = this.#lazy("looResiduals", () => this.#solution.looResiduals());
    return data && matrix(this.#problem.X.rows, this.#problem.outputs, data.slice());
  }

  /**
   * All fields as plain JSON, computed where they were not yet read; some cost an eigendecomposition. A field that
   * overflows is left out.
   *
   * @throws BackendError after the fit's `dispose()`.
   * @example
   * JSON.parse(JSON.stringify(fit.report)).degreesOfFreedom === fit.report.degreesOfFreedom; // true
   */
  toJSON(): object {
    return fieldsAsJson(this);
  }

  static {
    showAs(Report, (report) => shownFields(report, report.#known));
  }

  #evidences() {
    return this.#lazy("evidences", () => evidencesOf(this.#problem, this.#solution));
  }

  #freedom(): Float64Array | undefined {
    return this.#lazy("degreesOfFreedom", () => this.#solution.degreesOfFreedom());
  }

  #spectrum(): Float64Array | undefined {
    return this.#lazy("spectrum", () => this.#solution.spectrum());
  }

  #lazy<T>(name: string, compute: () => T): T {
    if (!this.#known.has(name)) {
      this.#lease.check();
      if (this.#fitted.solution !== this.#solution)
        throw new BackendError(`${name} is of the fit before its update, and was not read then; read fit.report again`);
      this.#known.set(name, checkField(compute(), `report.${name}`));
    }
    return this.#known.get(name) as T;
  }
}

/** What a console shows of a report: nothing is computed for it, so it names what was not read yet. */
export function shownFields(report: object, known: ReadonlyMap<string, unknown>): object {
  const held = Object.entries(report).filter(([, value]) => value !== undefined);
  const names = fieldNames(report).filter((name) => !Object.hasOwn(report, name));
  const unread = names.filter((name) => !known.has(name));
  const read = names.filter((name) => known.get(name) !== undefined).map((name) => [name, known.get(name)]);
  return { ...Object.fromEntries([...held, ...read]), ...(unread.length > 0 ? { "computed when read": unread } : {}) };
}

/** The mean; if all values are equal, exactly their value. */
export function meanOf(values: Float64Array): number {
  const [first] = values;
  return first + values.reduce((sum, value) => sum + (value - first) / values.length, 0);
}
