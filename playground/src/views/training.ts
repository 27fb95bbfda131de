// Training: the real network and its first-order model, racing from the same start.

import type uPlot from "uplot";
import { service } from "../client";
import type { Frame, RaceStart } from "../compute/race";
import { bundled } from "../data";
import { announce, fill, h, html, panel } from "../dom";
import type { Mount } from "../mount";
import { extent, format } from "../numbers";
import { chart, color, drawPoints, linspace } from "../plot";
import { readValues, writeHash } from "../state";
import { SPEC } from "./trainingSpec";

const FRAMES = 60;
const MODES = 10;
const FRAME_MS = 60;
const MODE_COLOURS = ["accent", "second", "accent", "second"];
const RACERS = [
  { text: "network", ink: "accent", series: 1 },
  { text: "first-order model", ink: "second", mark: "dashes", series: 2 },
] as const;
const INTRO = `<h1>Training</h1>
<p class="intro">The network and its first-order model take the same gradient steps from the same start; where they part, the features have moved:
narrow networks and rates above the largest stable one break the picture. Modes of Θ with large eigenvalues are learnt first.</p>
<p class="formula"><i>θ</i> ← <i>θ</i> − <i>η</i>∇½⟨(<i>f</i> − <i>y</i>)²⟩, &emsp;mode <i>i</i> of the first-order model after <i>t</i> steps:
1 − (1 − <i>ηλ<sub>i</sub></i>/<i>N</i>)<sup><i>t</i></sup></p>`;

/** 0 and steps spaced by ratio up to the horizon. */
function stepsTo(horizon: number): number[] {
  const steps = Array.from({ length: FRAMES }, (_, k) => Math.round(horizon ** (k / (FRAMES - 1))));
  return [...new Set([0, ...steps])];
}

class View {
  readonly values;
  readonly plots = h("div", { class: "panels" });
  readonly status = h("p", { class: "status", id: "status" });
  readonly error = h("p", { class: "error", role: "alert" });
  readonly play = h("button", { type: "button" }, "Play");
  readonly cancel = h("button", { type: "button" }, "Cancel");
  readonly scrub = h("input", { type: "range", min: 0, max: 0, step: 1, value: 0, id: "scrub" });
  readonly progress = h("progress", { max: 1, value: 0, "aria-label": "Training done" });
  readonly modes = h("div", { class: "shares", id: "modes" });
  frames: Frame[] = [];
  info: RaceStart | undefined;
  #run = 0;
  #timer = 0;
  #grid = new Float64Array();
  #scene!: { curves: uPlot; losses: uPlot; drifts: uPlot; shapes: uPlot };
  /** The standardised data of the settings. */
  #data: { name: string; X: number[]; Y: number[] } = { name: "", X: [], Y: [] };

  constructor(
    params: URLSearchParams,
    readonly signal: AbortSignal,
  ) {
    this.values = readValues(SPEC, params);
    this.play.addEventListener("click", () => this.toggle());
    this.cancel.addEventListener("click", () => this.stop("Cancelled"));
    this.scrub.addEventListener("input", () => {
      this.pause();
      this.show(this.scrub.valueAsNumber);
    });
    signal.addEventListener("abort", () => this.pause());
  }

  async #load(): Promise<void> {
    const name = this.values.data;
    if (name === this.#data.name) return;
    const { points, frame } = await bundled(name);
    const X = points.map(({ x }) => (x - frame.x) / frame.sx);
    const Y = points.map(({ y }) => (y - frame.y) / frame.sy);
    this.#data = { name, X, Y };
  }

