// The page in a frame of another page: `?embed` in its address, or `embed=1` among its settings.
import { h } from "../dom";
import { readHash } from "../state";
import "../embed.css";

export const embedded = () =>
  new URLSearchParams(location.search).has("embed") || readHash().params.get("embed") === "1";

/** Hides all but the plot while `signal` lasts. */
export function showEmbedded(signal: AbortSignal): void {
  const root = document.documentElement;
  root.classList.toggle("embed", embedded());
  signal.addEventListener("abort", () => root.classList.remove("embed"));
}

/** A link to the whole page with what the frame shows, whenever it is about to be followed. */
export function wholeLink(): HTMLAnchorElement {
  const link = h("a", { target: "_blank", rel: "noopener" }, "Open in the ntk-wasm playground");
  const point = () => {
    const { view, params } = readHash();
    params.delete("embed");
    link.href = `${location.pathname}#${view}?${params}`;
  };
  for (const type of ["pointerdown", "focus"]) link.addEventListener(type, point);
  point();
  return link;
}
