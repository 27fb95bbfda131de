// The single-precision twins of some cases: same names and flops, float32 ops on resident data, calls on an Ntk with
// precision "float32".
import { createNetwork } from "ntk-wasm";
import { features, loadInputs, loadNetwork } from "../../dist/kernel/finite/layers.js";
import { singles } from "../../dist/linalg/precision.js";
import { matrix, random } from "../lib/data.mjs";

const precision = "float32";
const wideNet = () => createNetwork({ inputs: 1, hidden: 1000, biasStd: 1, seed: 1 });

export const SINGLE_CASES = [
  {
    name: "features, σ and σ' of 10⁶ values, float32",
    flops: 0,
    precision,
    op(context) {
      const real = singles(context);
      const loaded = loadNetwork(context, wideNet(), undefined, real);
      const x = loadInputs(context, matrix(1000, 1, 1), real);
      const [s, g] = [real.alloc(1e6), real.alloc(1e6)];
      return () => {
        features(context, loaded, loaded.hidden[0], x.address, 1000, 0, 1000, loaded.gain, s, g);
        return real.view(g, 1)[0];
      };
    },
  },
  {
    name: "kernel N=1000 m=1000 d=1, float32",
    flops: 2e9,
    precision,
    op(context) {
      const real = singles(context);
      const [x, s, g] = [random(1000), random(1e6, 2), random(1e6, 3)].map((data) => real.copyIn(data, "bench"));
      const [out, work] = [real.alloc(1e6), context.arena.allocBytes(real.gramScratchBytes(1000, 1000, 1000, 1))];
      return () => {
        real.gram(0, 1000, 1000, s, 1000, 0, 0, 0, 0, 1, 0, 1, out, 1000, work);
        real.gram(0, 1000, 1000, g, 1000, 1, 1, x, 1, 1, 1, 0, out, 1000, work);
        return real.view(out, 1)[0];
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
      const real = singles(context);
      const [a, b] = [random(1e6), random(1e6, 2)].map((data) => real.copyIn(data, "bench"));
      const [c, work] = [real.alloc(1e6), context.arena.allocBytes(real.gemmScratchBytes(1000, 1000, 1000))];
      return () => {
        real.gemm(0, 0, 0, 1000, 1000, 1000, 1, a, 1000, b, 1000, 0, c, 1000, work);
        return real.view(c, 1)[0];
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
