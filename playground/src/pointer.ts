// The pointer in the regression plot: add, drag and remove points.
import type { RegressionView } from "./views/regression";

const REACH = { mouse: 10, touch: 22 };

export function pointEditor(view: RegressionView, signal: AbortSignal): void {
  const over = view.plot.over;
  let dragged = -1;
  const place = (event: PointerEvent) => {
    const box = over.getBoundingClientRect();
    const left = Math.min(box.width, Math.max(0, event.clientX - box.left));
    const top = Math.min(box.height, Math.max(0, event.clientY - box.top));
    return { left, top, x: view.plot.posToVal(left, "x"), y: view.plot.posToVal(top, "y") };
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
    if (event.button !== 0) return;
    const id = near(event);
    if (view.values.click === "remove" || event.altKey) {
      if (id >= 0) view.edit(() => view.remove(id));
      return;
    }
    event.preventDefault();
    if (id < 0) {
      const { x, y } = place(event);
      view.edit(() => {
        dragged = view.add(x, y);
      }, true);
    } else dragged = id;
    if (dragged >= 0) over.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent) => {
    if (dragged < 0) {
      view.box.classList.toggle("grab", near(event) >= 0);
      return;
    }
    const { x, y } = place(event);
    view.edit(() => view.move(dragged, x, y), true);
  };
  const up = () => {
    if (dragged < 0) return;
    dragged = -1;
    view.edit(() => {});
  };
  over.addEventListener("pointerdown", down, { signal });
  over.addEventListener("pointermove", move, { signal });
  over.addEventListener("pointerup", up, { signal });
  over.addEventListener("pointercancel", up, { signal });
}
