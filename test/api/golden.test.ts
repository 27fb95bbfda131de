/** The public API against the golden vectors, on every variant. */
import { describe, expect, test } from "vitest";
import { type Activation, createNetwork, type Network } from "../../src/index.js";
import { expectClose, type Golden, maxAbs, toMatrix } from "../setup/golden.js";
import { loadVariant, variants } from "../setup/variants.js";
import relu from "../vectors/01_onehidden_relu.json" with { type: "json" };
import sigmoid from "../vectors/01_onehidden_sigmoid.json" with { type: "json" };
import tanh from "../vectors/01_onehidden_tanh.json" with { type: "json" };
import mlpNtk from "../vectors/02_mlp_ntk_L2.json" with { type: "json" };
import mlpStandard from "../vectors/02_mlp_standard_L2.json" with { type: "json" };
import ridge from "../vectors/04_ridge.json" with { type: "json" };
import eigh from "../vectors/07_eigh.json" with { type: "json" };

type Tol = Record<string, { rtol: number; atol: number }>;
type Arrays = Record<string, Golden>;
interface Case {
  name: string;
  inputs: unknown;
  expected: unknown;
  tol: unknown;
}

function mlp(c: {
  activation: string;
  parametrization: string;
  widths: number[];
  W_std: number;
  b_std: number;
  inputs: { layers: { W: Golden; b: Golden }[] };
}): Network {
  const [first, last] = c.inputs.layers;
  const options = {
    inputs: c.widths[0],
    hidden: c.widths[1],
    outputs: c.widths[2],
    activation: c.activation as Activation,
    parameters: [...last.b.data, ...last.W.data, ...first.W.data, ...first.b.data],
  };
  return c.parametrization === "ntk"
    ? createNetwork({ ...options, parametrization: "ntk", weightStd: c.W_std, biasStd: c.b_std })
    : createNetwork(options);
}

