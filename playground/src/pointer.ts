// The pointer in the regression plot: add, drag and remove points.
import { snap } from "./numbers";
import type { RegressionView } from "./views/regressionView";

const REACH = { mouse: 10, touch: 22 };

export function pointEditor(view: RegressionView, signal: AbortSignal): void {
  const over = view.plot.over;
  let dragged = -1;
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
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const id = near(event);
    if (view.values.click === "remove" || event.altKey) {
      if (id >= 0) view.edit(() => view.remove(id));
      return;
    }
    if (id < 0 && event.pointerType === "touch") {
      // The begin of a tap, or of scrolling the page: which of them shows when the finger leaves.
      tap = { x: event.clientX, y: event.clientY };
      return;
    }
    event.preventDefault();
    dragged = id < 0 ? addAt(event, true) : id;
    if (dragged >= 0) over.setPointerCapture(event.pointerId);
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
    if (dragged < 0) {
      view.box.classList.toggle("grab", near(event) >= 0);
      return;
    }
    const { x, y } = place(event);
    view.edit(() => view.move(dragged, x, y), true);
  };
  const up = (event: PointerEvent) => {
    if (tap && Math.hypot(event.clientX - tap.x, event.clientY - tap.y) < REACH.mouse) addAt(event, false);
    leave();
  };
  const leave = () => {
    tap = undefined;
    if (dragged < 0) return;
    dragged = -1;
    view.edit(() => {});
  };
  over.addEventListener("pointerdown", down, { signal });
  over.addEventListener("pointermove", move, { signal });
  over.addEventListener("pointerup", up, { signal });
  over.addEventListener("pointercancel", leave, { signal });
  // A finger on a point drags the point, not the page. Its pointerdown has come before.
  const hold = (event: TouchEvent) => {
    if (dragged >= 0) event.preventDefault();
  };
  over.addEventListener("touchstart", hold, { signal, passive: false });
}
