/** No computation writes behind its memory: calls of every kind, with guards behind every block. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  defineActivation,
  maternKernel,
  type Ntk,
  productOf,
  rbfKernel,
  sumOf,
} from "../../src/index.js";
import { withGuards } from "../setup/guards.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, loadVariant, variants } from "../setup/variants.js";

const X = randomMatrix(37, 3, 1, 1);
const X2 = randomMatrix(11, 3, 2, 1);
const Y = randomMatrix(37, 1, 3, 1);
const Y2 = randomMatrix(37, 2, 4, 1);
const own = defineActivation({ name: "own", value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 });
const net = createNetwork({ inputs: 3, hidden: 13, biasStd: 1 });
const deep = createNetwork({ inputs: 3, hidden: [9, 9, 9], residual: 1, outputs: 2, biasStd: 1 });
const mixed = createNetwork({ inputs: 3, hidden: [9, 5], activation: [own, "relu"], outputs: 2, biasStd: 1 });
const infinite = createInfiniteNetwork({ depth: 2, activation: "erf", biasStd: 0.3 });
const residual = createInfiniteNetwork({ depth: 3, activation: ["erf", "sigmoid", "relu"], residual: 1 });
const ownInfinite = createInfiniteNetwork({ depth: 2, activation: [own, "erf"] });
const sum = sumOf([{ model: net }, { model: productOf([rbfKernel(), maternKernel()]) }]);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  let single: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
    single = await loadVariant(variant, "float32");
  });

  test("the guards see a write, of one number too much", () => {
    const { arena } = loadContext(variant);
    const writing = (count: number) => () =>
      withGuards(() => arena.run(() => arena.view(arena.alloc(3), count).fill(1)));
    expect(writing(3)).not.toThrow();
    expect(writing(4)).toThrow(/behind a block/);
    const held = (count: number) => () =>
      withGuards(() => {
        const at = arena.hold(3);
        arena.view(at, count).fill(1);
        arena.free(at);
      });
    expect(held(3)).not.toThrow();
    expect(held(4)).toThrow(/behind a block/);
  });

  test.each([net, deep, mixed])("finite networks: network %#", (model) => {
    withGuards(() => {
      for (const outputs of ["average", "full"] as const) {
        ntk.kernel(model, X, undefined, { outputs });
        ntk.kernel(model, X, X2, { outputs });
        ntk.kernelDiagonal(model, X, { outputs });
      }
      ntk.kernelBlocks(model, X, X2);
      ntk.forward(model, X);
      ntk.jacobian(model, X);
      ntk.kernelTimesVector(model, X, randomMatrix(37 * model.outputs, 3, 5));
    });
  });

  test.each([infinite, residual, ownInfinite, rbfKernel(), sum])("other models: model %#", (model) => {
    withGuards(() => {
      ntk.kernel(model, X);
      ntk.kernel(model, X, X2);
      ntk.kernelDiagonal(model, X);
      for (const tile of ntk.kernelTiles(model, X, undefined, { rows: 8 })) expect(tile.K.cols).toBe(37);
    });
  });

  test.each([net, infinite, sum])("fits of a model, %#", (model) => {
    withGuards(() => {
      const fit = ntk.fit(model, X, Y, { ridge: 0.1 });
      fit.predict(X2, { covariance: true });
      fit.sample(X2, { draws: 3 });
      expect(fit.report.backwardError).toBeLessThan(1e-12);
      fit.dispose();
      const path = ntk.fit(model, X, model === infinite ? Y2 : Y, { ridges: [0.1, 1, 10] });
      path.predict(X2);
      path.dispose();
      const moving = ntk.fit(model, X, Y, { ridge: 0.1, noise: new Float64Array(37).fill(0.1) });
      moving.predict(X2, { covariance: true });
      moving.dispose();
      ntk.spectrum(model, X, Y);
      const path2 = ntk.dynamics(model, X, Y, { learningRate: 0.01 });
      path2.at([1, 10], X2);
      path2.dispose();
    });
  });

  test("points that come and go, few pivots, products only", () => {
    withGuards(() => {
      for (const model of [net, infinite]) {
        const fit = ntk.fit(model, X, Y, { ridge: 0.1 });
        const next = fit.update({ add: { X: X2, Y: randomMatrix(11, 1, 9) }, remove: [0, 5, 36] });
        next.predict(X2, { covariance: true });
        next.dispose();
        const low = ntk.fit(model, X, Y, { ridge: 0.1, solver: "lowrank" });
        low.predict(X2, { covariance: true });
        low.dispose();
        const cg = ntk.fit(model, X, model === infinite ? Y2 : Y, { ridge: 0.1, solver: "cg" });
        cg.predict(X2);
        cg.dispose();
        ntk.spectrum(model, X, Y, { top: 2 });
      }
      const primal = ntk.fit(net, X, Y, { ridge: 0.1, solver: "primal" });
      primal.predict(X2, { covariance: true });
      primal.dispose();
    });
  });

  test("matrices", () => {
    withGuards(() => {
      for (const one of [ntk, single]) {
        const [A, B] = [randomMatrix(40, 40, 1), randomMatrix(40, 6, 2)];
        const S = one.gram(A);
        one.matmul(A, B);
        one.cholesky(S);
        one.solve(S, B);
        one.solve(A, B);
        one.inverse(A);
        one.inverse(S);
        one.logDeterminant(A);
        one.eigh(S);
        one.leastSquares(A, B);
        one.svd(A);
        one.svd(B);
      }
      const large = single.gram(randomMatrix(460, 470, 1));
      single.cholesky(large);
      single.solve(large, randomMatrix(460, 1, 3));
    });
  });
});
