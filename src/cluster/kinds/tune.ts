import type { Model } from "../../kernel/models.js";
import type { Matrix } from "../../matrix.js";
import type { Ntk } from "../../ntk.js";
import { isList } from "../../options.js";
import type { Tuned, TuneOptions } from "../../regression/tuneOptions.js";
import { checkJobs, type Kind, type Plan } from "../plan.js";

/** The options of `tune` on a cluster: its functions stay at home. */
export type ClusterTuneOptions = Omit<TuneOptions, "onProgress" | "signal">;

/** The searches of a tune, and the best of them. */
export interface TunedModels {
  /** Place of the best search in `runs`: the first of the largest score. */
  best: number;
  /** One search for each model and depth, the depths of the first model first. */
  runs: Tuned[];
  /** What was unusual: a depth at an end of its list. What a search says is in its own `notes`. */
  notes: string[];
}

interface Shared {
  models: Model[];
  X: Matrix;
  Y: Matrix;
  options: TuneOptions;
}

interface Own {
  model: number;
  depth: number | undefined;
}

export function planTune(
  ntk: Ntk,
  given: Model | readonly Model[],
  X: Matrix,
  Y: Matrix,
  options: ClusterTuneOptions,
): Plan {
  const models = isList(given) ? Array.from(given as readonly Model[]) : [given as Model];
  if (models.length === 0) throw new RangeError("models is empty; expected at least one model");
  checkJobs(models.length * (options.depth?.length ?? 1), "models and depth");
  // Checks everything, and decomposes nothing.
  for (const model of models) ntk.tuning(model, X, Y, options);
  const depths = options.depth === undefined ? [undefined] : Array.from(options.depth);
  const own = models.flatMap((_, model) => depths.map((depth): Own => ({ model, depth })));
  const jobs = own.map((each) => ({
    name: `model ${each.model}${each.depth === undefined ? "" : `, depth ${each.depth}`}`,
    own: each,
  }));
  const shared: Shared = { models, X, Y, options };
  return { kind: "tune", shared, jobs, reduce: { depths } };
}

export const tune: Kind = {
  async run(ntk, shared, own) {
    const { models, X, Y, options } = shared as Shared;
    const { model, depth } = own as Own;
    return ntk.tune(models[model], X, Y, { ...options, depth: depth === undefined ? undefined : [depth] });
  },
  reducer(reduce) {
    const { depths } = reduce as { depths: (number | undefined)[] };
    const runs: Tuned[] = [];
    return {
      add: (result) => void runs.push(result as Tuned),
      finish: (): TunedModels => {
        const best = runs.reduce((top, { score }, i) => (score > runs[top].score ? i : top), 0);
        return { best, runs, notes: depthNotes(depths[best % depths.length], depths) };
      },
    };
  },
};

/** A sentence where the best depth is at an end of its list. */
function depthNotes(depth: number | undefined, depths: readonly (number | undefined)[]): string[] {
  const others = depths.filter((other) => other !== depth) as number[];
  if (depth === undefined || others.length === 0) return [];
  const upper = others.every((other) => other < depth);
  if (!upper && !(depth > 1 && others.every((other) => other > depth))) return [];
  return [
    `the chosen depth ${depth} is at the ${upper ? "upper" : "lower"} end of its list: a better one may lie beyond it`,
  ];
}
