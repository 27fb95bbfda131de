// The blocked product behind gemm, syrk and the Gram accumulation, in lanes of T (f64 or f32):
//
//   C = gamma C + delta + F ∘ (A B),     F = scale (a number), F = alpha P Q + scale (the factor, depth d),
//                                        or F_ij = f[⌊i/repeat⌋][⌊j/repeat⌋] (the factor given)
//
// over rows [r0, r1) of C, all n columns or (lower) those up to the diagonal. Depth is packed KB at a time, with a
// factor all at once (else every pass would make it again); a block of IB×JB of C gets its factor once, then streams A
// and B through the microkernel KC deep. Tiles are kept side by side between these passes; the last one multiplies and
// writes C, once (writing C in every pass cost 4 % at k = 1000). The order of an element's sum is fixed by k alone.
import { IB, JB, KB, KC, linesOf, MR, roundUp, tileColumns } from "./blocksize";
import { microkernel, microkernelEdge } from "./microkernel";
import { pack } from "./pack";
import { multiplyAdd } from "../simd/words";
import { forEachUnit, isWorth, threads } from "../team/team";

/** A tile: MR rows of two vectors. */
// @ts-ignore: decorator
@inline const TILE_BYTES: usize = <usize>MR * 32;

/** Which block of C a unit computes. */
@unmanaged
export class Blocks {
  lower: bool;
  r0: i32;
  rows: i32;
  n: i32;
  iStep: i32;
  jStep: i32;
  /** Blocks in a column of blocks. */
  across: i32;
  mPad: i32;
  nPad: i32;
  kb: i32;
  c: usize;
  ldc: i32;
  gamma: f64;
  delta: f64;
}

/** The arguments of {@link product}, one pass of its depth, and where its operands are packed. */
@unmanaged
class Product extends Blocks {
  transA: i32;
  a: usize;
  lda: i32;
  transB: i32;
  b: usize;
  ldb: i32;
  d: i32;
  alpha: f64;
  p: usize;
  ldp: i32;
  q: usize;
  ldq: i32;
  scale: f64;
  repeat: i32;
  f: usize;
  ldf: i32;
  k0: i32;
  packs: i32;
  chunks: i32;
  packedA: usize;
  packedB: usize;
  packedP: usize;
  packedQ: usize;
}

/** Bytes of `work` for {@link product} by `team` threads; d = 1 where the factor is given. */
export function productScratchBytes<T>(rows: i32, n: i32, k: i32, d: i32, team: i32): f64 {
  const m = <f64>(rows + MR), w = <f64>(n + tileColumns<T>()), depth = <f64>(d > 0 ? k : min(k, KB)) + <f64>d;
  const own = <f64>ownBytes<T>(k, d > 0) * <f64>team;
  return (m + w) * depth * <f64>sizeof<T>() + own + <f64>offsetof<Product>() + 6 * 64;
}

/** Bytes of each thread: the tiles, and the factor of a block. */
function ownBytes<T>(k: i32, factored: bool): usize {
  return tilesBytes<T>(factored ? k : min(k, KB)) + (factored ? linesOf<T>(<usize>(IB * JB)) : 0);
}

/** Bytes of the tiles that {@link passes} keeps for a depth of kb. */
export function tilesBytes<T>(kb: i32): usize {
  return kb > KC ? linesOf<T>(<usize>(IB * JB)) : linesOf<T>(TILE_BYTES / sizeof<T>());
}

/** {@link product} without a factor: C = gamma C + scale A B. */
export function multiply<T>(
  lower: bool, r0: i32, r1: i32, n: i32, k: i32,
  transA: i32, a: usize, lda: i32, transB: i32, b: usize, ldb: i32, scale: f64,
  gamma: f64, c: usize, ldc: i32, work: usize,
): void {
  product<T>(
    lower, r0, r1, n, k, transA, a, lda, transB, b, ldb,
    0, 0, 0, 0, 0, 0, scale, 1, 0, 0, gamma, 0, c, ldc, work,
  );
}

