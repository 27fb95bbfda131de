// A figure against x in SVG. Its pixels are those of the page, so that letters keep their size on a phone.
import { h } from "../dom";
import { tickTexts } from "../ticks";
import { px, s, set } from "./svg";

type Range = readonly [low: number, high: number];
type Values = ArrayLike<number>;

export interface PlotOptions {
  /** What a screen reader says of the figure. */
  label: string;
  x: Range;
  y: Range;
  /** Pixels; default: half the width, within limits. */
  height?: number | ((width: number) => number);
  xLabel?: string;
  yLabel?: string;
  /** Ticks of x with texts of their own. */
  xTicks?: readonly (readonly [at: number, text: string])[];
}

const RIGHT = 8;
const TOP = 8;

/** Round numbers within a range, about `count` of them. */
function ticksOf([low, high]: Range, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}

let clips = 0;

export class Plot {
  readonly element = h("div", { class: "figure" });
  readonly svg;
  /** What lies above the curves and may take the pointer. */
  readonly front = s("g");
  width = 0;
  height = 0;
  readonly #options: PlotOptions;
  readonly #axes = s("g", { class: "axes", "aria-hidden": "true" });
  readonly #curves;
  readonly #clip = s("rect");
  readonly #drawers: (() => void)[] = [];
  #left = 0;
  #bottom = 0;

  constructor(options: PlotOptions, signal: AbortSignal) {
    this.#options = options;
    const id = `clip-${++clips}`;
    this.#curves = s("g", { "clip-path": `url(#${id})` });
    const picture = s("g", { role: "img", "aria-label": options.label }, this.#axes, this.#curves);
    const clip = s("defs", {}, s("clipPath", { id }, this.#clip));
    this.svg = s("svg", { role: "group", "aria-label": options.label }, clip, picture, this.front);
    this.element.append(this.svg);
    const observer = new ResizeObserver(() => this.#layout());
    observer.observe(this.element);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /** A curve that is drawn behind those to come; the function gives it values. */
  curve(className: string, color?: string): (xs: Values, ys: Values | undefined) => void {
    const path = s("path", { class: `curve ${className}` });
    if (color) path.style.stroke = color;
    this.#curves.append(path);
    return this.#drawer((xs: Values, ys: Values | undefined) => set(path, { d: ys ? this.#path(xs, ys) : "" }));
  }

  /** A shaded band. */
  band(className: string): (xs: Values, low: Values, high: Values) => void {
    const path = s("path", { class: className });
    this.#curves.append(path);
    return this.#drawer((xs: Values, low: Values, high: Values) => {
      const back = Array.from(xs, (_, i) => xs.length - 1 - i);
      const there = this.#path(xs, high);
      const again = back.map((i) => `L${px(this.toX(xs[i]))} ${px(this.toY(low[i]))}`).join("");
      set(path, { d: `${there}${again}Z` });
    });
  }

  /** Points that do not move by hand. */
  dots(className: string): (xs: Values, ys: Values) => void {
    const group = s("g", { class: className });
    this.#curves.append(group);
    return this.#drawer((xs: Values, ys: Values) => {
      const dots = Array.from(xs, (x, i) => s("circle", { cx: px(this.toX(x)), cy: px(this.toY(ys[i])), r: 3 }));
      group.replaceChildren(...dots);
    });
  }

  /** Runs after every change of size or range. */
  onLayout(draw: () => void): void {
    this.#drawers.push(draw);
    if (this.width) draw();
  }

  toX(x: number): number {
    const [low, high] = this.#options.x;
    return this.#left + ((x - low) / (high - low)) * (this.width - this.#left - RIGHT);
  }
  toY(y: number): number {
    const [low, high] = this.#options.y;
    return this.#bottom - ((y - low) / (high - low)) * (this.#bottom - TOP);
  }
  /** The values at a pointer, within the ranges. */
  at(event: PointerEvent): [x: number, y: number] {
    const box = this.svg.getBoundingClientRect();
    const { x, y } = this.#options;
    const inside = ([low, high]: Range, value: number) => Math.min(high, Math.max(low, value));
    const across = (event.clientX - box.left - this.#left) / (this.width - this.#left - RIGHT);
    const up = (this.#bottom - (event.clientY - box.top)) / (this.#bottom - TOP);
    return [inside(x, x[0] + across * (x[1] - x[0])), inside(y, y[0] + up * (y[1] - y[0]))];
  }

  /** A drawing that keeps its values, and is drawn again when the figure changes its size. */
  #drawer<A extends unknown[]>(draw: (...values: A) => void): (...values: A) => void {
    let kept: A | undefined;
    this.#drawers.push(() => kept && draw(...kept));
    return (...values) => {
      kept = values;
      if (this.width) draw(...values);
    };
  }

  #path(xs: Values, ys: Values): string {
    let d = "";
    for (let i = 0; i < xs.length; i++) d += `${i ? "L" : "M"}${px(this.toX(xs[i]))} ${px(this.toY(ys[i]))}`;
    return d;
  }

  #layout(): void {
    const width = this.element.clientWidth;
    const { height: asked = (w) => Math.round(Math.min(340, Math.max(190, 0.5 * w))) } = this.#options;
    const height = typeof asked === "number" ? asked : asked(width);
    if (!width || (width === this.width && height === this.height)) return;
    [this.width, this.height] = [width, height];
    set(this.svg, { viewBox: `0 0 ${width} ${height}`, width, height });
    this.#draw();
  }

