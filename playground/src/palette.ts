// Colours of many curves: hues of equal lightness, which the style sheet sets for either theme.

/** A step around the circle that never comes back: the golden angle, in degrees. */
const GOLDEN_ANGLE = 137.5;
const FIRST = 255;

/** The colour of a unit, counted from 1. */
export const unitColor = (unit: number, lightness: string, chroma: string) =>
  `oklch(${lightness} ${chroma} ${(FIRST + GOLDEN_ANGLE * (unit - 1)) % 360})`;
