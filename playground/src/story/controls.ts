// Controls of the story: sliders that can be told of changes from elsewhere, and a player of frames.
import { h } from "../dom";
import { decimals } from "../numbers";

export interface SliderOptions {
  id: string;
  label: string;
  min: number;
  max: number;
  step: number;
  get: () => number;
  set: (value: number) => void;
  show?: (value: number) => string;
  /** In the colour of the unit that its panel is about. */
  tied?: boolean;
}

/** A labelled slider; `refresh` shows what `get` says. */
export function slider(options: SliderOptions): { element: HTMLElement; refresh: () => void } {
  const { id, label, min, max, step, get, set, tied, show = decimals } = options;
  const output = h("output", { for: id });
  const input = h("input", { id, type: "range", min, max, step });
  const name = h("label", { for: id }, label);
  const refresh = () => {
    const value = get();
    input.value = String(value);
    output.textContent = show(value);
    input.setAttribute("aria-valuetext", show(value));
  };
  input.addEventListener("input", () => {
    set(input.valueAsNumber);
    refresh();
  });
  refresh();
  const element = h("div", { class: "field" }, name, output, input);
  if (tied) element.classList.add("tied");
  return { element, refresh };
}

const MILLISECONDS = 5000;

export interface Player {
  element: HTMLElement;
  /** Shows the last frame, and plays once when the player comes in sight, unless the reader wants little motion. */
  begin: () => void;
  /** The frame on display once more. */
  again: () => void;
}

/** Plays frames 0 … last, and lets them be chosen. */
export function player(
  options: { id: string; label: string; last: number; show: (frame: number) => void; text: (frame: number) => string },
  signal: AbortSignal,
): Player {
  const { id, label, last, show, text } = options;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let at = last;
  let timer = 0;
  const button = h("button", { type: "button", class: "play" });
  const set = (frame: number) => {
    at = frame;
    show(frame);
    refresh();
  };
  const chosen = slider({
    id,
    label,
    min: 0,
    max: last,
    step: 1,
    get: () => at,
    set: (frame) => {
      pause();
      set(frame);
    },
    show: text,
  });
  const refresh = () => {
    chosen.refresh();
    button.textContent = timer ? "Pause" : still ? (at < last ? "To the end" : "To the start") : "Play";
  };
  const pause = () => {
    cancelAnimationFrame(timer);
    timer = 0;
    refresh();
  };
  const play = (from: number) => {
    const began = performance.now() - (from / last) * MILLISECONDS;
    const turn = (now: number) => {
      const frame = Math.min(last, Math.floor(((now - began) / MILLISECONDS) * last));
      timer = frame < last ? requestAnimationFrame(turn) : 0;
      if (frame !== at || !timer) set(Math.max(0, frame));
    };
    timer = requestAnimationFrame(turn);
    refresh();
  };
  button.addEventListener("click", () => {
    if (still) set(at < last ? last : 0);
    else if (timer) pause();
    else play(at >= last ? 0 : at);
  });
  signal.addEventListener("abort", pause);
  refresh();
  const element = h("div", { class: "player" }, button, chosen.element);
  const seen = new IntersectionObserver(([{ isIntersecting }]) => {
    if (!isIntersecting) return;
    seen.disconnect();
    if (!timer && at === last) play(0);
  });
  signal.addEventListener("abort", () => seen.disconnect());
  return {
    element,
    begin: () => {
      set(last);
      if (!still) seen.observe(element);
    },
    again: () => set(at),
  };
}
