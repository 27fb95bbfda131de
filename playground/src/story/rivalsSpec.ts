// What page and worker both know of the fifth step.
export type RivalData = "edge" | "plane";

/** 0, and steps spaced by ratio. */
const recorded = (last: number, count: number) => [
  ...new Set([0, ...Array.from({ length: count }, (_, k) => Math.round(last ** (k / (count - 1))))]),
];

/** The same network and the same training for both data sets. */
export const RIVALS = {
  inputs: 6,
  points: 150,
  testPoints: 500,
  network: { hidden: 64, init: "ntk", activation: "sigmoid", weightStd: 2, biasStd: 1 },
  rule: { momentum: 0.9, nesterov: true },
  /** Of the largest stable rate. */
  share: 0.5,
  steps: recorded(1000, 30),
} as const;
