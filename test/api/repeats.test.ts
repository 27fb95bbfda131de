/**
 * Rows that repeat: copies of an observation are one observation with a weight, for the evidence and for leave-one-out,
 * whichever way a fit is solved. Else a few copies would make the evidence rise without bound as the ridge falls.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { createInfiniteNetwork, createNetwork, type FitOptions, type Ntk } from "../../src/index.js";
import { toRows } from "../oracle/dense.js";
import { logDensity } from "../oracle/gauss.js";
import { expectNear } from "../setup/golden.js";
import { generator } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const next = generator(11);
/** Nearly a normal: the sum of twelve uniforms. */
const noise = () => Array.from({ length: 12 }, next).reduce((sum, value) => sum + value / 2, 0);
const surface = ([a, b]: number[]) => Math.sin(3 * a) + b / 2;
const N = 120;
const inputs = Array.from({ length: N }, () => [2 * next(), 2 * next()]);
const targets = inputs.map((x) => surface(x) + 0.5 * noise());
const model = createInfiniteNetwork({ activation: "erf", weightStd: 2 });
const ridges = Array.from({ length: 40 }, (_, i) => 10 ** (-10 + (12 * i) / 39));
const test_ = Array.from({ length: 300 }, () => [2 * next(), 2 * next()]);
const rmse = (mean: ArrayLike<number>) =>
  Math.sqrt(test_.reduce((sum, x, i) => sum + (mean[i] - surface(x)) ** 2, 0) / test_.length);