export function product<T>(
  lower: bool, r0: i32, r1: i32, n: i32, k: i32,
  transA: i32, a: usize, lda: i32, transB: i32, b: usize, ldb: i32,
  d: i32, alpha: f64, p: usize, ldp: i32, q: usize, ldq: i32, scale: f64,
  repeat: i32, f: usize, ldf: i32, gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): void {
  if (lower) n = r1;
  const rows = r1 - r0, NR = tileColumns<T>();
  if (rows <= 0 || n <= 0) return;
  const mPad = roundUp(rows, MR), nPad = roundUp(n, NR), factored = d > 0 || f != 0;
  const depth = factored ? k : min(k, KB), pass = max(depth, 1);
  const job = changetype<Product>(work), own = ownBytes<T>(k, factored);
  job.lower = lower; job.r0 = r0; job.rows = rows; job.n = n;
  job.transA = transA; job.a = a; job.lda = lda; job.transB = transB; job.b = b; job.ldb = ldb;
  job.d = d; job.alpha = alpha; job.p = p; job.ldp = ldp; job.q = q; job.ldq = ldq; job.scale = scale;
  job.repeat = repeat; job.f = f; job.ldf = ldf; job.c = c; job.ldc = ldc; job.mPad = mPad; job.nPad = nPad;
  const packedA = work + linesOf<u8>(offsetof<Product>()), packedB = packedA + linesOf<T>(<usize>mPad * <usize>depth);
  const packedP = packedB + linesOf<T>(<usize>nPad * <usize>depth), packedQ = packedP + linesOf<T>(<usize>mPad * <usize>d);
  const rest = packedQ + linesOf<T>(<usize>nPad * <usize>d);
  job.packedA = packedA; job.packedB = packedB; job.packedP = packedP; job.packedQ = packedQ;
  const chunks = max((rows + CHUNK * MR - 1) / (CHUNK * MR), (n + CHUNK * NR - 1) / (CHUNK * NR));
  job.chunks = chunks;
  for (let k0 = 0; k0 == 0 || k0 < k; k0 += pass) {
    const kb = min(k - k0, pass), first = k0 == 0, packs = (kb + KC - 1) / KC, sets = packs + (first && d > 0 ? 1 : 0);
    job.k0 = k0; job.kb = kb; job.packs = packs; job.gamma = first ? gamma : 1; job.delta = first ? delta : 0;
    forEachUnit(sizeof<T>() == 4 ? packUnit32 : packUnit64, 2 * sets * chunks, work, 0, 0, PACK_TIME * <f64>(rows + n) * <f64>(kb + (first ? d : 0)));
    const time = productTime<T>(lower, rows, n, kb);
    forEachUnit(sizeof<T>() == 4 ? blockUnit32 : blockUnit64, cut(job, time), work, rest, own, time);
  }
}

/** Slivers that one unit packs. */
// @ts-ignore: decorator
@inline const CHUNK: i32 = 32;
/**
 * Nanoseconds to pack a number, and for a multiply-add of doubles: what decides whether threads share a product. A
 * product that is small enough for the question runs at less than half of the peak.
 */
// @ts-ignore: decorator
@inline const PACK_TIME: f64 = 1;
// @ts-ignore: decorator
@inline const MADD_TIME: f64 = 0.26;
/** Blocks for each thread, at least: what the last one computes alone is then a few percent. */
// @ts-ignore: decorator
@inline const BLOCKS_A_THREAD: i32 = 48;

export function productTime<T>(lower: bool, rows: i32, n: i32, k: i32): f64 {
  const time = MADD_TIME * <f64>rows * <f64>n * <f64>k;
  return time * (sizeof<T>() == 4 ? 0.5 : 1.0) * (lower ? 0.5 : 1.0);
}

