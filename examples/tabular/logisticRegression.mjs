// Multinomial logistic regression on the inputs, the baseline of the calibration table: the minimum of
// Σ (logsumexp f_i − f_i,y_i) + ½‖W‖², f = XW + b, by L-BFGS (Liu & Nocedal 1989). The objective is strictly convex but
// for a shift of b, which changes nothing.

/** Steps that are remembered, and the most steps. */
const [MEMORY, STEPS] = [10, 500];
/** The gradient's largest entry at the end. */
const SMALL = 1e-6;

const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);

/** f = XW + b in rows of C, softmax in place. θ has W by columns of X, then b. */
function probabilities({ data, rows, cols }, theta, C) {
  const p = new Float64Array(rows * C);
  for (let i = 0; i < rows; i++) {
    const own = p.subarray(i * C, (i + 1) * C);
    own.set(theta.subarray(cols * C));
    for (let t = 0; t < cols; t++) for (let c = 0; c < C; c++) own[c] += data[i * cols + t] * theta[t * C + c];
    const top = own.reduce((most, f) => Math.max(most, f), -Infinity);
    let sum = 0;
    for (let c = 0; c < C; c++) sum += own[c] = Math.exp(own[c] - top);
    for (let c = 0; c < C; c++) own[c] /= sum;
  }
  return p;
}

function objective(X, index, C, theta) {
  const { data, rows, cols } = X;
  const p = probabilities(X, theta, C);
  const gradient = new Float64Array(theta.length);
  let value = 0;
  for (let i = 0; i < rows; i++) {
    value -= Math.log(Math.max(Number.MIN_VALUE, p[i * C + index[i]]));
    p[i * C + index[i]] -= 1;
    for (let c = 0; c < C; c++) {
      for (let t = 0; t < cols; t++) gradient[t * C + c] += data[i * cols + t] * p[i * C + c];
      gradient[cols * C + c] += p[i * C + c];
    }
  }
  for (let k = 0; k < cols * C; k++) {
    value += theta[k] ** 2 / 2;
    gradient[k] += theta[k];
  }
  return { value, gradient };
}

/** −H g by the two loops of L-BFGS. */
function direction(gradient, memory) {
  const q = gradient.map((x) => -x);
  const scales = [];
  for (const { s, y } of [...memory].reverse()) {
    const scale = dot(s, q) / dot(s, y);
    scales.push(scale);
    for (let k = 0; k < q.length; k++) q[k] -= scale * y[k];
  }
  const last = memory.at(-1);
  if (last) {
    const size = dot(last.s, last.y) / dot(last.y, last.y);
    for (let k = 0; k < q.length; k++) q[k] *= size;
  }
  for (const { s, y } of memory) {
    const scale = scales.pop() - dot(y, q) / dot(s, y);
    for (let k = 0; k < q.length; k++) q[k] += scale * s[k];
  }
  return q;
}

/** Probabilities of the test rows, N*×C. */
export function logisticRegression(X, labels, classes, Xtest) {
  const C = classes.length;
  const index = labels.map((label) => classes.indexOf(label));
  let theta = new Float64Array((X.cols + 1) * C);
  let here = objective(X, index, C, theta);
  const memory = [];
  for (let step = 0; step < STEPS && here.gradient.some((g) => Math.abs(g) > SMALL); step++) {
    const move = direction(here.gradient, memory);
    const slope = dot(move, here.gradient);
    let length = memory.length > 0 ? 1 : 1 / X.rows;
    let [next, there] = [theta, here];
    for (let halving = 0; halving < 40; halving++, length /= 2) {
      next = theta.map((value, k) => value + length * move[k]);
      there = objective(X, index, C, next);
      if (there.value <= here.value + 1e-4 * length * slope) break;
    }
    const [s, y] = [next.map((value, k) => value - theta[k]), there.gradient.map((g, k) => g - here.gradient[k])];
    if (dot(s, y) > 0) memory.push({ s, y });
    if (memory.length > MEMORY) memory.shift();
    [theta, here] = [next, there];
  }
  return { data: probabilities(Xtest, theta, C), rows: Xtest.rows, cols: C };
}
