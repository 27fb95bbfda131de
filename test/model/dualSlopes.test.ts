/** Derivatives of dual activations against differences of the dual activations themselves, for every activation. */
import { describe, expect, test } from "vitest";
import { recordOf, rowOf } from "../../src/model/activation.js";
import { dualSlopesOf } from "../../src/model/dualSlopes.js";
import { EXAMPLE, NAMES } from "../oracle/activations.js";

/** Variances, and the cosine of the angle between the two points. */
const PAIRS = [
  [1, 1, 0.3],
  [0.4, 1.7, -0.6],
  [2.5, 0.3, 0.85],
  [1.2, 0.9, 0],
  [0.05, 0.08, 0.5],
];
/** Weights of the sixth-order central difference: f(h) − f(−h), f(2h) − f(−2h), f(3h) − f(−3h). */
const STENCIL = [3 / 4, -3 / 20, 1 / 60];
const QUANTITIES = ["Ṫ", "∂T/∂c", "∂T/∂a", "∂Ṫ/∂c", "∂Ṫ/∂a"];

describe.each(NAMES)("%s", (label) => {
  const activation = EXAMPLE[label];
  const record = recordOf(activation);
  const dual = rowOf(activation).dualActivation;
  const slopes = dualSlopesOf(activation);
  const at = (a: number, b: number, c: number) => {
    const out = new Float64Array(5);
    dual(a, b, c, a * b - c * c, out, record);
    return out;
  };

  test.each(PAIRS)("variances %d and %d, cosine %d", (a, b, cosine) => {
    const c = cosine * Math.sqrt(a * b);
    const by = (move: (h: number) => Float64Array, step: number) =>
      [0, 1].map((entry) => {
        const parts = STENCIL.map((weight, k) => weight * (move((k + 1) * step)[entry] - move(-(k + 1) * step)[entry]));
        return parts.reduce((sum, x) => sum + x, 0) / step;
      });
    const h = 2e-3;
    const [alongC, dotC] = by((x) => at(a, b, c + x), h * Math.sqrt(a * b));
    const [alongA, dotA] = by((x) => at(a + x, b, c), h * a);
    const out = new Float64Array(5);
    slopes(a, b, c, a * b - c * c, out);
    const [value, dot] = at(a, b, c);
    const want = [dot, alongC, alongA, dotC, dotA];
    // What a difference loses: ε of the value over the step, and the sixth power of the step.
    const unit = (Math.abs(value) + Math.abs(dot)) / Math.min(a, Math.sqrt(a * b));
    want.forEach((expected, k) => {
      const allowed = 2e-7 * (Math.abs(expected) + unit);
      expect(Math.abs(out[k] - expected), `${QUANTITIES[k]}: ${out[k]}, by differences ${expected}`).toBeLessThan(
        allowed,
      );
    });
  });
});
