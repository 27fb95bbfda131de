/** dgemm, dsyrk, dgram and its kin against textbook loops. */
import { describe, test } from "vitest";
import { loadContext, variants } from "../setup/variants.js";
import {
  type Bed,
  type Block,
  type Entry,
  EPS,
  expectDone,
  expectEntries,
  expectSplitsAgree,
  lowerIn,
  onBed,
  type Range,
  rowsIn,
} from "./harness.js";

type Getter = (i: number, j: number) => number;

/** What every op of this file is: C = gamma C + delta + F ∘ (A B), F = scale or alpha P Q + scale. */
interface Formula {
  k: number;
  a: Getter;
  b: Getter;
  scale: number;
  gamma: number;
  delta?: number;
  factor?: { d: number; alpha: number; p: Getter; q: Getter };
  c: Getter;
}

/**
 * The textbook. Both sums carry at most k + d + 5 roundings of ε/2 each, ours and the reference's, on terms whose
 * absolute values add up to `size`.
 */
function textbook({ k, a, b, scale, gamma, delta = 0, factor, c }: Formula): (i: number, j: number) => Entry {
  return (i, j) => {
    let [f, fSize] = [scale, Math.abs(scale)];
    if (factor) {
      let [sum, size] = [0, 0];
      for (let t = 0; t < factor.d; t++) {
        sum += factor.p(i, t) * factor.q(t, j);
        size += Math.abs(factor.p(i, t) * factor.q(t, j));
      }
      f += factor.alpha * sum;
      fSize += Math.abs(factor.alpha) * size;
    }
    let [sum, size] = [0, 0];
    for (let p = 0; p < k; p++) {
      sum += a(i, p) * b(p, j);
      size += Math.abs(a(i, p) * b(p, j));
    }
    const before = gamma === 0 ? 0 : gamma * c(i, j);
    const value = before + delta + f * sum;
    return { value, bound: (k + (factor?.d ?? 0) + 5) * EPS * (Math.abs(before) + Math.abs(delta) + fSize * size) };
  };
}

/** Only the lower triangle has expected values. */
function lower(expected: (i: number, j: number) => Entry): (i: number, j: number) => Entry {
  return (i, j) => (j <= i ? expected(i, j) : undefined);
}

function getter(bed: Bed, block: Block, trans: boolean): Getter {
  const data = bed.read(block);
  return trans ? (i, j) => data[j * block.cols + i] : (i, j) => data[i * block.cols + j];
}

const cross = <T>(...lists: T[][]): T[][] =>
  lists.reduce<T[][]>((rows, list) => rows.flatMap((row) => list.map((x) => [...row, x])), [[]]);

/** [m, n, k] about the register tiles (5×4, 6×4, JavaScript 4×4): all combinations, they cost nothing. */
const TILES = cross([0, 1, 5, 6, 7, 13], [0, 1, 3, 4, 5, 9], [0, 1, 2, 3]);
/**
 * About IB = 120 or 144 and JB = 128 (JavaScript 96 and 384), KC = 256 and KB = 1024, one dimension at a time, and all
 * of them at once.
 */
const BLOCKS = [
  ...[95, 96, 97, 119, 121, 143, 145, 191, 193].map((m) => [m, 5, 3]),
  ...[127, 128, 129, 257, 383, 384, 385, 769].map((n) => [7, n, 2]),
  ...[255, 256, 257, 513, 1023, 1024, 1025, 2049].map((k) => [7, 5, k]),
  [97, 385, 257],
  [13, 389, 1025],
];
/** [n, k] for the lower triangle: n meets IB and JB, as well as the diagonal at each place of a tile. */
const TRIANGLES = [
  ...cross([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 23, 24, 25], [0, 1, 2, 5]),
  ...[95, 96, 97, 119, 121, 127, 129, 143, 145, 193, 289, 383, 384, 385].map((n) => [n, 3]),
  ...[255, 256, 257, 1023, 1024, 1025].map((k) => [7, k]),
  [101, 257],
];
/** [alpha, gamma]. */
const SCALARS = [
  [1, 0],
  [-0.75, 0],
  [1, 1],
  [2, 0.5],
];

