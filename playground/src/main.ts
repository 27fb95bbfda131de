// The frame of the page: navigation, notices, and one lazily loaded module for each view.
import "./style.css";
import "./frame.css";
import { ready } from "./client";
import { fill, h, sheet } from "./dom";
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
const notice = document.getElementById("notice") as HTMLElement;
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
  main.setAttribute("aria-busy", "true");
  try {
    const { mount } = await VIEWS[name].load();
    if (signal.aborted) return;
    main.replaceChildren();
    await mount(main, params, signal);
    if (!signal.aborted) sheet(main);
  } catch (error) {
    if (signal.aborted) return;
    main.replaceChildren(
      h("p", { role: "alert", class: "error" }, `This view could not be loaded: ${(error as Error).message}`),
    );
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

/** Says that the library loads, that it runs more slowly than it could, or that it does not run. */
async function watch(): Promise<void> {
  const say = (text: string, look: string) => {
    notice.textContent = text;
    notice.className = `notice ${look}`;
  };
  try {
    const { reason } = await ready;
    say(reason ? `Computed in JavaScript, some times slower: ${reason}.` : "", "");
  } catch (error) {
    say((error as Error).message, "bad");
  }
}

document.getElementById("skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => void show());
void watch();
void show();
