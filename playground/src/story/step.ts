// What a step is given, and what the steps share: the grid, the network of the first two, the data of the next two.

export interface Place {
  /** Where the figure goes, and where its controls go. */
  figure: HTMLElement;
  controls: HTMLElement;
  /** Settings in the address. */
  params: URLSearchParams;
  signal: AbortSignal;
  /** Writes settings to the address, once the step is the current one. */
  save: (settings: Record<string, string>) => void;
  fail: (error: Error) => void;
}
export type MountStep = (place: Place) => void;

export const GRID = Float64Array.from({ length: 121 }, (_, i) => (i - 60) / 20);
/** What stands where values are read. */
export const READ_HINT = "Point at the figure, or drag its small triangle, to read values.";
/** Every curve and point of the story is within. */
export const SPAN = [-3, 3] as const;

/** The network of four units. The features view draws the same. */
export const SMALL = {
  hidden: 4,
  init: "lecun",
  activation: "sigmoid",
  weightStd: 3.5,
  biasStd: 2.5,
  seed: 5,
} as const;
export const UNITS = [0, 1, 2, 3] as const;
/** The colour of a unit, in every figure. */
export const colorOf = (unit: number) => `var(--unit-${unit + 1})`;

/** Options that the networks of steps 3 and 4 share. */
export const WIDE = { activation: "sigmoid", weightStd: 2, biasStd: 2 } as const;
/** A wave, and how far each point is from it. */
export const WAVE = [-2.6, -2, -1.5, -0.9, -0.2, 0.4, 0.9, 1.7, 2.5].map(
  (x) => [x, Number((2.5 * Math.sin(2 * x) + 0.25 * Math.cos(9 * x)).toFixed(2))] as const,
);

/** A number from the address within limits; what is missing or wrong is the default. */
export function numberIn(params: URLSearchParams, key: string, low: number, high: number, value: number): number {
  const text = params.get(key);
  const number = Number(text);
  return text && Number.isFinite(number) ? Math.min(high, Math.max(low, number)) : value;
}
