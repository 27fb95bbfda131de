// Step 1: the network of four units. Its weights are moved by rings in the figure and by sliders.

import { latest, service } from "../client";
import type { UnitsRequest, UnitsResult } from "../compute/storyUnits";
import { h } from "../dom";
import { decimals } from "../numbers";
import { slider } from "./controls";
import { diagram } from "./diagram";
import { handle, reader } from "./handle";
import { Plot } from "./plot";
import { colorOf, GRID, type MountStep, type Place, READ_HINT, SMALL, SPAN, UNITS } from "./step";

const M = UNITS.length;
/** Where a weight stands in the list a, b, c, d. */
const PLACE = { b: 1, c: 1 + M, d: 1 + 2 * M } as const;
type Kind = keyof typeof PLACE;
const LIMITS = { a: 4, b: 5, c: 8, d: 10 } as const;
/** The steepness below which a unit's centre leaves the figure. */
const FLAT = 0.05;

/** Weights in the address, or undefined. */
function readWeights(params: URLSearchParams): Float64Array | undefined {
  const weights = (params.get("w") ?? "").split(",").map(Number);
  return weights.length === 1 + 3 * M && weights.every((w) => Number.isFinite(w) && Math.abs(w) <= 10)
    ? Float64Array.from(weights)
    : undefined;
}

class Small {
  weights = new Float64Array(1 + 3 * M);
  unit = 1;
  result: UnitsResult | undefined;
  readonly plot;
  readonly picture;
  readonly heading = h("h3", { class: "tied" });
  readonly values = h("p", { class: "values", id: "values1" });
  readonly #place: Place;
  readonly #refresh: (() => void)[] = [];
  readonly #ask: (request: UnitsRequest) => void;
  readonly #draw: { units: ReturnType<Plot["curve"]>[]; sum: ReturnType<Plot["curve"]>; a: ReturnType<Plot["curve"]> };

  constructor(place: Place) {
    this.#place = place;
    const { signal } = place;
    this.plot = new Plot(
      { label: "The curves of the four units, and their sum", x: SPAN, y: [-6.5, 4.5], xLabel: "x" },
      signal,
    );
    this.picture = diagram((unit) => this.choose(unit), signal);
    this.#draw = {
      a: this.plot.curve("constant"),
      units: UNITS.map((unit) => this.plot.curve("thin", colorOf(unit))),
      sum: this.plot.curve("sum"),
    };
    this.#ask = latest(
      signal,
      (request: UnitsRequest) => service.storyUnits(request) as Promise<UnitsResult>,
      (result) => this.show(result),
      place.fail,
    );
  }

  get(kind: Kind, unit = this.unit): number {
    return this.weights[PLACE[kind] + unit];
  }
  set(kind: Kind, value: number, unit = this.unit): void {
    const limit = LIMITS[kind];
    this.weights[PLACE[kind] + unit] = Math.min(limit, Math.max(-limit, Number(value.toFixed(2))));
  }
  centre(unit: number): number {
    const c = this.get("c", unit);
    return -this.get("d", unit) / (Math.abs(c) < FLAT ? (c < 0 ? -FLAT : FLAT) : c);
  }

  start(): void {
    const weights = readWeights(this.#place.params);
    this.#ask({ network: SMALL, weights, grid: GRID });
  }
  changed(): void {
    for (const refresh of this.#refresh) refresh();
    this.#place.save({ w: this.weights.join() });
    this.ask();
  }
  ask(): void {
    this.#ask({ network: SMALL, weights: this.weights.slice(), grid: GRID });
  }
  choose(unit: number): void {
    this.unit = unit;
    this.picture.choose(unit);
    this.heading.textContent = `Unit ${unit + 1}`;
    this.#place.controls.style.setProperty("--tie", colorOf(unit));
    for (const refresh of this.#refresh) refresh();
  }

  show(result: UnitsResult): void {
    const first = !this.result;
    this.result = result;
    if (first) {
      this.weights = result.weights.map((w) => Number(w.toFixed(2)));
      this.handles();
      this.choose(this.unit);
      this.ask();
    }
    const curves = this.curves();
    this.#draw.a(
      GRID,
      GRID.map(() => result.weights[0]),
    );
    for (const unit of UNITS) this.#draw.units[unit](GRID, curves[unit]);
    this.#draw.sum(GRID, result.curve);
    const weights = UNITS.map((unit) => ({ b: this.get("b", unit), c: this.get("c", unit), d: this.get("d", unit) }));
    this.picture.draw(weights, this.weights[0], curves, result.curve);
  }
  /** The curve of each unit: the output weight times its sigmoid, which is the feature of that weight. */
  curves(): Float64Array[] {
    const { weights, features } = this.result as UnitsResult;
    return UNITS.map((unit) => features[PLACE.b + unit].map((value) => value * weights[PLACE.b + unit]));
  }

  handles(): void {
    const { signal } = this.#place;
    const inside = (x: number) => Math.min(2.9, Math.max(-2.9, x));
    for (const unit of UNITS) {
      const place = handle(this.plot, signal, {
        label: `Unit ${unit + 1}: its middle and half its height`,
        color: colorOf(unit),
        at: () => [inside(this.centre(unit)), this.get("b", unit) / 2],
        move: (x, y) => {
          this.set("b", 2 * y, unit);
          this.set("d", -x * this.get("c", unit), unit);
          this.changed();
        },
        step: [0.1, 0.1],
        text: () => `at x = ${decimals(this.centre(unit))}, height b = ${decimals(this.get("b", unit))}`,
        taken: () => this.choose(unit),
      });
      this.#refresh.push(place);
    }
    this.#refresh.push(reader(this.plot, signal, GRID, (index) => this.read(index)));
  }
  read(index: number | undefined): string {
    const { result, values } = this;
    if (!result || index === undefined) {
      values.textContent = READ_HINT;
      return values.textContent;
    }
    const parts = this.curves().map((curve) => decimals(curve[index]));
    values.textContent = `x = ${decimals(GRID[index])}: ${decimals(result.weights[0])} + (${parts.join(") + (")}) = ${decimals(result.curve[index])}`;
    return values.textContent;
  }

  sliders(): HTMLElement[] {
    const names: Record<Kind, string> = { c: "Steepness c", d: "Shift d", b: "Output weight b" };
    const made = (["c", "d", "b"] as const).map((kind) =>
      slider({
        id: `story-${kind}`,
        label: names[kind],
        min: -LIMITS[kind],
        max: LIMITS[kind],
        step: 0.01,
        get: () => this.get(kind),
        set: (value) => {
          this.set(kind, value);
          this.changed();
        },
        tied: true,
      }),
    );
    const constant = slider({
      id: "story-a",
      label: "Constant a",
      min: -LIMITS.a,
      max: LIMITS.a,
      step: 0.01,
      get: () => this.weights[0],
      set: (value) => {
        this.weights[0] = value;
        this.changed();
      },
    });
    const all = [...made, constant];
    this.#refresh.push(...all.map(({ refresh }) => refresh));
    return all.map(({ element }) => element);
  }
}

export const mount: MountStep = (place) => {
  const small = new Small(place);
  place.figure.append(h("div", { class: "whole keep" }, small.picture.element, small.plot.element), small.values);
  place.controls.append(small.heading, ...small.sliders());
  small.start();
};
