/**
 * The table of activations in TypeScript, one row for each code of the ABI. Everything else iterates it or is a
 * `Record` over its names. How to add one: ARCHITECTURE.md, "One obvious place".
 */
import { ActivationCode } from "../codes.js";
import { type Check, choice } from "../options.js";
import { checkKeys, isPlainObject } from "../scalars.js";
import { quoted, reading, refusal } from "../words.js";
import { type ActivationDescription, type ActivationName, parametersOf } from "./activationParameters.js";
import { type DefinedActivation, isDefined } from "./definedActivation.js";
import * as dualActivations from "./dualActivation.js";
import * as quadratureDuals from "./quadratureDuals.js";
import * as maps from "./rowMaps.js";

export type { ActivationDescription, ActivationName } from "./activationParameters.js";

/** An activation of the library: its name, with the defaults of its parameters, or a description with parameters. */
export type BuiltIn = ActivationName | ActivationDescription;

/** An activation of the library, or one's own. */
export type Activation = ActivationName | ActivationDescription | DefinedActivation;

interface ActivationRow {
  /** σ and its slope, for the JavaScript backend: S = σ(S) in place and G = gain ∘ σ'. */
  readonly map: maps.RowMap;
  /** Gaussian expectations of both, for infinite width. */
  readonly dualActivation: dualActivations.DualActivation;
  /**
   * A mixture of probits has a series, whose moments are of `scale` times the variance; `slopes`: it weighs term k by
   * 2k + 2.
   */
  readonly mixture?: { readonly scale: number; readonly slopes?: boolean };
}

/** What each activation is. */
export const ACTIVATIONS: Record<ActivationName, ActivationRow> = {
  /** 1/(1 + e^−z), slope σ(1 − σ). */
  sigmoid: { map: maps.sigmoid, dualActivation: dualActivations.sigmoid, mixture: { scale: 1 } },
  /** Slope 1 − tanh² z. */
  tanh: { map: maps.tanh, dualActivation: dualActivations.tanh, mixture: { scale: 4 } },
  /** Slope 2/√π e^(−z²). */
  erf: { map: maps.erf, dualActivation: dualActivations.erf },
  /** max(z, 0), slope 1 for z > 0 and 0 else. */
  relu: { map: maps.relu, dualActivation: dualActivations.relu },
  /** z, slope 1. */
  identity: { map: maps.identity, dualActivation: dualActivations.identity },
  /** z Φ(z), exact; slope Φ(z) + z φ(z). */
  gelu: { map: maps.gelu, dualActivation: dualActivations.gelu },
  /** log(1 + e^z), slope the sigmoid. */
  softplus: { map: maps.softplus, dualActivation: dualActivations.softplus, mixture: { scale: 1 } },
  /** z s(z), s the sigmoid; slope s (1 + z (1 − s)). */
  silu: { map: maps.silu, dualActivation: dualActivations.silu, mixture: { scale: 1, slopes: true } },
  /** sin(frequency z + phase). */
  sin: { map: maps.sin, dualActivation: dualActivations.wave },
  /** slope z for z ≤ 0, else z. */
  leakyRelu: { map: maps.abRelu, dualActivation: dualActivations.abRelu },
  /** negative z for z ≤ 0, else positive z. */
  abRelu: { map: maps.abRelu, dualActivation: dualActivations.abRelu },
  /** |z|, slope −1 at 0. */
  abs: { map: maps.abRelu, dualActivation: dualActivations.abRelu },
  /** cos(frequency z + phase). */
  cos: { map: maps.sin, dualActivation: dualActivations.wave },
  /** e^(−beta z²). */
  gaussian: { map: maps.gaussian, dualActivation: dualActivations.gaussian },
  /** e^z. */
  exp: { map: maps.exp, dualActivation: dualActivations.exp },
  /** 1 for z > 0, else 0; its slope counts as 0. */
  step: { map: maps.step, dualActivation: dualActivations.step },
  /** z^degree. */
  monomial: { map: maps.polynomial, dualActivation: dualActivations.polynomial },
  /** Σ a_k He_k(z)/√k!. */
  hermite: { map: maps.polynomial, dualActivation: dualActivations.polynomial },
  /** z, and ±1 beyond ±1. */
  hardTanh: { map: maps.hardTanh, dualActivation: quadratureDuals.hardTanh },
  /** z for z > 0, else alpha (e^z − 1). */
  elu: { map: maps.elu, dualActivation: quadratureDuals.elu },
  /** elu with alpha 1.6733, times 1.0507. */
  selu: { map: maps.elu, dualActivation: quadratureDuals.elu },
};

const NAMES = Object.keys(ACTIVATIONS) as ActivationName[];
const checkName = choice(NAMES);

/**
 * An activation: names stay names, of a description the defaults are filled in, and without any parameter it becomes
 * its name.
 *
 * @throws TypeError for other kinds and unknown parameters; RangeError for wrong values.
 */
export const ACTIVATION: Check<Activation> = (value, what) => {
  if (isDefined(value)) return value;
  if (!isPlainObject(value, what)) return completeName(checkName(value, what), what);
  const given = reading(what, () => ({ ...value }));
  if (typeof given.value === "function")
    throw refusal(new TypeError(`${what} is an object with functions; expected what defineActivation makes of it`));
  const name = checkName(given.name, `${what}.name`);
  const { schema = {} } = parametersOf(name) ?? {};
  const keys = Object.keys(schema);
  checkKeys(given, ["name", ...keys], what);
  if (keys.every((key) => given[key] === undefined)) return completeName(name, what);
  const values = keys.map((key) => [key, schema[key](given[key], `${what}.${key}`)]);
  return { name, ...Object.fromEntries(values) } as Activation;
};

function completeName(name: ActivationName, what: string): Activation {
  const needs = parametersOf(name)?.needs;
  if (needs === undefined) return name as Activation;
  throw refusal(new RangeError(`${what} is ${quoted(name)}, which has parameters; expected them, as in ${needs}`));
}

/** The name of a checked activation. */
export function nameOf(activation: BuiltIn): ActivationName {
  return typeof activation === "string" ? activation : activation.name;
}

/** The row of a checked activation. */
export function rowOf(activation: BuiltIn): ActivationRow {
  return ACTIVATIONS[nameOf(activation)];
}

const NONE = new Float64Array(0);

/** The record of a checked activation (src/ops.ts); empty where its code says all. */
export function recordOf(activation: BuiltIn): Float64Array {
  const name = nameOf(activation);
  const parameters = parametersOf(name);
  if (!parameters || (parameters.plain && activation === name)) return NONE;
  const { schema } = parameters;
  const given: Readonly<Record<string, unknown>> = typeof activation === "string" ? {} : { ...activation };
  const values = Object.keys(schema).map((key) => [key, schema[key](given[key], key)]);
  return Float64Array.from([ActivationCode[name], ...parameters.record(Object.fromEntries(values))]);
}
