// Descent of a network under cross-entropy, written out: forward, softmax, Jacobian, step. It shares nothing with the
// first-order model but the network.

/** Outputs of the network before each of the (ascending) steps. */
export function descend(ntk, net, X, labels, { learningRate, momentum = 0, nesterov = false }, steps) {
  const C = net.outputs;
  const parameters = net.parameters.slice();
  const velocity = new Float64Array(parameters.length);
  const moving = { ...net, parameters };
  const result = [];
  for (let k = 0; ; k++) {
    const f = ntk.forward(moving, X).data;
    if (k === steps[result.length]) result.push(f);
    if (result.length === steps.length) return result;
    const J = ntk.jacobian(moving, X);
    const gradient = new Float64Array(parameters.length);
    slopes(f, labels, C).forEach((slope, row) => {
      for (let p = 0; p < gradient.length; p++) gradient[p] += slope * J.data[row * J.cols + p];
    });
    for (let p = 0; p < gradient.length; p++) {
      velocity[p] = momentum * velocity[p] + gradient[p];
      parameters[p] -= learningRate * (nesterov ? gradient[p] + momentum * velocity[p] : velocity[p]);
    }
  }
}

/** (softmax(f) − onehot)/N, rows n·C + c. */
function slopes(f, labels, C) {
  return labels.flatMap((label, i) => {
    const row = Array.from(f.subarray(i * C, i * C + C));
    const top = row.reduce((most, x) => Math.max(most, x), -Infinity);
    const powers = row.map((x) => Math.exp(x - top));
    const total = powers.reduce((sum, x) => sum + x, 0);
    return powers.map((power, c) => (power / total - (c === label ? 1 : 0)) / labels.length);
  });
}
