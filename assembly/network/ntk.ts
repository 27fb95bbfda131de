// The tangent kernel of one hidden layer from its inputs: see src/ops.ts for the contract.
// Units are taken KB at a time. Features are made for a few rows and KC units, and packed into the panels of both
// products while they are in cache: neither S nor G is ever a matrix in memory.
// A block of C then gets its factor once, the product of S and the product of G.
import { IB, JB, KB, KC, linesOf, MR, roundUp, tileColumns } from "../blas/blocksize";
import { FEW_INPUTS, features, featuresScratchBytes } from "./features";
import { pack } from "../blas/pack";
import { Blocks, cut, factorBlock, passes, productTime, tilesBytes } from "../blas/product";
import { forEachUnit, threads } from "../team/team";

/**
 * Rows whose features are made together: whole slivers of A and of B; with a product of inputs, whose C is packed each
 * time, more.
 */
function group<T>(d: i32): i32 {
  return MR * tileColumns<T>() * (d > FEW_INPUTS ? 4 : 1);
}

/** The arguments of {@link ntk}, one pass over its units, and where its operands are packed. */
@unmanaged
class Ntk extends Blocks {
  activation: i32;
  d: i32;
  zAlpha: f64;
  x: usize;
  ldx: i32;
  y: usize;
  ldy: i32;
  w: usize;
  ldw: i32;
  zBeta: f64;
  bias: usize;
  gain: usize;
  sigma: f64;
  alpha: f64;
  beta: f64;
  /** Depth of the factor: 0 where it is beta. */
  fd: i32;
  /** One set of rows serves both operands where they start with the same one. */
  both: bool;
  /** Groups of points on the right, and of both operands. */
  right: i32;
  groups: i32;
  k0: i32;
  as: usize;
  ag: usize;
  bs: usize;
  bg: usize;
  p: usize;
  q: usize;
}

export function ntkScratchBytes<T>(rows: i32, n2: i32, m: i32, d: i32): f64 {
  const points = <f64>(rows + MR) + <f64>(n2 + tileColumns<T>());
  const own = ownBytes<T>(m, d) * <f64>threads();
  return points * (2 * <f64>min(m, KB) + <f64>d) * <f64>sizeof<T>() + own + <f64>offsetof<Ntk>() + 8 * 64;
}

/** Bytes of each thread: S and G of a group and what they take, or the tiles and the factor of a block. */
function ownBytes<T>(m: i32, d: i32): f64 {
  const kc = min(m, KC), together = group<T>(d);
  const made = 2 * <f64>linesOf<T>(<usize>together * <usize>kc) + featuresScratchBytes<T>(together, kc, d, 1);
  const block = <f64>tilesBytes<T>(min(m, KB)) + <f64>linesOf<T>(<usize>(IB * JB));
  return <f64>linesOf<u8>(<usize>max(made, block));
}

export function ntk<T>(
  lower: bool, activation: i32, r0: i32, r1: i32, n: i32, m: i32, d: i32, zAlpha: f64, x: usize, ldx: i32, y: usize, ldy: i32,
  w: usize, ldw: i32, zBeta: f64, bias: usize, gain: usize, sigma: f64, alpha: f64, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  if (lower) n = r1;
  const rows = r1 - r0, NR = tileColumns<T>(), size = sizeof<T>();
  if (rows <= 0 || n <= 0) return 0;
  const mPad = roundUp(rows, MR), nPad = roundUp(n, NR), depth = min(m, KB), fd = alpha == 0 ? 0 : d, G = group<T>(d);
  const job = changetype<Ntk>(work), own = <usize>ownBytes<T>(m, d), both = lower && r0 == 0;
  job.lower = lower; job.activation = activation; job.r0 = r0; job.rows = rows; job.n = n; job.d = d;
  job.zAlpha = zAlpha; job.x = x + <usize>r0 * <usize>ldx * size; job.ldx = ldx; job.y = y; job.ldy = ldy; job.w = w; job.ldw = ldw;
  job.zBeta = zBeta; job.bias = bias; job.gain = gain; job.sigma = sigma; job.alpha = alpha; job.beta = beta;
  job.c = c; job.ldc = ldc; job.mPad = mPad; job.nPad = nPad; job.fd = fd; job.both = both;
  const aBytes = linesOf<T>(<usize>mPad * <usize>depth), bBytes = linesOf<T>(<usize>nPad * <usize>depth);
  const as = work + linesOf<u8>(offsetof<Ntk>()), ag = as + aBytes, bs = ag + aBytes, bg = bs + bBytes;
  const p = bg + bBytes, q = p + linesOf<T>(<usize>mPad * <usize>fd), rest = q + linesOf<T>(<usize>nPad * <usize>fd);
  job.as = as; job.ag = ag; job.bs = bs; job.bg = bg; job.p = p; job.q = q;
  if (features<T>(activation, 0, 0, 0, d, zAlpha, x, ldx, w, ldw, zBeta, bias, gain, rest, 0, rest, 0, rest)) return -1;
  if (fd > 0) {
    pack<T>(0, r0, rows, 0, d, MR, x, ldx, p);
    pack<T>(0, 0, n, 0, d, NR, y, ldy, q);
  }
  job.right = (n + G - 1) / G;
  job.groups = job.right + (both ? 0 : (rows + G - 1) / G);
  for (let k0 = 0; k0 == 0 || k0 < m; k0 += KB) {
    const kb = min(m - k0, KB), first = k0 == 0;
    job.k0 = k0; job.kb = kb; job.gamma = first ? gamma : 1; job.delta = first ? delta : 0;
    const made = FEATURE_TIME * <f64>(both ? n : n + rows) * <f64>kb;
    forEachUnit(sizeof<T>() == 4 ? featureUnit32 : featureUnit64, job.groups * ((kb + KC - 1) / KC), work, rest, own, made);
    const time = ntkBlockTime<T>(lower, rows, n, kb);
    forEachUnit(sizeof<T>() == 4 ? kernelUnit32 : kernelUnit64, cut(job, time), work, rest, own, time);
  }
  return 0;
}

