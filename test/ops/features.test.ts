/** daffine, dfeatures, dvjp. */
import { describe, expect, test } from "vitest";
import { ActivationCode } from "../../src/ops.js";
import { activate, EXAMPLE, isNearKink, NAMES, ORACLE, steepness } from "../oracle/activations.js";
import { loadContext, variants } from "../setup/variants.js";
import {
  type Bed,
  EPS,
  expectDone,
  expectEntries,
  expectSplitsAgree,
  LAYERS,
  onBed,
  type Range,
  rowsIn,
} from "./harness.js";

/** Inputs of an affine map; `bias` 0 where there is none. */
function affineInputs(bed: Bed, [n, m, d]: number[], withBias: boolean) {
  const x = bed.random("X", n, d, 1);
  const c = bed.random("C", m, d, 2);
  const bias = withBias ? bed.random("bias", 1, m, 3) : undefined;
  return { x, c, bias, X: bed.read(x), C: bed.read(c), B: bias && bed.read(bias) };
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  function affine(bed: Bed, shape: number[], [alpha, beta]: number[], withBias: boolean, ranges: Range[]) {
    const [n, m, d] = shape;
    const { x, c, bias, X, C, B } = affineInputs(bed, shape, withBias);
    const z = bed.matrix("Z", n, m);
    for (const [start, end] of ranges) {
      const work = bed.work(bed.ops.dfeaturesScratchBytes(end - start, m, d));
      const info = bed.call(
        () =>
          bed.ops.daffine(
            start,
            end,
            m,
            d,
            alpha,
            x.address,
            x.ld,
            c.address,
            c.ld,
            beta,
            bias?.address ?? 0,
            z.address,
            z.ld,
            work.address,
          ),
        [z, rowsIn([start, end])],
        [work],
      );
      expectDone(info, `daffine, rows [${start}, ${end}) of ${n}×${m}`);
    }
    return { Z: bed.read(z), X, C, B };
  }

  test.each(LAYERS)("daffine %i×%i, %i inputs", (n, m, d) => {
    for (const withBias of [true, false]) {
      onBed(context, (bed) => {
        const [alpha, beta] = [0.7, -1.3];
        const { Z, X, C, B } = affine(bed, [n, m, d], [alpha, beta], withBias, [[0, n]]);
        expectEntries(
          Z,
          n,
          m,
          (i, j) => {
            let [sum, size] = [0, 0];
            for (let t = 0; t < d; t++) {
              sum += X[i * d + t] * C[j * d + t];
              size += Math.abs(X[i * d + t] * C[j * d + t]);
            }
            const shift = B ? beta * B[j] : 0;
            return { value: alpha * sum + shift, bound: (d + 3) * EPS * (alpha * size + Math.abs(shift)) };
          },
          "Z",
        );
      });
    }
  });

  test.each([
    [40, 9, 1],
    [40, 11, 3],
    [40, 7, 6],
  ])("row ranges do not change bits: %i×%i, %i inputs", (n, m, d) => {
    expectSplitsAgree(
      n,
      (ranges) => onBed(context, (bed) => affine(bed, [n, m, d], [1, 1], true, ranges).Z),
      "daffine",
    );
    expectSplitsAgree(
      n,
      (ranges) =>
        onBed(context, (bed) => {
          const { s, g } = features(
            bed,
            [n, m, d],
            ActivationCode.tanh,
            { gain: true, bias: true, slope: true },
            ranges,
          );
          return Float64Array.of(...s, ...g);
        }),
      "dfeatures",
    );
  });

  function features(
    bed: Bed,
    shape: number[],
    code: number,
    has: { gain: boolean; bias: boolean; slope: boolean },
    ranges: Range[],
  ) {
    const [n, m, d] = shape;
    const { x, c, bias, X, C, B } = affineInputs(bed, shape, has.bias);
    const gain = has.gain ? bed.random("gain", 1, m, 4) : undefined;
    const gains = gain && bed.read(gain);
    const s = bed.matrix("S", n, m);
    const g = bed.matrix("G", n, m);
    for (const [start, end] of ranges) {
      const work = bed.work(bed.ops.dfeaturesScratchBytes(end - start, m, d));
      const info = bed.call(
        () =>
          bed.ops.dfeatures(
            code,
            start,
            end,
            m,
            d,
            3,
            x.address,
            x.ld,
            c.address,
            c.ld,
            0.5,
            bias?.address ?? 0,
            gain?.address ?? 0,
            s.address,
            s.ld,
            has.slope ? g.address : 0,
            g.ld,
            work.address,
          ),
        [s, rowsIn([start, end])],
        [g, has.slope ? rowsIn([start, end]) : () => false],
        [work],
      );
      expectDone(info, `dfeatures, activation ${code}, rows [${start}, ${end}) of ${n}×${m}`);
    }
    return { s: bed.read(s), g: bed.read(g), X, C, B, gains };
  }

  test.each(LAYERS.flatMap((shape) => NAMES.map((name) => ({ shape, name }))))(
    "dfeatures $shape $name",
    ({ shape, name }) => {
      const activation = EXAMPLE[name];
      const { jump } = ORACLE[name];
      const [n, m, d] = shape;
      for (const has of [
        { gain: true, bias: true, slope: true },
        { gain: false, bias: true, slope: true },
        { gain: true, bias: false, slope: false },
      ]) {
        onBed(context, (bed) => {
          const { s, g, X, C, B, gains } = features(bed, shape, bed.activation(name), has, [[0, n]]);
          const z = (i: number, j: number) => {
            let sum = B ? 0.5 * B[j] : 0;
            for (let t = 0; t < d; t++) sum += 3 * X[i * d + t] * C[j * d + t];
            return sum;
          };
          // z itself is off by (d + 3) ε of terms below 4; σ and σ' have slopes of at most 1 (2 for tanh, erf).
          const bound = (4 * (d + 3) * 2 + 8) * EPS * 4;
          const size = (j: number) => (gains ? gains[j] : 1);
          const near = (i: number, j: number) => isNearKink(name, z(i, j), bound);
          const entry = (i: number, j: number, value: number) => ({
            value,
            bound: bound * steepness(activation, z(i, j)),
          });
          const value = (i: number, j: number) =>
            jump && near(i, j) ? undefined : entry(i, j, activate(activation, z(i, j))[0]);
          expectEntries(s, n, m, value, "S");
          if (!has.slope) return;
          const slope = (i: number, j: number) =>
            near(i, j) ? undefined : entry(i, j, size(j) * activate(activation, z(i, j))[1]);
          expectEntries(g, n, m, slope, "G");
        });
      }
    },
  );

  test("an unknown activation is refused", () => {
    onBed(context, (bed) => {
      const work = bed.work(bed.ops.dfeaturesScratchBytes(1, 1, 1));
      const x = bed.random("X", 1, 1, 1);
      for (const code of [-1, ActivationCode.leakyRelu, 99, x.address]) {
        expect(
          bed.ops.dfeatures(code, 0, 1, 1, 1, 1, x.address, 1, x.address, 1, 1, 0, 0, x.address, 1, 0, 1, work.address),
        ).toBe(-1);
      }
    });
  });
});
