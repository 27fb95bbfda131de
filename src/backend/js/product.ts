/**
 * The blocked product behind gemm, syrk and Gram, as in assembly/blas/product.ts, on a 4×4 tile of scalars:
 *
 *   C = gamma C + delta + F ∘ (A B),   F = scale, F = alpha P Q + scale (depth d), or F_ij = f[⌊i/repeat⌋][⌊j/repeat⌋]
 *
 * Measured on Node 20 (GFLOP/s of the bare tile): 4×4 5.7, 3×3 5.6, 2×4 5.2, 2×2 3.7.
 */
const MR = 4;
const NR = 4;
/** Depth of a pass: a B sliver is 8 KiB and stays in L1. */
const KC = 256;
/** Depth packed at a time. */
const KB = 1024;
const IB = 96;
const JB = 384;
const TILE = MR * NR;

function roundUp(x: number): number {
  return Math.ceil(x / 4) * 4;
}

/** Bytes of `work` for {@link product}; d = 1 where the factor is given. */
export function productScratchBytes(rows: number, n: number, k: number, d: number): number {
  return ((roundUp(rows) + roundUp(n)) * ((d > 0 ? k : Math.min(k, KB)) + d) + (d > 0 ? IB * JB : 0) + TILE) * 8;
}

/** One operand: element (row r, depth p) is h[at + r·ld + p], or h[at + p·ld + r] if `trans`. */
export interface Operand {
  at: number;
  ld: number;
  trans: boolean;
}

/** A matrix at an address. */
export function operandAt(address: number, ld: number, trans: boolean): Operand {
  return { at: address >>> 3, ld, trans };
}

/** Factor of the Hadamard product: alpha P Qᵀ, depth d. */
interface HadamardFactor {
  d: number;
  alpha: number;
  p: Operand;
  q: Operand;
}

/** A factor that is given: one entry for each repeat×repeat block. */
interface GivenFactor {
  repeat: number;
  f: number;
  ldf: number;
}

/** Where the result goes. Rows [r0, r1), n columns or (lower) up to the diagonal. */
interface Target {
  lower: boolean;
  r0: number;
  r1: number;
  n: number;
  scale: number;
  gamma: number;
  delta: number;
  c: number;
  ldc: number;
}

/** One row of a tile of results at h[q]: C = gamma C + (delta + tile) for `count` entries of `data` from `to` on. */
function write(
  h: Float64Array, data: Float64Array | Float32Array, q: number, to: number, count: number, gamma: number, delta: number,
): void {
  if (gamma !== 0) for (let j = 0; j < count; j++) data[to + j] = h[q + j] + (gamma * data[to + j] + delta);
  else for (let j = 0; j < count; j++) data[to + j] = h[q + j] + delta;
}

/** Slivers of four rows of an operand, depth-major, padded with zero rows. */
function pack(
  h: Float64Array, data: Float64Array | Float32Array, { at, ld, trans }: Operand, row: number, rows: number,
  depth: number, k: number, dst: number,
): void {
  const [rowStep, depthStep] = trans ? [1, ld] : [ld, 1];
  for (let r = 0; r < rows; r += 4) {
    const live = Math.min(4, rows - r);
    const from = at + (row + r) * rowStep + depth * depthStep;
    for (let q = 0; q < 4; q++) {
      let to = dst + q;
      if (q >= live) for (let p = 0; p < k; p++, to += 4) h[to] = 0;
      else for (let p = 0, i = from + q * rowStep; p < k; p++, to += 4, i += depthStep) h[to] = data[i];
    }
    dst += 4 * k;
  }
}

/** t = Σ_p a[p] b[p]ᵀ on packed slivers. */
function microkernel(h: Float64Array, k: number, a: number, b: number, t: number): void {
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0;
  let c10 = 0, c11 = 0, c12 = 0, c13 = 0;
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0;
  let c30 = 0, c31 = 0, c32 = 0, c33 = 0;
  for (let p = 0; p < k; p++) {
    const b0 = h[b], b1 = h[b + 1], b2 = h[b + 2], b3 = h[b + 3];
    const a0 = h[a];
    c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2; c03 += a0 * b3;
    const a1 = h[a + 1];
    c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2; c13 += a1 * b3;
    const a2 = h[a + 2];
    c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2; c23 += a2 * b3;
    const a3 = h[a + 3];
    c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2; c33 += a3 * b3;
    a += 4;
    b += 4;
  }
  h[t] = c00; h[t + 1] = c01; h[t + 2] = c02; h[t + 3] = c03;
  h[t + 4] = c10; h[t + 5] = c11; h[t + 6] = c12; h[t + 7] = c13;
  h[t + 8] = c20; h[t + 9] = c21; h[t + 10] = c22; h[t + 11] = c23;
  h[t + 12] = c30; h[t + 13] = c31; h[t + 14] = c32; h[t + 15] = c33;
}

/**
 * C = gamma C + delta + F ∘ (op(A) op(B)ᵀ): both operands are given by rows; `work` as in {@link productScratchBytes}.
 * Operands, result and a given factor lie in `data`: beside the packed doubles (`h` everywhere here), or in floats that
 * are widened while they are packed and rounded when they are written.
 */
