// Numbers between the page and people. A number that is passed on (table, address, files) is String(x), the shortest
// text that reads back as x.

/** Texts of an axis: the fewest digits that show each tick to a thousandth of their distance, in one style for all. */
export function tickTexts(ticks: readonly number[]): string[] {
  const apart = ticks.slice(1).map((tick, i) => Math.abs(tick - ticks[i]));
  const step = apart.length > 0 ? apart.reduce((least, gap) => Math.min(least, gap)) : Math.abs(ticks[0] ?? 0) || 1;
  let digits = 1;
  const rounded = () => ticks.map((tick) => Number(tick.toPrecision(digits)));
  // Noise of the ticks' own arithmetic beside 0 is 0.
  const near = (x: number, tick: number) => Math.abs(x - tick) <= 1e-3 * step;
  while (digits < 17 && !rounded().every((x, i) => near(x, ticks[i]))) digits++;
  const values = rounded().map((x) => (near(x, 0) ? 0 : x));
  const plain = values.map(String);
  const scientific = values.map((x) => (x === 0 ? "0" : x.toExponential().replace("e+", "e")));
  const longest = (texts: string[]) => texts.reduce((top, { length }) => Math.max(top, length), 0);
  const texts = longest(plain) <= 6 || longest(plain) <= longest(scientific) ? plain : scientific;
  return texts.map((text) => text.replaceAll("-", "−"));
}

/** Characters that the ticks of a range take, about. */
export function tickWidth(low: number, high: number): number {
  const size = Math.max(Math.abs(low), Math.abs(high));
  return Math.max(5, Math.ceil(Math.log10((8 * size) / (high - low))) + 5);
}

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
