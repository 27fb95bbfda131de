/**
 * Activations with parameters: what callers write, how it is checked, and the record that the ops read (src/ops.ts). A
 * record is the code, 2 E[σ(x)²] (x a standard normal) where σ is positively homogeneous and else 0, and then what
 * `assembly/activation/` and its twins in JavaScript list as parameters.
 */
import { ActivationCode } from "../codes.js";
import { type Check, count, list, or, positive } from "../options.js";
import { checkNumber } from "../scalars.js";
import { refusal } from "../words.js";
import { LAPLACE, MILLS, TANH_SINH } from "./quadrature.js";

/** Name of an activation. */
export type ActivationName = keyof typeof ActivationCode;

/** Parameters of activations by name, as plain, structured-cloneable objects. */
export type ActivationDescription =
  /** slope · z for z ≤ 0, z for z > 0; default slope 0.01. */
  | { name: "leakyRelu"; slope?: number }
  /** negative · z for z ≤ 0, positive · z for z > 0. */
  | { name: "abRelu"; negative: number; positive: number }
  /** sin or cos of frequency · z + phase; defaults 1 and 0. */
  | { name: "sin" | "cos"; frequency?: number; phase?: number }
  /** z for z > 0, alpha (e^z − 1) for z ≤ 0; default alpha 1. */
  | { name: "elu"; alpha?: number }
  /** e^(−beta z²), beta > 0; default 1. */
  | { name: "gaussian"; beta?: number }
  /** z^degree, degree 1 to 8. */
  | { name: "monomial"; degree: number }
  /** Σ coefficients[k] He_k(z)/√k!, normalised probabilists' Hermite polynomials; up to nine coefficients. */
  | { name: "hermite"; coefficients: readonly number[] };

/** The highest degree of a polynomial. */
const MOST_DEGREE = 8;

/** The parameters of an activation. */
export interface Parametric {
  /** A check for each, which fills in its default. */
  readonly schema: Readonly<Record<string, Check<unknown>>>;
  /** What the name alone does not say, where parameters have no defaults. */
  readonly needs?: string;
  /** True where the ops know the name alone too, with all defaults. */
  readonly plain?: boolean;
  /** The record behind the code. */
  record(values: Readonly<Record<string, unknown>>): number[];
}

type Values<S> = { [Key in keyof S]: S[Key] extends Check<infer T> ? T : never };

function parametric<S extends Record<string, Check<unknown>>>(
  schema: S,
  record: (values: Values<S>) => number[],
  more: Pick<Parametric, "needs" | "plain"> = {},
): Parametric {
  return { schema, record: (values) => record(values as Values<S>), ...more };
}

/** A finite number. */
const finite: Check<number> = (value, name) => {
  checkNumber(value, name);
  if (!Number.isFinite(value)) throw refusal(new RangeError(`${name} is ${value}; expected a finite number`));
  return value;
};

const degree: Check<number> = (value, name) => {
  const n = count(value, name);
  if (n > MOST_DEGREE) throw refusal(new RangeError(`${name} is ${n}; expected a degree from 1 to ${MOST_DEGREE}`));
  return n;
};

const wave = { frequency: or(finite, 1), phase: or(finite, 0) };

