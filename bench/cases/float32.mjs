// The float32 twins of some cases: same names and flops, float32 ops on resident data, calls on an Ntk with
// precision "float32".
import { createNetwork } from "ntk-wasm";
import { loadInputs, loadNetwork } from "../../dist/kernel/finite/layers.js";
import { features } from "../../dist/kernel/finite/networkOps.js";
import { gemm, gram } from "../../dist/linalg/blas.js";
import { copyIn, scratch } from "../../dist/linalg/view.js";
import { matrix, random } from "../lib/data.mjs";

const precision = "float32";
const wideNet = () => createNetwork({ inputs: 1, hidden: 1000, biasStd: 1, seed: 1 });

export const FLOAT32_CASES = [
  {
    name: "features, σ and σ' of 10⁶ values, float32",
    flops: 0,
    precision,
    op(context) {
      const { hidden, gain } = loadNetwork(context, wideNet(), undefined, 4);
      const X = loadInputs(context, matrix(1000, 1, 1), 4);
      const [S, G] = [scratch(context, 1000, 1000, 4), scratch(context, 1000, 1000, 4)];
      return () => {
        features(hidden[0].code, hidden[0], X, gain, S, G);
        return G.floats()[0];
      };
    },
  },
  {
    name: "kernel N=1000 m=1000 d=1, float32",
    flops: 2e9,
    precision,
    op(context) {
      const A = copyIn(context, random(1000), 1000, 1, 4, "bench");
      const [S, G] = [2, 3].map((seed) => copyIn(context, random(1e6, seed), 1000, 1000, 4, "bench"));
      const K = scratch(context, 1000, 1000, 4);
      return () => {
        gram(K, S, undefined, { beta: 1, gamma: 0, delta: 1 });
        gram(K, G, undefined, { A, alpha: 1, beta: 1, gamma: 1 });
        return K.floats()[0];
      };
    },
    call(ntk) {
      const [net, X] = [wideNet(), matrix(1000, 1, 1)];
      return () => ntk.kernel(net, X).data[0];
    },
  },
  {
    name: "gemm 1000, float32",
    flops: 2e9,
    precision,
    op(context) {
      const [A, B] = [1, 2].map((seed) => copyIn(context, random(1e6, seed), 1000, 1000, 4, "bench"));
      const C = scratch(context, 1000, 1000, 4);
      return () => {
        gemm(1, A, B, 0, C);
        return C.floats()[0];
      };
    },
    call(ntk) {
      const [A, B] = [matrix(1000, 1000, 1), matrix(1000, 1000, 2)];
      return () => ntk.matmul(A, B).data[0];
    },
  },
  ...[precision, "float64"].map((of) => ({
    name: `fit + 1000 means, N=m=1000, ${of}`,
    flops: 2e9 + 1e9 / 3,
    precision: of,
    call(ntk) {
      const [net, X, T] = [wideNet(), matrix(1000, 1, 1), matrix(1000, 1, 9)];
      const Y = { data: X.data.map((x) => Math.sin(3 * x)), rows: 1000, cols: 1 };
      return () => {
        const fit = ntk.fit(net, X, Y, { ridge: 1e-2 });
        const { mean } = fit.predict(T, { variance: false });
        fit.dispose();
        return mean.data[0];
      };
    },
  })),
];
