// One layer of an infinitely wide network on a tile of pairs: see src/ops.ts for the contract.
import { mapDualActivation } from "../activation/index";
import { linesOf } from "../blas/blocksize";
import { endRow, firstRow, isWorth, jobRoom, Rows, shareRows, threads } from "../team/team";
import { slots, weightBytes } from "./probitSeries";
import { RESULTS } from "./row";

/**
 * Scratch of the layer, ahead of a row's: four numbers, and for the diagonal a covariance and a delta of four
 * columns.
 */
// @ts-ignore: decorator
@inline const HEAD: usize = 128;

export function dualActivationScratchBytes(terms: i32): f64 {
  return <f64>ownBytes(terms) * <f64>threads();
}

/** Bytes of each thread. */
function ownBytes(terms: i32): usize {
  return linesOf<u8>(HEAD + RESULTS + weightBytes(terms));
}

/** Nanoseconds for a pair, the cheapest dual. */
// @ts-ignore: decorator
@inline const PAIR_TIME: f64 = 8;

@unmanaged
class Dual extends Rows {
  activation: i32;
  cols: i32;
  nodes: usize;
  terms: i32;
  held: i32;
  a: usize;
  ma: usize;
  b: usize;
  mb: usize;
  nextA: usize;
  nextB: usize;
  c: usize;
  ldc: i32;
  delta: usize;
  ldd: i32;
  theta: usize;
  ldt: i32;
  weight: f64;
  bias: f64;
  scale: f64;
  shift: f64;
}

function dualActivationUnit(address: usize, unit: i32, work: usize): void {
  const t = changetype<Dual>(address);
  dualActivation(
    t.activation, firstRow(t, unit), endRow(t, unit), t.cols, 0, t.nodes, t.terms, t.held, t.a, t.ma, t.b, t.mb, t.nextA, t.nextB,
    t.c, t.ldc, t.delta, t.ldd, t.theta, t.ldt, t.weight, t.bias, t.scale, t.shift, work,
  );
}

export function dualActivation(
  activation: i32, rowStart: i32, rowEnd: i32, cols: i32, diagonal: i32, nodes: usize, terms: i32, held: i32,
  a: usize, ma: usize, b: usize, mb: usize, nextA: usize, nextB: usize, c: usize, ldc: i32, delta: usize, ldd: i32,
  theta: usize, ldt: i32, weight: f64, bias: f64, scale: f64, shift: f64, work: usize,
): i32 {
  if (!diagonal && isWorth(PAIR_TIME * <f64>(rowEnd - rowStart) * <f64>cols)) {
    // The activation is known if no pair is refused.
    if (!mapDualActivation(activation, 0, nodes, terms, held, a, ma, b, mb, c, delta, 0, 0, 0, work, work + HEAD)) return -1;
    const t = changetype<Dual>(jobRoom());
    t.activation = activation; t.cols = cols; t.nodes = nodes; t.terms = terms; t.held = held; t.a = a; t.ma = ma; t.b = b; t.mb = mb;
    t.nextA = nextA; t.nextB = nextB; t.c = c; t.ldc = ldc; t.delta = delta; t.ldd = ldd; t.theta = theta; t.ldt = ldt;
    t.weight = weight; t.bias = bias; t.scale = scale; t.shift = shift;
    shareRows(dualActivationUnit, t, rowStart, rowEnd, 1, work, ownBytes(terms));
    return 0;
  }
  const layer = work, small = work + 32, rest = work + HEAD;
  store<f64>(layer, weight);
  store<f64>(layer, bias, 8);
  store<f64>(layer, scale, 16);
  store<f64>(layer, shift, 24);
  for (let i = rowStart; i < rowEnd; i++) {
    const row = <usize>i, ai = a + (row << 3), p = moments(ma, held, i);
    if (diagonal) {
      // The row's point with itself, in its own lane of a group of four.
      const group = <usize>(i & ~3) << 3, own = v128.load64_splat(ai);
      v128.store(small, own);
      v128.store(small, own, 16);
      memory.fill(small + 32, 0, 32);
      const q = mb ? mb + <usize>(i >> 2) * (<usize>slots(held) << 5) : 0;
      if (!mapDualActivation(activation, 1, nodes, terms, held, ai, p, b + group, q, small, small + 32, 0, 0, 0, layer, rest)) return -1;
      store<f64>(c + (row << 3), load<f64>(small + (<usize>(i & 3) << 3)));
      continue;
    }
    const to = c + (row * <usize>ldc << 3), d = delta + (row * <usize>ldd << 3), t = theta ? theta + (row * <usize>ldt << 3) : 0;
    const next = nextA ? nextA + (row << 3) : 0, groups = (cols + 3) >> 2;
    if (!mapDualActivation(activation, groups, nodes, terms, held, ai, p, b, mb, to, d, t, next, nextB, layer, rest)) return -1;
  }
  return 0;
}

/** The first moment of point i. */
// @ts-ignore: decorator
@inline
function moments(table: usize, held: i32, i: i32): usize {
  return table ? table + <usize>(i >> 2) * (<usize>slots(held) << 5) + (<usize>(i & 3) << 3) : 0;
}