/** Activations with parameters, and those that are cases of one with parameters. */
export const PARAMETRIC = {
  leakyRelu: parametric({ slope: or(finite, 0.01) }, ({ slope }) => halfLines(slope, 1)),
  abRelu: parametric({ negative: finite, positive: finite }, ({ negative, positive: up }) => halfLines(negative, up), {
    needs: '{ name: "abRelu", negative: 0.1, positive: 1 }',
  }),
  abs: parametric({}, () => halfLines(-1, 1)),
  sin: parametric(wave, ({ frequency, phase }) => waveRecord(frequency, phase, 0), { plain: true }),
  cos: parametric(wave, ({ frequency, phase }) => waveRecord(frequency, phase, 1)),
  gaussian: parametric({ beta: or(positive, 1) }, ({ beta }) => [
    0,
    beta,
    Math.sqrt(770 / beta),
    2 * beta,
    4 * beta ** 2,
  ]),
  monomial: parametric({ degree }, ({ degree: n }) => polynomial([...new Array<number>(n).fill(0), 1]), {
    needs: '{ name: "monomial", degree: 2 }',
  }),
  hermite: parametric(
    { coefficients: list(finite, "coefficients, up to degree 8", MOST_DEGREE + 1) },
    ({ coefficients }) => polynomial(fromHermite(coefficients)),
    { needs: '{ name: "hermite", coefficients: [0, 1, 0.5] }' },
  ),
  hardTanh: parametric({}, () => [0, ...TANH_SINH]),
  elu: parametric({ alpha: or(finite, 1) }, ({ alpha }) => eluRecord(alpha, 1)),
  // Klambauer et al. 2017: alpha times the scale, and the scale.
  selu: parametric({}, () => eluRecord(1.7580993408473768, 1.0507009873554805)),
};

/** The parameters of an activation; undefined where it has none. */
export function parametersOf(name: ActivationName): Parametric | undefined {
  return (PARAMETRIC as Partial<Record<ActivationName, Parametric>>)[name];
}

/** True where the name alone is an activation: every parameter has a default. */
export function isComplete(name: ActivationName): boolean {
  return parametersOf(name)?.needs === undefined;
}

/** α, β, and what their dual activation asks for: assembly/activation/abRelu.ts. */
function halfLines(alpha: number, beta: number): number[] {
  const [p, q] = [(alpha + beta) / 2, (beta - alpha) / 2];
  const s = (alpha ** 2 + beta ** 2) / 2;
  return [2 * s, alpha, beta, alpha * beta, s, p * p, q * q, (2 * q * q) / Math.PI, alpha * p, alpha * alpha];
}

/** Frequency, phase, quarter turns, frequency², and cos² and sin² of the phase with its quarters. */
function waveRecord(frequency: number, phase: number, quarter: 0 | 1): number[] {
  const [cosine, sine] = [Math.cos(phase) ** 2, Math.sin(phase) ** 2];
  return [0, frequency, phase, quarter, frequency ** 2, ...(quarter ? [sine, cosine] : [cosine, sine])];
}

/** α, β, and what integrates the dual activation: assembly/activation/elu.ts. */
function eluRecord(alpha: number, beta: number): number[] {
  return [0, alpha, beta, ...TANH_SINH, ...MILLS, ...LAPLACE];
}

/** The records of relu and of the plain sine. */
export const RELU = Float64Array.from([ActivationCode.abRelu, ...halfLines(0, 1)]);
export const SIN = Float64Array.from([ActivationCode.sin, ...waveRecord(1, 0, 0)]);

/** Degree, coefficients, and the table of the dual activation: assembly/activation/polynomial.ts. */
function polynomial(coefficients: readonly number[]): number[] {
  const c = Array.from({ length: MOST_DEGREE + 1 }, (_, j) => coefficients[j] ?? 0);
  const table = c.flatMap((_, k) =>
    [0, 1, 2, 3, 4].map((i) => {
      const j = k + 2 * i;
      return j > MOST_DEGREE ? 0 : (c[j] * factorial(j)) / (factorial(i) * 2 ** i * Math.sqrt(factorial(k)));
    }),
  );
  return [0, coefficients.length - 1, ...c, ...table];
}

/** Coefficients of powers of z: He_(k+1) = z He_k − k He_(k−1). */
function fromHermite(coefficients: readonly number[]): number[] {
  const powers = new Array<number>(coefficients.length).fill(0);
  let [before, he] = [[0], [1]];
  coefficients.forEach((a, k) => {
    for (let j = 0; j <= k; j++) powers[j] += (a * he[j]) / Math.sqrt(factorial(k));
    const next = [0, ...he].map((value, j) => value - k * (before[j] ?? 0));
    [before, he] = [he, next];
  });
  return powers;
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
