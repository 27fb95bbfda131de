/** Sums of products without rounding: doubles as integers times 2^−1074. */

const words = new DataView(new ArrayBuffer(8));

/** x·2^1074, an integer. */
function integer(x: number): bigint {
  words.setFloat64(0, x);
  const bits = words.getBigUint64(0);
  const power = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const size = power === 0n ? fraction : (fraction | 0x10000000000000n) << (power - 1n);
  return bits >> 63n ? -size : size;
}

/** n·2^−2148 to a few ε; ±Infinity beyond the doubles. */
function double(n: bigint): number {
  const size = n < 0n ? -n : n;
  const digits = size.toString(16).length * 4;
  const shift = Math.max(0, digits - 60);
  const head = Number(size >> BigInt(shift));
  const power = shift - 2148;
  const sign = n < 0n ? -1 : 1;
  if (power > 960) return sign * head * 2 ** 960 * 2 ** Math.min(power - 960, 1000);
  if (power > -1000) return sign * head * 2 ** power;
  return sign * head * 2 ** -1000 * 2 ** Math.max(power + 1000, -1074);
}

/** Σ x_k y_k and Σ |x_k y_k|, each rounded once. */
export function exactDot(x: ArrayLike<number>, y: ArrayLike<number>): { value: number; size: number } {
  let [value, size] = [0n, 0n];
  for (let k = 0; k < x.length; k++) {
    const term = integer(x[k]) * integer(y[k]);
    value += term;
    size += term < 0n ? -term : term;
  }
  return { value: double(value), size: double(size) };
}
