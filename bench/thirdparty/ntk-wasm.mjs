// ntk-wasm itself, its public calls, as any other contender: `fastest` is what load() picks here. (A package inside a package
// cannot refer to the outer one by name; this is the file that "ntk-wasm" exports.)
import { load } from "../../dist/index.js";

export const variants = ["fastest", "js"];

export async function create(variant) {
  const ntk = await load(variant === "js" ? { variant } : {});
  return {
    name: "ntk-wasm",
    version: ntk.variant,
    precision: "float64",
    read: (part) => part.data ?? part,
    kernel: ({ net }, X) => () => ntk.kernel(net, X),
    deepKernel: ({ net }, X) => () => ntk.kernel(net, X),
    gemm: (A, B) => () => ntk.matmul(A, B),
    cholesky: (A) => () => ntk.cholesky(A),
    solve: (A, B) => () => ntk.solve(A, B),
    eigh: (A) => () => {
      const { values, vectors } = ntk.eigh(A);
      return [values, vectors];
    },
  };
}
