/** Losses of one point and their slopes, by the formulas as they are printed. */
export type LossName = "squared" | "huber" | "logistic" | "crossEntropy";

/** ℓ(f, y) of C outputs and targets, and ∂ℓ/∂f. */
export function pointLoss(
  name: LossName,
  f: readonly number[],
  y: readonly number[],
): { value: number; slopes: number[] } {
  if (name === "crossEntropy") {
    const top = Math.max(...f);
    const total = f.reduce((sum, x) => sum + Math.exp(x - top), 0);
    const weight = y.reduce((sum, p) => sum + p, 0);
    return {
      value: f.reduce((sum, x, c) => sum + y[c] * (top + Math.log(total) - x), 0),
      slopes: f.map((x, c) => (weight * Math.exp(x - top)) / total - y[c]),
    };
  }
  const each = f.map((x, c) => {
    if (name === "logistic") return [Math.log1p(Math.exp(-y[c] * x)), -y[c] / (1 + Math.exp(y[c] * x))];
    const r = x - y[c];
    const far = name === "huber" && Math.abs(r) > 1;
    return far ? [Math.abs(r) - 0.5, Math.sign(r)] : [r ** 2 / 2, r];
  });
  return { value: each.reduce((sum, [value]) => sum + value, 0), slopes: each.map(([, slope]) => slope) };
}
