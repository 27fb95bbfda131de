/**
 * Infinitely wide networks on the JavaScript backend: contract in src/ops.ts. Closed forms and double sums are those of
 * model/dualActivation.ts; the series of the probit mixture mirrors assembly/infinite/probitSeries.ts, one column at a
 * time.
 */
import { ActivationCode, type Ops } from "../../ops.js";
import { activationAt } from "./activation.js";
import type { Memory } from "./memory.js";

type InfiniteOps = Pick<Ops, "dcovariance" | "ddual" | "ddualScratchBytes" | "dmoments" | "dunit">;

const NODES = 24;
/** Below TINY numbers are multiplied by LIFT, a power of two, before they are divided by. */
const [TINY, LIFT] = [2 ** -1000, 2 ** 100];
/** Beyond this cosine, differences of the unit vectors. */
const PARALLEL = 0.99;

/** First slot of point i in a moment table. */
function slotOf(table: number, held: number, i: number): number {
  return table + (i >>> 2) * (held + 2) * 4 + (i & 3);
}

/** α_k/2π for k < terms, and the row's moments times them: [k]: w_k, v_k = w_k/(2k + 1). */
function weights(h: Float64Array, terms: number, p: number, w: number): void {
  let alpha = 1 / (2 * Math.PI);
  for (let k = 0; k < terms; k++) {
    h[w + 2 * k] = alpha * h[p + 4 * k];
    h[w + 2 * k + 1] = alpha;
    alpha *= (2 * k + 1) / (2 * k + 2);
  }
}

/**
 * The dual activations of one pair by the series; p and q are the first slots of the two points, w the row's weights.
 */
function bySeries(
  h: Float64Array, code: number, terms: number, held: number, w: number, p: number, q: number,
  a: number, b: number, c: number, out: Float64Array,
): void {
  const root = Math.sqrt(a) * Math.sqrt(b);
  const z = root > 0 ? (c / root) ** 2 : 0;
  let x = 0, y = 0;
  if (code === ActivationCode.silu) {
    let bend = 0, mixed = 0, wide = 0;
    for (let k = terms - 1; k >= 0; k--) {
      const alpha = h[w + 2 * k + 1];
      const here = h[q + 4 * k], next = h[q + 4 * k + 4], above = h[p + 4 * k + 4];
      const both = alpha * (above * here + h[p + 4 * k] * next);
      const term = h[w + 2 * k] * here;
      x = x * z + term;
      y = y * z + term / (2 * k + 1);
      bend = bend * z + alpha * (2 * k + 1) * above * next;
      mixed = mixed * z + both;
      wide = wide * z + (2 * k + 2) * both;
    }
    const value = 0.25 + c * y;
    out[0] = c * value + (a * b + c * c) * x - c * c * mixed;
    out[1] = value + c * (3 * x + (1 + z) * bend - wide);
    return;
  }
  const softplus = code === ActivationCode.softplus;
  for (let k = terms - 1; k >= 0; k--) {
    const term = h[w + 2 * k] * h[q + 4 * k];
    x = x * z + (softplus ? term / ((2 * k + 1) * (2 * k + 2)) : term);
    y = y * z + term / (2 * k + 1);
  }
  if (softplus) {
    const last = 4 * (held + 1);
    out[0] = h[p + last] * h[q + last] + c * (0.25 + c * x);
    out[1] = 0.25 + c * y;
  } else if (code === ActivationCode.tanh) {
    out[0] = 16 * c * y;
    out[1] = 16 * x;
  } else {
    out[0] = 0.25 + c * y;
    out[1] = x;
  }
}

/** |x + sign y|². */
function distance(h: Float64Array, n: number, x: number, y: number, sign: number): number {
  let sum = 0;
  for (let t = 0; t < n; t++) sum += (h[x + t] + sign * h[y + t]) ** 2;
  return sum;
}

