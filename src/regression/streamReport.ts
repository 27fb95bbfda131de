/**
 * What a fit from sums says about itself. Fields are computed when first read and then kept; a field is `undefined`
 * where the quantity does not exist. A field whose value overflows is a RangeError when it is read.
 */
import { checkField } from "../check.js";
import { fieldsAsJson, showAs } from "../fields.js";
import type { Lease } from "../lease.js";
import { roundingLevel } from "../linalg/factor.js";
import { backwardErrorOf, spectrumOf } from "../linalg/system.js";
import { dot } from "../linalg/vectors.js";
import { gaussianEvidence, sumOrNone } from "./evidence.js";
import { meanOf, type OutputReport, shownFields } from "./report.js";
import { isMinimumNorm, residualSquares, rightHandSides, type SolvedSums } from "./sumsSolver.js";

export class StreamReport {
  /**
   * The system that was solved. `eigen`: ΦᵀΦ is singular to rounding and the ridge is 0 or lost in rounding, so the
   * eigendecomposition gave the minimum-norm answer; `notes` says more.
   */
  readonly solver: "primal" | "eigen";
  /** Points in the sums. */
  readonly rows: number;
  /** Features P: the order of the system. */
  readonly features: number;
  /** λ. */
  readonly ridge: number;
  readonly #solved: SolvedSums;
  readonly #lease: Lease;
  readonly #known = new Map<string, unknown>();

  /** @internal */
  constructor(solved: SolvedSums, lease: Lease) {
    this.solver = solved.factor.findings.truncated ? "eigen" : "primal";
    this.rows = solved.sums.rows;
    this.features = solved.map.count;
    this.ridge = solved.ridge;
    this.#solved = solved;
    this.#lease = lease;
  }

