/** Losses of outputs and their slopes on the JavaScript backend: contract in src/ops.ts. */
import { LossCode } from "../../codes.js";
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";

export function lossOps(memory: Memory): Pick<Ops, "dloss"> {
  return {
    dloss(code, n, C, scale, f, y, sum) {
      if (!(code in LossCode)) return -1;
      const h = memory.f64;
      let total = 0;
      if (code === LossCode.crossEntropy) {
        for (let i = 0; i < n; i++) total += softmaxRow(h, C, scale, (f >>> 3) + i * C, (y >>> 3) + i * C);
      } else {
        const at = f >>> 3;
        for (let i = 0; i < n * C; i++) total += entry(code, h, scale, at + i, (y >>> 3) + i);
      }
      h[sum >>> 3] += total;
      return 0;
    },
  };
}

/** A loss that looks at one output. */
export function entry(code: LossCode, h: Float64Array, scale: number, at: number, target: number): number {
  const f = h[at];
  const y = h[target];
  if (code === LossCode.logistic) {
    const t = y * f;
    const e = Math.exp(-Math.abs(t));
    h[at] = scale * -(y * ((t > 0 ? e : 1) / (1 + e)));
    return Math.max(-t, 0) + Math.log1p(e);
  }
  const r = f - y;
  if (code === LossCode.squared) {
    h[at] = scale * r;
    return 0.5 * (r * r);
  }
  h[at] = scale * Math.max(-1, Math.min(1, r));
  const a = Math.abs(r);
  return a > 1 ? a - 0.5 : 0.5 * (r * r);
}

/** −Σ y log softmax(f) of a row, whose slopes take the place of f. */
function softmaxRow(h: Float64Array, C: number, scale: number, f: number, y: number): number {
  let top = 0;
  for (let c = 1; c < C; c++) if (!(h[f + c] <= h[f + top])) top = c;
  const largest = h[f + top];
  let [weight, below, rest] = [0, 0, 0];
  for (let c = 0; c < C; c++) {
    const target = h[y + c];
    weight += target;
    if (target !== 0) below += target * (largest - h[f + c]);
    h[f + c] = Math.exp(h[f + c] - largest);
    if (c !== top) rest += h[f + c];
  }
  const inverse = 1 / (1 + rest);
  for (let c = 0; c < C; c++) {
    const target = h[y + c];
    const slope = c === top ? (weight - target - target * rest) * inverse : weight * h[f + c] * inverse - target;
    h[f + c] = scale * slope;
  }
  return below + weight * Math.log1p(rest);
}