  draw(): void {
    const box = (title: string) => {
      const holder = h("div", { class: "plot" });
      this.plots.append(h("section", {}, h("h2", {}, title), holder));
      return holder;
    };
    const two = [
      { stroke: color("accent"), width: 2 },
      { stroke: color("second"), width: 2, dash: [6, 4] },
    ];
    const { signal } = this;
    const curves = chart(box("Function"), signal, {
      label: "Data, network and first-order model; the numbers are in the text below",
      series: two,
      x: { label: "x (standardised)" },
      y: { label: "y (standardised)", range: () => this.#limits() },
      hooks: { draw: [(plot) => drawPoints(plot, this.#points(), 3)] },
      keys: [...RACERS, { text: "data", ink: "point", mark: "dots" }],
    });
    const losses = chart(box("Loss"), signal, {
      label: "Losses against steps",
      series: two,
      x: { label: "log₁₀(1 + step)" },
      y: { log: true },
      keys: RACERS,
    });
    const drifts = chart(box("Drift"), signal, {
      label: "Relative drift of weights and of the kernel",
      series: two,
      x: { label: "log₁₀(1 + step)" },
      keys: [
        { text: "weights, ‖θ − θ₀‖/‖θ₀‖", ink: "accent", series: 1 },
        { text: "kernel, ‖Θ − Θ₀‖/‖Θ₀‖", ink: "second", mark: "dashes", series: 2 },
      ],
    });
    const shapes = chart(box("Eigenmodes of Θ"), signal, {
      label: "Shapes of the first four eigenmodes of the kernel; the list below says how far each is learnt",
      series: MODE_COLOURS.map((name, i) => ({ stroke: color(name), width: 2, dash: i < 2 ? undefined : [6, 4] })),
      x: { label: "x (standardised)" },
      y: { range: () => [-1.1, 1.1] },
      keys: MODE_COLOURS.map((ink, i) => ({
        text: `mode ${i + 1}`,
        ink,
        mark: i < 2 ? "line" : "dashes",
        series: i + 1,
      })),
    });
    this.#scene = { curves, losses, drifts, shapes };
  }

  #points() {
    return this.#data.X.map((x, i) => ({ x, y: this.#data.Y[i] }));
  }

  #limits(): [number, number] {
    const [low, high] = extent(this.#data.Y);
    return [low - 0.7, high + 0.7];
  }

  /** Trains anew, frame by frame; a newer run ends an older one. */
  async start(): Promise<void> {
    const run = ++this.#run;
    const live = () => run === this.#run && !this.signal.aborted;
    const { width, init, weightStd, biasStd, activation, seed, share, horizon } = this.values;
    this.frames = [];
    this.scrub.max = "0";
    this.scrub.value = "0";
    this.error.textContent = "";
    this.pause();
    this.cancel.disabled = false;
    try {
      await this.#load();
      if (!live()) return;
      const { X, Y } = this.#data;
      const [left, right] = extent(X);
      this.#grid = linspace(left - 0.3, right + 0.3, 161);
      const network = { hidden: 2 ** width, init, weightStd, biasStd, activation, seed };
      this.info = await service.raceStart({ network, X, Y, grid: this.#grid, share } as never);
      if (!live()) return;
      this.#scene.shapes.setData([this.#grid, ...this.info.shapes] as uPlot.AlignedData);
      const steps = stepsTo(Math.round(10 ** horizon));
      for (const [k, step] of steps.entries()) {
        if (!live()) return;
        const frame = (await service.raceFrame(step)) as Frame;
        if (!live()) return;
        // Who scrubs or plays is not torn away.
        const follows = !this.#timer && this.scrub.valueAsNumber >= this.frames.length - 1;
        this.frames.push(frame);
        this.progress.value = (k + 1) / steps.length;
        this.scrub.max = String(k);
        if (!follows) continue;
        this.scrub.value = String(k);
        this.show(k);
      }
      this.stop("Trained");
    } catch (error) {
      if (!live()) return;
      // The step that the message names is after the last frame.
      this.scrub.value = this.scrub.max;
      this.stop(this.frames.length > 0 ? "The last frame before" : "");
      this.error.textContent = (error as Error).message;
    }
  }

  stop(word: string): void {
    this.#run++;
    this.cancel.disabled = true;
    this.show(this.scrub.valueAsNumber, word);
    announce(this.status.textContent ?? "");
  }

  pause(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.play.textContent = "Play";
  }

  toggle(): void {
    if (this.#timer) {
      this.pause();
      return;
    }
    if (this.frames.length === 0) return;
    let at = this.scrub.valueAsNumber >= this.frames.length - 1 ? 0 : this.scrub.valueAsNumber;
    this.play.textContent = "Pause";
    this.#timer = window.setInterval(() => {
      this.scrub.value = String(at);
      this.show(at);
      if (++at >= this.frames.length) this.pause();
    }, FRAME_MS);
  }

  show(at: number, word = ""): void {
    const frame = this.frames[at];
    if (!frame) return;
    const none = () => new Array(this.#grid.length).fill(null);
    this.#scene.curves.setData([this.#grid, frame.network, frame.linear ?? none()] as uPlot.AlignedData);
    const shown = this.frames.slice(0, at + 1);
    const steps = shown.map(({ step }) => Math.log10(1 + step));
    const finite = (v: number) => (v > 0 && v < 1e12 ? v : null);
    const losses = [shown.map((f) => finite(f.loss)), shown.map((f) => finite(f.linearLoss))];
    this.#scene.losses.setData([steps, ...losses] as uPlot.AlignedData);
    this.#scene.drifts.setData([steps, shown.map((f) => f.parameterDrift), shown.map((f) => f.kernelDrift)]);
    this.scrub.setAttribute("aria-valuetext", `step ${frame.step}`);
    const linear = Number.isFinite(frame.linearLoss) ? format(frame.linearLoss) : "beyond all numbers";
    this.status.textContent =
      `${word ? `${word}: ` : ""}step ${frame.step}, loss ${format(frame.loss)} (first-order ${linear}), ` +
      `weights moved by ${format(100 * frame.parameterDrift)} %, kernel by ${format(100 * frame.kernelDrift)} %.`;
    this.#showModes(frame.step, this.#data.X.length);
  }

  #showModes(step: number, n: number): void {
    const { info } = this;
    if (!info) return;
    const lines = info.eigenvalues.slice(0, MODES).flatMap((value, i) => {
      const left = (1 - (info.rate * value) / n) ** step;
      const learnt = Math.max(0, 1 - Math.abs(left));
      const bar = h("span", { class: "bar" });
      bar.style.width = `${100 * learnt}%`;
      const holder = h("span", {}, bar);
      holder.style.display = "grid";
      const name = `λ${i + 1} = ${format(Math.max(value, 0), 2)} (${format(100 * info.power[i], 2)} %)`;
      return [h("span", {}, name), holder, h("span", {}, `${format(100 * learnt, 2)} %`)];
    });
    fill(this.modes, lines);
  }
}

export const mount: Mount = (root, params, signal) => {
  const view = new View(params, signal);
  let timer = 0;
  const controls = panel(SPEC, view.values, () => {
    writeHash("training", SPEC, view.values);
    clearTimeout(timer);
    timer = window.setTimeout(() => void view.start(), 150);
  });
  const scrub = h("div", { class: "field" }, h("label", { for: "scrub" }, "Time"), view.scrub);
  root.append(
    html(INTRO),
    h(
      "div",
      { class: "layout" },
      h(
        "div",
        {},
        h("div", { class: "row" }, view.play, view.cancel, view.progress),
        scrub,
        view.status,
        view.error,
        view.plots,
        h("section", {}, h("h2", {}, "Learnt so far, mode by mode (in brackets: its share of ‖y − f₀‖²)"), view.modes),
      ),
      h("aside", { "aria-label": "Settings" }, controls),
    ),
  );
  view.draw();
  void view.start();
};
