/** Fits that go out and come back: the same bits, and what was cut short, altered or is newer is refused. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type Fit,
  type FitOptions,
  type Model,
  type Ntk,
} from "../../src/index.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 30;
const X = randomMatrix(N, 2, 3, 1);
const T = randomMatrix(7, 2, 5, 1);
const targets = (C: number) => randomMatrix(N, C, 4, 1);
const net = createNetwork({ inputs: 2, hidden: 40, biasStd: 1, seed: 1 });
const few = createNetwork({ inputs: 2, hidden: 4, biasStd: 1, activation: "tanh", seed: 1 });
const two = createNetwork({ inputs: 2, hidden: [9, 8], outputs: 2, init: "ntk", activation: "erf", seed: 2 });
const infinite = createInfiniteNetwork({ depth: 2, activation: "relu", biasStd: 0.1 });
const custom: Model = {
  kernel: (A, B) => ({
    data: new Float64Array(A.rows * B.rows).map((_, at) => {
      const [i, j] = [Math.floor(at / B.rows), at % B.rows];
      const [dx, dy] = [0, 1].map((t) => A.data[2 * i + t] - B.data[2 * j + t]);
      return Math.exp(-dx * dx - dy * dy);
    }),
    rows: A.rows,
    cols: B.rows,
  }),
};

const CASES: [string, Model, number, FitOptions][] = [
  ["dual", net, 1, { ridge: 0.1, solver: "dual" }],
  ["dual, centred, scaled", net, 1, { ridge: 0.1, solver: "dual", centered: true, scale: "fit" }],
  ["primal", few, 1, { ridge: 0.1, solver: "primal", scale: "fit" }],
  ["primal, ridge 0", few, 1, { solver: "primal" }],
  ["cg", net, 1, { ridge: 0.1, solver: "cg", scale: "fit" }],
  ["cg, ridge 0", few, 1, { solver: "cg" }],
  ["cg, infinite", infinite, 2, { ridge: 0.1, solver: "cg" }],
  ["cg, custom", custom, 1, { ridge: 0.1, solver: "cg", scale: "fit" }],
  ["lowrank", net, 1, { ridge: 0.1, solver: "lowrank", scale: "fit" }],
  ["lowrank, all pairs of outputs", two, 2, { ridge: 0.1, solver: "lowrank", traceError: 1e-4 }],
  ["lowrank, custom", custom, 1, { ridge: 0.1, solver: "lowrank", rank: 5 }],
  ["ridge 0 on a singular kernel", few, 1, { solver: "dual" }],
  ["a path", net, 1, { ridges: [1e-3, 0.1, 10], scale: "fit" }],
  ["a path for each output", infinite, 2, { ridges: [1e-3, 0.1, 10], perOutput: true, scale: "fit" }],
  ["infinite", infinite, 2, { ridge: 0.1 }],
  ["a ridge each", infinite, 2, { ridge: [0.1, 0.2] }],
  ["all pairs of outputs", two, 2, { ridge: 0.1, solver: "dual" }],
  ["averaged outputs", two, 2, { ridge: 0.1, outputs: "average", scale: "fit" }],
  ["custom", custom, 1, { ridge: 0.1 }],
];

const REPORT = ["solver", "precision", "ridge", "scales", "rank", "conditionNumber", "backwardError", "notes"] as const;
const MORE = [
  "degreesOfFreedom",
  "logEvidence",
  "logEvidenceProfiled",
  "looResiduals",
  "perOutput",
  "atBound",
] as const;
const saysOf = (fit: Fit) => [...REPORT, ...MORE].map((name) => [name, fit.report[name]]);
const predictionsOf = (fit: Fit) => [
  fit.predict(T),
  fit.predict(T, { covariance: true, noise: true }),
  fit.predict(X, { variance: false }),
  fit.sample(T, { draws: 2 }),
];

describe.each(variants)("%s", (variant) => {
  for (const precision of ["float64", "float32"] as const) {
    describe(precision, () => {
      let ntk: Ntk;
      /** Another instance: what it restores shares nothing with the fit. */
      let other: Ntk;
      beforeAll(async () => {
        [ntk, other] = [await loadVariant(variant, precision), await loadVariant(variant, precision)];
      });

      const restored = (model: Model, fit: Fit) => {
        const options = model === custom ? { model } : {};
        const json = JSON.stringify(fit);
        return [
          other.restore(fit.snapshot(), options),
          other.restore(fit.snapshot().buffer as ArrayBuffer, options),
          other.restore(json, options),
          other.restore(JSON.parse(json), options),
        ];
      };

      test.each(CASES)("%s: the same bits, from bytes and from JSON", (_, model, C, options) => {
        const fit = ntk.fit(model, X, targets(C), options);
        for (const again of restored(model, fit)) {
          expect(predictionsOf(again)).toEqual(predictionsOf(fit));
          expect(saysOf(again)).toEqual(saysOf(fit));
          expect(again.path).toEqual(fit.path);
          expect(again.snapshot()).toEqual(fit.snapshot());
          expect(JSON.parse(JSON.stringify(again))).toEqual(JSON.parse(JSON.stringify(fit)));
          if (options.outputs !== "average" && "parameters" in model)
            expect(again.parameters()).toEqual(fit.parameters());
          again.dispose();
        }
      });

      test.each(CASES)("%s: each field of the report may be the first that is read", (_, model, C, options) => {
        const fit = ntk.fit(model, X, targets(C), options);
        const bytes = fit.snapshot();
        for (const [name, value] of saysOf(fit)) {
          using again = other.restore(bytes, model === custom ? { model } : {});
          expect(again.report[name as (typeof REPORT)[number]], String(name)).toEqual(value);
        }
      });

      const updatable = CASES.filter(([, , , { solver, ridge }]) => ridge !== undefined && solver !== "cg");
      test.each(updatable)("%s: points have come and gone", (_, model, C, options) => {
        const fit = ntk.fit(model, X, targets(C), options);
        fit.predict(T);
        fit.update({ move: { index: [3, 4], X: randomMatrix(2, 2, 8, 1) } });
        fit.update({ remove: [0, 7], add: { X: [[0.3, -0.2]], Y: randomMatrix(1, C, 2, 1) } });
        for (const again of restored(model, fit)) {
          expect(predictionsOf(again)).toEqual(predictionsOf(fit));
          expect(again.snapshot()).toEqual(fit.snapshot());
          // And they go on.
          again.update({ remove: 1 });
          expect(again.report.looResiduals?.rows).toBe(N - 2);
        }
      });
    });
  }

  describe("what is refused", () => {
    let ntk: Ntk;
    let fit: Fit;
    beforeAll(async () => {
      ntk = await loadVariant(variant);
      fit = ntk.fit(few, [[0, 1], [1, 2], [2, 0]], [1, 2, 3], { ridge: 0.1 }); // biome-ignore format: one line
    });

    test("bytes cut short at any place, and with any byte altered", () => {
      const bytes = fit.snapshot();
      for (let length = 0; length < bytes.length; length += length < 64 ? 1 : 37) {
        expect(() => ntk.restore(bytes.slice(0, length)), `${length} bytes`).toThrow(RangeError);
      }
      for (let at = 0; at < bytes.length; at += at < 64 ? 1 : 13) {
        const altered = bytes.slice();
        altered[at] ^= 1 << (at % 8);
        expect(() => ntk.restore(altered), `byte ${at}`).toThrow(/^the snapshot|^these \d+ bytes are no snapshot/);
      }
      expect(() => ntk.restore(Uint8Array.of(...bytes, 0))).toThrow(/altered or cut short/);
    });

    test("a newer version", () => {
      const bytes = fit.snapshot();
      bytes[4] = 3;
      expect(() => ntk.restore(bytes)).toThrow(
        /has version 3, and this ntk-wasm reads versions 1 to 2; update ntk-wasm/,
      );
      const json = JSON.parse(JSON.stringify(fit));
      expect(() => ntk.restore({ ...json, format: "ntk-wasm/fit/3" })).toThrow(/has version 3/);
    });

    test("JSON that is none of ours, or was altered", () => {
      const json = JSON.parse(JSON.stringify(fit));
      for (const wrong of [null, 5, [], true]) {
        expect(() => ntk.restore(wrong as unknown as object)).toThrow(/the snapshot is .*expected what fit.toJSON/);
      }
      expect(() => ntk.restore("{")).toThrow(/no JSON/);
      expect(() => ntk.restore({})).toThrow(/format is undefined/);
      for (const key of Object.keys(json)) {
        if (["report", "parameters", "solver", "centered"].includes(key)) continue;
        const { [key]: _, ...rest } = json;
        expect(() => ntk.restore(rest), `without ${key}`).toThrow();
      }
      for (const key of ["X", "Y", "dualWeights", "displacement"]) {
        expect(() => ntk.restore({ ...json, [key]: json[key].slice(1) }), key).toThrow(RangeError);
        expect(() => ntk.restore({ ...json, [key]: ["x", ...json[key].slice(1)] }), key).toThrow(
          /expected finite numbers|expected/,
        );
        expect(() => ntk.restore({ ...json, [key]: 5 }), key).toThrow(TypeError);
      }
      expect(() => ntk.restore({ ...json, rows: 1e9 })).toThrow(RangeError);
      expect(() => ntk.restore({ ...json, ridge: -1 })).toThrow(RangeError);
    });

    test("a custom kernel without its function, and a model too many", () => {
      const own = ntk.fit(custom, X, targets(1), { ridge: 0.1 });
      expect(() => ntk.restore(own.snapshot())).toThrow(/expected restore\(snapshot, \{ model \}\) with it/);
      expect(() => ntk.restore(fit.snapshot(), { model: few })).toThrow(/the snapshot has its own/);
    });
  });
});
