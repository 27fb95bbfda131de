/**
 * One hidden layer, loaded into backend memory: what every kernel, Jacobian and prediction of a finite network starts
 * from. Also the gate that says which networks are computed today.
 */
import type { Context } from "../arena.js";
import type { Matrix } from "../matrix.js";
import { blockOf, type Network, scales, validateNetwork, widths } from "../model/network.js";
import { ActivationCode } from "../ops.js";

/** Addresses and scales of a one-hidden-layer network in scratch memory. */
export interface Layer {
  readonly net: Network;
  readonly d: number;
  readonly m: number;
  readonly P: number;
  /** Activation code of the ABI. */
  readonly code: number;
  /** C, m×d. */
  readonly c: number;
  /** Biases of the hidden layer; 0 without. */
  readonly bias: number;
  /** b, m. */
  readonly b: number;
  /** alpha2 b, m: the gain of σ' in G. */
  readonly gain: number;
  /** Forward scales: input layer, then output layer; the betas are 0 without biases. */
  readonly alpha1: number;
  readonly beta1: number;
  readonly alpha2: number;
  readonly beta2: number;
  /** beta2 · a: the constant of the forward pass. */
  readonly constant: number;
}

/**
 * Checks that a network is one that can be computed.
 *
 * @throws TypeError, RangeError
 */
export function checkComputable(value: unknown): Network {
  const net = validateNetwork(value);
  const depth = widths(net).length;
  if (depth > 1) {
    throw new RangeError(
      `the network has ${depth} hidden layers; deep kernels are not computed yet, expected one hidden layer`,
    );
  }
  if (net.outputs > 1) {
    throw new RangeError(`the network has ${net.outputs} outputs; several outputs are not computed yet, expected 1`);
  }
  return net;
}

/** Copies θ into scratch. Call inside `arena.run`. */
export function loadLayer({ arena }: Context, net: Network): Layer {
  const [input, output] = scales(net);
  const b = blockOf(net, "b");
  const a = net.bias ? blockOf(net, "a")[0] : 0;
  return {
    net,
    d: net.inputs,
    m: b.length,
    P: net.parameters.length,
    code: ActivationCode[net.activation],
    c: arena.copyIn(blockOf(net, "c")),
    bias: net.bias ? arena.copyIn(blockOf(net, "d")) : 0,
    b: arena.copyIn(b),
    gain: arena.copyIn(b.map((weight) => output.alpha * weight)),
    alpha1: input.alpha,
    beta1: input.beta,
    alpha2: output.alpha,
    beta2: output.beta,
    constant: output.beta * a,
  };
}

/** Inputs in scratch: n×d, rows packed. */
export interface Inputs {
  readonly address: number;
  readonly n: number;
}

/** Copies X into scratch. Call inside `arena.run`. */
export function loadInputs({ arena }: Context, X: Matrix): Inputs {
  return { address: arena.copyIn(X.data), n: X.rows };
}

/** S and (where g is not 0) G for rows of X and the hidden units [unit, unit + units); both rows×units, packed. */
export function features(
  { ops, arena }: Context,
  layer: Layer,
  x: number,
  rows: number,
  unit: number,
  units: number,
  s: number,
  g: number,
): void {
  arena.run(() => {
    const work = arena.allocBytes(ops.dfeaturesScratchBytes(rows, units, layer.d));
    ops.dfeatures(
      layer.code,
      0,
      rows,
      units,
      layer.d,
      layer.alpha1,
      x,
      layer.d,
      layer.c + unit * layer.d * 8,
      layer.d,
      layer.beta1,
      layer.bias && layer.bias + unit * 8,
      layer.gain + unit * 8,
      s,
      units,
      g,
      units,
      work,
    );
  });
}

/** Rows of a tile whose S and G (all units) are about 8 MiB each. */
export function rowsPerTile(layer: Layer, n: number): number {
  return Math.max(1, Math.min(n, Math.floor(2 ** 20 / layer.m)));
}

/** Calls `body(first row, rows, S, G)` for tiles of rows with all units' features; S and G live for one call. */
export function forEachTile(
  context: Context,
  layer: Layer,
  inputs: Inputs,
  body: (row: number, rows: number, s: number, g: number) => void,
): void {
  const { arena } = context;
  const tile = rowsPerTile(layer, inputs.n);
  arena.run(() => {
    const s = arena.alloc(tile * layer.m);
    const g = arena.alloc(tile * layer.m);
    for (let row = 0; row < inputs.n; row += tile) {
      const rows = Math.min(tile, inputs.n - row);
      features(context, layer, inputs.address + row * layer.d * 8, rows, 0, layer.m, s, g);
      body(row, rows, s, g);
    }
  });
}
