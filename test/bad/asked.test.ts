/**
 * What a call asks for before its work is what the work then takes: less, and the work would end half-way; much more,
 * and a call is refused that fits.
 */
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Arena } from "../../src/arena.js";
import { createWasmBackend } from "../../src/backend/atOnce.js";
import { createJsBackend } from "../../src/backend/js/index.js";
import { createInfiniteNetwork, createNetwork } from "../../src/index.js";
import { Ntk } from "../../src/ntk.js";
import type { Backend } from "../../src/ops.js";
import { randomMatrix } from "../setup/random.js";
import { variants } from "../setup/variants.js";

const N = 300;
const X = randomMatrix(N, 2, 1, 1);
const few = randomMatrix(20, 2, 2, 1);
const Y = randomMatrix(N, 1, 3, 1);
const labels = (C: number) => Array.from({ length: N }, (_, i) => i % C);
const net = createNetwork({ inputs: 2, hidden: 40, seed: 1 });
const infinite = createInfiniteNetwork({ activation: "erf" });

const CALLS: Record<string, (ntk: Ntk) => unknown> = {
  "classify, two classes": (ntk) => ntk.classify(infinite, X, labels(2), { ridge: 1 }),
  "classify, five classes": (ntk) => ntk.classify(infinite, X, labels(5), { ridge: 1 }),
  "classify, dirichlet": (ntk) => ntk.classify(infinite, X, labels(5), { method: "dirichlet" }),
  "classify, ridge": (ntk) => ntk.classify(infinite, X, labels(5), { method: "ridge", ridge: 1 }),
  "tune for labels": (ntk) => ntk.tune(infinite, X, labels(2), { criterion: "laplace", evaluations: 3 }),
  "fit, dual": (ntk) => ntk.fit(infinite, X, Y, { ridge: 1, solver: "dual" }),
  "fit, ridges": (ntk) => ntk.fit(infinite, X, Y, { ridges: [1, 2] }),
  "fit, lowrank": (ntk) => ntk.fit(net, X, Y, { ridge: 1, solver: "lowrank" }),
  tune: (ntk) => ntk.tune(infinite, X, Y),
  spectrum: (ntk) => ntk.spectrum(infinite, X, Y),
  "spectrum, the top": (ntk) => ntk.spectrum(infinite, X, Y, { top: 3 }),
  dynamics: (ntk) => ntk.dynamics(infinite, X, Y, { learningRate: 1e-3 }),
  "dynamics, a loss": (ntk) => ntk.dynamics(net, X, Y, { learningRate: 1e-3, loss: "huber" }),
  ensemble: (ntk) => ntk.ensemble(infinite, X, Y),
  "dynamics, eigenvectors under a loss": (ntk) =>
    ntk.dynamics(net, X, Y, { learningRate: 1e-3, loss: "huber" }).eigenvectors(),
  "ensemble, covariances": (ntk) =>
    ntk.ensemble(infinite, few, few.data.slice(0, 20)).at([1, 2], X, { covariance: true }),
  "sampleKernel, three outputs": (ntk) =>
    ntk.sampleKernel({ inputs: 2, hidden: 40, outputs: 3 }, X, { draws: 2 }).step(),
  train: (ntk) => ntk.train(net, X, Y, { learningRate: 1e-3, steps: 2 }),
  compare: (ntk) => ntk.compare(net, X, Y, { learningRate: 1e-3, steps: 2 }),
  sweep: (ntk) => ntk.sweep(X, Y, { widths: [4], learningRates: [{ fraction: 1 }], steps: 2 }),
};

describe.each(variants)("%s", (variant) => {
  test.each(Object.entries(CALLS))("%s", (name, call) => {
    const backend = variant === "js" ? createJsBackend() : createWasmBackend(variant);
    const base = backend.base;
    let [taken, asked] = [0, 0];
    const watched: Backend = {
      ...backend,
      grow: (end) => {
        taken = Math.max(taken, (end - base) / 8);
        return backend.grow(end);
      },
    };
    const plain = Arena.prototype.require;
    const spy = vi.spyOn(Arena.prototype, "require").mockImplementation(function (this: Arena, elements, advice) {
      asked = Math.max(asked, (this.bytesLimit - base) / 8 - this.room + elements);
      plain.call(this, elements, advice);
    });
    onTestFinished(() => spy.mockRestore());
    call(new Ntk(watched));
    // More than is asked for are packed operands of a product, which grow like N for large N.
    const most = name === "fit, dual" ? 1.8 : 1.15;
    expect(taken / asked).toBeLessThan(most);
    expect(taken / asked).toBeGreaterThan(0.5);
  });
});
