/**
 * The usual kernels of Gaussian processes, functions of a scaled distance (Rasmussen & Williams 2006, ch. 4): plain
 * data. Each is a profile of r² = ‖u − u'‖², where u is the scaled input: x/ℓ, and for the periodic kernel the points
 * (cos, sin)(2πx/p)/ℓ on circles, since ‖u − u'‖² is then 4 sin²(π(x − x')/p)/ℓ².
 */

import type { Matrix } from "../matrix.js";
import { matrix } from "../matrix.js";
import { type Check, positive, read, type Schema } from "../options.js";
import { describe, refusal } from "../words.js";
import { type PerLayer, perLayer, valueAt } from "./perLayer.js";

export interface RbfOptions {
  /** One length ℓ > 0, or one for each input; default 1. */
  lengthScale?: number | readonly number[];
  /** The kernel at equal points is amplitude²; default 1. */
  amplitude?: number;
}

export interface MaternOptions extends RbfOptions {
  /** Smoothness: 0.5 (exponential), 1.5 or 2.5. Default 2.5. */
  nu?: 0.5 | 1.5 | 2.5;
}

export interface PeriodicOptions extends RbfOptions {
  /** One period p > 0, or one for each input; default 1. */
  period?: number | readonly number[];
}

/** A stationary kernel: plain data, structured-cloneable, a `Model` like any other. */
export type StationaryKernel =
  | { kind: "rbf"; lengthScale: PerLayer<number>; amplitude: number }
  | { kind: "matern"; lengthScale: PerLayer<number>; amplitude: number; nu: 0.5 | 1.5 | 2.5 }
  | { kind: "periodic"; lengthScale: PerLayer<number>; amplitude: number; period: PerLayer<number> };

const lengths = (fallback: number): Check<PerLayer<number>> => {
  const check = perLayer(positive, "a number for each input");
  return (value, name) => (value === undefined ? fallback : check(value, name));
};
const amplitude: Check<number> = (value, name) => (value === undefined ? 1 : positive(value, name));
const nu: Check<0.5 | 1.5 | 2.5> = (value, name) => {
  if (value === undefined) return 2.5;
  if (value === 0.5 || value === 1.5 || value === 2.5) return value;
  const got = typeof value === "number" ? value : describe(value);
  throw refusal(new RangeError(`${name} is ${got}; expected 0.5, 1.5 or 2.5`));
};

const RBF = { lengthScale: lengths(1), amplitude } satisfies Schema<RbfOptions>;
const MATERN = { ...RBF, nu } satisfies Schema<MaternOptions>;
const PERIODIC = { ...RBF, period: lengths(1) } satisfies Schema<PeriodicOptions>;

/**
 * The squared exponential kernel, amplitude² exp(−½ Σ_t ((x_t − x'_t)/ℓ_t)²): is a tangent kernel better than it?
 *
 * @throws TypeError for unknown options or wrong kinds; RangeError for wrong values.
 * @example
 * ntk.fit(rbfKernel({ lengthScale: 0.5 }), X, Y, { ridge: 1e-3 }).report.logEvidence;
 */
export function rbfKernel(options: RbfOptions = {}): StationaryKernel {
  return { kind: "rbf", ...read(options, "rbfKernel", "{ lengthScale: 0.5 }", RBF) };
}

/**
 * The Matérn kernel of smoothness ν: with r² = Σ_t ((x_t − x'_t)/ℓ_t)² it is amplitude² times e^−r (ν = ½),
 * (1 + √3 r) e^(−√3 r) (3/2) or (1 + √5 r + 5r²/3) e^(−√5 r) (5/2).
 *
 * @throws TypeError for unknown options or wrong kinds; RangeError for wrong values.
 * @example
 * ntk.kernel(maternKernel({ nu: 1.5 }), [0], [0]).data; // [1]
 */
export function maternKernel(options: MaternOptions = {}): StationaryKernel {
  return { kind: "matern", ...read(options, "maternKernel", "{ nu: 2.5 }", MATERN) };
}

