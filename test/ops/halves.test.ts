/** The two halves of a layer, daffine and dactivate, saffine and sactivate: together they are the whole, to the bit. */
import { describe, expect, test } from "vitest";
import { ActivationCode } from "../../src/ops.js";
import { NAMES, ORACLE } from "../oracle/activations.js";
import { loadContext, variants } from "../setup/variants.js";
import { type Bed, expectDone, expectSplitsAgree, onBed, type Range, rowsIn } from "./harness.js";

const SHAPES = [
  [1, 1, 1],
  [3, 2, 1],
  [5, 7, 2],
  [7, 9, 4],
  [6, 5, 5],
  [70, 17, 7],
  [3, 1027, 2],
  [0, 3, 2],
  [4, 5, 0],
];

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** S and G of a layer by its two halves, and by the one op. */
  function layer(bed: Bed, bytes: 8 | 4, [n, m, d]: number[], code: number, has: boolean[], ranges: Range[]) {
    const [withGain, withBias, withSlope] = has;
    const { ops } = bed;
    const [x, c] = [bed.random("X", n, d, 1), bed.random("C", m, d, 2)];
    const bias = withBias ? bed.random("bias", 1, m, 3).address : 0;
    const gain = withGain ? bed.random("gain", 1, m, 4).address : 0;
    const [s, g] = [bed.matrix("S", n, m), bed.matrix("G", n, m)];
    const [whole, slopes] = [bed.matrix("whole S", n, m), bed.matrix("whole G", n, m)];
    const scratch = bytes === 8 ? ops.dfeaturesScratchBytes : ops.sfeaturesScratchBytes;
    const up = withSlope ? g.address : 0;
    for (const [r0, r1] of ranges) {
      const rows = rowsIn([r0, r1]);
      const work = bed.work(scratch(r1 - r0, m, d));
      const w = work.address;
      const Z = [r0, r1, m, d, 3, x.address, x.ld, c.address, c.ld, 0.5, bias, s.address, s.ld, w] as const;
      const affine = () => (bytes === 8 ? bed.ops.daffine(...Z) : bed.ops.saffine(...Z));
      expectDone(bed.call(affine, [s, rows], [work]), "affine");
      const bare = bed.work(scratch(r1 - r0, m, 0));
      const S = [code, r0, r1, m, gain, s.address, s.ld, up, g.ld, bare.address] as const;
      const activate = () => (bytes === 8 ? bed.ops.dactivate(...S) : bed.ops.sactivate(...S));
      expectDone(bed.call(activate, [s, rows], [g, withSlope ? rows : () => false], [bare]), "activate");
    }
    const work = bed.work(scratch(n, m, d)).address;
    const up2 = withSlope ? slopes.address : 0;
    const all = [code, 0, n, m, d, 3, x.address, x.ld, c.address, c.ld, 0.5, bias, gain] as const;
    const features = bytes === 8 ? ops.dfeatures : ops.sfeatures;
    expectDone(features(...all, whole.address, whole.ld, up2, slopes.ld, work), "features");
    return { halves: [bed.read(s), bed.read(g)], whole: [bed.read(whole), bed.read(slopes)] };
  }

  describe.each([8, 4] as const)("%i bytes", (bytes) => {
    test.each(NAMES)("%s", (name) => {
      for (const shape of SHAPES) {
        for (const has of [
          [true, true, true],
          [false, true, true],
          [true, false, false],
        ]) {
          onBed(
            context,
            (bed) => {
              const { halves, whole } = layer(bed, bytes, shape, bed.activation(name), has, [[0, shape[0]]]);
              // The JavaScript backend rounds Z to float32 between the halves: it stands in memory.
              if (bytes === 4 && variant === "js") {
                // What grows fast, at the scale of the largest.
                const { steep } = ORACLE[name];
                const top = steep ? whole[0].reduce((most, x) => Math.max(most, Math.abs(x)), 1) : 1;
                const far = (a: Float64Array, b: Float64Array) => a.some((v, i) => Math.abs(v - b[i]) > top * 2 ** -18);
                expect(far(halves[0], whole[0])).toBe(false);
              } else expect(halves).toEqual(whole);
            },
            bytes,
          );
        }
      }
    });

    test("row ranges give the same bits; an unknown activation is refused", () => {
      const run = (ranges: Range[]) =>
        onBed(
          context,
          (bed) => {
            const [s, g] = layer(bed, bytes, [40, 11, 3], ActivationCode.tanh, [true, true, true], ranges).halves;
            return Float64Array.of(...s, ...g);
          },
          bytes,
        );
      expectSplitsAgree(40, run, "halves");
      onBed(
        context,
        (bed) => {
          const { ops } = bed;
          const x = bed.random("X", 1, 1, 1).address;
          const scratch = bytes === 8 ? ops.dfeaturesScratchBytes : ops.sfeaturesScratchBytes;
          const work = bed.work(scratch(1, 1, 0)).address;
          const activate = bytes === 8 ? ops.dactivate : ops.sactivate;
          for (const code of [-1, ActivationCode.leakyRelu, 99])
            expect(activate(code, 0, 1, 1, 0, x, 1, 0, 1, work)).toBe(-1);
        },
        bytes,
      );
    });
  });
});
