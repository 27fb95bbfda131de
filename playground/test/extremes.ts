// The largest and the smallest number of any list, which a call takes no arguments of.
export const largest = (values: Iterable<number>): number => {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of values) top = Math.max(top, value);
  return top;
};
export const smallest = (values: Iterable<number>): number => -largest(Array.from(values, (value) => -value));
