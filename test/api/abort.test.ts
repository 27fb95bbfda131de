/**
 * A signal at every step that a call tells of: what comes back is what the whole call had by then, to the bit, nothing
 * is held afterwards, and training goes on from there to the same end. Every call that takes a `signal` is here.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { Arena } from "../../src/arena.js";
import {
  createNetwork,
  type Ntk,
  type PrimalSums,
  rbfKernel,
  StreamError,
  type Sweep,
  type Trained,
  type Tuned,
} from "../../src/index.js";
import { loadVariant, variants } from "../setup/variants.js";

const X = Array.from({ length: 14 }, (_, i) => i / 7 - 1);
const Y = X.map((x) => Math.sin(3 * x));
const net = createNetwork({ inputs: 1, hidden: 8, biasStd: 1, seed: 1 });
const STEPS = 12;
const RUN = { learningRate: 0.05, steps: STEPS, recordAt: Array.from({ length: STEPS + 1 }, (_, i) => i) };
const TRAININGS = {
  descent: {},
  momentum: { momentum: 0.9, nesterov: true },
  adam: { optimizer: "adam" },
  batches: { batchSize: 5, shuffleSeed: 3 },
  checked: { validation: { X: [0.1, 0.2], Y: [0.3, 0.5], every: 2 }, patience: 3 },
} as const;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Nothing is held, and no scratch in use, in any arena that was used. */
function expectEmpty(spy: { mock: { contexts: unknown[] } }): void {
  const arenas = new Set(spy.mock.contexts as Arena[]);
  expect(arenas.size).toBeGreaterThan(0);
  for (const arena of arenas) expect([arena.scratchBytesInUse, arena.heldBytes]).toEqual([0, 0]);
}

describe.each(variants)("%s", (variant) => {
  const watch = async () => {
    const ntk = await loadVariant(variant);
    return { ntk, spy: vi.spyOn(Arena.prototype, "run") };
  };

  describe.each(Object.entries(TRAININGS))("train, %s", (_, extra) => {
    test("at each recorded step", async () => {
      const { ntk, spy } = await watch();
      const options = { ...RUN, ...extra };
      const whole = ntk.train(net, X, Y, options as never) as Trained;
      for (let at = 0; at <= STEPS; at++) {
        const stop = new AbortController();
        const onRecord = ({ step }: { step: number }) => {
          if (step === at) stop.abort();
        };
        const part = ntk.train(net, X, Y, { ...options, onRecord, signal: stop.signal } as never);
        expectEmpty(spy);
        if (at === STEPS) {
          expect(part).toEqual(whole);
          continue;
        }
        expect([part.aborted, part.stopped]).toEqual([true, "signal"]);
        const { length } = part.steps;
        expect(length).toBeGreaterThan(at);
        expect(part.steps).toEqual(whole.steps.slice(0, length));
        // The loss of the last step may not have been taken.
        expect(part.loss.slice(0, at)).toEqual(whole.loss.slice(0, at));
        const rest = ntk.train(part.network, X, Y, { ...options, state: part.state } as never);
        expect(rest.network).toEqual(whole.network);
        expect(rest.stopped).toBe(whole.stopped);
      }
    });
  });

  test("compare, at each recorded step", async () => {
    const { ntk, spy } = await watch();
    const whole = ntk.compare(net, X, Y, RUN);
    for (let at = 0; at < STEPS; at++) {
      const stop = new AbortController();
      const onRecord = ({ step }: { step: number }) => {
        if (step === at) stop.abort();
      };
      const part = ntk.compare(net, X, Y, { ...RUN, onRecord, signal: stop.signal });
      expectEmpty(spy);
      expect(part.aborted).toBe(true);
      expect(part.steps).toEqual(whole.steps.slice(0, part.steps.length));
      expect(part.gap.slice(0, at)).toEqual(whole.gap.slice(0, at));
    }
  });

  test("sweep, after each run", async () => {
    const { ntk, spy } = await watch();
    const options = { widths: [4, 8], learningRates: [0.05, 0.1], steps: 3, seeds: 2 };
    const until = (count: number): Sweep => {
      const stop = new AbortController();
      const onProgress = ({ done }: { done: number }) => {
        if (done === count) stop.abort();
      };
      return ntk.sweep(X, Y, { ...options, onProgress, signal: stop.signal });
    };
    const whole = ntk.sweep(X, Y, options);
    expect(whole.runs.length).toBe(8);
    for (let count = 1; count < 8; count++) {
      const part = until(count);
      expectEmpty(spy);
      expect(part.aborted).toBe(true);
      expect(part.runs).toEqual(whole.runs.slice(0, part.runs.length));
      expect(part.runs.length).toBe(count);
    }
  });

  test("tune, after each point", async () => {
    const { ntk, spy } = await watch();
    const options = { evaluations: 8, lengthScale: [0.2, 3] as const };
    const points: unknown[] = [];
    ntk.tune(rbfKernel(), X, Y, { ...options, onProgress: (point) => points.push(point) });
    expect(points.length).toBeGreaterThan(3);
    for (let count = 1; count < points.length; count++) {
      const stop = new AbortController();
      const seen: unknown[] = [];
      const onProgress = (point: unknown) => {
        if (seen.push(point) === count) stop.abort();
      };
      const part: Tuned = ntk.tune(rbfKernel(), X, Y, { ...options, onProgress, signal: stop.signal });
      expectEmpty(spy);
      expect(part.aborted).toBe(true);
      expect(seen).toEqual(points.slice(0, count));
      expect(Number.isFinite(part.score)).toBe(true);
    }
  });

  test("fit with conjugate gradients, after each iteration", async () => {
    const { ntk, spy } = await watch();
    const options = { ridge: 1e-6, solver: "cg" } as const;
    const seen: number[] = [];
    const whole = ntk.fit(net, X, Y, { ...options, onProgress: ({ iteration }) => seen.push(iteration) });
    const [most] = seen.slice(-1);
    expect(most).toBeGreaterThan(1);
    whole.dispose();
    for (let at = 0; at < most; at++) {
      const stop = new AbortController();
      const onProgress = ({ iteration }: { iteration: number }) => {
        if (iteration === at) stop.abort();
      };
      const fit = ntk.fit(net, X, Y, { ...options, onProgress, signal: stop.signal });
      expect(fit.report.notes.join()).toContain(`stopped by a signal after ${at} iterations`);
      expect(fit.predict([0.3]).mean.data.every(Number.isFinite)).toBe(true);
      fit.dispose();
      expectEmpty(spy);
    }
  });

  test("fitStream, before each batch", async () => {
    const { ntk, spy } = await watch();
    const batches = [0, 5, 10].map((from) => ({ X: X.slice(from, from + 5), Y: Y.slice(from, from + 5) }));
    const whole = await ntk.fitStream(net, batches, { ridge: 0.1 });
    for (let count = 0; count <= 3; count++) {
      const stop = new AbortController();
      if (count === 0) stop.abort("enough");
      const onProgress = (progress: { batches: number }) => {
        if (progress.batches === count) stop.abort("enough");
      };
      const error = await ntk.fitStream(net, batches, { ridge: 0.1, onProgress, signal: stop.signal }).catch((e) => e);
      expect(error).toBeInstanceOf(StreamError);
      expect(error).toMatchObject({ batch: count, cause: "enough" });
      expect((error.state as PrimalSums | undefined)?.rows ?? 0).toBe(Math.min(5 * count, X.length));
      const rest = await ntk
        .fitStream(net, count < 3 ? batches.slice(count) : [], { ridge: 0.1, state: error.state })
        .catch(
          // Without a batch there is nothing to add: the sums are the fit.
          () => ntk.fitSums(net, error.state, { ridge: 0.1 }),
        );
      expect(rest.predict([0.3])).toEqual(whole.predict([0.3]));
      rest.dispose();
    }
    whole.dispose();
    expectEmpty(spy);
  });

  test("a signal that was given before: no step is made", async () => {
    const { ntk, spy } = await watch();
    ntk.gram([[1]]);
    const signal = AbortSignal.abort();
    const trained = ntk.train(net, X, Y, { ...RUN, signal });
    expect([trained.aborted, trained.steps.length, trained.network.parameters]).toEqual([true, 0, net.parameters]);
    expect(ntk.sweep(X, Y, { widths: [4], learningRates: [0.1], steps: 2, signal }).runs).toEqual([]);
    expectEmpty(spy);
  });
});

