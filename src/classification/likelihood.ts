/**
 * Likelihoods of labels given latent functions, in L×N values, row c for latent c (MATH.md §9). Every value is free of
 * overflow for latent values up to the largest doubles.
 */

/** log p(y|f) at a point of the latent space. */
export interface Likely {
  readonly logLikelihood: number;
  /** ∇ log p(y|f). */
  readonly slope: Float64Array;
  /** Class probabilities: σ(f) of the second class of two, or softmax(f), L×N. */
  readonly probability: Float64Array;
}

export interface Likelihood {
  /** Latent functions L. */
  readonly latents: number;
  at(f: Float64Array): Likely;
}

/** 1/(1 + e^−f), with all its digits in both tails. */
export function sigmoid(f: number): number {
  const small = Math.exp(-Math.abs(f));
  return (f < 0 ? small : 1) / (1 + small);
}

/** Two classes, one latent function: p(second class) = σ(f) (Rasmussen & Williams 2006, eq. 3.5). */
export function logistic(index: Int32Array): Likelihood {
  return {
    latents: 1,
    at(f) {
      const [slope, probability] = [new Float64Array(f.length), new Float64Array(f.length)];
      let logLikelihood = 0;
      for (let i = 0; i < f.length; i++) {
        const sign = index[i] === 1 ? 1 : -1;
        const z = sign * f[i];
        logLikelihood -= Math.max(-z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
        slope[i] = sign * sigmoid(-z);
        probability[i] = sigmoid(f[i]);
      }
      return { logLikelihood, slope, probability };
    },
  };
}

/** C classes, a latent function each: p(class c) = softmax(f)_c (Rasmussen & Williams 2006, eq. 3.33). */
export function softmax(index: Int32Array, C: number): Likelihood {
  const N = index.length;
  return {
    latents: C,
    at(f) {
      const [slope, probability] = [new Float64Array(f.length), new Float64Array(f.length)];
      let logLikelihood = 0;
      for (let i = 0; i < N; i++) {
        let top = -Infinity;
        for (let at = i; at < f.length; at += N) if (f[at] > top) top = f[at];
        let sum = 0;
        for (let at = i; at < f.length; at += N) {
          probability[at] = Math.exp(f[at] - top);
          sum += probability[at];
        }
        const own = index[i] * N + i;
        logLikelihood += f[own] - top - Math.log(sum);
        let others = 0;
        for (let at = i; at < f.length; at += N) {
          probability[at] /= sum;
          slope[at] = -probability[at];
          if (at !== own) others += probability[at];
        }
        // 1 − p loses the digits of a p that is close to 1.
        slope[own] = others;
      }
      return { logLikelihood, slope, probability };
    },
  };
}