/** Few rows, of which some repeat: (row, times, target of each). */
const small = createNetwork({ inputs: 2, hidden: 3, biasStd: 1, activation: "tanh", seed: 3 });
const points = inputs.slice(0, 18);
const order = [0, 1, 2, 3, 0, 4, 5, 6, 1, 7, 0, 8, 9, 10, 11, 1, 12, 13, 14, 15, 16, 17];
const X = order.map((i) => points[i]);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each([5, 40])("%i copies do not move the choice of the ridge", (copies) => {
    const [XX, YY] = [
      [...inputs, ...inputs.slice(0, copies)],
      [...targets, ...targets.slice(0, copies)],
    ];
    const [plain, repeated] = [ntk.fit(model, inputs, targets, { ridges }), ntk.fit(model, XX, YY, { ridges })];
    expect(plain.report.repeatedRows).toBe(0);
    expect(repeated.report.repeatedRows).toBe(copies);
    expect(repeated.report.atBound).toBe(false);
    expect(repeated.report.notes.join()).toMatch(`${copies} of ${N + copies} rows repeat`);
    // Two steps of the path at most: the copies weigh more than they did.
    expect(
      Math.abs(Math.log10(repeated.report.ridge / plain.report.ridge)),
      "decades between the ridges: two steps of the path at most",
    ).toBeLessThanOrEqual(0.7);
    expect(rmse(repeated.predict(test_).mean.data), "test error with copies: a tenth more at most").toBeLessThanOrEqual(
      1.1 * rmse(plain.predict(test_).mean.data),
    );
    for (const criterion of ["evidence", "loo"] as const) {
      const [one, two] = [ntk.tune(model, inputs, targets, { criterion }), ntk.tune(model, XX, YY, { criterion })];
      expect(Math.abs(Math.log10(two.ridge / one.ridge)), criterion).toBeLessThanOrEqual(0.7);
      expect(two.atBound).toBe(false);
      expect(two.notes.join()).toMatch(/rows repeat/);
    }
  });

  describe.each([
    ["dual", small, { solver: "dual" }, 1],
    ["primal", small, { solver: "primal" }, 1],
    ["path", small, { ridges: [0.3] }, 1],
    ["full outputs", createNetwork({ ...shape(small), outputs: 2 }), { solver: "dual" }, 2],
    ["averaged outputs", createNetwork({ ...shape(small), outputs: 2 }), { solver: "dual", outputs: "average" }, 2],
    ["a ridge each", model, { ridge: [0.3, 0.1] }, 2],
  ] as [string, typeof small | typeof model, FitOptions, number][])("%s", (_, net, options, C) => {
    const full = C > 1 && "parameters" in net && options.outputs !== "average";
    /** Copies of row 0 have equal targets, those of row 1 do not; output 1 repeats one of them. */
    const Y = order.map((i, at) =>
      [Math.sin(3 * points[i][0]) + (i === 1 ? 0.1 * at : 0), points[i][1] ** 2].slice(0, C),
    );
    const ridgeOf = (c: number) => (Array.isArray(options.ridge) ? options.ridge[c] : 0.3);
    const fitted = () => ntk.fit(net, X, Y, options.ridges || options.ridge ? options : { ...options, ridge: 0.3 });
    const residuals = () => {
      const f0 = "parameters" in net ? toRows(ntk.forward(net, X)) : Y.map((row) => row.map(() => 0));
      return Y.map((row, i) => row.map((y, c) => y - f0[i][c]));
    };

    test("the evidence is that of distinct observations with their number as weight", () => {
      const K = toRows(ntk.kernel(net, X, X, full ? { outputs: "full" } : {}));
      const r = residuals();
      // Observations (row of K, target) and how many rows are copies of each.
      const systems = full ? [observations(X, r, [0, 1], 2)] : r[0].map((__, c) => observations(X, r, [c], 1));
      const parts = systems.map((rows, c) => {
        const A = rows.map((one, i) =>
          rows.map((two, j) => K[one.at][two.at] + (i === j ? ridgeOf(c) / one.weight : 0)),
        );
        const y = rows.map(({ target }) => target);
        return { unit: logDensity(A, y, 1), profiled: logDensity(A, y) };
      });
      const { report } = fitted();
      expect(report.logEvidence).toBeCloseTo(sum(parts.map(({ unit }) => unit)), 7);
      expect(report.logEvidenceProfiled).toBeCloseTo(sum(parts.map(({ profiled }) => profiled)), 7);
      if (options.ridges) expect(fitted().path[0].logEvidenceProfiled).toBeCloseTo(parts[0].profiled, 7);
    });

    test("leave-one-out leaves rows with equal inputs out together", () => {
      const fit = fitted();
      const loo = fit.report.looResiduals?.data ?? [];
      for (const i of [0, 4, 1, 8, 2]) {
        const rest = order.map((_, at) => at).filter((at) => order[at] !== order[i]);
        // With the kernel of all pairs of outputs, the other outputs of these points stay: not this oracle's business.
        if (full) continue;
        const again = ntk.fit(
          net,
          rest.map((at) => X[at]),
          rest.map((at) => Y[at]),
          { ...options, ridges: undefined, ridge: options.ridge ?? 0.3 },
        );
        const want = again.predict([X[i]]).mean.data.map((f, c) => Y[i][c] - f);
        expectNear(
          loo.slice(i * C, (i + 1) * C),
          want,
          1e-9,
          `leave-one-out of row ${i}: a refit without it, rounding times the condition number`,
        );
      }
      if (options.ridges)
        expect(fit.path[0].looRmse).toBeCloseTo(Math.sqrt(sum([...loo].map((x) => x * x)) / loo.length), 9);
    });
  });
});

function shape({ parameters: _, blocks: __, ...options }: typeof small) {
  return options;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Distinct (inputs, output, target), the row of the system of the first of its copies, and their number. */
function observations(X: number[][], r: number[][], outputs: number[], block: number) {
  const found: { key: string; at: number; target: number; weight: number }[] = [];
  X.forEach((x, i) => {
    for (const c of outputs) {
      const key = `${x}|${c}|${r[i][c]}`;
      const known = found.find((one) => one.key === key);
      if (known) known.weight++;
      else found.push({ key, at: block > 1 ? i * block + c : i, target: r[i][c], weight: 1 });
    }
  });
  return found;
}
