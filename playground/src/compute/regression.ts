// Regression in the worker. What is displayed is fitted as a whole, and its fit edited where points have come, gone or
// moved. A point that is dragged changes the posterior of the others, exactly and without a fit. Kernels between points
// are computed once.
import { type Activation, createInfiniteNetwork, createNetwork, type Fit, type Model } from "ntk-wasm/slim";
import { tellScale } from "../numbers";
import { curveOf, fitted, type Moments } from "./curve";
import { equal, KernelTable, type Library } from "./kernelTable";
import { Base, type Posterior } from "./posterior";
import type { Frame, Kind, Points, RegressionRequest, RegressionResult, Settings } from "./regressionTypes";

/** Activations whose infinite kernels are double sums over a mixture of probits, and not closed forms. */
const SLOW = new Set<Activation>(["sigmoid", "tanh", "softplus", "silu"]);
/** Samples, and curves of slow kernels, are computed at every third point of the grid. */
const STRIDE = 3;

/** What is kept of a model: its kernels, its latest fit, and the posterior of the points that rest in a drag. */
class Slot {
  readonly table: KernelTable;
  readonly stride: number;
  readonly #ridge: number;
  #fit: { fit: Fit; points: Points } | undefined;
  #base: { base: Base; points: Points; grid: Float64Array } | undefined;

  constructor(table: KernelTable, stride: number, ridge: number) {
    this.table = table;
    this.stride = stride;
    this.#ridge = ridge;
  }

  /** The same kernels under another ridge. */
  withRidge(ridge: number): Slot {
    this.dispose();
    return new Slot(this.table, this.stride, ridge);
  }

  dispose(): void {
    this.#fit?.fit.dispose();
  }

