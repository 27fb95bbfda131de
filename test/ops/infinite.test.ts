/**
 * dunit, dcovariance, dmoments, ddual: the dual activations against quadrature and 50-digit formulas
 * (scripts/dualActivations.py).
 */
import { describe, expect, test } from "vitest";
import { termsFor } from "../../src/kernel/infinite/seriesTerms.js";
import { rowOf } from "../../src/model/activation.js";
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "../../src/model/probit.js";
import { ActivationCode } from "../../src/ops.js";
import { EXAMPLE, NAMES } from "../oracle/activations.js";
import { loadContext, variants } from "../setup/variants.js";
import golden from "../vectors/dualActivations.json" with { type: "json" };
import { type Bed, EPS, expectDone, expectEntries, onBed } from "./harness.js";

type Case = (typeof golden.cases)[number];
type Way = "closed form" | "series" | "double sum";
const WAYS = NAMES.flatMap((name): { name: typeof name; way: Way }[] =>
  rowOf(EXAMPLE[name]).mixture
    ? [
        { name, way: "series" },
        { name, way: "double sum" },
      ]
    : [{ name, way: "closed form" }],
);

/** Ṫ of these may be small among large terms: it is a sum over slopes of both signs. */
const cancels = (name: string) => /^(hermite|cos|sin 2|abs)/.test(name);

