// The small network as a picture: x on the left, a box for each unit with its curve, the sum on the right.
import { decimals } from "../numbers";
import { colorOf, GRID, UNITS } from "./step";
import { px, s, set } from "./svg";

const SIZE = { width: 340, height: 176 };
const BOX = { width: 58, height: 34 };
const [INPUT, MIDDLE, OUTPUT] = [16, 150, 276];
const rowOf = (unit: number) => 24 + 43 * unit;
const CENTRE = (rowOf(0) + rowOf(UNITS.length - 1)) / 2;

/** Edges are as thick as their weight is large, and dashed where it is negative. */
function weigh(edge: SVGElement, weight: number): void {
  set(edge, {
    "stroke-width": px(1 + Math.min(3, 0.5 * Math.abs(weight))),
    "stroke-dasharray": weight < 0 ? "5 4" : "none",
  });
}

function spark(values: ArrayLike<number>, left: number, middle: number, reach: number): string {
  const [width, height] = [BOX.width - 8, BOX.height - 8];
  const scale = height / 2 / reach;
  const at = (i: number) =>
    `${px(left + 4 + (i / (GRID.length - 1)) * width)} ${px(middle - Math.max(-height / 2, Math.min(height / 2, scale * values[i])))}`;
  return Array.from({ length: Math.ceil(GRID.length / 4) }, (_, k) => `${k ? "L" : "M"}${at(4 * k)}`).join("");
}

export interface Diagram {
  element: SVGSVGElement;
  /** Weights as functions of the unit, curves of units, and the sum. */
  draw: (weights: { b: number; c: number; d: number }[], a: number, curves: Float64Array[], sum: Float64Array) => void;
  choose: (unit: number) => void;
}

export function diagram(chosen: (unit: number) => void, signal: AbortSignal): Diagram {
  const element = s("svg", {
    class: "diagram",
    viewBox: `0 0 ${SIZE.width} ${SIZE.height}`,
    role: "group",
    "aria-label": "The network: x goes into four units, and their curves are added up to f",
  });
  const parts = UNITS.map((unit) => makeUnit(unit, chosen, signal));
  const sum = s("path", { class: "curve sum" });
  const constant = s("text", { x: OUTPUT + BOX.width / 2, y: CENTRE + 36, "text-anchor": "middle", class: "label" });
  const box = s("rect", { x: OUTPUT, y: CENTRE - BOX.height / 2, ...BOX, rx: 6, class: "box" });
  const input = s("circle", { cx: INPUT, cy: CENTRE, r: 13, class: "box" });
  const name = (x: number, y: number, text: string) =>
    s("text", { x, y, "text-anchor": "middle", class: "name", "aria-hidden": "true" }, text);
  element.append(
    ...parts.flatMap(({ edges }) => edges),
    ...parts.flatMap(({ group, inner, outer }) => [group, inner, outer]),
    input,
    name(INPUT, CENTRE + 5, "x"),
    box,
    sum,
    name(OUTPUT + BOX.width / 2, CENTRE - BOX.height / 2 - 7, "f"),
    constant,
  );
  return {
    element,
    draw: (weights, a, curves, total) => {
      for (const { unit, group, edges, curve, inner, outer } of parts) {
        const { b, c, d } = weights[unit];
        weigh(edges[0], c);
        weigh(edges[1], b);
        inner.textContent = `c ${decimals(c)}, d ${decimals(d)}`;
        outer.textContent = `b ${decimals(b)}`;
        set(group, { "aria-label": `Unit ${unit + 1}: ${inner.textContent}, ${outer.textContent}` });
        set(curve, { d: spark(curves[unit], MIDDLE, rowOf(unit), 4) });
      }
      set(sum, { d: spark(total, OUTPUT, CENTRE, 6) });
      constant.textContent = `a ${decimals(a)}`;
    },
    choose: (unit) => {
      for (const part of parts) set(part.group, { "aria-pressed": String(part.unit === unit) });
    },
  };
}

function makeUnit(unit: number, chosen: (unit: number) => void, signal: AbortSignal) {
  const y = rowOf(unit);
  const edges = [
    s("path", { class: "edge", d: `M${INPUT + 13} ${CENTRE}L${MIDDLE} ${y}` }),
    s("path", { class: "edge", d: `M${MIDDLE + BOX.width} ${y}L${OUTPUT} ${CENTRE}` }),
  ];
  const curve = s("path", { class: "curve" });
  for (const part of [...edges, curve]) part.style.stroke = colorOf(unit);
  const box = s("rect", { x: MIDDLE, y: y - BOX.height / 2, ...BOX, rx: 6, class: "box" });
  // Where the edge does not come from.
  const beside = y < CENTRE ? y - 9 : y + 17;
  const inner = s("text", { x: MIDDLE - 6, y: beside, "text-anchor": "end", class: "label", "aria-hidden": "true" });
  const outer = s("text", { x: MIDDLE + BOX.width + 6, y: beside, class: "label", "aria-hidden": "true" });
  const group = s(
    "g",
    { class: "unit", tabindex: 0, role: "button", "aria-label": `Unit ${unit + 1}`, "aria-pressed": "false" },
    box,
    curve,
  );
  group.style.setProperty("--tie", colorOf(unit));
  group.addEventListener("click", () => chosen(unit), { signal });
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    chosen(unit);
  };
  group.addEventListener("keydown", press, { signal });
  return { unit, edges, group, curve, inner, outer };
}
