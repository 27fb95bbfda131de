/**
 * Ridge paths: one eigendecomposition Θ = UΛUᵀ, then every ridge costs O(N·C). The best profiled evidence wins
 * (MATH.md §3: evidence at scale 1 depends on Θ's arbitrary scale and underfits).
 */
import type { Context } from "../arena.js";
import type { KernelSource } from "../kernel/source.js";
import type { Problem } from "../solver/dual.js";
import { decompose, factorEigen, nullLevel, project, type Spectrum } from "../solver/eigen.js";
import type { Factor } from "../solver/factor.js";

/** One ridge of a path. Fields are `undefined` where they do not exist (ridge 0 on a singular kernel). */
export interface PathPoint {
  ridge: number;
  /** At scale 1. */
  logEvidence: number | undefined;
  /** With the scale profiled out: the criterion. */
  logEvidenceProfiled: number | undefined;
  degreesOfFreedom: number;
  /** Root mean square of the leave-one-out residuals. */
  looRmse: number | undefined;
}

/** A decomposed Θ in a held block, and what every ridge costs on it: O(N·C) for the evidence, O(N²·C) with the leave-one-out error. */
export class RidgeScan {
  readonly spectrum: Spectrum;
  readonly #context: Context;
  readonly #columns: number;
  readonly #modes: Float64Array;
  readonly #coordinates: Float64Array;

  constructor(context: Context, { source, X, R, columns, size: n }: Problem) {
    const block = context.arena.hold(n * n);
    try {
      source.fill(X, block);
      this.spectrum = { values: decompose(context, n, block, true), vectors: block };
      const level = nullLevel(this.spectrum.values, 0);
      this.#modes = this.spectrum.values.map((value) => (value > level ? value : 0));
      this.#coordinates = project(context, this.spectrum, R, columns);
    } catch (error) {
      context.arena.free(block);
      throw error;
    }
    this.#context = context;
    this.#columns = columns;
  }

  /** Evidences of one ridge and degrees of freedom; undefined evidences where it is 0 and Θ singular. */
  evidence(ridge: number): Omit<PathPoint, "looRmse"> {
    const n = this.#modes.length;
    const degreesOfFreedom = this.#modes.reduce((sum, value) => sum + (value > 0 ? value / (value + ridge) : 0), 0);
    if (this.#singular(ridge))
      return { ridge, logEvidence: undefined, logEvidenceProfiled: undefined, degreesOfFreedom };
    const logDeterminant = this.#modes.reduce((sum, value) => sum + Math.log(value + ridge), 0);
    const quadratic = this.#coordinates.reduce((sum, value, at) => sum + value ** 2 / (this.#modes[at % n] + ridge), 0);
    return { ridge, ...evidences(n, this.#columns, quadratic, logDeterminant), degreesOfFreedom };
  }

  /** Root mean square of the leave-one-out residuals; undefined where the ridge is 0 and Θ singular. */
  looRmse(ridge: number): number | undefined {
    if (this.#singular(ridge)) return undefined;
    const n = this.#modes.length;
    const C = this.#columns;
    const inverse = new Float64Array(n);
    const alpha = new Float64Array(C * n);
    for (let i = 0; i < n; i++) {
      const u = this.#context.arena.view(this.spectrum.vectors + i * n * 8, n);
      const weight = 1 / (this.#modes[i] + ridge);
      for (let c = 0; c < C; c++) {
        const part = weight * this.#coordinates[c * n + i];
        for (let j = 0; j < n; j++) alpha[c * n + j] += part * u[j];
      }
      for (let j = 0; j < n; j++) inverse[j] += weight * u[j] ** 2;
    }
    const squares = alpha.reduce((sum, value, at) => sum + (value / inverse[at % n]) ** 2, 0);
    return Math.sqrt(squares / (n * C));
  }

  /** Gives the block back; not after a factor has taken it over. */
  free(): void {
    this.#context.arena.free(this.spectrum.vectors);
  }

  #singular(ridge: number): boolean {
    return ridge === 0 && this.#modes.some((value) => value === 0);
  }
}

/** Decomposes Θ, rates all ridges and returns the factor of the winner in a held block. */
export function choosePath(
  context: Context,
  problem: Problem,
  ridges: ArrayLike<number>,
): { factor: Factor; path: PathPoint[] } {
  const scan = new RidgeScan(context, problem);
  try {
    const path = Array.from(ridges, (ridge): PathPoint => ({ ...scan.evidence(ridge), looRmse: scan.looRmse(ridge) }));
    const rated = path.filter((point) => point.logEvidenceProfiled !== undefined);
    const best = rated.reduce<PathPoint>(
      (top, point) => ((point.logEvidenceProfiled ?? 0) > (top.logEvidenceProfiled ?? -Infinity) ? point : top),
      rated[0] ?? path[0],
    );
    return { factor: factorEigen(context, scan.spectrum, best.ridge), path };
  } catch (error) {
    scan.free();
    throw error;
  }
}

/** Doubles that {@link choosePath} needs. */
export function pathMemory({ ops }: Context, source: KernelSource, inputs: number): number {
  const n = inputs * source.block;
  return n * n + source.scratch(inputs) + ops.deighScratchBytes(1, n) / 8;
}

/** Log evidence at scale 1 and with the scale profiled out, summed over C outputs (MATH.md §3); undefined where infinite. */
export function evidences(
  n: number,
  C: number,
  quadratic: number,
  logDeterminant: number,
): { logEvidence: number | undefined; logEvidenceProfiled: number | undefined } {
  const scale = quadratic / (n * C);
  const shared = -(C / 2) * logDeterminant;
  const finite = (value: number) => (Number.isFinite(value) ? value : undefined);
  return {
    logEvidence: finite(-quadratic / 2 + shared - ((n * C) / 2) * Math.log(2 * Math.PI)),
    logEvidenceProfiled: finite(-((n * C) / 2) * (Math.log(scale) + 1 + Math.log(2 * Math.PI)) + shared),
  };
}
