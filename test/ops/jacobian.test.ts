/** dkhatrirao, dvjp. */
import { describe, expect, test } from "vitest";
import { loadContext, variants } from "../setup/variants.js";
import {
  type Bed,
  type Block,
  EPS,
  expectDone,
  expectEntries,
  expectSplitsAgree,
  LAYERS,
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
          const at = withX ? x.address : 0;
          const run = () =>
            bed.ops.dkhatrirao(start, end, m, d, 1.5, g.address, g.ld, at, x.ld, repeat, J.address, J.ld);
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

  function vjp(bed: Bed, [n, m, d]: number[], withBias: boolean, ranges: Range[]) {
    const [v, x, s, g] = [
      bed.random("v", 1, n, 4),
      bed.random("X", n, d, 1),
      bed.random("S", n, m, 2),
      bed.random("G", n, m, 3),
    ];
    // Outputs are accumulated into.
    const [ub, uc, ud] = [
      bed.random("ub", 1, m, 5),
      bed.matrix("uc", 1, m * d, (_, j) => j / 7),
      bed.random("ud", 1, m, 6),
    ];
    const before = [ub, uc, ud].map((block) => bed.read(block));
    for (const [start, end] of ranges) {
      const info = bed.call(
        () =>
          bed.ops.dvjp(
            start,
            end,
            n,
            d,
            2,
            3,
            5,
            v.address,
            x.address,
            x.ld,
            s.address,
            s.ld,
            g.address,
            g.ld,
            ub.address,
            uc.address,
            withBias ? ud.address : 0,
          ),
        [ub, (_, j) => j >= start && j < end],
        [uc, (_, j) => j >= start * d && j < end * d],
        [ud, (_, j) => withBias && j >= start && j < end],
      );
      expectDone(info, `dvjp, units [${start}, ${end}) of ${m}`);
    }
    const read = (block: Parameters<typeof bed.read>[0]) => bed.read(block);
    return { out: [read(ub), read(uc), read(ud)], before, V: read(v), X: read(x), S: read(s), G: read(g) };
  }

  test.each([...LAYERS, [4, 3, 1], [8, 2, 1], [9, 3, 1]])("dvjp %i×%i, %i inputs", (n, m, d) => {
    for (const withBias of [true, false]) {
      onBed(context, (bed) => {
        const { out, before, V, X, S, G } = vjp(bed, [n, m, d], withBias, [[0, m]]);
        const sum = (start: number, term: (i: number) => number) => {
          let [value, size] = [start, Math.abs(start)];
          for (let i = 0; i < n; i++) {
            value += term(i);
            size += Math.abs(term(i));
          }
          return { value, bound: (n + 4) * EPS * size };
        };
        expectEntries(out[0], 1, m, (_, j) => sum(before[0][j], (i) => 2 * V[i] * S[i * m + j]), "ub");
        expectEntries(
          out[1],
          1,
          m * d,
          (_, j) => sum(before[1][j], (i) => 3 * V[i] * G[i * m + Math.floor(j / d)] * X[i * d + (j % d)]),
          "uc",
        );
        expectEntries(out[2], 1, m, (_, j) => sum(before[2][j], (i) => (withBias ? 5 * V[i] * G[i * m + j] : 0)), "ud");
      });
    }
  });

  test.each([1, 3])("dvjp: unit ranges do not change bits, %i inputs", (d) => {
    expectSplitsAgree(
      41,
      (ranges) =>
        onBed(context, (bed) => {
          const { out } = vjp(bed, [9, 41, d], true, ranges);
          return Float64Array.of(...out[0], ...out[1], ...out[2]);
        }),
      "dvjp",
    );
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