/**
 * The periodic kernel, amplitude² exp(−2 Σ_t sin²(π(x_t − x'_t)/p_t)/ℓ_t²) (MacKay 1998).
 *
 * @throws TypeError for unknown options or wrong kinds; RangeError for wrong values.
 * @example
 * ntk.kernel(periodicKernel({ period: 2 }), [0], [4]).data; // [1]
 */
export function periodicKernel(options: PeriodicOptions = {}): StationaryKernel {
  return { kind: "periodic", ...read(options, "periodicKernel", "{ period: 2 }", PERIODIC) };
}

/** A checked copy. @throws TypeError, RangeError */
export function ownStationary({ kind, ...options }: StationaryKernel): StationaryKernel {
  if (kind === "rbf") return rbfKernel(options);
  return kind === "matern" ? maternKernel(options) : periodicKernel(options as PeriodicOptions);
}

/** Number of inputs that a list of scales prescribes. @throws RangeError where two lists differ. */
export function inputsOf(kernel: StationaryKernel): number | undefined {
  const lists = [kernel.lengthScale, kernel.kind === "periodic" ? kernel.period : 1].filter(Array.isArray);
  const [first, second] = lists.map((list) => list.length);
  if (second !== undefined && second !== first)
    throw new RangeError(`lengthScale has ${first} numbers and period ${second}; expected one for each input in both`);
  return first;
}

/** The scaled inputs u, whose squared distances the {@link profile} takes. */
export function scaledInputs(kernel: StationaryKernel, X: Matrix): Matrix {
  const { rows, cols: d, data } = X;
  const periodic = kernel.kind === "periodic";
  const width = periodic ? 2 * d : d;
  const U = matrix(rows, width);
  for (let i = 0; i < rows; i++) {
    for (let t = 0; t < d; t++) {
      const x = data[i * d + t];
      const length = valueAt(kernel.lengthScale, t);
      if (!periodic) {
        U.data[i * d + t] = x / length;
        continue;
      }
      // Turns, less the whole ones: the angle keeps its digits far from 0.
      const turns = x / valueAt(kernel.period, t);
      const angle = 2 * Math.PI * (turns - Math.round(turns));
      U.data[i * width + 2 * t] = Math.cos(angle) / length;
      U.data[i * width + 2 * t + 1] = Math.sin(angle) / length;
    }
  }
  return U;
}

/** Beyond this r every profile is 0, and the factors of e^−r would make NaN of an infinite one. */
const FAR = 800;

/** The kernel as a function of r², at amplitude 1. */
export function profile(kernel: StationaryKernel): (squared: number) => number {
  if (kernel.kind !== "matern") return (squared) => Math.exp(-squared / 2);
  if (kernel.nu === 0.5) return (squared) => Math.exp(-Math.sqrt(squared));
  const [root, quadratic] = kernel.nu === 1.5 ? [Math.sqrt(3), 0] : [Math.sqrt(5), 1 / 3];
  return (squared) => {
    const r = root * Math.sqrt(squared);
    return r > FAR ? 0 : (1 + r + quadratic * r * r) * Math.exp(-r);
  };
}

/**
 * The derivative of {@link profile} in r². That of a Matérn kernel of ν = ½ has no limit at r = 0, where it counts
 * as 0: the kernel has a cusp there, and 0 is the mean of both sides.
 */
export function profileSlope(kernel: StationaryKernel): (squared: number) => number {
  if (kernel.kind !== "matern") return (squared) => -Math.exp(-squared / 2) / 2;
  if (kernel.nu === 0.5)
    return (squared) => {
      const r = Math.sqrt(squared);
      return r > 0 ? -Math.exp(-r) / (2 * r) : 0;
    };
  // With r = √(2ν) √(squared): −ν e^−r for ν = 3/2, −(5/6)(1 + r) e^−r for ν = 5/2.
  const smooth = kernel.nu === 2.5;
  const root = smooth ? Math.sqrt(5) : Math.sqrt(3);
  return (squared) => {
    const r = root * Math.sqrt(squared);
    if (r > FAR) return 0;
    return (smooth ? (-5 / 6) * (1 + r) : -1.5) * Math.exp(-r);
  };
}
