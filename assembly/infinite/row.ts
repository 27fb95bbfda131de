// One row of pairs of ddual: the dual activation in one of its ways, then the layer's sums.
import { homogeneity } from "../activation/activation";
import { madd, sqrtProduct } from "../simd/words";
import { slots } from "./probitSeries";
import { Way } from "./ways";

/** Results of a group and sums on the way: the head of {@link mapPairs}' scratch. */
// @ts-ignore: decorator
@inline export const RESULTS: usize = 192;

/**
 * The row has variance a and moments p; its columns, in groups of four, variances b, moments q, covariances c, deltas d
 * and thetas t. `next` and `nextB` are the variances in the next layer. `layer` holds weight, bias, scale and shift of
 * ddual.
 */
export function mapPairs<W extends Way>(
  activation: i32, groups: i32, nodes: usize, terms: i32, held: i32, a: usize, p: usize, b: usize, q: usize, c: usize, d: usize, t: usize,
  next: usize, nextB: usize, layer: usize, work: usize,
): void {
  const way = changetype<W>(0), norm = homogeneity(activation), w = work + RESULTS, va = v128.load64_splat(a);
  const mean = p ? load<f64>(p + (<usize>(held + 1) << 5)) : 0, vn = next ? v128.load64_splat(next) : va;
  const vw = v128.load64_splat(layer), vb = v128.load64_splat(layer, 8), vs = v128.load64_splat(layer, 16), vh = v128.load64_splat(layer, 24);
  const groupBytes = <usize>slots(held) << 5;
  way.prepare(terms, p, w);
  for (let g = 0; g < groups; g++) {
    way.group(activation, terms, held, nodes, w, mean, va, b, c, d, q, work);
    for (let half: usize = 0; half < 32; half += 16) {
      const out = work + 3 * half, value = v128.load(out), q1 = madd(vw, value, vb);
      v128.store(c + half, q1);
      if (t) {
        const slope = f64x2.mul(f64x2.mul(vw, v128.load(out, 16)), v128.load(t + half));
        v128.store(t + half, f64x2.add(slope, madd(vs, value, vh)));
      }
      if (next) v128.store(d + half, norm > 0 ? homogeneousDelta(norm, vw, vb, va, v128.load(b + half), v128.load(out, 32)) : delta(vn, v128.load(nextB + half), q1));
    }
    b += 32;
    c += 32;
    d += 32;
    if (t) t += 32;
    if (next) nextB += 32;
    if (q) q += groupBytes;
  }
}

/** a'b' − c'², each product rounded alike: exactly 0 for a point and its twin. */
// @ts-ignore: decorator
@inline
function delta(a: v128, b: v128, c: v128): v128 {
  return f64x2.max(f64x2.sub(f64x2.mul(a, b), f64x2.mul(c, c)), f64x2.splat(0));
}

/**
 * The same for σ with E[σ(u)²] = N a/2 and the gap h = √(T11 T22) − T12:
 * w² h (N √(ab) − h) + w β (N/2 (√a − √b)² + 2h).
 */
// @ts-ignore: decorator
@inline
function homogeneousDelta(norm: f64, w: v128, bias: v128, a: v128, b: v128, h: v128): v128 {
  const difference = f64x2.sub(f64x2.sqrt(a), f64x2.sqrt(b)), root = f64x2.mul(f64x2.splat(norm), sqrtProduct(a, b));
  const product = f64x2.mul(f64x2.mul(w, w), f64x2.mul(h, f64x2.sub(root, h)));
  const norms = f64x2.add(f64x2.mul(f64x2.splat(0.5 * norm), f64x2.mul(difference, difference)), f64x2.add(h, h));
  return f64x2.add(product, f64x2.mul(f64x2.mul(w, bias), norms));
}
