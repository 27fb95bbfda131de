// Numbers between the page and people. A number that is passed on (table, address, files) is String(x), the shortest
// text that reads back as x.

/** How many observations there are: equal points are copies of one. */
export function observations(xs: ArrayLike<number>, ys: ArrayLike<number>): number {
  if (new Set(Array.from(xs)).size === xs.length) return xs.length;
  return new Set(Array.from(xs, (x, i) => `${x},${ys[i]}`)).size;
}

/** Whether values tell the scale of a prior with this mean: one or two do not, nor do values that are all the mean. */
export const tellScale = (xs: ArrayLike<number>, ys: ArrayLike<number>, mean: number) =>
  observations(xs, ys) >= 3 && Array.from(ys).some((y) => y !== mean);

/** A place of the pointer in tenths or less of a pixel: the coarsest power of ten within 10⁻⁴ of the range. */
export function snap(value: number, [low, high]: readonly [number, number]): number {
  const digits = Math.ceil(4 - Math.log10(high - low));
  if (digits > 0) return Number(value.toFixed(Math.min(100, digits)));
  const unit = 10 ** -digits;
  return Math.round(value / unit) * unit;
}

/**
 * Mean and standard deviation; the deviation is 1 where the values agree to rounding. Distances from the first value
 * are exact where values are near each other.
 */
export function moments(values: readonly number[]): [mean: number, std: number] {
  const largest = values.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
  // A power of two, so that nothing is rounded and no square overflows.
  const unit = 2 ** Math.min(1023, Math.floor(Math.log2(largest || 1)));
  const first = values[0] / unit;
  const average = (of: (x: number) => number) => values.reduce((sum, x) => sum + of(x / unit), 0) / values.length;
  const shift = average((x) => x - first);
  const std = unit * Math.sqrt(average((x) => (x - first - shift) ** 2));
  return [unit * (first + shift), std > Number.EPSILON * largest ? std : 1];
}
