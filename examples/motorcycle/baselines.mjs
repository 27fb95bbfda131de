// What the network's kernel has to beat: a constant, and the least-squares cubic.

/** Predictor of the mean of y. */
export function constant({ y }) {
  const mean = y.data.reduce((sum, value) => sum + value, 0) / y.rows;
  return (x) => x.data.map(() => mean);
}

/** Predictor by the least-squares cubic polynomial: the normal equations of four columns of standardised input. */
export function cubic(ntk, { x, y }) {
  const powers = ({ data }) => Array.from(data, (t) => [1, t, t ** 2, t ** 3]);
  const A = powers(x);
  const At = [0, 1, 2, 3].map((p) => A.map((row) => row[p]));
  const coefficients = ntk.solve(ntk.gram(At), ntk.matmul(At, y));
  return (at) => ntk.matmul(powers(at), coefficients).data;
}
