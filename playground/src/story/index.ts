// The story: five steps, each with a live figure. Titles and words are here at once. The figure of a step is loaded and
// computed when the step comes near the screen. The address names the step, and holds the settings of its figure.
import "./figure.css";
import "./story.css";
import { writeAddress } from "../address";
import { h, html } from "../dom";
import type { Mount } from "../mount";
import { readHash } from "../state";
import { stepAddress } from "./links";
import type { MountStep } from "./step";
import { INTRO, STEPS, type StepText } from "./text";

const FIGURES: (() => Promise<{ mount: MountStep }>)[] = [
  () => import("./step1"),
  () => import("./step2"),
  () => import("./step3"),
  () => import("./step4"),
  () => import("./step5"),
];

/** The step that the address asks for, from 1; 0 where it asks for none. */
function stepInAddress(): number {
  const step = Number(/^story\/([1-9])$/.exec(readHash().view)?.[1] ?? 0);
  return step <= STEPS.length ? step : 0;
}

class Section {
  readonly element;
  readonly #figure = h("div", { class: "stage" });
  readonly #controls = h("div", { class: "controls" });
  readonly #error = h("p", { class: "error", role: "alert" });
  #settings: Record<string, string> = {};
  #shown: AbortController | undefined;

  constructor(
    readonly step: number,
    { title, words, try: hint, note, links }: StepText,
    readonly changed: (step: number) => void,
    readonly signal: AbortSignal,
  ) {
    const id = `step-${step}-title`;
    const heading = h("h2", { id, tabindex: -1 }, h("span", { class: "number" }, String(step)), title);
    const text = html([...words.map((word) => `<p>${word}</p>`), `<p class="try">${hint}</p>`].join(""));
    text.className = "words";
    const further = links.map(([name, address]) => h("a", { href: address }, name));
    this.element = h(
      "section",
      { class: `step step-${step}`, "aria-labelledby": id, "data-step": step },
      heading,
      text,
      this.#figure,
      this.#controls,
      this.#error,
      note ? html(`<p class="note">${note}</p>`) : [],
      h("p", { class: "further" }, further),
    );
  }

