// Features: the tangent features of a 1-D network, one panel per family, one colour per hidden unit.
import type uPlot from "uplot";
import { latest, service } from "../client";
import type { FeaturesRequest, FeaturesResult } from "../compute/features";
import { fill, format, h, html, panel } from "../dom";
import type { Mount } from "../mount";
import { chart, color, linspace } from "../plot";
import { readValues, type Spec, writeHash } from "../state";
import { ACTIVATIONS, INITS } from "./shared";

const INTRO = `<h1>Features</h1>
<p class="intro">To first order a wide network is linear in these functions: each hidden unit gives three of them, a sigmoid, a bell and an impulse
response, the derivatives of the output by its outer weight, its bias and its inner weight. Point at a unit, or move the focus to its button, to see
its three functions together: all of them turn where <i>c<sub>j</sub>x</i> + <i>d<sub>j</sub></i> = 0.</p>
<p class="formula"><i>f</i>(<i>x</i>) = <i>a</i> + Σ<sub><i>j</i></sub> <i>b<sub>j</sub></i> σ(<i>c<sub>j</sub>x</i> + <i>d<sub>j</sub></i>):
&emsp;∂<i>f</i>/∂<i>b<sub>j</sub></i> = σ(<i>z<sub>j</sub></i>),
&emsp;∂<i>f</i>/∂<i>d<sub>j</sub></i> = <i>b<sub>j</sub></i> σ′(<i>z<sub>j</sub></i>),
&emsp;∂<i>f</i>/∂<i>c<sub>j</sub></i> = <i>x b<sub>j</sub></i> σ′(<i>z<sub>j</sub></i>)</p>`;
const FAMILIES = { b: "Sigmoids, ∂f/∂b", d: "Bells, ∂f/∂d", c: "Impulse responses, ∂f/∂c" } as const;
type Family = keyof typeof FAMILIES;
const GRID = linspace(-3, 3, 241);

export const SPEC = {
  width: { kind: "range", label: "Hidden units m", min: 1, max: 40, step: 1, value: 9 },
  init: { kind: "select", label: "Initialisation", options: INITS, value: "lecun" },
  activation: { kind: "select", label: "Activation", options: ACTIVATIONS, value: "sigmoid" },
  weightStd: { kind: "range", label: "Weight spread", min: 0.5, max: 12, step: 0.5, value: 4 },
  biasStd: { kind: "range", label: "Bias spread", min: 0, max: 12, step: 0.5, value: 6 },
  seed: { kind: "range", label: "Seed", min: 0, max: 50, step: 1, value: 12 },
  unit: { kind: "range", label: "Unit in focus (0: none)", min: 0, max: 40, step: 1, value: 0 },
} as const satisfies Spec;

/** Colours of equal lightness around the circle; text never has them. */
const hue = (unit: number, alpha: number) => `hsl(${(unit * 137.5 + 215) % 360} 65% 52% / ${alpha})`;

/** The charts of the three families; `setFocus` shows one unit before the others. */
class Charts {
  readonly element = h("div", { class: "panels three" });
  #plots: { family: Family; box: HTMLElement; plot: uPlot }[] = [];
  #focus = 0;
  #inner = new AbortController();
  #result: FeaturesResult | undefined;
  readonly #signal: AbortSignal;
  readonly #pointed: (unit: number) => void;
  readonly #boxes: Record<Family, HTMLElement>;

  constructor(signal: AbortSignal, pointed: (unit: number) => void) {
    this.#signal = signal;
    this.#pointed = pointed;
    const boxOf = (family: Family) => {
      const box = h("div", { class: "plot" });
      this.element.append(h("section", {}, h("h2", {}, FAMILIES[family]), box));
      return box;
    };
    this.#boxes = { b: boxOf("b"), d: boxOf("d"), c: boxOf("c") };
  }

