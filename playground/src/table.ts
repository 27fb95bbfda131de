// The table of points: everything that the pointer does in the plot, with the keyboard. Rows stay the same elements
// while their points do, so that an edit does not take the focus away.
import type { Data } from "./data";
import { fill, h } from "./dom";

interface Actions {
  move: (id: number, x: number, y: number) => void;
  remove: (id: number) => void;
  add: (x: number, y: number) => void;
  fail: (message: string) => void;
}
interface Row {
  element: HTMLTableRowElement;
  inputs: [HTMLInputElement, HTMLInputElement];
  button: HTMLButtonElement;
  values: [number, number];
}

/** A field for a number, which says while something is being typed: then Ctrl+Z is the text's. */
function numberInput(): HTMLInputElement {
  const input = h("input", { type: "number", step: "any" });
  input.addEventListener("input", () => input.toggleAttribute("data-typing", true));
  input.addEventListener("change", () => input.removeAttribute("data-typing"));
  return input;
}

export function pointTable({ move, remove, add, fail }: Actions) {
  const summary = h("summary", {}, "Points");
  const body = h("tbody");
  const head = h("thead");
  const [newX, newY] = [numberInput(), numberInput()];
  const form = h("form", { class: "row add-point" }, newX, newY, h("button", { type: "submit" }, "Add point"));
  const details = h(
    "details",
    {},
    summary,
    form,
    h(
      "div",
      { class: "points", tabindex: 0, role: "group", "aria-label": "Table of points" },
      h("table", {}, head, body),
    ),
  );
  let shown: Data | undefined;
  const rows = new Map<number, Row>();

  const newRow = (id: number): Row => {
    const inputs: Row["inputs"] = [numberInput(), numberInput()];
    const button = h("button", { type: "button" }, "Remove");
    const row: Row = {
      element: h("tr", {}, h("td", {}, inputs[0]), h("td", {}, inputs[1]), h("td", {}, button)),
      inputs,
      button,
      values: [Number.NaN, Number.NaN],
    };
    const changed = () => {
      const [x, y] = inputs.map((input) => input.valueAsNumber);
      if (Number.isFinite(x) && Number.isFinite(y)) {
        if (x !== row.values[0] || y !== row.values[1]) move(id, x, y);
        return;
      }
      inputs.forEach((input, k) => {
        input.value = String(row.values[k]);
      });
      fail("A coordinate was no number; expected a decimal number. The point is as it was.");
    };
    for (const input of inputs) input.addEventListener("change", changed);
    button.addEventListener("click", () => {
      const at = [...body.children].indexOf(row.element);
      remove(id);
      // The focus stays in the list.
      const left = body.querySelectorAll("button");
      (left[Math.min(at, left.length - 1)] ?? summary).focus();
    });
    return row;
  };

  const show = () => {
    if (!details.open || !shown) return;
    const { points, labels, times } = shown;
    // Every digit is seen, beside the arrows of the browser.
    const width = 6 + points.reduce((top, { x, y }) => Math.max(top, String(x).length, String(y).length), 6);
    details.style.setProperty("--digits", `${width}ch`);
    const names = labels.map((name, k) => (times?.[k] ? `${name} (seconds since 1970)` : name));
    const columns = [...names, "Remove"].map((name) => h("th", { scope: "col" }, name));
    fill(head, h("tr", {}, columns));
    const ids = new Set(points.map(({ id }) => id));
    for (const [id, { element }] of rows) {
      if (ids.has(id)) continue;
      element.remove();
      rows.delete(id);
    }
    points.forEach(({ id, x, y }, i) => {
      const row = rows.get(id) ?? newRow(id);
      rows.set(id, row);
      [x, y].forEach((value, k) => {
        row.inputs[k].setAttribute("aria-label", `${labels[k]} of point ${i + 1}`);
        if (!Object.is(row.inputs[k].valueAsNumber, value)) row.inputs[k].value = String(value);
      });
      row.values = [x, y];
      row.button.setAttribute("aria-label", `Remove point ${i + 1}`);
      if (body.children[i] !== row.element) body.insertBefore(row.element, body.children[i] ?? null);
    });
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [x, y] = [newX.valueAsNumber, newY.valueAsNumber];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      fail("A new point needs two numbers; expected x and y in decimal notation.");
      (Number.isFinite(x) ? newY : newX).focus();
      return;
    }
    add(x, y);
    newX.value = newY.value = "";
    newX.focus();
  });
  details.addEventListener("toggle", show);
  const setData = (data: Data) => {
    shown = data;
    [newX, newY].forEach((input, k) => {
      input.setAttribute("aria-label", `${data.labels[k]} of a new point`);
      input.setAttribute("placeholder", data.labels[k]);
    });
    summary.textContent = `Points (${data.points.length}): add, edit and remove with the keyboard`;
    show();
  };
  return { element: details, setData };
}
