// Step 2: the four families of features, and what a step of a few weights does to the network.

import { latest, service } from "../client";
import type { UnitsRequest, UnitsResult } from "../compute/storyUnits";
import { announcer, h } from "../dom";
import { decimals, format } from "../numbers";
import { slider } from "./controls";
import { reader } from "./handle";
import { Plot } from "./plot";
import { colorOf, GRID, type MountStep, numberIn, type Place, READ_HINT, SMALL, SPAN, UNITS } from "./step";

const M = UNITS.length;
const COUNT = 1 + 3 * M;
const MOST = 2;

/** The families in the order of the weights: their panels, and the weights that they belong to. */
const FAMILIES = [
  { key: "a", title: "Constant", of: "of a", range: [-0.2, 1.4], units: 1, from: 0 },
  { key: "b", title: "Sigmoids", of: "of each b", range: [-0.2, 1.4], units: M, from: 1 },
  { key: "d", title: "Bells", of: "of each d", range: [-1, 0.8], units: M, from: 1 + 2 * M },
  { key: "c", title: "Impulse responses", of: "of each c", range: [-1, 1.4], units: M, from: 1 + M },
] as const;

/** A first step, so that there is something to see. */
const FIRST: Record<string, number> = { b2: 0.8, d4: -0.6, c3: 0.5 };
const keyOf = (index: number) => {
  const family = FAMILIES.find(({ from, units }) => index >= from && index < from + units);
  return family?.key === "a" ? "a" : `${family?.key}${index - (family?.from ?? 0) + 1}`;
};

class Families {
  unit = 1;
  result: UnitsResult | undefined;
  readonly step: Float64Array;
  readonly status = h("p", { class: "values", id: "values2" });
  readonly values = h("p", { class: "values" });
  readonly panels = h("div", { class: "four" });
  readonly plot: Plot;
  readonly #place: Place;
  readonly #refresh: (() => void)[] = [];
  readonly #curves: ((result: UnitsResult) => void)[] = [];
  readonly #ask: (request: UnitsRequest) => void;
  readonly #say;

