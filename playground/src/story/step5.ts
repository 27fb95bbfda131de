// Step 5: test errors of the trained network and of its kernel, where one wins and where the other does.
import { latest, service } from "../client";
import type { Rivals } from "../compute/storyRivals";
import { announce, h } from "../dom";
import { slider } from "./controls";
import { reader } from "./handle";
import { Plot } from "./plot";
import { RIVALS, type RivalData } from "./rivalsSpec";
import { type MountStep, numberIn, type Place, READ_HINT } from "./step";

const SETS: Record<RivalData, string> = {
  edge: "An edge in one of six inputs",
  plane: "A plane in six inputs, with noise",
};
const SEED = { min: 1, max: 50, value: 1 };
const CHECKED = 10;
const HORIZON = RIVALS.steps[RIVALS.steps.length - 1];
const place10 = (step: number) => Math.log10(1 + step);
const TICKS = [0, 1, 10, 100, 1000].map((step) => [place10(step), String(step)] as const);
const three = (value: number) => value.toFixed(3);
const last = (values: readonly number[]) => values[values.length - 1];

class Pair {
  readonly element;
  readonly facts = h("p", { class: "facts" });
  readonly strip = h("p", { class: "facts strip" });
  readonly values = h("p", { class: "values" });
  readonly #network;
  readonly #kernel;
  readonly #seeds: Plot;
  readonly #ends: Record<"network" | "kernel", ReturnType<Plot["dots"]>>;
  #result: Rivals | undefined;

  constructor(
    readonly data: RivalData,
    signal: AbortSignal,
  ) {
    const options = { x: [0, place10(HORIZON)], y: [0, 1.3], height: 230, xTicks: TICKS } as const;
    const label = `${SETS[data]}: test errors along training; the numbers are below`;
    const plot = new Plot({ label, ...options, xLabel: "step of training", yLabel: "test error" }, signal);
    this.#network = plot.curve("network");
    this.#kernel = plot.curve("linear");
    reader(plot, signal, RIVALS.steps.map(place10), (index) => this.read(index));
    this.#seeds = new Plot(
      {
        label: `${SETS[data]}: test errors at the last step for seeds 1 to ${CHECKED}`,
        x: [0.5, CHECKED + 0.5],
        y: options.y,
        height: 130,
        xLabel: "seed",
        yLabel: "at the end",
        xTicks: Array.from({ length: CHECKED }, (_, i) => [i + 1, String(i + 1)] as const),
      },
      signal,
    );
    this.#ends = { network: this.#seeds.dots("points"), kernel: this.#seeds.dots("model") };
    this.#seeds.element.hidden = true;
    const title = h("h3", {}, SETS[data]);
    const parts = [title, plot.element, this.values, this.facts, this.#seeds.element, this.strip];
    this.element = h("div", { class: "rivals" }, parts);
    this.element.dataset.rivals = data;
  }

  show(result: Rivals, seed: number): void {
    const { steps, network, kernel } = result;
    this.#result = result;
    const at = steps.map(place10);
    this.#network(at, network);
    this.#kernel(at, kernel);
    const [a, b] = [last(network), last(kernel)];
    const winner = a < b ? "The network wins" : "The kernel wins";
    const [lowA, lowB] = [network, kernel].map((errors) =>
      errors.reduce((low, error) => Math.min(low, error), Infinity),
    );
    this.facts.textContent =
      `Seed ${seed}, step ${HORIZON}: network ${three(a)}, kernel ${three(b)}. ${winner}. ` +
      `Lowest on the way: network ${three(lowA)}, kernel ${three(lowB)}.`;
    this.element.dataset.winner = a < b ? "network" : "kernel";
  }

  read(index: number | undefined): string {
    const { values } = this;
    values.textContent =
      index === undefined || !this.#result
        ? READ_HINT
        : `Step ${RIVALS.steps[index]}: network ${three(this.#result.network[index])}, kernel ${three(this.#result.kernel[index])}`;
    return values.textContent;
  }

  /** The ends of seeds 1, 2, … so far; how often the network wins. */
  showSeeds(ends: readonly { network: number; kernel: number }[]): number {
    this.#seeds.element.hidden = false;
    const seeds = ends.map((_, i) => i + 1);
    for (const name of ["network", "kernel"] as const) {
      this.#ends[name](
        seeds,
        ends.map((end) => end[name]),
      );
    }
    const wins = ends.filter(({ network, kernel }) => network < kernel).length;
    this.strip.textContent = `Of ${ends.length} seeds the network wins ${wins}, the kernel ${ends.length - wins}.`;
    return wins;
  }
}

class Contest {
  seed: number;
  readonly pairs: Pair[];
  readonly status = h("p", { class: "values", id: "values5" });
  readonly many = h("button", { type: "button" }, `Try seeds 1 to ${CHECKED}`);
  readonly #place: Place;
  readonly #ask: (seed: number) => void;

  constructor(place: Place) {
    this.#place = place;
    this.seed = Math.round(numberIn(place.params, "draw", SEED.min, SEED.max, SEED.value));
    this.pairs = (Object.keys(SETS) as RivalData[]).map((data) => new Pair(data, place.signal));
    this.#ask = latest(
      place.signal,
      (seed: number) => Promise.all(this.pairs.map(({ data }) => this.run(data, seed))),
      (results, seed) => {
        for (const [i, result] of results.entries()) this.pairs[i].show(result, seed);
      },
      place.fail,
    );
    this.many.addEventListener("click", () => this.check().catch(place.fail));
  }

  run(data: RivalData, seed: number): Promise<Rivals> {
    return service.storyRivals({ data, seed }) as Promise<Rivals>;
  }
  ask(): void {
    this.#ask(this.seed);
  }
  changed(): void {
    this.#place.save({ draw: this.seed === SEED.value ? "" : String(this.seed) });
    this.ask();
  }

  /** The same for several seeds: how often each wins. */
  async check(): Promise<void> {
    this.many.disabled = true;
    try {
      await this.#seeds();
    } finally {
      this.many.disabled = false;
    }
  }

  async #seeds(): Promise<void> {
    const { signal } = this.#place;
    const ends: { network: number; kernel: number }[][] = this.pairs.map(() => []);
    const wins = this.pairs.map(() => 0);
    for (let seed = 1; seed <= CHECKED; seed++) {
      for (const [i, pair] of this.pairs.entries()) {
        const { network, kernel } = await this.run(pair.data, seed);
        if (signal.aborted) return;
        ends[i].push({ network: last(network), kernel: last(kernel) });
        wins[i] = pair.showSeeds(ends[i]);
      }
    }
    this.status.textContent = `${CHECKED} seeds tried. The network wins ${wins[0]} times on the edge, and ${wins[1]} times on the plane.`;
    announce(this.status.textContent);
  }
}

export const mount: MountStep = (place) => {
  const contest = new Contest(place);
  const legend = h(
    "p",
    { class: "key" },
    h("span", { class: "network" }, "trained network"),
    h("span", { class: "linear" }, "its kernel (the first-order model)"),
  );
  const seed = slider({
    id: "story-draw",
    label: "Seed of data and start",
    min: SEED.min,
    max: SEED.max,
    step: 1,
    get: () => contest.seed,
    set: (value) => {
      contest.seed = value;
      contest.changed();
    },
    show: String,
  });
  const pairs = contest.pairs.map(({ element }) => element);
  place.figure.append(legend, h("div", { class: "two" }, pairs));
  place.controls.append(seed.element, contest.many, contest.status);
  contest.ask();
};
