// Heat maps on a canvas, in the colours of viridis.
import { fill, h } from "./dom";
import { extent, format } from "./numbers";
import "./heat.css";

/** Nine stops of viridis. */
const STOPS = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/** Writes the colour of t in [0, 1] as four bytes. */
function paint(pixels: Uint8ClampedArray, at: number, t: number): void {
  const place = Math.min(0.999999, Math.max(0, t)) * (STOPS.length - 1);
  const i = Math.floor(place);
  for (let k = 0; k < 3; k++) pixels[at + k] = STOPS[i][k] + (place - i) * (STOPS[i + 1][k] - STOPS[i][k]);
  pixels[at + 3] = 255;
}

/** One pixel for each entry of a square matrix. */
function drawHeat(canvas: HTMLCanvasElement, data: Float64Array, size: number, low: number, high: number): void {
  canvas.width = size;
  canvas.height = size;
  const image = new ImageData(size, size);
  const scale = high > low ? 1 / (high - low) : 0;
  data.forEach((value, at) => {
    paint(image.data, 4 * at, (value - low) * scale);
  });
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** The colours from dark to bright. */
function drawBar(canvas: HTMLCanvasElement): void {
  const image = new ImageData(canvas.width, 1);
  for (let i = 0; i < canvas.width; i++) paint(image.data, 4 * i, i / (canvas.width - 1));
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** Where index i of `size` cells has its middle, in percent. */
const middle = (i: number, size: number) => `${(100 * (i + 0.5)) / size}%`;

/** Cells of a matrix over a grid, with axes, the colours from dark to bright, and a marker on one cell. */
export class HeatMap {
  readonly element: HTMLElement;
  readonly #canvas = h("canvas", { class: "heat", role: "img" });
  readonly #marker = h("span", { class: "marker", "aria-hidden": "true" });
  readonly #down = h("div", { class: "down", "aria-hidden": "true" });
  readonly #right = h("div", { class: "right", "aria-hidden": "true" });
  readonly #low = h("span", {});
  readonly #high = h("span", {});
  readonly #names: { down: string; right: string };
  #size = 1;

  /** `pointed` hears the row and the column under the pointer, and where a finger taps. */
  constructor(names: { down: string; right: string }, pointed: (row: number, column: number) => void) {
    const bar = h("canvas", { class: "colours", width: 256, height: 1, "aria-hidden": "true" });
    drawBar(bar);
    this.#names = names;
    const cells = h("div", { class: "cells" }, this.#canvas, this.#marker);
    const name = h("div", { class: "name", "aria-hidden": "true" }, names.right);
    this.element = h(
      "div",
      {},
      h("div", { class: "heatmap" }, this.#down, cells, this.#right, name),
      h("div", { class: "scale" }, this.#low, bar, this.#high),
    );
    const point = (event: MouseEvent) => {
      const box = this.#canvas.getBoundingClientRect();
      const cell = (share: number) => Math.min(this.#size - 1, Math.max(0, Math.floor(share * this.#size)));
      pointed(cell((event.clientY - box.top) / box.height), cell((event.clientX - box.left) / box.width));
    };
    this.#canvas.addEventListener("pointermove", (event) => event.pointerType !== "touch" && point(event));
    this.#canvas.addEventListener("click", point);
  }

  show(data: Float64Array, grid: Float64Array, label: string): void {
    const [low, high] = extent(data);
    this.#size = grid.length;
    this.#canvas.setAttribute("aria-label", label);
    drawHeat(this.#canvas, data, grid.length, low, high);
    fill(this.#low, format(low));
    fill(this.#high, format(high));
    const [first, last] = [grid[0], grid[grid.length - 1]];
    const ticks = Array.from({ length: Math.floor(last) - Math.ceil(first) + 1 }, (_, k) => Math.ceil(first) + k);
    const place = (tick: number) => middle(((tick - first) / (last - first)) * (grid.length - 1), grid.length);
    const labelled = (tick: number, side: "top" | "left") => {
      const text = h("span", {}, format(tick));
      text.style[side] = place(tick);
      return text;
    };
    fill(
      this.#down,
      h("i", {}, this.#names.down),
      ticks.map((tick) => labelled(tick, "top")),
    );
    fill(
      this.#right,
      ticks.map((tick) => labelled(tick, "left")),
    );
  }

  mark(row: number, column: number): void {
    this.#marker.style.top = middle(row, this.#size);
    this.#marker.style.left = middle(column, this.#size);
  }
}
