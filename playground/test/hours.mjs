// 48 hourly Unix times and a daily wave on them: numbers of ten digits of which the first five are the same.
export const HOURS = Array.from({ length: 48 }, (_, i) => 1_700_000_123 + 3600 * i);

/** As a CSV text. */
export const hourly = () =>
  `time,load\n${HOURS.map((x, i) => `${x},${Math.sin((2 * Math.PI * i) / 24)}`).join("\n")}\n`;
