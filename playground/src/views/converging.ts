// Finite kernels against the infinite one, width by width.

import type uPlot from "uplot";
import { service } from "../client";
import type { ConvergenceAt } from "../compute/convergence";
import type { KernelRequest } from "../compute/kernel";
import { DRAWS } from "../compute/tasks";
import { announce, h } from "../dom";
import { format } from "../numbers";
import { chart, color, linspace } from "../plot";

const WIDTHS = Array.from({ length: 11 }, (_, k) => 2 ** (k + 1));
const POINTS = 48;
const TEXT = `Relative distance from the infinite kernel, ‖Θ − Θ∞‖/‖Θ∞‖, of ${DRAWS} random networks for each width. NTK initialisation; spreads and activation of the settings.`;

/** The button, the progress and the chart. A change of the settings ends a run. */
export class Converging {
  readonly #box = h("div", { class: "plot" });
  readonly #text = h("p", { class: "legend", id: "convergence" }, TEXT);
  readonly #progress = h("progress", { max: 1, value: 0, "aria-label": "Widths done" });
  readonly #start = h("button", { type: "button" }, "Draw networks");
  readonly #cancel = h("button", { type: "button", disabled: true }, "Cancel");
  readonly element = h(
    "section",
    {},
    h("h2", {}, "Finite kernels on their way to the infinite one"),
    h("div", { class: "row" }, this.#start, this.#cancel, this.#progress),
    this.#box,
    this.#text,
  );
  #plot!: uPlot;
  #run = 0;

  constructor(
    readonly signal: AbortSignal,
    readonly request: () => KernelRequest,
  ) {
    this.#start.addEventListener("click", () => void this.run());
    this.#cancel.addEventListener("click", () => this.#end("Cancelled."));
  }

  draw(): void {
    this.#plot = chart(this.#box, this.signal, {
      label: "Relative distance from the infinite kernel against width; the numbers are in the text below",
      height: 240,
      series: [
        { stroke: color("accent"), width: 2, points: { show: true, size: 5 } },
        { stroke: color("second"), width: 2, dash: [6, 4], points: { show: true, size: 5 } },
        { stroke: color("faint"), width: 1.5, points: { show: false } },
      ],
      keys: [
        { text: "one network", ink: "accent", series: 1 },
        { text: "the mean of all", ink: "second", mark: "dashes", series: 2 },
        { text: "the law m^(−½)", ink: "faint", series: 3 },
      ],
      x: { label: "log₂ of the width m", range: () => [0.5, WIDTHS.length + 0.5] },
      y: { label: "log₁₀ of the distance" },
    });
  }

  async run(): Promise<void> {
    this.clear();
    const run = this.#run;
    const live = () => run === this.#run && !this.signal.aborted;
    const { activation, weightStd, biasStd } = this.request();
    this.#start.disabled = true;
    this.#cancel.disabled = false;
    const known: ConvergenceAt[] = [];
    try {
      await service.convergenceStart({ model: { activation, weightStd, biasStd }, grid: linspace(-3, 3, POINTS) });
      for (const width of WIDTHS) {
        if (!live()) return;
        this.#text.textContent = `Drawing ${DRAWS} networks of width ${width} …`;
        const at = (await service.convergenceAt(width)) as ConvergenceAt;
        if (!live()) return;
        known.push(at);
        this.#progress.value = known.length / WIDTHS.length;
        this.#show(known);
      }
      const last = known[known.length - 1];
      this.#end(
        `One network of width ${last.width} is ${format(100 * last.single, 2)} % from the limit, the mean of ${DRAWS} is ${format(100 * last.mean, 2)} %.`,
      );
    } catch (error) {
      if (live()) this.#end((error as Error).message);
    }
  }

  /** Forgets what was drawn, and ends a run. */
  clear(): void {
    this.#stop(TEXT);
    this.#progress.value = 0;
    this.#show([]);
  }

  /** A run is over: said aloud. */
  #end(text: string): void {
    this.#stop(`${text} ${TEXT}`);
    announce(text);
  }

  #stop(text: string): void {
    this.#run++;
    this.#start.disabled = false;
    this.#cancel.disabled = true;
    this.#text.textContent = text;
  }

  #show(known: ConvergenceAt[]): void {
    const x = known.map(({ width }) => Math.log2(width));
    // The law goes through the last point: it is one for wide networks.
    const last = known.at(-1);
    const law = known.map(({ width }) => last && Math.log10(last.single * Math.sqrt(last.width / width)));
    const lines = [known.map(({ single }) => Math.log10(single)), known.map(({ mean }) => Math.log10(mean)), law];
    this.#plot.setData([x, ...lines] as uPlot.AlignedData);
  }
}
