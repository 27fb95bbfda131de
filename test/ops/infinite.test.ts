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
import { type Bed, type Block, EPS, expectDone, expectEntries, onBed, type Range, rowsIn } from "./harness.js";

type Case = Pick<(typeof golden.cases)[number], "activation" | "a" | "b" | "c" | "delta">;
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

  /** Pairs of five points and six others, in the room of eight; no pair is parallel. */
  const A = [0.5, 1, 2, 0.7, 1.3];
  const B = [0.9, 0.4, 1.7, 1, 0.6, 2.2];
  const covarianceOf = (i: number, j: number) => Math.cos(1 + i + 2 * j) * Math.sqrt(A[i] * B[j]);
  const deltaOf = (i: number, j: number) => A[i] * B[j] * Math.sin(1 + i + 2 * j) ** 2;
  const [WEIGHT, BIAS, SCALE, SHIFT] = [1.3, 0.4, 0.8, 0.2];

  /** What T and Ṫ of a variance with itself, or of a pair, make of a layer. */
  function layerOf(activation: string, way: Way) {
    const pair = (a: number, b: number, c: number, delta: number) => {
      const got = dualActivation({ activation, a, b, c, delta }, way, 2);
      if (!got) throw new Error(`no series for ${activation} at ${a}, ${b}`);
      return got;
    };
    const variance = (a: number) => WEIGHT * pair(a, a, a, 0)[0] + BIAS;
    return { pair, next: A.map(variance), nextOther: B.map(variance) };
  }

  test.each(WAYS)("$name, $way: a layer on rows of pairs, and its diagonal", ({ name, way }) => {
    const { pair, next, nextOther } = layerOf(name, way);
    onBed(context, (bed) => {
      const { scale = 1, slopes = false } = rowOf(EXAMPLE[name]).mixture ?? {};
      const terms = way === "series" ? (termsFor(scale * 2, scale * 2.2, slopes) ?? 0) : 0;
      const held = terms + 2;
      const [code, nodes] = [bed.activation(name), nodesOn(bed)];
      const vector = (label: string, values: number[]) => bed.matrix(label, 1, 8, (_, j) => values[j] ?? 0);
      const [a, b, nextA, nextB] = [
        vector("a", A),
        vector("b", B),
        vector("next a", next),
        vector("next b", nextOther),
      ];
      const tables = [a, b].map((points) => {
        const table = bed.matrix("moments", 1, 2 * (held + 2) * 4);
        if (terms)
          expectDone(
            bed.call(() => bed.ops.dmoments(8, points.address, scale, nodes.address, held, table.address), [table]),
            "dmoments",
          );
        return terms ? table.address : 0;
      });
      const live = (i: number, j: number) => i < A.length && j < B.length;
      const c = bed.matrix("C", A.length, 8, (i, j) => (live(i, j) ? covarianceOf(i, j) : 0));
      const delta = bed.matrix("delta", A.length, 8, (i, j) => (live(i, j) ? deltaOf(i, j) : 0));
      const theta = bed.matrix("theta", A.length, 8, (i, j) => 1 + i - j / 2);
      const diagonal = vector("diagonal", []);
      const work = bed.work(bed.ops.ddualScratchBytes(terms));
      // biome-ignore format: the arguments by matrix
      const layer = ([from, to]: Range) =>
        bed.ops.ddual(
          code, from, to, B.length, 0, nodes.address, terms, held, a.address, tables[0], b.address, tables[1],
          nextA.address, nextB.address, c.address, c.ld, delta.address, delta.ld, theta.address, theta.ld,
          WEIGHT, BIAS, SCALE, SHIFT, work.address,
        );
      const ranges: Range[] = [
        [3, A.length],
        [0, 3],
      ];
      for (const range of ranges) {
        const written = [c, delta, theta].map((block): [Block, (i: number) => boolean] => [block, rowsIn(range)]);
        expectDone(
          bed.call(() => layer(range), ...written, [work]),
          `${name}, rows [${range})`,
        );
      }
      // biome-ignore format: the arguments by matrix
      const own = () =>
        bed.ops.ddual(
          code, 1, A.length, 0, 1, nodes.address, terms, held, a.address, tables[0], a.address, tables[0],
          0, 0, diagonal.address, 0, 0, 0, 0, 0, WEIGHT, BIAS, 0, 0, work.address,
        );
      expectDone(bed.call(own, [diagonal, (_, j) => j > 0 && j < A.length], [work]), `${name}, diagonal`);
      // The same arithmetic as of one pair, but for the order of a few sums.
      const near = 64 * EPS;
      const expected = (value: (i: number, j: number) => { value: number; bound: number }) => (i: number, j: number) =>
        live(i, j) ? value(i, j) : undefined;
      const pairs = A.map((ai, i) => B.map((bj, j) => pair(ai, bj, covarianceOf(i, j), deltaOf(i, j))));
      const covariance = (i: number, j: number) => WEIGHT * pairs[i][j][0] + BIAS;
      expectEntries(
        bed.read(c),
        A.length,
        8,
        expected((i, j) => ({ value: covariance(i, j), bound: near * (Math.abs(covariance(i, j)) + BIAS) })),
        "C",
      );
      expectEntries(
        bed.read(theta),
        A.length,
        8,
        expected((i, j) => {
          const terms = [WEIGHT * (1 + i - j / 2) * pairs[i][j][1], SCALE * pairs[i][j][0], SHIFT];
          const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
          return { value: terms[0] + terms[1] + terms[2], bound: near * size };
        }),
        "theta",
      );
      expectEntries(
        bed.read(delta),
        A.length,
        8,
        expected((i, j) => {
          const size = next[i] * nextOther[j];
          return { value: size - covariance(i, j) ** 2, bound: 4 * near * size };
        }),
        "delta of the next layer",
      );
      const variances = (_: number, j: number) =>
        j > 0 && j < A.length ? { value: next[j], bound: near * Math.abs(next[j]) } : undefined;
      expectEntries(bed.read(diagonal), 1, 8, variances, "diagonal");
    });
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
    const rows = [
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3 + 2 ** -40],
      [-1, -2, -3],
      [0, 0, 0],
      [100, 200, 300],
      [0.3, -1, 0.2],
    ];
    const columns = [...rows].reverse().slice(0, 6);
    const [n, n2] = [rows.length, columns.length];
    test.each([
      [0.5, 0, 3],
      [0.7, 0.25, 3],
      [0.7, 0.25, 2],
      [0.5, 0, 1],
    ])("alpha %d, beta %d, %d inputs", (alpha, beta, d) => {
      onBed(context, (bed) => {
        /** Variances and unit vectors. */
        const unit = (points: number[][], name: string) => {
          const x = bed.matrix(name, points.length, d, (i, j) => points[i][j]);
          const a = bed.matrix(`variances of ${name}`, 1, 8, () => 0);
          const u = bed.matrix(`units of ${name}`, points.length, d + 1);
          const run = () => bed.ops.dunit(points.length, d, alpha, beta, x.address, x.ld, a.address, u.address, u.ld);
          expectDone(bed.call(run, [a, (_, j) => j < points.length], [u]), "dunit");
          return { a, u };
        };
        const [left, right] = [unit(rows, "X"), unit(columns, "Y")];
        const vt = bed.matrix("VT", d + 1, 8, () => 0);
        const { a, u } = left;
        const { a: b, u: v } = right;
        expectDone(
          bed.call(() => bed.ops.dtranspose(n2, d + 1, v.address, v.ld, vt.address, vt.ld), [vt, (_, j) => j < n2]),
          "dtranspose",
        );
        const c = bed.matrix("C", n, 8, () => 0);
        const delta = bed.matrix("delta", n, 8, () => 0);
        const work = bed.work(bed.ops.dgemmScratchBytes(n, n2, d + 1));
        const { ops } = bed;
        if (!few) {
          const run = () =>
            ops.dgemm(0, 1, 0, n, n2, d + 1, 1, u.address, u.ld, v.address, v.ld, 0, c.address, c.ld, work.address);
          expectDone(bed.call(run, [c], [work]), "dgemm");
        }
        const transposed = few ? vt.address : 0;
        // biome-ignore format: the arguments by matrix
        const covariance = ([from, to]: Range) =>
          ops.dcovariance(
            from, to, n2, d + 1, a.address, u.address, u.ld, b.address, v.address, v.ld, transposed, vt.ld,
            c.address, c.ld, delta.address, delta.ld,
          );
        const ranges: Range[] = [
          [4, n],
          [0, 1],
          [1, 4],
        ];
        for (const range of ranges) {
          const info = bed.call(() => covariance(range), [c, rowsIn(range)], [delta, rowsIn(range)]);
          expectDone(info, `dcovariance, rows [${range}), ${d} inputs`);
        }
        const [A, C, D] = [bed.read(a), bed.read(c), bed.read(delta)];
        const dot = (p: number[], q: number[]) => p.slice(0, d).reduce((sum, value, t) => sum + value * q[t], 0);
        const variance = (p: number[]) => alpha * dot(p, p) + beta;
        const size = (i: number, j: number) => Math.sqrt(variance(rows[i]) * variance(columns[j]));
        const entry = (i: number, j: number) => ({
          value: alpha * dot(rows[i], columns[j]) + beta,
          bound: 8 * EPS * size(i, j),
        });
        const live = (values: Float64Array) =>
          Float64Array.from({ length: n * n2 }, (_, at) => values[Math.floor(at / n2) * 8 + (at % n2)]);
        expectEntries(live(C), n, n2, entry, "C");
        // ab − c² by Lagrange's identity: sums of squares of 2×2 minors, no cancellation.
        const exact = (i: number, j: number) => {
          const scaled = (p: number[]) => [...p.slice(0, d).map((x) => Math.sqrt(alpha) * x), Math.sqrt(beta)];
          const [p, q] = [scaled(rows[i]), scaled(columns[j])];
          let sum = 0;
          for (let s = 0; s <= d; s++) for (let t = 0; t < s; t++) sum += (p[s] * q[t] - p[t] * q[s]) ** 2;
          return sum;
        };
        // An angle is right to a few ε: so is √delta, in units of √(ab).
        const root = (i: number, j: number) => ({ value: Math.sqrt(exact(i, j)), bound: 16 * EPS * size(i, j) });
        expectEntries(live(D).map(Math.sqrt), n, n2, root, "√delta");
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n2; j++)
            if (rows[i].slice(0, d).every((x, t) => x === columns[j][t]))
              expect([C[i * 8 + j], D[i * 8 + j]], `twins ${i}, ${j}`).toEqual([A[i], 0]);
        expect(beta === 0 ? A[4] : 0).toBe(0);
      });
    });
  });
});
