// ntk-wasm itself, its public calls, as any other contender: `float64` and `float32` on the variant that load() picks
// here, and plain JavaScript (or another variant, by its name). A package inside a package cannot refer to the outer
// one by name: this imports the file that "ntk-wasm" exports.
import { load } from "../../dist/ntk-wasm.js";

export const variants = ["float64", "float32", "js"];

export async function create(variant, threads) {
  const ntk = await load(variant.startsWith("float") ? { precision: variant, threads } : { variant });
  return {
    name: "ntk-wasm",
    version: ntk.variant,
    precision: variant === "float32" ? variant : "float64",
    threads: ntk.threads,
    read: (part) => part.data ?? part,
    kernel: ({ net }, X) => () => ntk.kernel(net, X),
    deepKernel: ({ net }, X) => () => ntk.kernel(net, X),
    fit: ({ net }, X, Y, X2, ridge) => () => {
      const fit = ntk.fit(net, X, Y, { ridge, centered: true });
      const { mean } = fit.predict(X2, { variance: false });
      fit.dispose();
      return mean;
    },
    gemm: (A, B) => () => ntk.matmul(A, B),
    cholesky: (A) => () => ntk.cholesky(A),
    solve: (A, B) => () => ntk.solve(A, B),
    eigh: (A) => () => {
      const { values, vectors } = ntk.eigh(A);
      return [values, vectors];
    },
  };
}