export function product(
  h: Float64Array, k: number, a: Operand, b: Operand, target: Target, work: number,
  factor?: HadamardFactor | GivenFactor, data: Float64Array | Float32Array = h,
): void {
  const { lower, r0, r1 } = target;
  const n = lower ? r1 : target.n;
  const rows = r1 - r0;
  if (rows <= 0 || n <= 0) return;
  const made = factor && "d" in factor && factor.d > 0 ? factor : undefined;
  const given = factor && "f" in factor ? factor : undefined;
  const d = made?.d ?? 0;
  // With a factor all depth is packed at once: every pass would make the factor again.
  const pass = Math.max(1, made || given ? k : KB);
  const depth = Math.min(k, pass);
  const tile = work >>> 3;
  const packedA = tile + TILE;
  const packedB = packedA + roundUp(rows) * depth;
  const packedP = packedB + roundUp(n) * depth;
  const packedQ = packedP + roundUp(rows) * d;
  const block = made || given ? packedQ + roundUp(n) * d : 0;
  if (made) {
    pack(h, data, made.p, r0, rows, 0, d, packedP);
    pack(h, data, made.q, 0, n, 0, d, packedQ);
  }
  for (let k0 = 0; k0 === 0 || k0 < k; k0 += pass) {
    const kb = Math.min(k - k0, pass);
    for (let pc = 0; pc < kb; pc += KC) {
      const kc = Math.min(kb - pc, KC);
      pack(h, data, a, r0, rows, k0 + pc, kc, packedA + roundUp(rows) * pc);
      pack(h, data, b, 0, n, k0 + pc, kc, packedB + roundUp(n) * pc);
    }
    for (let j0 = 0; j0 < n; j0 += JB) {
      const jEnd = Math.min(n, j0 + JB);
      for (let i0 = 0; i0 < rows; i0 += IB) {
        const iEnd = Math.min(rows, i0 + IB);
        if (lower && r0 + iEnd - 1 < j0) continue;
        const box = { i0, iEnd, j0, jEnd };
        if (made) factorBlock(h, target, box, made, packedP, packedQ, block);
        else if (given) givenBlock(h, data, target, box, given, block);
        for (let pc = 0; pc === 0 || pc < kb; pc += KC) {
          const first = k0 + pc === 0;
          const kc = Math.min(kb - pc, KC);
          const at = packedA + roundUp(rows) * pc;
          productBlock(h, data, target, box, kc, at, packedB + roundUp(n) * pc, block, first, tile);
        }
      }
    }
  }
}

interface Box {
  i0: number;
  iEnd: number;
  j0: number;
  jEnd: number;
}

function factorBlock(
  h: Float64Array, { lower, r0, scale }: Target, { i0, iEnd, j0, jEnd }: Box, { d, alpha }: HadamardFactor,
  p: number, q: number, block: number,
): void {
  for (let j = j0; j < jEnd; j += NR) {
    let t = block + ((j - j0) / NR) * (IB / MR) * TILE;
    for (let i = i0; i < iEnd; i += MR, t += TILE) {
      if (lower && r0 + i + MR - 1 < j) continue;
      microkernel(h, d, p + i * d, q + j * d, t);
      for (let o = t; o < t + TILE; o++) h[o] = alpha * h[o] + scale;
    }
  }
}

/** The same tiles from a given factor; entries beyond the last row or column repeat the last and are not written. */
function givenBlock(
  h: Float64Array, data: Float64Array | Float32Array, { lower, r0 }: Target, { i0, iEnd, j0, jEnd }: Box, { repeat, f, ldf }: GivenFactor, block: number,
): void {
  for (let j = j0; j < jEnd; j += NR) {
    let t = block + ((j - j0) / NR) * (IB / MR) * TILE;
    for (let i = i0; i < iEnd; i += MR, t += TILE) {
      if (lower && r0 + i + MR - 1 < j) continue;
      for (let r = 0; r < MR; r++) {
        const row = f + Math.floor((r0 + Math.min(i + r, iEnd - 1)) / repeat) * ldf;
        for (let q = 0; q < NR; q++) h[t + r * NR + q] = data[row + Math.floor(Math.min(j + q, jEnd - 1) / repeat)];
      }
    }
  }
}

function productBlock(
  h: Float64Array, data: Float64Array | Float32Array, target: Target, { i0, iEnd, j0, jEnd }: Box, kc: number,
  a: number, b: number, block: number, first: boolean, tile: number,
): void {
  const { lower, r0, scale, c, ldc } = target;
  const gamma = first ? target.gamma : 1;
  const delta = first ? target.delta : 0;
  for (let j = j0; j < jEnd; j += NR) {
    const columns = Math.min(NR, jEnd - j);
    let f = block + ((j - j0) / NR) * (IB / MR) * TILE;
    for (let i = i0; i < iEnd; i += MR, f += TILE) {
      if (lower && r0 + i + MR - 1 < j) continue;
      microkernel(h, kc, a + i * kc, b + j * kc, tile);
      for (let q = 0; q < TILE; q++) {
        const t = h[tile + q];
        // An infinite factor times an exact zero is zero: a saturated unit carries no kernel.
        h[tile + q] = block > 0 ? (t === 0 ? 0 : h[f + q] * t) : scale * t;
      }
      const live = Math.min(MR, iEnd - i);
      for (let r = 0; r < live; r++) {
        const count = lower ? Math.min(columns, r0 + i + r - j + 1) : columns;
        write(h, data, tile + r * NR, c + (r0 + i + r) * ldc + j, count, gamma, delta);
      }
    }
  }
}