export function infiniteOps(memory: Memory): InfiniteOps {
  const out = new Float64Array(3);
  return {
    dunit(n, d, alpha, beta, x, ldx, a, u, ldu) {
      const h = memory.f64;
      const [ra, rb] = [Math.sqrt(alpha), Math.sqrt(beta)];
      for (let i = 0; i < n; i++) {
        const [xi, ui] = [(x >>> 3) + i * ldx, (u >>> 3) + i * ldu];
        let top = rb;
        for (let t = 0; t < d; t++) top = Math.max(top, Math.abs(ra * h[xi + t]));
        // Scaled by the largest coordinate: squares neither overflow nor vanish.
        // The inverse of the smallest doubles would be infinite.
        const lift = top < TINY ? LIFT : 1;
        const inverse = top > 0 ? 1 / (lift * top) : 0;
        let sum = 0;
        for (let t = 0; t <= d; t++) {
          h[ui + t] = lift * (t < d ? ra * h[xi + t] : rb) * inverse;
          sum += h[ui + t] ** 2;
        }
        const norm = sum > 0 ? 1 / Math.sqrt(sum) : 0;
        for (let t = 0; t <= d; t++) h[ui + t] *= norm;
        h[(a >>> 3) + i] = sum * top * top;
      }
      return 0;
    },
    dcovariance(r0, r1, cols, d, a, u, ldu, b, v, ldv, vt, ldvt, c, ldc, delta, ldd) {
      const h = memory.f64;
      for (let i = r0; i < r1; i++) {
        const [ai, ui] = [h[(a >>> 3) + i], (u >>> 3) + i * ldu];
        for (let j = 0; j < cols; j++) {
          const bj = h[(b >>> 3) + j];
          const root = Math.sqrt(ai) * Math.sqrt(bj);
          const to = (c >>> 3) + i * ldc + j;
          let less = 0, more = 0;
          let cosine = vt ? 1 : h[to];
          let sine = (1 - cosine) * (1 + cosine);
          if (vt) {
            for (let t = 0; t < d; t++) {
              const [x, y] = [h[ui + t], h[(vt >>> 3) + t * ldvt + j]];
              less += (x - y) ** 2;
              more += (x + y) ** 2;
            }
          } else if (Math.abs(cosine) > PARALLEL) {
            const vj = (v >>> 3) + j * ldv;
            less = distance(h, d, ui, vj, -1);
            more = distance(h, d, ui, vj, 1);
          }
          if (less + more > 0) {
            cosine = 0.25 * (more - less);
            sine = 0.25 * more * less;
          }
          h[to] = less === 0 && ai === bj && (vt || cosine > PARALLEL) ? ai : root * cosine;
          h[(delta >>> 3) + i * ldd + j] = root * root * Math.max(sine, 0);
        }
      }
      return 0;
    },
    dmoments(n, a, scale, nodes, terms, moments) {
      const h = memory.f64;
      for (let i = 0; i < n; i++) {
        const at = slotOf(moments >>> 3, terms, i);
        const x = scale * h[(a >>> 3) + i];
        for (let k = 0; k <= terms; k++) h[at + 4 * k] = 0;
        let mean = 0;
        for (let j = 0; j < NODES; j++) {
          const s2 = h[(nodes >>> 3) + j] ** 2;
          const p = h[(nodes >>> 3) + NODES + j];
          const ratio = (s2 * x) / (1 + s2 * x);
          let power = (p * h[(nodes >>> 3) + j]) / Math.sqrt(1 + s2 * x);
          for (let k = 0; k <= terms && power > 1e-300; k++, power *= ratio) h[at + 4 * k] += power;
          mean += p * Math.sqrt(x + 1 / s2);
        }
        h[at + 4 * (terms + 1)] = mean / Math.sqrt(2 * Math.PI);
      }
      return 0;
    },
    ddual(
      activation, r0, r1, cols, diagonal, _nodes, terms, held, a, ma, b, mb, nextA, nextB, c, ldc, delta, ldd, theta, ldt,
      weight, bias, scale, shift, work,
    ) {
      const h = memory.f64;
      const known = activationAt(h, activation);
      if (!known) return -1;
      const { code, dualActivation, record, norm } = known;
      const w = work >>> 3;
      for (let i = r0; i < r1; i++) {
        const ai = h[(a >>> 3) + i];
        const p = slotOf(ma >>> 3, held, i);
        if (terms) weights(h, terms, p, w);
        if (diagonal) {
          if (terms) bySeries(h, code, terms, held, w, p, slotOf(mb >>> 3, held, i), ai, ai, ai, out);
          else dualActivation(ai, ai, ai, 0, out, record);
          h[(c >>> 3) + i] = weight * out[0] + bias;
          continue;
        }
        const next = nextA ? h[(nextA >>> 3) + i] : 0;
        for (let j = 0; j < cols; j++) {
          const bj = h[(b >>> 3) + j];
          const to = (c >>> 3) + i * ldc + j;
          const di = (delta >>> 3) + i * ldd + j;
          if (terms) bySeries(h, code, terms, held, w, p, slotOf(mb >>> 3, held, j), ai, bj, h[to], out);
          else dualActivation(ai, bj, h[to], h[di], out, record);
          const q = weight * out[0] + bias;
          h[to] = q;
          if (theta) {
            const t = (theta >>> 3) + i * ldt + j;
            h[t] = weight * out[1] * h[t] + (scale * out[0] + shift);
          }
          if (!nextA) continue;
          if (norm > 0) {
            const gap = out[2];
            const norms = (norm * (Math.sqrt(ai) - Math.sqrt(bj)) ** 2) / 2 + 2 * gap;
            h[di] = weight * weight * gap * (norm * Math.sqrt(ai) * Math.sqrt(bj) - gap) + weight * bias * norms;
          } else h[di] = Math.max(0, next * h[(nextB >>> 3) + j] - q * q);
        }
      }
      return 0;
    },
    ddualScratchBytes: (terms) => 16 * terms,
  };
}
