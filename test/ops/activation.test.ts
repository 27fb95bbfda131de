/** Activations and their slopes to the last place, against hundreds of digits. */
import { describe, expect, test } from "vitest";
import type { Ops } from "../../src/ops.js";
import { NAMES, ORACLE } from "../oracle/activations.js";
import { epsilons, relativeErrors, ulps } from "../oracle/exact.js";
import { loadContext, variants } from "../setup/variants.js";
import { EPS, onBed } from "./harness.js";

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** σ and σ' of given z: one input, C = 1. */
  function mapped(name: string, values: number[]): { s: Float64Array; g: Float64Array } {
    return onBed(context, (bed) => {
      const m = values.length;
      const x = bed.matrix("X", 1, 1, () => 1);
      const c = bed.matrix("C", m, 1, (j) => values[j], 1);
      const s = bed.matrix("S", 1, m);
      const g = bed.matrix("G", 1, m);
      const work = bed.work(bed.ops.dfeaturesScratchBytes(1, m, 1));
      bed.ops.dfeatures(
        bed.activation(name),
        0,
        1,
        m,
        1,
        1,
        x.address,
        1,
        c.address,
        1,
        0,
        0,
        0,
        s.address,
        m,
        g.address,
        m,
        work.address,
      );
      return { s: bed.read(s), g: bed.read(g) };
    });
  }

  const spread = Array.from({ length: 61 }, (_, i) => Math.exp(i / 4.4 - 7.3) * (1 + i / 1e3));
  const special = [
    0,
    1e-300,
    1e-160,
    1e-20,
    1e-8,
    2 ** -27,
    0.1,
    0.34657359,
    0.3465736,
    0.69,
    0.99999,
    1,
    1.00001,
    5.9,
    6,
    6.1,
    18,
    19.1,
    20,
    26.5,
    27,
    36,
    37,
    40,
    353,
    354,
    372,
    373,
    400,
    700,
    707,
    708,
    708.5,
    709,
    720,
    740,
    744,
    745,
    745.2,
    746,
    800,
  ];
  const points = [...spread, ...special].flatMap((z) => [z, -z]);
  /**
   * Around the roots of the slopes of gelu and silu, multiples of π/2 and their neighbours, and beyond any reduction.
   */
  const delicate = [
    -0.75,
    -0.7517,
    -0.7519,
    -1.27,
    -1.278,
    -1.279,
    -1.3,
    38,
    38.4,
    38.6,
    38.9,
    39.1,
    750,
    760,
    ...[1, 2, 3, 4].map((k) => (k * Math.PI) / 2),
    11,
    22,
    355,
    1e5,
    103993,
    573204,
    1647098.9,
    1647099.5,
    5419351,
    1e7,
    1e15,
    6381956970095103 * 2 ** 797,
    1e22,
    1e100,
    1e300,
    Number.MAX_VALUE,
  ].flatMap((z) => [z, -z]);
  test.each(NAMES)("%s to the last places over all doubles", (name) => {
    const { exact, endless, root, sizes, top = Infinity, ulps: limits } = ORACLE[name];
    const at = [...points, ...delicate.filter((z) => endless || Math.abs(z) <= 800)].filter((z) => z < top);
    const { s, g } = mapped(name, at);
    let [value, slope] = [0, 0];
    at.forEach((z, j) => {
      const [exactValue, exactSlope] = exact(z);
      if (sizes) {
        const [size, sizeSlope] = sizes(z);
        value = Math.max(value, relativeErrors(s[j], exactValue, size));
        slope = Math.max(slope, relativeErrors(g[j], exactSlope, sizeSlope));
        return;
      }
      value = Math.max(value, ulps(s[j], exactValue));
      // Near its root a slope is a difference of numbers near 1/4: there ε counts, not ulp.
      const nearRoot = root && z < -0.5 && z > -2;
      slope = Math.max(slope, nearRoot ? epsilons(g[j], exactSlope) : ulps(g[j], exactSlope));
    });
    expect(value, "σ, in ulp").toBeLessThanOrEqual(limits[0]);
    expect(slope, "σ', in ulp").toBeLessThanOrEqual(limits[1]);
  });

  test("limits at infinity", () => {
    const far = [800, 1e5, 1e308, Infinity];
    for (const name of NAMES) {
      const { limit } = ORACLE[name];
      if (!limit) continue;
      const at = far.flatMap((z) => [z, -z]);
      const { s, g } = mapped(name, at);
      at.forEach((z, j) => {
        expect([s[j] + 0, g[j] + 0], `${name} at ${z}`).toEqual(limit(z));
      });
    }
  });

  test.each(NAMES)("%s is finite, and odd, even and monotone where it should be", (name) => {
    const { symmetry, monotone, kink, top = Infinity } = ORACLE[name];
    const { s, g } = mapped(name, points);
    expect(points.every((z, j) => z > top || (Number.isFinite(s[j]) && Number.isFinite(g[j])))).toBe(true);
    for (let j = 0; j < points.length; j += 2) {
      if (!symmetry) continue;
      expect(g[j + 1], `slope at −${points[j]}: it is even`).toBe(g[j]);
      if (symmetry === "complement")
        expect(Math.abs(s[j] + s[j + 1] - 1), `σ(x) + σ(−x) − 1 at ${points[j]}: one rounding`).toBeLessThanOrEqual(
          EPS,
        );
      else expect(s[j + 1] + s[j], `${name}(x) + ${name}(−x) at ${points[j]}: it is odd`).toBe(0);
    }
    // −0 counts as 0.
    if (kink) expect(mapped(name, [0, -0, 5e-324]).g).toEqual(Float64Array.of(kink[0], kink[0], kink[1]));
    if (!monotone) return;
    const order = points.map((_, j) => j).sort((a, b) => points[a] - points[b]);
    for (let k = 1; k < order.length; k++) expect(s[order[k]]).toBeGreaterThanOrEqual(s[order[k - 1]]);
  });

  /** What an op that takes an activation answers: -1 where its dispatch has no case for the code. */
  const OPS: Record<string, (ops: Ops, code: number, at: number, work: number) => number> = {
    dfeatures: (ops, code, x, w) => ops.dfeatures(code, 0, 1, 1, 1, 1, x, 1, x, 1, 0, 0, 0, x + 64, 1, x + 128, 1, w),
    sfeatures: (ops, code, x, w) => ops.sfeatures(code, 0, 1, 1, 1, 1, x, 1, x, 1, 0, 0, 0, x + 64, 1, x + 128, 1, w),
    ddual: (ops, code, x, w) =>
      ops.ddual(code, 0, 1, 4, 0, x, 0, 0, x, 0, x, 0, 0, 0, x + 64, 4, x + 128, 4, 0, 4, 1, 0, 0, 0, w),
  };

  test("every activation has its case: a code without one is in assembly/activation/index.ts or in no row", () => {
    onBed(context, (bed) => {
      const at = bed.matrix("numbers", 1, 64, () => 1, 64).address;
      const work = bed.work(4096).address;
      const missing = Object.entries(OPS).flatMap(([op, call]) =>
        NAMES.filter((name) => call(bed.ops, bed.activation(name), at, work) !== 0).map((name) => `${op}: ${name}`),
      );
      expect(missing, "activations that an op does not know").toEqual([]);
    });
  });
});
