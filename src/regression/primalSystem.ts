/**
 * The P×P system of a finite network. Φ is never whole: its rows come in tiles, and each tile is a rank-k update of the
 * lower triangle.
 *
 * Where rows have variances and weights of their own, a common factor μ of D = μΩ⁻¹ stands for the ridge (MATH.md §3):
 * β = (ΦᵀΩΦ + μI)⁻¹ΦᵀΩr. With weights alone μ = λ and Ω = W.
 */
import type { Context } from "../context.js";
import { forEachTile, type Loaded, loadInputs, loadNetwork, partOfTile, type Tile } from "../kernel/finite/layers.js";
import { jacobianRows } from "../kernel/finite/tangents.js";
import { syrk } from "../linalg/blas.js";
import { diagonalOf, type RowTerms } from "../linalg/rowTerms.js";
import type { System } from "../linalg/system.js";
import { scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { Network } from "../model/network.js";
import type { Problem } from "../problem.js";

/** (ΦᵀΩΦ + μI) β = ΦᵀΩr. Without terms of the rows μ = λ, Ω = I. */
export interface PrimalSystem extends System {
  /** λ. */
  readonly given: Float64Array;
  /** The diagonal of Ω; undefined where it is I. */
  readonly omega: Float64Array | undefined;
}

export function primalSystem(context: Context, { X, terms }: Problem, net: Network, given: Float64Array): PrimalSystem {
  const [ridge] = given;
  const omega = terms && omegaOf(terms, ridge);
  const ridges = omega && terms?.noise && ridge === 0 ? Float64Array.of(1) : given;
  const roots = omega?.map(Math.sqrt);
  const fill = (out: View) => normalMatrix(context, net, X, roots, out);
  return { context, n: net.parameters.length, ridges, given, omega, fill };
}

/**
 * μ/D_i with μ = λ, or 1 where λ is 0. It does not depend on other rows, so that rows can come and go.
 *
 * @throws RangeError where a row has no noise at all beside rows that have.
 */
function omegaOf(terms: RowTerms, ridge: number): Float64Array {
  const { noise, weights } = terms;
  if (!noise) return weights as Float64Array;
  const D = diagonalOf(terms, ridge);
  const exact = D.indexOf(0);
  if (exact >= 0) {
    throw new RangeError(
      `noise[${exact}] is 0 and the ridge is 0; solver "primal" divides by the noise of a row: ` +
        'expected a ridge above 0, noise above 0 at every row, or solver "dual"',
    );
  }
  return D.map((value) => (ridge || 1) / value);
}

/** True where solver `primal` can take these terms of rows, and loses no row to rounding beside the others. */
export function isPrimalSound(terms: RowTerms | undefined, ridge: number): boolean {
  if (!terms?.noise) return true;
  const D = diagonalOf(terms, ridge);
  const [low, high] = D.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, 0]);
  return low > SOUND * high;
}

/** Rows whose precisions differ by more than the inverse of this go to the N×N system. */
const SOUND = 1e-8;

/** Multiplies the rows of B by their factors, in place. The first row has the factor at `first`. */
export function scaleRows(B: View, factors: Float64Array, first = 0): void {
  for (let i = 0; i < B.rows; i++) {
    const [row, factor] = [B.row(i), factors[first + i]];
    for (let j = 0; j < row.length; j++) row[j] *= factor;
  }
}

/** Doubles that {@link solvePrimal} needs. */
export function primalMemory(P: number): number {
  return P * P + tileBudget(P);
}

/** Doubles of Φ that are made at a time. */
function tileBudget(P: number): number {
  return Math.max(P, 2 ** 20);
}

/** Calls `body(rows of Φ, first row, tile)` for tiles of Φ(X), which has a row for each input and output. */
export function tangentTiles(
  context: Context,
  loaded: Loaded,
  inputs: View,
  body: (Phi: View, first: number, tile: Tile) => void,
): void {
  const { P, C } = loaded;
  const size = Math.max(1, Math.floor(tileBudget(P) / (P * C)));
  forEachTile(context, loaded, inputs, (tile) => {
    for (let row = 0; row < tile.rows; row += size) {
      const part = partOfTile(tile, row, Math.min(size, tile.rows - row));
      context.arena.run(() => {
        const Phi = scratch(context, part.rows * C, P);
        jacobianRows(context, loaded, part, Phi);
        body(Phi, part.row * C, part);
      });
    }
  });
}

/** Lower triangle of ΦᵀΩΦ into `out`, P×P. `roots` are those of Ω. */
function normalMatrix(context: Context, net: Network, X: Matrix, roots: Float64Array | undefined, out: View): void {
  context.arena.run(() => {
    const loaded = loadNetwork(context, net);
    tangentTiles(context, loaded, loadInputs(context, X), (Phi, first) => {
      if (roots) scaleRows(Phi, roots, first);
      syrk(1, Phi.t, first === 0 ? 0 : 1, out);
    });
  });
}
