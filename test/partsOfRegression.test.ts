/** A progress of several systems is that of the worst, and gradients of outputs with trends are those of each alone. */
import { expect, test } from "vitest";
import { precomputed, rbfKernel } from "../src/index.js";
import { kernelSource } from "../src/kernel/modelKernel.js";
import { matrix } from "../src/matrix.js";
import { residualProblem } from "../src/problem.js";
import { solvingMatrixFree } from "../src/regression/matrixFree.js";
import { expectNear } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, loadVariant } from "./setup/variants.js";

test("conjugate gradients of several outputs report the largest residual", () => {
  const context = loadContext("simd");
  const n = 24;
  const indices = Array.from({ length: n }, (_, i) => i);
  // Spread so evenly that no low rank takes much of it.
  const model = precomputed(indices.map((i) => indices.map((j) => (i === j ? 1 + i : 0))));
  const X = matrix(n, 1, Float64Array.from(indices));
  const next = randomMatrix(n, 1, 4).data;
  // The first output is along one mode, and is found in one step.
  const easy = indices.map((i) => Number(i === 3));
  const residuals = (columns: readonly ArrayLike<number>[]) => {
    const Y = matrix(n, columns.length, Float64Array.from(indices.flatMap((i) => columns.map((own) => own[i]))));
    const source = kernelSource(context, model, undefined);
    const problem = residualProblem({ model, source, X, Y }, new Float64Array(Y.data.length));
    const found: number[] = [];
    for (const { iteration, residual } of solvingMatrixFree(context, problem, 0.1)) {
      // The last slices tell of the residual of the answer.
      if (residual > 0) found[iteration] ??= residual;
    }
    return found;
  };
  const hard = residuals([next]);
  expect(hard.length).toBeGreaterThan(5);
  expect(residuals([easy]).length).toBeLessThan(hard.length);
  for (const columns of [
    [easy, next],
    [next, easy],
  ]) {
    const both = residuals(columns);
    // The last few are at rounding level themselves.
    expectNear(both.slice(0, 5), hard.slice(0, 5), 1e-12, "the residuals of the output that takes longer");
  }
});

test.each([[[0.1, 0.1]], [[0.1, 0.6]]])(
  "gradients beside a linear mean, ridges %j: each output as it is alone",
  async (ridges) => {
    const ntk = await loadVariant("simd");
    const X = randomMatrix(14, 2, 2);
    const Y = Array.from({ length: 14 }, (_, i) => [Math.sin(3 * X.data[2 * i]), X.data[2 * i + 1] ** 2]);
    const at = randomMatrix(4, 2, 7);
    const model = rbfKernel();
    const ridge = ridges[0] === ridges[1] ? ridges[0] : ridges;
    const both = ntk
      .fit(model, X, Y, { ridge, mean: "linear", solver: "dual" })
      .predict(at, { gradient: true }).gradient;
    for (const [c, own] of ridges.entries()) {
      const y = Y.map((row) => row[c]);
      const fit = ntk.fit(model, X, y, { ridge: own, mean: "linear", solver: "dual" });
      const { gradient } = fit.predict(at, { gradient: true });
      // Different factors of systems with a condition number of at most 14/0.1.
      expectNear(both.mean[c].data, gradient.mean[0].data, 1e-10, `mean of output ${c}`);
      expectNear(both.variance?.[c].data ?? [], gradient.variance?.[0].data ?? [NaN], 1e-10, `variance of output ${c}`);
    }
  },
);
