/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `Core`: one backend and its memory, and kernels, fits and linear algebra bound to them. Methods check their input,
 * then hand over to `kernel/`, `regression/` and `linalg/`. `Ntk` (ntk.ts) extends it.
 */
import { Arena } from "./arena.js";
import { checkNumbers, checkResult, toMatrix } from "./check.js";
import type { Context } from "./context.js";
import { BackendError } from "./errors.js";
import { kernelBlocks } from "./kernel/finite/kernel.js";
import { unlessOverflows } from "./kernel/finite/rescale.js";
import { bytesOfNetwork } from "./kernel/finite/singlePrecision.js";
import { forward, jacobian, kernelTimesVector } from "./kernel/finite/tangents.js";
import type { KernelSource } from "./kernel/kernel.js";
import { type KernelTile, type KernelTilesOptions, kernelTilesOf } from "./kernel/kernelTiles.js";
import { kernelSource } from "./kernel/modelKernel.js";
import type { Model } from "./kernel/models.js";
import {
  cholesky,
  eigh,
  gram,
  inverse,
  logDeterminant,
  matmul,
  SOLVE,
  type SolveOptions,
  solve,
} from "./linalg/dense.js";
import { LEAST_SQUARES, type LeastSquares, type LeastSquaresOptions, leastSquares } from "./linalg/leastSquares.js";
import type { Precision } from "./linalg/precision.js";
import { type Svd, svd } from "./linalg/svd.js";
import type { Matrix, MatrixLike } from "./matrix.js";
import { type Network, validateNetwork } from "./model/network.js";
import type { Backend } from "./ops.js";
import { or, outputs, read } from "./options.js";
import { type Fit, fitModel, restoredFit } from "./regression/fit.js";
import type { FitOptions, Fitting } from "./regression/fitOptions.js";
import type { Iterative } from "./regression/iterative.js";
import type { RestoreOptions } from "./regression/restore.js";
import { type Linearized, linearize } from "./training/linearize.js";

const OUTPUTS = { outputs: or(outputs, "average") };
const OUTPUTS_EXAMPLE = '{ outputs: "full" }';

/**
 * Kernels, fits and linear algebra on one backend: what `ntk-wasm/core` has. {@link Ntk} adds training,
 * classification, evaluation and the rest, and the solvers `cg` and `lowrank`. Without them `auto` solves with all rows
 * where an `Ntk` would have found a low rank; from 2000 rows on the report says so.
 */
export class Core {
  /** What computes: WebAssembly or plain JavaScript. */
  readonly backend: "wasm" | "js";
  /** Which build: `relaxed` (fused multiply-add), `simd`, or `js`. */
  readonly variant: "relaxed" | "simd" | "js";
  /**
   * Why it is not the fastest variant, in words: what the engine lacks, a policy or a limit of the process that keeps
   * WebAssembly from running. Undefined where it is the fastest, and where the variant was asked for.
   */
  readonly variantReason: string | undefined;
  /** What `kernel`, products and factorisations are computed in; see `load`. */
  readonly precision: "float64" | "float32";
  readonly #context: Context;
  readonly #iterative: Iterative | undefined;
  readonly #drop: () => void;
  readonly #threads: () => number;
  readonly #threadsReason: () => string | undefined;

  /** What an instance computes with, for the methods that a subclass adds. @internal */
  static contextOf(core: Core): Context {
    return core.#context;
  }

