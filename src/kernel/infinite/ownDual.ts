/** One layer of the recursion whose activation is one's own: Hermite series of points, then pairs (MATH.md §6). */
import type { View } from "../../linalg/view.js";
import { pairInto, type Series, squares } from "./hermiteSeries.js";
import type { Points, Recursion, SeriesRows, Tile } from "./tile.js";

/** The series of all points of a layer. */
export function seriesRows(series: Series): SeriesRows {
  return { series, squares: squares(series), from: 0 };
}

/** Variances of the points in the next layer. */
export function ownNextVariances({ weight, bias }: Recursion, rows: SeriesRows, next: View): void {
  const to = next.entries();
  for (let i = 0; i < to.length; i++) to[i] = weight * rows.squares[rows.from + i] + bias;
}

/**
 * A tile from hidden layer l to the next. With T₁₁ and T₂₂ of the points, and weight w and bias b,
 *
 *   Δ ← w² (T₁₁T₂₂ − T²) + w b ((√T₁₁ − √T₂₂)² + 2 (√(T₁₁T₂₂) − T)),
 *
 * both differences as {@link pairInto} gives them.
 */
export function ownDual(recursion: Recursion, A: Points, B: Points, l: number, tile: Tile): void {
  const { weight: w, bias, scale, shift } = recursion;
  const [rows, columns] = [A.layers[l], B.layers[l]];
  const [p, q] = [rows.own as SeriesRows, columns.own as SeriesRows];
  const [a, b] = [rows.variances.entries(), columns.variances.entries()];
  const pair = new Float64Array(4);
  const { rows: n, cols } = tile.C;
  for (let r = 0; r < n; r++) {
    const [C, Delta, Theta] = [tile.C.row(r), tile.Delta.row(r), tile.Theta?.row(r)];
    const square = p.squares[p.from + r];
    for (let j = 0; j < cols; j++) {
      const square2 = q.squares[q.from + j];
      // Exact for a point and its twin, and free of underflow.
      const size = a[r] === b[j] ? a[r] : Math.sqrt(a[r]) * Math.sqrt(b[j]);
      const rho = size > 0 ? Math.max(-1, Math.min(1, C[j] / size)) : 0;
      const near = size * size;
      const apart = near > 0 ? Delta[j] / (near * (1 + Math.abs(rho))) : 1 - Math.abs(rho);
      pairInto(p.series, p.from + r, square, q.series, q.from + j, square2, rho, apart, pair);
      const [value, slope, minus, plus] = pair;
      C[j] = w * value + bias;
      if (Theta) Theta[j] = w * Theta[j] * slope + scale * value + shift;
      Delta[j] = w * w * minus * plus + w * bias * ((Math.sqrt(square) - Math.sqrt(square2)) ** 2 + 2 * minus);
    }
  }
}
