// What needs all of the library: fetched when a view asks for it first.
import { load, type Ntk } from "ntk-wasm/slim";
import { compiled } from "./load";

export { Convergence } from "./compute/convergence";
export { features } from "./compute/features";
export { kernel } from "./compute/kernel";
export { Race } from "./compute/race";
export { threads, time } from "./compute/speed";
export { storyFit } from "./compute/storyFit";
export { storyRace } from "./compute/storyRace";

let loading: Promise<Ntk> | undefined;

/** The one instance of these views. JavaScript computes where WebAssembly does not run. */
export function library(): Promise<Ntk> {
  loading ??= start();
  return loading;
}

async function start(): Promise<Ntk> {
  const module = await compiled().catch(() => undefined);
  if (module) return load({ module });
  const whole = await import("ntk-wasm");
  return whole.load({ variant: "js" });
}
