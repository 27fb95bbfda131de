/**
 * Features of finitely many weights, as solvers in weight space see them: f(x) = [f0(x) +] φ(x)·β. Of a network they
 * are its tangent features, with one β for all outputs.
 */
import type { Context } from "../context.js";
import { loadInputs, loadNetwork } from "../kernel/finite/layers.js";
import { firstOrder, outputsInto } from "../kernel/finite/tangents.js";
import { scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { Network } from "../model/network.js";
import { tangentTiles } from "./primalSystem.js";

/** Rows of Φ and, where it was asked for, the outputs at the start in the same order. */
export type FeatureRows = (Phi: View, first: number, start: View | undefined) => void;

export interface FeatureMap {
  readonly context: Context;
  /** The network, where the features are its tangent features. */
  readonly network: Network | undefined;
  /** P. */
  readonly count: number;
  /** Input dimension that the features prescribe, if they do. */
  readonly inputs: number | undefined;
  /** Number of outputs that the features prescribe, if they do. */
  readonly outputs: number | undefined;
  /** Rows of Φ for each point: C where one β serves all outputs, 1 where each output has its own. */
  readonly block: number;
  /** Calls `body` for tiles of the rows of Φ(X), in order. `start`: with f(X, θ0), a row for each point. */
  forEachTile(X: Matrix, start: boolean, body: FeatureRows): void;
  /** [f(X, θ0) +] Φ(X) β, rows×C; `beta` holds a vector for each right-hand side. */
  mean(X: Matrix, beta: Float64Array, start: boolean): Float64Array;
}

/** The tangent features of a network. */
export function networkFeatures(context: Context, network: Network): FeatureMap {
  const { inputs, outputs } = network;
  return {
    context,
    network,
    count: network.parameters.length,
    inputs,
    outputs,
    block: outputs,
    forEachTile: (X, start, body) =>
      context.arena.run(() => {
        const loaded = loadNetwork(context, network);
        tangentTiles(context, loaded, loadInputs(context, X), (Phi, first, tile) => {
          const out = start ? scratch(context, tile.rows, outputs) : undefined;
          if (out) outputsInto(loaded, tile, out);
          body(Phi, first, out);
        });
      }),
    mean: (X, beta, start) => firstOrder(context, network, X, beta, start),
  };
}