  show(result: FeaturesResult): void {
    if (this.#result?.units.length !== result.units.length) this.#make(result.units.length);
    this.#result = result;
    for (const { family, plot } of this.#plots) plot.setData([GRID, ...result.families[family]]);
  }

  setFocus(unit: number): void {
    if (unit === this.#focus) return;
    this.#focus = unit;
    for (const { plot } of this.#plots) plot.redraw(false);
  }

  #make(units: number): void {
    this.#inner.abort();
    this.#inner = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#inner.signal]);
    const series = Array.from({ length: units }, (_, i): uPlot.Series => {
      const unit = i + 1;
      return {
        stroke: () => (this.#focus === 0 ? hue(unit, 0.9) : this.#focus === unit ? color("accent") : color("faint")),
        width: 1.75,
        points: { show: false },
      };
    });
    this.#plots = (Object.keys(FAMILIES) as Family[]).map((family) => {
      const box = this.#boxes[family];
      const label = `${FAMILIES[family]} of ${units} hidden units against x`;
      const plot = chart(box, signal, {
        label,
        height: 240,
        series,
        x: { label: "x" },
        hooks: { draw: [(p) => this.#front(p)] },
      });
      const pointed = (event: PointerEvent) => this.#pointed(this.#nearest(family, plot, event));
      plot.over.addEventListener("pointermove", pointed, { signal });
      plot.over.addEventListener("pointerleave", () => this.#pointed(0), { signal });
      return { family, box, plot };
    });
  }

  /** The unit in focus once more, thick and in front of all others. */
  #front(plot: uPlot): void {
    const values = this.#focus ? plot.data[this.#focus] : undefined;
    if (!values) return;
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = color("accent");
    ctx.lineWidth = 3.5 * devicePixelRatio;
    ctx.beginPath();
    for (let i = 0; i < GRID.length; i++) {
      ctx.lineTo(plot.valToPos(GRID[i], "x", true), plot.valToPos(values[i] ?? 0, "y", true));
    }
    ctx.stroke();
    ctx.restore();
  }

  /** The unit whose curve is under the pointer, within 20 pixels, or 0. */
  #nearest(family: Family, plot: uPlot, event: PointerEvent): number {
    const box = plot.over.getBoundingClientRect();
    const at = Math.round(((plot.posToVal(event.clientX - box.left, "x") + 3) / 6) * (GRID.length - 1));
    const y = event.clientY - box.top;
    let best = 20;
    let unit = 0;
    this.#result?.families[family].forEach((values, i) => {
      const distance = Math.abs(plot.valToPos(values[at], "y") - y);
      if (distance < best) [best, unit] = [distance, i + 1];
    });
    return unit;
  }
}

export const mount: Mount = (root, params, signal) => {
  const values = readValues(SPEC, params);
  let result: FeaturesResult | undefined;
  const status = h("p", { class: "status", id: "status", "aria-live": "polite" });
  const error = h("p", { class: "error", role: "alert" });
  const buttons = h("div", { class: "units", role: "group", "aria-label": "Hidden units" });
  /** Shows a unit: the one pointed at or focused, else the one of the settings. */
  const focus = (unit: number) => {
    const chosen = unit || (values.unit <= values.width ? values.unit : 0);
    charts.setFocus(chosen);
    for (const [i, button] of [...buttons.children].entries())
      button.setAttribute("aria-pressed", String(i + 1 === chosen));
    const weights = result?.units[chosen - 1];
    status.textContent = weights
      ? `Unit ${chosen}: b = ${format(weights.b)}, c = ${format(weights.c)}, d = ${format(weights.d)}, centre −d/c = ${format(-weights.d / weights.c)}.`
      : `${values.width} units, ${3 * values.width + 1} features with the constant ∂f/∂a = 1.`;
  };
  const charts = new Charts(signal, focus);
  const label = () => {
    const count = result?.units.length ?? 0;
    if (buttons.children.length === count) return;
    fill(
      buttons,
      Array.from({ length: count }, (_, i) => {
        const show = () => focus(i + 1);
        const leave = () => focus(0);
        const keep = () => {
          const input = document.getElementById("c-unit") as HTMLInputElement;
          input.value = String(values.unit === i + 1 ? 0 : i + 1);
          input.dispatchEvent(new Event("input"));
        };
        const on = { onpointerenter: show, onfocus: show, onpointerleave: leave, onblur: leave, onclick: keep };
        return h(
          "button",
          { type: "button", "aria-label": `Unit ${i + 1}`, "aria-pressed": "false", ...on },
          String(i + 1),
        );
      }),
    );
  };
  const request = latest(
    signal,
    (asked: FeaturesRequest) => service.features(asked) as Promise<FeaturesResult>,
    (answer) => {
      result = answer;
      error.textContent = "";
      charts.show(answer);
      label();
      focus(0);
    },
    (problem) => {
      error.textContent = problem.message;
    },
  );
  const ask = () => {
    writeHash("features", SPEC, values);
    const { width, init, activation, weightStd, biasStd, seed } = values;
    const network = { hidden: width, init, activation, weightStd, biasStd, seed } as FeaturesRequest["network"];
    request({ network, grid: GRID });
  };
  const controls = panel(SPEC, values, (key) => {
    if (key !== "unit") return ask();
    writeHash("features", SPEC, values);
    focus(0);
  });
  const plots = h("section", { "aria-label": "Feature map" }, charts.element, buttons, status, error);
  root.append(html(INTRO), h("div", { class: "layout" }, plots, h("aside", { "aria-label": "Settings" }, controls)));
  ask();
};
