/** The first-order model around θ0 as a function of θ: f(X, θ0) + Φ(X)(θ − θ0). */
import type { Context } from "../arena.js";
import { checkFinite, checkResult, describe, toMatrix } from "../check.js";
import { firstOrder } from "../kernel/tangent.js";
import { type Matrix, type MatrixLike, matrix } from "../matrix.js";
import { type Network, validateNetwork } from "../model/network.js";

export interface Linearized {
  /** f(X, θ0) + Φ(X)(θ − θ0), N×C. θ has the length and order of `net.parameters`. */
  at(theta: ArrayLike<number>, X: MatrixLike): Matrix;
}

export function linearize(context: Context, value: Network, live: () => void): Linearized {
  const net = validateNetwork(value);
  // θ0 is the point of expansion: a copy, whatever happens to the network's array.
  const start = { ...net, parameters: net.parameters.slice() };
  return {
    at(theta, Xlike) {
      live();
      const P = start.parameters.length;
      if (typeof theta !== "object" || theta === null)
        throw new TypeError(`θ is ${describe(theta)}; expected ${P} numbers`);
      if (theta.length !== P) throw new RangeError(`θ has ${theta.length} numbers; expected ${P}`);
      const X = toMatrix(Xlike, "X", { cols: start.inputs });
      const moved = Float64Array.from(theta, (value, i) => value - start.parameters[i]);
      checkFinite({ data: moved, rows: P, cols: 1 }, "θ − θ0");
      return checkResult(
        matrix(X.rows, start.outputs, firstOrder(context, start, X, moved)),
        "f(X, θ0) + Φ(X)(θ − θ0)",
      );
    },
  };
}