  /** The posterior by a fit of all points. */
  settled(points: Points, some: number[]): { moments: Moments; how: RegressionResult["how"] } {
    if (points.xs.length === 0) return { moments: this.#rest(points, some), how: "prior" };
    this.#base = undefined;
    this.table.setPoints(points.xs);
    const old = this.#fit;
    let how: RegressionResult["how"] | undefined;
    try {
      how = old && edit(old.fit, old.points, points);
    } catch {
      // An edit that rounding forbids: a new fit has an answer, or says why not.
    }
    if (!how || !old) {
      old?.fit.dispose();
      this.#fit = undefined;
      const { xs, ys } = points;
      const options = { ridge: this.#ridge, solver: "dual", centered: true } as const;
      this.#fit = { fit: this.table.ntk.fit(this.table.kernel, xs, ys, options), points };
      how = "fit";
    } else this.#fit = { fit: old.fit, points: inOrder(old.points, points) };
    return { moments: fitted(this.table, this.#fit.fit, this.#fit.points.ys, some), how };
  }

  /** The posterior while a point is dragged; undefined where rounding forbids the shorter way. */
  dragged({ ids, xs, ys }: Points, at: number, some: number[]): Posterior | undefined {
    const without = (values: Float64Array) => values.filter((_, i) => i !== at);
    try {
      const base = this.#rest({ ids: without(ids), xs: without(xs), ys: without(ys) }, some);
      return base.with(xs[at], ys[at]);
    } catch {
      return undefined;
    }
  }

  #rest(points: Points, some: number[]): Base {
    const { grid } = this.table;
    const known = this.#base;
    if (known && known.grid === grid && equal(known.points.xs, points.xs) && equal(known.points.ys, points.ys))
      return known.base;
    this.table.setPoints(points.xs);
    this.#base = { base: new Base(this.table, points.xs, points.ys, this.#ridge, some), points, grid };
    return this.#base.base;
  }
}

export class Regression {
  readonly #ntk: Library;
  readonly #slots = new Map<Kind, { models: string; ridge: number; slot: Slot }>();

  constructor(ntk: Library) {
    this.#ntk = ntk;
  }

  run(request: RegressionRequest): RegressionResult {
    const start = performance.now();
    const { frame, model, grid, draws } = request;
    const result: RegressionResult = { how: "kept", milliseconds: 0, variant: this.#ntk.variant };
    const points = standardized(request.points, frame);
    const at = request.drag === undefined ? -1 : points.ids.indexOf(request.drag);
    for (const kind of ["finite", "infinite"] as const) {
      if (model !== kind && model !== "both") continue;
      const slot = this.#slot(kind, request);
      const { stride } = slot;
      const inputs = grid.filter((_, i) => i % stride === 0).map((x) => (x - frame.x) / frame.sx);
      slot.table.setGrid(inputs);
      const some = Array.from(inputs.keys()).filter((i) => (i * stride) % STRIDE === 0);
      const shorter = at >= 0 ? slot.dragged(points, at, some) : undefined;
      const { moments, how } = shorter
        ? { moments: shorter as Moments, how: "drag" as const }
        : slot.settled(points, some);
      if (how !== "kept") result.how = how;
      const { ridge } = request.settings;
      result[kind] = curveOf(this.#ntk, moments, { frame, ridge, draws, stride, length: grid.length }, points);
    }
    result.milliseconds = performance.now() - start;
    return result;
  }

  #slot(kind: Kind, { frame, settings }: RegressionRequest): Slot {
    const { ridge, width, seed, ...others } = settings;
    const models = JSON.stringify([frame.x, frame.sx, kind === "finite" && [width, seed], others]);
    const old = this.#slots.get(kind);
    if (old?.models === models && old.ridge === ridge) return old.slot;
    let slot: Slot;
    if (old?.models === models) slot = old.slot.withRidge(ridge);
    else {
      old?.slot.dispose();
      const stride = kind === "infinite" && SLOW.has(settings.activation) ? STRIDE : 1;
      slot = new Slot(new KernelTable(this.#ntk, modelOf(kind, settings)), stride, ridge);
    }
    this.#slots.set(kind, { models, ridge, slot });
    return slot;
  }
}

/** A fit as JSON text, and the frame that its standardised inputs and outputs are in. */
export function fitJson(ntk: Library, { points, frame, settings, model }: RegressionRequest): string {
  const { xs, ys } = standardized(points, frame);
  const { x, sx, y, sy } = frame;
  const options = {
    ridge: settings.ridge,
    scale: tellScale(xs, ys, 0) ? "fit" : 1,
    solver: "dual",
    centered: true,
  } as const;
  const fit = ntk.fit(modelOf(model === "infinite" ? "infinite" : "finite", settings), xs, ys, options);
  try {
    return JSON.stringify({ ...fit.toJSON(), standardized: { x: { mean: x, std: sx }, y: { mean: y, std: sy } } });
  } finally {
    fit.dispose();
  }
}

export function modelOf(kind: Kind, settings: Settings): Model {
  const { width, activation, weightStd, biasStd, seed } = settings;
  return kind === "infinite"
    ? createInfiniteNetwork({ activation, weightStd, biasStd })
    : createNetwork({ inputs: 1, hidden: width, activation, weightStd, biasStd, seed, init: "ntk" });
}

function standardized({ ids, xs, ys }: Points, { x, sx, y, sy }: Frame): Points {
  return { ids, xs: xs.map((value) => (value - x) / sx), ys: ys.map((value) => (value - y) / sy) };
}

/** The points of `now` in the order that an edit of `before` leaves: first those that stay, then those that come. */
function inOrder(before: Points, now: Points): Points {
  const place = new Map(Array.from(now.ids, (id, i) => [id, i]));
  const stay = Array.from(before.ids)
    .map((id) => place.get(id) ?? -1)
    .filter((i) => i >= 0);
  const known = new Set(before.ids);
  const order = [...stay, ...Array.from(now.ids.keys()).filter((i) => !known.has(now.ids[i]))];
  const pick = (values: Float64Array) => Float64Array.from(order, (i) => values[i]);
  return { ids: pick(now.ids), xs: pick(now.xs), ys: pick(now.ys) };
}

/** Moves, adds and removes rows of a fit; undefined where a new fit is the better way. */
function edit(fit: Fit, before: Points, now: Points): "update" | "kept" | undefined {
  const place = new Map(Array.from(now.ids, (id, i) => [id, i]));
  const known = new Set(before.ids);
  const remove: number[] = [];
  const index: number[] = [];
  before.ids.forEach((id, i) => {
    const at = place.get(id);
    if (at === undefined) remove.push(i);
    else if (now.xs[at] !== before.xs[i] || now.ys[at] !== before.ys[i]) index.push(i);
  });
  const added = Array.from(now.ids.keys()).filter((i) => !known.has(now.ids[i]));
  const changes = remove.length + index.length + added.length;
  if (changes === 0) return "kept";
  if (remove.length === before.ids.length || changes > before.ids.length / 2) return undefined;
  const rows = (at: number[]) => ({ X: at.map((i) => now.xs[i]), Y: at.map((i) => now.ys[i]) });
  const moved = index.map((i) => place.get(before.ids[i]) as number);
  fit.update({
    ...(remove.length ? { remove } : {}),
    ...(index.length ? { move: { index, ...rows(moved) } } : {}),
    ...(added.length ? { add: rows(added) } : {}),
  });
  return "update";
}
