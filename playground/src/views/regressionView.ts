// The regression view's state: points, settings, the latest fit, and what shows them.
import type uPlot from "uplot";
import { latest, service } from "../client";
import type { RegressionRequest, RegressionResult } from "../compute/regression";
import { type Data, encode, MAX_POINTS, point } from "../data";
import { format, h } from "../dom";
import { extent, linspace } from "../plot";
import { type Values, writeHash } from "../state";
import { pointTable } from "../table";
import { SPEC } from "./regressionSpec";

const GRID = 181;
/** Posterior samples that are drawn. */
export const SAMPLES = 8;

/** Axis limits that hold all points and the frame; those of x are also the grid's. */
function limits({ points, frame }: Data): { x: [number, number]; y: [number, number] } {
  const span = (values: number[], middle: number, unit: number): [number, number] => {
    const [low, high] = extent([middle - 1.6 * unit, ...values, middle + 1.6 * unit]);
    return [low - 0.08 * (high - low), high + 0.08 * (high - low)];
  };
  return {
    x: span(
      points.map((p) => p.x),
      frame.x,
      frame.sx,
    ),
    y: span(
      points.map((p) => p.y),
      frame.y,
      frame.sy,
    ),
  };
}

export class RegressionView {
  readonly values: Values<typeof SPEC>;
  data: Data;
  view: { x: [number, number]; y: [number, number] };
  /** Whether the points differ from the bundled data set: then they are in the address. */
  own: boolean;
  result: RegressionResult | undefined;
  grid: Float64Array;
  plot!: uPlot;
  readonly box = h("div", { class: "plot editable" });
  readonly status = h("p", { class: "status", "aria-live": "polite", id: "status" });
  readonly error = h("p", { class: "error", role: "alert" });
  readonly table;
  readonly #fit: (request: RegressionRequest) => void;
  #timer = 0;
  #way = "";

  constructor(values: RegressionView["values"], data: Data, own: boolean, signal: AbortSignal) {
    this.values = values;
    this.data = data;
    this.own = own;
    this.view = limits(this.data);
    this.grid = linspace(...this.view.x, GRID);
    this.table = pointTable(
      (id, x, y) => this.edit(() => this.move(id, x, y)),
      (id) => this.edit(() => this.remove(id)),
    );
    this.#fit = latest(
      signal,
      (request) => service.fit(request) as Promise<RegressionResult>,
      (result, request) => this.show(result, request.grid),
      (error) => this.fail(error.message),
    );
  }

  /** Changes the points, then the address, the table and the fit. */
  edit(change: () => void, dragging = false): void {
    change();
    this.own = true;
    if (!dragging) this.settle();
    this.refit();
  }

  move(id: number, x: number, y: number): void {
    const at = this.data.points.findIndex((p) => p.id === id);
    if (at >= 0) this.data.points[at] = { id, x, y };
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
    return added.id;
  }

  use(data: Data, own: boolean): void {
    this.data = data;
    this.own = own;
    this.settle();
    this.refit();
  }

  /** After a drag: the axes, the table and the address follow the data. */
  settle(): void {
    this.view = limits(this.data);
    this.grid = linspace(...this.view.x, GRID);
    this.table.setData(this.data);
    this.save();
  }

  save(): void {
    writeHash("regression", SPEC, this.values, this.own ? encode(this.data) : {});
  }

  refit(): void {
    this.error.textContent = "";
    const { points, frame } = this.data;
    const { width, activation, weightStd, biasStd, seed, ridge, model, samples } = this.values;
    if (points.length === 0) {
      this.result = undefined;
      this.draw();
      this.status.textContent = "No points yet: click in the plot to add one.";
      return;
    }
    this.#fit({
      points,
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
    });
  }

  show(result: RegressionResult, grid: Float64Array): void {
    if (this.data.points.length === 0) return;
    this.result = result;
    this.draw(grid);
    this.box.dataset.fits = String(Number(this.box.dataset.fits ?? 0) + 1);
    const { how, milliseconds, variant } = result;
    // After a drag the same fit is only drawn anew: what counts is how it came about.
    if (how !== "kept")
      this.#way = `${how === "fit" ? "Fitted" : "Updated"} in ${milliseconds.toFixed(1)} ms (${variant}).`;
    // Screen readers hear the last of many results.
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.report(result), 120);
  }

  report({ finite, infinite }: RegressionResult): void {
    const names = { finite: `Width ${2 ** this.values.width}`, infinite: "Infinite width" };
    const of = (name: string, curve: NonNullable<RegressionResult["finite"]>) =>
      `${name}: leave-one-out error ${format(curve.loo)}, ${format(curve.degreesOfFreedom)} degrees of freedom`;
    const parts = [finite && of(names.finite, finite), infinite && of(names.infinite, infinite)].filter(Boolean);
    this.status.textContent = `${this.data.points.length} points. ${parts.join(". ")}. ${this.#way}`;
  }

  fail(message: string): void {
    this.error.textContent = message;
  }

  draw(grid = this.grid): void {
    const main = this.result?.finite ?? this.result?.infinite;
    const second = this.result?.finite ? this.result.infinite : undefined;
    const samples = Array.from({ length: SAMPLES }, (_, i) => main?.samples[i]);
    const none = () => new Array(grid.length).fill(null);
    const columns = [main?.high, main?.low, ...samples, second?.mean, main?.mean].map((c) => c ?? none());
    this.plot.setData([grid, ...columns] as uPlot.AlignedData);
  }
}
