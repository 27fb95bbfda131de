/**
 * What each activation is, written from its definition: in doubles, in hundreds of digits, and in the facts that suites
 * ask for. It shares nothing with the library but the names. A new activation is a type error here until it has a row.
 * What has parameters is a row for each choice of them; suites iterate examples.
 */
import type { Activation, ActivationDescription, ActivationName } from "../../src/index.js";
import type { BuiltIn } from "../../src/model/activation.js";
import {
  div,
  erfOf,
  expNegative,
  fixed,
  log1p,
  mul,
  normalDensity,
  normalTail,
  ONE,
  odd,
  root,
  sinCos,
  TWO_OVER_ROOT_PI,
} from "./exact.js";

type Pair<T> = [value: T, slope: T];

interface Row {
  /** σ and σ' in doubles. Digits are lost in tails, not at the size of 1. */
  define(z: number): Pair<number>;
  /** σ and σ' of a double, in fixed point. */
  exact(z: number): Pair<bigint>;
  /** Errors measured at most, in ulp, rounded up: of float64 on all backends, and of float32. */
  ulps: Pair<number>;
  /** Sums that may cancel: the sizes in units of whose ε errors count, instead of ulp. */
  sizes?(z: number): Pair<bigint>;
  float32Ulps: Pair<number>;
  /** σ and σ' at ±∞, where they settle. */
  limit?(z: number): Pair<number>;
  /** σ(−z) is −σ(z), or 1 − σ(z). The slope is even in both cases. */
  symmetry?: "odd" | "complement";
  monotone: boolean;
  /** The slope has a root between −2 and −½, near which it is a difference of numbers near 1/4. */
  root?: true;
  /** The slope jumps at 0, from the first to the second: no quadrature and no difference quotient finds it there. */
  kink?: Pair<number>;
  /** The slope jumps at ±1. */
  bounds?: true;
  /** σ jumps at 0 too. */
  jump?: true;
  /** σ is not at its limit beyond 800. */
  endless?: true;
  /** σ grows faster than z: bounds grow with it. */
  steep?: true;
  /** σ has moments of degree 16, which no sample of a few hundred shows. */
  wild?: true;
  /** Where σ overflows. */
  top?: number;
}

const half = (z: number): Pair<number> => (z > 0 ? [z, 1] : [0, 0]);

/** αz for z ≤ 0, βz above. */
const halfLines = (alpha: number, beta: number): Row => {
  const line = (z: number): Pair<number> => (z > 0 ? [beta * z, beta] : [alpha * z, alpha]);
  return {
    define: line,
    exact(z) {
      const slope = fixed(z > 0 ? beta : alpha);
      return [mul(slope, fixed(z)), slope];
    },
    ulps: [0.5, 0],
    float32Ulps: [0.6, 0.6],
    limit: (z) => (z > 0 ? [beta * z, beta] : [alpha * z, alpha]),
    monotone: alpha >= 0,
    kink: [alpha, beta],
  };
};

/** sin(wz + γ + turns π/2). */
const wave = (w: number, phase: number, turns: 0 | 1): Row => ({
  define(z) {
    const [sine, cosine] = [Math.sin(w * z + phase), Math.cos(w * z + phase)];
    return turns ? [cosine, -w * sine] : [sine, w * cosine];
  },
  exact(z) {
    const [sine, cosine] = sinCos(mul(fixed(w), fixed(z)) + fixed(phase));
    return turns ? [cosine, -mul(fixed(w), sine)] : [sine, mul(fixed(w), cosine)];
  },
  ulps: [1, 2],
  float32Ulps: [0.6, 0.6],
  monotone: false,
});

/** Σ c_j z^j. */
const polynomial = (coefficients: readonly bigint[], ulps: Pair<number>): Row => {
  const sum = (z: bigint, c: readonly bigint[]): Pair<bigint> => {
    let [value, slope] = [0n, 0n];
    let [power, below] = [ONE, 0n];
    c.forEach((factor, j) => {
      value += mul(factor, power);
      slope += BigInt(j) * mul(factor, below);
      [power, below] = [mul(power, z), power];
    });
    return [value, slope];
  };
  const numbers = coefficients.map((c) => Number(c >> 1250n) / 2 ** 250);
  return {
    define: (z) => [
      numbers.reduce((total, c, j) => total + c * z ** j, 0),
      numbers.reduce((total, c, j) => total + (j > 0 ? j * c * z ** (j - 1) : 0), 0),
    ],
    exact: (z) => sum(fixed(z), coefficients),
    sizes: (z) =>
      sum(
        fixed(Math.abs(z)),
        coefficients.map((c) => (c < 0n ? -c : c)),
      ),
    ulps,
    float32Ulps: [0.6, 0.6],
    monotone: false,
    steep: true,
    ...(coefficients.length > 5 ? { wild: true } : {}),
  };
};

