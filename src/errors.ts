/**
 * The typed errors of the public API. `TypeError` (wrong kind) and `RangeError` (wrong value, with got and expected)
 * are the language's own; these five are what a numerical library needs beside them.
 * `instanceof` tells them apart within a realm; `error.name` does so everywhere, also where the package is there twice.
 */

/** A kernel that has to be positive definite is not. `pivot` is 0-based, -1 where no single pivot is to blame. */
export class NotPositiveDefiniteError extends Error {
  override readonly name = "NotPositiveDefiniteError";
  constructor(
    message: string,
    /** Row at which the factorisation stopped, or -1. */
    readonly pivot: number,
    /** The ridge that was in force. */
    readonly ridge: number,
  ) {
    super(message);
  }
}

/** A square matrix that has to have an inverse has none, to rounding. */
export class SingularMatrixError extends Error {
  override readonly name = "SingularMatrixError";
  constructor(
    message: string,
    /** The 0-based column at which the elimination stopped. */
    readonly pivot: number,
  ) {
    super(message);
  }
}

/** An iteration did not converge, or diverged: the answer would have been garbage. */
export class ConvergenceError extends Error {
  override readonly name = "ConvergenceError";
  /** Training: the step at which it diverged. */
  readonly step: number | undefined;
  /** Training: the largest stable learning rate of the first-order model. */
  readonly maxLearningRate: number | undefined;
  /** Training: the record up to there. */
  readonly partial: unknown;
  constructor(message: string, details: { step?: number; maxLearningRate?: number; partial?: unknown } = {}) {
    super(message);
    this.step = details.step;
    this.maxLearningRate = details.maxLearningRate;
    this.partial = details.partial;
  }
}

/** The work does not fit the backend's memory; nothing was computed. */
export class MemoryLimitError extends Error {
  override readonly name = "MemoryLimitError";
  constructor(
    message: string,
    readonly bytesNeeded: number,
    readonly bytesLimit: number,
  ) {
    super(message);
  }
}

/**
 * The backend cannot do this here: a variant that the engine lacks, a policy or a limit of the process that keeps
 * WebAssembly or a worker from running (`cause` is the engine's error), or use after `dispose()`.
 */
export class BackendError extends Error {
  override readonly name = "BackendError";
}
