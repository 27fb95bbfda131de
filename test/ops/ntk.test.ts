/** dntk, dntkCross and their float32 twins against textbook loops over textbook features. */
import { describe, expect, test } from "vitest";
import { ActivationCode, type Ops } from "../../src/ops.js";
import { activate, EXAMPLE, hasKink, NAMES, ORACLE } from "../oracle/activations.js";
import { loadContext, variants } from "../setup/variants.js";
import {
  type Bed,
  type Bytes,
  EPS,
  EPS32,
  expectDone,
  expectEntries,
  expectSplitsAgree,
  lowerIn,
  onBed,
  type Range,
  rowsIn,
} from "./harness.js";

/**
 * [n, n2, m, d]: tiles of 5 or 6 rows and 4 or 8 columns, groups of 20 to 48, KC = 256 and KB = 1024 units, the product
 * of inputs from d = 5.
 */
const SHAPES = [
  [1, 1, 1, 1],
  [5, 4, 3, 1],
  [6, 9, 2, 2],
  [21, 25, 7, 1],
  [49, 41, 5, 3],
  [13, 121, 4, 1],
  [121, 13, 4, 6],
  [7, 5, 256, 1],
  [7, 5, 257, 6],
  [3, 6, 1025, 1],
  [3, 6, 1300, 5],
  [0, 4, 3, 1],
  [4, 5, 3, 0],
];

interface Case {
  shape: number[];
  code: number;
  /** With biases and gain. */
  biased: boolean;
  cross: boolean;
  /** zAlpha, zBeta, sigma, alpha, beta, gamma, delta. */
  scalars: number[];
}

const SCALARS = [
  [0.7, 0.5, 1, 1, 1, 0, 1],
  [1, 1, 0.5, 0, 2, 0, 0],
  [1, 1, 2, 0.3, 0, 1, -0.5],
];

/** The ops of one precision. */
function opsOf(
  { ops }: Bed,
  bytes: Bytes,
): { square: Ops["dntk"]; rectangle: Ops["dntkCross"]; scratchBytes: Ops["dntkScratchBytes"] } {
  if (bytes === 8) {
    return {
      square: (...values) => ops.dntk(...values),
      rectangle: (...values) => ops.dntkCross(...values),
      scratchBytes: (...values) => ops.dntkScratchBytes(...values),
    };
  }
  return {
    square: (...values) => ops.sntk(...values),
    rectangle: (...values) => ops.sntkCross(...values),
    scratchBytes: (...values) => ops.sntkScratchBytes(...values),
  };
}

function run(bed: Bed, bytes: Bytes, { shape, code, biased, cross, scalars }: Case, ranges: Range[]) {
  const [n, n2, m, d] = shape;
  const [zAlpha, zBeta, sigma, alpha, beta, gamma, delta] = scalars;
  const [x, y, w] = [bed.random("X", n, d, 1), bed.random("Y", n2, d, 2), bed.random("W", m, d, 3)];
  const bias = biased ? bed.random("bias", 1, m, 4) : undefined;
  const gain = biased ? bed.random("gain", 1, m, 5) : undefined;
  const cols = cross ? n2 : n;
  const c = gamma ? bed.random("C", n, cols, 6) : bed.matrix("C", n, cols);
  const before = bed.read(c);
  const { square, rectangle, scratchBytes } = opsOf(bed, bytes);
  for (const [r0, r1] of ranges) {
    const work = bed.work(scratchBytes(r1 - r0, cross ? n2 : r1, m, d));
    const [b, g] = [bias?.address ?? 0, gain?.address ?? 0];
    const call = cross
      ? () =>
          rectangle(
            code,
            r0,
            r1,
            n2,
            m,
            d,
            zAlpha,
            x.address,
            x.ld,
            y.address,
            y.ld,
            w.address,
            w.ld,
            zBeta,
            b,
            g,
            sigma,
            alpha,
            beta,
            gamma,
            delta,
            c.address,
            c.ld,
            work.address,
          )
      : () =>
          square(
            code,
            r0,
            r1,
            m,
            d,
            zAlpha,
            x.address,
            x.ld,
            w.address,
            w.ld,
            zBeta,
            b,
            g,
            sigma,
            alpha,
            beta,
            gamma,
            delta,
            c.address,
            c.ld,
            work.address,
          );
    expectDone(
      bed.call(call, [c, cross ? rowsIn([r0, r1]) : lowerIn([r0, r1])], [work]),
      `${bytes === 8 ? "d" : "s"}ntk${cross ? "Cross" : ""}, activation ${code}, rows [${r0}, ${r1}), shape ${shape}`,
    );
  }
  const read = (block: typeof x | undefined) => block && bed.read(block);
  return {
    got: bed.read(c),
    before,
    X: bed.read(x),
    Y: bed.read(cross ? y : x),
    W: bed.read(w),
    B: read(bias),
    gains: read(gain),
  };
}

