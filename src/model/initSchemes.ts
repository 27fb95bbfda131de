/**
 * Initial standard deviations, one row per scheme. Weights of a layer with `fanIn` inputs and `fanOut` outputs have
 * std weightStd·gain/√fanIn unless the row says otherwise; every `…Uniform` twin has the same variances.
 * Sources: LeCun et al. 1998 (lecun), Glorot & Bengio 2010 (glorot), He et al. 2015 (he), Jacot et al. 2018 (ntk),
 * Mei et al. 2018 (meanField).
 */

const SCHEMES = ["lecun", "he", "glorot", "ntk", "unit", "meanField"] as const;
type Scheme = (typeof SCHEMES)[number];

/** Name of an initialisation. */
export type Init = Scheme | `${Scheme}Uniform`;

/** All names: the schemes and their uniform twins. */
export const INITS: readonly Init[] = SCHEMES.flatMap((name) => [name, `${name}Uniform`] as const);

interface Layer {
  fanIn: number;
  fanOut: number;
  output: boolean;
}

/** One row of the table: std of the weights at weightStd = 1. `ntk` draws N(0, 1) and scales in the forward pass. */
const WEIGHT_STD: Record<Scheme, (layer: Layer) => number> = {
  lecun: ({ fanIn }) => 1 / Math.sqrt(fanIn),
  he: ({ fanIn }) => Math.SQRT2 / Math.sqrt(fanIn),
  glorot: ({ fanIn, fanOut }) => Math.sqrt(2 / (fanIn + fanOut)),
  ntk: () => 1,
  unit: () => 1,
  meanField: ({ fanIn, output }) => (output ? 1 / fanIn : 1 / Math.sqrt(fanIn)),
};

function schemeOf(init: Init): Scheme {
  return init.replace(/Uniform$/, "") as Scheme;
}

/** True for the schemes that mean `parametrization: "ntk"`. */
export function isNtkInit(init: Init): boolean {
  return schemeOf(init) === "ntk";
}

/** Default of biasStd for a scheme. */
export function defaultBiasStd(init: Init): number {
  return schemeOf(init) === "unit" || isNtkInit(init) ? 1 : 0;
}

/** Standard deviation with which the weights of a layer are drawn. */
export function initialWeightStd(init: Init, weightStd: number, layer: Layer): number {
  return (isNtkInit(init) ? 1 : weightStd) * WEIGHT_STD[schemeOf(init)](layer);
}

/** Standard deviation with which biases are drawn. */
export function initialBiasStd(init: Init, biasStd: number): number {
  return isNtkInit(init) ? 1 : biasStd;
}

/** True where draws are uniform on ±√3 std rather than normal. */
export function isUniform(init: Init): boolean {
  return init.endsWith("Uniform");
}
