// What the regression view asks of the worker, and what it is answered.
import type { Activation } from "ntk-wasm/slim";

/** Data are standardised by this fixed frame, so that a point can move without moving all others. */
export interface Frame {
  x: number;
  sx: number;
  y: number;
  sy: number;
}
export interface Point {
  id: number;
  x: number;
  y: number;
}
/** Points in columns, to be transferred. */
export interface Points {
  ids: Float64Array;
  xs: Float64Array;
  ys: Float64Array;
}
export interface Settings {
  width: number;
  activation: Activation;
  weightStd: number;
  biasStd: number;
  seed: number;
  ridge: number;
}
export type Kind = "finite" | "infinite";
export interface RegressionRequest {
  points: Points;
  frame: Frame;
  settings: Settings;
  model: Kind | "both";
  grid: Float64Array;
  draws: number;
  /** The point that is being dragged: its curves are wanted now, its report when it rests. */
  drag?: number;
}
export interface Curve {
  mean: Float64Array;
  low: Float64Array;
  high: Float64Array;
  samples: Float64Array[];
  /** The factor of the prior variance: estimated, or 1 for fewer than three points. */
  scale: number;
  /** Root mean square of the leave-one-out errors, in units of y; undefined for fewer than two points, or in a drag. */
  loo?: number;
  degreesOfFreedom?: number;
}
export interface RegressionResult {
  finite?: Curve;
  infinite?: Curve;
  /** How the fits came about, and what everything took in the worker. */
  how: "fit" | "update" | "kept" | "drag" | "prior";
  milliseconds: number;
  variant: string;
}
