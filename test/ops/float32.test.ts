/**
 * The float32 ops against textbook loops in doubles on the same (rounded) numbers. Bounds are the ones of the
 * double suites with ε of float32. The JavaScript backend computes in doubles and undercuts them.
 */
import { describe, expect, test } from "vitest";
import { activate, EXAMPLE, isNearKink, NAMES, ORACLE, steepness } from "../oracle/activations.js";
import { generator } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";
import {
  type Bed,
  type Block,
  type Entry,
  EPS32,
  expectDone,
  expectEntries,
  expectSplitsAgree,
  lowerIn,
  onBed as onAnyBed,
  type Range,
  rowsIn,
} from "./harness.js";

type Getter = (i: number, j: number) => number;

/** Σ_p a(p) b(p) and the sum of the terms' sizes. */
function sum(k: number, term: (p: number) => number): { value: number; size: number } {
  let [value, size] = [0, 0];
  for (let p = 0; p < k; p++) {
    value += term(p);
    size += Math.abs(term(p));
  }
  return { value, size };
}

/** gamma C + delta + F ∘ (A B) with at most k + d + 5 roundings of ε/2 on each side, and one more of the scalars. */
function formula(
  k: number,
  a: Getter,
  b: Getter,
  f: (i: number, j: number) => { value: number; size: number },
  gamma: number,
  delta: number,
  c: Getter,
  d = 0,
): (i: number, j: number) => Entry {
  return (i, j) => {
    const product = sum(k, (p) => a(i, p) * b(p, j));
    const factor = f(i, j);
    const before = gamma === 0 ? 0 : gamma * c(i, j);
    const value = before + delta + factor.value * product.value;
    const size = Math.abs(before) + Math.abs(delta) + factor.size * product.size;
    return { value, bound: (k + d + 8) * EPS32 * size };
  };
}

const lower = (entry: (i: number, j: number) => Entry) => (i: number, j: number) => (j <= i ? entry(i, j) : undefined);

/**
 * [m, n, k] about the tiles (5 or 6 rows, 8 columns), the blocks (120 or 144 rows, 128 columns; JavaScript 96, 384), KC
 * = 256 and KB = 1024.
 */