/** Σ a_k He_k/√k!: each as Σ over powers, by He_(k+1) = z He_k − k He_(k−1). */
const hermite = (coefficients: readonly number[]): Row => {
  const sums = coefficients.map(() => 0n);
  let [before, he] = [[0n], [1n]];
  let factorial = 1n;
  coefficients.forEach((a, k) => {
    if (k > 0) factorial *= BigInt(k);
    he.forEach((c, j) => {
      sums[j] += div(mul(fixed(a), c * ONE), root(factorial * ONE));
    });
    [before, he] = [he, [0n, ...he].map((c, j) => c - BigInt(k) * (before[j] ?? 0n))];
  });
  return polynomial(sums, [6, 8]);
};

/** βz for z > 0, α(e^z − 1) for z ≤ 0. */
const elu = (alpha: number, beta: number): Row => ({
  define: (z) => (z > 0 ? [beta * z, beta] : [alpha * Math.expm1(z), alpha * Math.exp(z)]),
  exact(z) {
    if (z > 0) return [mul(fixed(beta), fixed(z)), fixed(beta)];
    const e = expNegative(fixed(-z));
    return [mul(fixed(alpha), e - ONE), mul(fixed(alpha), e)];
  },
  ulps: [2.5, 2],
  float32Ulps: [0.6, 0.6],
  limit: (z) => (z > 0 ? [beta * z, beta] : [-alpha, 0]),
  monotone: alpha >= 0,
  kink: [alpha, beta],
});

type Name<N> = Extract<ActivationDescription, { name: N }>;
type Rows = { [N in ActivationName]: Row | ((description: Required<Name<N>>) => Row) };

