// One layer of an infinitely wide network on a tile of pairs, and the first covariances: see src/ops.ts for the contract.
import { madd } from "../simd/words";
import { DualErf, DualGelu, DualIdentity, DualRelu, DualSin, sqrtProduct } from "./closedForms";
import { Closed, DoubleSum, Kind, LogisticSeries, SiluSeries, SoftplusSeries } from "./ways";
import { slots, weightBytes } from "./probitSeries";


/** Results of a group and sums on the way (96 + 80 bytes), and inputs of the diagonal (96 bytes). */
// @ts-ignore: decorator
@inline const SMALL: usize = 320;

export function dualScratchBytes(terms: i32): f64 {
  return <f64>(SMALL + weightBytes(terms));
}

export function dual(
  activation: i32, rowStart: i32, rowEnd: i32, cols: i32, diagonal: i32, nodes: usize, terms: i32, held: i32,
  a: usize, ma: usize, b: usize, mb: usize, nextA: usize, nextB: usize, c: usize, ldc: i32, delta: usize, ldd: i32,
  theta: usize, ldt: i32, weight: f64, bias: f64, scale: f64, shift: f64, work: usize,
): i32 {
  const relu = activation == 3;
  for (let i = rowStart; i < rowEnd; i++) {
    const row = <usize>i, ai = a + (row << 3), p = momentsOf(ma, held, i), next = nextA ? nextA + (row << 3) : 0;
    if (diagonal) {
      // The row's point with itself, in its own lane of a group of four.
      const group = <usize>(i & ~3) << 3, own = f64x2.splat(load<f64>(ai)), small = work + 192;
      v128.store(small, own);
      v128.store(small, own, 16);
      memory.fill(small + 32, 0, 32);
      const q = mb ? mb + <usize>(i >> 2) * (<usize>slots(held) << 5) : 0;
      if (!run(activation, 1, nodes, terms, held, ai, p, b + group, q, small, small + 32, 0, 0, 0, relu, weight, bias, scale, shift, work)) return -1;
      store<f64>(c + (row << 3), load<f64>(small + (<usize>(i & 3) << 3)));
      continue;
    }
    const to = c + (row * <usize>ldc << 3), d = delta + (row * <usize>ldd << 3), t = theta ? theta + (row * <usize>ldt << 3) : 0;
    const groups = (cols + 3) >> 2;
    if (!run(activation, groups, nodes, terms, held, ai, p, b, mb, to, d, t, next, nextB, relu, weight, bias, scale, shift, work)) return -1;
  }
  return 0;
}

/** The first moment of point i. */
// @ts-ignore: decorator
@inline
function momentsOf(table: usize, held: i32, i: i32): usize {
  return table ? table + <usize>(i >> 2) * (<usize>slots(held) << 5) + (<usize>(i & 3) << 3) : 0;
}

function run(
  activation: i32, groups: i32, nodes: usize, terms: i32, held: i32, a: usize, p: usize, b: usize, q: usize, c: usize, d: usize,
  t: usize, next: usize, nextB: usize, relu: bool, weight: f64, bias: f64, scale: f64, shift: f64, work: usize,
): bool {
  switch (activation) {
    case 2: row<Closed<DualErf>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work); return true;
    case 3: row<Closed<DualRelu>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work); return true;
    case 4: row<Closed<DualIdentity>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work); return true;
    case 5: row<Closed<DualGelu>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work); return true;
    case 8: row<Closed<DualSin>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work); return true;
    case 0:
    case 1:
      if (terms) row<LogisticSeries>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work);
      break;
    case 6:
      if (terms) row<SoftplusSeries>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work);
      break;
    case 7:
      if (terms) row<SiluSeries>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work);
      break;
    default: return false;
  }
  if (!terms) row<DoubleSum>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, relu, weight, bias, scale, shift, work);
  return true;
}

function row<K extends Kind>(
  activation: i32, groups: i32, nodes: usize, terms: i32, held: i32, a: usize, p: usize, b: usize, q: usize, c: usize, d: usize,
  t: usize, next: usize, nextB: usize, relu: bool, weight: f64, bias: f64, scale: f64, shift: f64, work: usize,
): void {
  const kind = changetype<K>(0), va = v128.load64_splat(a), w = work + SMALL, vw = f64x2.splat(weight), vb = f64x2.splat(bias);
  const mean = p ? load<f64>(p + (<usize>(held + 1) << 5)) : 0, vn = next ? v128.load64_splat(next) : va;
  const vs = f64x2.splat(scale), vh = f64x2.splat(shift), groupBytes = <usize>slots(held) << 5;
  kind.prepare(terms, p, w);
  for (let g = 0; g < groups; g++) {
    kind.group(activation, terms, held, nodes, w, mean, va, b, c, d, q, work);
    for (let half: usize = 0; half < 32; half += 16) {
      const out = work + 3 * half, value = v128.load(out), q1 = madd(vw, value, vb);
      v128.store(c + half, q1);
      if (t) {
        const slope = f64x2.mul(f64x2.mul(vw, v128.load(out, 16)), v128.load(t + half));
        v128.store(t + half, f64x2.add(slope, madd(vs, value, vh)));
      }
      if (next) v128.store(d + half, relu ? reluDelta(vw, vb, va, v128.load(b + half), v128.load(out, 32)) : delta(vn, v128.load(nextB + half), q1));
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

/** The same for relu from the gap h = √(T11 T22) − T12: w² h (√(ab) − h) + w β (½(√a − √b)² + 2h). */
// @ts-ignore: decorator
@inline
function reluDelta(w: v128, bias: v128, a: v128, b: v128, h: v128): v128 {
  const difference = f64x2.sub(f64x2.sqrt(a), f64x2.sqrt(b)), root = sqrtProduct(a, b);
  const product = f64x2.mul(f64x2.mul(w, w), f64x2.mul(h, f64x2.sub(root, h)));
  const norms = f64x2.add(f64x2.mul(f64x2.splat(0.5), f64x2.mul(difference, difference)), f64x2.add(h, h));
  return f64x2.add(product, f64x2.mul(f64x2.mul(w, bias), norms));
}
