// The three panels of the feature view, and the curve that a pointer means.
import type uPlot from "uplot";
import type { FeaturesResult } from "../compute/features";
import { h } from "../dom";
import { unitColor } from "../palette";
import { chart, ink } from "../plot";
import { looks } from "./shared";

const FAMILIES = { b: "∂f/∂b", d: "∂f/∂d", c: "∂f/∂c" } as const;
type Family = keyof typeof FAMILIES;

/** Pixels within which a curve is meant. */
const REACH = { mouse: 20, touch: 32 };

/** A number of the style sheet. */
const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const hue = (unit: number) => unitColor(unit, token("--unit-lightness"), token("--unit-chroma"));

/** Distance of the origin from the segment between two points. */
function toSegment(x1: number, y1: number, x2: number, y2: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const t = length > 0 ? Math.min(1, Math.max(0, -(x1 * dx + y1 * dy) / length)) : 0;
  return Math.hypot(x1 + t * dx, y1 + t * dy);
}

/** The charts of the three families; `setFocus` shows one unit before the others. */
export class Charts {
  readonly element = h("div", { class: "panels three" });
  #plots: { family: Family; plot: uPlot }[] = [];
  #focus = 0;
  #inner = new AbortController();
  #result: FeaturesResult | undefined;
  readonly #parts: Record<Family, { box: HTMLElement; title: HTMLElement }>;

  /**
   * `pointed` hears the unit under the pointer, or 0, and the place in the grid.
   * `picked` hears the unit that a click or a tap is on.
   */
  constructor(
    readonly grid: Float64Array,
    readonly signal: AbortSignal,
    readonly pointed: (unit: number, at?: number) => void,
    readonly picked: (unit: number) => void,
  ) {
    const partOf = () => {
      const part = { box: h("div", { class: "plot" }), title: h("h2", {}) };
      this.element.append(h("section", {}, part.title, part.box));
      return part;
    };
    this.#parts = { b: partOf(), d: partOf(), c: partOf() };
  }

  show(result: FeaturesResult, activation: string): void {
    if (this.#result?.units.length !== result.units.length) this.#make(result.units.length);
    this.#result = result;
    const names = looks(activation);
    for (const { family, plot } of this.#plots) {
      const { box, title } = this.#parts[family];
      title.textContent = `${names[family]}, ${FAMILIES[family]}`;
      box.setAttribute("aria-label", `${title.textContent} of ${result.units.length} hidden units against x`);
      plot.setData([this.grid, ...result.families[family]]);
    }
  }

  setFocus(unit: number): void {
    if (unit === this.#focus) return;
    this.#focus = unit;
    for (const { plot } of this.#plots) plot.redraw(false);
  }

  #make(units: number): void {
    this.#inner.abort();
    this.#inner = new AbortController();
    const signal = AbortSignal.any([this.signal, this.#inner.signal]);
    const series = Array.from(
      { length: units },
      (_, i): uPlot.Series => ({
        stroke: () => (this.#focus === 0 || this.#focus === i + 1 ? hue(i + 1) : ink("faint")),
        width: 1.75,
        points: { show: false },
      }),
    );
    this.#plots = (Object.keys(FAMILIES) as Family[]).map((family) => {
      const plot = chart(this.#parts[family].box, signal, {
        label: FAMILIES[family],
        height: 240,
        series,
        x: { label: "x" },
        hooks: { draw: [(p) => this.#front(p)] },
      });
      this.#listen(family, plot, signal);
      return { family, plot };
    });
  }

  /** A mouse shows what it is over; a click or a tap keeps it. A finger that scrolls does neither. */
  #listen(family: Family, plot: uPlot, signal: AbortSignal): void {
    let reach = REACH.mouse;
    const hover = (event: PointerEvent) => {
      if (event.pointerType !== "mouse") return;
      const at = Math.round(this.#index(plot, event.clientX - plot.over.getBoundingClientRect().left));
      this.pointed(this.#nearest(family, plot, event, REACH.mouse), at);
    };
    plot.over.addEventListener("pointermove", hover, { signal });
    plot.over.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.pointed(0), { signal });
    plot.over.addEventListener(
      "pointerdown",
      ({ pointerType }) => {
        reach = pointerType === "mouse" ? REACH.mouse : REACH.touch;
      },
      { signal },
    );
    plot.over.addEventListener("click", (event) => this.picked(this.#nearest(family, plot, event, reach)), { signal });
  }

  /** The unit in focus once more, thick and in front of all others. */
  #front(plot: uPlot): void {
    const values = this.#focus ? plot.data[this.#focus] : undefined;
    if (!values) return;
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = ink("accent");
    ctx.lineWidth = 3.5 * devicePixelRatio;
    ctx.beginPath();
    for (const [i, x] of this.grid.entries())
      ctx.lineTo(plot.valToPos(x, "x", true), plot.valToPos(values[i] ?? 0, "y", true));
    ctx.stroke();
    ctx.restore();
  }

  /** Where a place in pixels is in the grid: an index and a share of the next. */
  #index(plot: uPlot, left: number): number {
    const { grid } = this;
    const share = (plot.posToVal(left, "x") - grid[0]) / (grid[grid.length - 1] - grid[0]);
    return Math.min(grid.length - 1, Math.max(0, share * (grid.length - 1)));
  }

  /** The unit whose curve is nearest to the pointer, in both directions, within `reach` pixels; or 0. */
  #nearest(family: Family, plot: uPlot, event: MouseEvent, reach: number): number {
    const box = plot.over.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    const { grid } = this;
    const [from, to] = [Math.floor(this.#index(plot, left - reach)), Math.ceil(this.#index(plot, left + reach))];
    let best = reach;
    let unit = 0;
    this.#result?.families[family].forEach((values, j) => {
      const at = (i: number) => [plot.valToPos(grid[i], "x") - left, plot.valToPos(values[i], "y") - top] as const;
      for (let i = from; i < to; i++) {
        const distance = toSegment(...at(i), ...at(i + 1));
        if (distance < best) [best, unit] = [distance, j + 1];
      }
    });
    return unit;
  }
}
