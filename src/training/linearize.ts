/** The first-order model around θ0 as a function of θ: f(X, θ0) + Φ(X)(θ − θ0). */

import { checkFinite, checkResult, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { firstOrder } from "../kernel/finite/tangents.js";
import { toVector } from "../lists.js";
import { type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { type Network, ownNetwork, validateNetwork } from "../model/network.js";

export interface Linearized {
  /** f(X, θ0) + Φ(X)(θ − θ0), N×C. θ has the length and order of `net.parameters`. */
  at(theta: NumberList, X: MatrixLike): Matrix;
}

export function linearize(context: Context, value: Network, live: () => void): Linearized {
  // θ0 is the point of expansion. It is a copy, whatever happens to the network's array.
  const start = ownNetwork(validateNetwork(value));
  return {
    at(theta, Xlike) {
      live();
      const P = start.parameters.length;
      const moved = toVector(theta, "θ", String(P), { length: P });
      const X = toMatrix(Xlike, "X", { cols: start.inputs });
      for (let p = 0; p < P; p++) moved[p] -= start.parameters[p];
      checkFinite({ data: moved, rows: P, cols: 1 }, "θ − θ0");
      return checkResult(
        matrix(X.rows, start.outputs, firstOrder(context, start, X, moved, true, true)),
        "f(X, θ0) + Φ(X)(θ − θ0)",
      );
    },
  };
}
