// Seeded data and medians, for every bench, in Node and in browsers.
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};

/** The middle half of the values beside their median: how far a clock on a busy machine is to be trusted. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / median(sorted);
}

/** Seeded uniform numbers on (−1, 1). */
export function random(length, seed = 1) {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export const matrix = (rows, cols, seed) => ({ data: random(rows * cols, seed), rows, cols });

/** A symmetric matrix; positive definite with `diagonal` = n, which dominates. */
export function symmetric(n, diagonal) {
  const A = matrix(n, n, 5);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) A.data[j * n + i] = A.data[i * n + j] *= 0.5;
    if (diagonal) A.data[i * (n + 1)] = diagonal;
  }
  return A;
}
