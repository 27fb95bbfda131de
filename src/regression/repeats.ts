/**
 * Rows that repeat. Copies of one observation have equal inputs and equal targets. They are no evidence of a small
 * noise, but the plain formulas take them as such. Each copy adds −½ log λ to the log evidence, without bound as λ
 * falls. And where a copy is left out, its twin predicts it perfectly.
 *
 * So evidence and leave-one-out group rows. w copies of an observation are one observation with weight w (noise λ/w).
 * Observations with equal inputs and unlike targets stay apart: their spread is the best evidence of the noise. With n
 * rows, n − m of them distinct, and weights w_k of the distinct rows:
 *
 *   log |A| becomes log |A| − m log λ − Σ log w_k,   n becomes n − m,   rᵀα stays,
 *
 * because within a group of equal inputs A has the eigenvalue λ, once for each row but one. Leave-one-out leaves out
 * all rows with equal inputs.
 *
 * Where rows have variances and weights of their own, copies with the variances D_i are one observation with the
 * variance D = 1/Σ 1/D_i, and log |A| becomes log |A| − Σ log D_i + log D.
 */
import { diagonalOf } from "../linalg/rowTerms.js";
import type { Matrix } from "../matrix.js";
import type { Problem } from "../problem.js";

interface Repeats {
  /** Rows of X that are equal to an earlier row. */
  rows: number;
  /** The rows among these whose targets, all of them, are equal to those of an earlier row with the same inputs. */
  copies: number;
  /** m for each right-hand side: the observations that are copies of another. */
  dropped: Float64Array;
  /** Σ log w_k for each right-hand side. */
  logWeights: Float64Array;
  /** Groups of two or more rows of the system with equal inputs. */
  groups: number[][];
  /** For each right-hand side the copies of an observation, two or more, where rows have terms of their own. */
  copied: number[][][];
}

const known = new WeakMap<Problem, Repeats>();

/** The repeated rows of a problem: found once, O(N·d). */
export function repeatsOf(problem: Problem): Repeats {
  let repeats = known.get(problem);
  if (!repeats) {
    repeats = find(problem);
    known.set(problem, repeats);
  }
  return repeats;
}

/**
 * The mean of r over rows with equal inputs. Each row counts by its precision: all alike, where rows have no terms of
 * their own.
 */
export function meanOfGroup(
  { terms }: Problem,
  group: readonly number[],
  r: Float64Array,
  ridge: number,
  at = 0,
): number {
  if (!terms) return group.reduce((sum, i) => sum + r[at + i], 0) / group.length;
  const precisions = precisionsOf(group, diagonalOf(terms, ridge));
  const total = precisions.reduce((sum, value) => sum + value, 0);
  return group.reduce((sum, i, k) => sum + precisions[k] * r[at + i], 0) / total;
}

/** min D/D_i. A row without any noise is certain, and the others count for nothing beside it. */
function precisionsOf(group: readonly number[], D: Float64Array): number[] {
  const least = group.reduce((low, i) => Math.min(low, D[i]), Infinity);
  return group.map((i) => (D[i] === least ? 1 : least / D[i]));
}

/** What copies of observations add to log |A|, for right-hand side c. */
export function copiesIn(problem: Problem, c: number, ridge: number): number {
  const { dropped, logWeights, copied } = repeatsOf(problem);
  if (dropped[c] === 0) return 0;
  if (!problem.terms) return dropped[c] * Math.log(ridge) + logWeights[c];
  const D = diagonalOf(problem.terms, ridge);
  return copied[c].reduce((sum, group) => {
    // Where a row has no noise, D of the whole is that of this row, and the two cancel.
    const noisy = group.filter((i) => D[i] > 0);
    const least = group.reduce((low, i) => Math.min(low, D[i]), Infinity);
    const precision = precisionsOf(group, D).reduce((total, value) => total + value, 0);
    const whole = least > 0 ? Math.log(least) - Math.log(precision) : 0;
    return sum + noisy.reduce((total, i) => total + Math.log(D[i]), 0) - whole;
  }, 0);
}

function find({ X, Y, R, size, columns, terms, source: { block } }: Problem): Repeats {
  const points = groupsOf(X);
  const repeats: Repeats = {
    rows: points.reduce((sum, group) => sum + group.length - 1, 0),
    copies: points.reduce((sum, group) => sum + group.length - distinctRows(Y, group), 0),
    dropped: new Float64Array(columns),
    logWeights: new Float64Array(columns),
    groups: points.flatMap((group) => Array.from({ length: block }, (_, c) => group.map((row) => row * block + c))),
    copied: Array.from({ length: columns }, () => []),
  };
  for (const group of repeats.groups) {
    for (let column = 0; column < columns; column++) {
      const weights = new Map<number, number>();
      for (const i of group) {
        const target = R[column * size + i];
        weights.set(target, (weights.get(target) ?? 0) + 1);
      }
      repeats.dropped[column] += group.length - weights.size;
      for (const [target, weight] of weights) {
        repeats.logWeights[column] += Math.log(weight);
        if (terms && weight > 1) repeats.copied[column].push(group.filter((i) => R[column * size + i] === target));
      }
    }
  }
  return repeats;
}

function distinctRows(Y: Matrix, rows: readonly number[]): number {
  return new Set(rows.map((row) => Y.data.subarray(row * Y.cols, (row + 1) * Y.cols).join())).size;
}

/** Groups of two or more equal rows of X. Rows with the same hash are compared. */
function groupsOf(X: Matrix): number[][] {
  const { data, rows, cols } = X;
  // 0 and −0 are one input.
  const words = new Uint32Array(data.map((value) => value + 0).buffer);
  const buckets = new Map<number, number[][]>();
  const same = (i: number, j: number) => {
    for (let t = 0; t < cols; t++) if (data[i * cols + t] !== data[j * cols + t]) return false;
    return true;
  };
  for (let row = 0; row < rows; row++) {
    let hash = 0;
    for (let at = row * 2 * cols; at < (row + 1) * 2 * cols; at++) {
      hash = Math.imul(hash ^ words[at], 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const bucket = buckets.get(hash);
    const group = bucket?.find(([first]) => same(first, row));
    if (group) group.push(row);
    else if (bucket) bucket.push([row]);
    else buckets.set(hash, [[row]]);
  }
  return [...buckets.values()].flat().filter((group) => group.length > 1);
}