describe.each(variants)("%s", (variant) => {
  describe.each(
    [relu, sigmoid, tanh].flatMap(
      ({ cases }) => cases as unknown as (Case & { activation: Activation; d: number; m: number })[],
    ),
  )("$name", ({ activation, d, m, ...rest }) => {
    test("forward, jacobian, kernel", async () => {
      const { inputs, expected, tol } = rest as unknown as { inputs: Arrays; expected: Arrays; tol: Tol };
      const ntk = await loadVariant(variant);
      const net = createNetwork({ inputs: d, hidden: m, activation, parameters: inputs.theta.data });
      const [X, T] = [toMatrix(inputs.x_train), toMatrix(inputs.x_test)];
      const results: Record<string, ArrayLike<number>> = {
        f_train: ntk.forward(net, X).data,
        f_test: ntk.forward(net, T).data,
        jac_train: ntk.jacobian(net, X).data,
        K_train_train: ntk.kernel(net, X).data,
        K_test_train: ntk.kernel(net, T, X).data,
        K_test_test: ntk.kernel(net, T).data,
      };
      // Of wide Jacobians the file keeps the first rows.
      for (const key of Object.keys(expected)) {
        const want = expected[key].data;
        expectClose(Array.from(results[key]).slice(0, want.length), want, tol[key], key);
      }
    });
  });

  test.each([...mlpNtk.cases, ...mlpStandard.cases])("$name", async (c) => {
    const ntk = await loadVariant(variant);
    const net = mlp(c);
    const [X, T] = [toMatrix(c.inputs.x_train), toMatrix(c.inputs.x_test)];
    const close = (got: ArrayLike<number>, key: keyof typeof c.expected) =>
      expectClose(got, (c.expected[key] as Golden).data, (c.tol as Tol)[key], key);
    close(ntk.forward(net, X).data, "f_train");
    close(ntk.forward(net, T).data, "f_test");
    close(ntk.kernel(net, X, X, { outputs: "full" }).data, "K_train_train");
    close(ntk.kernel(net, T, X, { outputs: "full" }).data, "K_test_train");
    close(ntk.kernel(net, X).data, "K_train_train_trace_mean");
    close(ntk.kernel(net, T, X).data, "K_test_train_trace_mean");
  });

  test.each(ridge.cases as unknown as Case[])("ridge $name", async ({ inputs, expected, tol }) => {
    const ntk = await loadVariant(variant);
    const { K, y, lambda, K_test_train, K_test_test } = inputs as unknown as Arrays & { lambda: number };
    const want = expected as unknown as Arrays & Record<string, number>;
    const allowed = tol as Tol;
    const n = K.shape[0];
    const tests = K_test_train?.shape[0] ?? 0;
    // Points are their own indices; test points come after the training points.
    const model = {
      kernel(A: { data: Float64Array }, B: { data: Float64Array }) {
        const data = Float64Array.from({ length: A.data.length * B.data.length }, (_, at) => {
          const i = A.data[Math.floor(at / B.data.length)];
          const j = B.data[at % B.data.length];
          if (i < n && j < n) return K.data[i * n + j];
          if (i >= n && j >= n) return K_test_test.data[(i - n) * tests + j - n];
          return i >= n ? K_test_train.data[(i - n) * n + j] : K_test_train.data[(j - n) * n + i];
        });
        return { data, rows: A.data.length, cols: B.data.length };
      },
    };
    const X = Float64Array.from({ length: n }, (_, i) => i);
    using fit = ntk.fit(model, X, toMatrix(y), { ridge: lambda });
    const { report } = fit;
    expect(report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
      10 * n * Number.EPSILON,
    );
    if (want.alpha)
      expectClose((fit.toJSON() as { dualWeights: number[] }).dualWeights, want.alpha.data, allowed.alpha, "alpha");
    if (report.logEvidence !== undefined) {
      expectClose(
        [report.logEvidence],
        [want.log_marginal_likelihood_sum],
        allowed.log_marginal_likelihood_sum,
        "evidence",
      );
    }
    expectClose([report.degreesOfFreedom ?? Number.NaN], [want.dof_trace_hat], allowed.dof_trace_hat, "dof");
    expectClose(report.looResiduals?.data ?? [], want.loo_residuals.data, allowed.loo_residuals, "loo");
    if (tests > 0) {
      const P = Float64Array.from({ length: tests }, (_, i) => n + i);
      const { mean, covariance } = fit.predict(P, { covariance: true });
      if (want.posterior_mean)
        expectClose(mean.data, want.posterior_mean.data, allowed.posterior_mean, "posterior mean");
      if (want.posterior_cov)
        expectClose(covariance?.data ?? [], want.posterior_cov.data, allowed.posterior_cov, "posterior covariance");
    }
  });

  test.each(eigh.cases as unknown as Case[])("eigh $name", async ({ inputs, expected, tol }) => {
    const ntk = await loadVariant(variant);
    const { A, n } = inputs as { A?: Golden; A_lower_packed_rows?: Golden; n: number };
    const packed = (inputs as { A_lower_packed_rows?: Golden }).A_lower_packed_rows;
    const S = A ? toMatrix(A) : unpack(packed as Golden, n);
    const { values, vectors } = ntk.eigh(S);
    const want = (expected as { eigenvalues_ascending: Golden }).eigenvalues_ascending;
    expectClose(values, want.data, (tol as Tol).eigenvalues_ascending, "eigenvalues");
    const scale = maxAbs(S.data) * n;
    const SV = ntk.matmul(S, vectors).data;
    const residual = maxAbs(SV.map((x, at) => x - vectors.data[at] * values[at % n]));
    expect(residual, "‖S V − V Λ‖: 8 n ε of n max|S|").toBeLessThanOrEqual(8 * n * Number.EPSILON * scale);
    const VtV = ntk.matmul({ data: transpose(vectors.data, n), rows: n, cols: n }, vectors).data;
    expect(maxAbs(VtV.map((x, at) => x - (at % (n + 1) === 0 ? 1 : 0))), "‖V Vᵀ − I‖: 8 n ε").toBeLessThanOrEqual(
      8 * n * Number.EPSILON,
    );
  });
});

function unpack({ data }: Golden, n: number) {
  const S = { data: new Float64Array(n * n), rows: n, cols: n };
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j <= i; j++, at++) S.data[i * n + j] = S.data[j * n + i] = data[at];
  return S;
}

function transpose(data: Float64Array, n: number): Float64Array {
  return data.map((_, at) => data[(at % n) * n + Math.floor(at / n)]);
}
