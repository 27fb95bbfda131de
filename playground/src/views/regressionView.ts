// The regression view's state: points, settings, the latest fit, and what shows them.
import { transfer } from "comlink";
import type uPlot from "uplot";
import { latest, service } from "../client";
import type { Curve, RegressionRequest, RegressionResult } from "../compute/regressionTypes";
import { type Data, encode, MAX_POINTS, point, unplottable } from "../data";
import { announcer, h } from "../dom";
import { format, observations, pointCount, tellScale } from "../numbers";
import { linspace } from "../plot";
import { frozen, type State, same, session, store } from "../session";
import { queryOf, type Values, writeHash } from "../state";
import { pointTable } from "../table";
import { embedded } from "./embed";
import { type Limits, limitsOf, steady } from "./limits";
import { SPEC } from "./regressionSpec";

const GRID = 181;
/** Posterior samples that are drawn. */
export const SAMPLES = 8;

export class RegressionView {
  readonly values: Values<typeof SPEC>;
  data: Data;
  view: Limits;
  result: RegressionResult | undefined;
  /** The inputs of the curves that are asked for, and of those on display. */
  grid: Float64Array;
  shown: Float64Array;
  plot!: uPlot;
  readonly box = h("div", { class: "plot editable" });
  readonly status = h("p", { class: "status", id: "status" });
  readonly error = h("p", { class: "error", role: "alert" });
  readonly table;
  /** Called after the points have changed for good, and when the axes have to be made anew. */
  changed = () => {};
  replaced = () => {};
  #base: string;
  #own: boolean;
  #committed: State;
  readonly #fit: (request: RegressionRequest) => void;
  readonly #say: (text: string) => void;
  #way = "";
  /** The point that a drag has touched last. */
  #touched: number | undefined;
  #dragging = false;

