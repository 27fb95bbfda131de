/** Points layer by layer, tiles of pairs of points, and the step from a layer to the next. */
import type { View } from "../../linalg/view.js";
import type { Series } from "./hermiteSeries.js";
import type { Step } from "./recursion.js";

/** The series of some points of a layer: rows from `from` on. */
export interface SeriesRows {
  readonly series: Series;
  /** T(a, a) of all points of the series. */
  readonly squares: Float64Array;
  readonly from: number;
}

/** Some points in one layer. */
export interface PointLayer {
  /** Variances of the pre-activations, n×1. */
  readonly variances: View;
  /** Residual networks: variances before the joined layer was added. */
  readonly alone: View | undefined;
  /** Hermite series, where the activation is one's own. */
  readonly own?: SeriesRows | undefined;
  /** Moments of the probit mixture ({@link momentTable}), where the activation has a series. */
  readonly moments: View | undefined;
}

/** Consecutive points of a set; the first one is the first of a group of four. */
export interface Points {
  /** Inputs, n×d. */
  readonly X: View;
  /** Unit vectors, n×(d+1). */
  readonly U: View;
  /** Unit vectors transposed, (d+1)×n; few inputs only. */
  readonly Ut: View | undefined;
  /** The hidden layers. */
  readonly layers: readonly PointLayer[];
}

/** Pairs of points: a number for each in C, Delta and Theta, whose rows are equally far apart. */
export interface Tile {
  /** Covariances in the layer at hand. */
  readonly C: View;
  /** ab − c² of the variances a and b and the covariance c. */
  readonly Delta: View;
  /** The tangent kernel up to the layer at hand; not of the NNGP kernel. */
  readonly Theta: View | undefined;
}

/** The recursion from a layer to the next, and what its op takes. */
export interface Recursion extends Step {
  /** What the ops take for the activation; −1 where it is one's own. */
  readonly code: number;
  /** Scales and weights of the probit mixture, 2×24, where the activation is one. */
  readonly nodes: View | undefined;
}
