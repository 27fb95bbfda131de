import type { Matrix } from "../../matrix.js";
import type { Init } from "../../model/initSchemes.js";
import type { Ntk } from "../../ntk.js";
import { fitExponents, type SweepRate, type SweepRun, summarise } from "../../training/exponents.js";
import type { Sweep, SweepOptions } from "../../training/sweep.js";
import type { Job, Kind, Plan } from "../plan.js";

/** The options of a sweep on a cluster: its functions stay at home. */
export type ClusterSweepOptions = Omit<SweepOptions, "onProgress" | "signal">;

interface Shared {
  X: Matrix;
  Y: Matrix;
  options: SweepOptions;
}

interface Own {
  init: Init;
  rate: SweepRate;
  width: number;
  seed: number;
}

interface Reduce {
  rates: SweepRate[];
  /** Consecutive jobs of a rate. */
  runsOfRate: number;
  seeds: number;
}

export function planSweep(ntk: Ntk, X: Matrix, Y: Matrix, options: ClusterSweepOptions): Plan {
  // Checks everything, and trains nothing.
  ntk.sweeping(X, Y, options);
  const { widths, learningRates, inits = ["lecun"], seeds = 5 } = options;
  const each = typeof seeds === "number" ? Array.from({ length: seeds }, (_, seed) => seed) : Array.from(seeds);
  const jobs: Job[] = [];
  for (const init of inits)
    for (const rate of learningRates)
      for (const width of widths)
        for (const seed of each) {
          const shown = typeof rate === "number" ? rate : `${rate.fraction} of the largest`;
          jobs.push({ name: `width ${width}, ${init}, rate ${shown}, seed ${seed}`, own: { init, rate, width, seed } });
        }
  const shared: Shared = { X, Y, options };
  const reduce: Reduce = {
    rates: Array.from(learningRates),
    runsOfRate: widths.length * each.length,
    seeds: each.length,
  };
  return { kind: "sweep", shared, jobs, reduce };
}

export const sweep: Kind = {
  async run(ntk, shared, own) {
    const { X, Y, options } = shared as Shared;
    const { init, rate, width, seed } = own as Own;
    const cell = { inits: [init], learningRates: [rate], widths: [width], seeds: [seed] };
    return (await ntk.sweep(X, Y, { ...options, ...cell })).runs[0];
  },
  reducer(reduce) {
    const { rates, runsOfRate, seeds } = reduce as Reduce;
    const runs: SweepRun[] = [];
    return {
      add: (result, job) => {
        // One object for all runs of a rate, by which exponents group them.
        const rate = rates[Math.floor(job / runsOfRate) % rates.length];
        runs.push({ ...(result as SweepRun), rate });
      },
      finish: (): Sweep => {
        const summary = summarise(runs, seeds);
        return { runs, summary, exponents: fitExponents(runs, summary), aborted: false };
      },
    };
  },
};
