// Small helpers: elements, and the panel of controls that a Spec describes.
import type { Spec, Value, Values } from "./state";

type Props = Record<string, string | number | boolean | ((event: never) => void)>;

/** What an element can hold; lists of any length and depth. */
type Child = Node | string | readonly Child[];

/** An element with attributes (functions are listeners, named like `onclick`) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value as EventListener);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false) element.setAttribute(key, String(value));
  }
  append(element, children);
  return element;
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (typeof child === "string" || "nodeType" in child) element.append(child);
    else append(element, child);
  }
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}

/** Static HTML of this program, never of a user. */
export function html(markup: string): HTMLElement {
  const box = document.createElement("div");
  box.innerHTML = markup;
  return box;
}

/** A panel of labelled controls that keeps `values` up to date and tells of every change. */
export function panel<S extends Spec>(
  spec: S,
  values: Values<S>,
  changed: (key: keyof S & string) => void,
): HTMLElement {
  const box = h("div", { class: "controls" });
  const store = values as Record<string, Value>;
  for (const [key, field] of Object.entries(spec)) {
    const id = `c-${key}`;
    const set = (value: Value) => {
      store[key] = value;
      changed(key);
    };
    const label = h("label", { for: id }, field.label);
    const help = field.help ? [h("small", { class: "help", id: `${id}-help` }, field.help)] : [];
    const described: Props = field.help ? { "aria-describedby": `${id}-help` } : {};
    if (field.kind === "range") {
      const { min, max, step, show = String } = field;
      const output = h("output", { for: id }, show(store[key] as number));
      const input = h("input", { id, type: "range", min, max, step, value: store[key] as number, ...described });
      const valueText = () => input.setAttribute("aria-valuetext", show(store[key] as number));
      valueText();
      input.addEventListener("input", () => {
        set(input.valueAsNumber);
        output.textContent = show(input.valueAsNumber);
        valueText();
      });
      box.append(h("div", { class: "field" }, label, output, input, help));
    } else if (field.kind === "select") {
      const options = Object.entries(field.options).map(([value, text]) =>
        h("option", { value, selected: value === store[key] }, text),
      );
      const input = h("select", { id, ...described }, options);
      input.addEventListener("change", () => set(input.value));
      box.append(h("div", { class: "field" }, label, input, help));
    } else {
      const input = h("input", { id, type: "checkbox", checked: store[key] as boolean, ...described });
      input.addEventListener("change", () => set(input.checked));
      box.append(h("div", { class: "field check" }, input, label, help));
    }
  }
  return box;
}

/** A time in which nothing new has come after which the last text is announced. */
const QUIET_MS = 500;
let waiting = 0;

/** What screen readers hear: for ends and answers, not for what changes all the time. What waits to be said is not. */
export function announce(text: string): void {
  clearTimeout(waiting);
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

/** Announces the last of many texts, once they have stopped to come. */
export function announcer(signal: AbortSignal): (text: string) => void {
  signal.addEventListener("abort", () => clearTimeout(waiting));
  return (text) => {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => announce(text), QUIET_MS);
  };
}

/** A share of a plot that has to be in sight while a control moves. */
const IN_SIGHT = 0.9;

/**
 * Makes the settings of a view a sheet at the bottom of a narrow screen, which its button opens. While one of its
 * controls moves, a plot is in sight above it. On a wide screen the style sheet hides the button, and the settings
 * stand beside the plots.
 */
export function sheet(root: HTMLElement): void {
  const settings = root.querySelector<HTMLElement>(".layout > aside");
  if (!settings) return;
  settings.id ||= "settings";
  const button = h("button", { type: "button", class: "handle", "aria-controls": settings.id }, "Settings");
  const open = (is: boolean) => {
    settings.toggleAttribute("data-open", is);
    button.setAttribute("aria-expanded", String(is));
    if (is) bringPlot(root, settings);
  };
  button.addEventListener("click", () => open(!settings.hasAttribute("data-open")));
  settings.addEventListener("input", () => settings.hasAttribute("data-open") && bringPlot(root, settings));
  settings.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !settings.hasAttribute("data-open")) return;
    open(false);
    button.focus();
  });
  settings.prepend(button);
  open(false);
}

/** Scrolls to the first plot where none is in sight above the sheet. */
function bringPlot(root: HTMLElement, settings: HTMLElement): void {
  const bottom = settings.getBoundingClientRect().top;
  const plots = [...root.querySelectorAll<HTMLElement>(".plot, .heat")].filter((plot) => !settings.contains(plot));
  const seen = (plot: HTMLElement) => {
    const box = plot.getBoundingClientRect();
    return (Math.min(bottom, box.bottom) - Math.max(0, box.top)) / Math.max(1, box.height) >= IN_SIGHT;
  };
  if (!plots.some(seen)) plots[0]?.scrollIntoView({ block: "start" });
}

/** Saves text as a file. */
export function download(name: string, type: string, text: string | Blob): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
