// The part of `Ntk` that the first views need, over the same functions of the library, so that a visitor's first fit
// does not wait for training, classification, streams and the like: 70 kB instead of 116 kB, gzipped. The other views
// fetch the rest of the library when they are opened (rest.ts).
import type { Ntk } from "ntk-wasm/slim";
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
  const source: (...given: Parameters<Core["kernel"]>) => ReturnType<Core["kernel"]> = (model, X, X2, options) => {
    const kernel = kernelSource(context, model, options?.outputs ?? "average", "float64");
    const A = toMatrix(X, "X", { cols: kernel.inputs });
    return X2 === undefined || X2 === X ? kernel.square(A) : kernel.cross(A, toMatrix(X2, "X2", { cols: A.cols }));
  };
  const symmetric = (A: Parameters<Core["eigh"]>[0]) => toMatrix(A, "A", { finite: false });
  return {
    variant: backend.variant,
    forward: (net, X) => checkResult(forward(context, validateNetwork(net), toMatrix(X, "X")), "forward"),
    jacobian: (net, X) => checkResult(jacobian(context, validateNetwork(net), toMatrix(X, "X")), "jacobian"),
    linearize: (net) => linearize(context, net, () => {}),
    kernel: (...given) => checkResult(source(...given), "kernel", { infinite: true }),
    kernelDiagonal: (model, X, { outputs = "average" } = {}) =>
      kernelSource(context, model, outputs).diagonal(toMatrix(X, "X")).slice(),
    fit: (model, X, Y, options = {}) => fitModel(context, model, X, Y, options),
    matmul: (A, B) => checkResult(matmul(context, toMatrix(A, "A"), toMatrix(B, "B")), "A B"),
    cholesky: (A) => cholesky(context, symmetric(A)),
    solve: (A, B) => checkResult(solve(context, symmetric(A), toMatrix(B, "B")), "A⁻¹B"),
    eigh: (A) => eigh(context, symmetric(A)),
  };
}
