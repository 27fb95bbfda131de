/** Full-batch gradient descent on the JavaScript backend, by its own features and vjp: contract in src/ops.ts. */
import type { Ops } from "../../ops.js";
import { dot } from "./level2.js";
import type { Memory } from "./memory.js";

type Features = Pick<Ops, "dfeatures" | "dfeaturesScratchBytes" | "dvjp">;
type TrainOps = Pick<Ops, "ddescend" | "dtrain" | "dtrainScratchBytes">;

/** Rows whose features are made at a time: they stay in L2. */
const ROWS = 32;

export function trainOps(memory: Memory, { dfeatures, dfeaturesScratchBytes, dvjp }: Features): TrainOps {
  const ddescend: Ops["ddescend"] = (P, rate, momentum, nesterov, decay, gradient, theta, theta0, velocity) => {
    const h = memory.f64;
    const [g, at, at0, va] = [gradient >>> 3, theta >>> 3, theta0 >>> 3, velocity >>> 3];
    for (let p = 0; p < P; p++) {
      const x = h[at + p];
      const slope = h[g + p] + decay * (x - h[at0 + p]);
      let direction = slope;
      if (momentum !== 0) {
        const v = momentum * h[va + p] + slope;
        h[va + p] = v;
        direction = nesterov ? slope + momentum * v : v;
      }
      h[at + p] = x - rate * direction;
    }
    return 0;
  };
  return {
    ddescend,
    dtrain(
      activation, steps, n, m, d, alpha1, beta1, alpha2, beta2, bias, ta, tb, tc, td, x, y, rates, momentum, nesterov, decay,
      theta, theta0, velocity, losses, limit, work,
    ) {
      const h = memory.f64;
      const P = m * (d + 1) + (bias ? m + 1 : 0);
      const gradient = work;
      const gain = gradient + P * 8;
      const v = gain + m * 8;
      const s = v + ROWS * 8;
      const g = s + ROWS * m * 8;
      const rest = g + ROWS * m * 8;
      const first = bias ? 8 : 0;
      const [b, gb] = [theta + first, gradient + first];
      const [c, gc] = [b + m * 8, gb + m * 8];
      const [bd, gd] = bias ? [c + m * d * 8, gc + m * d * 8] : [0, 0];
      for (let k = 0; k < steps; k++) {
        h.fill(0, gradient >>> 3, (gradient >>> 3) + P);
        for (let j = 0; j < m; j++) h[(gain >>> 3) + j] = alpha2 * h[(b >>> 3) + j];
        let squares = 0;
        let total = 0;
        for (let i = 0; i < n; i += ROWS) {
          const rows = Math.min(ROWS, n - i);
          dfeatures(activation, 0, rows, m, d, alpha1, x + i * d * 8, d, c, d, beta1, bd, gain, s, m, g, m, rest);
          for (let r = 0; r < rows; r++) {
            let f = bias ? beta2 * h[theta >>> 3] : 0;
            f += dot(h, m, (s >>> 3) + r * m, gain >>> 3);
            const difference = f - h[(y >>> 3) + i + r];
            squares += difference * difference;
            total += difference;
            h[(v >>> 3) + r] = difference / n;
          }
          dvjp(0, m, rows, d, tb, tc, td, v, x + i * d * 8, d, s, m, g, m, gb, gc, gd);
        }
        if (bias) h[gradient >>> 3] = (ta * total) / n;
        const loss = squares / (2 * n);
        h[(losses >>> 3) + k] = loss;
        if (!(loss <= limit)) return k + 1;
        ddescend(P, h[(rates >>> 3) + k], momentum, nesterov, decay, gradient, theta, theta0, velocity);
      }
      return 0;
    },
    dtrainScratchBytes: (_n, m, d) => 8 * (m * (d + 2) + 1 + m + ROWS + 2 * ROWS * m) + dfeaturesScratchBytes(ROWS, m, d),
  };
}
