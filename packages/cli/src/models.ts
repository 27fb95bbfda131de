/** The models that the command line knows, by name. Inputs are standardised, so scales of about 1 fit them. */
import {
  createInfiniteNetwork,
  createNetwork,
  type InfiniteNetwork,
  linearKernel,
  type Model,
  type Network,
  rbfKernel,
  type StationaryKernel,
  type TuneOptions,
} from "ntk-wasm";
import type { SentModel } from "ntk-wasm/worker";
import { Misuse, oneLine } from "./errors.js";

export const KINDS = ["infinite", "network", "rbf", "linear"] as const;
export type Kind = (typeof KINDS)[number];

/** The activation without kinks whose evidence is hardly ever the worst, and two hidden layers. */
const ACTIVATION = "erf";
const DEPTH = 2;
export const WIDTH = 256;

export interface ModelOptions {
  model: Kind;
  activation?: string[] | undefined;
  depth?: number[] | undefined;
  width: number;
  seed: number;
}

/** The model for a number of inputs; of several activations or depths the first. @throws Misuse */
export function modelOf({ model, activation, depth, width, seed }: ModelOptions, inputs: number): SentModel {
  const layers = depth?.[0] ?? DEPTH;
  // The name is checked by the library, which says what it knows.
  const name = (activation?.[0] ?? ACTIVATION) as "erf";
  try {
    if (model === "rbf") return rbfKernel({ lengthScale: Math.sqrt(inputs) });
    if (model === "linear") return linearKernel({ biasStd: 1 });
    if (model === "infinite") return createInfiniteNetwork({ depth: layers, activation: name });
    const hidden = new Array(layers).fill(width);
    return createNetwork({ inputs, hidden, activation: name, parametrization: "ntk", biasStd: 1, seed });
  } catch (error) {
    throw new Misuse(oneLine(error));
  }
}

/** @throws Misuse for options that the model has no use for. */
export function checkModelOptions({ model, activation, depth }: ModelOptions, tune: boolean): void {
  const networks = model === "infinite" || model === "network";
  for (const [name, value] of Object.entries({ "--activation": activation, "--depth": depth }))
    if (value && !networks) throw new Misuse(`${name} is given with --model ${model}, which has no layers`);
  if (model === "network" && depth?.includes(0))
    throw new Misuse("--depth 0 is given with --model network; expected 1 or more, or --model linear");
  if (tune && model === "linear")
    throw new Misuse("--tune is given with --model linear, which has the ridge alone; leave --tune out");
}

/**
 * What `tune` searches: the activations and depths that were named, and with `all` the scales too. Undefined where
 * nothing is left to search.
 */
export function searchOf(options: ModelOptions, all: boolean, inputs: number): TuneOptions | undefined {
  const { model, activation, depth } = options;
  if (model === "linear") return undefined;
  if (model === "rbf") return all ? { lengthScale: [0.2 * Math.sqrt(inputs), 10 * Math.sqrt(inputs)] } : undefined;
  const several = (activation?.length ?? 0) > 1 || (depth?.length ?? 0) > 1;
  if (!all && !several) return undefined;
  return {
    activation: (activation ?? (all ? ["erf", "relu"] : [ACTIVATION])) as ["erf"],
    depth: depth ?? (all ? [1, 2, 3] : [DEPTH]),
    ...(all ? { weightStd: [0.5, 4] as const, evaluations: 12 } : {}),
  };
}

/** Kernels that `tune` looks at, at most. */
export function evaluationsOf({ activation, depth, evaluations = 40, weightStd, lengthScale }: TuneOptions): number {
  const own = weightStd || lengthScale ? evaluations : 1;
  return own * (activation?.length ?? 1) * (depth?.length ?? 1);
}

/** A model in words. */
export function modelInWords(model: Model): string {
  const stationary = model as StationaryKernel;
  if (stationary.kind === "rbf") return `rbf kernel of length ${short(stationary.lengthScale)}`;
  const infinite = model as InfiniteNetwork;
  if (infinite.depth === 0) return "linear kernel: ridge regression on the inputs";
  const scales = `weightStd ${short(infinite.weightStd)}, biasStd ${short(infinite.biasStd)}`;
  const layers = (n: number) => `${n} layer${n === 1 ? "" : "s"}`;
  if (typeof infinite.depth === "number")
    return `infinite network, ${infinite.activation}, ${layers(infinite.depth)}, ${scales}`;
  const { hidden, activation } = model as Network;
  const widths = [hidden].flat() as number[];
  return `network, ${activation}, ${layers(widths.length)} of ${widths[0]}, ${scales}`;
}

function short(value: unknown): string {
  return [value]
    .flat()
    .map((number) => String(Number(Number(number).toPrecision(3))))
    .join(" ");
}
