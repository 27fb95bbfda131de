// The one Web Worker: all computation of the playground, behind Comlink.
import { expose, transfer } from "comlink";
import { Convergence } from "./compute/convergence";
import { features } from "./compute/features";
import { kernel } from "./compute/kernel";
import { Race, type RaceRequest } from "./compute/race";
import { fitJson, Regression } from "./compute/regression";
import type { RegressionRequest } from "./compute/regressionTypes";
import { threads, time } from "./compute/speed";
import { library } from "./load";

let race: Race | undefined;
let regression: Regression | undefined;
let convergence: Convergence | undefined;

const service = {
  async fit(request: RegressionRequest) {
    regression ??= new Regression(await library());
    const result = regression.run(request);
    const curves = [result.finite, result.infinite].filter((curve) => curve !== undefined);
    const buffers = curves.flatMap(({ mean, low, high, samples }) => [mean, low, high, ...samples]);
    return transfer(
      result,
      buffers.map(({ buffer }) => buffer as ArrayBuffer),
    );
  },
  /** The fit of these points as JSON text. */
  async fitJson(request: RegressionRequest) {
    return fitJson(await library(), request);
  },
  async features(request: Parameters<typeof features>[1]) {
    return features(await library(), request);
  },
  async kernel(request: Parameters<typeof kernel>[1]) {
    return kernel(await library(), request);
  },
  async convergenceStart(request: ConstructorParameters<typeof Convergence>[1]) {
    convergence = new Convergence(await library(), request);
  },
  convergenceAt(width: number) {
    if (!convergence) throw new RangeError("no convergence was started");
    return convergence.at(width);
  },
  async raceStart(request: RaceRequest) {
    race?.dispose();
    race = undefined;
    race = new Race(await library(), request);
    return race.info;
  },
  raceFrame(step: number) {
    if (!race) throw new RangeError("no race was started");
    return race.frame(step);
  },
  threads,
  time,
};

export type Service = typeof service;
expose(service);
