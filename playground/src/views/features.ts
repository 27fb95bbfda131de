// Features: the tangent features of a 1-D network, one panel per family, one colour per hidden unit.

import { latest, service } from "../client";
import type { FeaturesRequest, FeaturesResult } from "../compute/features";
import { announcer, fill, h, html, panel } from "../dom";
import type { Mount } from "../mount";
import { format } from "../numbers";
import { unitColor } from "../palette";
import { linspace } from "../plot";
import { readValues, type Spec, writeHash } from "../state";
import { Charts } from "./featureCharts";
import { ACTIVATIONS, HELP, INITS } from "./shared";

const INTRO = `<h1>Features</h1>
<p class="intro">To first order a wide network is linear in these functions: each hidden unit gives three of them, the derivatives of the output by
its outer weight, its bias and its inner weight. Point at a curve, tap it, or move the focus to a unit's button, to see
its three functions together: all of them turn where <i>c<sub>j</sub>x</i> + <i>d<sub>j</sub></i> = 0.</p>
<p class="formula"><i>f</i>(<i>x</i>) = <i>a</i> + Σ<sub><i>j</i></sub> <i>b<sub>j</sub></i> σ(<i>c<sub>j</sub>x</i> + <i>d<sub>j</sub></i>):
&emsp;∂<i>f</i>/∂<i>b<sub>j</sub></i> = σ(<i>z<sub>j</sub></i>),
&emsp;∂<i>f</i>/∂<i>d<sub>j</sub></i> = <i>b<sub>j</sub></i> σ′(<i>z<sub>j</sub></i>),
&emsp;∂<i>f</i>/∂<i>c<sub>j</sub></i> = <i>x b<sub>j</sub></i> σ′(<i>z<sub>j</sub></i>)</p>`;
const GRID = linspace(-3, 3, 241);
/** A slope below which a unit's turn is too far away to be named. */
const FLAT = 1e-9;

export const SPEC = {
  width: { kind: "range", label: "Hidden units m", min: 1, max: 40, step: 1, value: 9, help: HELP.width },
  init: { kind: "select", label: "Initialisation", options: INITS, value: "lecun", help: HELP.init },
  activation: { kind: "select", label: "Activation", options: ACTIVATIONS, value: "sigmoid", help: HELP.activation },
  weightStd: { kind: "range", label: "Weight spread", min: 0.5, max: 12, step: 0.5, value: 4, help: HELP.weightStd },
  biasStd: { kind: "range", label: "Bias spread", min: 0, max: 12, step: 0.5, value: 6, help: HELP.biasStd },
  seed: { kind: "range", label: "Seed", min: 0, max: 50, step: 1, value: 12, help: HELP.seed },
  unit: {
    kind: "range",
    label: "Unit in focus (0: none)",
    min: 0,
    max: 40,
    step: 1,
    value: 0,
    help: "Its three curves stand in front.",
  },
} as const satisfies Spec;

/** What a unit is, in numbers, and its three functions at a place of the grid. */
function describe(unit: number, { units, scaled, families }: FeaturesResult, at: number | undefined): string {
  const { b, c, d } = units[unit - 1];
  const turn = Math.abs(c) > FLAT ? `centre −d/c = ${format(-d / c)}` : "no centre, for c is 0";
  const numbers = `b = ${format(b)}, c = ${format(c)}, d = ${format(d)}${scaled ? ", scales included" : ""}, ${turn}.`;
  const value = (family: Float64Array[], i: number) => format(family[unit - 1][i]);
  const here =
    at === undefined
      ? ""
      : ` At x = ${format(GRID[at], 2)}: σ(z) = ${value(families.b, at)}, bσ′(z) = ${value(families.d, at)}, xbσ′(z) = ${value(families.c, at)}.`;
  return `Unit ${unit}: ${numbers}${here}`;
}

