/**
 * The infinite network's own operations on views: unit vectors of inputs, covariances of pairs, moments, and one layer
 * of the recursion. `ops.ts` has their contracts and formulas.
 *
 * The ops take the columns of a tile four at a time. Variances, transposed unit vectors and the rows of a tile have
 * room for {@link padded} points. The shape of a view counts the points alone.
 */
import type { Context } from "../../context.js";
import { gemm } from "../../linalg/blas.js";
import { scratch, type View } from "../../linalg/view.js";
import { ownDual, ownNextVariances } from "./ownDual.js";
import type { PointLayer, Points, Recursion, Tile } from "./tile.js";

/** n rounded up to the four points that the ops take at a time. */
export const padded = (n: number) => Math.ceil(n / 4) * 4;

/** Variances alpha |x|² + beta of the rows x of X, and in U the unit vectors of (√alpha x, √beta). */
export function unitVectors(alpha: number, beta: number, X: View, variances: View, U: View): void {
  X.context.ops.dunit(X.rows, X.cols, alpha, beta, X.at, X.ld, variances.at, U.at, U.ld);
}

/** C and Delta of the first layer, from unit vectors. */
export function covariance(A: Points, B: Points, { C, Delta }: Tile): void {
  const { ops } = C.context;
  const { U } = A;
  const { U: V, Ut: Vt } = B;
  // Without Vt the op takes the cosines of all pairs from C.
  if (!Vt) gemm(1, U, V.t, 0, C);
  const a = A.layers[0].variances.at;
  const b = B.layers[0].variances.at;
  const vt = Vt?.at ?? 0;
  const ldvt = Vt?.ld ?? 0;
  ops.dcovariance(0, C.rows, C.cols, U.cols, a, U.at, U.ld, b, V.at, V.ld, vt, ldvt, C.at, C.ld, Delta.at, Delta.ld);
}

/** Scratch for the moments of n points: a row for each group of four points, `terms` + 2 slots of four numbers. */
export function momentTable(context: Context, n: number, terms: number): View {
  return scratch(context, Math.ceil(n / 4), 4 * (terms + 2));
}

/** Terms that a table of moments holds; 0 without a table. */
export function termsOf(table: View | undefined): number {
  return table ? table.cols / 4 - 2 : 0;
}

/** Moments of the mixture at `scale` times the variances. */
export function moments(scale: number, variances: View, nodes: View, table: View): void {
  const { ops } = variances.context;
  ops.dmoments(variances.rows, variances.at, scale, nodes.at, termsOf(table), table.at);
}

/** Variances of the points in the next layer, n×1, by so many terms of the series (0: without it). */
export function nextVariances(recursion: Recursion, terms: number, layer: PointLayer, next: View): void {
  if (layer.own) {
    ownNextVariances(recursion, layer.own, next);
    return;
  }
  const { ops, arena } = next.context;
  const { code, weight, bias } = recursion;
  const nodes = recursion.nodes?.at ?? 0;
  const a = layer.variances.at;
  const m = layer.moments?.at ?? 0;
  const held = termsOf(layer.moments);
  const { rows: n, at: c } = next;
  arena.run(() => {
    const work = arena.allocBytes(ops.ddualScratchBytes(terms));
    ops.ddual(code, 0, n, 0, 1, nodes, terms, held, a, m, a, m, 0, 0, c, 0, 0, 0, 0, 0, weight, bias, 0, 0, work);
  });
}

/**
 * A tile from hidden layer l to the next, by so many terms of the series (0: without it). After the last one Delta is
 * undefined.
 */
export function dual(recursion: Recursion, terms: number, A: Points, B: Points, l: number, tile: Tile): void {
  if (A.layers[l].own) {
    ownDual(recursion, A, B, l, tile);
    return;
  }
  const { C, Delta, Theta } = tile;
  const { ops, arena } = C.context;
  const { code, weight: w, bias, scale, shift } = recursion;
  const nodes = recursion.nodes?.at ?? 0;
  const rows = A.layers[l];
  const columns = B.layers[l];
  const held = termsOf(rows.moments);
  const a = rows.variances.at;
  const b = columns.variances.at;
  const ma = rows.moments?.at ?? 0;
  const mb = columns.moments?.at ?? 0;
  const next = (points: Points) => (points.layers[l + 1]?.alone ?? points.layers[l + 1]?.variances)?.at ?? 0;
  const [na, nb] = [next(A), next(B)];
  const { rows: n, cols: n2, at: c, ld } = C;
  const d = Delta.at;
  const t = Theta?.at ?? 0;
  arena.run(() => {
    const work = arena.allocBytes(ops.ddualScratchBytes(terms));
    const op = ops.ddual;
    op(code, 0, n, n2, 0, nodes, terms, held, a, ma, b, mb, na, nb, c, ld, d, ld, t, ld, w, bias, scale, shift, work);
  });
}
