/** Activations of one's own: a value and its slope as functions of one number. */
import { ActivationCode } from "../codes.js";
import { callback, read } from "../options.js";
import { describe, quoted, refusal } from "../words.js";

/** An activation of one's own, made by {@link defineActivation}. It is frozen, and not structured-cloneable. */
export interface DefinedActivation {
  readonly name: string;
  readonly value: (z: number) => number;
  readonly slope: (z: number) => number;
}

/** Those that {@link defineActivation} has made. */
const defined = new WeakSet<object>();

/** True for what {@link defineActivation} makes. */
export function isDefined(activation: unknown): activation is DefinedActivation {
  return typeof activation === "object" && activation !== null && defined.has(activation);
}

/** Where the slope is compared with differences: away from the integers, where kinks are. */
const PROBES = [-7.3, -3.1, -1.7, -0.9, -0.43, -0.11, 0.13, 0.37, 0.81, 1.3, 2.9, 6.7];
/** The step of a central difference: its error h² and its rounding ε/h are both about 1e-10. */
const STEP = 1e-5;
/** Allowed beside the size of slope and value: third derivatives up to 10⁴ of it. */
const ALLOWED = 1e-6;

/**
 * An activation of one's own for `createNetwork` and `createInfiniteNetwork`. Finite networks call the functions for
 * every unit and point, beside the products in WebAssembly. Infinite networks take its Gaussian expectations by a
 * Hermite series, to 1e-9 of its size; an activation that is too rough for that (with a kink, or steep beside the
 * variance) is a RangeError there. Both functions must be pure. The activation does not cross to a worker.
 *
 * @throws TypeError for what is no name or no function; RangeError where a value is not finite, where `slope` is not
 *   the derivative of `value`, naming z, and for the name of a built-in activation.
 * @example
 * const mish = defineActivation({
 *   name: "mish",
 *   value: (z) => z * Math.tanh(Math.log1p(Math.exp(z))),
 *   slope: (z) => {
 *     const t = Math.tanh(Math.log1p(Math.exp(z)));
 *     return t + (z * (1 - t * t)) / (1 + Math.exp(-z));
 *   },
 * });
 * createNetwork({ inputs: 1, hidden: 32, activation: mish });
 */
export function defineActivation(options: {
  name: string;
  value: (z: number) => number;
  slope: (z: number) => number;
}): DefinedActivation {
  const { name, value, slope } = read(options, "defineActivation", "{ name, value: (z) => …, slope: (z) => … }", {
    name: checkName,
    value: callback,
    slope: callback,
  }) as DefinedActivation;
  if (Object.hasOwn(ActivationCode, name))
    throw new RangeError(`name is ${quoted(name)}, the name of a built-in activation; expected another one`);
  for (const z of PROBES) {
    const [f, df, above, below] = [value(z), slope(z), value(z + STEP), value(z - STEP)];
    for (const [what, at, number] of [
      ["value", z, f],
      ["slope", z, df],
      ["value", z + STEP, above],
      ["value", z - STEP, below],
    ] as const)
      checkNumber(name, what, at, number);
    const difference = (above - below) / (2 * STEP);
    if (Math.abs(difference - df) <= ALLOWED * (Math.abs(df) + Math.abs(f) + 1)) continue;
    throw new RangeError(
      `slope(${z}) of the activation ${quoted(name)} is ${df}, but value changes at the rate ${difference.toPrecision(8)} there; ` +
        "expected the derivative of value",
    );
  }
  const activation = Object.freeze({ name, value, slope });
  defined.add(activation);
  return activation;
}

function checkName(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "")
    throw refusal(new TypeError(`${name} is ${describe(value)}; expected a word`));
  return value;
}

function checkNumber(name: string, what: string, z: number, value: unknown): void {
  if (typeof value === "number" && Number.isFinite(value)) return;
  const got = typeof value === "number" ? value : describe(value);
  if (!Number.isFinite(z))
    throw new RangeError(
      `a pre-activation of the activation ${quoted(name)} overflows float64 (${z}); rescale the inputs or the weights`,
    );
  throw new RangeError(`${what}(${z}) of the activation ${quoted(name)} is ${got}; expected a finite number`);
}

/**
 * S = σ(Z) and, where wanted, σ'(Z), new arrays.
 *
 * @throws RangeError naming z where a value is no finite number
 */
export function applyDefined(
  { name, value, slope }: DefinedActivation,
  Z: Float64Array | Float32Array,
  withSlopes: boolean,
): { values: Float64Array; slopes: Float64Array | undefined } {
  const values = new Float64Array(Z.length);
  const slopes = withSlopes ? new Float64Array(Z.length) : undefined;
  for (let i = 0; i < Z.length; i++) {
    const f = value(Z[i]);
    if (typeof f !== "number" || f - f !== 0) checkNumber(name, "value", Z[i], f);
    values[i] = f;
    if (!slopes) continue;
    const df = slope(Z[i]);
    if (typeof df !== "number" || df - df !== 0) checkNumber(name, "slope", Z[i], df);
    slopes[i] = df;
  }
  return { values, slopes };
}
