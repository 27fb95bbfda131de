/**
 * The table of initialisations, one row for each scheme. Every scheme has a `…Uniform` twin with the same variances.
 * Sources: LeCun et al. 1998 (lecun), Glorot & Bengio 2010 (glorot), He et al. 2015 (he), Jacot et al. 2018 (ntk),
 * a readout of std 1/m (smallReadout).
 */

/** A layer of weights. */
interface Layer {
  fanIn: number;
  fanOut: number;
  output: boolean;
}

interface SchemeRow {
  /** Std of the weights of a layer where weightStd is 1. */
  weightStd(layer: Layer): number;
  /** Default of biasStd; 0 unless given. */
  biasStd?: number;
  /** Draws N(0, 1) and scales in the forward pass: the scheme of `parametrization: "ntk"`. */
  ntk?: true;
}

const SCHEMES = {
  lecun: { weightStd: ({ fanIn }) => 1 / Math.sqrt(fanIn) },
  he: { weightStd: ({ fanIn }) => Math.SQRT2 / Math.sqrt(fanIn) },
  glorot: { weightStd: ({ fanIn, fanOut }) => Math.sqrt(2 / (fanIn + fanOut)) },
  ntk: { weightStd: () => 1, biasStd: 1, ntk: true },
  unit: { weightStd: () => 1, biasStd: 1 },
  smallReadout: { weightStd: ({ fanIn, output }) => (output ? 1 / fanIn : 1 / Math.sqrt(fanIn)) },
} satisfies Record<string, SchemeRow>;

/** Name of a scheme without a twin. */
export type Scheme = keyof typeof SCHEMES;

/** Name of an initialisation. */
export type Init = Scheme | `${Scheme}Uniform`;

/** All names: the schemes and their uniform twins. */
export const INITS: readonly Init[] = (Object.keys(SCHEMES) as Scheme[]).flatMap(
  (name) => [name, `${name}Uniform`] as const,
);

function rowOf(init: Init): SchemeRow {
  return SCHEMES[init.replace(/Uniform$/, "") as Scheme];
}

/** True for the schemes that mean `parametrization: "ntk"`. */
export function isNtkInit(init: Init): boolean {
  return rowOf(init).ntk === true;
}

/** Default of biasStd for a scheme. */
export function defaultBiasStd(init: Init): number {
  return rowOf(init).biasStd ?? 0;
}

/** Standard deviation with which the weights of a layer are drawn. */
export function initialWeightStd(init: Init, weightStd: number, layer: Layer): number {
  return (isNtkInit(init) ? 1 : weightStd) * rowOf(init).weightStd(layer);
}

/** Standard deviation with which biases are drawn. */
export function initialBiasStd(init: Init, biasStd: number): number {
  return isNtkInit(init) ? 1 : biasStd;
}

/** True where draws are uniform on ±√3 std rather than normal. */
export function isUniform(init: Init): boolean {
  return init.endsWith("Uniform");
}
