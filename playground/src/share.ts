// What leaves the page: a link, a frame, pictures and code. This module is loaded when one is asked for.
import { flushAddress } from "./address";
import { codeOf } from "./code";
import { download, fill, h } from "./dom";
import type { RegressionView } from "./views/regressionView";

export type What = "link" | "embed" | "png" | "svg" | "code";

/** Some programs cut an address that is longer. */
const LONG_LINK = 8000;

/** Does what a button of the menu says, and tells of it in `said`. */
export async function share(what: What, view: RegressionView, said: HTMLElement): Promise<void> {
  if (what === "png" || what === "svg") {
    const { png, svg } = await import("./picture");
    const name = `${(view.data.source ?? "fit").replace(/\.[^.]*$/, "")}.${what}`;
    if (what === "svg") download(name, "image/svg+xml", svg(view));
    else download(name, "image/png", await png(view));
    fill(said, h("p", {}, `${name} is among the downloads.`));
    return;
  }
  const [text, done] = textOf(what, view);
  try {
    await navigator.clipboard.writeText(text);
    fill(said, h("p", {}, done));
  } catch {
    const area = h("textarea", { readonly: true, "aria-label": "To copy" }, text);
    fill(said, h("p", {}, "This browser gives no access to the clipboard: copy the text from here."), area);
    area.select();
  }
}

/** A text to copy, and what is said of it. */
function textOf(what: Exclude<What, "png" | "svg">, view: RegressionView): [text: string, done: string] {
  view.save();
  flushAddress();
  const { href } = location;
  if (what === "code")
    return [
      codeOf(view.request(), href.slice(0, 200)),
      "The code is in the clipboard. It runs as a module, with ntk-wasm installed.",
    ];
  const long =
    href.length > LONG_LINK ? ` It has ${href.length} characters, all points among them; some programs cut it.` : "";
  if (what === "link") return [href, `The link is in the clipboard.${long}`];
  const address = new URL(href);
  address.searchParams.set("embed", "");
  const title = `Regression with a tangent kernel: ${view.data.labels[1]} against ${view.data.labels[0]}`;
  const escaped = (value: string) => value.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const frame = `<iframe src="${escaped(address.href)}" title="${escaped(title)}" width="100%" height="420" style="border: 0"></iframe>`;
  return [frame, `The frame is in the clipboard.${long}`];
}
