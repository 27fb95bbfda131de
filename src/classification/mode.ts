/**
 * The mode of a latent posterior: the maximum of ψ(f) = log p(y|f) − ½ fᵀK⁻¹f, by Newton's method with a line search
 * (Rasmussen & Williams 2006, §3.4). ψ is strictly concave, so there is one mode.
 *
 * The unknown is a = K⁻¹f, so K is never inverted and may be singular. In a, the gradient is g = ∇log p − a, and a
 * Newton step is Δa = (I + WK)⁻¹ g with W = −∇∇ log p. How that system is solved is the caller's.
 */
import { ConvergenceError } from "../errors.js";
import { dot, maxAbs } from "../linalg/vectors.js";
import type { LatentKernel } from "./latentKernel.js";
import type { Likelihood, Likely } from "./likelihood.js";

export interface Mode extends Likely {
  /** K⁻¹ f, L×N. */
  readonly a: Float64Array;
  readonly f: Float64Array;
  /** Newton steps. */
  readonly iterations: number;
  /** The largest entry of ∇log p − a. */
  readonly gradient: number;
}

/** A point of the latent space. */
export interface Place extends Likely {
  readonly a: Float64Array;
  readonly f: Float64Array;
  readonly psi: number;
}

/**
 * Δa = (I + WK)⁻¹ g at a point, and Δf = KΔa, from g and Kg. `tolerance` is what may be left of the residual, relative
 * to g.
 */
export type Step = (
  point: Place,
  g: Float64Array,
  Kg: Float64Array,
  tolerance: number,
) => { da: Float64Array; df: Float64Array };

/** The most Newton steps; from a start at 0 some ten are usual. */
const STEPS = 100;
/** What is left at the end: the error of f beside the largest |f| and 1, and the gradient. */
const [SMALL, FLAT] = [1e-10, 1e-10];
/** Bounds of the tolerance of a step. Between them it is the largest entry of the gradient. */
const [LEAST, MOST] = [1e-4, 0.1];
/** Part of the expected gain that a step must bring (Armijo 1966). */
const GAIN = 1e-4;
/** Halvings of a step. 2^−60 of it is lost in rounding. */
const HALVINGS = 60;

/**
 * @param start K⁻¹f to start from; 0 where its ψ is larger.
 * @throws ConvergenceError where the step is not small after 100 steps.
 */
export function findMode(kernel: LatentKernel, likelihood: Likelihood, step: Step, start?: Float64Array): Mode {
  const size = kernel.n * likelihood.latents;
  const place = (a: Float64Array, f: Float64Array): Place => {
    const likely = likelihood.at(f);
    return { ...likely, a, f, psi: likely.logLikelihood - dot(a, f) / 2 };
  };
  let here = place(new Float64Array(size), new Float64Array(size));
  if (start) {
    const f = new Float64Array(size);
    kernel.times(start, f);
    const there = place(start, f);
    if (there.psi > here.psi) here = there;
  }
  const Kg = new Float64Array(size);
  let last = Infinity;
  for (let iterations = 0; ; iterations++) {
    const g = here.slope.map((slope, i) => slope - here.a[i]);
    kernel.times(g, Kg);
    // (K⁻¹ + W)⁻¹ ≤ K, so this bounds the Newton step that is left, entry by entry. Rounding can keep it large where K
    // is huge: then the last step tells, which was larger than the one that is left.
    const left = Math.sqrt(kernel.top * Math.max(0, dot(g, Kg)));
    const rounding = roundingOf(kernel, here.a, likelihood.latents);
    const small = SMALL * Math.max(1, maxAbs(here.f)) + rounding;
    if (Math.min(left, last) <= small) return settled(here, iterations, FLAT + rounding, kernel, place);
    if (iterations === STEPS) throw lost();
    const { da, df } = step(here, g, Kg, Math.max(LEAST, Math.min(MOST, maxAbs(g))));
    const gain = dot(g, df);
    // What rounding leaves of ψ.
    const noise = 64 * Number.EPSILON * (1 + Math.abs(here.psi) + Math.abs(dot(here.a, here.f)));
    let [next, length] = [here, 1];
    for (let halving = 0; halving <= HALVINGS; halving++, length /= 2) {
      next = moved(here, da, df, length, place);
      if (next.psi >= here.psi + GAIN * length * gain - noise) break;
    }
    last = length === 1 ? maxAbs(df) : Infinity;
    here = next;
  }
}

function lost(): ConvergenceError {
  return new ConvergenceError(
    `Newton's method has not found the mode of the latent posterior in ${STEPS} steps; the kernel may be indefinite, or so large that f is lost in rounding: use a smaller scale`,
    { step: STEPS },
  );
}

/**
 * The end: f is right, and a = ∇log p takes away what of the gradient K does not see, all of it where K is singular.
 * f = Ka is then without the rounding of the sum of all steps.
 */
function settled(
  mode: Place,
  iterations: number,
  flat: number,
  kernel: LatentKernel,
  place: (a: Float64Array, f: Float64Array) => Place,
): Mode {
  const gradientOf = ({ slope, a }: Place) => slope.reduce((top, x, i) => Math.max(top, Math.abs(x - a[i])), 0);
  const f = new Float64Array(mode.f.length);
  kernel.times(mode.a, f);
  let here = place(mode.a, f);
  let gradient = gradientOf(here);
  while (gradient > flat) {
    const f = new Float64Array(here.f.length);
    kernel.times(here.slope, f);
    const next = place(here.slope, f);
    const smaller = gradientOf(next);
    if (!(smaller < gradient / 2)) break;
    [here, gradient] = [next, smaller];
  }
  return { ...here, iterations, gradient };
}

function moved(
  { a, f }: Place,
  da: Float64Array,
  df: Float64Array,
  length: number,
  place: (a: Float64Array, f: Float64Array) => Place,
): Place {
  return place(
    a.map((value, i) => value + length * da[i]),
    f.map((value, i) => value + length * df[i]),
  );
}

/** The error of an entry of f = Ka by rounding. */
function roundingOf({ n, top }: LatentKernel, a: Float64Array, latents: number): number {
  let most = 0;
  for (let c = 0; c < latents; c++) {
    let sum = 0;
    for (let i = c * n; i < (c + 1) * n; i++) sum += Math.abs(a[i]);
    most = Math.max(most, sum);
  }
  return 8 * Number.EPSILON * top * most;
}
