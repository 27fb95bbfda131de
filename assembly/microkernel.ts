// The one inner loop: a 6×4 tile of A·B from packed slivers.
//
//   a: [p][6]  column p of six rows of A      b: [p][4]  row p of four columns of B      t: [6][4], row-major
//
// t = Σ_p a[p] b[p]ᵀ, overwritten. Slivers are padded with zeros to full tiles, so this is the only shape, and an
// element's sum never depends on where its tile lies. k may be 0.
import { madd } from "./simd";

export function microkernel(k: i32, a: usize, b: usize, t: usize): void {
  let c00 = f64x2.splat(0), c01 = f64x2.splat(0);
  let c10 = f64x2.splat(0), c11 = f64x2.splat(0);
  let c20 = f64x2.splat(0), c21 = f64x2.splat(0);
  let c30 = f64x2.splat(0), c31 = f64x2.splat(0);
  let c40 = f64x2.splat(0), c41 = f64x2.splat(0);
  let c50 = f64x2.splat(0), c51 = f64x2.splat(0);
  const end = b + (<usize>k << 5);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load64_splat(a);
    c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
    x = v128.load64_splat(a, 8);
    c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
    x = v128.load64_splat(a, 16);
    c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
    x = v128.load64_splat(a, 24);
    c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
    x = v128.load64_splat(a, 32);
    c40 = madd(x, b0, c40); c41 = madd(x, b1, c41);
    x = v128.load64_splat(a, 40);
    c50 = madd(x, b0, c50); c51 = madd(x, b1, c51);
    a += 48;
    b += 32;
  }
  v128.store(t, c00); v128.store(t, c01, 16);
  v128.store(t, c10, 32); v128.store(t, c11, 48);
  v128.store(t, c20, 64); v128.store(t, c21, 80);
  v128.store(t, c30, 96); v128.store(t, c31, 112);
  v128.store(t, c40, 128); v128.store(t, c41, 144);
  v128.store(t, c50, 160); v128.store(t, c51, 176);
}
