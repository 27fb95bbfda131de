/**
 * What the regression in weight space needs of its rows: ΦᵀΦ, Φᵀr, rᵀr and their number (MATH.md §3). Sums of blocks of
 * rows add up, so the rows may come in blocks, and from several machines. Memory is O(P² + block).
 */
import { areFinite, checkSymmetric, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { Lease } from "../lease.js";
import { gemm, mirror, syrk } from "../linalg/blas.js";
import { copyIn, hold, type View } from "../linalg/view.js";
import { toVector } from "../lists.js";
import { copied, type Matrix, type MatrixLike, matrix, rowsOf } from "../matrix.js";
import { any, type Check, count, flag, or, read, readWithin, type Schema } from "../options.js";
import type { FeatureMap } from "./featureMap.js";
import { type FeatureModel, featureMap } from "./featureModel.js";
import { primalMemory } from "./primalSystem.js";

/** Sums over a block of rows: plain data, structured-cloneable and JSON. */
export interface PrimalSums {
  /** ΦᵀΦ, P×P, symmetric to the bit. */
  gram: Matrix;
  /** Φᵀr: P×1 for a network, whose outputs share their weights; P×C for random features. */
  moment: Matrix;
  /** rᵀr of each output. */
  squares: number[];
  /** Points in the sums. */
  rows: number;
  /** Inputs d of a point. */
  inputs: number;
  /** True where r is Y, and not Y − f(X, θ0). */
  centered: boolean;
}

/** What became of {@link PrimalSums} on their way: also matrices as JSON gives them. */
export type PrimalSumsLike = Omit<PrimalSums, "gram" | "moment"> & { gram: MatrixLike; moment: MatrixLike };

export interface PrimalSumsOptions {
  /** Sums of a fit of f − f0, which leaves out the start values of the network. Default false. */
  centered?: boolean;
}

const OPTIONS = { centered: or(flag, false) } satisfies Schema<PrimalSumsOptions>;

/** `ntk.primalSums`: see {@link ../ntk.js}. */
export function primalSumsOf(
  context: Context,
  model: FeatureModel,
  X: MatrixLike,
  Y: MatrixLike,
  options: PrimalSumsOptions,
): PrimalSums {
  const { centered } = read(options, "primalSums", "{ centered: true }", OPTIONS);
  const map = featureMap(context, model);
  const block = checkBlock(X, Y, map);
  const sums = new RunningSums(map, block, centered);
  try {
    sums.add(block);
    return sums.result();
  } finally {
    sums.dispose();
  }
}

/** Inputs and targets of some rows. */
export interface Rows {
  X: Matrix;
  Y: Matrix;
}

/** @throws TypeError, RangeError where the rows are none, or do not fit the features, or have other outputs. */
export function checkBlock(
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  { inputs, outputs }: Pick<FeatureMap, "inputs" | "outputs">,
): Rows {
  const X = toMatrix(Xlike, "X", { cols: inputs });
  const Y = toMatrix(Ylike, "Y", { rows: X.rows, cols: outputs });
  return { X, Y };
}

/** Entries of inputs that are in backend memory at a time. */
const INPUT_ENTRIES = 2 ** 20;

/** Sums in held memory, to which blocks are added one by one. Their bits depend on the blocks and their order alone. */
export class RunningSums {
  /** Inputs of a row. */
  readonly inputs: number;
  readonly #map: FeatureMap;
  readonly #lease: Lease;
  /** Lower triangle of ΦᵀΦ. */
  readonly #gram: View;
  /** Φᵀr, right-hand sides in rows. */
  readonly #moment: View;
  readonly #squares: Float64Array;
  readonly #centered: boolean;
  #rows = 0;

  /** @throws MemoryLimitError */
  constructor(map: FeatureMap, first: Rows, centered: boolean, given?: PrimalSums) {
    const { context, count: P, block } = map;
    const outputs = first.Y.cols;
    this.inputs = first.X.cols;
    const columns = outputs / block;
    context.arena.require(primalMemory(P) + columns * P);
    this.#map = map;
    this.#centered = centered;
    const both = hold(context, P + columns, P);
    this.#gram = both.slice(0, P);
    this.#moment = both.slice(P, columns);
    this.#squares = new Float64Array(outputs);
    this.#lease = new Lease(context, this, "stream", () => context.arena.free(both.at));
    if (given) this.#restore(given);
    else both.entries().fill(0);
  }

  #restore({ gram, moment, squares, rows }: PrimalSums): void {
    this.#gram.entries().set(gram.data);
    this.#squares.set(squares);
    this.#rows = rows;
    for (let k = 0; k < this.#moment.rows; k++) {
      const row = this.#moment.row(k);
      for (let j = 0; j < row.length; j++) row[j] = moment.data[j * moment.cols + k];
    }
  }

  /** Outputs of the rows. */
  get outputs(): number {
    return this.#squares.length;
  }

  /** Adds a block. @throws RangeError where a sum overflows: the sums are of no use then. */
  add({ X, Y }: Rows): void {
    this.#lease.check();
    const size = Math.max(1, Math.floor(INPUT_ENTRIES / X.cols));
    for (let row = 0; row < X.rows; row += size) {
      const rows = Math.min(size, X.rows - row);
      this.#addPart(rowsOf(X, row, rows), rowsOf(Y, row, rows));
    }
    this.#rows += X.rows;
  }

  #addPart(X: Matrix, Y: Matrix): void {
    const { context, block } = this.#map;
    const C = Y.cols;
    const columns = C / block;
    this.#map.forEachTile(X, !this.#centered, (Phi, first, start) => {
      const from = first * columns;
      const residual = Y.data.slice(from, from + Phi.rows * columns);
      const values = start?.entries();
      for (let i = 0; i < residual.length; i++) {
        const r = values ? residual[i] - values[i] : residual[i];
        residual[i] = r;
        this.#squares[i % C] += r * r;
      }
      syrk(1, Phi.t, 1, this.#gram);
      context.arena.run(() => {
        gemm(1, copyIn(context, residual, Phi.rows, columns).t, Phi, 1, this.#moment);
      });
    });
  }

  /** The sums so far, in memory of JavaScript. @throws RangeError where a sum has overflowed. */
  result(): PrimalSums {
    this.#lease.check();
    const [P, columns] = [this.#gram.rows, this.#moment.rows];
    mirror(this.#gram);
    const gram = matrix(P, P, this.#gram.copy());
    const moment = matrix(P, columns);
    for (let k = 0; k < columns; k++) {
      this.#moment.row(k).forEach((value, j) => {
        moment.data[j * columns + k] = value;
      });
    }
    const sums = {
      gram,
      moment,
      squares: [...this.#squares],
      rows: this.#rows,
      inputs: this.inputs,
      centered: this.#centered,
    };
    checkOverflow(sums);
    return sums;
  }

  /** Gives the held memory back. */
  dispose(): void {
    this.#lease.release();
  }
}

function checkOverflow({ gram, moment, squares }: PrimalSums): void {
  if (areFinite(gram.data) && areFinite(moment.data) && squares.every(Number.isFinite)) return;
  throw new RangeError("the sums overflow float64; rescale the inputs, the targets or the weights");
}

const SUMS = {
  gram: any,
  moment: any,
  squares: any,
  rows: count,
  inputs: count,
  centered: flag,
} satisfies Schema<PrimalSumsLike>;

/** Sums of a caller, checked. Matrices are looked at in place. */
export const primalSums: Check<PrimalSums> = (value, name) => {
  const { gram, moment, squares, rows, inputs, centered } = readWithin(value, name, "what primalSums gave", SUMS);
  const G = toMatrix(gram as MatrixLike, `${name}.gram`);
  checkSymmetric(G, `${name}.gram`);
  const m = toMatrix(moment as MatrixLike, `${name}.moment`, { rows: G.rows });
  const r = toVector(squares, `${name}.squares`, "rᵀr of each output");
  r.forEach((square, c) => {
    if (square >= 0 && square < Infinity) return;
    throw new RangeError(`${name}.squares[${c}] is ${square}; expected a finite number ≥ 0`);
  });
  if (r.length === 0 || (m.cols !== 1 && m.cols !== r.length))
    throw new RangeError(
      `${name}.squares has ${r.length} entries for ${m.cols} columns of ${name}.moment; expected rᵀr of each output`,
    );
  return { gram: G, moment: m, squares: [...r], rows, inputs, centered };
};

/** A copy that is nobody else's. */
export function ownSums({ gram, moment, squares, rows, inputs, centered }: PrimalSums): PrimalSums {
  return { gram: copied(gram), moment: copied(moment), squares: [...squares], rows, inputs, centered };
}

/**
 * The sums of the rows of both. Addition is not associative to the bit: add in a fixed order for equal bits.
 *
 * @throws TypeError for what are no sums; RangeError where they are of other features or outputs, only one of them is
 *   centered, or a sum overflows.
 * @example
 * const first = ntk.primalSums(net, X.slice(0, 4), Y.slice(0, 4));
 * const sums = addSums(first, ntk.primalSums(net, X.slice(4), Y.slice(4)));
 * sums.rows; // 8
 */
export function addSums(a: PrimalSumsLike, b: PrimalSumsLike): PrimalSums {
  const [A, B] = [primalSums(a, "a"), primalSums(b, "b")];
  const shape = ({ moment, squares, inputs }: PrimalSums) =>
    `${inputs} inputs, ${moment.rows} features and ${squares.length} outputs`;
  if (shape(A) !== shape(B) || A.moment.cols !== B.moment.cols)
    throw new RangeError(`a is of ${shape(A)}, b of ${shape(B)}; expected sums of the same model`);
  if (A.centered !== B.centered)
    throw new RangeError(
      `a is ${A.centered ? "" : "not "}centered, b is ${B.centered ? "" : "not "}centered; expected the same`,
    );
  const plus = (X: Matrix, Z: Matrix) =>
    matrix(
      X.rows,
      X.cols,
      X.data.map((value, at) => value + Z.data[at]),
    );
  const sums = {
    gram: plus(A.gram, B.gram),
    moment: plus(A.moment, B.moment),
    squares: A.squares.map((value, c) => value + B.squares[c]),
    rows: A.rows + B.rows,
    inputs: A.inputs,
    centered: A.centered,
  };
  checkOverflow(sums);
  return sums;
}
