/** Arithmetic on plain vectors and matrices that JavaScript owns. */

/** Rows become columns: rows×cols → cols×rows. */
export function transposed(data: Float64Array, rows: number, cols: number): Float64Array {
  const result = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) result[j * rows + i] = data[i * cols + j];
  return result;
}

/** ‖A‖∞ of an n×n matrix: its largest row sum of sizes. */
export function rowSumNorm(a: Float64Array, n: number): number {
  let norm = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = i * n; j < (i + 1) * n; j++) sum += Math.abs(a[j]);
    norm = Math.max(norm, sum);
  }
  return norm;
}

/** Largest |x|. */
export function maxAbs(values: Float64Array): number {
  return values.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
}

/** The place in [0, count) of the first largest of `count` entries from `from` on. */
export function placeOfLargest(values: Float64Array, from: number, count: number): number {
  let place = 0;
  for (let c = 1; c < count; c++) if (values[from + c] > values[from + place]) place = c;
  return place;
}

/** Σ x_i y_i. */
export function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}

/** Σ x_i. */
export function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** ‖v‖₂, free of overflow. */
export function norm(v: Float64Array): number {
  const largest = maxAbs(v);
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  return largest * Math.sqrt(v.reduce((sum, x) => sum + (x / largest) ** 2, 0));
}
