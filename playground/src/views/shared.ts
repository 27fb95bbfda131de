// Choices that several views offer, and what the three tangent features of a unit look like for each activation.
import type { Init } from "ntk-wasm/slim";
import type { ActivationName } from "../../../src/model/activationParameters";

/** Activations that their names say all about: all but those whose parameters have no defaults. */
type Offered = Exclude<ActivationName, "abRelu" | "monomial" | "hermite">;
/** What σ, σ′ and xσ′ look like. */
type Looks = readonly [value: string, slope: string, product: string];

const SIGMOIDAL: Looks = ["Sigmoids", "Bells", "Impulse responses"];
const SMOOTH_RAMPS: Looks = ["Smooth ramps", "Smooth steps", "Smooth bent lines"];
const WAVES: Looks = ["Waves", "Waves, a quarter ahead", "Waves that grow"];

/** In the order of the choice. A name that is missing here is an error of types. */
const LOOKS: Record<Offered, Looks> = {
  sigmoid: SIGMOIDAL,
  tanh: SIGMOIDAL,
  erf: SIGMOIDAL,
  relu: ["Ramps", "Steps", "Lines that begin with a jump"],
  identity: ["Lines", "Constants", "Lines through 0"],
  gelu: SMOOTH_RAMPS,
  softplus: SMOOTH_RAMPS,
  silu: SMOOTH_RAMPS,
  sin: WAVES,
  leakyRelu: ["Bent lines", "Steps", "Lines with a jump"],
  abs: ["Vees", "Steps from −1 to 1", "Lines that change sign"],
  cos: WAVES,
  gaussian: ["Bells", "Slopes of bells", "Slopes of bells times x"],
  exp: ["Exponentials", "Exponentials", "Exponentials times x"],
  step: ["Steps", "0 but at the step", "0 but at the step"],
  hardTanh: ["Ramps between two levels", "Boxes", "Pieces of lines"],
  elu: SMOOTH_RAMPS,
  selu: ["Ramps with a soft foot", "Steps with a soft foot", "Bent lines with a jump"],
};

/** What the features of an activation look like, by the blocks of parameters that they belong to. */
export function looks(activation: string): Record<"b" | "d" | "c", string> {
  const [b, d, c] = LOOKS[activation as Offered];
  return { b, d, c };
}

/** All activations of the library that a name says all about. */
export const ACTIVATIONS: Record<string, string> = Object.fromEntries(Object.keys(LOOKS).map((name) => [name, name]));

/** All initialisations but the uniform twins, with their names for people. */
export const INITS: Record<Exclude<Init, `${string}Uniform`>, string> = {
  lecun: "LeCun",
  he: "He",
  glorot: "Glorot",
  ntk: "NTK",
  unit: "unit",
  smallReadout: "small readout",
};

/** Lines of help for settings that several views have. */
export const HELP = {
  width: "More units: features move less.",
  init: "How the weights are drawn.",
  activation: "σ, what each hidden unit applies.",
  weightStd: "Larger: steeper units.",
  biasStd: "Larger: their turns are further apart.",
  seed: "Another network of the same kind.",
} as const;