/**
 * Cuts C into the blocks that units compute, and returns their number. They are IB×JB, or smaller ones where threads
 * share few. Their size changes no bit.
 */
export function cut(job: Blocks, time: f64): i32 {
  let iStep = IB, jStep = JB;
  if (isWorth(time)) {
    const enough = BLOCKS_A_THREAD * threads() * (job.lower ? 2 : 1);
    while (jStep > 32 && blocks(job, iStep, jStep) < enough) jStep >>= 1;
    while (iStep > 6 * MR && blocks(job, iStep, jStep) < enough) iStep >>= 1;
  }
  job.iStep = iStep;
  job.jStep = jStep;
  job.across = (job.rows + iStep - 1) / iStep;
  return blocks(job, iStep, jStep);
}

function blocks(job: Blocks, iStep: i32, jStep: i32): i32 {
  return ((job.rows + iStep - 1) / iStep) * ((job.n + jStep - 1) / jStep);
}

/** Packs {@link CHUNK} slivers of A or B at one depth, or of P or Q. */
function packUnit<T>(address: usize, unit: i32): void {
  const job = changetype<Product>(address), set = unit / job.chunks, first = (unit % job.chunks) * CHUNK;
  const right = set & 1, at = set >> 1, width = right ? tileColumns<T>() : MR;
  const rows = (right ? job.n : job.rows) - first * width, row = (right ? 0 : job.r0) + first * width;
  if (rows <= 0) return;
  const live = min(rows, CHUNK * width), sliver = <usize>(first * width) * sizeof<T>();
  if (at < job.packs) {
    const pc = at * KC, kc = min(job.kb - pc, KC), pad = <usize>(right ? job.nPad : job.mPad);
    const to = (right ? job.packedB : job.packedA) + pad * <usize>pc * sizeof<T>() + sliver * <usize>kc;
    const trans = right ? job.transB ^ 1 : job.transA;
    pack<T>(trans, row, live, job.k0 + pc, kc, width, right ? job.b : job.a, right ? job.ldb : job.lda, to);
  } else {
    const to = (right ? job.packedQ : job.packedP) + sliver * <usize>job.d;
    pack<T>(0, row, live, 0, job.d, width, right ? job.q : job.p, right ? job.ldq : job.ldp, to);
  }
}

function packUnit64(job: usize, unit: i32, work: usize): void {
  packUnit<f64>(job, unit);
}

function packUnit32(job: usize, unit: i32, work: usize): void {
  packUnit<f32>(job, unit);
}

/** One block of C. */
function blockUnit<T>(address: usize, unit: i32, work: usize): void {
  const job = changetype<Product>(address), lower = job.lower, r0 = job.r0;
  const i0 = (unit % job.across) * job.iStep, j0 = (unit / job.across) * job.jStep;
  const iEnd = min(job.rows, i0 + job.iStep), jEnd = min(job.n, j0 + job.jStep);
  if (lower && r0 + iEnd - 1 < j0) return;
  const d = job.d, f = job.f, factor = work + tilesBytes<T>(job.kb);
  if (d > 0) factorBlock<T>(lower, r0, i0, iEnd, j0, jEnd, d, job.alpha, job.scale, job.packedP, job.packedQ, factor);
  else if (f) givenBlock<T>(lower, r0, i0, iEnd, j0, jEnd, job.repeat, f, job.ldf, factor);
  passes<T>(
    lower, r0, i0, iEnd, j0, jEnd, job.kb, job.mPad, job.nPad, job.packedA, job.packedB, work, d > 0 || f ? factor : 0,
    job.scale, job.gamma, job.delta, job.c, job.ldc,
  );
}

function blockUnit64(job: usize, unit: i32, work: usize): void {
  blockUnit<f64>(job, unit, work);
}

function blockUnit32(job: usize, unit: i32, work: usize): void {
  blockUnit<f32>(job, unit, work);
}

