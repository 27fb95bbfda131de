/** Residual networks on tiles of pairs: the covariances of two layers with independent weights add (MATH.md §6). */
import type { View } from "../../linalg/view.js";
import type { Points, Tile } from "./tile.js";

/** Copies a tile, row by row. */
export function keep(tile: Tile, to: Tile): void {
  for (const name of ["C", "Delta", "Theta"] as const) {
    const [from, into] = [tile[name], to[name]];
    if (from && into) for (let r = 0; r < from.rows; r++) into.row(r).set(from.row(r));
  }
}

/**
 * Adds the tile `joined` of layer `below` to the one of layer l: C, Theta, and Delta = ab − c² of the sums. With the
 * variances and covariances a₁, b₁, c₁ and a₂, b₂, c₂ of the two
 *
 *   Δ = Δ₁ + Δ₂ + (√(a₁b₂) − √(a₂b₁))² + 2 (√(a₁b₁a₂b₂) − c₁c₂),
 *
 * and where c₁c₂ > 0 the last difference is (a₁b₁Δ₂ + a₂b₂Δ₁ − Δ₁Δ₂)/(√(a₁b₁a₂b₂) + c₁c₂), which does not cancel.
 */
export function join(tile: Tile, joined: Tile, points: readonly [Points, Points], below: number, l: number): void {
  const [[a1, b1], [a2, b2]] = [below, l].map((at) => points.map(({ layers }) => roots(layers[at], at === l)));
  const { rows, cols } = tile.C;
  for (let r = 0; r < rows; r++) {
    const [C, Delta, c, delta] = [tile.C, tile.Delta, joined.C, joined.Delta].map((A) => A.row(r));
    const [p1, p2] = [a1[r], a2[r]];
    for (let j = 0; j < cols; j++) {
      const [q1, q2] = [b1[j], b2[j]];
      const [s1, s2] = [p1 * q1, p2 * q2];
      const both = s1 * s2;
      const product = c[j] * C[j];
      const apart = p1 * q2 - p2 * q1;
      const rest =
        product > 0
          ? (s1 * s1 * Delta[j] + s2 * s2 * delta[j] - delta[j] * Delta[j]) / (both + product)
          : both - product;
      Delta[j] += delta[j] + apart * apart + 2 * rest;
      C[j] += c[j];
    }
    const [Theta, theta] = [tile.Theta?.row(r), joined.Theta?.row(r)];
    if (Theta && theta) for (let j = 0; j < cols; j++) Theta[j] += theta[j];
  }
}

/** Standard deviations of the points in a layer, where wanted before the joined one was added. */
function roots({ variances, alone }: { variances: View; alone: View | undefined }, isAlone: boolean): Float64Array {
  return ((isAlone ? alone : undefined) ?? variances).entries().map(Math.sqrt);
}