/**
 * Entry (i, j) from the definitions, with the bound of m + d + 8 roundings and features off by a few ε of terms below
 * 4.
 */
function textbook(
  name: string,
  { shape, scalars, cross }: Omit<Case, "code">,
  result: ReturnType<typeof run>,
  eps: number,
) {
  const [n, n2, m, d] = shape;
  const [zAlpha, zBeta, sigma, alpha, beta, gamma, delta] = scalars;
  const { before, X, Y, W, B, gains } = result;
  const cols = cross ? n2 : n;
  const features = (A: Float64Array, i: number) =>
    Array.from({ length: m }, (_, j) => {
      let z = B ? zBeta * B[j] : 0;
      for (let t = 0; t < d; t++) z += zAlpha * A[i * d + t] * W[j * d + t];
      return activate(EXAMPLE[name], z);
    });
  const [F, H] = [X, Y].map((A, q) => Array.from({ length: q ? cols : n }, (_, i) => features(A, i)));
  return (i: number, j: number) => {
    if (!cross && j > i) return undefined;
    let [dot, dotSize] = [beta, Math.abs(beta)];
    for (let t = 0; t < d; t++) {
      dot += alpha * X[i * d + t] * Y[j * d + t];
      dotSize += Math.abs(alpha * X[i * d + t] * Y[j * d + t]);
    }
    let [s, g, size, sizeG] = [0, 0, 0, 0];
    for (let u = 0; u < m; u++) {
      const w = gains ? gains[u] ** 2 : 1;
      s += F[i][u][0] * H[j][u][0];
      g += w * F[i][u][1] * H[j][u][1];
      size += 1 + Math.abs(F[i][u][0] * H[j][u][0]);
      sizeG += w * (1 + Math.abs(F[i][u][1] * H[j][u][1]));
    }
    const was = gamma ? gamma * before[i * cols + j] : 0;
    const value = was + delta + sigma * s + dot * g;
    const bound = (m + 9 * d + 40) * eps * (Math.abs(was) + Math.abs(delta) + sigma * size + dotSize * sizeG);
    return { value, bound };
  };
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  describe.each([
    ["d", 8, EPS],
    ["s", 4, EPS32],
  ] as const)("%sntk", (_, bytes, eps) => {
    // Slopes that jump, and what grows fast, are left to the API's tests.
    const names = NAMES.filter((name) => !hasKink(name) && !ORACLE[name].steep);
    test.each(SHAPES)("%i×%i, %i units, %i inputs", (...shape) => {
      for (const cross of [false, true]) {
        for (const [at, scalars] of SCALARS.entries()) {
          const name = names[(at + shape[0]) % names.length];
          const item: Omit<Case, "code"> = { shape, biased: at !== 1, cross, scalars };
          onBed(
            context,
            (bed) => {
              const result = run(bed, bytes, { ...item, code: bed.activation(name) }, [[0, shape[0]]]);
              const cols = cross ? shape[1] : shape[0];
              expectEntries(
                result.got,
                shape[0],
                cols,
                textbook(name, item, result, eps),
                `${name}, cross ${cross}, scalars ${at}`,
              );
            },
            bytes,
          );
        }
      }
    });

    test.each([1, 6])("row ranges do not change bits: %i inputs", (d) => {
      for (const cross of [false, true]) {
        const item: Case = {
          shape: [61, 30, 270, d],
          code: ActivationCode.tanh,
          biased: true,
          cross,
          scalars: SCALARS[0],
        };
        // Above the diagonal nothing is written: guards, the same in every run.
        expectSplitsAgree(
          61,
          (ranges) => onBed(context, (bed) => run(bed, bytes, item, ranges).got, bytes),
          `cross ${cross}`,
        );
      }
    });

    test("an unknown activation is refused, nothing is written", () => {
      onBed(
        context,
        (bed) => {
          const [x, w, c] = [bed.random("X", 3, 1, 1), bed.random("W", 2, 1, 2), bed.matrix("C", 3, 3)];
          const { square, scratchBytes } = opsOf(bed, bytes);
          const work = bed.work(scratchBytes(3, 3, 2, 1));
          const call = () =>
            square(
              99,
              0,
              3,
              2,
              1,
              1,
              x.address,
              x.ld,
              w.address,
              w.ld,
              1,
              0,
              0,
              1,
              1,
              1,
              0,
              0,
              c.address,
              c.ld,
              work.address,
            );
          expect(bed.call(call, [work])).toBe(-1);
        },
        bytes,
      );
    });
  });
});
