// Packing: the rows [row, row + rows) of an operand, at depths [depth, depth + k), become slivers of `width` rows,
// depth-major and padded with zero rows:
//
//   dst = sliver 0: [p = 0: r0 r1 … r(width−1)] [p = 1: …] … sliver 1: …
//
// `trans = 0`: row r, depth p lies at src[r·ld + p]; `trans = 1`: at src[p·ld + r].

export function pack(
  trans: i32, row: i32, rows: i32, depth: i32, k: i32, width: i32, src: usize, ld: i32, dst: usize,
): void {
  const sliverBytes = <usize>k * (<usize>width << 3);
  for (let r = 0; r < rows; r += width) {
    const live = min(width, rows - r);
    if (live < width) memory.fill(dst, 0, sliverBytes);
    if (trans) packColumns(row + r, live, depth, k, width, src, ld, dst);
    else packRows(row + r, live, depth, k, width, src, ld, dst);
    dst += sliverBytes;
  }
}

/** Two rows at a time: 2×2 transposes in registers. */
function packRows(
  row: i32, live: i32, depth: i32, k: i32, width: i32, src: usize, ld: i32, dst: usize,
): void {
  const rowBytes = <usize>ld << 3, stepBytes = <usize>width << 3;
  let from = src + (<usize>row * <usize>ld + <usize>depth << 3);
  let r = 0;
  for (; r + 2 <= live; r += 2) {
    let p = from, q = from + rowBytes, to = dst + (<usize>r << 3);
    const end = p + (<usize>(k & ~1) << 3);
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
    from += rowBytes << 1;
  }
  if (r < live) {
    let to = dst + (<usize>r << 3);
    for (let p = 0; p < k; p++) {
      store<f64>(to, load<f64>(from + (<usize>p << 3)));
      to += stepBytes;
    }
  }
}

function packColumns(
  row: i32, live: i32, depth: i32, k: i32, width: i32, src: usize, ld: i32, dst: usize,
): void {
  const stepBytes = <usize>width << 3, ldBytes = <usize>ld << 3, liveBytes = <usize>live << 3;
  let from = src + (<usize>depth * <usize>ld + <usize>row << 3);
  for (let p = 0; p < k; p++) {
    let o: usize = 0;
    for (; o + 16 <= liveBytes; o += 16) v128.store(dst + o, v128.load(from + o));
    if (o < liveBytes) store<f64>(dst + o, load<f64>(from + o));
    dst += stepBytes;
    from += ldBytes;
  }
}
