/** dbatch: the bits of separate calls, which the suites of the single ops check; statuses, and what it writes. */
import { afterAll, describe, expect, test } from "vitest";
import { Arena } from "../../src/arena.js";
import { createTeam } from "../../src/backend/atOnce.js";
import { whyNotShared } from "../../src/backend/threads/choose.js";
import type { Context } from "../../src/context.js";
import { ActivationCode, BatchCode, type Info, type Ops } from "../../src/ops.js";
import { loadContext, variants } from "../setup/variants.js";
import { type Bed, type Block, expectSameBits, isGuard, onBed } from "./harness.js";
import { ruleOn } from "./rule.js";

/** Doubles of a call, and the place of its status. */
const [CALL, STATUS] = [32, 31];

type Name = keyof typeof BatchCode;
/** A call on a bed: its arguments in order, and the blocks that it writes. */
interface Call {
  args: number[];
  outputs: Block[];
  work: Block;
}

/** dtrain of a network of tanh units. */
function train(bed: Bed, [n, m, d]: number[], at: number, { steps = 4, limit = 1e300, rate = 0.01 } = {}): Call {
  const [bias, momentum] = [at % 2, at % 3 === 0 ? 0.7 : 0];
  const P = m * (d + 1) + (bias ? m + 1 : 0);
  const [x, y] = [bed.random("X", n, d, 1 + at), bed.random("y", 1, n, 2 + at)];
  // Rows of X are packed.
  const packed = bed.matrix("packed X", n, d, (i, j) => bed.read(x)[i * d + j], d);
  const [theta, theta0] = [3, 3].map((seed) => bed.random("theta", 1, P, seed + at));
  const velocity = bed.matrix("velocity", 1, P, momentum ? () => 0 : undefined);
  const rates = bed.matrix("rates", 1, steps, () => rate);
  const losses = bed.matrix("losses", 1, steps);
  const work = bed.work(bed.ops.dtrainScratchBytes(n, m, d));
  const { rule } = ruleOn(bed, { momentum, nesterov: 1, decay: 0.1, rates, anchor: theta0, velocity });
  const places = [packed.address, y.address, theta.address, losses.address, limit, rule.address, work.address];
  // Other rates than the gradient's own for b and the biases.
  const direction = [0.6, 1.4, 0.9, 0.2];
  const args = [ActivationCode.tanh, steps, n, m, d, 0.9, 0.8, 0.7, 0.6, bias, ...direction, ...places];
  return { args, outputs: [theta, losses, ...(momentum ? [velocity] : [])], work };
}

/** dntk, or with n2 points on the right dntkCross. */
function kernel(bed: Bed, cross: boolean, [n, n2, m, d]: number[], at: number, code = ActivationCode.erf): Call {
  const [x, y, w] = [bed.random("X", n, d, 1 + at), bed.random("Y", n2, d, 2 + at), bed.random("W", m, d, 3 + at)];
  const [bias, gain] = [bed.random("bias", 1, m, 4 + at), bed.random("gain", 1, m, 5 + at)];
  const c = bed.matrix("C", n, cross ? n2 : n);
  const work = bed.work(bed.ops.dntkScratchBytes(n, cross ? n2 : n, m, d));
  const right = cross ? [y.address, y.ld] : [];
  const z = [0.7, x.address, x.ld, ...right, w.address, w.ld, 0.5, bias.address, gain.address];
  const args = [code, 0, n, ...(cross ? [n2] : []), m, d, ...z, 1, 0.9, 0.8, 0, 0.3, c.address, c.ld, work.address];
  return { args, outputs: [c], work };
}

/** Makes the calls of `make`, one after the other or as a batch: statuses, and all that was written. */
function run(context: Context, name: Name, make: (bed: Bed) => Call[], batched: boolean) {
  return onBed(context, (bed) => {
    const calls = make(bed);
    const writes = calls.flatMap(({ outputs, work }) => [...outputs, work]).map((block): [Block] => [block]);
    let statuses: Info[];
    if (batched) {
      // What is left of a record is guard.
      const records = bed.matrix("calls", calls.length, CALL, undefined, CALL);
      // The room of one more call.
      bed.matrix("behind", 1, CALL);
      const { buffer } = context.arena.view(records.address, 0);
      for (const [i, { args }] of calls.entries())
        new Float64Array(buffer, records.address + i * CALL * 8, args.length).set(args);
      const batch = () => bed.ops.dbatch(BatchCode[name], calls.length, records.address);
      expect(bed.call(batch, [records, (_, j) => j === STATUS], ...writes)).toBe(0);
      statuses = calls.map((_, i) => bed.read(records)[i * CALL + STATUS]);
    } else {
      const op = bed.ops[name] as (...args: number[]) => Info;
      statuses = calls.map(({ args }) => bed.call(() => op(...args), ...writes));
    }
    return { statuses, outputs: calls.flatMap(({ outputs }) => outputs.map((block) => bed.read(block))) };
  });
}