const ROWS: Rows = {
  sigmoid: {
    define(z) {
      const e = Math.exp(-Math.abs(z));
      const q = 1 / (1 + e);
      return [z < 0 ? e * q : q, e * q * q];
    },
    exact(z) {
      const e = expNegative(fixed(Math.abs(z)));
      return [div(z < 0 ? e : ONE, ONE + e), div(e, mul(ONE + e, ONE + e))];
    },
    ulps: [2.5, 3.5],
    float32Ulps: [3, 4.5],
    limit: (z) => (z > 0 ? [1, 0] : [0, 0]),
    symmetry: "complement",
    monotone: true,
  },
  tanh: {
    define(z) {
      const c = Math.cosh(z);
      return [Math.tanh(z), Number.isFinite(c) ? 1 / (c * c) : 0];
    },
    exact(z) {
      const e = expNegative(2n * fixed(Math.abs(z)));
      return [odd(z, () => div(ONE - e, ONE + e)), div(4n * e, mul(ONE + e, ONE + e))];
    },
    ulps: [2.5, 3.5],
    float32Ulps: [4, 5],
    limit: (z) => [Math.sign(z), 0],
    symmetry: "odd",
    monotone: true,
  },
  erf: {
    define: (z) => [erf(z), (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z)],
    exact(z) {
      const a = fixed(Math.abs(z));
      // Beyond 7 erf is 1 to 22 digits.
      const value = Math.abs(z) > 7 ? BigInt(Math.sign(z)) * ONE : odd(z, erfOf);
      return [value, mul(TWO_OVER_ROOT_PI, expNegative(mul(a, a)))];
    },
    ulps: [2.5, 3.5],
    float32Ulps: [3, 4.5],
    limit: (z) => [Math.sign(z), 0],
    symmetry: "odd",
    monotone: true,
  },
  relu: {
    define: (z) => [Math.max(z, 0), z > 0 ? 1 : 0],
    exact: (z) => (z > 0 ? [fixed(z), ONE] : [0n, 0n]),
    ulps: [0, 0],
    float32Ulps: [0, 0],
    limit: half,
    monotone: true,
    kink: [0, 1],
  },
  identity: {
    define: (z) => [z, 1],
    exact: (z) => [fixed(z), ONE],
    ulps: [0, 0],
    float32Ulps: [0, 0],
    limit: (z) => [z, 1],
    symmetry: "odd",
    monotone: true,
  },
  gelu: {
    define(z) {
      const Phi = 0.5 * (1 + erf(z / Math.SQRT2));
      return [z * Phi, Phi + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)];
    },
    exact(z) {
      const a = fixed(Math.abs(z));
      const tail = normalTail(a);
      const bell = mul(a, normalDensity(a));
      return z < 0 ? [-mul(a, tail), tail - bell] : [a - mul(a, tail), ONE - tail + bell];
    },
    ulps: [4.5, 5.5],
    float32Ulps: [0.6, 0.6],
    limit: half,
    monotone: false,
    root: true,
  },
  softplus: {
    define: (z) => [Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))), activate("sigmoid", z)[0]],
    exact(z) {
      const e = expNegative(fixed(Math.abs(z)));
      return [(z > 0 ? fixed(z) : 0n) + log1p(e), div(z < 0 ? e : ONE, ONE + e)];
    },
    ulps: [3, 3.5],
    float32Ulps: [0.6, 0.6],
    limit: half,
    monotone: true,
  },
  silu: {
    define(z) {
      const [s, slope] = activate("sigmoid", z);
      return [z * s, s + z * slope];
    },
    exact(z) {
      const e = expNegative(fixed(Math.abs(z)));
      const sigma = div(z < 0 ? e : ONE, ONE + e);
      return [mul(fixed(z), sigma), mul(sigma, ONE + mul(fixed(z), ONE - sigma))];
    },
    ulps: [3, 5],
    float32Ulps: [0.6, 0.6],
    limit: half,
    monotone: false,
    root: true,
  },
  sin: ({ frequency, phase }) =>
    frequency === 1 && phase === 0
      ? { ...wave(1, 0, 0), ulps: [1, 1], symmetry: "odd", endless: true }
      : wave(frequency, phase, 0),
  cos: ({ frequency, phase }) => wave(frequency, phase, 1),
  leakyRelu: ({ slope }) => halfLines(slope, 1),
  abRelu: ({ negative, positive }) => halfLines(negative, positive),
  abs: halfLines(-1, 1),
  gaussian: ({ beta }) => ({
    define(z) {
      const value = Math.exp(-beta * z * z);
      return [value, -2 * beta * z * value];
    },
    exact(z) {
      const value = expNegative(mul(fixed(beta), mul(fixed(z), fixed(z))));
      return [value, -mul(2n * fixed(beta), mul(fixed(z), value))];
    },
    ulps: [1.5, 3],
    float32Ulps: [0.6, 0.6],
    limit: () => [0, 0],
    monotone: false,
  }),
  exp: {
    define: (z) => [Math.exp(z), Math.exp(z)],
    exact(z) {
      const value = z > 0 ? div(ONE, expNegative(fixed(z))) : expNegative(fixed(-z));
      return [value, value];
    },
    ulps: [1.5, 1.5],
    float32Ulps: [0.6, 0.6],
    limit: (z) => (z > 0 ? [Infinity, Infinity] : [0, 0]),
    monotone: true,
    steep: true,
    top: 709.78,
  },
  step: {
    define: (z) => [z > 0 ? 1 : 0, 0],
    exact: (z) => [z > 0 ? ONE : 0n, 0n],
    ulps: [0, 0],
    float32Ulps: [0, 0],
    limit: (z) => [z > 0 ? 1 : 0, 0],
    monotone: true,
    kink: [0, 0],
    jump: true,
  },
  monomial: ({ degree }) =>
    polynomial(
      Array.from({ length: degree + 1 }, (_, j) => (j === degree ? ONE : 0n)),
      [4, 4],
    ),
  hermite: ({ coefficients }) => hermite(coefficients),
  hardTanh: {
    define: (z) => [Math.max(-1, Math.min(1, z)), Math.abs(z) < 1 ? 1 : 0],
    exact: (z) => (Math.abs(z) < 1 ? [fixed(z), ONE] : [z < 0 ? -ONE : ONE, 0n]),
    ulps: [0, 0],
    float32Ulps: [0, 0],
    limit: (z) => [Math.sign(z), 0],
    symmetry: "odd",
    monotone: true,
    bounds: true,
  },
  elu: ({ alpha }) => elu(alpha, 1),
  selu: elu(1.7580993408473768, 1.0507009873554805),
};

