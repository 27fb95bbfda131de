// The one Web Worker: all computation of the playground, behind Comlink. What the first view does not need is fetched
// when it is asked for (rest.ts).
import { expose, transfer } from "comlink";
import type { Convergence } from "./compute/convergence";
import type { FeaturesRequest } from "./compute/features";
import type { KernelRequest } from "./compute/kernel";
import type { Race, RaceRequest } from "./compute/race";
import { fitJson, Regression } from "./compute/regression";
import type { RegressionRequest } from "./compute/regressionTypes";
import type { StoryFitRequest } from "./compute/storyFit";
import type { StoryRaceRequest } from "./compute/storyRace";
import type { RivalsRequest } from "./compute/storyRivals";
import type { UnitsRequest } from "./compute/storyUnits";
import type { Build } from "./compute/tasks";
import { loaded } from "./load";

const rest = () => import("./rest");
let race: Race | undefined;
let regression: Regression | undefined;
let convergence: Convergence | undefined;

const service = {
  /** What computes, and why it is not WebAssembly. */
  async ready() {
    const { core, reason } = await loaded();
    return { variant: core.variant, reason };
  },
  async fit(request: RegressionRequest) {
    regression ??= new Regression((await loaded()).core);
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
    return fitJson((await loaded()).core, request);
  },
  async features(request: FeaturesRequest) {
    const { features, library } = await rest();
    return features(await library(), request);
  },
  async kernel(request: KernelRequest) {
    const { kernel, library } = await rest();
    return kernel(await library(), request);
  },
  async convergenceStart(request: ConstructorParameters<typeof Convergence>[1]) {
    const { Convergence, library } = await rest();
    convergence = new Convergence(await library(), request);
  },
  convergenceAt(width: number) {
    if (!convergence) throw new RangeError("no convergence was started");
    return convergence.at(width);
  },
  async raceStart(request: RaceRequest) {
    race?.dispose();
    race = undefined;
    const { Race, library } = await rest();
    race = new Race(await library(), request);
    return race.info;
  },
  raceFrame(step: number) {
    if (!race) throw new RangeError("no race was started");
    return race.frame(step);
  },
  async storyUnits(request: UnitsRequest) {
    const [{ core }, { units }] = await Promise.all([loaded(), import("./compute/storyUnits")]);
    return units(core, request);
  },
  async storyFit(request: StoryFitRequest) {
    const { storyFit, library } = await rest();
    return storyFit(await library(), request);
  },
  async storyRaces(requests: StoryRaceRequest[]) {
    const { storyRace, library } = await rest();
    const ntk = await library();
    return requests.map((request) => storyRace(ntk, request));
  },
  async storyRivals(request: RivalsRequest) {
    const [{ library }, { rivals }] = await Promise.all([rest(), import("./compute/storyRivals")]);
    return rivals(await library(), request);
  },
  async threads() {
    return (await rest()).threads();
  },
  async time(build: Build, task: string) {
    return (await rest()).time(build, task);
  },
};

export type Service = typeof service;
expose(service);
