// Packing: the rows [row, row + rows) of an operand, at depths [depth, depth + k), become slivers of `width` rows,
// depth-major and padded with zero rows:
//
//   dst = sliver 0: [p = 0: r0 r1 … r(width−1)] [p = 1: …] … sliver 1: …
//
// `trans = 0`: row r, depth p lies at src[r·ld + p]; `trans = 1`: at src[p·ld + r].

export function pack<T>(
  trans: i32, row: i32, rows: i32, depth: i32, k: i32, width: i32, src: usize, ld: i32, dst: usize,
): void {
  if (rows <= 0) return;
  const sliverBytes = <usize>k * <usize>width * sizeof<T>(), rest = rows % width;
  if (rest) memory.fill(dst + <usize>(rows / width) * sliverBytes, 0, sliverBytes);
  if (trans) {
    packColumns<T>(row, rows, depth, k, width, src, ld, dst);
    return;
  }
  for (let r = 0; r < rows; r += width, dst += sliverBytes) {
    packRows<T>(row + r, min(width, rows - r), depth, k, width, src, ld, dst);
  }
}

/** Rows in groups of as many as a vector has lanes, transposed in registers; the rest one by one. */
function packRows<T>(
  row: i32, live: i32, depth: i32, k: i32, width: i32, src: usize, ld: i32, dst: usize,
): void {
  const rowBytes = <usize>ld * sizeof<T>(), lanes = 16 / <i32>sizeof<T>();
  let from = src + (<usize>row * <usize>ld + <usize>depth) * sizeof<T>();
  let r = 0;
  for (; r + lanes <= live; r += lanes) {
    if (sizeof<T>() == 8) packPair(k, width, from, rowBytes, dst);
    else packQuad(k, width, from, rowBytes, dst);
    from += rowBytes * lanes;
    dst += 16;
  }
  for (; r < live; r++) {
    for (let p = 0, to = dst; p < k; p++, to += <usize>width * sizeof<T>()) store<T>(to, load<T>(from + <usize>p * sizeof<T>()));
    from += rowBytes;
    dst += sizeof<T>();
  }
}

/** Two rows of doubles: 2×2 transposes. */
function packPair(k: i32, width: i32, from: usize, rowBytes: usize, to: usize): void {
  const stepBytes = <usize>width << 3, end = from + (<usize>(k & ~1) << 3);
  let p = from, q = from + rowBytes;
  while (p < end) {
    const x = v128.load(p), y = v128.load(q);
    v128.store(to, v128.shuffle<f64>(x, y, 0, 2));
    v128.store(to + stepBytes, v128.shuffle<f64>(x, y, 1, 3));
    to += stepBytes << 1;
    p += 16;
    q += 16;
  }
  if (k & 1) {
    store<f64>(to, load<f64>(p));
    store<f64>(to, load<f64>(q), 8);
  }
}

/** Four rows of floats: 4×4 transposes. */
function packQuad(k: i32, width: i32, from: usize, rowBytes: usize, to: usize): void {
  const stepBytes = <usize>width << 2, end = from + (<usize>(k & ~3) << 2), end1 = from + (<usize>k << 2);
  let p = from;
  while (p < end) {
    const q = p + (rowBytes << 1);
    const x = v128.load(p), y = v128.load(p + rowBytes), z = v128.load(q), w = v128.load(q + rowBytes);
    const xy = v128.shuffle<f32>(x, y, 0, 4, 1, 5), zw = v128.shuffle<f32>(z, w, 0, 4, 1, 5);
    const xy2 = v128.shuffle<f32>(x, y, 2, 6, 3, 7), zw2 = v128.shuffle<f32>(z, w, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(xy, zw, 0, 2));
    v128.store(to + stepBytes, v128.shuffle<f64>(xy, zw, 1, 3));
    to += stepBytes << 1;
    v128.store(to, v128.shuffle<f64>(xy2, zw2, 0, 2));
    v128.store(to + stepBytes, v128.shuffle<f64>(xy2, zw2, 1, 3));
    to += stepBytes << 1;
    p += 16;
  }
  while (p < end1) {
    const q = p + (rowBytes << 1);
    store<f32>(to, load<f32>(p));
    store<f32>(to, load<f32>(p + rowBytes), 4);
    store<f32>(to, load<f32>(q), 8);
    store<f32>(to, load<f32>(q + rowBytes), 12);
    to += stepBytes;
    p += 4;
  }
}

/**
 * Slivers that are filled together: a row of the operand is read 256 bytes at a time, not in the width of a sliver (1.6
 * → 0.9 ms for 10⁶ doubles).
 */
// @ts-ignore: decorator
@inline const TOGETHER: i32 = 8;

function packColumns<T>(
  row: i32, rows: i32, depth: i32, k: i32, width: i32, src: usize, ld: i32, dst: usize,
): void {
  const stepBytes = <usize>width * sizeof<T>(), ldBytes = <usize>ld * sizeof<T>(), sliverBytes = <usize>k * stepBytes;
  const wide = width * TOGETHER;
  for (let r = 0; r < rows; r += wide) {
    let from = src + (<usize>depth * <usize>ld + <usize>(row + r)) * sizeof<T>(), to = dst;
    let last = from + <usize>min(wide, rows - r) * sizeof<T>();
    for (let p = 0; p < k; p++) {
      let at = from, sliver = to;
      for (; at + stepBytes <= last; at += stepBytes, sliver += sliverBytes) copyStep<T>(stepBytes, at, sliver);
      copyStep<T>(last - at, at, sliver);
      from += ldBytes;
      last += ldBytes;
      to += stepBytes;
    }
    dst += sliverBytes * TOGETHER;
  }
}

// @ts-ignore: decorator
@inline
function copyStep<T>(bytes: usize, from: usize, to: usize): void {
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) v128.store(to + o, v128.load(from + o));
  for (; o < bytes; o += sizeof<T>()) store<T>(to + o, load<T>(from + o));
}
