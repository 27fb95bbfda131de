/** ddescend; dtrain: what it writes, where it stops. Its numbers against a textbook loop: test/api/train.test.ts. */
import { describe, expect, test } from "vitest";
import { ActivationCode, LossCode, OptimizerCode } from "../../src/ops.js";
import { pointLoss } from "../oracle/losses.js";
import { loadContext, variants } from "../setup/variants.js";
import { type Bed, type Block, EPS, expectDone, expectEntries, expectSameBits, onBed } from "./harness.js";
import { BETA2, EPSILON, ruleOn } from "./rule.js";

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
    const { rule } = ruleOn(bed, { momentum, nesterov: 1, decay: 0.1, rates, anchor: theta0, velocity });
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
            theta.address,
            losses.address,
            limit,
            rule.address,
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
    // The limit itself is allowed.
    expectDone(onBed(context, (bed) => train(bed, { n: 5, m: 4, d: 1, limit: first }, [1])).info, "at the limit");
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
      const rates = bed.matrix("rates", 1, 3, (_, k) => [9, 9, 0.1][k]);
      const { rule } = ruleOn(bed, { momentum, nesterov, decay, rates, anchor: theta0, velocity });
      const run = () => bed.ops.ddescend(P, 2, gradient.address, theta.address, rule.address);
      expectDone(momentum ? bed.call(run, [theta], [velocity]) : bed.call(run, [theta]), `ddescend, P = ${P}`);
      const slope = (p: number) => g[p] + decay * (x[p] - x0[p]);
      const fresh = (p: number) => (momentum ? momentum * v[p] : 0) + slope(p);
      const step = (p: number) => (nesterov ? slope(p) + momentum * fresh(p) : fresh(p));
      // A handful of roundings of numbers below 4.
      expectEntries(bed.read(theta), 1, P, (_, p) => ({ value: x[p] - 0.1 * step(p), bound: 8 * EPS }), "theta");
      if (momentum) expectEntries(bed.read(velocity), 1, P, (_, p) => ({ value: fresh(p), bound: 16 * EPS }), "v");
    });
  });

  test.each([
    { optimizer: "adam", lengths: [7], decay: 0 },
    { optimizer: "adam", lengths: [1, 4, 3], decay: 0.3 },
    { optimizer: "adamW", lengths: [2, 5], decay: 0.3 },
    { optimizer: "adamW", lengths: [1], decay: 0 },
  ] as const)("$optimizer, blocks $lengths, decay $decay: Kingma & Ba's algorithm", ({ optimizer, lengths, decay }) => {
    onBed(context, (bed) => {
      const P = lengths.reduce((sum: number, length) => sum + length, 0);
      const [gradient, theta, anchor, velocity] = [1, 2, 3, 4].map((seed) => bed.random("vector", 1, P, seed));
      const squares = bed.matrix("squares", 1, P, (_, p) => 0.1 + p / P);
      const [g, x, x0, m, v] = [gradient, theta, anchor, velocity, squares].map((block) => bed.read(block));
      const [c1, c2] = [1.7, 3.1];
      const { rule } = ruleOn(bed, {
        optimizer: OptimizerCode[optimizer],
        momentum: 0.8,
        decay,
        rates: bed.matrix("rates", 1, 2, (_, k) => [9, 0.1][k]),
        corrections: bed.matrix("corrections", 1, 4, (_, k) => [9, 9, c1, c2][k]),
        anchor,
        velocity,
        squares,
        blocks: lengths.map((length, b) => [length, b]),
      });
      const run = () => bed.ops.ddescend(P, 1, gradient.address, theta.address, rule.address);
      expectDone(bed.call(run, [theta], [velocity], [squares]), optimizer);
      const rateOf = lengths.flatMap((length, b) => new Array<number>(length).fill(b));
      const pull = (p: number) => decay * (x[p] - x0[p]);
      const slope = (p: number) => g[p] + (optimizer === "adam" ? pull(p) : 0);
      const mean = (p: number) => 0.8 * m[p] + 0.2 * slope(p);
      const square = (p: number) => BETA2 * v[p] + (1 - BETA2) * slope(p) ** 2;
      const direction = (p: number) =>
        (mean(p) * c1) / (Math.sqrt(square(p) * c2) + EPSILON) + (optimizer === "adamW" ? pull(p) : 0);
      expectEntries(
        bed.read(theta),
        1,
        P,
        (_, p) => ({ value: x[p] - 0.1 * rateOf[p] * direction(p), bound: 64 * EPS }),
        "theta",
      );
      expectEntries(bed.read(velocity), 1, P, (_, p) => ({ value: mean(p), bound: 8 * EPS }), "first moments");
      expectEntries(bed.read(squares), 1, P, (_, p) => ({ value: square(p), bound: 8 * EPS }), "second moments");
    });
  });

  /** More rows than a pass of the op takes, in no order. */
  const MANY = Array.from({ length: 40 }, (_, i) => (7 * i) % 41);

  /** One step each on batches, of another loss. */
  function batched(bed: Bed, loss: LossCode, batches: number[][], until = -Infinity, d = 2) {
    const [n, m] = [41, 5];
    const P = m * (d + 2) + 1;
    const x = bed.matrix("X", n, d, (i, j) => Math.sin(3 * i + j + 1), d);
    const y = bed.matrix("y", 1, n, (_, i) => (i % 2 ? 1 : -1));
    const [theta, anchor] = [bed.random("theta", 1, P, 2), bed.random("theta0", 1, P, 2)];
    const velocity = bed.matrix("velocity", 1, P);
    const rates = bed.matrix("rates", 1, batches.length, () => 0.1);
    const losses = bed.matrix("losses", 1, batches.length);
    const most = batches.reduce((top, rows) => Math.max(top, rows.length), 0);
    const work = bed.work(bed.ops.dtrainScratchBytes(most, m, d));
    const { rule, room } = ruleOn(bed, { loss, rates, anchor, velocity, batches, rowSize: d + 1, until });
    const info = bed.call(
      () =>
        bed.ops.dtrain(
          ActivationCode.tanh,
          batches.length,
          most,
          m,
          d,
          0.9,
          0.8,
          0.7,
          0.6,
          1,
          0.6,
          0.7,
          0.9,
          0.8,
          x.address,
          y.address,
          theta.address,
          losses.address,
          1e300,
          rule.address,
          work.address,
        ),
      [theta],
      [losses],
      [work],
      ...(room ? [[room] as [Block]] : []),
    );
    return {
      info,
      theta: bed.read(theta),
      losses: bed.read(losses),
      x: bed.read(x),
      y: bed.read(y),
      start: bed.read(anchor),
    };
  }

  test.each(["squared", "logistic", "huber"] as const)("batches of the %s loss: the mean over their rows", (name) => {
    const batches = [[8, 0, 3, 5, 1], [2, 7], [6], MANY];
    const got = onBed(context, (bed) => batched(bed, LossCode[name], batches));
    expectDone(got.info, name);
    const theta = [...got.start];
    const [m, d] = [5, 2];
    for (const [k, rows] of batches.entries()) {
      const { loss, slope } = textbookStep(
        name,
        theta,
        rows.map((i) => ({ x: got.x.subarray(i * d, i * d + d), y: got.y[i] })),
        m,
        d,
      );
      expect(Math.abs(got.losses[k] - loss), `loss of batch ${k}`).toBeLessThan(1e-14);
      for (let p = 0; p < theta.length; p++) theta[p] -= 0.1 * slope[p];
    }
    // Four steps of means of terms of size one.
    expectEntries(got.theta, 1, theta.length, (_, p) => ({ value: theta[p], bound: 200 * EPS }), "theta");
  });

  test("a loss that is small enough stops it before its step", () => {
    const batches = [[0, 1, 2], [3, 4], [5]];
    const all = onBed(context, (bed) => batched(bed, LossCode.huber, batches));
    const stopped = onBed(context, (bed) =>
      batched(bed, LossCode.huber, batches.slice(0, 2), Math.max(all.losses[0], all.losses[1])),
    );
    expect(stopped.info).toBe(1);
    expectSameBits(stopped.theta, stopped.start, "theta");
    const [first] = all.losses;
    const at = (until: number) =>
      onBed(context, (bed) => batched(bed, LossCode.huber, batches.slice(0, 1), until)).info;
    expect(at(first), "the loss itself is small enough").toBe(1);
    expect(at(first * (1 - EPS)), "a loss that is just above").toBe(0);
  });
});

