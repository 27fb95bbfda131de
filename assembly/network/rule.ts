// A training rule in memory: doubles, of which addresses and counts are some. See src/ops.ts for the contract.
@unmanaged
export class Rule {
  loss: f64;
  optimizer: f64;
  momentum: f64;
  nesterov: f64;
  decay: f64;
  beta2: f64;
  epsilon: f64;
  rates: f64;
  corrections: f64;
  anchor: f64;
  velocity: f64;
  squares: f64;
  blocks: f64;
  blockCount: f64;
  order: f64;
  sizes: f64;
  room: f64;
  until: f64;
}
