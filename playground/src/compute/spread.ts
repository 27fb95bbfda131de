// Times of repeated rounds, in three numbers.

export interface Spread {
  low: number;
  median: number;
  high: number;
}

/** Quartiles and median of at least one number, linear between the neighbours (type 7 of Hyndman and Fan 1996). */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  };
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

/** A distance of the quartiles, as a share of the median, above which something else has taken part of the time. */
export const CALM = 0.2;

export const isCalm = ({ low, median, high }: Spread) => high - low <= CALM * median;