  /** @internal Use `load()`. */
  constructor(
    backend: Backend,
    precision: Precision = "float64",
    variantReason?: string,
    threadsReason?: string,
    iterative?: Iterative,
  ) {
    const { team } = backend;
    this.#iterative = iterative;
    this.#threads = () => team?.threads ?? 1;
    this.#threadsReason = () => team?.reason ?? threadsReason;
    this.precision = precision;
    this.variantReason = variantReason;
    this.backend = backend.name;
    this.variant = backend.variant;
    const name = iterative ? "Ntk" : "Core";
    // The only reference to the backend and its memory: dropped by dispose().
    let parts: Pick<Context, "ops" | "arena"> | undefined = { ops: backend.ops, arena: new Arena(backend) };
    const live = () => {
      if (!parts) throw new BackendError(`this ${name} was disposed of; load() gives a new one`);
      if (team?.down) throw new BackendError(`${team.down}; load() gives a new ${name}`);
      return parts;
    };
    this.#drop = () => {
      parts = undefined;
      team?.end();
    };
    this.#context = {
      precision,
      get threads() {
        return team?.threads ?? 1;
      },
      get ops() {
        return live().ops;
      },
      get arena() {
        return live().arena;
      },
      get disposed() {
        return !parts;
      },
    };
  }

  /** Threads that compute, the calling one included. */
  get threads(): number {
    return this.#threads();
  }

  /**
   * Why there are fewer threads than `load` was asked for: memory cannot be shared here, or a thread has died.
   * Undefined where there are not.
   */
  get threadsReason(): string | undefined {
    return this.#threadsReason();
  }

  /**
   * f(X, θ0), N×C, for inputs X (N×d).
   *
   * @throws TypeError, RangeError for bad input, and where an output overflows; BackendError after `dispose()`.
   * @example
   * ntk.forward(net, [[0], [1]]).rows; // 2
   */
  forward(net: Network, X: MatrixLike): Matrix {
    const [value, A] = checked(net, X);
    return checkResult(forward(this.#context, value, A), "forward(net, X)");
  }

  /**
   * The tangent features Φ, (N·C)×P: row n·C + c is ∇f_c(x_n, θ0) in the order of `net.blocks` (Jacot et al. 2018).
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError where Φ does not fit.
   * @example
   * const { cols } = ntk.jacobian(net, [0, 1]); // cols === net.parameters.length
   */
  jacobian(net: Network, X: MatrixLike): Matrix {
    const [value, A] = checked(net, X);
    return checkResult(jacobian(this.#context, value, A), "jacobian(net, X)");
  }

  /**
   * The tangent kernel Θ = Φ(X) Φ(X2)ᵀ in its factored form, layer by layer (Novak et al. 2022): no Jacobian is formed.
   * `outputs: "average"` (default): N×N2, the mean over outputs. `outputs: "full"`: (N·C)×(N2·C), row n·C + c. Without
   * X2 the kernel is symmetric to the bit. Entries that truly overflow are ±Infinity. With precision `"float32"`
   * kernels of finite networks are right to 16 ε₃₂ √(Θ_ii Θ_jj), and entries that overflow are a RangeError. Deep
   * networks of large weights are computed in float64: their rounding would grow from layer to layer.
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError where the result does not fit.
   * @example
   * const K = ntk.kernel(net, X); // K.data[i * K.cols + j] is Θ(x_i, x_j)
   * ntk.kernel(net, [0, 1], [[2]]).data.length; // 2
   * ntk.kernel(net, X, X, { outputs: "full" });
   */
  kernel(model: Model, X: MatrixLike, X2?: MatrixLike, options: { outputs?: "full" | "average" } = {}): Matrix {
    const { outputs } = read(options, "kernel", OUTPUTS_EXAMPLE, OUTPUTS);
    const source = kernelSource(this.#context, model, outputs, this.precision);
    const A = toMatrix(X, "X", columns(source));
    const K = X2 === undefined || X2 === X ? source.square(A) : source.cross(A, toMatrix(X2, "X2", { cols: A.cols }));
    return checkResult(K, "kernel(model, X, X2)", { infinite: true });
  }

  /**
   * {@link kernel} in blocks of rows, for kernels larger than memory: a generator of `{ row, K }`, K with all columns.
   * Entries have the bits of `kernel`; those of infinite networks with sigmoid, tanh, softplus or silu agree to
   * rounding. With float32, a block of little work is float64, as in `kernel`.
   *
   * @throws as {@link kernel}: for bad input, and where a block does not fit, at once.
   * @example
   * for (const { row, K } of ntk.kernelTiles(net, X, undefined, { rows: 3 })) console.log(row, K.rows, K.cols);
   * Array.from(ntk.kernelTiles(net, X, [[2]]), ({ K }) => K.cols); // [1]
   */
  kernelTiles(
    model: Model,
    X: MatrixLike,
    X2?: MatrixLike,
    options: KernelTilesOptions = {},
  ): Generator<KernelTile, void, void> {
    return kernelTilesOf(this.#context, model, X, X2, options);
  }

  /**
   * diag Θ(X, X), N numbers (N·C with `outputs: "full"`), without the rest of Θ. Entries that truly overflow are
   * Infinity.
   *
   * @throws TypeError, RangeError for bad input, and where an entry overflows to NaN.
   * @example
   * ntk.kernelDiagonal(net, [0, 1]).length; // 2
   */
  kernelDiagonal(model: Model, X: MatrixLike, options: { outputs?: "full" | "average" } = {}): Float64Array {
    const { outputs } = read(options, "kernelDiagonal", OUTPUTS_EXAMPLE, OUTPUTS);
    const source = kernelSource(this.#context, model, outputs);
    const diagonal = source.diagonal(toMatrix(X, "X", columns(source))).slice();
    return checkNumbers(diagonal, "kernelDiagonal(model, X)", { infinite: true });
  }

  /**
   * Which parameters carry the kernel: one N×N2 matrix for each block of θ (`a b c d`; deeper `a b cL dL … c1 d1`),
   * averaged over outputs. The matrices sum to Θ. Entries that truly overflow are ±Infinity.
   *
   * @throws TypeError, RangeError for bad input, and where an entry overflows to NaN; MemoryLimitError.
   * @example
   * const { b } = ntk.kernelBlocks(net, X); // the sigmoids' part
   * Object.keys(ntk.kernelBlocks(net, X)).join(" "); // "a b c d"
   */
  kernelBlocks(net: Network, X: MatrixLike, X2?: MatrixLike): Record<string, Matrix> {
    const [value, A] = checked(net, X);
    const B = X2 === undefined || X2 === X ? undefined : toMatrix(X2, "X2", { cols: A.cols });
    const bytes = bytesOfNetwork(this.precision, value);
    const compute = (net: Network, X: Matrix, X2: Matrix | undefined) => kernelBlocks(this.#context, bytes, net, X, X2);
    const blocks = unlessOverflows(value, A, B, compute, (all) => Object.values(all).map(({ data }) => data));
    for (const name of Object.keys(blocks))
      checkResult(blocks[name], `kernelBlocks(net, X, X2).${name}`, { infinite: true });
    return blocks;
  }

  /**
   * Θ(X, X) V for V (N·C)×k, row n·C + c, as Φ(ΦᵀV): O(NPk) work, no N×N matrix.
   *
   * @throws TypeError, RangeError for bad input.
   * @example
   * ntk.kernelTimesVector(net, X, V).rows === X.length; // true
   */
  kernelTimesVector(net: Network, X: MatrixLike, V: MatrixLike): Matrix {
    const [value, A] = checked(net, X);
    const right = toMatrix(V, "V", { rows: A.rows * value.outputs });
    return checkResult(kernelTimesVector(this.#context, value, A, right), "Θ V");
  }

  /**
   * Kernel ridge regression of Y (N×C) on X (N×d) with the model's tangent kernel; also read as a Gaussian process.
   * `ridge` is absolute. A ridge of 0 gives the minimum-norm answer where Θ is singular, and the report says its rank.
   * With `ridges` one eigendecomposition rates them all, and the ridge of the best profiled evidence is fitted. With
   * precision `"float32"` weights and means have float64's backward error from a float32 factor. Variances and
   * evidences make a float64 factor when first asked for.
   *
   * @throws TypeError, RangeError for bad input, and for solver `cg` or `lowrank` of a `Core` of `ntk-wasm/core`;
   *   NotPositiveDefiniteError where the ridge drowns in rounding or the kernel is indefinite; MemoryLimitError before
   *   any work; ConvergenceError.
   * @example
   * const fit = ntk.fit(net, X, Y, { ridge: 1e-3 });
   * const { mean, variance } = fit.predict(Xnew);
   */
  fit(model: Model, X: MatrixLike, Y: MatrixLike): Fit;
  fit<M extends Model, O extends FitOptions | undefined>(
    model: M,
    X: MatrixLike,
    Y: MatrixLike,
    options: O & NoInfer<Fitting<M, O>>,
  ): Fit;
  fit(model: Model, X: MatrixLike, Y: MatrixLike, options: FitOptions = {}): Fit {
    return fitModel(this.#context, this.#iterative, model, X, Y, options);
  }

  /**
   * A fit from what `fit.snapshot()` or `fit.toJSON()` gave (bytes, the object, or its JSON text), also by another
   * process. Means and variances are the same to the bit on the same variant. The factor is made again when a variance
   * is first asked for. A custom kernel is in no snapshot: give it as `model`.
   *
   * @throws TypeError where it is no snapshot; RangeError where it was cut short or altered, is of a newer version, or
   *   lacks its kernel; MemoryLimitError.
   * @example
   * const again = ntk.restore(fit.snapshot());
   * again.predict(Xnew).mean.rows; // 2
   */
  restore(snapshot: Uint8Array | ArrayBuffer | object | string, options: RestoreOptions = {}): Fit {
    return restoredFit(this.#context, this.#iterative, snapshot, options);
  }

  /**
   * The first-order model around θ0: `at(θ, X)` = f(X, θ0) + Φ(X)(θ − θ0).
   *
   * @throws TypeError, RangeError for bad input.
   * @example
   * ntk.linearize(net).at(fit.parameters(), Xnew); // the same as fit.predict(Xnew).mean
   */
  linearize(net: Network): Linearized {
    return linearize(this.#context, net, () => void this.#context.ops);
  }

  /**
   * AB, for A m×k and B k×n (BLAS gemm), in the precision of this instance.
   *
   * @throws RangeError where shapes do not match.
   * @example
   * ntk.matmul([[1, 2]], [[3], [4]]).data; // [11]
   */
  matmul(A: MatrixLike, B: MatrixLike): Matrix {
    const a = toMatrix(A, "A");
    return checkResult(matmul(this.#context, a, toMatrix(B, "B", { rows: a.cols })), "A B");
  }

  /**
   * AAᵀ, symmetric to the bit, for A n×k (BLAS syrk), in the precision of this instance.
   *
   * @throws RangeError for bad input.
   * @example
   * ntk.gram([[1, 2], [3, 4]]).data; // [5, 11, 11, 25]
   */
  gram(A: MatrixLike): Matrix {
    return checkResult(gram(this.#context, toMatrix(A, "A")), "A Aᵀ");
  }

  /**
   * Lower L with A = LLᵀ, for A symmetric positive definite (LAPACK potrf), in the precision of this instance.
   *
   * @throws RangeError where A is not symmetric, naming the entry; NotPositiveDefiniteError with the 0-based pivot.
   * @example
   * ntk.cholesky([[4, 2], [2, 5]]).data; // [2, 0, 1, 2]
   */
  cholesky(A: MatrixLike): Matrix {
    return cholesky(this.#context, toMatrix(A, "A", { finite: false }));
  }

  /**
   * A⁻¹B for A n×n and B n×k. A symmetric A must be positive definite, and goes through Cholesky (LAPACK potrf, potrs);
   * any other goes through LU with partial pivoting (gesvx: rows and columns are scaled by powers of two). `method`
   * says otherwise: `"lu"` solves with a symmetric A that is not definite. With precision `"float32"` a symmetric solve
   * is LAPACK's dsposv, float64's residual from a float32 factor, where that is faster: n above 100 (k + 5). LU is
   * float64 always.
   *
   * @throws RangeError for bad input, and where method is `"cholesky"` and A is not symmetric;
   *   NotPositiveDefiniteError, SingularMatrixError with the 0-based pivot; MemoryLimitError.
   * @example
   * ntk.solve([[4, 2], [2, 5]], [8, 12]).data; // [1, 2]
   * ntk.solve([[0, 2], [1, 0]], [8, 12]).data; // [12, 4]
   * ntk.solve([[0, 1], [1, 0]], [8, 12], { method: "lu" }).data; // [12, 8]
   */
  solve(A: MatrixLike, B: MatrixLike, options?: SolveOptions): Matrix {
    const a = toMatrix(A, "A", { finite: false });
    const b = toMatrix(B, "B", { rows: a.rows });
    const method = options === undefined ? undefined : read(options, "solve", '{ method: "lu" }', SOLVE).method;
    return checkResult(solve(this.#context, a, b, method), "A⁻¹B");
  }

  /**
   * A⁻¹ for A n×n: through Cholesky, and symmetric to the bit, where A is symmetric positive definite, else through LU.
   * To solve systems, {@link solve} is faster and more accurate.
   *
   * @throws RangeError for bad input; SingularMatrixError with the 0-based pivot; MemoryLimitError.
   * @example
   * ntk.inverse([[0, 2], [4, 0]]).data; // [0, 0.25, 0.5, 0]
   */
  inverse(A: MatrixLike): Matrix {
    return checkResult(inverse(this.#context, toMatrix(A, "A", { finite: false })), "A⁻¹");
  }

  /**
   * The sign of det A and log |det A|, for A n×n: through Cholesky where A is symmetric positive definite, else through
   * LU. Nothing over- or underflows on the way.
   *
   * @throws RangeError for bad input; SingularMatrixError where the determinant is 0 to rounding; MemoryLimitError.
   * @example
   * ntk.logDeterminant([[0, 2], [1, 0]]); // { sign: -1, logDeterminant: 0.693… }
   */
  logDeterminant(A: MatrixLike): { sign: 1 | -1; logDeterminant: number } {
    return logDeterminant(this.#context, toMatrix(A, "A", { finite: false }));
  }

  /**
   * The X, n×k, with the least ‖AX − B‖ for A m×n and B m×k: the one of minimum norm, where A has fewer rows than
   * columns or columns that depend on others. Householder QR with column pivoting (Golub & Van Loan 5.4.2 and 5.5.6;
   * LAPACK gelsy), float64, in JavaScript on one thread. The answer is exact for a matrix within a few m n ε ‖A‖ of A
   * (Higham 2002, theorem 20.3). Gives the rank and the norm of each residual too.
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError.
   * @example
   * const { solution, rank, residualNorms } = ntk.leastSquares([[1, 0], [1, 1], [1, 2]], [1, 3, 5]);
   * solution.data; // [1, 2]: the line 1 + 2x
   * rank; // 2
   */
  leastSquares(A: MatrixLike, B: MatrixLike, options: LeastSquaresOptions = {}): LeastSquares {
    // A call on an Ntk that was disposed of is refused.
    void this.#context.ops;
    const a = toMatrix(A, "A");
    const b = toMatrix(B, "B", { rows: a.rows });
    return leastSquares(a, b, read(options, "leastSquares", "{ tolerance: 1e-10 }", LEAST_SQUARES));
  }

  /**
   * The singular value decomposition A = U Σ Vᵀ of A m×n, through {@link eigh} of the smaller of A Aᵀ and Aᵀ A. It is
   * right to a few kε σ₁²/σ_i in σ_i, k = min(m, n): large ones to all digits, small ones to fewer. What is at most
   * √(kε) σ₁ is left out, and `notes` says so. Singular vectors of the long side are orthogonal to a few
   * kε σ₁²/(σ_i σ_j), and of the short side to rounding (Golub & Van Loan 8.6.1).
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError; ConvergenceError.
   * @example
   * const { U, singularValues, V, rank } = ntk.svd([[3, 0], [0, -2], [0, 0]]);
   * singularValues; // [3, 2]
   * [U.rows, U.cols, V.rows, V.cols, rank]; // [3, 2, 2, 2, 2]
   */
  svd(A: MatrixLike): Svd {
    return svd(this.#context, toMatrix(A, "A"));
  }

  /**
   * Eigenvalues, ascending, and orthonormal eigenvectors in columns, of a symmetric A.
   *
   * @throws RangeError where A is not symmetric; ConvergenceError.
   * @example
   * ntk.eigh([[2, 1], [1, 2]]).values; // [1, 3]
   */
  eigh(A: MatrixLike): { values: Float64Array; vectors: Matrix } {
    const { values, vectors } = eigh(this.#context, toMatrix(A, "A", { finite: false }));
    return { values, vectors };
  }

  /** Gives the backend memory back to the engine; everything made from this Ntk is a BackendError afterwards. */
  dispose(): void {
    this.#drop();
  }

  /** {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A network and its inputs, checked. */
function checked(net: Network, X: MatrixLike): [Network, Matrix] {
  const value = validateNetwork(net);
  return [value, toMatrix(X, "X", { cols: value.inputs })];
}

/** The shape of X that a model prescribes. */
function columns({ inputs }: KernelSource): { cols?: number } {
  return inputs === undefined ? {} : { cols: inputs };
}
