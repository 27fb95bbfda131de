/**
 * Ridge paths: one eigendecomposition Θ = UΛUᵀ, then every ridge costs O(N·C). The best profiled evidence wins
 * (MATH.md §3: evidence at scale 1 depends on Θ's arbitrary scale and underfits).
 */
import type { Context } from "../arena.js";
import type { KernelSource } from "../kernel/source.js";
import type { Problem } from "../solver/dual.js";
import { decompose, factorEigen, project, type Spectrum } from "../solver/eigen.js";
import { type Factor, roundingLevel } from "../solver/factor.js";

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

/** Decomposes Θ, rates all ridges and returns the factor of the winner in a held block. */
export function choosePath(
  context: Context,
  problem: Problem,
  ridges: ArrayLike<number>,
): { factor: Factor; path: PathPoint[] } {
  const { source, X, size: n } = problem;
  const { arena } = context;
  const block = arena.hold(n * n);
  try {
    source.fill(X, block);
    const spectrum = { values: decompose(context, n, block, true), vectors: block };
    const path = ratePath(context, problem, spectrum, ridges);
    const rated = path.filter((point) => point.logEvidenceProfiled !== undefined);
    const best = rated.reduce<PathPoint>(
      (top, point) => ((point.logEvidenceProfiled ?? 0) > (top.logEvidenceProfiled ?? -Infinity) ? point : top),
      rated[0] ?? path[0],
    );
    return { factor: factorEigen(context, spectrum, best.ridge), path };
  } catch (error) {
    arena.free(block);
    throw error;
  }
}

/** Doubles that {@link choosePath} needs. */
export function pathMemory({ ops }: Context, source: KernelSource, inputs: number): number {
  const n = inputs * source.block;
  return n * n + source.scratch(inputs) + ops.deighScratchBytes(1, n) / 8;
}

function ratePath(
  context: Context,
  { R, columns, size: n }: Problem,
  spectrum: Spectrum,
  ridges: ArrayLike<number>,
): PathPoint[] {
  const level = roundingLevel(n, spectrum.values[n - 1]);
  const modes = spectrum.values.map((value) => (value > level ? value : 0));
  const coordinates = project(context, spectrum, R, columns);
  return Array.from(ridges, (ridge) => rate(context, spectrum, modes, coordinates, ridge, columns));
}

function rate(
  context: Context,
  { vectors }: Spectrum,
  modes: Float64Array,
  coordinates: Float64Array,
  ridge: number,
  C: number,
): PathPoint {
  const n = modes.length;
  const singular = ridge === 0 && modes.some((value) => value === 0);
  const degreesOfFreedom = modes.reduce((sum, value) => sum + (value > 0 ? value / (value + ridge) : 0), 0);
  if (singular)
    return { ridge, logEvidence: undefined, logEvidenceProfiled: undefined, degreesOfFreedom, looRmse: undefined };
  const logDeterminant = modes.reduce((sum, value) => sum + Math.log(value + ridge), 0);
  const quadratic = coordinates.reduce((sum, value, at) => sum + value ** 2 / (modes[at % n] + ridge), 0);
  const inverse = new Float64Array(n);
  const alpha = new Float64Array(C * n);
  for (let i = 0; i < n; i++) {
    const u = context.arena.view(vectors + i * n * 8, n);
    const weight = 1 / (modes[i] + ridge);
    for (let j = 0; j < n; j++) {
      inverse[j] += weight * u[j] ** 2;
      for (let c = 0; c < C; c++) alpha[c * n + j] += weight * coordinates[c * n + i] * u[j];
    }
  }
  const loo = alpha.reduce((sum, value, at) => sum + (value / inverse[at % n]) ** 2, 0);
  return {
    ridge,
    ...evidences(n, C, quadratic, logDeterminant),
    degreesOfFreedom,
    looRmse: Math.sqrt(loo / (n * C)),
  };
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
