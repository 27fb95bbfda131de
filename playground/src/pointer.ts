// The pointer in the regression plot: add, drag and remove points. A mouse drags at once. A finger drags once it has
// been held on a point, so that a swipe scrolls the page wherever it begins.
import { snap } from "./numbers";
import type { RegressionView } from "./views/regressionView";

const REACH = { mouse: 10, touch: 22 };
/** Milliseconds for which a finger rests on a point before it drags it. */
const HOLD_MS = 300;

export function pointEditor(view: RegressionView, signal: AbortSignal): void {
  const over = view.plot.over;
  let dragged = -1;
  let hold = 0;
  /** Where a finger came down, until it moves: a tap, or the begin of a hold or a swipe. */
  let tap: { x: number; y: number } | undefined;
  const place = (event: PointerEvent) => {
    const box = over.getBoundingClientRect();
    const left = Math.min(box.width, Math.max(0, event.clientX - box.left));
    const top = Math.min(box.height, Math.max(0, event.clientY - box.top));
    const value = (at: number, axis: "x" | "y") => snap(view.plot.posToVal(at, axis), view.view[axis]);
    return { left, top, x: value(left, "x"), y: value(top, "y") };
  };
  /** The nearest point within reach, or -1. */
  const near = (event: PointerEvent) => {
    const { left, top } = place(event);
    let best = event.pointerType === "mouse" ? REACH.mouse : REACH.touch;
    let id = -1;
    for (const p of view.data.points) {
      const distance = Math.hypot(view.plot.valToPos(p.x, "x") - left, view.plot.valToPos(p.y, "y") - top);
      if (distance <= best) [best, id] = [distance, p.id];
    }
    return id;
  };
  const removes = (event: PointerEvent) => view.values.click === "remove" || event.altKey;
  const removeAt = (event: PointerEvent) => {
    const id = near(event);
    if (id >= 0) view.edit(() => view.remove(id));
  };
  const drag = (id: number, event: PointerEvent) => {
    dragged = id;
    if (id >= 0) over.setPointerCapture(event.pointerId);
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const id = near(event);
    if (event.pointerType === "touch") {
      tap = { x: event.clientX, y: event.clientY };
      if (id >= 0 && !removes(event)) hold = window.setTimeout(() => held(id, event), HOLD_MS);
      return;
    }
    if (removes(event)) return removeAt(event);
    event.preventDefault();
    drag(id < 0 ? addAt(event, true) : id, event);
  };
  const held = (id: number, event: PointerEvent) => {
    tap = undefined;
    drag(id, event);
    view.box.classList.add("held");
  };
  const addAt = (event: PointerEvent, dragging: boolean) => {
    const { x, y } = place(event);
    let id = -1;
    view.edit(() => {
      id = view.add(x, y);
    }, dragging);
    return id;
  };
  const move = (event: PointerEvent) => {
    if (dragged >= 0) {
      const { x, y } = place(event);
      view.edit(() => view.move(dragged, x, y), true);
      return;
    }
    if (tap && Math.hypot(event.clientX - tap.x, event.clientY - tap.y) >= REACH.mouse) leave();
    if (event.pointerType !== "touch") view.box.classList.toggle("grab", near(event) >= 0);
  };
  const up = (event: PointerEvent) => {
    if (tap && removes(event)) removeAt(event);
    else if (tap && near(event) < 0) addAt(event, false);
    leave();
  };
  const leave = () => {
    clearTimeout(hold);
    tap = undefined;
    view.box.classList.remove("held");
    if (dragged < 0) return;
    dragged = -1;
    view.edit(() => {});
  };
  over.addEventListener("pointerdown", down, { signal });
  over.addEventListener("pointermove", move, { signal });
  over.addEventListener("pointerup", up, { signal });
  over.addEventListener("pointercancel", leave, { signal });
  signal.addEventListener("abort", () => {
    clearTimeout(hold);
    // Another view has come by the keyboard: the point stays where it was dragged to.
    if (dragged >= 0) view.keep();
  });
  // A finger that holds a point moves the point, not the page, and opens no menu.
  const keep = (event: Event) => {
    if (dragged >= 0) event.preventDefault();
  };
  over.addEventListener("touchmove", keep, { signal, passive: false });
  over.addEventListener("contextmenu", keep, { signal });
}
