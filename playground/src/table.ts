// The table of points: everything that the pointer does in the plot, with the keyboard.
import type { Data } from "./data";
import { fill, h } from "./dom";

export function pointTable(move: (id: number, x: number, y: number) => void, remove: (id: number) => void) {
  const summary = h("summary", {}, "Points");
  const body = h("tbody");
  const head = h("thead");
  const details = h(
    "details",
    {},
    summary,
    h(
      "div",
      { class: "points", tabindex: 0, role: "group", "aria-label": "Table of points" },
      h("table", {}, head, body),
    ),
  );
  let shown: Data | undefined;
  const show = () => {
    if (!details.open || !shown) return;
    const { points, labels } = shown;
    const names = [...labels, "Remove"];
    // Every digit is seen, beside the arrows of the browser.
    const width = 6 + points.reduce((top, { x, y }) => Math.max(top, String(x).length, String(y).length), 6);
    fill(
      head,
      h(
        "tr",
        {},
        names.map((name) => h("th", { scope: "col" }, name)),
      ),
    );
    fill(
      body,
      points.map(({ id, x, y }, i) => {
        const cell = (name: string, value: number) => {
          const label = `${name} of point ${i + 1}`;
          return h("input", { type: "number", step: "any", value, "aria-label": label, style: `width: ${width}ch` });
        };
        const [inX, inY] = [cell(labels[0], x), cell(labels[1], y)];
        const changed = () => {
          if (Number.isFinite(inX.valueAsNumber) && Number.isFinite(inY.valueAsNumber))
            move(id, inX.valueAsNumber, inY.valueAsNumber);
        };
        for (const input of [inX, inY]) input.addEventListener("change", changed);
        const button = h("button", { type: "button", "aria-label": `Remove point ${i + 1}` }, "Remove");
        button.addEventListener("click", () => {
          remove(id);
          // The focus stays in the list.
          const left = body.querySelectorAll("button");
          (left[Math.min(i, left.length - 1)] ?? summary).focus();
        });
        return h("tr", {}, h("td", {}, inX), h("td", {}, inY), h("td", {}, button));
      }),
    );
  };
  details.addEventListener("toggle", show);
  const setData = (data: Data) => {
    shown = data;
    summary.textContent = `Points (${data.points.length}): edit and remove with the keyboard`;
    const active = document.activeElement?.getAttribute("aria-label");
    show();
    if (active && body.contains(document.activeElement) === false) {
      for (const input of body.querySelectorAll("input"))
        if (input.getAttribute("aria-label") === active) input.focus();
    }
  };
  return { element: details, setData };
}