  constructor(values: RegressionView["values"], state: State, signal: AbortSignal) {
    this.values = values;
    this.#say = announcer(signal);
    this.data = { ...state.data, points: [...state.data.points] };
    this.#base = state.base;
    this.#own = state.own;
    this.#committed = frozen(state);
    this.view = this.#limits();
    this.grid = linspace(...this.view.x, GRID);
    this.shown = this.grid;
    this.table = pointTable({
      move: (id, x, y) => this.edit(() => this.move(id, x, y)),
      remove: (id) => this.edit(() => this.remove(id)),
      add: (x, y) => this.edit(() => this.add(x, y)),
      fail: (message) => this.fail(message),
    });
    this.#fit = latest(
      signal,
      (request) => service.fit(sent(request)) as Promise<RegressionResult>,
      (result, request) => this.show(result, request),
      (error) => this.fail(error.message),
    );
  }

  /** Whether the points differ from the bundled data set: then they are in the address. */
  get own(): boolean {
    return this.#own;
  }
  get state(): State {
    return { data: this.data, base: this.#base, own: this.#own };
  }

  /** Changes the points, then the address, the table and the fit. */
  edit(change: () => void, dragging = false): void {
    this.error.textContent = "";
    change();
    const problem = unplottable(this.data);
    if (problem) {
      this.data.points = [...this.#committed.data.points];
      this.table.setData(this.data);
      this.fail(problem);
      return;
    }
    this.#dragging = dragging;
    const changed = !same({ ...this.state, own: this.#committed.own }, this.#committed);
    if (changed) this.#own = true;
    if (!dragging) this.settle();
    this.refit();
  }

  move(id: number, x: number, y: number): void {
    const at = this.data.points.findIndex((p) => p.id === id);
    if (at >= 0) this.data.points[at] = { id, x, y };
    this.#touched = id;
  }

  remove(id: number): void {
    this.data.points = this.data.points.filter((p) => p.id !== id);
  }

  add(x: number, y: number): number {
    if (this.data.points.length >= MAX_POINTS) {
      this.fail(`There are ${MAX_POINTS} points already, the most that the playground takes.`);
      return -1;
    }
    const added = point(x, y);
    this.data.points.push(added);
    this.#touched = added.id;
    return added.id;
  }

  /** Shows other points. @throws Error where they cannot be shown. */
  use(state: State): void {
    const problem = unplottable(state.data);
    if (problem) throw new Error(problem);
    this.error.textContent = "";
    this.#put(state);
    this.settle();
    this.refit();
  }

  undo(): void {
    this.#goTo((now) => session.history.undo(now));
  }
  redo(): void {
    this.#goTo((now) => session.history.redo(now));
  }

  #goTo(turn: (now: State) => State | undefined): void {
    // The point under the pointer is no state to come back to.
    const state = this.#dragging ? undefined : turn(this.#committed);
    if (!state) return;
    this.error.textContent = "";
    this.#put(state);
    this.#committed = frozen(state);
    this.settle();
    this.refit();
  }

  #put(state: State): void {
    const { labels, times } = this.data;
    this.data = frozen(state).data;
    this.#base = state.base;
    this.#own = state.own;
    this.values.data = state.base;
    if (labels.join() !== this.data.labels.join() || times?.join() !== this.data.times?.join()) {
      this.result = undefined;
      this.view = this.#limits();
      this.replaced();
    }
  }

  /** After a change: the axes, the table, the address and the history follow the points. */
  settle(): void {
    this.#dragging = false;
    const limits = this.#limits();
    // The vertical axis waits for the band, which the next result brings.
    this.view = this.result ? { x: limits.x, y: this.view.y } : limits;
    this.grid = linspace(...this.view.x, GRID);
    this.table.setData(this.data);
    this.keep();
    this.save();
    this.changed();
  }

  /** Keeps the points as they are, for the history and for a return from another view. */
  keep(): void {
    const now = frozen(this.state);
    if (!same(now, this.#committed)) {
      session.history.push(this.#committed);
      this.#committed = now;
    }
    if (this.#own) session.mine = now;
    session.shown = now;
  }

  /** Keeps settings and points for a return, after a reload too. A frame has its tab's memory, and keeps none. */
  #store(): void {
    session.values = { ...this.values };
    if (!embedded()) store(queryOf(SPEC, this.values, this.#own ? encode(this.data) : {}));
  }

  /** Writes settings and points to the address. */
  save(): void {
    this.#store();
    const points = this.#own ? encode(this.data) : {};
    writeHash("regression", SPEC, this.values, { ...points, ...(embedded() ? { embed: "1" } : {}) });
  }

  /** What is to be computed for the points as they are. */
  request(): RegressionRequest {
    const { points, frame } = this.data;
    const { width, activation, weightStd, biasStd, seed, ridge, model, samples } = this.values;
    return {
      points: {
        ids: Float64Array.from(points, ({ id }) => id),
        xs: Float64Array.from(points, ({ x }) => x),
        ys: Float64Array.from(points, ({ y }) => y),
      },
      frame,
      settings: {
        width: 2 ** width,
        activation: activation as RegressionRequest["settings"]["activation"],
        weightStd,
        biasStd,
        seed,
        ridge: 10 ** ridge,
      },
      model: model as RegressionRequest["model"],
      grid: this.grid,
      draws: samples ? SAMPLES : 0,
      ...(this.#dragging ? { drag: this.#touched } : {}),
    };
  }

  refit(): void {
    this.#fit(this.request());
  }

  show(result: RegressionResult, request: RegressionRequest): void {
    this.result = result;
    this.shown = request.grid;
    if (!this.#dragging && request.drag === undefined) this.view.y = steady(this.view.y, this.#limits().y);
    this.draw();
    const { dataset } = this.box;
    dataset.fits = String(Number(dataset.fits ?? 0) + 1);
    dataset.limits = [...this.view.x, ...this.view.y].join(",");
    const { how, milliseconds, variant } = result;
    if (how === "drag") return;
    // After a drag the same fit is only drawn anew: what counts is how it came about.
    if (how !== "kept")
      this.#way =
        how === "prior" ? "" : `${how === "fit" ? "Fitted" : "Updated"} in ${milliseconds.toFixed(1)} ms (${variant}).`;
    this.status.textContent = this.#report(result);
    this.#say(this.status.textContent);
  }

  #report({ finite, infinite }: RegressionResult): string {
    const count = this.data.points.length;
    if (count === 0)
      return "No points yet: click in the plot to add one. The curves are drawn from the prior, which the band shows as ±2σ.";
    const of = (name: string, { loo, degreesOfFreedom }: Curve) => {
      const parts = [
        loo === undefined ? [] : [`leave-one-out error ${format(loo)}`],
        degreesOfFreedom === undefined ? [] : [`${format(degreesOfFreedom)} degrees of freedom`],
      ].flat();
      return `${name}: ${parts.join(", ")}. `;
    };
    const parts = [
      finite && of(`Width ${2 ** this.values.width}`, finite),
      infinite && of("Infinite width", infinite),
    ].filter(Boolean);
    return `${pointCount(count)}. ${parts.join("")}${this.#scaleNote()}${this.#way}`;
  }

  /** Why the band's scale is not an estimate, if it is none. */
  #scaleNote(): string {
    const { points, frame } = this.data;
    const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
    if (tellScale(xs, ys, frame.y)) return "";
    const why = points.some(({ y }) => y !== frame.y)
      ? `${pointCount(observations(xs, ys))} cannot tell it`
      : "no value differs from the mean";
    return `The scale of the band is the prior's, 1: ${why}. `;
  }

  fail(message: string): void {
    this.error.textContent = message;
  }

  #limits(): Limits {
    return limitsOf(this.data, this.result);
  }

  draw(): void {
    const main = this.result?.finite ?? this.result?.infinite;
    const second = this.result?.finite ? this.result.infinite : undefined;
    const samples = Array.from({ length: SAMPLES }, (_, i) => main?.samples[i]);
    const none = new Array(this.shown.length).fill(null);
    const columns = [main?.high, main?.low, ...samples, second?.mean, main?.mean].map((c) => c ?? none);
    this.plot.setData([this.shown, ...columns] as uPlot.AlignedData);
  }
}

/** A request whose points move to the worker. The grid stays: the answer is drawn over it. */
function sent(request: RegressionRequest): RegressionRequest {
  const { ids, xs, ys } = request.points;
  return transfer(
    request,
    [ids, xs, ys].map(({ buffer }) => buffer as ArrayBuffer),
  );
}
