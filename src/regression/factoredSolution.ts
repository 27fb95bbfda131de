/**
 * What the solutions by a factor share. They own the factor, read their findings off it, and are restored with it.
 *
 * A solution from float32 or from a snapshot has no factor yet. Its factor is made when something first asks for it.
 * The factor takes a held block, so a method asks for it before scratch is in use.
 */
import { CHOLESKY, CholeskyFactor } from "../linalg/cholesky.js";
import type { Factor, Findings } from "../linalg/factor.js";
import { backwardErrorOf, factorByEigen, factorSystem, type System, spectrumOf } from "../linalg/system.js";
import type { Method, SolutionState } from "./solution.js";

/** What is known of a factor before it is made. */
export type Expected = Pick<Findings, "kind" | "truncated">;

const NULL_MODES =
  "a fit whose ridge is 0 or lost in rounding on a singular kernel leaves out null modes and cannot be updated; " +
  "fit with a ridge above 0 that reaches beyond rounding, or fit again";

export abstract class FactoredSolution {
  abstract readonly method: Method;
  readonly #expected: Expected;
  #factor: Factor | undefined;

  constructor(
    /** The matrix of the system: N×N or P×P. */
    readonly space: "dual" | "primal",
    protected readonly system: System,
    factor: Factor | Expected,
  ) {
    this.#factor = "findings" in factor ? factor : undefined;
    this.#expected = "findings" in factor ? factor.findings : factor;
  }

  get #known(): Expected {
    return this.#factor?.findings ?? this.#expected;
  }

  get solver(): "dual" | "primal" | "eigen" {
    return this.truncated ? "eigen" : this.space;
  }

  get ridges(): Float64Array {
    return this.system.ridges;
  }

  get truncated(): boolean {
    return this.#known.truncated;
  }

  get fixed(): string | undefined {
    return this.truncated ? NULL_MODES : undefined;
  }

  /** Only an eigendecomposition finds something out. It is made for that. */
  findings(): Findings {
    if (this.#known.kind === "eigen") return this.factor().findings;
    return this.#factor?.findings ?? CHOLESKY;
  }

  /** The ridge of the factored matrix. */
  get shift(): number {
    return this.system.ridges.reduce((low, ridge) => Math.min(low, ridge), Infinity);
  }

  spectrum(): Float64Array {
    return spectrumOf(this.system);
  }

  free(): void {
    this.#factor?.free();
  }

  /** The factor, made now if it was not made before. @throws MemoryLimitError, NotPositiveDefiniteError */
  protected factor(): Factor {
    this.#factor ??= (this.#expected.kind === "eigen" ? factorByEigen : factorSystem)(this.system);
    return this.#factor;
  }

  /** The Cholesky factor, which edits can follow; undefined where there is none yet, or another factor. */
  protected get cholesky(): CholeskyFactor | undefined {
    return this.#factor instanceof CholeskyFactor ? this.#factor : undefined;
  }

  /** The backward error of solutions S of right-hand sides R, in rows. */
  protected backwardErrorOf(R: Float64Array, S: Float64Array): number {
    return backwardErrorOf(this.system, R, S, this.truncated ? this.factor() : undefined);
  }

  /** The state with α and β; `resident`: the features of the training points are kept. */
  protected stateWith(alpha: Float64Array, displacement: Float64Array | undefined, resident: boolean): SolutionState {
    const { space, ridges, method, truncated } = this;
    return {
      space,
      factor: this.#known.kind,
      ridges,
      method,
      alpha,
      displacement,
      packed: this.cholesky?.pack(),
      truncated,
      resident,
      backwardError: undefined,
    };
  }
}

/** The factor of a state: unpacked, or what is known of the factor that will be made. */
export function restoredFactor({ context, n, ridges }: System, state: SolutionState): Factor | Expected {
  const { packed, factor: kind, truncated } = state;
  return packed ? CholeskyFactor.unpack(context, n, ridges, packed) : { kind, truncated };
}

/** Variances on the diagonal of an n×n covariance: rounding must not make one negative, in place. */
export function clampDiagonal(covariance: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) covariance[i * (n + 1)] = Math.max(0, covariance[i * (n + 1)]);
  return covariance;
}
