/** Conjugate gradients and minimum-norm Lanczos on small matrices: answers, counts of steps, and how they give up. */
import { describe, expect, test } from "vitest";
import { conjugateGradients, conjugateSteps, together } from "../../src/linalg/conjugateGradients.js";
import { minimumNormSteps, tridiagonalModes } from "../../src/linalg/lanczos.js";
import { multiply, type Rows, solve, toRows, transpose } from "../oracle/dense.js";
import { expectNear, expectRelative, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";

const EPS = Number.EPSILON;
const product = (A: Rows, v: ArrayLike<number>) =>
  Float64Array.from(A, (row) => row.reduce((s, x, j) => s + x * v[j], 0));
const column = (b: ArrayLike<number>) => Array.from(b, (value) => [value]);
const normOf = (A: Rows) => Math.max(...A.map((row) => row.reduce((total, x) => total + Math.abs(x), 0)));

function definite(n: number): Rows {
  const G = toRows(randomMatrix(n, n, n, 1));
  return multiply(G, transpose(G)).map((row, i) => row.map((value, j) => value + (i === j ? 1 : 0)));
}

describe("conjugate gradients", () => {
  const operator = (A: Rows, precondition = (r: Float64Array) => r.slice()) => {
    const calls = { products: 0 };
    const times = (v: Float64Array) => {
      calls.products++;
      return product(A, v);
    };
    return { calls, M: { n: A.length, norm: normOf(A), times, precondition } };
  };

  test.each([1, 2, 6, 15])("n = %i: elimination's answer, the backward error that was asked for", (n) => {
    const A = definite(n);
    const b = randomMatrix(1, n, 3).data;
    const want = solve(A, column(b)).flat();
    for (const tolerance of [1e-4, 1e-13]) {
      const { M, calls } = operator(A);
      const { x, converged, iterations } = conjugateGradients(M, b, tolerance, 1000);
      expect(converged).toBe(true);
      const residual = b.map((value, i) => value - product(A, x)[i]);
      expect(maxAbs(residual)).toBeLessThanOrEqual(tolerance * (M.norm * maxAbs(x) + maxAbs(b)) * (1 + 1e-3));
      // One product for each step, and one for the true residual.
      expect(calls.products).toBeGreaterThan(iterations);
      expect(iterations).toBeLessThan(6 * n);
      if (tolerance < 1e-12) expectRelative(x, want, 1e-12 * M.norm, "x, as the condition number has it");
    }
  });

  test("exact in as many steps as there are eigenvalues", () => {
    const A = [1, 1, 1, 4, 4].map((value, i) => [0, 1, 2, 3, 4].map((j) => (i === j ? value : 0)));
    const { M, calls } = operator(A);
    const got = conjugateGradients(M, Float64Array.of(1, 2, 3, 4, 5), 1e-14, 100);
    expect(got.iterations).toBe(2);
    expect(calls.products).toBe(3);
    expectNear(got.x, [1, 2, 3, 1, 1.25], 8 * EPS, "x");
  });

  test("a preconditioner that is the inverse takes one step, also where it is only nearly symmetric", () => {
    const A = definite(8);
    const b = randomMatrix(1, 8, 4).data;
    const exact = operator(A, (r) => Float64Array.from(solve(A, column(r)).flat()));
    expect(conjugateGradients(exact.M, b, 1e-13, 50)).toMatchObject({ iterations: 1, converged: true });
    const rough = operator(A, (r) => Float64Array.from(Float32Array.from(solve(A, column(r)).flat())));
    const got = conjugateGradients(rough.M, b, 1e-14, 50);
    expect(got.converged).toBe(true);
    expect(got.iterations).toBeLessThanOrEqual(4);
  });

  test("a zero right-hand side needs no product", () => {
    const { M, calls } = operator(definite(4));
    const got = conjugateGradients(M, new Float64Array(4), 1e-12, 10);
    expect(got).toEqual({ x: new Float64Array(4), iterations: 0, converged: true });
    expect(calls.products).toBe(0);
  });

  test("too few products, and a matrix that is not positive definite", () => {
    const A = definite(12);
    const b = randomMatrix(1, 12, 5).data;
    const { M } = operator(A);
    expect(conjugateGradients(M, b, 1e-14, 3)).toMatchObject({ iterations: 3, converged: false });
    const [least] = [conjugateGradients(M, b, 1e-14, 1000)];
    expect(conjugateGradients(M, b, 1e-14, least.iterations).converged, "exactly enough").toBe(true);
    expect(conjugateGradients(M, b, 1e-14, least.iterations - 1).converged, "one too few").toBe(false);
    const nothing = { ...operator([[0]]).M, norm: 1 };
    expect(conjugateGradients(nothing, Float64Array.of(1), 1e-12, 10), "M p is 0").toEqual({
      x: new Float64Array(1),
      iterations: 0,
      converged: false,
    });
    const negative = operator([
      [-1, 0],
      [0, 2],
    ]);
    expect(conjugateGradients(negative.M, Float64Array.of(1, 0), 1e-12, 10)).toEqual({
      x: new Float64Array(2),
      iterations: 0,
      converged: false,
    });
  });

  test("a recurrence that has drifted starts again from the true residual", () => {
    const A = definite(5);
    const b = randomMatrix(1, 5, 6).data;
    const run = conjugateSteps({ n: 5, norm: normOf(A), precondition: (r) => r.slice() }, b, 1e-12, 100);
    let step = run.next();
    let [products, lied] = [0, 0];
    while (!step.done) {
      products++;
      const { v, x, iteration, residual } = step.value;
      expect(residual).toBeGreaterThanOrEqual(0);
      expect(iteration).toBeLessThanOrEqual(products);
      // The first three products of a direction are wrong by a tenth.
      const wrong = v !== x && lied < 3;
      if (wrong) lied++;
      step = run.next(product(A, v).map((value) => (wrong ? 1.1 : 1) * value));
    }
    expect(step.value.converged).toBe(true);
    expectRelative(step.value.x, solve(A, column(b)).flat(), 1e-9, "x");
  });

  test("runs side by side share products; each has its own answer", () => {
    const A = definite(6);
    const { M } = operator(A);
    const sides = [randomMatrix(1, 6, 1).data, new Float64Array(6), randomMatrix(1, 6, 2).data];
    const widths: number[] = [];
    const got = together(
      sides.map((b) => conjugateSteps(M, b, 1e-13, 100)),
      (vectors) => {
        widths.push(vectors.length);
        return vectors.map((v) => product(A, v));
      },
    );
    sides.forEach((b, i) => {
      expect(got[i]).toEqual(conjugateGradients(M, b, 1e-13, 100));
    });
    expect(widths[0]).toBe(2);
    expect(Math.min(...widths)).toBeGreaterThan(0);
  });
});

describe.each(variants)("minimum norm, %s", (variant) => {
  const context = loadContext(variant);

  function run(A: Rows, b: Float64Array, most = 1000) {
    const steps = minimumNormSteps(context, b, most);
    let step = steps.next();
    const iterates: Float64Array[] = [];
    const residuals: number[] = [];
    while (!step.done) {
      iterates.push(step.value.x);
      residuals.push(step.value.residual);
      expect(step.value.iteration).toBe(iterates.length - 1);
      step = steps.next(product(A, step.value.v));
    }
    return { ...step.value, iterates, residuals };
  }

  test.each([
    [1, 1],
    [5, 5],
    [9, 4],
    [30, 12],
  ])("n = %i of rank %i: A⁺b, and b's part along the kept modes", (n, rank) => {
    const G = toRows(randomMatrix(n, rank, 2, 1));
    const A = multiply(G, transpose(G));
    const C = multiply(transpose(G), G);
    const b = randomMatrix(1, n, 3).data;
    const got = run(A, b);
    expect(got).toMatchObject({ converged: true, rank });
    // Rounding may hold up the end of the Krylov space by a step.
    expect(got.iterations).toBeLessThanOrEqual(rank + 2);
    const kept = multiply([[...b]], multiply(G, solve(C, transpose(G))))[0];
    const want = multiply([[...b]], multiply(G, solve(C, solve(C, transpose(G)))))[0];
    expectRelative(got.projected, kept, 1e-11, "b along the kept modes");
    expectRelative(got.x, want, 1e-9, "A⁺b");
    expect([...got.iterates[0]]).toEqual(new Array(n).fill(0));
    expect(got.residuals[0]).toBe(1);
    expect(context.arena.scratchBytesInUse).toBe(0);
  });

  test("stops where the change by the next direction is rounding, long before n", () => {
    const n = 120;
    const A = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 + i / n : 0)));
    const b = randomMatrix(1, n, 3).data;
    const got = run(A, b);
    expect(got.converged).toBe(true);
    expect(got.iterations).toBeLessThan(40);
    expectRelative(
      got.x,
      b.map((value, i) => value / A[i][i]),
      n * 4 * EPS,
      "x",
    );
    const few = run(A, b, 5);
    expect(few).toMatchObject({ converged: false, iterations: 5 });
    // The iterate after k products is that of a run of k.
    expectNear(got.iterates[5], few.x, 1e-14, "the iterate after five products");
    // Residuals are looked at after 8 products, 10, 13, …
    const b1 = Math.sqrt(b.reduce((total, value) => total + value * value, 0));
    const rest = b.map((value, i) => value - A[i][i] * run(A, b, 8).x[i]);
    const length = Math.sqrt(rest.reduce((total, value) => total + value * value, 0));
    expect(got.residuals.slice(0, 8)).toEqual(new Array(8).fill(1));
    expect((got.residuals[8] * b1) / length).toBeCloseTo(1, 6);
    expect(got.residuals[9]).toBe(got.residuals[8]);
    expect(got.residuals[10]).toBeLessThan(got.residuals[9]);
  });

  test("nothing to solve", () => {
    expect(run([[2]], new Float64Array(1))).toMatchObject({
      x: new Float64Array(1),
      projected: new Float64Array(1),
      rank: 0,
      iterations: 0,
      converged: true,
    });
  });

  test("tridiagonal modes: T v = λ v", () => {
    context.arena.run(() => {
      const [d, e] = [
        [2, -1, 3, 0.5],
        [1, 0.25, -2],
      ];
      const { values, vectors } = tridiagonalModes(context, d, e);
      const T = d.map((value, i) => d.map((_, j) => (i === j ? value : Math.abs(i - j) === 1 ? e[Math.min(i, j)] : 0)));
      values.forEach((value, k) => {
        const v = vectors.slice(4 * k, 4 * k + 4);
        expectNear(
          product(T, v),
          v.map((x) => value * x),
          32 * EPS,
          `mode ${k}`,
        );
      });
      expect([...values].sort((x, y) => x - y)).toEqual([...values]);
    });
  });
});