const SHAPES = [
  ...[0, 1, 4, 5, 6, 7, 11, 13].flatMap((m) => [0, 1, 3, 7, 8, 9, 17].map((n) => [m, n, (m + n) % 6])),
  ...[79, 81, 95, 97, 119, 121, 143, 145].map((m) => [m, 5, 3]),
  ...[127, 129, 383, 385].map((n) => [7, n, 2]),
  ...[255, 256, 257, 1023, 1024, 1025].map((k) => [7, 9, k]),
  [97, 385, 257],
];
const TRIANGLES = [
  ...Array.from({ length: 19 }, (_, n) => [n, (3 * n) % 7]),
  ...[79, 81, 97, 121, 129, 145, 385].map((n) => [n, 3]),
  [7, 257],
  [101, 1025],
];
const SCALARS = [
  [1, 0],
  [-0.75, 0],
  [1, 1],
  [2, 0.5],
];
const N = 101;

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const onBed = <T>(body: (bed: Bed) => T): T => onAnyBed(context, body, 4);

  function getter(bed: Bed, block: Block, trans = 0): Getter {
    const data = bed.read(block);
    return trans ? (i, j) => data[j * block.cols + i] : (i, j) => data[i * block.cols + j];
  }

  describe("sgemm, ssyrk", () => {
    function gemm(bed: Bed, [m, n, k]: number[], transA: number, transB: number, scalars: number[], ranges: Range[]) {
      const [alpha, gamma] = scalars;
      const a = transA ? bed.random("A", k, m, 1) : bed.random("A", m, k, 1);
      const b = transB ? bed.random("B", n, k, 2) : bed.random("B", k, n, 2);
      const c = gamma ? bed.random("C", m, n, 3) : bed.matrix("C", m, n);
      const f = () => ({ value: alpha, size: Math.abs(alpha) });
      const entry = formula(k, getter(bed, a, transA), getter(bed, b, transB), f, gamma, 0, getter(bed, c));
      for (const [r0, r1] of ranges) {
        const { address: w, ...work } = bed.work(bed.ops.sgemmScratchBytes(r1 - r0, n, k));
        const [A, B, C] = [a.address, b.address, c.address];
        expectDone(
          bed.call(
            () => bed.ops.sgemm(transA, transB, r0, r1, n, k, alpha, A, a.ld, B, b.ld, gamma, C, c.ld, w),
            [c, rowsIn([r0, r1])],
            [{ address: w, ...work }],
          ),
          "sgemm",
        );
      }
      return { got: bed.read(c), entry };
    }

    test.each([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ])("sgemm: transA = %i, transB = %i", (transA, transB) => {
      for (const [at, shape] of SHAPES.entries()) {
        onBed((bed) => {
          const { got, entry } = gemm(bed, shape, transA, transB, SCALARS[at % 4], [[0, shape[0]]]);
          expectEntries(got, shape[0], shape[1], entry, `m, n, k = ${shape}`);
        });
      }
      const split = (ranges: Range[]) => onBed((bed) => gemm(bed, [N, 9, 300], transA, transB, [0.3, 0.7], ranges).got);
      expectSplitsAgree(N, split, "sgemm");
    });

    function syrk(bed: Bed, [n, k]: number[], trans: number, [alpha, gamma]: number[], ranges: Range[]) {
      const a = trans ? bed.random("A", k, n, 4) : bed.random("A", n, k, 4);
      const c = gamma ? bed.random("C", n, n, 5) : bed.matrix("C", n, n);
      const op = getter(bed, a, trans);
      const f = () => ({ value: alpha, size: Math.abs(alpha) });
      const entry = formula(k, op, (p, j) => op(j, p), f, gamma, 0, getter(bed, c));
      for (const [r0, r1] of ranges) {
        const work = bed.work(bed.ops.sgemmScratchBytes(r1 - r0, r1, k));
        expectDone(
          bed.call(
            () => bed.ops.ssyrk(trans, r0, r1, k, alpha, a.address, a.ld, gamma, c.address, c.ld, work.address),
            [c, lowerIn([r0, r1])],
            [work],
          ),
          "ssyrk",
        );
      }
      return { got: bed.read(c), entry: lower(entry) };
    }

    test.each([0, 1])("ssyrk: trans = %i", (trans) => {
      for (const [at, shape] of TRIANGLES.entries()) {
        onBed((bed) => {
          const { got, entry } = syrk(bed, shape, trans, SCALARS[at % 4], [[0, shape[0]]]);
          expectEntries(got, shape[0], shape[0], entry, `n, k = ${shape}`);
        });
      }
      const split = (ranges: Range[]) => onBed((bed) => syrk(bed, [N, 300], trans, [0.3, 0.7], ranges).got);
      expectSplitsAgree(N, split, "ssyrk");
    });
  });

  /** [alpha, beta, gamma, delta]. */
  const FACTORS = [
    [1, 0, 0, 0],
    [0.25, -2, 1, 0],
    [2, 0.5, 0.5, 3],
    [0, 1.5, 0, -1],
  ];

  function gram(bed: Bed, [n, n2, k, d]: number[], square: boolean, scalars: number[], ranges: Range[]) {
    const [alpha, beta, gamma, delta] = scalars;
    const [g, a] = [bed.random("G", n, k, 6), bed.random("A", n, d, 7)];
    const [h, b] = square ? [g, a] : [bed.random("H", n2, k, 8), bed.random("B", n2, d, 9)];
    const c = gamma ? bed.random("C", n, n2, 10) : bed.matrix("C", n, n2);
    const [G, H, A, B] = [g, h, a, b].map((block) => getter(bed, block));
    const f = (i: number, j: number) => {
      const inner = sum(d, (t) => A(i, t) * B(j, t));
      return { value: alpha * inner.value + beta, size: Math.abs(alpha) * inner.size + Math.abs(beta) };
    };
    const entry = formula(k, G, (p, j) => H(j, p), f, gamma, delta, getter(bed, c), d);
    const [gAt, hAt, aAt, bAt, cAt] = [g, h, a, b, c].map(({ address }) => address);
    for (const [r0, r1] of ranges) {
      const work = bed.work(bed.ops.sgramScratchBytes(r1 - r0, square ? r1 : n2, k, d));
      const w = work.address;
      if (square) {
        expectDone(
          bed.call(
            () => bed.ops.sgram(r0, r1, k, gAt, g.ld, d, alpha, aAt, a.ld, beta, gamma, delta, cAt, c.ld, w),
            [c, lowerIn([r0, r1])],
            [work],
          ),
          "sgram",
        );
      } else {
        const both = [gAt, g.ld, hAt, h.ld] as const;
        const factor = [d, alpha, aAt, a.ld, bAt, b.ld, beta] as const;
        expectDone(
          bed.call(
            () => bed.ops.sgramCross(r0, r1, n2, k, ...both, ...factor, gamma, delta, cAt, c.ld, w),
            [c, rowsIn([r0, r1])],
            [work],
          ),
          "sgramCross",
        );
      }
    }
    return { got: bed.read(c), entry: square ? lower(entry) : entry };
  }

  test.each([0, 1, 3])("sgram, sgramCross: d = %i", (d) => {
    for (const [at, [n, k]] of TRIANGLES.entries()) {
      onBed((bed) => {
        const { got, entry } = gram(bed, [n, n, k, d], true, FACTORS[at % 4], [[0, n]]);
        expectEntries(got, n, n, entry, `sgram n, k, d = ${[n, k, d]}`);
      });
    }
    for (const [at, [n, n2, k]] of SHAPES.entries()) {
      onBed((bed) => {
        const { got, entry } = gram(bed, [n, n2, k, d], false, FACTORS[at % 4], [[0, n]]);
        expectEntries(got, n, n2, entry, `sgramCross n, n2, k, d = ${[n, n2, k, d]}`);
      });
    }
    for (const square of [true, false]) {
      const n2 = square ? N : 9;
      const run = (ranges: Range[]) => onBed((bed) => gram(bed, [N, n2, 300, d], square, FACTORS[2], ranges).got);
      expectSplitsAgree(N, run, "sgram");
    }
  });

  test("an infinite factor times an exact zero is zero", () => {
    onBed((bed) => {
      // Rows of G that share no unit.
      const g = bed.matrix("G", 9, 4, (i, p) => (p % 2 === i % 2 ? 1 : 0));
      const a = bed.matrix("A", 9, 1, () => 2e19);
      const c = bed.matrix("C", 9, 9);
      const work = bed.work(bed.ops.sgramScratchBytes(9, 9, 4, 1));
      bed.ops.sgram(0, 9, 4, g.address, g.ld, 1, 1e9, a.address, a.ld, 0, 0, 2, c.address, c.ld, work.address);
      const entry = lower((i, j) => ({ value: (i - j) % 2 === 0 ? Infinity : 2, bound: 0 }));
      expectEntries(bed.read(c), 9, 9, entry, "saturated");
    });
  });

  function block(bed: Bed, [n, n2, k, repeat]: number[], square: boolean, gamma: number, ranges: Range[]) {
    const g = bed.random("G", n, k, 11);
    const h = square ? g : bed.random("H", n2, k, 12);
    const f = bed.random("F", Math.ceil(n / repeat), Math.ceil(n2 / repeat), 13);
    const c = gamma ? bed.random("C", n, n2, 14) : bed.matrix("C", n, n2);
    const [G, H, F] = [g, h, f].map((part) => getter(bed, part));
    const factor = (i: number, j: number) => {
      const value = F(Math.floor(i / repeat), Math.floor(j / repeat));
      return { value, size: Math.abs(value) };
    };
    const entry = formula(k, G, (p, j) => H(j, p), factor, gamma, 0, getter(bed, c));
    const [gAt, hAt, fAt, cAt] = [g, h, f, c].map(({ address }) => address);
    for (const [r0, r1] of ranges) {
      const work = bed.work(bed.ops.sgramScratchBytes(r1 - r0, square ? r1 : n2, k, 1));
      const w = work.address;
      if (square) {
        const run = () => bed.ops.sgramBlock(r0, r1, k, gAt, g.ld, repeat, fAt, f.ld, gamma, cAt, c.ld, w);
        expectDone(bed.call(run, [c, lowerIn([r0, r1])], [work]), "sgramBlock");
      } else {
        const both = [gAt, g.ld, hAt, h.ld] as const;
        const run = () => bed.ops.sgramBlockCross(r0, r1, n2, k, ...both, repeat, fAt, f.ld, gamma, cAt, c.ld, w);
        expectDone(bed.call(run, [c, rowsIn([r0, r1])], [work]), "sgramBlockCross");
      }
    }
    return { got: bed.read(c), entry: square ? lower(entry) : entry };
  }

  test.each([1, 2, 5])("sgramBlock, sgramBlockCross: blocks of %i", (repeat) => {
    for (const [n, n2, k] of [
      [1, 1, 1],
      [7, 9, 3],
      [26, 31, 300],
      [101, 17, 4],
    ]) {
      for (const [square, gamma] of [
        [true, 0],
        [true, 1],
        [false, 0],
        [false, 0.5],
      ] as const) {
        onBed((bed) => {
          const columns = square ? n : n2;
          const { got, entry } = block(bed, [n, columns, k, repeat], square, gamma, [[0, n]]);
          expectEntries(got, n, columns, entry, `n, n2, k = ${[n, columns, k]}`);
        });
      }
    }
    for (const square of [true, false]) {
      const n2 = square ? N : 9;
      const run = (ranges: Range[]) => onBed((bed) => block(bed, [N, n2, 30, repeat], square, 0.5, ranges).got);
      expectSplitsAgree(N, run, "sgramBlock");
    }
  });

  describe("spotrf, strsm, strsv", () => {
    const SIZES = [0, 1, 2, 3, 5, 15, 16, 17, 23, 24, 25, 33, 48, 49, 65, 97, 193];

    /** R Rᵀ + I, R n×8. */
    function positive(n: number): Getter {
      const next = generator(1);
      const R = Array.from({ length: n }, () => Array.from({ length: 8 }, next));
      return (i, j) => sum(8, (t) => R[i][t] * R[j][t]).value + (i === j ? 1 : 0);
    }

    function factor(bed: Bed, n: number, A: Getter, tolerance = 0) {
      const a = bed.matrix("A", n, n, (i, j) => (j <= i ? A(i, j) : NaN));
      const given = bed.read(a);
      const work = bed.work(bed.ops.spotrfScratchBytes(n));
      const run = () => bed.ops.spotrf(n, tolerance, a.address, a.ld, work.address);
      return { info: bed.call(run, [a, lowerIn([0, n])], [work]), L: bed.read(a), given };
    }

    test.each(SIZES)("spotrf: A − L Lᵀ is rounding: n = %i", (n) => {
      onBed((bed) => {
        const { info, L, given } = factor(bed, n, positive(n));
        expectDone(info, `spotrf, n = ${n}`);
        const product = new Float64Array(n * n);
        const bounds = new Float64Array(n * n);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j <= i; j++) {
            const { value, size } = sum(j + 1, (p) => L[i * n + p] * L[j * n + p]);
            product[i * n + j] = value;
            // Higham (2002), theorem 10.3, doubled.
            bounds[i * n + j] = (n + 2) * EPS32 * size;
          }
        }
        const entry = lower((i, j) => ({ value: given[i * n + j], bound: bounds[i * n + j] }));
        expectEntries(product, n, n, entry, "L Lᵀ");
      });
    });

    test("spotrf names the pivot that fails, and keeps to its tolerance", () => {
      const A = positive(100);
      for (const p of [0, 1, 23, 24, 47, 48, 49, 72, 99]) {
        const spoilt: Getter = (i, j) => (i === p && j === p ? -1 : A(i, j));
        expect(
          onBed((bed) => factor(bed, 100, spoilt).info),
          `pivot ${p} is -1`,
        ).toBe(p + 1);
      }
      // A diagonal that is 1e-3 above what the columns before it explain.
      const twin: Getter = (i, j) => (i === 60 && j === 60 ? 1.001 : i === j || (i === 60 && j === 30) ? 1 : 0);
      const infos = [0, 1e-4, 1e-2].map((tolerance) => onBed((bed) => factor(bed, 100, twin, tolerance).info));
      expect(infos, "pivot 60 passes tolerances 0 and 1e-4, not 1e-2").toEqual([0, 0, 61]);
    });

    describe.each([1, 0])("trans = %i", (trans) => {
      function triangle(bed: Bed, n: number): Block {
        const next = generator(n + 1);
        return bed.matrix("L", n, n, (i, j) => {
          const x = next();
          if (j > i) return NaN;
          return j < i ? x / Math.sqrt(n) : x < 0 ? x - 1 : x + 1;
        });
      }

      function expectSolved(rows: number, n: number, L: Float64Array, before: Float64Array, X: Float64Array): void {
        const images = new Float64Array(rows * n);
        const bounds = new Float64Array(rows * n);
        for (let at = 0; at < rows * n; at++) {
          const j = at % n;
          const x = (t: number) => X[at - j + t];
          const term = (t: number) => {
            if (trans ? t > j : t < j) return 0;
            return x(t) * (trans ? L[j * n + t] : L[t * n + j]);
          };
          const { value, size } = sum(n, term);
          images[at] = value;
          // Higham (2002), theorem 8.5, doubled.
          bounds[at] = (n + 3) * EPS32 * size;
        }
        const entry = (i: number, j: number) => ({ value: before[i * n + j], bound: bounds[i * n + j] });
        expectEntries(images, rows, n, entry, `${rows} rows, n = ${n}`);
      }

      function solve(bed: Bed, rows: number, n: number, ranges: Range[]) {
        const l = triangle(bed, n);
        const b = bed.random("B", rows, n, 5);
        const before = bed.read(b);
        for (const [r0, r1] of ranges) {
          const work = bed.work(bed.ops.strsmScratchBytes(r1 - r0, n));
          const run = () => bed.ops.strsm(trans, r0, r1, n, l.address, l.ld, b.address, b.ld, work.address);
          expectDone(bed.call(run, [b, rowsIn([r0, r1])], [work]), "strsm");
        }
        return { L: bed.read(l), before, X: bed.read(b) };
      }

      test("strsm", () => {
        for (const [rows, n] of SIZES.flatMap((size) => [0, 1, 15, 16, 17].map((count) => [count, size]))) {
          onBed((bed) => {
            const { L, before, X } = solve(bed, rows, n, [[0, rows]]);
            expectSolved(rows, n, L, before, X);
          });
        }
        for (const n of [7, 33, 97])
          expectSplitsAgree(41, (ranges) => onBed((bed) => solve(bed, 41, n, ranges).X), `n = ${n}`);
      });

      test.each(SIZES)("strsv: n = %i", (n) => {
        onBed((bed) => {
          const [l, b] = [triangle(bed, n), bed.random("b", 1, n, 6)];
          const before = bed.read(b);
          expectDone(
            bed.call(() => bed.ops.strsv(trans, n, l.address, l.ld, b.address), [b]),
            "strsv",
          );
          expectSolved(1, n, bed.read(l), before, bed.read(b));
        });
      });
    });
  });

  test("shadamard: periods, repeats, in place", () => {
    for (const m of [0, 1, 3, 4, 5, 9, 33]) {
      for (const [period, repeat] of [
        [0, 1],
        [3, 1],
        [0, 2],
        [3, 3],
      ]) {
        onBed((bed) => {
          const rows = 12;
          const a = bed.random("A", period || rows, m, 1);
          const b = bed.random("B", rows / repeat, m, 2);
          const c = bed.matrix("C", rows, m);
          const [A, B] = [getter(bed, a), getter(bed, b)];
          for (const [r0, r1] of [
            [5, 12],
            [0, 5],
          ] as Range[]) {
            const [x, y, z] = [a.address, b.address, c.address];
            const run = () => bed.ops.shadamard(r0, r1, m, 0.7, x, a.ld, period, y, b.ld, repeat, z, c.ld);
            expectDone(bed.call(run, [c, rowsIn([r0, r1])]), "shadamard");
          }
          const entry = (i: number, j: number) => {
            const value = 0.7 * A(period ? i % period : i, j) * B(Math.floor(i / repeat), j);
            return { value, bound: 2 * EPS32 * Math.abs(value) };
          };
          expectEntries(bed.read(c), rows, m, entry, `m = ${m}`);
        });
      }
    }
  });

  test.each([0, 1, 2, 31, 32, 33, 64, 97])("smirror: n = %i", (n) => {
    onBed((bed) => {
      const a = bed.matrix("A", n, n, (i, j) => (j <= i ? 1000 * i + j : NaN));
      expectDone(
        bed.call(() => bed.ops.smirror(n, a.address, a.ld), [a, (i, j) => j > i]),
        "smirror",
      );
      const entry = (i: number, j: number) => ({ value: 1000 * Math.max(i, j) + Math.min(i, j), bound: 0 });
      expectEntries(bed.read(a), n, n, entry, "mirrored");
    });
  });

  describe("sfeatures", () => {
    const FEATURES = [
      [1, 1, 1],
      [3, 2, 1],
      [5, 7, 2],
      [4, 8, 3],
      [7, 9, 4],
      [6, 5, 5],
      [70, 17, 7],
      [3, 1027, 2],
      [0, 3, 2],
      [3, 0, 2],
      [4, 5, 0],
    ];

    function features(bed: Bed, [n, m, d]: number[], name: string, has: boolean[], ranges: Range[]) {
      const code = bed.activation(name);
      const [withGain, withBias, slope] = has;
      const [x, c, bias, gain] = [
        bed.random("X", n, d, 1),
        bed.random("C", m, d, 2),
        bed.random("bias", 1, m, 3),
        bed.random("gain", 1, m, 4),
      ];
      const [s, g] = [bed.matrix("S", n, m), bed.matrix("G", n, m)];
      for (const [r0, r1] of ranges) {
        const work = bed.work(bed.ops.sfeaturesScratchBytes(r1 - r0, m, d));
        const [from, weights] = [x.address, c.address];
        const [shift, scale] = [withBias ? bias.address : 0, withGain ? gain.address : 0];
        const [to, up, w] = [s.address, slope ? g.address : 0, work.address];
        const run = () =>
          bed.ops.sfeatures(code, r0, r1, m, d, 3, from, x.ld, weights, c.ld, 0.5, shift, scale, to, s.ld, up, g.ld, w);
        const info = bed.call(run, [s, rowsIn([r0, r1])], [g, slope ? rowsIn([r0, r1]) : () => false], [work]);
        expectDone(info, `sfeatures, activation ${code}, rows [${r0}, ${r1}) of ${n}×${m}`);
      }
      const [X, C] = [getter(bed, x), getter(bed, c)];
      const [B, W] = [bed.read(bias), bed.read(gain)];
      const z = (i: number, j: number) => sum(d, (t) => 3 * X(i, t) * C(j, t)).value + (withBias ? 0.5 * B[j] : 0);
      return { s: bed.read(s), g: bed.read(g), z, weight: (j: number) => (withGain ? W[j] : 1) };
    }

    test.each(NAMES)("%s", (name) => {
      const activation = EXAMPLE[name];
      for (const shape of FEATURES) {
        for (const has of [
          [true, true, true],
          [false, true, true],
          [true, false, false],
        ]) {
          onBed((bed) => {
            const [n, m, d] = shape;
            const { s, g, z, weight } = features(bed, shape, name, has, [[0, n]]);
            // z is off by (d + 3) ε of terms that add up to at most 3 d + 1; slopes are at most 2.
            const bound = (2 * (d + 3) * (3 * d + 1) + 16) * EPS32;
            const { jump } = ORACLE[name];
            const near = (i: number, j: number) => isNearKink(name, z(i, j), bound);
            const entry = (i: number, j: number, value: number) => ({
              value,
              bound: bound * steepness(activation, z(i, j)),
            });
            const value = (i: number, j: number) =>
              jump && near(i, j) ? undefined : entry(i, j, activate(activation, z(i, j))[0]);
            expectEntries(s, n, m, value, "S");
            if (!has[2]) return;
            const slope = (i: number, j: number) =>
              near(i, j) ? undefined : entry(i, j, weight(j) * activate(activation, z(i, j))[1]);
            expectEntries(g, n, m, slope, "G");
          });
        }
      }
    });

    test("row ranges give the same bits; an unknown activation is refused", () => {
      for (const shape of [
        [101, 9, 1],
        [101, 11, 3],
        [101, 7, 6],
      ]) {
        for (const name of ["tanh", "gelu", "gaussian 0.3"]) {
          const run = (ranges: Range[]) =>
            onBed((bed) => {
              const { s, g } = features(bed, shape, name, [true, true, true], ranges);
              return Float64Array.of(...s, ...g);
            });
          expectSplitsAgree(101, run, `${shape}`);
        }
      }
      onBed((bed) => {
        const x = bed.random("X", 1, 1, 1).address;
        const work = bed.work(bed.ops.sfeaturesScratchBytes(1, 1, 1)).address;
        for (const code of [-1, 99, x])
          expect(bed.ops.sfeatures(code, 0, 1, 1, 1, 1, x, 1, x, 1, 1, 0, 0, x, 1, 0, 1, work)).toBe(-1);
      });
    });

    /** An exact value, of which 250 fractional bits are kept. */
    const number = (exact: bigint) => Number(exact >> 1250n) / 2 ** 250;
    /** Units in the last place of float32; below its normal range those of the least normal number. */
    const ulps = (got: number, exact: number) =>
      Math.abs(got - exact) / 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(exact) || 1e-300))) - 23);
    const spread = Array.from({ length: 241 }, (_, i) => Math.fround(Math.exp(i / 20 - 7.3)));
    const special = [
      0, 1e-38, 1e-20, 1e-8, 1e-4, 0.34657359, 0.5, 0.99999994, 1, 1.0000001, 2, 3.9, 4, 8.7, 9, 9.1, 10,
    ];
    const far = [12, 17, 43, 44, 52, 87, 88, 100, 103, 104, 105, 106, 200];
    const points = [...spread, ...special, ...far].flatMap((z) => [Math.fround(z), Math.fround(-z)]);
    test.each(NAMES)("%s to the last places of float32", (name) => {
      const {
        exact,
        top = Infinity,
        float32Ulps: [value, slope],
      } = ORACLE[name];
      onBed((bed) => {
        const m = points.length;
        const x = bed.matrix("X", 1, 1, () => 1);
        const c = bed.matrix("C", m, 1, (j) => points[j], 1);
        const [s, g] = [bed.matrix("S", 1, m), bed.matrix("G", 1, m)];
        const work = bed.work(bed.ops.sfeaturesScratchBytes(1, m, 1)).address;
        const code = bed.activation(name);
        const [S, G] = [s.address, g.address];
        bed.ops.sfeatures(code, 0, 1, m, 1, 1, x.address, 1, c.address, 1, 0, 0, 0, S, m, G, m, work);
        const [values, slopes] = [bed.read(s), bed.read(g)];
        let [worst, worstSlope] = [0, 0];
        points.forEach((z, j) => {
          // Where σ overflows: e^z has eight times the range in float64.
          if (z > top / 8) return;
          const [exactValue, exactSlope] = exact(z);
          worst = Math.max(worst, ulps(values[j], number(exactValue)));
          worstSlope = Math.max(worstSlope, ulps(slopes[j], number(exactSlope)));
        });
        expect(worst, "σ, in ulp").toBeLessThanOrEqual(value);
        expect(worstSlope, "σ', in ulp").toBeLessThanOrEqual(slope);
      });
    });
  });
});
