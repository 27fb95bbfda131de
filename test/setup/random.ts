/** Seeded test data: a linear congruential generator, independent of the library's own. */
export function generator(seed = 1): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** rows×cols of uniform numbers on (−scale, scale). */
export function randomMatrix(rows: number, cols: number, seed = 1, scale = 1) {
  const next = generator(seed);
  return { data: Float64Array.from({ length: rows * cols }, () => scale * next()), rows, cols };
}