const N = 101;
const SPLIT_DEPTH = 300;

const at = (data: Float64Array, { cols }: Block, i: number, j: number) => data[i * cols + j];

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  describe("dgemm", () => {
    /** One product on the given ranges of rows; C is NaN before if gamma = 0. */
    function gemm(
      bed: Bed,
      [m, n, k]: number[],
      [transA, transB]: number[],
      [alpha, gamma]: number[],
      ranges: Range[],
    ) {
      const a = transA ? bed.random("A", k, m, 1) : bed.random("A", m, k, 1);
      const b = transB ? bed.random("B", n, k, 2) : bed.random("B", k, n, 2);
      const c = gamma ? bed.random("C", m, n, 3) : bed.matrix("C", m, n);
      const expected = textbook({
        k,
        a: getter(bed, a, transA === 1),
        b: getter(bed, b, transB === 1),
        scale: alpha,
        gamma,
        c: getter(bed, c, false),
      });
      for (const range of ranges) {
        const work = bed.work(bed.ops.dgemmScratchBytes(range[1] - range[0], n, k));
        const info = bed.call(
          () =>
            bed.ops.dgemm(
              transA,
              transB,
              ...range,
              n,
              k,
              alpha,
              a.address,
              a.ld,
              b.address,
              b.ld,
              gamma,
              c.address,
              c.ld,
              work.address,
            ),
          [c, rowsIn(range)],
          [work],
        );
        expectDone(info, `dgemm, rows [${range}) of ${m}×${n}, depth ${k}`);
      }
      return { got: bed.read(c), expected };
    }

    test.each(cross([0, 1], [0, 1]))("transA = %i, transB = %i", (transA, transB) => {
      for (const [at, shape] of [...TILES, ...BLOCKS].entries()) {
        const scalars = SCALARS[at % SCALARS.length];
        onBed(context, (bed) => {
          const { got, expected } = gemm(bed, shape, [transA, transB], scalars, [[0, shape[0]]]);
          expectEntries(got, shape[0], shape[1], expected, `m, n, k = ${shape}, alpha, gamma = ${scalars}`);
        });
      }
    });

    test.each(SCALARS)("alpha = %d, gamma = %d", (alpha, gamma) => {
      for (const shape of [
        [7, 9, 5],
        [12, 8, 300],
        [6, 4, 0],
      ]) {
        onBed(context, (bed) => {
          const { got, expected } = gemm(bed, shape, [0, 0], [alpha, gamma], [[0, shape[0]]]);
          expectEntries(got, shape[0], shape[1], expected, `m, n, k = ${shape}`);
        });
      }
    });

    test("row ranges give the same bits", () => {
      for (const trans of cross([0, 1], [0, 1])) {
        for (const scalars of [
          [1, 0],
          [0.3, 0.7],
        ]) {
          const run = (ranges: Range[]) =>
            onBed(context, (bed) => gemm(bed, [N, 9, SPLIT_DEPTH], trans, scalars, ranges).got);
          expectSplitsAgree(N, run, `trans ${trans}, alpha, gamma ${scalars}`);
        }
      }
    });
  });

  describe("dsyrk", () => {
    function syrk(bed: Bed, [n, k]: number[], trans: number, [alpha, gamma]: number[], ranges: Range[]) {
      const a = trans ? bed.random("A", k, n, 4) : bed.random("A", n, k, 4);
      const c = gamma ? bed.random("C", n, n, 5) : bed.matrix("C", n, n);
      const op = getter(bed, a, trans === 1);
      const expected = textbook({ k, a: op, b: (p, j) => op(j, p), scale: alpha, gamma, c: getter(bed, c, false) });
      for (const range of ranges) {
        const work = bed.work(bed.ops.dgemmScratchBytes(range[1] - range[0], range[1], k));
        const info = bed.call(
          () => bed.ops.dsyrk(trans, ...range, k, alpha, a.address, a.ld, gamma, c.address, c.ld, work.address),
          [c, lowerIn(range)],
          [work],
        );
        expectDone(info, `dsyrk, rows [${range}) of ${n}, depth ${k}`);
      }
      return { got: bed.read(c), expected: lower(expected) };
    }

    test.each([0, 1])("trans = %i: the lower triangle, and nothing above it", (trans) => {
      for (const [at, shape] of TRIANGLES.entries()) {
        const scalars = SCALARS[at % SCALARS.length];
        onBed(context, (bed) => {
          const { got, expected } = syrk(bed, shape, trans, scalars, [[0, shape[0]]]);
          expectEntries(got, shape[0], shape[0], expected, `n, k = ${shape}, alpha, gamma = ${scalars}`);
        });
      }
    });

    test("row ranges give the same bits", () => {
      for (const [trans, alpha, gamma] of [
        [0, 1, 0],
        [1, 1, 0],
        [0, -1, 1],
        [1, 0.3, 0.7],
      ]) {
        const run = (ranges: Range[]) =>
          onBed(context, (bed) => syrk(bed, [N, SPLIT_DEPTH], trans, [alpha, gamma], ranges).got);
        expectSplitsAgree(N, run, `trans ${trans}, alpha ${alpha}, gamma ${gamma}`);
      }
    });
  });

  /** [alpha, beta, gamma, delta]. */
  const FACTORS = [
    [1, 0, 0, 0],
    [1, 1, 0, 0],
    [0.25, -2, 1, 0],
    [2, 0.5, 0.5, 3],
    [0, 1.5, 0, -1],
  ];
  const DEPTHS = [0, 1, 2, 5];

  describe("dgram", () => {
    function gram(bed: Bed, [n, k, d]: number[], [alpha, beta, gamma, delta]: number[], ranges: Range[]) {
      const g = bed.random("G", n, k, 6);
      const a = bed.random("A", n, d, 7);
      const c = gamma ? bed.random("C", n, n, 8) : bed.matrix("C", n, n);
      const [G, A] = [getter(bed, g, false), getter(bed, a, false)];
      const factor = { d, alpha, p: A, q: (t: number, j: number) => A(j, t) };
      const expected = textbook({
        k,
        a: G,
        b: (p, j) => G(j, p),
        scale: beta,
        gamma,
        delta,
        factor,
        c: getter(bed, c, false),
      });
      for (const range of ranges) {
        const work = bed.work(bed.ops.dgramScratchBytes(range[1] - range[0], range[1], k, d));
        const info = bed.call(
          () =>
            bed.ops.dgram(
              ...range,
              k,
              g.address,
              g.ld,
              d,
              alpha,
              a.address,
              a.ld,
              beta,
              gamma,
              delta,
              c.address,
              c.ld,
              work.address,
            ),
          [c, lowerIn(range)],
          [work],
        );
        expectDone(info, `dgram, rows [${range}) of ${n}, depth ${k}, factor ${d}`);
      }
      return { got: bed.read(c), expected: lower(expected) };
    }

    test.each(DEPTHS)("d = %i: the lower triangle, and nothing above it", (d) => {
      for (const [at, [n, k]] of TRIANGLES.entries()) {
        const factors = FACTORS[at % FACTORS.length];
        onBed(context, (bed) => {
          const { got, expected } = gram(bed, [n, k, d], factors, [[0, n]]);
          expectEntries(got, n, n, expected, `n, k, d = ${[n, k, d]}, alpha, beta, gamma, delta = ${factors}`);
        });
      }
    });

    test("a deep factor: d = 300", () => {
      onBed(context, (bed) => {
        const { got, expected } = gram(bed, [26, 7, 300], [0.5, 0.25, 1, 2], [[0, 26]]);
        expectEntries(got, 26, 26, expected, "n, k, d = 26, 7, 300");
      });
    });

    test("row ranges give the same bits", () => {
      for (const d of [0, 3]) {
        for (const factors of FACTORS) {
          const run = (ranges: Range[]) => onBed(context, (bed) => gram(bed, [N, SPLIT_DEPTH, d], factors, ranges).got);
          expectSplitsAgree(N, run, `d ${d}, alpha, beta, gamma, delta ${factors}`);
        }
      }
    });
  });

  describe("dgramCross", () => {
    function gramCross(bed: Bed, [n, n2, k, d]: number[], [alpha, beta, gamma, delta]: number[], ranges: Range[]) {
      const g = bed.random("G", n, k, 9);
      const h = bed.random("H", n2, k, 10);
      const a = bed.random("A", n, d, 11);
      const b = bed.random("B", n2, d, 12);
      const c = gamma ? bed.random("C", n, n2, 13) : bed.matrix("C", n, n2);
      const expected = textbook({
        k,
        a: getter(bed, g, false),
        b: getter(bed, h, true),
        scale: beta,
        gamma,
        delta,
        c: getter(bed, c, false),
        factor: { d, alpha, p: getter(bed, a, false), q: getter(bed, b, true) },
      });
      for (const range of ranges) {
        const work = bed.work(bed.ops.dgramScratchBytes(range[1] - range[0], n2, k, d));
        const info = bed.call(
          () =>
            bed.ops.dgramCross(
              ...range,
              n2,
              k,
              g.address,
              g.ld,
              h.address,
              h.ld,
              d,
              alpha,
              a.address,
              a.ld,
              b.address,
              b.ld,
              beta,
              gamma,
              delta,
              c.address,
              c.ld,
              work.address,
            ),
          [c, rowsIn(range)],
          [work],
        );
        expectDone(info, `dgramCross, rows [${range}) of ${n}×${n2}, depth ${k}, factor ${d}`);
      }
      return { got: bed.read(c), expected };
    }

    test.each(DEPTHS)("d = %i", (d) => {
      for (const [at, [n, n2, k]] of [...TILES, ...BLOCKS].entries()) {
        const factors = FACTORS[at % FACTORS.length];
        onBed(context, (bed) => {
          const { got, expected } = gramCross(bed, [n, n2, k, d], factors, [[0, n]]);
          expectEntries(got, n, n2, expected, `n, n2, k, d = ${[n, n2, k, d]}, alpha, beta, gamma, delta = ${factors}`);
        });
      }
    });

    test("a deep factor: d = 300", () => {
      onBed(context, (bed) => {
        const { got, expected } = gramCross(bed, [26, 9, 7, 300], [0.5, 0.25, 1, 2], [[0, 26]]);
        expectEntries(got, 26, 9, expected, "n, n2, k, d = 26, 9, 7, 300");
      });
    });

    test("row ranges give the same bits", () => {
      for (const d of [0, 3]) {
        for (const factors of FACTORS) {
          const run = (ranges: Range[]) =>
            onBed(context, (bed) => gramCross(bed, [N, 9, SPLIT_DEPTH, d], factors, ranges).got);
          expectSplitsAgree(N, run, `d ${d}, alpha, beta, gamma, delta ${factors}`);
        }
      }
    });
  });

  /** Rows of G that share no unit have an exact zero in G Gᵀ; a third of the rows are zero altogether. */
  const activeUnit = (i: number, p: number) => (i % 3 !== 2 && p % 2 === i % 3 ? 1 + (i % 4) : 0);

  describe("an infinite factor times an exact zero is zero", () => {
    /** Infinite in every entry, in three ways: through the inputs, through alpha, through beta alone. */
    const WAYS = [
      { way: "an input", d: 1, alpha: 1, beta: 0, input: Infinity },
      { way: "alpha", d: 2, alpha: -Infinity, beta: 1, input: 1 },
      { way: "beta", d: 2, alpha: 1, beta: Infinity, input: 1 },
    ];
    const SHAPES = [
      [1, 1],
      [7, 5],
      [26, 8],
      [26, 300],
    ];

    test.each(WAYS)("dgram: $way", ({ d, alpha, beta, input }) => {
      for (const [n, k] of SHAPES) {
        onBed(context, (bed) => {
          const g = bed.matrix("G", n, k, activeUnit);
          // Infinite on the left, 1 on the right would not be symmetric: row i is infinite, its square too.
          const a = bed.matrix("A", n, d, () => input);
          const c = bed.matrix("C", n, n);
          const work = bed.work(bed.ops.dgramScratchBytes(n, n, k, d));
          expectDone(
            bed.call(
              () =>
                bed.ops.dgram(
                  0,
                  n,
                  k,
                  g.address,
                  g.ld,
                  d,
                  alpha,
                  a.address,
                  a.ld,
                  beta,
                  0,
                  2,
                  c.address,
                  c.ld,
                  work.address,
                ),
              [c, lowerIn([0, n])],
              [work],
            ),
            "dgram",
          );
          const infinity = alpha < 0 ? -Infinity : Infinity;
          const expected = lower((i, j) => ({ value: overlap(i, j, k) ? infinity : 2, bound: 0 }));
          expectEntries(bed.read(c), n, n, expected, `n, k = ${n}, ${k}`);
        });
      }
    });

    test.each(WAYS)("dgramCross: $way", ({ d, alpha, beta, input }) => {
      for (const [n, k] of SHAPES) {
        const n2 = n + 3;
        onBed(context, (bed) => {
          const g = bed.matrix("G", n, k, activeUnit);
          const h = bed.matrix("H", n2, k, activeUnit);
          const a = bed.matrix("A", n, d, () => input);
          const b = bed.matrix("B", n2, d, () => 1);
          const c = bed.matrix("C", n, n2);
          const work = bed.work(bed.ops.dgramScratchBytes(n, n2, k, d));
          expectDone(
            bed.call(
              () =>
                bed.ops.dgramCross(
                  0,
                  n,
                  n2,
                  k,
                  g.address,
                  g.ld,
                  h.address,
                  h.ld,
                  d,
                  alpha,
                  a.address,
                  a.ld,
                  b.address,
                  b.ld,
                  beta,
                  0,
                  2,
                  c.address,
                  c.ld,
                  work.address,
                ),
              [c],
              [work],
            ),
            "dgramCross",
          );
          const infinity = alpha < 0 ? -Infinity : Infinity;
          const expected = (i: number, j: number) => ({ value: overlap(i, j, k) ? infinity : 2, bound: 0 });
          expectEntries(bed.read(c), n, n2, expected, `n, n2, k = ${n}, ${n2}, ${k}`);
        });
      }
    });

    function overlap(i: number, j: number, k: number): boolean {
      for (let p = 0; p < k; p++) if (activeUnit(i, p) * activeUnit(j, p) !== 0) return true;
      return false;
    }
  });

  /** Rows around the tiles (6×4, JS 4×4) and blocks (96, 384), depth beyond a pass (256, 1024). */
  const REPEATED = [
    { n: 1, n2: 1, k: 1, repeat: 1 },
    { n: 7, n2: 5, k: 3, repeat: 2 },
    { n: 12, n2: 9, k: 0, repeat: 3 },
    { n: 97, n2: 390, k: 5, repeat: 10 },
    { n: 20, n2: 20, k: 1030, repeat: 4 },
  ];
  const rowProduct = (G: Float64Array, H: Float64Array, k: number, i: number, j: number) => {
    let [sum, size] = [0, 0];
    for (let p = 0; p < k; p++) {
      sum += G[i * k + p] * H[j * k + p];
      size += Math.abs(G[i * k + p] * H[j * k + p]);
    }
    return { sum, size };
  };

  test.each(REPEATED)("dgramBlock %o: lower triangle, lower factor", ({ n, k, repeat }) => {
    const run = (ranges: Range[], gamma: number) =>
      onBed(context, (bed) => {
        const g = bed.random("G", n, k, 1);
        const side = Math.ceil(n / repeat);
        // Above its diagonal the factor is not there.
        const f = bed.matrix("F", side, side, (i, j) => (j <= i ? Math.sin(3 * i + j) : Number.NaN));
        const c = gamma ? bed.random("C", n, n, 3) : bed.matrix("C", n, n);
        const [G, F, C0] = [g, f, c].map((block) => bed.read(block));
        for (const [start, end] of ranges) {
          const work = bed.work(bed.ops.dgramScratchBytes(end - start, end, k, 1));
          const run = () =>
            bed.ops.dgramBlock(
              start,
              end,
              k,
              g.address,
              g.ld,
              repeat,
              f.address,
              f.ld,
              gamma,
              c.address,
              c.ld,
              work.address,
            );
          expectDone(
            bed.call(run, [c, lowerIn([start, end])], [work]),
            `dgramBlock, rows [${start}, ${end}) of ${n}, depth ${k}`,
          );
        }
        const entry = (i: number, j: number) => {
          if (j > i) return undefined;
          const { sum, size } = rowProduct(G, G, k, i, j);
          const factor = F[Math.floor(i / repeat) * side + Math.floor(j / repeat)];
          const old = gamma ? gamma * C0[i * n + j] : 0;
          return { value: factor * sum + old, bound: (k + 4) * EPS * (Math.abs(factor) * size + Math.abs(old)) };
        };
        return { C: bed.read(c), entry };
      });
    for (const gamma of [0, 1]) {
      const { C, entry } = run([[0, n]], gamma);
      expectEntries(C, n, n, entry, "C");
    }
    if (n > 40) expectSplitsAgree(n, (ranges) => run(ranges, 1).C, "dgramBlock");
  });

  test.each(REPEATED)("dgramBlockCross %o", ({ n, n2, k, repeat }) => {
    for (const gamma of [0, 1]) {
      onBed(context, (bed) => {
        const [g, h] = [bed.random("G", n, k, 1), bed.random("H", n2, k, 2)];
        const f = bed.random("F", Math.ceil(n / repeat), Math.ceil(n2 / repeat), 4);
        const c = gamma ? bed.random("C", n, n2, 3) : bed.matrix("C", n, n2);
        const [G, H, F, C0] = [g, h, f, c].map((block) => bed.read(block));
        const work = bed.work(bed.ops.dgramScratchBytes(n, n2, k, 1));
        const run = () =>
          bed.ops.dgramBlockCross(
            0,
            n,
            n2,
            k,
            g.address,
            g.ld,
            h.address,
            h.ld,
            repeat,
            f.address,
            f.ld,
            gamma,
            c.address,
            c.ld,
            work.address,
          );
        expectDone(bed.call(run, [c], [work]), `dgramBlockCross, ${n}×${n2}, depth ${k}`);
        const entry = (i: number, j: number) => {
          const { sum, size } = rowProduct(G, H, k, i, j);
          const factor = at(F, f, Math.floor(i / repeat), Math.floor(j / repeat));
          const old = gamma ? gamma * C0[i * n2 + j] : 0;
          return { value: factor * sum + old, bound: (k + 4) * EPS * (Math.abs(factor) * size + Math.abs(old)) };
        };
        expectEntries(bed.read(c), n, n2, entry, "C");
      });
    }
  });

  test.each([1025, 2100])("dgram with a factor, depth %i: one pass, the factor made once", (k) => {
    const [n, d] = [9, 3];
    onBed(context, (bed) => {
      const [g, a] = [bed.random("G", n, k, 1), bed.random("A", n, d, 2)];
      const c = bed.matrix("C", n, n);
      const work = bed.work(bed.ops.dgramScratchBytes(n, n, k, d));
      const run = () =>
        bed.ops.dgram(0, n, k, g.address, g.ld, d, 2, a.address, a.ld, 3, 0, 0.5, c.address, c.ld, work.address);
      expectDone(bed.call(run, [c, lowerIn([0, n])], [work]), `dgram, n = ${n}, depth ${k}`);
      const [G, A] = [bed.read(g), bed.read(a)];
      const entry = (i: number, j: number) => {
        if (j > i) return undefined;
        const [{ sum, size }, factor] = [rowProduct(G, G, k, i, j), rowProduct(A, A, d, i, j)];
        const value = 0.5 + (2 * factor.sum + 3) * sum;
        return { value, bound: (k + d + 6) * EPS * ((2 * factor.size + 3) * size + 0.5) };
      };
      expectEntries(bed.read(c), n, n, entry, "C");
    });
  });
});
