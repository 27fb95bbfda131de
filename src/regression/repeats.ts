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
 */
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

function find({ X, Y, R, size, columns, source: { block } }: Problem): Repeats {
  const points = groupsOf(X);
  const repeats: Repeats = {
    rows: points.reduce((sum, group) => sum + group.length - 1, 0),
    copies: points.reduce((sum, group) => sum + group.length - distinctRows(Y, group), 0),
    dropped: new Float64Array(columns),
    logWeights: new Float64Array(columns),
    groups: points.flatMap((group) => Array.from({ length: block }, (_, c) => group.map((row) => row * block + c))),
  };
  for (const group of repeats.groups) {
    for (let column = 0; column < columns; column++) {
      const weights = new Map<number, number>();
      for (const i of group) {
        const target = R[column * size + i];
        weights.set(target, (weights.get(target) ?? 0) + 1);
      }
      repeats.dropped[column] += group.length - weights.size;
      for (const weight of weights.values()) repeats.logWeights[column] += Math.log(weight);
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
