// Step 3: training to its end is a ridge regression on the features. Points can be dragged.

import { latest, service } from "../client";
import type { StoryFitRequest, StoryFitResult } from "../compute/storyFit";
import { announcer, h } from "../dom";
import { decimals, format } from "../numbers";
import { player, slider } from "./controls";
import { handle, reader } from "./handle";
import { Plot } from "./plot";
import { GRID, type MountStep, numberIn, type Place, READ_HINT, SPAN, WAVE, WIDE } from "./step";

const NETWORK = { ...WIDE, hidden: 64, init: "ntk", seed: 1 } as const;
const Y_RANGE = [-4.5, 4.5] as const;
const RIDGE = { min: -3, max: 2, value: -2 };
/** Frames of training: 0, steps spaced by ratio up to 10⁶, and the end. */
const LAST = 60;
const timeOf = (frame: number) => (frame >= LAST ? Infinity : Math.round(10 ** ((6 * frame) / (LAST - 1))) - 1);

/** Points in the address as x,y_x,y; undefined where there are none. */
function readPoints(params: URLSearchParams): [number, number][] | undefined {
  const points = (params.get("p") ?? "").split("_").map((pair) => pair.split(",").map(Number));
  const inside = ([x, y]: number[]) => Math.abs(x) <= 3 && Math.abs(y) <= 4.5;
  return points.length === WAVE.length && points.every((pair) => pair.length === 2 && inside(pair))
    ? (points as [number, number][])
    : undefined;
}

class Regression {
  readonly points: [number, number][];
  ridge: number;
  frame = LAST;
  result: StoryFitResult | undefined;
  readonly plot;
  readonly values = h("p", { class: "values" });
  readonly status = h("p", { class: "values", id: "values3" });
  readonly #place: Place;
  readonly #ask: (request: StoryFitRequest) => void;
  readonly #curves: Record<"start" | "now" | "fit", ReturnType<Plot["curve"]>>;
  readonly #band;
  readonly #say;

  constructor(place: Place) {
    this.#place = place;
    const { params, signal } = place;
    const own = readPoints(params);
    this.points = own ?? WAVE.map(([x, y]) => [x, y]);
    this.ridge = numberIn(params, "ridge", RIDGE.min, RIDGE.max, RIDGE.value);
    this.plot = new Plot(
      {
        label: "Nine points, the regression with its band, and training on its way there",
        x: SPAN,
        y: Y_RANGE,
        xLabel: "x",
        yLabel: "y",
      },
      signal,
    );
    this.#band = this.plot.band("band");
    const [start, now, fit] = ["faint", "network", "linear"].map((name) => this.plot.curve(name));
    this.#curves = { start, now, fit };
    this.#say = announcer(signal);
    this.#ask = latest(
      signal,
      (request: StoryFitRequest) => service.storyFit(request) as Promise<StoryFitResult>,
      (result) => this.show(result),
      place.fail,
    );
    for (const index of this.points.keys()) this.#handle(index);
    reader(this.plot, signal, GRID, (index) => this.read(index));
  }

  #handle(index: number): void {
    handle(this.plot, this.#place.signal, {
      label: `Point ${index + 1}`,
      color: "var(--point)",
      at: () => this.points[index],
      move: (x, y) => {
        const within = (value: number, [low, high]: readonly [number, number]) =>
          Math.min(high, Math.max(low, Number(value.toFixed(2))));
        this.points[index] = [within(x, SPAN), within(y, Y_RANGE)];
        this.changed();
      },
      step: [0.1, 0.1],
      text: () => `x = ${decimals(this.points[index][0])}, y = ${decimals(this.points[index][1])}`,
    });
  }

  changed(): void {
    const moved = this.points.some(([x, y], i) => x !== WAVE[i][0] || y !== WAVE[i][1]);
    this.#place.save({
      ridge: this.ridge === RIDGE.value ? "" : String(this.ridge),
      p: moved ? this.points.map((pair) => pair.join()).join("_") : "",
    });
    this.ask();
  }
  ask(): void {
    this.#ask({
      network: NETWORK,
      X: this.points.map(([x]) => x),
      Y: this.points.map(([, y]) => y),
      ridge: 10 ** this.ridge,
      time: timeOf(this.frame),
      grid: GRID,
    });
  }

  show(result: StoryFitResult): void {
    this.result = result;
    const { start, now, fit, half } = result;
    this.#curves.start(GRID, start);
    this.#curves.fit(GRID, fit);
    this.#curves.now(GRID, now);
    this.#band(
      GRID,
      fit.map((f, i) => f - half[i]),
      fit.map((f, i) => f + half[i]),
    );
    this.tell(result);
    this.#say(this.status.textContent ?? "");
  }
  tell({ now, fit, start, features, degreesOfFreedom, milliseconds }: StoryFitResult): void {
    const far = (A: Float64Array) => Math.sqrt(A.reduce((sum, v, i) => sum + (v - fit[i]) ** 2, 0));
    const left = far(start) ? (100 * far(now)) / far(start) : 0;
    this.status.textContent =
      `${features} features for ${this.points.length} points; the penalty leaves ${format(degreesOfFreedom)} of them free. ` +
      `Training has ${left < 0.05 ? "arrived at the regression" : `${format(left, 2)} % of its way to go`}. ` +
      `Computed in ${milliseconds.toFixed(1)} ms.`;
  }
  read(index: number | undefined): string {
    const { result, values } = this;
    if (!result || index === undefined) {
      values.textContent = READ_HINT;
      return values.textContent;
    }
    const [x, now, fit, half] = [GRID, result.now, result.fit, result.half].map((v) => decimals(v[index]));
    values.textContent = `x = ${x}: regression ${fit} ± ${half}, in training ${now}`;
    return values.textContent;
  }
}

export const mount: MountStep = (place) => {
  const regression = new Regression(place);
  const legend = h(
    "p",
    { class: "key" },
    h("span", { class: "faint" }, "network at the start"),
    h("span", { class: "network" }, "in training"),
    h("span", { class: "linear" }, "regression"),
    h("span", { class: "band" }, "new points, ±2 standard deviations"),
  );
  const ridge = slider({
    id: "story-ridge",
    label: "Ridge λ",
    min: RIDGE.min,
    max: RIDGE.max,
    step: 0.25,
    get: () => regression.ridge,
    set: (value) => {
      regression.ridge = value;
      regression.changed();
    },
    show: (value) => format(10 ** value, 2),
  });
  const time = player(
    {
      id: "story-time",
      label: "Steps of training",
      last: LAST,
      show: (frame) => {
        regression.frame = frame;
        regression.ask();
      },
      text: (frame) => (frame >= LAST ? "to the end" : String(timeOf(frame))),
    },
    place.signal,
  );
  regression.plot.element.classList.add("keep");
  place.figure.append(legend, regression.plot.element, regression.values);
  place.controls.append(ridge.element, time.element, regression.status);
  regression.ask();
  time.begin();
};
