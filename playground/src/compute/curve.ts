// Curves from moments of a posterior: the scale, the band of a new observation, samples, the way back to units of y.
import { randomLcg, randomNormal } from "d3-random";
import type { Fit } from "ntk-wasm/slim";
import { observations, tellScale } from "../numbers";
import { column, type KernelTable, type Library } from "./kernelTable";
import type { Posterior } from "./posterior";
import type { Curve, Frame, Points } from "./regressionTypes";

/** A posterior, and what only a whole fit knows. */
export interface Moments extends Posterior {
  /** Mean square of the leave-one-out errors, standardised. */
  loo?: number;
  degreesOfFreedom?: number;
}

/** The moments of a fit on the grid of its table. `ys` are its targets. */
export function fitted(table: KernelTable, fit: Fit, ys: Float64Array, some: readonly number[]): Moments {
  const { grid } = table;
  const { mean, variance } = fit.predict(column(grid), { variance: true });
  const alpha = fit.dualWeights().data;
  const { looResiduals, degreesOfFreedom } = fit.report;
  const errors = ys.length > 1 ? looResiduals?.data : undefined;
  return {
    mean: mean.data,
    variance: variance.data,
    quadratic: Math.max(
      0,
      ys.reduce((sum, y, i) => sum + y * alpha[i], 0),
    ),
    covariance: () => {
      const at = column(Float64Array.from(some, (i) => grid[i]));
      return fit.predict(at, { covariance: true }).covariance.data;
    },
    loo: errors && errors.reduce((sum, value) => sum + value * value, 0) / errors.length,
    degreesOfFreedom,
  };
}

interface Shape {
  frame: Frame;
  ridge: number;
  draws: number;
  /** Every how many points of the grid there are moments; and the points of the grid. */
  stride: number;
  length: number;
}

/** Samples are shown at every third point of the grid, and for a prior also where nobody asked. */
const SAMPLE_STRIDE = 3;
const PRIOR_DRAWS = 4;

/** Curves of a posterior, given the standardised points that it rests on. */
export function curveOf(ntk: Library, moments: Moments, shape: Shape, { xs, ys }: Points): Curve {
  const { frame, ridge, stride, length } = shape;
  const scale = tellScale(xs, ys, 0) ? moments.quadratic / observations(xs, ys) : 1;
  const back = (values: Float64Array, every: number) =>
    smooth(
      values.map((value) => value * frame.sy + frame.y),
      every,
      length,
    );
  const half = moments.variance.map((value) => 2 * Math.sqrt(scale * (Math.max(0, value) + ridge)));
  const { mean, loo, degreesOfFreedom } = moments;
  const draws = Math.max(shape.draws, xs.length === 0 ? PRIOR_DRAWS : 0);
  const every = SAMPLE_STRIDE / stride;
  const centre = mean.filter((_, i) => i % every === 0);
  return {
    mean: back(mean, stride),
    low: back(
      mean.map((value, i) => value - half[i]),
      stride,
    ),
    high: back(
      mean.map((value, i) => value + half[i]),
      stride,
    ),
    samples: draws
      ? samples(ntk, centre, moments.covariance(), scale, draws).map((one) => back(one, SAMPLE_STRIDE))
      : [],
    scale,
    ...(loo === undefined ? {} : { loo: Math.sqrt(loo) * frame.sy }),
    degreesOfFreedom,
  };
}

/**
 * Gaussian draws by the symmetric square root of the covariance. The root is a continuous function of the covariance,
 * so the same normals give curves that move with the points.
 */
function samples(
  ntk: Library,
  mean: Float64Array,
  covariance: Float64Array,
  scale: number,
  draws: number,
): Float64Array[] {
  const n = mean.length;
  const sides = Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return (covariance[i * n + j] + covariance[j * n + i]) / 2;
  });
  const { values, vectors } = ntk.eigh({ data: sides, rows: n, cols: n });
  const roots = values.map((value) => Math.sqrt(scale * Math.max(0, value)));
  const normal = randomNormal.source(randomLcg(0.1))();
  return Array.from({ length: draws }, () => {
    const z = Float64Array.from({ length: n }, normal);
    const result = mean.slice();
    for (let k = 0; k < n; k++) {
      let along = 0;
      for (let i = 0; i < n; i++) along += vectors.data[i * n + k] * z[i];
      for (let i = 0; i < n; i++) result[i] += roots[k] * along * vectors.data[i * n + k];
    }
    return result;
  });
}

/** Values at every so many points of a grid, and Catmull and Rom's cubic between them. */
export function smooth(coarse: Float64Array, every: number, length: number): Float64Array {
  if (every === 1) return coarse;
  const at = (i: number) => coarse[Math.min(coarse.length - 1, Math.max(0, i))];
  return Float64Array.from({ length }, (_, i) => {
    const k = Math.floor(i / every);
    const t = (i % every) / every;
    if (t === 0) return coarse[k];
    const [a, b, c, d] = [at(k - 1), at(k), at(k + 1), at(k + 2)];
    return b + (t / 2) * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  });
}
