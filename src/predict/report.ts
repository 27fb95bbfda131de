/**
 * What a fit says about itself. Fields are computed when first read and then kept; a field is `undefined` where the
 * quantity does not exist (the evidence of a singular kernel without a ridge, say).
 */
import { BackendError } from "../errors.js";
import { type Matrix, matrix } from "../matrix.js";
import type { Problem } from "../solver/dual.js";
import { roundingLevel } from "../solver/factor.js";
import type { Solution } from "../solver/system.js";
import type { Lease } from "./lease.js";
import { evidences } from "./path.js";

export class Report {
  /** Which system was solved. */
  readonly solver: "dual" | "primal" | "cg";
  /** Precision of the factor that was used: `"float32"` where it preconditioned a solve with float64 residuals. */
  readonly precision: "float64" | "float32";
  /** Of conjugate gradients; undefined where the factor was used directly. */
  readonly iterations: number | undefined;
  /** With `load({ precision: "float32" })`, why this fit was solved in float64; else undefined. */
  readonly fallback: string | undefined;
  /** λ. */
  readonly ridge: number;
  /** Added to the diagonal beside the ridge: always 0, nothing is added behind your back. */
  readonly jitter = 0;
  readonly #solution: Solution;
  readonly #problem: Problem;
  readonly #wanted: 1 | "fit";
  readonly #lease: Lease;
  readonly #current: () => boolean;
  readonly #known = new Map<string, unknown>();

  /** @internal `fitted` is that of the fit: an update replaces its solution. */
  constructor(fitted: { solution: Solution; problem: Problem; scale: 1 | "fit" }, lease: Lease) {
    const { solution, problem, scale } = fitted;
    this.solver = solution.solver;
    ({ precision: this.precision, iterations: this.iterations, fallback: this.fallback } = solution.method);
    this.ridge = solution.factor.ridge;
    this.#solution = solution;
    this.#problem = problem;
    this.#wanted = scale;
    this.#lease = lease;
    this.#current = () => fitted.solution === solution;
  }

  /** s, by which variances are multiplied: 1, or ŝ = rᵀα/(N·C) with `scale: "fit"`. */
  get scale(): number {
    return this.#lazy("scale", () => (this.#wanted === 1 ? 1 : this.#solution.quadratic() / this.#problem.R.length));
  }

  /** Numerical rank of Θ: eigenvalues above Nε times the largest; undefined with solver `"cg"`. */
  get rank(): number | undefined {
    return this.#lazy("rank", () => {
      if (this.#solution.factor.kind === "eigen") return this.#solution.factor.rank;
      const values = this.#spectrum();
      if (!values) return undefined;
      const level = roundingLevel(values.length, values[values.length - 1]);
      return values.reduce((count, value) => count + (value > level ? 1 : 0), 0);
    });
  }

  /** 2-norm condition number of the system that was solved, (λ_max + ridge)/(λ_min + ridge), over the modes that it kept; undefined for a zero kernel and with solver `"cg"`. */
  get conditionNumber(): number | undefined {
    return this.#lazy("conditionNumber", () => {
      const { modes, ridge } = this.#solution.factor;
      if (modes) return modes.length === 0 ? undefined : modes[modes.length - 1] / modes[0];
      const values = this.#spectrum();
      if (!values) return undefined;
      return (values[values.length - 1] + ridge) / Math.max(values[0] + ridge, Number.MIN_VALUE);
    });
  }

  /** ‖r − Aα‖∞ / (‖A‖∞‖α‖∞ + ‖r‖∞) of the system that was solved; at rounding level, or something is wrong. */
  get backwardError(): number {
    return this.#lazy("backwardError", () => this.#solution.backwardError());
  }

  /** tr Θ(Θ + λI)⁻¹; undefined with solver `"cg"`. */
  get degreesOfFreedom(): number | undefined {
    return this.#lazy("degreesOfFreedom", () => this.#solution.degreesOfFreedom());
  }

  /** Log marginal likelihood at scale 1, summed over outputs. */
  get logEvidence(): number | undefined {
    return this.#evidences()?.logEvidence;
  }

  /** Log marginal likelihood with the scale profiled out: choose ridges by this one. */
  get logEvidenceProfiled(): number | undefined {
    return this.#evidences()?.logEvidenceProfiled;
  }

  /** y_i minus the prediction at x_i of the fit without point i, N×C. */
  get looResiduals(): Matrix | undefined {
    const data = this.#lazy("looResiduals", () => this.#solution.looResiduals());
    return data && matrix(this.#problem.X.rows, this.#problem.outputs, data.slice());
  }

  #evidences() {
    return this.#lazy("evidences", () => {
      const logDeterminant = this.#solution.logDeterminant();
      if (logDeterminant === undefined) return undefined;
      return evidences(this.#problem.size, this.#problem.columns, this.#solution.quadratic(), logDeterminant);
    });
  }

  #spectrum(): Float64Array | undefined {
    return this.#lazy("spectrum", () => this.#solution.spectrum());
  }

  #lazy<T>(name: string, compute: () => T): T {
    if (!this.#known.has(name)) {
      this.#lease.check();
      if (!this.#current())
        throw new BackendError(`${name} is of the fit before its update, and was not read then; read fit.report again`);
      this.#known.set(name, compute());
    }
    return this.#known.get(name) as T;
  }
}
