/** What the solutions by a factor share: they read off the factor, own it, and are restored with it. */
import type { Context } from "../context.js";
import { CholeskyFactor } from "../linalg/cholesky.js";
import { DeferredFactor } from "../linalg/deferredFactor.js";
import type { Factor } from "../linalg/factor.js";
import type { View } from "../linalg/view.js";
import type { Method, SolutionState } from "./solution.js";

export abstract class FactoredSolution {
  abstract readonly method: Method;

  constructor(
    /** The system that is solved: N×N or P×P. */
    readonly space: "dual" | "primal",
    readonly factor: Factor,
  ) {}

  get solver(): "dual" | "primal" | "eigen" {
    return this.truncated ? "eigen" : this.space;
  }

  get ridges(): Float64Array {
    return this.factor.ridges;
  }

  get rank(): number | undefined {
    return this.factor.kind === "eigen" ? this.factor.rank : undefined;
  }

  get truncated(): boolean {
    return this.factor.truncated;
  }

  get conditionNumber(): number | undefined {
    return this.factor.conditionNumber;
  }

  get notes(): readonly string[] {
    return this.factor.notes;
  }

  free(): void {
    this.factor.free();
  }

  /** The state with α and β; `resident`: the features of the training points are kept. */
  protected stateWith(alpha: Float64Array, displacement: Float64Array | undefined, resident: boolean): SolutionState {
    const { space, factor, ridges, method, truncated } = this;
    return {
      space,
      factor: factor.kind,
      ridges,
      method,
      alpha,
      displacement,
      packed: factor instanceof CholeskyFactor ? factor.pack() : undefined,
      truncated,
      resident,
      backwardError: undefined,
    };
  }
}

/** The factor of a state: unpacked, or made from the n×n system that `fill` writes when it is first needed. */
export function restoredFactor(
  context: Context,
  n: number,
  fill: (A: View) => void,
  { ridges, packed, factor: kind, truncated }: SolutionState,
): Factor {
  return packed
    ? CholeskyFactor.unpack(context, n, ridges[0], packed)
    : new DeferredFactor(context, n, ridges, fill, { kind, truncated });
}

/** Variances on the diagonal of an n×n covariance: rounding must not make one negative, in place. */
export function clampDiagonal(covariance: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) covariance[i * (n + 1)] = Math.max(0, covariance[i * (n + 1)]);
  return covariance;
}