const nodesOn = (bed: Bed) => bed.matrix("nodes", 1, 48, (_, j) => [...PROBIT_SCALES, ...PROBIT_WEIGHTS][j], 48);

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** T and Ṫ of one pair, in one of four columns that differ. */
  function dualActivation({ activation, a, b, c, delta }: Case, way: Way, lane: number): [number, number] | undefined {
    return onBed(context, (bed) => {
      const { scale = 1, slopes = false } = rowOf(EXAMPLE[activation]).mixture ?? {};
      const terms = way === "series" ? termsFor(scale * a, scale * b, slopes) : 0;
      if (way === "series" && !terms) return undefined;
      const argument = bed.activation(activation);
      const nodes = nodesOn(bed);
      const rows = bed.matrix("a", 1, 4, () => a, 4);
      const columns = bed.matrix("b", 1, 4, (_, j) => (j === lane ? b : b * (1 + j)), 4);
      const C = bed.matrix("C", 1, 4, (_, j) => (j === lane ? c : 0), 4);
      const D = bed.matrix("delta", 1, 4, (_, j) => (j === lane ? delta : a * b * (1 + j)), 4);
      const theta = bed.matrix("theta", 1, 4, () => 1, 4);
      const tables = [rows, columns].map((points) => {
        const table = bed.matrix("moments", 1, (terms + 2) * 4, undefined, (terms + 2) * 4);
        if (terms)
          expectDone(
            bed.call(() => bed.ops.dmoments(4, points.address, scale, nodes.address, terms, table.address), [table]),
            "dmoments",
          );
        return terms ? table.address : 0;
      });
      const work = bed.work(bed.ops.ddualScratchBytes(terms));
      const info = bed.call(
        () =>
          bed.ops.ddual(
            argument,
            0,
            1,
            4,
            0,
            nodes.address,
            terms,
            terms,
            rows.address,
            tables[0],
            columns.address,
            tables[1],
            0,
            0,
            C.address,
            4,
            D.address,
            4,
            theta.address,
            4,
            1,
            0,
            0,
            0,
            work.address,
          ),
        [C],
        [theta],
        [work],
      );
      expectDone(info, `ddual, ${activation}, ${way}, a = ${a}, b = ${b}, c = ${c}`);
      return [bed.read(C)[lane], bed.read(theta)[lane]];
    });
  }

  test.each(WAYS)("$name, $way: to 1e-12 at every variance", ({ name, way }) => {
    let count = 0;
    golden.cases.forEach((entry, i) => {
      if (entry.activation !== name) return;
      const got = dualActivation(entry, way, i % 4);
      if (!got) return;
      count++;
      const where = `a ${entry.a} b ${entry.b} rho ${entry.rho}`;
      expect(Math.abs(got[0] - entry.T) / entry.size, `T, ${where}`).toBeLessThanOrEqual(1e-12);
      // Where slopes of either sign cancel (MATH.md §6), the size of Ṫ counts.
      const size = cancels(name) ? entry.slopeSize : Math.abs(entry.S);
      expect(Math.abs(got[1] - entry.S) / (size || 1), `Ṫ, ${where}`).toBeLessThanOrEqual(1e-12);
    });
    // The series serves all variances to 30 but for tanh, whose variances count fourfold, and pairs with one of them.
    const why = `cases of ${name} in test/vectors/dualActivations.json, which scripts/dualActivations.py writes`;
    expect(count, why).toBeGreaterThanOrEqual(way === "series" ? 54 : name === "exp" ? 81 : 108);
  });

  test("an unknown activation is refused", () => {
    onBed(context, (bed) => {
      const x = bed.matrix("x", 1, 4, () => 1, 4);
      const work = bed.work(bed.ops.ddualScratchBytes(0));
      const at = x.address;
      const call = (code: number) =>
        bed.ops.ddual(code, 0, 1, 4, 0, at, 0, 0, at, 0, at, 0, 0, 0, at, 4, at, 4, 0, 4, 1, 0, 0, 0, work.address);
      expect([-1, ActivationCode.leakyRelu, 99].map(call)).toEqual([-1, -1, -1]);
    });
  });

  test("dmoments: sums over the nodes, in groups of four", () => {
    onBed(context, (bed) => {
      const [n, terms] = [6, 5];
      const nodes = nodesOn(bed);
      const a = bed.matrix("a", 1, n, (_, j) => [0, 1e-6, 0.5, 3, 40, 1e6][j], n);
      const table = bed.matrix("moments", 2, (terms + 2) * 4, undefined, (terms + 2) * 4);
      expectDone(
        bed.call(() => bed.ops.dmoments(n, a.address, 2, nodes.address, terms, table.address), [table]),
        "dmoments",
      );
      const [A, M] = [bed.read(a), bed.read(table)];
      for (let i = 0; i < n; i++) {
        const slot = (k: number) => M[Math.floor(i / 4) * (terms + 2) * 4 + k * 4 + (i % 4)];
        const x = 2 * A[i];
        for (let k = 0; k <= terms; k++) {
          const want = PROBIT_SCALES.reduce((sum, s, j) => {
            const u = s / Math.sqrt(1 + s * s * x);
            return sum + PROBIT_WEIGHTS[j] * u * (u * Math.sqrt(x)) ** (2 * k);
          }, 0);
          expect(
            Math.abs(slot(k) - want),
            `moment ${k} at ${A[i]}: ${slot(k)}, expected ${want}, sums of 24 terms, each a power`,
          ).toBeLessThanOrEqual(100 * EPS * want);
        }
        const mean = PROBIT_SCALES.reduce((sum, s, j) => sum + PROBIT_WEIGHTS[j] * Math.sqrt(x + 1 / s ** 2), 0);
        expect(slot(terms + 1)).toBeCloseTo(mean / Math.sqrt(2 * Math.PI), 12);
      }
    });
  });

  describe.each([true, false])("first covariances, few inputs: %s", (few) => {
    const d = 3;
    const points = [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3 + 2 ** -40],
      [-1, -2, -3],
      [0, 0, 0],
      [100, 200, 300],
      [0.3, -1, 0.2],
    ];
    const n = points.length;
    test.each([
      [0.5, 0],
      [0.7, 0.25],
    ])("alpha %d, beta %d", (alpha, beta) => {
      onBed(context, (bed) => {
        const x = bed.matrix("X", n, d, (i, j) => points[i][j]);
        const a = bed.matrix("a", 1, 8, () => 0, 8);
        const u = bed.matrix("U", n, d + 1);
        expectDone(
          bed.call(() => bed.ops.dunit(n, d, alpha, beta, x.address, x.ld, a.address, u.address, u.ld), [a], [u]),
          "dunit",
        );
        const transposed = bed.matrix("UT", d + 1, 8, () => 0, 8);
        expectDone(
          bed.call(() => bed.ops.dtranspose(n, d + 1, u.address, u.ld, transposed.address, 8), [transposed]),
          "dtranspose",
        );
        const c = bed.matrix("C", n, 8, () => 0, 8);
        const delta = bed.matrix("delta", n, 8, () => 0, 8);
        const work = bed.work(bed.ops.dgemmScratchBytes(n, n, d + 1));
        if (!few) {
          const run = () =>
            bed.ops.dgemm(0, 1, 0, n, n, d + 1, 1, u.address, u.ld, u.address, u.ld, 0, c.address, c.ld, work.address);
          expectDone(bed.call(run, [c], [work]), "dgemm");
        }
        const run = () =>
          bed.ops.dcovariance(
            0,
            n,
            n,
            d + 1,
            a.address,
            u.address,
            u.ld,
            a.address,
            u.address,
            u.ld,
            few ? transposed.address : 0,
            8,
            c.address,
            8,
            delta.address,
            8,
          );
        expectDone(bed.call(run, [c], [delta]), `dcovariance, ${n} points, ${d} inputs`);
        const [A, C, D] = [bed.read(a), bed.read(c), bed.read(delta)];
        const dot = (p: number[], q: number[]) => p.reduce((sum, value, t) => sum + value * q[t], 0);
        const variance = (i: number) => alpha * dot(points[i], points[i]) + beta;
        const entry = (i: number, j: number) => {
          const size = Math.sqrt(variance(i) * variance(j));
          return { value: alpha * dot(points[i], points[j]) + beta, bound: 8 * EPS * size };
        };
        const square = (values: Float64Array) =>
          Float64Array.from({ length: n * n }, (_, at) => values[Math.floor(at / n) * 8 + (at % n)]);
        expectEntries(square(C), n, n, entry, "C");
        // ab − c² by Lagrange's identity: sums of squares of 2×2 minors, no cancellation.
        const exact = (i: number, j: number) => {
          const [p, q] = [i, j].map((k) => [...points[k].map((value) => Math.sqrt(alpha) * value), Math.sqrt(beta)]);
          let sum = 0;
          for (let s = 0; s <= d; s++) for (let t = 0; t < s; t++) sum += (p[s] * q[t] - p[t] * q[s]) ** 2;
          return sum;
        };
        // An angle is right to a few ε: so is √delta, in units of √(ab).
        const root = (i: number, j: number) => ({
          value: Math.sqrt(exact(i, j)),
          bound: 16 * EPS * Math.sqrt(variance(i) * variance(j)),
        });
        expectEntries(square(D).map(Math.sqrt), n, n, root, "√delta");
        for (const i of [0, 1]) for (const j of [0, 1]) expect([C[i * 8 + j], D[i * 8 + j]]).toEqual([A[0], 0]);
        expect(beta === 0 ? [A[4], C[4], C[4 * 8 + 4]] : []).toEqual(beta === 0 ? [0, 0, 0] : []);
      });
    });
  });
});
