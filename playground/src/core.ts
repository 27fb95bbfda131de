// The part of `Ntk` that the first views need, over the same functions of the library, so that a visitor's first fit
// does not wait for training, classification, streams and the like: 70 kB instead of 116 kB, gzipped. The other views
// fetch the rest of the library when they are opened (rest.ts).
import type { FitOptions, MatrixLike, Model, Network, Ntk } from "ntk-wasm/slim";
import { Arena } from "../../dist/arena.js";
import { instantiateBackend, variantOf, type WasmModule } from "../../dist/backend/wasmModule.js";
import { checkResult, toMatrix } from "../../dist/check.js";
import type { Context } from "../../dist/context.js";
import { forward, jacobian } from "../../dist/kernel/finite/tangents.js";
import { kernelSource } from "../../dist/kernel/modelKernel.js";
import { cholesky, eigh, matmul, solve } from "../../dist/linalg/dense.js";
import { validateNetwork } from "../../dist/model/network.js";
import type { Backend } from "../../dist/ops.js";
import { fitModel } from "../../dist/regression/fit.js";
import { linearize } from "../../dist/training/linearize.js";

/** What the first views may ask of the library: {@link Ntk} has all of it. */
export type Core = Pick<
  Ntk,
  | "variant"
  | "forward"
  | "jacobian"
  | "linearize"
  | "kernel"
  | "kernelDiagonal"
  | "fit"
  | "matmul"
  | "cholesky"
  | "solve"
  | "eigh"
>;

/** A backend of one thread with a memory of its own. @throws BackendError where the module cannot run here. */
export async function loadCore(module: WasmModule): Promise<Core> {
  const backend = await instantiateBackend(variantOf(module), module, 1);
  return coreOf(backend, {
    ops: backend.ops,
    arena: new Arena(backend),
    precision: "float64",
    threads: 1,
    disposed: false,
  });
}

/** The methods as `Ntk` has them. */
function coreOf(backend: Backend, context: Context): Core {
  const symmetric = (A: MatrixLike) => toMatrix(A, "A", { finite: false });
  const checked = (net: Network, X: MatrixLike) => {
    const own = validateNetwork(net);
    return [own, toMatrix(X, "X", { cols: own.inputs })] as const;
  };
  const sourceFor = (model: Model, X: MatrixLike, outputs: "full" | "average" = "average") => {
    const source = kernelSource(context, model, outputs);
    return [source, toMatrix(X, "X", source.inputs === undefined ? {} : { cols: source.inputs })] as const;
  };
  return {
    variant: backend.variant,
    forward: (net, X) => checkResult(forward(context, ...checked(net, X)), "forward(net, X)"),
    jacobian: (net, X) => checkResult(jacobian(context, ...checked(net, X)), "jacobian(net, X)"),
    linearize: (net) => linearize(context, net, () => {}),
    kernel: (model, X, X2, { outputs } = {}) => {
      const [source, A] = sourceFor(model, X, outputs);
      const K = X2 === undefined || X2 === X ? source.square(A) : source.cross(A, toMatrix(X2, "X2", { cols: A.cols }));
      return checkResult(K, "kernel(model, X, X2)", { infinite: true });
    },
    kernelDiagonal: (model, X, { outputs } = {}) => {
      const [source, A] = sourceFor(model, X, outputs);
      return source.diagonal(A).slice();
    },
    fit: (model: Model, X: MatrixLike, Y: MatrixLike, options: FitOptions = {}) =>
      fitModel(context, model, X, Y, options),
    matmul: (A, B) => {
      const a = toMatrix(A, "A");
      return checkResult(matmul(context, a, toMatrix(B, "B", { rows: a.cols })), "A B");
    },
    cholesky: (A) => cholesky(context, symmetric(A)),
    solve: (A, B) => {
      const a = symmetric(A);
      return checkResult(solve(context, a, toMatrix(B, "B", { rows: a.rows })), "A⁻¹B");
    },
    eigh: (A) => eigh(context, symmetric(A)),
  };
}