  constructor(place: Place) {
    this.#place = place;
    const { params, signal } = place;
    const own = [...params.keys()].length > 0;
    this.step = Float64Array.from({ length: COUNT }, (_, index) => {
      const key = keyOf(index);
      return numberIn(params, key, -MOST, MOST, own ? 0 : (FIRST[key] ?? 0));
    });
    for (const family of FAMILIES) this.#panel(family);
    this.plot = new Plot(
      {
        label: "The network, its features added, and the network with its weights moved",
        x: SPAN,
        y: [-6.5, 4.5],
        xLabel: "x",
      },
      signal,
    );
    const now = this.plot.curve("faint");
    const stepped = this.plot.curve("network");
    const added = this.plot.curve("linear");
    this.#curves.push((result) => {
      now(GRID, result.curve);
      stepped(GRID, result.stepped);
      added(GRID, result.added);
    });
    this.#refresh.push(reader(this.plot, signal, GRID, (index) => this.read(index)));
    this.#say = announcer(signal);
    this.#ask = latest(
      signal,
      (request: UnitsRequest) => service.storyUnits(request) as Promise<UnitsResult>,
      (result) => this.show(result),
      place.fail,
    );
  }

  #panel({ title, of, range, units, from }: (typeof FAMILIES)[number]): void {
    const plot = new Plot(
      { label: `${title}, ${of}, against x`, x: SPAN, y: range, height: (width) => (width < 200 ? 92 : 132) },
      this.#place.signal,
    );
    const curves = Array.from({ length: units }, (_, unit) =>
      units === 1 ? plot.curve("sum") : plot.curve("", colorOf(unit)),
    );
    this.#curves.push(({ features }) => {
      for (const [unit, curve] of curves.entries()) curve(GRID, features[from + unit]);
    });
    reader(plot, this.#place.signal, GRID, (index) => {
      const features = this.result?.features;
      if (!features || index === undefined) return this.read(undefined);
      const values = curves.map((_, unit) => decimals(features[from + unit][index]));
      this.values.textContent = `${title} at x = ${decimals(GRID[index])}: ${values.join(", ")}`;
      return this.values.textContent;
    });
    this.panels.append(h("div", {}, h("h3", {}, title, h("span", {}, ` ${of}`)), plot.element));
  }

  changed(): void {
    const settings: Record<string, string> = {};
    this.step.forEach((value, index) => {
      if (value) settings[keyOf(index)] = String(value);
    });
    this.#place.save(Object.keys(settings).length ? settings : { a: "0" });
    this.ask();
  }
  ask(): void {
    this.#ask({ network: SMALL, step: this.step.slice(), grid: GRID });
  }
  choose(unit: number): void {
    this.unit = unit;
    this.#place.controls.style.setProperty("--tie", colorOf(unit));
    for (const refresh of this.#refresh) refresh();
  }
  refresh(): void {
    for (const refresh of this.#refresh) refresh();
  }

  show(result: UnitsResult): void {
    this.result = result;
    for (const draw of this.#curves) draw(result);
    this.tell(result);
    this.#say(this.status.textContent ?? "");
  }
  tell({ curve, added, stepped }: UnitsResult): void {
    if (!added || !stepped) return;
    const size = (A: Float64Array, B: Float64Array) => Math.sqrt(A.reduce((sum, v, i) => sum + (v - B[i]) ** 2, 0));
    const moved = size(added, curve);
    const changed = this.step.filter((value) => value !== 0).length;
    this.status.textContent = moved
      ? `${changed} of ${COUNT} weights changed. The sum of features misses the moved network by ${format((100 * size(stepped, added)) / moved, 2)} % of the change.`
      : "No weight is changed: move a slider.";
  }
  read(index: number | undefined): string {
    const { result, values } = this;
    if (!result?.added || !result.stepped || index === undefined) {
      values.textContent = READ_HINT;
      return values.textContent;
    }
    const [x, now, added, stepped] = [GRID, result.curve, result.added, result.stepped].map((v) => decimals(v[index]));
    values.textContent = `x = ${x}: start ${now}, features added ${added}, moved network ${stepped}`;
    return values.textContent;
  }

  sliders(): HTMLElement[] {
    const names = { a: "Change of a", b: "Change of b", d: "Change of d", c: "Change of c" };
    const made = FAMILIES.map(({ key, from, units }) => {
      const index = () => (units === 1 ? from : from + this.unit);
      return slider({
        id: `change-${key}`,
        label: names[key],
        min: -MOST,
        max: MOST,
        step: 0.05,
        get: () => this.step[index()],
        set: (value) => {
          this.step[index()] = value;
          this.changed();
        },
        tied: units > 1,
      });
    });
    this.#refresh.push(...made.map(({ refresh }) => refresh));
    return made.map(({ element }) => element);
  }
}

export const mount: MountStep = (place) => {
  const families = new Families(place);
  const buttons = UNITS.map((unit) => {
    const button = h("button", { type: "button", onclick: () => choose(unit) }, `Unit ${unit + 1}`);
    button.style.setProperty("--tie", colorOf(unit));
    return button;
  });
  const sliders = families.sliders();
  const choose = (unit: number) => {
    families.choose(unit);
    for (const [i, button] of buttons.entries()) button.setAttribute("aria-pressed", String(i === unit));
  };
  const none = h("button", { type: "button" }, "No change");
  none.addEventListener("click", () => {
    families.step.fill(0);
    families.refresh();
    families.changed();
  });
  const legend = h(
    "p",
    { class: "key" },
    h("span", { class: "faint" }, "network at the start"),
    h("span", { class: "linear" }, "start + changes × features"),
    h("span", { class: "network" }, "network with the changed weights"),
  );
  families.plot.element.classList.add("keep");
  place.figure.append(families.panels, legend, families.plot.element, families.values);
  const group = h("div", { class: "units", role: "group", "aria-label": "Units" }, buttons);
  place.controls.append(h("h3", {}, "Change a few weights"), group, ...sliders, none, families.status);
  choose(families.unit);
  families.ask();
};
