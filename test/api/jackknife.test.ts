/** Intervals from leave-one-out, beside N fits that each leave one row out. */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetwork, type FitOptions, type Model, type Ntk, rbfKernel } from "../../src/index.js";
import { generator } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const next = generator(8);
const N = 24;
const X = Array.from({ length: N }, () => [2 * next(), next()]);
// Two rows with equal inputs: each is left out alone.
X[5] = X[9];
const Y = X.map(([a, b]) => [Math.sin(2 * a) + 0.3 * next(), 10 * b + next()]);
const y = Y.map(([first]) => first);
const Xnew = Array.from({ length: 5 }, () => [2 * next(), next()]);
const without = <T>(list: readonly T[], row: number) => list.filter((_, i) => i !== row);
const kernel = rbfKernel({ lengthScale: 0.8 });
const net = createNetwork({ inputs: 2, hidden: 3, biasStd: 1, seed: 4, activation: "tanh" });

/** The interval by its definition: for each row the fit without it. */
function refitted(ntk: Ntk, model: Model, targets: number[][], options: FitOptions, level: number) {
  const C = targets[0].length;
  const ends = { lower: [] as number[], upper: [] as number[] };
  const fits = X.map((_, i) => {
    const own = ["noise", "weights"].map((key) => [key, (options as Record<string, unknown>)[key]] as const);
    const rows = own.filter(([, list]) => list).map(([key, list]) => [key, without(list as number[], i)]);
    return ntk.fit(model, without(X, i), without(targets, i), { ...options, ...Object.fromEntries(rows) });
  });
  const at = fits.map((fit) => fit.predict(Xnew, { variance: false }).mean.data);
  const missed = fits.map((fit, i) =>
    Array.from(fit.predict([X[i]], { variance: false }).mean.data, (value, c) => Math.abs(targets[i][c] - value)),
  );
  const k = Math.floor((1 - level) * (N + 1) + 1e-9);
  for (let p = 0; p < Xnew.length * C; p++) {
    const low = at.map((mean, i) => mean[p] - missed[i][p % C]).sort((a, b) => a - b);
    const high = at.map((mean, i) => mean[p] + missed[i][p % C]).sort((a, b) => a - b);
    ends.lower.push(low[k - 1]);
    ends.upper.push(high[N - k]);
  }
  return ends;
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const rows = X.map((_, i) => 0.1 + (i % 4) / 10);
  test.each<[string, Model, number[][], FitOptions, number]>([
    ["a kernel", kernel, y.map((value) => [value]), { ridge: 0.1 }, 0.9],
    ["two outputs", kernel, Y, { ridge: 0.1 }, 0.8],
    ["outputs with ridges of their own", kernel, Y, { ridge: [0.05, 0.5] }, 0.8],
    ["a network in weight space", net, y.map((value) => [value]), { ridge: 0.1, solver: "primal" }, 0.9],
    ["a network", net, y.map((value) => [value]), { ridge: 0.1, solver: "dual", centered: true }, 0.95],
    ["rows with noise and weights", kernel, Y, { ridge: 0.1, noise: rows, weights: rows }, 0.9],
    ["weight space with weights", net, y.map((v) => [v]), { ridge: 0.1, solver: "primal", weights: rows }, 0.9],
  ])("%s", (_, model, targets, options, level) => {
    const { interval, mean } = ntk.fit(model, X, targets, options).predict(Xnew, { interval: { level } });
    const expected = refitted(ntk, model, targets, options, level);
    for (const end of ["lower", "upper"] as const) {
      expect([interval[end].rows, interval[end].cols]).toEqual([mean.rows, mean.cols]);
      interval[end].data.forEach((value, p) => {
        expect(value).toBeCloseTo(expected[end][p], 9);
      });
    }
  });

  test("a tile of points has the bits of each point alone", () => {
    const fit = ntk.fit(kernel, X, y, { ridge: 0.1 });
    const options = { interval: { level: 0.9, method: "jackknife+" } } as const;
    const { interval } = fit.predict(Xnew, options);
    const each = Xnew.map((x) => fit.predict([x], options).interval);
    each.forEach(({ lower, upper }, i) => {
      expect(lower.data[0]).toBeCloseTo(interval.lower.data[i], 12);
      expect(upper.data[0]).toBeCloseTo(interval.upper.data[i], 12);
    });
  });

  test("a restored fit and one after an update have them too", () => {
    const fit = ntk.fit(kernel, X, y, { ridge: 0.1 });
    const options = { interval: { level: 0.9 } } as const;
    expect(ntk.restore(fit.snapshot()).predict(Xnew, options)).toEqual(fit.predict(Xnew, options));
    fit.update({ remove: [0] });
    const anew = ntk.fit(kernel, X.slice(1), y.slice(1), { ridge: 0.1 }).predict(Xnew, options).interval;
    fit.predict(Xnew, options).interval.lower.data.forEach((value, p) => {
      expect(value).toBeCloseTo(anew.lower.data[p], 9);
    });
  });

  test("what has none says so", () => {
    const asked = { interval: { level: 0.9 } };
    const refused: [() => unknown, RegExp][] = [
      [
        () => ntk.fit(kernel, X.slice(0, 8), y.slice(0, 8), { ridge: 1 }).predict(Xnew, asked),
        /8 rows tell of levels up to 0.889/,
      ],
      [
        () => ntk.fit(kernel, X, y, { ridge: 1, solver: "cg" }).predict(Xnew, asked),
        /solver "cg"; expected solver "dual"/,
      ],
      [() => ntk.fit(kernel, X, y).predict(Xnew, asked), /solver "eigen"/],
      [
        () => ntk.fit(createNetwork({ inputs: 2, hidden: 9, outputs: 2 }), X, Y, { ridge: 1 }).predict(Xnew, asked),
        /kernel of all pairs of outputs; expected outputs: "average"/,
      ],
      [() => ntk.fitSums(net, ntk.primalSums(net, X, y), { ridge: 1 }).predict(Xnew, asked), /interval needs the rows/],
      [
        () => ntk.fit(kernel, X, y, { ridge: 1 }).predict(Xnew, { interval: { level: 1 } }),
        /interval.level is 1; expected/,
      ],
      [() => ntk.fit(kernel, X, y, { ridge: 1 }).predict(Xnew, { interval: 0.9 as never }), /interval/],
    ];
    for (const [call, message] of refused) expect(call).toThrow(message);
    const nine = ntk.fit(kernel, X.slice(10, 19), y.slice(10, 19), { ridge: 1 });
    expect(nine.predict(Xnew, asked).interval.lower.rows).toBe(5);
  });
});