/** A call that takes a signal and is not above would be missed: these are all that have the option. */
test("every option `signal` has its place here", async () => {
  const ntk: Ntk = await loadVariant("js");
  const odd = { signal: 3 as never };
  const refused: Record<string, () => unknown> = {
    train: () => ntk.train(net, X, Y, { ...RUN, ...odd }),
    compare: () => ntk.compare(net, X, Y, { ...RUN, ...odd }),
    sweep: () => ntk.sweep(X, Y, { widths: [2], learningRates: [1], steps: 1, ...odd }),
    tune: () => ntk.tune(rbfKernel(), X, Y, odd),
    fit: () => ntk.fit(net, X, Y, odd),
    fitStream: () => ntk.fitStream(net, [], odd),
  };
  for (const [name, call] of Object.entries(refused))
    await expect(async () => call(), name).rejects.toThrow(/signal is number 3; expected an AbortSignal/);
  const none: Record<string, () => unknown> = {
    classify: () => ntk.classify(net, X, Y, odd as never),
    dynamics: () => ntk.dynamics(net, X, Y, odd as never),
    ensemble: () => ntk.ensemble(net as never, X, Y, odd as never),
    spectrum: () => ntk.spectrum(net, X, Y, odd as never),
    sampleKernel: () => ntk.sampleKernel({ inputs: 1, hidden: 2 }, X, odd as never),
    kernelTiles: () => ntk.kernelTiles(net, X, X, odd as never),
    primalSums: () => ntk.primalSums(net, X, Y, odd as never),
    restore: () => ntk.restore(new Uint8Array(0), odd as never),
  };
  for (const [name, call] of Object.entries(none)) expect(call, name).toThrow(/unknown option "signal"/);
});
