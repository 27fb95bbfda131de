// What can be moved in a figure: a ring for a point, and the line that reads values. Both take the pointer and the
// arrow keys. A finger beside them scrolls the page.
import type { Plot } from "./plot";
import { px, s, set } from "./svg";

export interface HandleOptions {
  /** What it moves. */
  label: string;
  color: string;
  /** Where it is. */
  at: () => readonly [x: number, y: number];
  move: (x: number, y: number) => void;
  /** A press of an arrow key. */
  step: readonly [x: number, y: number];
  /** What a screen reader says of its place. */
  text: () => string;
  /** When it is taken, or gets the focus. */
  taken?: () => void;
}

const KEYS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Calls `move` along a drag that begins on `target`. */
function drag(target: SVGElement, plot: Plot, signal: AbortSignal, move: (x: number, y: number) => void): void {
  const moved = (event: PointerEvent) => {
    if (target.hasPointerCapture(event.pointerId)) move(...plot.at(event));
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    target.setPointerCapture(event.pointerId);
    target.focus({ preventScroll: true });
  };
  // Where touch-action of SVG is not known.
  const hold = (event: TouchEvent) => event.preventDefault();
  target.addEventListener("touchstart", hold, { signal, passive: false });
  target.addEventListener("pointerdown", down, { signal });
  target.addEventListener("pointermove", moved, { signal });
}

function keys(target: SVGElement, signal: AbortSignal, move: (dx: number, dy: number) => void): void {
  const press = (event: KeyboardEvent) => {
    const to = KEYS[event.key];
    if (!to) return;
    event.preventDefault();
    const times = event.shiftKey ? 5 : 1;
    move(times * to[0], times * to[1]);
  };
  target.addEventListener("keydown", press, { signal });
}

/** A ring to drag; the function puts it where it belongs now. */
export function handle(plot: Plot, signal: AbortSignal, options: HandleOptions): () => void {
  const { label, color, step, taken } = options;
  const ring = s("circle", { r: 7, class: "ring" });
  ring.style.stroke = color;
  const group = s(
    "g",
    { class: "movable", tabindex: 0, role: "slider", "aria-label": label },
    s("circle", { r: 22, class: "reach" }),
    ring,
  );
  const place = () => {
    const [x, y] = options.at();
    if (plot.width) set(group, { transform: `translate(${px(plot.toX(x))} ${px(plot.toY(y))})` });
    set(group, { "aria-valuenow": Number(y.toFixed(3)), "aria-valuetext": options.text() });
  };
  const move = (x: number, y: number) => {
    options.move(x, y);
    place();
  };
  drag(group, plot, signal, move);
  keys(group, signal, (dx, dy) => {
    const [x, y] = options.at();
    move(x + dx * step[0], y + dy * step[1]);
  });
  if (taken) group.addEventListener("focus", taken, { signal });
  plot.front.append(group);
  plot.onLayout(place);
  return place;
}

/**
 * A line that follows the pointer, or the arrow keys, and reads values.
 *
 * @param read shows the values at a place of the grid; undefined: the pointer has left.
 */
export function reader(
  plot: Plot,
  signal: AbortSignal,
  grid: ArrayLike<number>,
  read: (index: number | undefined) => string,
): () => void {
  const line = s("line", { class: "reading", visibility: "hidden" });
  const grip = s("path", { d: "M0 7l-6 -9h12z", class: "grip" });
  const group = s(
    "g",
    { class: "reader", tabindex: 0, role: "slider", "aria-label": "Place to read values at" },
    s("rect", { x: -14, y: -8, width: 28, height: 24, class: "reach" }),
    grip,
  );
  let index = grid.length >> 1;
  let shown = false;
  const draw = () => {
    if (!plot.width) return;
    const text = read(shown ? index : undefined);
    const [at, [, , bottom, top]] = [px(plot.toX(grid[index])), (plot.svg.dataset.y ?? "").split(",").map(Number)];
    set(line, { x1: at, x2: at, y1: top, y2: bottom, visibility: shown ? "visible" : "hidden" });
    set(group, {
      transform: `translate(${at} ${top})`,
      "aria-valuemin": grid[0],
      "aria-valuemax": grid[grid.length - 1],
      "aria-valuenow": Number(grid[index].toFixed(3)),
      "aria-valuetext": shown ? text : read(index),
    });
    if (!shown) read(undefined);
  };
  const show = (to: number, visible = true) => {
    index = Math.min(grid.length - 1, Math.max(0, to));
    shown = visible;
    draw();
  };
  /** The place of the grid next to x. */
  const indexOf = (x: number) => {
    let best = 0;
    for (let i = 1; i < grid.length; i++) if (Math.abs(grid[i] - x) < Math.abs(grid[best] - x)) best = i;
    return best;
  };
  drag(group, plot, signal, (x) => show(indexOf(x)));
  keys(group, signal, (dx, dy) => show(index + dx + dy));
  const hover = (event: PointerEvent) => {
    if (event.pointerType === "mouse" && event.buttons === 0) show(indexOf(plot.at(event)[0]));
  };
  plot.svg.addEventListener("pointermove", hover, { signal });
  plot.svg.addEventListener("pointerleave", () => show(index, document.activeElement === group), { signal });
  group.addEventListener("focus", () => show(index), { signal });
  group.addEventListener("blur", () => show(index, false), { signal });
  plot.front.prepend(line, group);
  plot.onLayout(draw);
  return draw;
}
