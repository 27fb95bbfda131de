// Step 4: six networks and their first-order models, racing from the same starts.

import { latest, service } from "../client";
import type { StoryRace, StoryRaceRequest } from "../compute/storyRace";
import { announcer, h } from "../dom";
import { format } from "../numbers";
import { player, slider } from "./controls";
import { Plot } from "./plot";
import { type MountStep, numberIn, type Place, SPAN, WAVE, WIDE } from "./step";

const WIDTHS = [4, 32, 512] as const;
const INITS = { lecun: "LeCun", ntk: "“ntk”" } as const;
type Init = keyof typeof INITS;
const HORIZON = 300;
/** 0, and steps spaced by ratio. */
const STEPS = [...new Set([0, ...Array.from({ length: 150 }, (_, k) => Math.round(HORIZON ** (k / 149)))])];
const LAST = STEPS.length - 1;
const SHARE = { min: 0.1, max: 1.6, step: 0.1, value: 0.5 };
const SEED = { min: 0, max: 50, value: 1 };
/** Coarser than the grid of the large figures: panels are small. */
const GRID = Float64Array.from({ length: 81 }, (_, i) => (i - 40) * 0.075);
/** A gap and a loss at which a reader sees that curves part, or that a fit is none. */
const [APART, SETTLED] = [0.05, 1];

const percent = (share: number) => `${format(100 * share, 2)}\u00a0%`;

class Panel {
  race: StoryRace | undefined;
  readonly element;
  readonly #facts = h("p", { class: "facts" });
  readonly #network;
  readonly #linear;

  constructor(
    readonly init: Init,
    readonly width: number,
    signal: AbortSignal,
  ) {
    const label = `${INITS[init]}, ${width} units: the network and its first-order model; the numbers are below`;
    const plot = new Plot({ label, x: SPAN, y: [-4.5, 4.5], height: (w: number) => (w < 160 ? 96 : 150) }, signal);
    const dots = plot.dots("points");
    this.#network = plot.curve("network");
    this.#linear = plot.curve("linear");
    dots(
      WAVE.map(([x]) => x),
      WAVE.map(([, y]) => y),
    );
    this.element = h("div", { class: "racer" }, h("h3", {}, `${width} units`), plot.element, this.#facts);
    this.element.dataset.racer = `${init}-${width}`;
  }

  show(frame: number): void {
    const { race } = this;
    if (!race?.frames.length) return;
    const gone = race.diverged !== undefined && STEPS[frame] >= race.diverged;
    const at = race.frames[Math.min(frame, race.frames.length - 1)];
    this.#network(GRID, gone ? undefined : at.network);
    this.#linear(GRID, at.linear);
    this.#facts.textContent = gone
      ? `network diverged at step ${race.diverged}`
      : `gap ${at.linearLoss > 1e6 ? "without bound" : percent(at.gap)} · kernel moved ${percent(at.drift)}`;
  }
}

/** What the ends of the races say. */
function verdict(panels: readonly Panel[], share: number): string {
  const ends = panels.map(({ race, init, width }) => ({
    init,
    width,
    gone: race?.diverged !== undefined,
    last: race?.frames[race.frames.length - 1],
  }));
  if (share <= 1) {
    const gaps = (init: Init) => ends.filter((end) => end.init === init).map(({ last }) => percent(last?.gap ?? 0));
    return (
      `After ${HORIZON} steps at ${Math.round(100 * share)} % of the largest stable rate the gaps at ${WIDTHS.join(", ")} units are ` +
      `${gaps("lecun").join(", ")} (LeCun) and ${gaps("ntk").join(", ")} (“ntk”). ` +
      `${ends.filter(({ last }) => (last?.gap ?? 0) > APART).length} of the 6 pairs are more than ${percent(APART)} apart.`
    );
  }
  const settled = ends.filter(({ gone, last }) => !gone && (last?.loss ?? Infinity) < SETTLED);
  const diverged = ends.filter(({ gone }) => gone);
  const between = ends.filter((end) => !settled.includes(end) && !diverged.includes(end));
  const list = (some: typeof ends) => some.map(({ init, width }) => `${INITS[init]} ${width}`).join(", ");
  const moved = settled.map(({ last }) => percent(last?.drift ?? 0)).join(", ");
  return (
    `This is past the bound: every first-order model diverges. ` +
    (settled.length
      ? `These networks settle nevertheless: ${list(settled)}. Their kernels moved by ${moved}, to where the rate is stable. `
      : "No network settles. ") +
    (between.length ? `These do neither within ${HORIZON} steps: ${list(between)}. ` : "") +
    (diverged.length ? `These diverge too: ${list(diverged)}.` : "")
  );
}

class Races {
  share: number;
  seed: number;
  readonly panels: Panel[];
  readonly status = h("p", { class: "values", id: "values4" });
  ready = () => {};
  readonly #place: Place;
  readonly #ask: (requests: StoryRaceRequest[]) => void;

