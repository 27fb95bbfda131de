// Regression in the worker: keeps the fits of the last request and edits them where only points have changed.
import { type Activation, createInfiniteNetwork, createNetwork, type Fit, type Model } from "ntk-wasm/slim";
import type { Core } from "../core";

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
interface Settings {
  width: number;
  activation: Activation;
  weightStd: number;
  biasStd: number;
  seed: number;
  ridge: number;
}
export interface RegressionRequest {
  points: Point[];
  frame: Frame;
  settings: Settings;
  model: "finite" | "infinite" | "both";
  grid: Float64Array;
  draws: number;
}
interface Curve {
  mean: Float64Array;
  low: Float64Array;
  high: Float64Array;
  samples: Float64Array[];
  /** Root mean square of the leave-one-out errors, in units of y. */
  loo: number;
  degreesOfFreedom: number;
}
export interface RegressionResult {
  finite?: Curve;
  infinite?: Curve;
  /** How the fits came about, and what everything took in the worker. */
  how: "fit" | "update" | "kept";
  milliseconds: number;
  variant: string;
}

interface Slot {
  key: string;
  fit: Fit;
  /** The points in the order of the rows. */
  rows: Point[];
}

export class Regression {
  readonly #ntk: Core;
  readonly #slots = new Map<string, Slot>();
  #shown: { kind: string; frame: Frame } | undefined;

  constructor(ntk: Core) {
    this.#ntk = ntk;
  }

  run(request: RegressionRequest): RegressionResult {
    const start = performance.now();
    const result: RegressionResult = { how: "kept", milliseconds: 0, variant: this.#ntk.variant };
    for (const kind of ["finite", "infinite"] as const) {
      if (request.model !== kind && request.model !== "both") continue;
      const { slot, how } = this.#fitted(kind, request);
      if (how !== "kept") result.how = how;
      result[kind] = curve(slot.fit, kind, request);
    }
    this.#shown = { kind: request.model === "infinite" ? "infinite" : "finite", frame: request.frame };
    result.milliseconds = performance.now() - start;
    return result;
  }

  /** The fit on display, and the frame that its standardised inputs and outputs are in. */
  json(): string {
    const slot = this.#shown && this.#slots.get(this.#shown.kind);
    if (!slot || !this.#shown) return "null";
    const { x, sx, y, sy } = this.#shown.frame;
    return JSON.stringify({ ...slot.fit.toJSON(), standardized: { x: { mean: x, std: sx }, y: { mean: y, std: sy } } });
  }

  #fitted(kind: "finite" | "infinite", request: RegressionRequest): { slot: Slot; how: RegressionResult["how"] } {
    const key = JSON.stringify([
      request.frame,
      kind === "infinite" ? { ...request.settings, width: 0, seed: 0 } : request.settings,
    ]);
    const old = this.#slots.get(kind);
    if (old?.key === key) {
      const how = edit(old, request);
      if (how) return { slot: old, how };
    }
    old?.fit.dispose();
    this.#slots.delete(kind);
    const rows = request.points.map((point) => ({ ...point }));
    const { ridge } = request.settings;
    const { X, Y } = standardized(rows, request.frame);
    const fit = this.#ntk.fit(modelOf(kind, request.settings), X, Y, {
      ridge,
      scale: "fit",
      solver: "dual",
      centered: true,
    });
    const slot = { key, fit, rows };
    this.#slots.set(kind, slot);
    return { slot, how: "fit" };
  }
}

function modelOf(kind: "finite" | "infinite", settings: Settings): Model {
  const { width, activation, weightStd, biasStd, seed } = settings;
  return kind === "infinite"
    ? createInfiniteNetwork({ activation, weightStd, biasStd })
    : createNetwork({ inputs: 1, hidden: width, activation, weightStd, biasStd, seed, init: "ntk" });
}

function standardized(points: Point[], { x, sx, y, sy }: Frame): { X: number[]; Y: number[] } {
  return { X: points.map((p) => (p.x - x) / sx), Y: points.map((p) => (p.y - y) / sy) };
}

/** Moves, adds and removes rows of a fit; undefined where a new fit is the better way. */
function edit(slot: Slot, { points, frame }: RegressionRequest): "update" | "kept" | undefined {
  const wanted = new Map(points.map((point) => [point.id, point]));
  const known = new Set(slot.rows.map(({ id }) => id));
  const remove: number[] = [];
  const index: number[] = [];
  slot.rows.forEach((row, i) => {
    const now = wanted.get(row.id);
    if (!now) remove.push(i);
    else if (now.x !== row.x || now.y !== row.y) index.push(i);
  });
  const added = points.filter(({ id }) => !known.has(id)).map((point) => ({ ...point }));
  const changes = remove.length + index.length + added.length;
  if (changes === 0) return "kept";
  if (remove.length === slot.rows.length || changes > slot.rows.length / 2) return undefined;
  const moved = index.map((i) => ({ ...(wanted.get(slot.rows[i].id) as Point) }));
  slot.fit.update({
    ...(remove.length ? { remove } : {}),
    ...(index.length ? { move: { index, ...standardized(moved, frame) } } : {}),
    ...(added.length ? { add: standardized(added, frame) } : {}),
  });
  index.forEach((i, at) => {
    slot.rows[i] = moved[at];
  });
  const gone = new Set(remove);
  slot.rows = [...slot.rows.filter((_, i) => !gone.has(i)), ...added];
  return "update";
}

/**
 * Activations whose infinite kernels are double sums over a mixture of probits: some hundred times the work of a closed
 * form.
 */
const SLOW = new Set<Activation>(["sigmoid", "tanh", "softplus", "silu"]);
const STRIDE = 3;

/** Values at every third grid point, and linear between them. */
function interpolate(coarse: Float64Array, length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    const at = Math.floor(i / STRIDE);
    const next = Math.min(at + 1, coarse.length - 1);
    return coarse[at] + ((i % STRIDE) / STRIDE) * (coarse[next] - coarse[at]);
  });
}

function curve(fit: Fit, kind: "finite" | "infinite", { grid, frame, draws, settings }: RegressionRequest): Curve {
  const slow = kind === "infinite" && SLOW.has(settings.activation);
  const at = grid.filter((_, i) => !slow || i % STRIDE === 0).map((x) => (x - frame.x) / frame.sx);
  const back = (values: Float64Array) => {
    const scaled = values.map((value) => value * frame.sy + frame.y);
    return slow ? interpolate(scaled, grid.length) : scaled;
  };
  const { mean, variance } = fit.predict(at, { noise: true });
  const half = (variance?.data ?? mean.data).map((value) => 2 * Math.sqrt(Math.max(0, value)));
  const residuals = fit.report.looResiduals?.data ?? new Float64Array();
  const square = residuals.reduce((sum, value) => sum + value * value, 0) / residuals.length;
  return {
    mean: back(mean.data),
    low: back(mean.data.map((value, i) => value - half[i])),
    high: back(mean.data.map((value, i) => value + half[i])),
    samples: draws ? fit.sample(at, { draws, seed: 1 }).map(({ data }) => back(data)) : [],
    loo: Math.sqrt(square) * frame.sy,
    degreesOfFreedom: fit.report.degreesOfFreedom ?? Number.NaN,
  };
}