/** Nanoseconds for a unit's value and slope at a point, the cheapest activation. */
// @ts-ignore: decorator
@inline const FEATURE_TIME: f64 = 2;

/** Nanoseconds of the two products of a pass over at most KB units. */
export function ntkBlockTime<T>(lower: bool, rows: i32, n: i32, m: i32): f64 {
  return 2 * productTime<T>(lower, rows, n, min(m, KB));
}

/** Nanoseconds of {@link ntk} on one thread. */
export function ntkTime<T>(lower: bool, rows: i32, n: i32, m: i32): f64 {
  return FEATURE_TIME * <f64>(lower ? n : n + rows) * <f64>m + 2 * productTime<T>(lower, rows, n, m);
}

/** Makes S and G of a group of points for KC units, and packs them. */
function featureUnit<T>(address: usize, unit: i32, work: usize): void {
  const job = changetype<Ntk>(address), d = job.d, G = group<T>(d), n = job.n, kb = job.kb, size = sizeof<T>();
  const groups = job.groups, right = job.right;
  const pc = (unit / groups) * KC, kc = min(kb - pc, KC), at = unit % groups, isRight = at < right;
  const i = (isRight ? at : at - right) * G, live = min(G, (isRight ? n : job.rows) - i);
  const from = isRight ? job.y + <usize>i * <usize>job.ldy * size : job.x + <usize>i * <usize>job.ldx * size;
  const k = <usize>(job.k0 + pc), toA = <usize>job.mPad * <usize>pc * size, toB = <usize>job.nPad * <usize>pc * size;
  const wk = job.w + k * <usize>job.ldw * size, bias = job.bias ? job.bias + k * size : 0, gain = job.gain ? job.gain + k * size : 0;
  const s = work, g = s + linesOf<T>(<usize>G * <usize>kc), rest = g + linesOf<T>(<usize>G * <usize>kc);
  features<T>(
    job.activation, 0, live, kc, d, job.zAlpha, from, isRight ? job.ldy : job.ldx, wk, job.ldw, job.zBeta, bias, gain,
    s, kc, g, kc, rest,
  );
  if (isRight) packBoth<T>(i, live, kc, tileColumns<T>(), s, g, job.bs + toB, job.bg + toB);
  if (!isRight || job.both) packBoth<T>(i, live, kc, MR, s, g, job.as + toA, job.ag + toA);
}

function featureUnit64(job: usize, unit: i32, work: usize): void {
  featureUnit<f64>(job, unit, work);
}

function featureUnit32(job: usize, unit: i32, work: usize): void {
  featureUnit<f32>(job, unit, work);
}

/** One block of C: its factor, the product of S, the product of G. */
function kernelUnit<T>(address: usize, unit: i32, work: usize): void {
  const job = changetype<Ntk>(address), lower = job.lower, r0 = job.r0, kb = job.kb;
  const i0 = (unit % job.across) * job.iStep, j0 = (unit / job.across) * job.jStep;
  const iEnd = min(job.rows, i0 + job.iStep), jEnd = min(job.n, j0 + job.jStep);
  if (lower && r0 + iEnd - 1 < j0) return;
  const factor = work + tilesBytes<T>(kb), fd = job.fd, mPad = job.mPad, nPad = job.nPad, beta = job.beta;
  if (fd > 0) factorBlock<T>(lower, r0, i0, iEnd, j0, jEnd, fd, job.alpha, beta, job.p, job.q, factor);
  passes<T>(
    lower, r0, i0, iEnd, j0, jEnd, kb, mPad, nPad, job.as, job.bs, work, 0, job.sigma, job.gamma, job.delta, job.c, job.ldc,
  );
  passes<T>(
    lower, r0, i0, iEnd, j0, jEnd, kb, mPad, nPad, job.ag, job.bg, work, fd > 0 ? factor : 0, beta, 1, 0, job.c, job.ldc,
  );
}

function kernelUnit64(job: usize, unit: i32, work: usize): void {
  kernelUnit<f64>(job, unit, work);
}

function kernelUnit32(job: usize, unit: i32, work: usize): void {
  kernelUnit<f32>(job, unit, work);
}

/** Rows [i, i + live) of S and G, i whole slivers, into their panels. */
function packBoth<T>(i: i32, live: i32, kc: i32, width: i32, s: usize, g: usize, panelS: usize, panelG: usize): void {
  const at = <usize>i * <usize>kc * sizeof<T>();
  pack<T>(0, 0, live, 0, kc, width, s, kc, panelS + at);
  pack<T>(0, 0, live, 0, kc, width, g, kc, panelG + at);
}

