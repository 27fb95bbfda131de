/**
 * The profiled evidence of one kernel at single ridges, by Cholesky: where a search knows about where the best
 * ridge is, a factorisation or two are an eighth of an eigendecomposition. With A = Θ + λI, Q = rᵀα and the log
 * evidence −(n/2) log Q − ½ log|A|,
 *
 *   ∂/∂θ = Σ_ij W_ij ∂Θ_ij/∂θ,   W = ½ Σ_c ((n/Q) ααᵀ − A⁻¹),   ∂/∂log λ = λ tr W   (Rasmussen & Williams 2006, 5.9).
 */
import type { Context } from "../context.js";
import { factorCholesky } from "../linalg/cholesky.js";
import { copyTriangle } from "../linalg/choleskyEdits.js";
import { roundingLevel } from "../linalg/factor.js";
import { applied } from "../linalg/rowTerms.js";
import { invertTriangle, squareOfInverse } from "../linalg/triangularInverse.js";
import { dot } from "../linalg/vectors.js";
import { hold, type View } from "../linalg/view.js";
import { type Matrix, matrix } from "../matrix.js";
import type { Problem } from "../problem.js";
import { evidenceOf, quadraticsOf, sumOrNone } from "./evidence.js";
import { repeatsOf } from "./repeats.js";
import { meanOrOne } from "./tuneRidge.js";

/** The system at one ridge. */
interface At {
  readonly ridge: number;
  /** α, columns×n. */
  readonly alpha: Float64Array;
  readonly quadratics: Float64Array;
}

/** Θ in one held block, and its factor at a ridge in another. */
export class EvidenceScan {
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #kernel: View;
  readonly #factor: View;
  #at: At | undefined;

  /** @throws MemoryLimitError */
  constructor(context: Context, problem: Problem) {
    const n = problem.size;
    this.#context = context;
    this.#problem = problem;
    this.#kernel = hold(context, n, n);
    try {
      this.#factor = hold(context, n, n);
    } catch (error) {
      context.arena.free(this.#kernel.at);
      throw error;
    }
    try {
      problem.source.fill(problem.X, this.#kernel);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** The mean of Θ's diagonal. */
  meanDiagonal(): number {
    return meanOrOne(this.#kernel.diagonal());
  }

  /** The sum of the profiled evidences at a ridge; undefined where the ridge is lost in rounding. */
  evidence(ridge: number): number | undefined {
    const { R, size: n } = this.#problem;
    this.#at = undefined;
    copyTriangle(this.#kernel, this.#factor);
    const factor = factorCholesky(this.#factor, ridge, roundingLevel(n, 1));
    if ("failedPivot" in factor) return undefined;
    const [alpha] = applied(this.#context, factor, 1, R, n);
    const quadratics = quadraticsOf(this.#problem, alpha);
    const logDeterminant = factor.logDeterminant(0);
    const evidences = Array.from(quadratics, (quadratic, c) =>
      evidenceOf(this.#problem, c, quadratic, logDeterminant, ridge),
    );
    this.#at = { ridge, alpha, quadratics };
    return sumOrNone(evidences.map(({ logEvidenceProfiled }) => logEvidenceProfiled));
  }

  /** ∂evidence/∂log λ at the ridge of the last {@link evidence}. It takes the factor's place. */
  slope(): number {
    const { ridge, alpha, quadratics } = this.#at as At;
    const { size: n, columns } = this.#problem;
    const { dropped } = repeatsOf(this.#problem);
    invertTriangle(this.#factor);
    let trace = 0;
    for (let i = 0; i < n; i++) {
      const row = this.#factor.row(i, i + 1);
      for (let j = 0; j <= i; j++) trace += row[j] * row[j];
    }
    let slope = 0;
    for (let c = 0; c < columns; c++) {
      const own = alpha.subarray(c * n, (c + 1) * n);
      const fit = ((n - dropped[c]) * dot(own, own)) / quadratics[c];
      slope += (ridge * (fit - trace) + dropped[c]) / 2;
    }
    return slope;
  }

  /** W, after {@link slope}. It takes the inverse's place. */
  weights(): Matrix {
    const { alpha, quadratics } = this.#at as At;
    const { size: n, columns } = this.#problem;
    const { dropped } = repeatsOf(this.#problem);
    squareOfInverse(this.#factor);
    const W = matrix(n, n);
    for (let i = 0; i < n; i++) {
      const inverse = this.#factor.row(i);
      const row = W.data.subarray(i * n, (i + 1) * n);
      for (let j = 0; j < n; j++) row[j] = (-columns / 2) * inverse[j];
      for (let c = 0; c < columns; c++) {
        const own = alpha.subarray(c * n, (c + 1) * n);
        const factor = ((n - dropped[c]) * own[i]) / (2 * quadratics[c]);
        for (let j = 0; j < n; j++) row[j] += factor * own[j];
      }
    }
    this.#at = undefined;
    return W;
  }

  free(): void {
    for (const A of [this.#kernel, this.#factor]) this.#context.arena.free(A.at);
  }
}
