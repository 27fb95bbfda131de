/**
 * What deep networks add: dkhatrirao, dhadamard, ddescend, dgramBlock, dgramBlockCross, and Gram products deeper than a
 * pass.
 */
import { describe, expect, test } from "vitest";
import { loadContext, variants } from "../setup/variants.js";
import {
  type Block,
  EPS,
  expectDone,
  expectEntries,
  expectSplitsAgree,
  lowerIn,
  onBed,
  type Range,
  rowsIn,
} from "./harness.js";

const at = (data: Float64Array, { cols }: Block, i: number, j: number) => data[i * cols + j];

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  test.each([
    [1, 1, 1, 1],
    [6, 3, 1, 2],
    [5, 4, 2, 1],
    [12, 7, 5, 3],
    [3, 1025, 2, 1],
    [0, 3, 2, 1],
    [4, 0, 2, 1],
    [4, 3, 0, 2],
  ])("dkhatrirao %i×%i, %i inputs, repeat %i", (n, m, d, repeat) => {
    const run = (ranges: Range[], withX: boolean) =>
      onBed(context, (bed) => {
        const g = bed.random("G", n, m, 1);
        const x = bed.random("X", Math.ceil(n / repeat), d, 2);
        const J = bed.matrix("J", n, m * d);
        for (const [start, end] of ranges) {
          const source = withX ? x.address : 0;
          const run = () =>
            bed.ops.dkhatrirao(start, end, m, d, 1.5, g.address, g.ld, source, x.ld, repeat, J.address, J.ld);
          expectDone(bed.call(run, [J, rowsIn([start, end])]), `dkhatrirao, rows [${start}, ${end}) of ${n}`);
        }
        const [G, X] = [bed.read(g), bed.read(x)];
        const value = (i: number, p: number) =>
          1.5 * at(G, g, i, Math.floor(p / d)) * (withX ? at(X, x, Math.floor(i / repeat), p % d) : 1);
        return { J: bed.read(J), value };
      });
    for (const withX of d === 1 ? [true, false] : [true]) {
      const { J, value } = run([[0, n]], withX);
      // Two products, ε/2 each.
      const entry = (i: number, p: number) => ({ value: value(i, p), bound: EPS * Math.abs(value(i, p)) });
      expectEntries(J, n, m * d, entry, "J");
      if (n > 5)
        expect(
          run(
            [
              [3, n],
              [0, 3],
            ],
            withX,
          ).J,
        ).toEqual(J);
    }
  });

  test.each([
    { n: 1, m: 1, period: 0, repeat: 1 },
    { n: 7, m: 5, period: 3, repeat: 2 },
    { n: 8, m: 2, period: 1, repeat: 4 },
    { n: 6, m: 1026, period: 0, repeat: 3 },
    { n: 0, m: 3, period: 0, repeat: 1 },
    { n: 3, m: 0, period: 2, repeat: 1 },
  ])("dhadamard %o", ({ n, m, period, repeat }) => {
    const run = (ranges: Range[], inPlace: boolean) =>
      onBed(context, (bed) => {
        const a = bed.random("A", period || n, m, 1);
        const b = bed.random("B", Math.ceil(n / repeat), m, 2);
        const [A, B] = [bed.read(a), bed.read(b)];
        const c = inPlace ? a : bed.matrix("C", n, m);
        for (const [start, end] of ranges) {
          const run = () =>
            bed.ops.dhadamard(start, end, m, -2.5, a.address, a.ld, period, b.address, b.ld, repeat, c.address, c.ld);
          expectDone(bed.call(run, [c, rowsIn([start, end])]), `dhadamard, rows [${start}, ${end}) of ${n}`);
        }
        const value = (i: number, j: number) =>
          -2.5 * at(A, a, period ? i % period : i, j) * at(B, b, Math.floor(i / repeat), j);
        return { C: bed.read(c), value };
      });
    for (const inPlace of period === 0 ? [false, true] : [false]) {
      const { C, value } = run([[0, n]], inPlace);
      expectEntries(C, n, m, (i, j) => ({ value: value(i, j), bound: EPS * Math.abs(value(i, j)) }), "C");
      if (n > 5)
        expect(
          run(
            [
              [4, n],
              [0, 4],
            ],
            inPlace,
          ).C,
        ).toEqual(C);
    }
  });

  test.each([
    { P: 1, momentum: 0, nesterov: 0, decay: 0 },
    { P: 9, momentum: 0, nesterov: 0, decay: 0.3 },
    { P: 8, momentum: 0.9, nesterov: 0, decay: 0 },
    { P: 7, momentum: 0.9, nesterov: 1, decay: 0.2 },
    { P: 0, momentum: 0, nesterov: 0, decay: 0 },
  ])("ddescend %o", ({ P, momentum, nesterov, decay }) => {
    onBed(context, (bed) => {
      const [gradient, theta, theta0] = [1, 2, 3].map((seed) => bed.random("vector", 1, P, seed));
      // Without momentum the velocity is neither read nor written.
      const velocity = momentum ? bed.random("velocity", 1, P, 4) : bed.matrix("velocity", 1, P);
      const [g, x, x0, v] = [gradient, theta, theta0, velocity].map((block) => bed.read(block));
      const run = () =>
        bed.ops.ddescend(
          P,
          0.1,
          momentum,
          nesterov,
          decay,
          gradient.address,
          theta.address,
          theta0.address,
          velocity.address,
        );
      expectDone(momentum ? bed.call(run, [theta], [velocity]) : bed.call(run, [theta]), `ddescend, P = ${P}`);
      const slope = (p: number) => g[p] + decay * (x[p] - x0[p]);
      const fresh = (p: number) => (momentum ? momentum * v[p] : 0) + slope(p);
      const step = (p: number) => (nesterov ? slope(p) + momentum * fresh(p) : fresh(p));
      // A handful of roundings of numbers below 4.
      expectEntries(bed.read(theta), 1, P, (_, p) => ({ value: x[p] - 0.1 * step(p), bound: 8 * EPS }), "theta");
      if (momentum) expectEntries(bed.read(velocity), 1, P, (_, p) => ({ value: fresh(p), bound: 16 * EPS }), "v");
    });
  });

  /** Rows around the tiles (6×4, JS 4×4) and blocks (96, 384), depth beyond a pass (256, 1024). */
  const BLOCKS = [
    { n: 1, n2: 1, k: 1, repeat: 1 },
    { n: 7, n2: 5, k: 3, repeat: 2 },
    { n: 12, n2: 9, k: 0, repeat: 3 },
    { n: 97, n2: 390, k: 5, repeat: 10 },
    { n: 20, n2: 20, k: 1030, repeat: 4 },
  ];
  const product = (G: Float64Array, H: Float64Array, k: number, i: number, j: number) => {
    let [sum, size] = [0, 0];
    for (let p = 0; p < k; p++) {
      sum += G[i * k + p] * H[j * k + p];
      size += Math.abs(G[i * k + p] * H[j * k + p]);
    }
    return { sum, size };
  };

  test.each(BLOCKS)("dgramBlock %o: lower triangle, lower factor", ({ n, k, repeat }) => {
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
          const { sum, size } = product(G, G, k, i, j);
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

  test.each(BLOCKS)("dgramBlockCross %o", ({ n, n2, k, repeat }) => {
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
          const { sum, size } = product(G, H, k, i, j);
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
        const [{ sum, size }, factor] = [product(G, G, k, i, j), product(A, A, d, i, j)];
        const value = 0.5 + (2 * factor.sum + 3) * sum;
        return { value, bound: (k + d + 6) * EPS * ((2 * factor.size + 3) * size + 0.5) };
      };
      expectEntries(bed.read(c), n, n, entry, "C");
    });
  });

  test("dvjp without ub: column sums alone", () => {
    const [n, m] = [11, 7];
    onBed(context, (bed) => {
      const [v, g] = [bed.random("v", 1, n, 1), bed.random("G", n, m, 2)];
      const ud = bed.random("ud", 1, m, 3);
      const before = bed.read(ud);
      const run = () =>
        bed.ops.dvjp(0, m, n, 0, 1, 1, 2, v.address, 0, 0, g.address, g.ld, g.address, g.ld, 0, 0, ud.address);
      expectDone(bed.call(run, [ud]), "dvjp without ub");
      const [V, G] = [bed.read(v), bed.read(g)];
      const entry = (_: number, j: number) => {
        let value = before[j];
        for (let i = 0; i < n; i++) value += 2 * V[i] * G[i * m + j];
        return { value, bound: (n + 2) * 3 * EPS };
      };
      expectEntries(bed.read(ud), 1, m, entry, "ud");
    });
  });
});
