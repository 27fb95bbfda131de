// The page in a frame of another page: `?embed` in its address, or `embed=1` among its settings.
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
