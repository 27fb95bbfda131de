/** Training rules on a bed: blocks for everything that a rule points to. */
import { LossCode, OptimizerCode, RULE } from "../../src/ops.js";
import type { Bed, Block } from "./harness.js";

export interface RuleOptions {
  loss?: LossCode;
  optimizer?: OptimizerCode;
  momentum?: number;
  nesterov?: number;
  decay?: number;
  rates: Block;
  anchor: Block;
  velocity: Block;
  squares?: Block;
  /** Pairs (1/(1 − β1^t), 1/(1 − β2^t)). */
  corrections?: Block;
  /** Pairs (length, rate). */
  blocks?: [number, number][];
  /** Rows of each batch. */
  batches?: number[][];
  /** Doubles of a row of X and y. */
  rowSize?: number;
  until?: number;
}

export const [BETA2, EPSILON] = [0.95, 1e-3];

/** The rule, and what an op may write beside the velocity and the squares: the room for a batch. */
export function ruleOn(bed: Bed, options: RuleOptions): { rule: Block; room: Block | undefined } {
  const { batches, blocks = [], rowSize = 0 } = options;
  const integers = (values: number[]) => {
    const packed = new Float64Array(new Int32Array([...values, ...(values.length % 2 ? [0] : [])]).buffer);
    return bed.matrix("integers", 1, packed.length, (_, i) => packed[i], packed.length);
  };
  const order = batches && integers(batches.flat());
  const sizes = batches && integers(batches.map((rows) => rows.length));
  const most = batches?.reduce((top, rows) => Math.max(top, rows.length), 0) ?? 0;
  const room = batches && bed.matrix("room", 1, most * rowSize, undefined, most * rowSize);
  const pairs = bed.matrix("blocks", 1, 2 * blocks.length, (_, i) => blocks.flat()[i], 2 * blocks.length);
  const values: Record<(typeof RULE)[number], number> = {
    loss: options.loss ?? LossCode.squared,
    optimizer: options.optimizer ?? OptimizerCode.descent,
    momentum: options.momentum ?? 0,
    nesterov: options.nesterov ?? 0,
    decay: options.decay ?? 0,
    beta2: BETA2,
    epsilon: EPSILON,
    rates: options.rates.address,
    corrections: options.corrections?.address ?? 0,
    anchor: options.anchor.address,
    velocity: options.velocity.address,
    squares: options.squares?.address ?? 0,
    blocks: pairs.address,
    blockCount: blocks.length,
    order: order?.address ?? 0,
    sizes: sizes?.address ?? 0,
    room: room?.address ?? 0,
    until: options.until ?? -Infinity,
  };
  return { rule: bed.matrix("rule", 1, RULE.length, (_, i) => values[RULE[i]], RULE.length), room };
}
