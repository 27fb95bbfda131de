// Regression: points to edit, the fit with its band, posterior samples, finite against infinite width.
import { bundled, decode, unplottable } from "../data";
import { h, html, panel } from "../dom";
import type { Mount } from "../mount";
import { type State, same, session, storedQuery } from "../session";
import { readValues, type Values } from "../state";
import { embedded, showEmbedded, wholeLink } from "./embed";
import { Legend, makePlot } from "./regressionPlot";
import { SPEC } from "./regressionSpec";
import { downloads, historyButtons, receiver, restart, shareMenu } from "./regressionTools";
import { RegressionView } from "./regressionView";
import "../data.css";

const INTRO = `<h1>Regression</h1>
<p class="intro">The curve is the end of training a wide network to first order: ridge regression with its tangent kernel. The band is ±2σ of a new
observation: wide where points are far or scattered, narrow where they agree.</p>
<p class="formula"><i>f</i>(<i>x</i>) = Θ(<i>x</i>, <i>X</i>) (Θ(<i>X</i>, <i>X</i>) + <i>λI</i>)<sup>−1</sup> <i>Y</i>,
&emsp;Θ(<i>x</i>, <i>x</i>′) = ∇<sub><i>θ</i></sub><i>f</i>(<i>x</i>)·∇<sub><i>θ</i></sub><i>f</i>(<i>x</i>′)</p>`;

/** The settings and points of the address; an address without any continues where the view was left. */
async function start(given: URLSearchParams): Promise<{ values: Values<typeof SPEC>; state: State; problem: string }> {
  const bare = [...given.keys()].every((key) => key === "embed");
  if (bare && session.shown && session.values)
    return { values: { ...readValues(SPEC, given), ...session.values }, state: session.shown, problem: "" };
  const params = bare && !embedded() ? new URLSearchParams(storedQuery()) : given;
  const values = readValues(SPEC, params);
  if (values.data === "mine") values.data = session.mine?.base ?? SPEC.data.value;
  const base = values.data;
  let problem = "";
  try {
    const data = decode(params);
    problem = (data && unplottable(data)) ?? "";
    if (data && !problem) return { values, state: { data, base, own: true }, problem };
  } catch (error) {
    problem = (error as Error).message;
  }
  return { values, state: { data: await bundled(base), base, own: false }, problem };
}

/** The select of data sets shows what is on display. */
function showChoice(root: HTMLElement, { own, state }: RegressionView): void {
  const select = root.querySelector<HTMLSelectElement>("#c-data");
  const mine = select?.querySelector<HTMLOptionElement>("option[value=mine]");
  if (!select || !mine) return;
  mine.disabled = !session.mine;
  mine.textContent = session.mine?.data.source ? `My data (${session.mine.data.source})` : "My data";
  select.value = own ? "mine" : state.base;
}

export const mount: Mount = async (root, params, signal) => {
  const { values, state, problem } = await start(params);
  if (signal.aborted) return;
  showEmbedded(signal);
  if (session.shown && !same(session.shown, state)) session.history.push(session.shown);
  const view = new RegressionView(values, state, signal);
  const legend = new Legend();
  let inner = new AbortController();
  view.replaced = () => {
    inner.abort();
    inner = new AbortController();
    makePlot(view, legend, AbortSignal.any([signal, inner.signal]));
    view.draw();
  };
  const choose = (name: string) => {
    if (name !== "mine") return void restart(view, name, signal);
    view.values.data = view.state.base;
    if (session.mine) view.use(session.mine);
  };
  const controls = panel(SPEC, view.values, (key) => {
    if (key === "data") return choose(view.values.data);
    view.error.textContent = "";
    view.save();
    if (key !== "click") view.refit();
  });
  const imported = h("div");
  const history = historyButtons(view, signal);
  view.changed = () => {
    history.update();
    showChoice(root, view);
  };
  const tools = h(
    "div",
    { class: "tools" },
    h("div", { class: "row" }, history.elements, shareMenu(view, signal)),
    h("div", { class: "row" }, receiver(view, imported, signal), downloads(view)),
    h(
      "p",
      { class: "hint" },
      "Click in the plot to add a point, drag to move it. A file can also be dropped on the page, and cells of a table pasted (Ctrl+V).",
    ),
  );
  const plotting = h(
    "section",
    { "aria-label": "Plot" },
    view.box,
    legend.element,
    embedded() ? h("p", { class: "whole" }, wholeLink()) : [],
    view.status,
    view.error,
    tools,
    imported,
    view.table.element,
  );
  root.append(html(INTRO), h("div", { class: "layout" }, plotting, h("aside", { "aria-label": "Settings" }, controls)));
  view.replaced();
  view.settle();
  view.refit();
  if (problem) view.fail(problem);
};
