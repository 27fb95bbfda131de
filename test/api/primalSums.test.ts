/** Sums over blocks of rows, and the fit that they give. */
import { beforeAll, describe, expect, test } from "vitest";
import { addSums, createNetwork, type Matrix, type Ntk, type PrimalSums } from "../../src/index.js";
import { rowsOf } from "../../src/matrix.js";
import { toRows } from "../oracle/dense.js";
import { expectNear, expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 90;
const nets = [
  ["one hidden layer", createNetwork({ inputs: 2, hidden: 6, biasStd: 1, activation: "tanh", seed: 4 })],
  [
    "deep, two outputs, rates",
    createNetwork({ inputs: 2, hidden: [4, 3], outputs: 2, biasStd: 1, rates: [1, 0.5, 2], seed: 5 }),
  ],
] as const;

/** X, Y with noise that no fit explains. */
function data(outputs: number): { X: Matrix; Y: Matrix } {
  const [X, noise] = [randomMatrix(N, 2, 1, 2), randomMatrix(N, outputs, 7, 0.5)];
  const Y = { ...noise, data: noise.data.map((e, i) => Math.sin(2 * X.data[i % (2 * N)]) + e) };
  return { X, Y };
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  describe.each(nets)("%s", (_, net) => {
    const { outputs: C } = net;
    const P = net.parameters.length;
    const { X, Y } = data(C);
    const T = randomMatrix(5, 2, 2, 2);

    test.each([false, true])("sums are those of the Jacobian, centered %s", (centered) => {
      const plain = createNetwork({ ...net, rates: 1 });
      const sums = ntk.primalSums(plain, X, Y, { centered });
      const Phi = toRows(ntk.jacobian(plain, X));
      const start = ntk.forward(plain, X).data;
      const r = Y.data.map((y, i) => (centered ? y : y - start[i]));
      const gram = Phi[0].map((_, i) => Phi[0].map((_, j) => Phi.reduce((sum, row) => sum + row[i] * row[j], 0)));
      const moment = Phi[0].map((_, i) => Phi.reduce((sum, row, n) => sum + row[i] * r[n], 0));
      const squares = Array.from({ length: C }, (_, c) => r.reduce((sum, x, i) => sum + (i % C === c ? x * x : 0), 0));
      const allowed = 4 * N * C * Number.EPSILON;
      expect(sums).toMatchObject({ rows: N, centered, gram: { rows: P, cols: P }, moment: { rows: P, cols: 1 } });
      expectNear(sums.gram.data, gram.flat(), allowed * sums.gram.data.reduce((a, b) => Math.max(a, b)), "ΦᵀΦ: NCε");
      expectNear(sums.moment.data, moment, allowed * Math.sqrt(sums.gram.data[0] * N + N), "Φᵀr: NCε of its terms");
      expectRelative(sums.squares, squares, allowed, "rᵀr: NCε");
      const mirrored = toRows(sums.gram).every((row, i) => row.every((x, j) => x === sums.gram.data[j * P + i]));
      expect(mirrored, "ΦᵀΦ is symmetric to the bit").toBe(true);
    });

    test.each([
      [1e-2, false],
      [3, true],
    ])("the fit is that of solver primal: ridge %s, centered %s", (ridge, centered) => {
      using whole = ntk.fit(net, X, Y, { ridge, centered, solver: "primal", scale: "fit" });
      const blocks = [0, 40, 41, N];
      const parts = blocks
        .slice(1)
        .map((end, k) => [rowsOf(X, blocks[k], end - blocks[k]), rowsOf(Y, blocks[k], end - blocks[k])] as const)
        .map(([x, y]) => ntk.primalSums(net, x, y, { centered }));
      const sums = parts.reduce<PrimalSums>(
        addSums as (a: PrimalSums, b: PrimalSums) => PrimalSums,
        parts.shift() as PrimalSums,
      );
      using fit = ntk.fitSums(net, structuredClone(sums), { ridge, scale: "fit" });
      expect(fit.report).toMatchObject({ solver: "primal", rows: N, features: P, ridge, notes: [] });
      const condition = whole.report.conditionNumber as number;
      const allowed = 16 * N * Number.EPSILON * condition;
      for (const key of ["scale", "degreesOfFreedom", "logEvidence", "logEvidenceProfiled"] as const)
        expectRelative([fit.report[key] as number], [whole.report[key] as number], allowed, `${key}: Nεκ`);
      expectRelative([fit.report.conditionNumber as number], [condition], allowed, "conditionNumber: Nεκ");
      expect(fit.report.rank).toBe(whole.report.rank);
      expect(fit.report.backwardError).toBeLessThan(P * Number.EPSILON);
      const options = { covariance: true, noise: true } as const;
      const [got, want] = [fit.predict(T, options), whole.predict(T, options)];
      expectNear(got.mean.data, want.mean.data, allowed, "mean: Nεκ");
      expectNear(got.variance.data, want.variance.data, allowed, "variance: Nεκ");
      expectNear(got.covariance.data, want.covariance.data, allowed, "covariance: Nεκ");
      expectNear(fit.parameters(), whole.parameters(), allowed, "weights: Nεκ");
      const given = Float64Array.from({ length: T.rows }, (_, i) => i);
      expectNear(
        fit.predict(T, { noise: given }).variance.data,
        whole.predict(T, { noise: given }).variance.data,
        allowed,
        "variance with given noise",
      );
    });
  });
});