/**
 * One block of C from operands packed kb deep: the microkernel goes over it KC deep at a time, the last time on into C.
 */
export function passes<T>(
  lower: bool, r0: i32, i0: i32, iEnd: i32, j0: i32, jEnd: i32, kb: i32, mPad: i32, nPad: i32, packedA: usize, packedB: usize,
  tiles: usize, block: usize, scale: f64, gamma: f64, delta: f64, c: usize, ldc: i32,
): void {
  const stride = kb > KC ? TILE_BYTES : 0;
  for (let pc = 0; pc == 0 || pc < kb; pc += KC) {
    productBlock<T>(
      lower, r0, i0, iEnd, j0, jEnd, min(kb - pc, KC), pc == 0, pc + KC >= kb, packedA + <usize>mPad * <usize>pc * sizeof<T>(),
      packedB + <usize>nPad * <usize>pc * sizeof<T>(), tiles, stride, block, scale, gamma, delta, c, ldc,
    );
  }
}

/** Tile (i, j) of the factor lies at block + TILE_BYTES·((j − j0)/NR · IB/MR + (i − i0)/MR). */
export function factorBlock<T>(
  lower: bool, r0: i32, i0: i32, iEnd: i32, j0: i32, jEnd: i32, d: i32, alpha: f64, beta: f64,
  packedP: usize, packedQ: usize, block: usize,
): void {
  const va = v128.splat<T>(<T>alpha), vb = v128.splat<T>(<T>beta), NR = tileColumns<T>();
  const sliverP = <usize>d * MR * sizeof<T>(), sliverQ = <usize>d * 32;
  for (let j = j0; j < jEnd; j += NR) {
    const qs = packedQ + <usize>(j / NR) * sliverQ;
    let t = block + <usize>((j - j0) / NR * (IB / MR)) * TILE_BYTES;
    for (let i = i0; i < iEnd; i += MR, t += TILE_BYTES) {
      if (lower && r0 + i + MR - 1 < j) continue;
      microkernel<T>(d, packedP + <usize>(i / MR) * sliverP, qs, t, true);
      for (let o: usize = 0; o < TILE_BYTES; o += 16) v128.store(t + o, multiplyAdd<T>(va, v128.load(t + o), vb));
    }
  }
}

/**
 * The same tiles from a given factor. A tile's entries beyond the last row or column repeat the last: they are not
 * written.
 */
function givenBlock<T>(
  lower: bool, r0: i32, i0: i32, iEnd: i32, j0: i32, jEnd: i32, repeat: i32, f: usize, ldf: i32, block: usize,
): void {
  const NR = tileColumns<T>();
  for (let j = j0; j < jEnd; j += NR) {
    let t = block + <usize>((j - j0) / NR * (IB / MR)) * TILE_BYTES;
    for (let i = i0; i < iEnd; i += MR, t += TILE_BYTES) {
      if (lower && r0 + i + MR - 1 < j) continue;
      for (let r = 0; r < MR; r++) {
        const row = f + <usize>((r0 + min(i + r, iEnd - 1)) / repeat) * <usize>ldf * sizeof<T>();
        for (let q = 0; q < NR; q++) {
          store<T>(t + <usize>(r * NR + q) * sizeof<T>(), load<T>(row + <usize>(min(j + q, jEnd - 1) / repeat) * sizeof<T>()));
        }
      }
    }
  }
}