/** What NTK initialisation does to the features; nothing under the others. */
function scaling({ scaled, scales }: FeaturesResult): string {
  if (!scaled) return "";
  return (
    "Under NTK initialisation b, c and d are trained numbers times scales. The curves are those of the formula; the " +
    `kernel's features are ∂f/∂b times ${format(scales.b)}, ∂f/∂d times ${format(scales.d)} and ∂f/∂c times ${format(scales.c)}.`
  );
}

interface UnitListener {
  /** 0 where the pointer or the focus leaves. */
  pointed: (unit: number) => void;
  focused: (unit: number) => void;
  kept: (unit: number) => void;
}

/** A unit's button, underlined in the colour of its curves. */
function unitButton(unit: number, { pointed, focused, kept }: UnitListener): HTMLElement {
  const on = {
    onpointerenter: () => pointed(unit),
    onpointerleave: () => pointed(0),
    onfocus: () => focused(unit),
    onblur: () => pointed(0),
    onclick: () => kept(unit),
  };
  const name = { type: "button", "aria-label": `Unit ${unit}`, "aria-pressed": "false" };
  const button = h("button", { ...name, ...on }, String(unit));
  button.style.borderBottom = `4px solid ${unitColor(unit, "var(--unit-lightness)", "var(--unit-chroma)")}`;
  return button;
}

export const mount: Mount = (root, params, signal) => {
  const values = readValues(SPEC, params);
  let result: FeaturesResult | undefined;
  const status = h("p", { class: "status", id: "status" });
  const note = h("p", { class: "legend", id: "scales" });
  const error = h("p", { class: "error", role: "alert" });
  const buttons = h("div", { class: "units", role: "group", "aria-label": "Hidden units" });
  const say = announcer(signal);
  /** Shows a unit: the one pointed at or focused, else the one of the settings. */
  const focus = (unit: number, at?: number) => {
    const chosen = unit || (values.unit <= values.width ? values.unit : 0);
    charts.setFocus(chosen);
    for (const [i, button] of [...buttons.children].entries())
      button.setAttribute("aria-pressed", String(i + 1 === chosen));
    status.textContent =
      result?.units[chosen - 1] !== undefined
        ? describe(chosen, result, at)
        : `${values.width} units, ${3 * values.width + 1} features with the constant ∂f/∂a = 1.`;
  };
  /** Keeps a unit in focus, or lets it go. */
  const keep = (unit: number) => {
    const input = document.getElementById("c-unit") as HTMLInputElement;
    input.value = String(values.unit === unit ? 0 : unit);
    input.dispatchEvent(new Event("input"));
  };
  const charts = new Charts(GRID, signal, focus, keep);
  const label = () => {
    const count = result?.units.length ?? 0;
    if (buttons.children.length === count) return;
    const focused = (unit: number) => {
      focus(unit);
      say(status.textContent ?? "");
    };
    const units = Array.from({ length: count }, (_, i) => i + 1);
    fill(
      buttons,
      units.map((unit) => unitButton(unit, { pointed: focus, focused, kept: keep })),
    );
  };
  const request = latest(
    signal,
    (asked: FeaturesRequest) => service.features(asked) as Promise<FeaturesResult>,
    (answer, { network }) => {
      result = answer;
      error.textContent = "";
      charts.show(answer, network.activation as string);
      note.textContent = scaling(answer);
      label();
      focus(0);
      say(status.textContent ?? "");
    },
    (problem) => {
      error.textContent = problem.message;
    },
  );
  const ask = () => {
    writeHash("features", SPEC, values);
    const { width, init, activation, weightStd, biasStd, seed } = values;
    const network = { hidden: width, init, activation, weightStd, biasStd, seed } as FeaturesRequest["network"];
    request({ network, grid: GRID });
  };
  const controls = panel(SPEC, values, (key) => {
    if (key !== "unit") return ask();
    writeHash("features", SPEC, values);
    focus(0);
  });
  const plots = h("section", { "aria-label": "Feature map" }, charts.element, buttons, status, note, error);
  root.append(html(INTRO), h("div", { class: "layout" }, plots, h("aside", { "aria-label": "Settings" }, controls)));
  ask();
};
