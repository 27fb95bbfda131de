// The frame of the page: navigation, and one lazily loaded module for each view.
import "./style.css";
import { fill, h } from "./dom";
import type { Mount } from "./mount";
import { readHash } from "./state";

/** A view that `follows` its part of the address by itself is not built anew when that part changes. */
const VIEWS: Record<string, { title: string; follows?: true; load: () => Promise<{ mount: Mount }> }> = {
  story: { title: "Story", follows: true, load: () => import("./story") },
  regression: { title: "Regression", load: () => import("./views/regression") },
  features: { title: "Features", load: () => import("./views/features") },
  training: { title: "Training", load: () => import("./views/training") },
  kernel: { title: "Kernel", load: () => import("./views/kernel") },
  speed: { title: "Speed", load: () => import("./views/speed") },
};

const main = document.getElementById("main") as HTMLElement;
const nav = document.getElementById("nav") as HTMLElement;
const links = Object.entries(VIEWS).map(([name, { title }]) => h("a", { href: `#${name}`, "data-view": name }, title));
fill(nav, links);

let current = new AbortController();
let shown = "";

async function show(): Promise<void> {
  const { view, params } = readHash();
  const [base] = view.split("/");
  const name = Object.hasOwn(VIEWS, base) ? base : "story";
  if (name === shown && VIEWS[name].follows) return;
  shown = name;
  current.abort();
  current = new AbortController();
  const { signal } = current;
  for (const link of links) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${VIEWS[name].title} · ntk-wasm playground`;
  try {
    const { mount } = await VIEWS[name].load();
    if (signal.aborted) return;
    main.replaceChildren();
    await mount(main, params, signal);
  } catch (error) {
    if (signal.aborted) return;
    main.replaceChildren(
      h("p", { role: "alert", class: "error" }, `This view could not be loaded: ${(error as Error).message}`),
    );
  }
}

document.getElementById("skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => void show());
// Plots take their colours when they are made.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => void show());
void show();
