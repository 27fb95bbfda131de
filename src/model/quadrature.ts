/**
 * What the dual activations of elu and hardTanh integrate with (MATH.md §6). Their records have these tables, so that
 * both backends read the same.
 */

/** Step and end of the trapezoid rule: 105 nodes; integrals over a sector or a layer are right to some 1e-13. */
const [STEP, END] = [1 / 16, 3.25];

/**
 * The tanh–sinh rule on [0, 1] (Takahasi & Mori 1974), q = 1/(1 + e^(−π sinh t)): the nodes, ascending, then their
 * weights. 1 − q_k is q_(n−1−k), with all its digits.
 */
export const TANH_SINH: readonly number[] = tanhSinh();

function tanhSinh(): number[] {
  const half = Math.floor(END / STEP);
  const times = Array.from({ length: 2 * half + 1 }, (_, k) => (k - half) * STEP);
  const node = (t: number) => 1 / (1 + Math.exp(-Math.PI * Math.sinh(t)));
  const weight = (t: number) => STEP * Math.PI * Math.cosh(t) * node(t) * node(-t);
  return [times.length, ...times.map(node), ...times.map(weight)];
}

/**
 * M(x)(x + 6) in powers of t = (x − 6)/(x + 6), x ≥ 0, M(x) = e^(x²/2) ∫_x^∞ e^(−t²/2) dt (Mills' ratio), highest power
 * first; two zeros make it as long as the next. From scripts/coefficients.py.
 */
export const MILLS: readonly number[] = [
  0, 0, 1.8370775221505721e-10, -8.520469900049139e-10, -2.006037562594733e-9, 1.1691063897646556e-8,
  9.98175747895083e-9, -1.0285202114374511e-7, 1.280016402481731e-8, 7.695726738637724e-7, -1.0724716842152977e-6,
  -4.50437804107154e-6, 1.703418288579024e-5, 2.6928193663091086e-6, -0.0001623087211177372, 0.00045460415276318687,
  8.239283624771862e-5, -0.005343142080597575, 0.025141032016935738, -0.07766866792788207, 0.18842804927318105,
  -0.38271258667146335, 0.6717118214996483, -1.0375024310762122, 1.426193511608403, -1.7571690543441036,
  1.9485319307624096,
];

/** J(x)(x + 6)² likewise, J(x) = 1 − x M(x) = ∫_0^∞ r e^(−r²/2 − rx) dr. */
export const LAPLACE: readonly number[] = [
  -3.0481182178440166e-10, 3.477567803168303e-9, 3.27833582032832e-9, -4.488629047093752e-8, -1.330430201454604e-8,
  3.5171342447332465e-7, -7.38558306516144e-8, -2.3293304255535276e-6, 2.2553919917173284e-6, 1.3688217766413753e-5,
  -3.136937981454167e-5, -5.4950387229859066e-5, 0.00032311189201183127, -0.00020076312544577095, -0.002145033580910184,
  0.007402950292032389, -0.004094320895850842, -0.05425534847184865, 0.2743575662803136, -0.8224775996265856,
  1.8626770204658223, -3.4268438156644434, 5.272122040852629, -6.836857010303509, 7.3910878280539025,
  -6.366725131905013, 3.705700985106513,
];
