/** ddescend; dtrain: what it writes, where it stops. Its numbers against a textbook loop: test/api/train.test.ts. */
import { describe, expect, test } from "vitest";
import { ActivationCode } from "../../src/ops.js";
import { loadContext, variants } from "../setup/variants.js";
import { type Bed, EPS, expectDone, expectEntries, expectSameBits, onBed } from "./harness.js";

interface Setting {
  n: number;
  m: number;
  d: number;
  bias?: number;
  momentum?: number;
  limit?: number;
  rate?: number;
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** `steps` updates in calls of the given lengths. */
  function train(bed: Bed, { n, m, d, bias = 1, momentum = 0, limit = 1e300, rate = 0.01 }: Setting, calls: number[]) {
    const P = m * (d + 1) + (bias ? m + 1 : 0);
    const x = bed.matrix("X", n, d, (i, j) => Math.sin(3 * i + j + 1), d);
    const y = bed.matrix("y", 1, n, (_, i) => Math.cos(i));
    const theta = bed.random("theta", 1, P, 2);
    const theta0 = bed.random("theta0", 1, P, 2);
    // Without momentum the velocity is not even read: all of it is guard.
    const velocity = bed.matrix("velocity", 1, P, momentum ? () => 0 : undefined);
    const rates = bed.matrix("rates", 1, Math.max(...calls), () => rate);
    const losses = bed.matrix("losses", 1, Math.max(...calls));
    const work = bed.work(bed.ops.dtrainScratchBytes(n, m, d));
    const all: number[] = [];
    let info = 0;
    for (const steps of calls) {
      info = bed.call(
        () =>
          bed.ops.dtrain(
            ActivationCode.tanh,
            steps,
            n,
            m,
            d,
            0.9,
            0.8,
            0.7,
            0.6,
            bias,
            0.6,
            0.7,
            0.9,
            0.8,
            x.address,
            y.address,
            rates.address,
            momentum,
            1,
            0.1,
            theta.address,
            theta0.address,
            velocity.address,
            losses.address,
            limit,
            work.address,
          ),
        [theta],
        [velocity, () => momentum !== 0],
        [losses, (_, k) => k < steps],
        [work],
      );
      all.push(...bed.read(losses).slice(0, steps));
    }
    return { info, theta: bed.read(theta), losses: all, before: bed.read(theta0) };
  }

  /** Rows in fours, a product of pre-activations from five inputs on. */
  test.each([
    { n: 1, m: 1, d: 1 },
    { n: 3, m: 5, d: 1 },
    { n: 4, m: 8, d: 2 },
    { n: 9, m: 3, d: 4 },
    { n: 35, m: 7, d: 5 },
    { n: 6, m: 9, d: 12 },
  ])("writes θ and losses only, n $n, m $m, d $d; many steps of one call are many calls", (shape) => {
    for (const bias of [1, 0]) {
      for (const momentum of [0, 0.7]) {
        const setting = { ...shape, bias, momentum };
        const one = onBed(context, (bed) => train(bed, setting, [7]));
        const two = onBed(context, (bed) => train(bed, setting, [3, 4]));
        expectDone(one.info, `dtrain, ${JSON.stringify(setting)}`);
        expectSameBits(two.theta, one.theta, "theta");
        expect(two.losses).toEqual(one.losses);
        expect(one.losses[6], `loss after 6 steps, ${JSON.stringify(setting)}: it falls`).toBeLessThan(one.losses[0]);
      }
    }
  });

  test("stops before the update whose loss is above the limit, or NaN", () => {
    const first = onBed(context, (bed) => train(bed, { n: 5, m: 4, d: 1 }, [1])).losses[0];
    const stopped = onBed(context, (bed) => train(bed, { n: 5, m: 4, d: 1, limit: first * (1 - 4 * EPS) }, [6]));
    expect(stopped.info).toBe(1);
    expectSameBits(stopped.theta, stopped.before, "theta");
    const wild = onBed(context, (bed) => train(bed, { n: 5, m: 4, d: 1, limit: 1e6, rate: 1e4 }, [6]));
    expect(wild.info).toBeGreaterThan(1);
    expect(wild.losses[wild.info - 1]).toBeGreaterThan(1e6);
    const nan = onBed(context, (bed) => train(bed, { n: 5, m: 4, d: 1, limit: Infinity, rate: Number.NaN }, [6]));
    expect(nan.info).toBe(2);
  });

  test.each([
    { P: 1, momentum: 0, nesterov: 0, decay: 0 },
    { P: 9, momentum: 0, nesterov: 0, decay: 0.3 },
    { P: 8, momentum: 0.9, nesterov: 0, decay: 0 },
    { P: 7, momentum: 0.9, nesterov: 1, decay: 0.2 },
    { P: 0, momentum: 0, nesterov: 0, decay: 0 },
  ])("ddescend %o", ({ P, momentum, nesterov, decay }) => {
    onBed(context, (bed) => {
      const [gradient, theta, theta0] = [1, 2, 3].map((seed) => bed.random("vector", 1, P, seed));
      // Without momentum the velocity is neither read nor written.
      const velocity = momentum ? bed.random("velocity", 1, P, 4) : bed.matrix("velocity", 1, P);
      const [g, x, x0, v] = [gradient, theta, theta0, velocity].map((block) => bed.read(block));
      const run = () =>
        bed.ops.ddescend(
          P,
          0.1,
          momentum,
          nesterov,
          decay,
          gradient.address,
          theta.address,
          theta0.address,
          velocity.address,
        );
      expectDone(momentum ? bed.call(run, [theta], [velocity]) : bed.call(run, [theta]), `ddescend, P = ${P}`);
      const slope = (p: number) => g[p] + decay * (x[p] - x0[p]);
      const fresh = (p: number) => (momentum ? momentum * v[p] : 0) + slope(p);
      const step = (p: number) => (nesterov ? slope(p) + momentum * fresh(p) : fresh(p));
      // A handful of roundings of numbers below 4.
      expectEntries(bed.read(theta), 1, P, (_, p) => ({ value: x[p] - 0.1 * step(p), bound: 8 * EPS }), "theta");
      if (momentum) expectEntries(bed.read(velocity), 1, P, (_, p) => ({ value: fresh(p), bound: 16 * EPS }), "v");
    });
  });
});
