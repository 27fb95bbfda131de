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

/** The smallest and the largest. */
export function extent(values: Iterable<number>): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** A number for people: three digits or as many as are asked for, and a true minus. */
export function format(value: number, digits = 3): string {
  const text =
    value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
      ? value.toExponential(digits - 1)
      : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

/** Two decimals, with a true minus. */
export const decimals = (value: number) =>
  value
    .toFixed(2)
    .replace("-", "−")
    .replace(/^−(0\.00)$/, "$1");

/** How many points, in words. */
export const pointCount = (count: number) => (count === 1 ? "1 point" : `${count} points`);