  /** The address of the step with the settings of its figure. */
  get address(): string {
    const parts = Object.entries(this.#settings).flatMap(([key, value]) => (value ? [`${key}=${value}`] : []));
    return `${stepAddress(this.step)}${parts.length ? `?${parts.join("&")}` : ""}`;
  }

  /** Loads the figure, once, or anew where the address asks for this step with other settings. */
  async show(): Promise<void> {
    const mine = stepInAddress() === this.step;
    const params = mine ? readHash().params : new URLSearchParams();
    const asked = Object.fromEntries(params);
    if (this.#shown) {
      if (!mine || params.size === 0 || JSON.stringify(asked) === JSON.stringify(this.#settings)) return;
      this.#shown.abort();
      for (const box of [this.#figure, this.#controls]) box.replaceChildren();
    }
    this.#shown = new AbortController();
    const signal = AbortSignal.any([this.signal, this.#shown.signal]);
    this.#settings = asked;
    this.#error.textContent = "";
    const fail = (error: Error) => {
      this.#error.textContent = error.message;
    };
    const save = (settings: Record<string, string>) => {
      this.#settings = settings;
      this.changed(this.step);
    };
    try {
      const { mount } = await FIGURES[this.step - 1]();
      if (signal.aborted) return;
      mount({ figure: this.#figure, controls: this.#controls, params, signal, save, fail });
      this.element.classList.add("ready");
    } catch (error) {
      fail(new Error(`This figure could not be loaded: ${(error as Error).message}`));
    }
  }
}

/** Where the reader is: links to all steps, to the one before and the next. */
class Progress {
  readonly element;
  readonly #links;
  readonly #title = h("span", { class: "title", "aria-hidden": "true" });
  readonly #before = h("a", { class: "turn", "aria-label": "Previous step" }, "‹");
  readonly #next = h("a", { class: "turn", "aria-label": "Next step" }, "›");

  constructor() {
    this.#links = STEPS.map(({ title }, i) =>
      h("a", { href: stepAddress(i + 1), "aria-label": `Step ${i + 1}: ${title}`, title }, String(i + 1)),
    );
    const steps = h(
      "ol",
      {},
      this.#links.map((link) => h("li", {}, link)),
    );
    this.element = h("nav", { class: "progress", "aria-label": "Steps" }, this.#before, steps, this.#next, this.#title);
  }

  show(step: number): void {
    for (const [i, link] of this.#links.entries()) {
      if (i + 1 === step) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    }
    this.#title.textContent = STEPS[step - 1].title;
    const point = (link: HTMLElement, to: number) => {
      const there = to >= 1 && to <= STEPS.length;
      link.toggleAttribute("hidden", !there);
      if (there) link.setAttribute("href", stepAddress(to));
    };
    point(this.#before, step - 1);
    point(this.#next, step + 1);
  }
}

/** A page whose layout has not changed for so long has all of its figures. */
const STILL_MS = 1000;

class Story {
  readonly element = h("div", { class: "story" });
  readonly #sections;
  readonly #progress = new Progress();
  readonly #signal;
  #current = 0;
  /** The step that was asked for. It stays where it is while figures above it come, until the reader scrolls. */
  #pinned = 0;
  /** When the page was last scrolled to it, and where its top was then. */
  #settled = 0;
  #top = 0;
  /** The step in the middle of the screen. */
  #middle = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    // What is changed is what the reader is at, wherever the middle of the screen is.
    const changed = (step: number) => {
      this.#is(step);
      this.#write();
    };
    this.#sections = STEPS.map((text, i) => new Section(i + 1, text, changed, signal));
    const head = html(`<h1>${INTRO.title}</h1><p class="intro">${INTRO.words}</p>`);
    this.element.append(head, this.#progress.element, ...this.#sections.map(({ element }) => element));
  }

  /** Once the element is in the page. */
  begin(): void {
    const signal = this.#signal;
    watch(this.#sections, (step) => this.#see(step), signal);
    const settle = new ResizeObserver(() => this.#settle());
    settle.observe(this.element);
    signal.addEventListener("abort", () => settle.disconnect());
    const free = () => this.#pin(0);
    for (const type of ["wheel", "touchmove", "pointerdown", "keydown"])
      addEventListener(type, free, { signal, passive: true });
    // A scrollbar that is dragged, say. Figures that come scroll the page too, in the frames after they have come.
    let timer = 0;
    const scrolled = () => {
      const left = STILL_MS - (performance.now() - this.#settled);
      if (left <= 0) return free();
      clearTimeout(timer);
      timer = window.setTimeout(() => this.#leave(), left);
    };
    addEventListener("scroll", scrolled, { signal, passive: true });
    signal.addEventListener("abort", () => clearTimeout(timer));
    // Links to steps do not build the view anew: they scroll.
    const follow = () => {
      if (stepInAddress()) this.#go(stepInAddress(), true);
    };
    addEventListener("hashchange", follow, { signal });
    if (stepInAddress()) this.#go(stepInAddress(), false);
    else {
      this.#arrive(1, false);
      void this.#sections[0].show();
    }
  }

  #write(): void {
    const { address } = this.#sections[this.#current - 1];
    // The landing address stays as it is until the reader has done something.
    if (this.#current > 1 || stepInAddress() > 0 || address !== stepAddress(1)) writeAddress(address);
  }

  #see(step: number): void {
    this.#middle = step;
    this.#arrive(step);
  }

  #arrive(step: number, address = true): void {
    if (step === this.#current || (this.#pinned && step !== this.#pinned)) return;
    this.#is(step);
    if (address) this.#write();
  }

  #is(step: number): void {
    this.#current = step;
    this.#progress.show(step);
  }

  #pin(step: number): void {
    this.#pinned = step;
    // The browser's own anchor would move the page too.
    this.element.classList.toggle("pinned", step > 0);
  }
  #settle(): void {
    if (!this.#pinned) return;
    const { element } = this.#sections[this.#pinned - 1];
    element.scrollIntoView();
    this.#settled = performance.now();
    this.#top = element.getBoundingClientRect().top;
  }

  /** Follows a reader who has scrolled away while figures came. */
  #leave(): void {
    if (!this.#pinned) return;
    const { top } = this.#sections[this.#pinned - 1].element.getBoundingClientRect();
    if (Math.abs(top - this.#top) < 2) return;
    this.#pin(0);
    this.#see(this.#middle);
  }

  #go(step: number, focus: boolean): void {
    const section = this.#sections[step - 1];
    this.#pin(step);
    void section.show();
    this.#settle();
    this.#arrive(step, false);
    if (focus) section.element.querySelector("h2")?.focus({ preventScroll: true });
  }
}

export const mount: Mount = (root, _params, signal) => {
  const story = new Story(signal);
  root.append(story.element);
  story.begin();
};

/** Shows sections that come near, and tells which one is in the middle of the screen. */
function watch(sections: readonly Section[], arrive: (step: number) => void, signal: AbortSignal): void {
  const of = (element: Element) => sections[Number((element as HTMLElement).dataset.step) - 1];
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) void of(target).show();
    },
    { rootMargin: "150px 0px" },
  );
  const middle = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) arrive(of(target).step);
    },
    { rootMargin: "-35% 0px -64% 0px" },
  );
  for (const { element } of sections) {
    near.observe(element);
    middle.observe(element);
  }
  signal.addEventListener("abort", () => {
    near.disconnect();
    middle.disconnect();
  });
}
