/** Which rows a fit sees, and which it is then scored on. */
import type { Label } from "../labels.js";
import { Batches } from "../training/batches.js";

/** One part of the rows, and the rest; both ascending. */
export interface Fold {
  repeat: number;
  fold: number;
  test: number[];
  train: number[];
}

/**
 * Folds of N rows. Repeat r has the r-th permutation of the seed, and its folds are consecutive parts of it. With
 * `strata` each fold has its share of every class. With `groups` all rows of a group are in one fold: the groups, the
 * largest first, each go to the fold with the fewest rows.
 */
export function foldsOf(
  rows: number,
  folds: number,
  repeats: number,
  seed: number,
  { groups, strata }: { groups?: readonly Label[]; strata?: ArrayLike<number> },
): Fold[] {
  const batches = new Batches(rows, rows, seed);
  return Array.from({ length: repeats }, (_, repeat) => {
    const order = Array.from(batches.at(repeat));
    const parts = groups
      ? grouped(order, folds, groups)
      : consecutive(strata ? dealt(order, folds, strata) : order, folds);
    return parts.map((part, fold) => {
      const unseen = new Set(part);
      const test = part.sort((a, b) => a - b);
      return { repeat, fold, test, train: order.filter((row) => !unseen.has(row)).sort((a, b) => a - b) };
    });
  }).flat();
}

function consecutive(order: readonly number[], folds: number): number[][] {
  return Array.from({ length: folds }, (_, k) => {
    const [from, to] = [k, k + 1].map((at) => Math.floor((at * order.length) / folds));
    return order.slice(from, to);
  });
}

/** The rows class by class, dealt to the folds in turn, in an order whose consecutive parts are the folds. */
function dealt(order: readonly number[], folds: number, strata: ArrayLike<number>): number[] {
  const byClass = [...order].sort((a, b) => strata[a] - strata[b]);
  const sizes = consecutive(order, folds).map(({ length }) => length);
  const parts: number[][] = sizes.map(() => []);
  let fold = 0;
  for (const row of byClass) {
    while (parts[fold].length === sizes[fold]) fold = (fold + 1) % folds;
    parts[fold].push(row);
    fold = (fold + 1) % folds;
  }
  return parts.flat();
}

function grouped(order: readonly number[], folds: number, groups: readonly Label[]): number[][] {
  const members = new Map<Label, number[]>();
  for (const row of order) {
    const known = members.get(groups[row]);
    if (known) known.push(row);
    else members.set(groups[row], [row]);
  }
  const parts: number[][] = Array.from({ length: folds }, () => []);
  for (const group of [...members.values()].sort((a, b) => b.length - a.length)) {
    const smallest = parts.reduce((least, part) => (part.length < least.length ? part : least));
    for (const row of group) smallest.push(row);
  }
  return parts;
}