  /** Observations of a right-hand side. */
  get #size(): number {
    return this.rows * this.#solved.map.block;
  }

  /** What you may want to know before you rely on the fit, a sentence each. */
  get notes(): string[] {
    const known = this.#lazy("notes", () => {
      const { factor, notes } = this.#solved;
      const least = residualSquares(this.#solved).reduce((low, { digits }) => Math.min(low, digits), Infinity);
      const cancelled =
        least < FEW_DIGITS
          ? `the residual cancels in the sums to ${least > 0 ? `${Math.floor(least)} digits` : "no digit"}, and with it evidence and fitted scale; fit() with the rows themselves has more`
          : undefined;
      return [...notes, ...factor.findings.notes, ...(cancelled ? [cancelled] : [])];
    });
    return [...known];
  }

  /** s, which multiplies variances; where outputs have scales of their own, their mean. */
  get scale(): number {
    return meanOf(this.scales);
  }

  /** The scale of each output, C numbers. The outputs of a network share one scale. */
  get scales(): Float64Array {
    const known = this.#lazy("scales", () => {
      const { sums, scale } = this.#solved;
      const C = sums.squares.length;
      if (scale === 1) return new Float64Array(C).fill(1);
      const fitted = this.#quadratics().map((value) => value / this.#size);
      return Float64Array.from({ length: C }, (_, c) => fitted[fitted.length > 1 ? c : 0]);
    });
    return known.slice();
  }

  /** Each regression: one for each output where outputs have weights of their own, else one. */
  get perOutput(): OutputReport[] {
    const known = this.#lazy("perOutput", () => {
      const { ridge } = this;
      return this.#evidences().map(({ logEvidence, logEvidenceProfiled }, c) => ({
        ridge,
        scale: this.scales[c],
        degreesOfFreedom: this.degreesOfFreedom,
        logEvidence,
        logEvidenceProfiled,
      }));
    });
    return known.map((one) => ({ ...one }));
  }

  /** tr ΦᵀΦ(ΦᵀΦ + λI)⁻¹ = tr Θ(Θ + λI)⁻¹. */
  get degreesOfFreedom(): number {
    return this.#lazy("degreesOfFreedom", () => Math.min(this.#size, this.#solved.factor.degreesOfFreedom(0)));
  }

  /** Log marginal likelihood at scale 1, summed over outputs. Every row counts: rows that repeat cannot be told. */
  get logEvidence(): number | undefined {
    return sumOrNone(this.#evidences().map((one) => one.logEvidence));
  }

  /** Log marginal likelihood with the scale of each output profiled out, summed over outputs. */
  get logEvidenceProfiled(): number | undefined {
    return sumOrNone(this.#evidences().map((one) => one.logEvidenceProfiled));
  }

  /** Numerical rank of ΦᵀΦ, which is that of Θ: the number of eigenvalues above Pε times the largest. */
  get rank(): number {
    return this.#lazy("rank", () => {
      const { rank } = this.#solved.factor.findings;
      if (rank !== undefined) return rank;
      const values = this.#spectrum();
      const level = roundingLevel(values.length, values[values.length - 1]);
      return values.reduce((count, value) => count + (value > level ? 1 : 0), 0);
    });
  }

  /** 2-norm condition number of ΦᵀΦ + λI over the kept modes; undefined where there are none. */
  get conditionNumber(): number | undefined {
    return this.#lazy("conditionNumber", () => {
      const { conditionNumber, truncated } = this.#solved.factor.findings;
      if (conditionNumber !== undefined || truncated) return conditionNumber;
      const values = this.#spectrum();
      const largest = values[values.length - 1] + this.ridge;
      const smallest = Math.max(values[0], 0) + this.ridge;
      return largest / Math.max(smallest, Number.EPSILON * largest, Number.MIN_VALUE);
    });
  }

  /** ‖Φᵀr − (ΦᵀΦ + λI)β‖∞ over the size of its terms. If it is above rounding level, something is wrong. */
  get backwardError(): number {
    return this.#lazy("backwardError", () => {
      const { system, sums, beta, factor } = this.#solved;
      return backwardErrorOf(system, rightHandSides(sums), beta, factor.findings.truncated ? factor : undefined);
    });
  }

  /**
   * All fields as plain JSON, computed where they were not yet read. A field that overflows is left out.
   *
   * @throws BackendError after the fit's `dispose()`.
   */
  toJSON(): object {
    return fieldsAsJson(this);
  }

  static {
    showAs(StreamReport, (report) => shownFields(report, report.#known));
  }

  #spectrum(): Float64Array {
    return this.#lazy("spectrum", () => spectrumOf(this.#solved.system));
  }

  /** rᵀα of each right-hand side. At minimum norm it is ‖β‖². */
  #quadratics(): number[] {
    return this.#lazy("quadratics", () => {
      const { beta, map } = this.#solved;
      if (!isMinimumNorm(this.#solved)) return residualSquares(this.#solved).map(({ value }) => value / this.ridge);
      return Array.from({ length: beta.length / map.count }, (_, k) => {
        const own = beta.subarray(k * map.count, (k + 1) * map.count);
        return dot(own, own);
      });
    });
  }

  #evidences() {
    return this.#lazy("evidences", () => {
      const squares = residualSquares(this.#solved);
      const determinant = this.#logDeterminant();
      return this.#quadratics().map((quadratic, k) =>
        gaussianEvidence(this.#size, quadratic, squares[k].lost ? undefined : determinant),
      );
    });
  }

  /** log |Θ + λI|. */
  #logDeterminant(): number | undefined {
    const { factor, map } = this.#solved;
    const inner = isMinimumNorm(this.#solved) ? undefined : factor.logDeterminant(0);
    return inner === undefined ? undefined : inner + (this.#size - map.count) * Math.log(this.ridge);
  }

  #lazy<T>(key: string, compute: () => T): T {
    if (!this.#known.has(key)) {
      this.#lease.check();
      this.#known.set(key, checkField(compute(), `report.${key}`));
    }
    return this.#known.get(key) as T;
  }
}

/** Digits of the residual below which the report says so. */
const FEW_DIGITS = 4;
