/**
 * Dual activations by quadrature, one pair at a time: hardTanh and elu (MATH.md §6), as assembly/activation/ has them.
 */
import { relu } from "./dualActivation.js";
import { erf } from "./rowMaps.js";

const TURN = 2 * Math.PI;
const row = new Float64Array(3);
const part = new Float64Array(3);

/** erf of one number. */
export function erfOf(z: number): number {
  row[0] = z;
  erf(row, 1, 1, 0, 2);
  return row[0];
}

/** assembly/activation/hardTanh.ts has the formulas. */
export function hardTanh(
  a: number,
  b: number,
  c: number,
  delta: number,
  out: Float64Array,
  record: Float64Array,
): void {
  const n = record[2];
  // A variance of 0 is like a small one: no unit reaches ±1.
  const x = 1 / Math.sqrt(Math.max(a, 1e-280));
  const y = 1 / Math.sqrt(Math.max(b, 1e-280));
  const xy = x * y;
  const root = 1 / xy;
  // Rounding must not take a right angle beyond 1: the exponents would change sign.
  const v1 = Math.min(1, Math.sqrt(delta) / (root + Math.abs(c)));
  const layer = (x - y) ** 2 / 8;
  const within = (v: number) => Math.min(Math.max(v, v1), 1);
  const ends = [v1, within(Math.abs(x - y) / Math.sqrt(8)), within((x + y) / Math.sqrt(8)), 1];
  let [slope, value] = [0, 0];
  for (let piece = 0; piece < 3; piece++) {
    const from = ends[piece];
    const length = ends[piece + 1] - from;
    if (length === 0) continue;
    let [sum, weighted] = [0, 0];
    for (let k = 3; k < n + 3; k++) {
      const step = length * record[k];
      const v = Math.max(from + step, 1e-150);
      const v2 = v * v;
      const o = 1 + v2;
      const bend = (xy * o) / 2;
      const inner = Math.expm1((-bend * ((1 - v) * (1 + v))) / v2);
      const e = (record[n + k] * Math.exp(-((layer * (o * o)) / v2 + bend)) * inner) / o;
      sum += e;
      weighted += (e / o) * ((from - v1 + step) * (v + v1));
    }
    // e is −(π/2) of what it stands for.
    slope -= (2 / Math.PI) * length * sum;
    value -= (2 / Math.PI) * length * weighted;
  }
  const both = erfOf(x * Math.SQRT1_2) * erfOf(y * Math.SQRT1_2);
  const size = Math.abs(c) * both + (2 * root * value) / (1 + v1 * v1);
  out[0] = c < 0 ? -size : size;
  out[1] = both + slope;
}

/** Terms of the polynomials of M and J. */
const TERMS = 27;

/** M(x) = e^(x²/2) ∫_x^∞ e^(−t²/2) dt, by its polynomial in the record. */
function mills(record: Float64Array, table: number, x: number): number {
  const t = (x - 6) / (x + 6);
  let sum = 0;
  for (let i = 0; i < TERMS; i++) sum = sum * t + record[table + i];
  return sum / (x + 6);
}

/** assembly/activation/elu.ts says what this and the next are. */
function bothBelow(record: Float64Array, table: number, P: number, Q: number): void {
  const S = P + Q;
  const [tp, tq, ts] = [(P - 6) / (P + 6), (Q - 6) / (Q + 6), (S - 6) / (S + 6)];
  let [mp, mq, ms, js] = [0, 0, 0, 0];
  for (let i = table; i < table + TERMS; i++) {
    const m = record[i];
    mp = mp * tp + m;
    mq = mq * tq + m;
    ms = ms * ts + m;
    js = js * ts + record[i + TERMS];
  }
  const last = ms / (S + 6);
  part[0] = P * (mp / (P + 6) - last) + Q * (mq / (Q + 6) - last);
  part[1] = js / (S + 6) ** 2;
}

function oneBelow(record: Float64Array, table: number, P: number, Q: number): void {
  const [tp, tq] = [(P - 6) / (P + 6), (Q - 6) / (Q + 6)];
  let [mp, mq, jp, jq] = [0, 0, 0, 0];
  for (let i = table; i < table + TERMS; i++) {
    const [m, j] = [record[i], record[i + TERMS]];
    mp = mp * tp + m;
    mq = mq * tq + m;
    jp = jp * tp + j;
    jq = jq * tq + j;
  }
  jp /= (P + 6) ** 2;
  jq /= (Q + 6) ** 2;
  const first = Math.sqrt(Math.PI / 2);
  part[0] = Q * (mp / (P + 6) - P * jp - first) + P * (mq / (Q + 6) - Q * jq - first);
  part[1] = jp + jq;
}

export function elu(a: number, b: number, c: number, delta: number, out: Float64Array, record: Float64Array): void {
  const alpha = record[2];
  const beta = record[3];
  const n = record[4];
  const table = 5 + 2 * n;
  const [p, q] = [Math.sqrt(a), Math.sqrt(b)];
  // A unit that is 0 has the slope α.
  if (p === 0 || q === 0) {
    const other = Math.sqrt(a + b);
    out[0] = 0;
    out[1] = alpha * (other > 0 ? beta / 2 + (alpha * mills(record, table, other)) / Math.sqrt(TURN) : alpha);
    return;
  }
  const within = Math.atan2(Math.sqrt(delta), c);
  const beside = Math.atan2(Math.sqrt(delta), -c);
  let [both, bothSlope, mixed, mixedSlope] = [0, 0, 0, 0];
  for (let k = 0; k < n; k++) {
    const node = record[5 + k];
    const back = record[4 + n - k];
    const weight = record[5 + n + k];
    bothBelow(record, table, p * Math.sin(beside * node), q * Math.sin(beside * back));
    both += weight * part[0];
    bothSlope += weight * part[1];
    oneBelow(record, table, p * Math.sin(within * node), q * Math.sin(within * back));
    mixed += weight * part[0];
    mixedSlope += weight * part[1];
  }
  relu(a, b, c, delta, part);
  const [square, cross, curved] = [beta * beta, (alpha * beta * within) / TURN, (alpha * alpha * beside) / TURN];
  out[0] = square * part[0] + cross * mixed + curved * both;
  out[1] = square * part[1] + cross * mixedSlope + curved * bothSlope;
}
