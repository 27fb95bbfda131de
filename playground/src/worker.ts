// The one Web Worker: all computation of the playground, behind Comlink.
import { expose } from "comlink";
import { load, type Ntk } from "ntk-wasm";
import { features } from "./compute/features";
import { kernel } from "./compute/kernel";
import { Race, type RaceRequest } from "./compute/race";
import { Regression, type RegressionRequest } from "./compute/regression";
import { time } from "./compute/speed";

let loading: Promise<Ntk> | undefined;
const ready = () => {
  loading ??= load();
  return loading;
};
let race: Race | undefined;
let regression: Regression | undefined;

const service = {
  async variant() {
    return (await ready()).variant;
  },
  async fit(request: RegressionRequest) {
    regression ??= new Regression(await ready());
    return regression.run(request);
  },
  /** The fit on display as JSON text. */
  fitJson() {
    return regression?.json() ?? "null";
  },
  async features(request: Parameters<typeof features>[1]) {
    return features(await ready(), request);
  },
  async kernel(request: Parameters<typeof kernel>[1]) {
    return kernel(await ready(), request);
  },
  async raceStart(request: RaceRequest) {
    race?.dispose();
    race = new Race(await ready(), request);
    return race.info;
  },
  raceFrame(step: number) {
    if (!race) throw new RangeError("no race was started");
    return race.frame(step);
  },
  time,
};

export type Service = typeof service;
expose(service);