const DEFAULTS: Partial<Record<ActivationName, object>> = {
  sin: { frequency: 1, phase: 0 },
  cos: { frequency: 1, phase: 0 },
  leakyRelu: { slope: 0.01 },
  gaussian: { beta: 1 },
  elu: { alpha: 1 },
};

/** What suites run: every name that is an activation by itself, and others with parameters. */
const EXAMPLES: readonly BuiltIn[] = [
  ...(Object.keys(ROWS) as ActivationName[]).filter((name) => !["abRelu", "monomial", "hermite"].includes(name)),
  { name: "sin", frequency: 2.3, phase: 0.7 },
  { name: "cos", frequency: 0.6, phase: -1.1 },
  { name: "leakyRelu", slope: 0.3 },
  { name: "abRelu", negative: -0.4, positive: 1.5 },
  { name: "gaussian", beta: 0.3 },
  { name: "elu", alpha: 0.4 },
  { name: "monomial", degree: 2 },
  { name: "monomial", degree: 8 },
  { name: "hermite", coefficients: [0.3, -0.8, 0.4, 0.1] },
  { name: "hermite", coefficients: [0.1, 0.9, -0.2, 0.3, 0, 0.25, -0.3, 0.1, 0.2] },
];

/** An activation in few words. */
function labelOf(activation: BuiltIn): string {
  return typeof activation === "string" ? activation : Object.values(activation).join(" ");
}

const rows = new Map<string, Row>();

/** The row of an activation. */
export function rowOf(activation: BuiltIn): Row {
  const key = JSON.stringify(activation);
  const known = rows.get(key);
  if (known) return known;
  const description = typeof activation === "string" ? { name: activation } : activation;
  const { name } = description;
  if (!Object.hasOwn(ROWS, name))
    throw new RangeError(`the oracle has no row for "${name}"; it knows ${Object.keys(ROWS).join(", ")}`);
  const row = ROWS[name] as Row | ((values: object) => Row);
  const made = typeof row === "function" ? row({ ...DEFAULTS[name], ...description }) : row;
  rows.set(key, made);
  return made;
}

/** The examples by their labels, and their rows. */
export const EXAMPLE: Record<string, BuiltIn> = Object.fromEntries(EXAMPLES.map((item) => [labelOf(item), item]));
export const ORACLE: Record<string, Row> = Object.fromEntries(EXAMPLES.map((item) => [labelOf(item), rowOf(item)]));
/** Labels of all examples. */
export const NAMES = Object.keys(ORACLE);

/** σ and σ' by the definitions. */
export function activate(activation: Activation, z: number): Pair<number> {
  return definitionOf(activation)(z);
}

/** σ and σ' of an activation. */
export function definitionOf(activation: Activation): (z: number) => Pair<number> {
  if (typeof activation === "object" && "value" in activation) return (z) => [activation.value(z), activation.slope(z)];
  return rowOf(activation).define;
}

/** True where a slope jumps somewhere. */
export function hasKink(label: string): boolean {
  const { kink, bounds } = ORACLE[label];
  return kink !== undefined || bounds === true;
}

/** True within `distance` of a jump of the slope. */
export function isNearKink(label: string, z: number, distance: number): boolean {
  const { kink, bounds } = ORACLE[label];
  return (kink && Math.abs(z) < distance) || (bounds && Math.abs(Math.abs(z) - 1) < distance) || false;
}

/** How much an error of z can cost: the largest of 1, |σ|, |σ'| and |σ''| about z. */
export function steepness(activation: BuiltIn, z: number): number {
  const row = rowOf(activation);
  if (!row.steep) return 1;
  const [[value, slope], [, next]] = [row.define(z), row.define(z + 0.01)];
  return Math.max(1, Math.abs(value), Math.abs(slope), 200 * Math.abs(next - slope));
}

/** By the Taylor series, or the continued fraction. */
export function erf(z: number): number {
  const a = Math.abs(z);
  if (a > 6) return Math.sign(z);
  if (a < 2.5) {
    let term = z;
    let sum = z;
    for (let k = 1; k < 120; k++) {
      term *= (-z * z) / k;
      sum += term / (2 * k + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = a;
  for (let k = 200; k >= 1; k--) fraction = a + k / 2 / fraction;
  return Math.sign(z) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction));
}
