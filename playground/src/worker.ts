// The one Web Worker: all computation of the playground, behind Comlink.
import { expose } from "comlink";
import { Convergence } from "./compute/convergence";
import { features } from "./compute/features";
import { kernel } from "./compute/kernel";
import { Race, type RaceRequest } from "./compute/race";
import { Regression, type RegressionRequest } from "./compute/regression";
import { threads, time } from "./compute/speed";
import type { StoryFitRequest } from "./compute/storyFit";
import type { StoryRaceRequest } from "./compute/storyRace";
import type { RivalsRequest } from "./compute/storyRivals";
import type { UnitsRequest } from "./compute/storyUnits";
import { library } from "./load";

let race: Race | undefined;
let regression: Regression | undefined;
let convergence: Convergence | undefined;

const service = {
  async fit(request: RegressionRequest) {
    regression ??= new Regression(await library());
    return regression.run(request);
  },
  /** The fit on display as JSON text. */
  fitJson() {
    return regression?.json() ?? "null";
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
  async storyUnits(request: UnitsRequest) {
    const [ntk, { units }] = await Promise.all([library(), import("./compute/storyUnits")]);
    return units(ntk, request);
  },
  async storyFit(request: StoryFitRequest) {
    const [ntk, { storyFit }] = await Promise.all([library(), import("./compute/storyFit")]);
    return storyFit(ntk, request);
  },
  async storyRaces(requests: StoryRaceRequest[]) {
    const [ntk, { storyRace }] = await Promise.all([library(), import("./compute/storyRace")]);
    return requests.map((request) => storyRace(ntk, request));
  },
  async storyRivals(request: RivalsRequest) {
    const [ntk, { rivals }] = await Promise.all([library(), import("./compute/storyRivals")]);
    return rivals(ntk, request);
  },
  threads,
  time,
};

export type Service = typeof service;
expose(service);
