/**
 * Brent's method for a maximum, statement by statement as in his book (Brent 1973, ch. 5, localmin, with the sign
 * turned). One thing differs: a parabola's step that ends within the tolerance of an end is a golden section.
 */
export function brentOracle(
  g: (x: number) => number,
  [low, high]: readonly [number, number],
  start: number,
  tolerance: number,
  most: number,
): number {
  const golden = (3 - Math.sqrt(5)) / 2;
  let [a, b, x, w, v, d, e] = [low, high, start, start, start, 0, 0];
  let [fx, fw, fv] = [-g(start), -g(start), -g(start)];
  for (let count = 0; count < most; count++) {
    const m = (a + b) / 2;
    if (Math.abs(x - m) <= 2 * tolerance - (b - a) / 2) break;
    let r = (x - w) * (fx - fv);
    let q = (x - v) * (fx - fw);
    let p = (x - v) * q - (x - w) * r;
    q = 2 * (q - r);
    if (q > 0) p = -p;
    q = Math.abs(q);
    r = e;
    e = d;
    const fits = Math.abs(p) < Math.abs(0.5 * q * r) && p > q * (a + tolerance - x) && p < q * (b - tolerance - x);
    if (fits) d = p / q;
    else {
      e = x < m ? b - x : a - x;
      d = golden * e;
    }
    const u = x + (Math.abs(d) >= tolerance ? d : Math.sign(d) * tolerance);
    const fu = -g(u);
    if (fu <= fx) {
      if (u < x) b = x;
      else a = x;
      [v, fv, w, fw, x, fx] = [w, fw, x, fx, u, fu];
    } else {
      if (u < x) a = u;
      else b = u;
      if (fu <= fw || w === x) [v, fv, w, fw] = [w, fw, u, fu];
      else if (fu <= fv || v === x || v === w) [v, fv] = [u, fu];
    }
  }
  return x;
}