/** One pass over the tiles of a block, `stride` apart at `tiles`; the last one goes on into C. */
function productBlock<T>(
  lower: bool, r0: i32, i0: i32, iEnd: i32, j0: i32, jEnd: i32, kc: i32, first: bool, last: bool, packedA: usize, packedB: usize,
  tiles: usize, stride: usize, block: usize, scale: f64, gamma: f64, delta: f64, c: usize, ldc: i32,
): void {
  const NR = tileColumns<T>(), sliverA = <usize>kc * MR * sizeof<T>(), sliverB = <usize>kc * 32;
  const ldcBytes = <usize>ldc * sizeof<T>();
  for (let j = j0; j < jEnd; j += NR) {
    const bs = packedB + <usize>(j / NR) * sliverB, at = <usize>((j - j0) / NR * (IB / MR));
    let f = block + at * TILE_BYTES, tile = tiles + at * stride;
    for (let i = i0; i < iEnd; i += MR, f += TILE_BYTES, tile += stride) {
      if (lower && r0 + i + MR - 1 < j) continue;
      const live = min(MR, iEnd - i), as = packedA + <usize>(i / MR) * sliverA;
      if (live > 2) microkernel<T>(kc, as, bs, tile, first);
      else microkernelEdge<T>(kc, as, bs, tile, first);
      if (!last) continue;
      if (block) factorTile<T>(tile, f);
      else scaleTile<T>(tile, scale);
      const to = c + <usize>(r0 + i) * ldcBytes + <usize>j * sizeof<T>();
      if (live == MR && j + NR <= jEnd && (!lower || r0 + i >= j + NR - 1)) writeTile<T>(tile, gamma, delta, to, ldcBytes);
      else writeEdge<T>(lower ? r0 + i - j : NR, live, jEnd - j, tile, gamma, delta, to, ldcBytes);
    }
  }
}

/** tile = F ∘ tile, where an infinite factor times an exact zero is zero (a saturated unit carries no kernel). */
// @ts-ignore: decorator
@inline
function factorTile<T>(tile: usize, f: usize): void {
  const zero = v128.splat<T>(<T>0);
  for (let o: usize = 0; o < TILE_BYTES; o += 16) {
    const t = v128.load(tile + o);
    v128.store(tile + o, v128.andnot(v128.mul<T>(v128.load(f + o), t), v128.eq<T>(t, zero)));
  }
}

// @ts-ignore: decorator
@inline
function scaleTile<T>(tile: usize, scale: f64): void {
  if (scale == 1) return;
  const s = v128.splat<T>(<T>scale);
  for (let o: usize = 0; o < TILE_BYTES; o += 16) v128.store(tile + o, v128.mul<T>(s, v128.load(tile + o)));
}

// @ts-ignore: decorator
@inline
function writeTile<T>(tile: usize, gamma: f64, delta: f64, c: usize, ldcBytes: usize): void {
  const vd = v128.splat<T>(<T>delta), vg = v128.splat<T>(<T>gamma);
  for (let r = 0; r < MR; r++) {
    let x = v128.load(tile), y = v128.load(tile, 16);
    if (gamma != 0) {
      x = v128.add<T>(x, v128.add<T>(v128.mul<T>(vg, v128.load(c)), vd));
      y = v128.add<T>(y, v128.add<T>(v128.mul<T>(vg, v128.load(c, 16)), vd));
    } else {
      x = v128.add<T>(x, vd);
      y = v128.add<T>(y, vd);
    }
    v128.store(c, x);
    v128.store(c, y, 16);
    tile += 32;
    c += ldcBytes;
  }
}

/** Row r writes its first min(columns, diagonal + r + 1) entries; computed as in {@link writeTile}. */
function writeEdge<T>(
  diagonal: i32, live: i32, columns: i32, tile: usize, gamma: f64, delta: f64, c: usize, ldcBytes: usize,
): void {
  columns = min(columns, tileColumns<T>());
  const g = <T>gamma, d = <T>delta;
  for (let r = 0; r < live; r++) {
    const end = min(columns, diagonal + r + 1);
    for (let j = 0; j < end; j++) {
      const to = c + <usize>j * sizeof<T>(), x = load<T>(tile + <usize>j * sizeof<T>());
      store<T>(to, <T>(gamma != 0 ? x + (g * load<T>(to) + d) : x + d));
    }
    tile += 32;
    c += ldcBytes;
  }
}
