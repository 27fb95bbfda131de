// The tools of the regression view: history, files in and out, sharing.
import { service } from "../client";
import { bundled, type Data, formatCsv } from "../data";
import { download, h } from "../dom";
import { session } from "../session";
import type { What } from "../share";
import type { RegressionView } from "./regressionView";

const button = (text: string, onclick: () => void, title = text) =>
  h("button", { type: "button", onclick, title }, text);

/** Undo, redo and reset. Buttons that have nothing to do keep the focus: they are marked, and not disabled. */
export function historyButtons(
  view: RegressionView,
  signal: AbortSignal,
): { elements: HTMLElement[]; update: () => void } {
  const undo = button("Undo", () => view.undo(), "Undo (Ctrl+Z)");
  const redo = button("Redo", () => view.redo(), "Redo (Ctrl+Shift+Z or Ctrl+Y)");
  const reset = button(
    "Reset",
    () => void restart(view, view.state.base, signal),
    "Back to the points of the data set",
  );
  const keys = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    // Text that is being typed has a history of its own.
    if (event.target instanceof Element && event.target.matches("[data-typing], textarea")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) view.redo();
    else view.undo();
  };
  addEventListener("keydown", keys, { signal });
  const update = () => {
    undo.setAttribute("aria-disabled", String(!session.history.canUndo));
    redo.setAttribute("aria-disabled", String(!session.history.canRedo));
    reset.setAttribute("aria-disabled", String(!view.own));
  };
  return { elements: [undo, redo, reset], update };
}

/** Shows a bundled data set as it is. */
export async function restart(view: RegressionView, base: string, signal: AbortSignal): Promise<void> {
  try {
    const data = await bundled(base);
    if (!signal.aborted) view.use({ data, base, own: false });
  } catch (error) {
    view.fail((error as Error).message);
  }
}

/** Files, dropped files and pasted cells become points, with a panel of what was read in `box`. */
export function receiver(view: RegressionView, box: HTMLElement, signal: AbortSignal): HTMLElement {
  const take = async (source: string, read: () => Promise<string>) => {
    try {
      const [text, { importText }] = await Promise.all([read(), import("../importPanel")]);
      if (signal.aborted) return;
      importText(box, text, source, (data: Data) => view.use({ data, base: view.state.base, own: true }));
    } catch (error) {
      view.fail(`${source}: ${(error as Error).message}`);
    }
  };
  const takeFile = (file: File) => take(file.name, () => file.text());
  const input = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv,text/tab-separated-values", id: "csv" });
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (!file) return;
    void takeFile(file);
    input.value = "";
  });
  const paste = (event: ClipboardEvent) => {
    const target = event.target as HTMLElement | null;
    if (target?.matches?.("input, textarea, select")) return;
    const [file] = event.clipboardData?.files ?? [];
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!file && text === "") return;
    event.preventDefault();
    if (file) void takeFile(file);
    else void take("pasted cells", async () => text);
  };
  document.addEventListener("paste", paste, { signal });
  dropZone(view.box, signal, (transfer) => {
    const [file] = transfer.files;
    const text = transfer.getData("text/plain");
    if (file) void takeFile(file);
    else if (text) void take("dropped text", async () => text);
  });
  return h("label", { class: "file" }, "Load a CSV file", input);
}

/** What is dropped anywhere on the page is taken; the plot shows that it is. */
function dropZone(plot: HTMLElement, signal: AbortSignal, take: (transfer: DataTransfer) => void): void {
  const over = (event: DragEvent) => {
    event.preventDefault();
    plot.classList.add("dropping");
  };
  const leave = (event: DragEvent) => {
    if (event.relatedTarget === null) plot.classList.remove("dropping");
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    plot.classList.remove("dropping");
    if (event.dataTransfer) take(event.dataTransfer);
  };
  document.addEventListener("dragover", over, { signal });
  document.addEventListener("dragleave", leave, { signal });
  document.addEventListener("drop", drop, { signal });
}

/** Buttons for files out. */
export function downloads(view: RegressionView): HTMLElement[] {
  const failing = (make: () => Promise<void>) => () =>
    void make().catch((error: Error) => view.fail(`The file could not be made: ${error.message}`));
  const points = async () => {
    const stem = view.data.source?.replace(/\.[^.]*$/, "");
    download(stem ? `${stem}-points.csv` : "points.csv", "text/csv", await formatCsv(view.data));
  };
  const json = async () => {
    if (view.data.points.length === 0) return view.fail("There is no fit to download yet: add a point first.");
    download("fit.json", "application/json", await service.fitJson(view.request()));
  };
  const csv = async () => {
    const main = view.result?.finite ?? view.result?.infinite;
    if (!main) return view.fail("There is no fit to download yet: it is being computed.");
    const rows = Array.from(view.shown, (x, i) => [x, main.mean[i], main.low[i], main.high[i]].join(","));
    download("fit.csv", "text/csv", `x,mean,low,high\n${rows.join("\n")}\n`);
  };
  return [
    button("Points as CSV", failing(points)),
    button("Fit as JSON", failing(json)),
    button("Fit as CSV", failing(csv)),
  ];
}

const SHARES: Record<What, string> = {
  link: "Copy link",
  embed: "Copy as an embedded frame",
  code: "Copy as code (JavaScript)",
  png: "Save picture (PNG)",
  svg: "Save drawing (SVG)",
};

/** The menu of what can be shared. */
export function shareMenu(view: RegressionView, signal: AbortSignal): HTMLElement {
  const said = h("div", { role: "status", id: "shared" });
  const act = async (what: What) => {
    try {
      const { share } = await import("../share");
      await share(what, view, said);
    } catch (error) {
      view.fail(`Sharing failed: ${(error as Error).message}`);
    }
  };
  const items = Object.entries(SHARES).map(([what, text]) => button(text, () => void act(what as What)));
  const menu = h("div", { class: "menu", id: "share-menu", hidden: true }, items, said);
  const opener = h("button", { type: "button", class: "opener", "aria-controls": "share-menu" }, "Share");
  const open = (is: boolean): void => {
    menu.hidden = !is;
    opener.setAttribute("aria-expanded", String(is));
  };
  open(false);
  const box = h("div", { class: "share" }, opener, menu);
  opener.addEventListener("click", () => open(menu.hidden === true));
  const closeByKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || menu.hidden) return;
    open(false);
    opener.focus();
  };
  const outside = (event: Event) => {
    if (!box.contains(event.target as Node)) open(false);
  };
  document.addEventListener("pointerdown", outside, { signal });
  document.addEventListener("keydown", closeByKey, { signal });
  return box;
}
