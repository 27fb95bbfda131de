/**
 * What each activation is, written from its definition: in doubles, in hundreds of digits, and in the facts that suites
 * ask for. It shares nothing with the library but the names. A new activation is a type error here until it has a row.
 */
import type { Activation } from "../../src/index.js";
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
  float32Ulps: Pair<number>;
  /** σ and σ' at ±∞, where they settle. */
  limit?(z: number): Pair<number>;
  /** σ(−z) is −σ(z), or 1 − σ(z). The slope is even in both cases. */
  symmetry?: "odd" | "complement";
  monotone: boolean;
  /** The slope has a root between −2 and −½, near which it is a difference of numbers near 1/4. */
  root?: true;
  /** The slope jumps at 0: no quadrature and no difference quotient finds it there. */
  kink?: true;
  /** σ is not at its limit beyond 800. */
  endless?: true;
}

const half = (z: number): Pair<number> => (z > 0 ? [z, 1] : [0, 0]);

export const ORACLE: Record<Activation, Row> = {
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
    kink: true,
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
  sin: {
    define: (z) => [Math.sin(z), Math.cos(z)],
    exact: (z) => sinCos(fixed(z)),
    ulps: [1, 1],
    float32Ulps: [0.6, 0.6],
    symmetry: "odd",
    monotone: false,
    endless: true,
  },
};

/** Names of all activations, as the oracle knows them. */
export const NAMES = Object.keys(ORACLE) as Activation[];

/** σ and σ' by the definitions. */
export function activate(name: string, z: number): Pair<number> {
  const row = Object.hasOwn(ORACLE, name) ? ORACLE[name as Activation] : undefined;
  if (!row) throw new RangeError(`the oracle has no row for the activation "${name}"; it knows ${NAMES.join(", ")}`);
  return row.define(z);
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