/** The mean loss and its gradient of the network of `batched`, entry by entry. */
function textbookStep(
  name: "squared" | "logistic" | "huber",
  theta: number[],
  points: { x: ArrayLike<number>; y: number }[],
  m: number,
  d: number,
) {
  const slope = theta.map(() => 0);
  let loss = 0;
  for (const { x, y } of points) {
    const units = Array.from({ length: m }, (_, j) => {
      let z = 0.8 * theta[1 + m + m * d + j];
      for (let t = 0; t < d; t++) z += 0.9 * theta[1 + m + j * d + t] * x[t];
      return Math.tanh(z);
    });
    const f = 0.6 * theta[0] + 0.7 * units.reduce((sum, s, j) => sum + theta[1 + j] * s, 0);
    const {
      value,
      slopes: [v],
    } = pointLoss(name, [f], [y]);
    loss += value / points.length;
    const w = v / points.length;
    slope[0] += 0.6 * w;
    units.forEach((s, j) => {
      const g = 0.7 * theta[1 + j] * (1 - s * s);
      slope[1 + j] += 0.7 * w * s;
      for (let t = 0; t < d; t++) slope[1 + m + j * d + t] += 0.9 * w * g * x[t];
      slope[1 + m + m * d + j] += 0.8 * w * g;
    });
  }
  return { loss, slope };
}