  #draw(): void {
    const { x, y, xLabel, yLabel } = this.#options;
    this.#left = yLabel ? 46 : 30;
    this.#bottom = this.height - (xLabel ? 36 : 20);
    set(this.#clip, { x: this.#left, y: TOP, width: this.width - this.#left - RIGHT, height: this.#bottom - TOP });
    // Tests read what is drawn by these.
    set(this.svg, {
      "data-x": [...x, this.#left, this.width - RIGHT].join(),
      "data-y": [...y, this.#bottom, TOP].join(),
    });
    this.#drawAxes();
    for (const draw of this.#drawers) draw();
  }

  #drawAxes(): void {
    const { x, y, xLabel, yLabel, xTicks } = this.#options;
    const [left, right, bottom] = [this.#left, this.width - RIGHT, this.#bottom];
    const plain = (range: Range, count: number) => {
      const ticks = ticksOf(range, count);
      const texts = tickTexts(ticks);
      return ticks.map((tick, i) => [tick, texts[i]] as const);
    };
    const parts: SVGElement[] = [];
    for (const [tick, text] of xTicks ?? plain(x, Math.max(3, this.width / 90))) {
      const at = px(this.toX(tick));
      parts.push(s("line", { x1: at, x2: at, y1: TOP, y2: bottom }));
      // The last text ends with the figure.
      const place =
        Number(at) > right - 12 ? { x: right + RIGHT, "text-anchor": "end" } : { x: at, "text-anchor": "middle" };
      parts.push(s("text", { y: bottom + 15, ...place }, text));
    }
    for (const [tick, text] of plain(y, Math.max(4.6, this.height / 60))) {
      const at = px(this.toY(tick));
      parts.push(s("line", { x1: left, x2: right, y1: at, y2: at }));
      parts.push(s("text", { x: left - 5, y: Number(at) + 4, "text-anchor": "end" }, text));
    }
    if (xLabel) parts.push(s("text", { x: (left + right) / 2, y: this.height - 4, "text-anchor": "middle" }, xLabel));
    if (yLabel) {
      const middle = (TOP + bottom) / 2;
      parts.push(s("text", { transform: `translate(12 ${middle}) rotate(-90)`, "text-anchor": "middle" }, yLabel));
    }
    this.#axes.replaceChildren(...parts);
  }
}
