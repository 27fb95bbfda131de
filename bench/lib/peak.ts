// The register-tile peak: twelve independent chains, no loads. Fixed source, compiled by bench/lib/machine.mjs for each
// variant.

/**
 * Fused, the chain is the addend, as in every kernel: as a factor it would cost Firefox two moves a step. Unfused, x·y
 * would leave the loop.
 */
// @ts-ignore: decorator
@inline
function step(x: v128, a: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(x, y, a);
  return f64x2.add(f64x2.mul(x, a), y);
}

/** 48 flops an iteration; returns their sum, so that nothing is dead. */
export function peak(iterations: i32, x0: f64, y0: f64): f64 {
  const x = f64x2.splat(x0), y = f64x2.splat(y0);
  let a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
  for (let n = 0; n < iterations; n++) {
    a = step(x, a, y); b = step(x, b, y); c = step(x, c, y); d = step(x, d, y);
    e = step(x, e, y); f = step(x, f, y); g = step(x, g, y); h = step(x, h, y);
    i = step(x, i, y); j = step(x, j, y); k = step(x, k, y); l = step(x, l, y);
  }
  const s = f64x2.add(
    f64x2.add(f64x2.add(f64x2.add(a, b), f64x2.add(c, d)), f64x2.add(f64x2.add(e, f), f64x2.add(g, h))),
    f64x2.add(f64x2.add(i, j), f64x2.add(k, l)),
  );
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}