/** [n, m, d]; the second one takes more scratch alone than shared. */
const TRAINED = [
  [9, 40, 3],
  [1, 60, 1],
  [35, 7, 6],
  [4, 8, 2],
  [3, 1, 1],
  [2, 5, 12],
  [1, 1, 1],
];
/** [n, n2, m, d]. */
const KERNELS = [
  [61, 30, 270, 1],
  [20, 25, 40, 6],
  [13, 6, 1100, 2],
  [5, 9, 7, 3],
  [1, 1, 1, 1],
];
const SUITES: Record<Name, { shapes: number[][]; make: (bed: Bed, shape: number[], at: number) => Call }> = {
  dtrain: { shapes: TRAINED, make: train },
  dntk: { shapes: KERNELS, make: (bed, shape, at) => kernel(bed, false, shape, at) },
  dntkCross: { shapes: KERNELS, make: (bed, shape, at) => kernel(bed, true, shape, at) },
};

const shareable = whyNotShared() === undefined;

describe.each(variants)("%s", (variant) => {
  const alone = loadContext(variant);
  const team = shareable && variant !== "js" ? createTeam(variant, 3) : undefined;
  const shared: Context | undefined = team && {
    ...alone,
    ops: team.backend.ops,
    arena: new Arena(team.backend),
    threads: 3,
  };
  afterAll(() => team?.team.end());

  test.each(Object.entries(SUITES))("%s: the bits of separate calls, and nothing else is written", (name, suite) => {
    for (let count = 0; count <= suite.shapes.length; count++) {
      const make = (bed: Bed) => suite.shapes.slice(0, count).map((shape, at) => suite.make(bed, shape, at));
      const [want, got] = [false, true].map((batched) => run(alone, name as Name, make, batched));
      expect(got.statuses).toEqual(new Array(count).fill(0));
      for (const [i, output] of got.outputs.entries()) expectSameBits(output, want.outputs[i], `${name}, output ${i}`);
    }
  });

  test.runIf(shared)("with threads: the same bits, side by side and one after the other", async () => {
    if (!shared || !team) return;
    await team.team.ready;
    for (const [name, { shapes, make }] of Object.entries(SUITES) as [Name, (typeof SUITES)[Name]][]) {
      const whole = (bed: Bed) => shapes.map((shape, at) => make(bed, shape, at));
      const want = run(alone, name, whole, false);
      // What three threads would not share evenly is shared inside; it is too small for that; everything is.
      for (const leastWork of [0, 1000, 1e12]) {
        team.team.leastWork = leastWork;
        const { regions, units } = team.team.shared;
        const got = run(shared, name, whole, true);
        expect(got.statuses).toEqual(want.statuses);
        for (const [i, output] of got.outputs.entries())
          expectSameBits(output, want.outputs[i], `${name}, output ${i}`);
        const opened = [team.team.shared.regions - regions, team.team.shared.units - units];
        if (leastWork === 0) expect(opened[0]).toBeGreaterThan(1);
        else expect(opened).toEqual(leastWork === 1000 ? [1, shapes.length] : [0, 0]);
      }
    }
    expect(team.team.shared.computed).toBe(team.team.shared.units);
  });

  test("statuses: a run that diverges stops alone, an unknown activation is refused alone", () => {
    const runs = (bed: Bed) => [
      train(bed, [5, 4, 1], 1),
      train(bed, [5, 4, 1], 1, { steps: 6, limit: 1e6, rate: 1e4 }),
      train(bed, [5, 4, 1], 1, { steps: 6, limit: 0 }),
      train(bed, [5, 4, 1], 1),
    ];
    const [want, got] = [false, true].map((batched) => run(alone, "dtrain", runs, batched));
    expect(got.statuses).toEqual(want.statuses);
    expect(got.statuses).toEqual([0, expect.any(Number), 1, 0]);
    expect(got.statuses[1]).toBeGreaterThan(1);
    for (const [i, output] of got.outputs.entries()) expectSameBits(output, want.outputs[i], `output ${i}`);
    const kernels = (bed: Bed) => [6, 99, 6].map((code) => kernel(bed, false, [4, 0, 3, 1], 0, code));
    const refused = run(alone, "dntk", kernels, true);
    expect(refused.statuses).toEqual([0, -1, 0]);
    expectSameBits(refused.outputs[2], refused.outputs[0], "C");
    expect(refused.outputs[1].every(isGuard)).toBe(true);
  });

  test("an unknown op is refused, nothing is written", () => {
    for (const op of [-1, Object.keys(SUITES).length, 99]) {
      onBed(alone, (bed) => {
        const records = bed.matrix("calls", 2, CALL, () => 1, CALL);
        expect(bed.call(() => bed.ops.dbatch(op, 2, records.address))).toBe(-1);
      });
    }
  });

  test("every code names an op", () => {
    const names = Object.keys(BatchCode).filter((name) => Number.isNaN(Number(name)));
    expect(names.sort()).toEqual(Object.keys(SUITES).sort());
    const { ops }: { ops: Ops } = alone;
    for (const name of names) expect(ops[name as Name], name).toBeTypeOf("function");
  });
});