  constructor(place: Place) {
    this.#place = place;
    const { params, signal } = place;
    this.share = numberIn(params, "share", SHARE.min, SHARE.max, SHARE.value);
    this.seed = Math.round(numberIn(params, "seed", SEED.min, SEED.max, SEED.value));
    const inits = Object.keys(INITS) as Init[];
    this.panels = inits.flatMap((init) => WIDTHS.map((width) => new Panel(init, width, signal)));
    const say = announcer(signal);
    this.#ask = latest(
      signal,
      (requests: StoryRaceRequest[]) => service.storyRaces(requests) as Promise<StoryRace[]>,
      (races, requests) => {
        races.forEach((race, i) => {
          this.panels[i].race = race;
        });
        this.status.textContent = verdict(this.panels, requests[0].share);
        say(this.status.textContent);
        this.ready();
      },
      place.fail,
    );
  }

  changed(): void {
    const text = (value: number, usual: number) => (value === usual ? "" : String(value));
    this.#place.save({ share: text(this.share, SHARE.value), seed: text(this.seed, SEED.value) });
    this.ask();
  }
  ask(): void {
    const { share, seed } = this;
    const [X, Y] = [WAVE.map(([x]) => x), WAVE.map(([, y]) => y)];
    this.#ask(
      this.panels.map(({ init, width }) => {
        return { network: { ...WIDE, hidden: width, init, seed }, X, Y, grid: GRID, share, steps: STEPS };
      }),
    );
  }
}

export const mount: MountStep = (place) => {
  const races = new Races(place);
  const row = (init: Init) => {
    const panels = races.panels.filter((panel) => panel.init === init).map(({ element }) => element);
    return h(
      "div",
      { class: "racers", role: "group", "aria-label": INITS[init] },
      h("h3", { class: "scheme" }, INITS[init]),
      panels,
    );
  };
  const legend = h(
    "p",
    { class: "key" },
    h("span", { class: "network" }, "network"),
    h("span", { class: "linear" }, "its first-order model"),
    h("span", { class: "dot" }, "data"),
  );
  const time = player(
    {
      id: "story-step",
      label: "Step of training",
      last: LAST,
      show: (frame) => {
        for (const panel of races.panels) panel.show(frame);
      },
      text: (frame) => String(STEPS[frame]),
    },
    place.signal,
  );
  let begun = false;
  races.ready = () => {
    if (begun) time.again();
    else time.begin();
    begun = true;
  };
  const share = slider({
    id: "story-share",
    label: "Rate, of the largest stable one",
    min: SHARE.min,
    max: SHARE.max,
    step: SHARE.step,
    get: () => races.share,
    set: (value) => {
      races.share = value;
      races.changed();
    },
    show: (value) => `${Math.round(100 * value)} %`,
  });
  const seed = slider({
    id: "story-seed",
    label: "Seed of the starts",
    min: SEED.min,
    max: SEED.max,
    step: 1,
    get: () => races.seed,
    set: (value) => {
      races.seed = value;
      races.changed();
    },
    show: String,
  });
  place.figure.append(legend, h("div", { class: "keep" }, row("lecun"), row("ntk")));
  place.controls.append(time.element, share.element, seed.element, races.status);
  races.ask();
};
