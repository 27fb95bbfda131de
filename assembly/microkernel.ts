// The one inner loop: an MR×NR tile of A·B from packed slivers, NR being two vectors of T.
//
//   a: [p][MR]  column p of MR rows of A      b: [p][NR]  row p of NR columns of B      t: [MR][NR], row-major
//
// t = Σ_p a[p] b[p]ᵀ, overwritten. Slivers are padded with zeros to full tiles, so this is the only shape, and an
// element's sum never depends on where its tile lies. k may be 0. Not unrolled: V8 moves the second step's loads up and runs out
// of registers (94 → 71 % of the peak on Node 20; `npm run bench:tiles`).
import { MR } from "./blocksize";
import { multiplyAdd } from "./simd";

export function microkernel<T>(k: i32, a: usize, b: usize, t: usize): void {
  const zero = v128.splat<T>(<T>0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  const end = b + (<usize>k << 5);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = sizeof<T>() == 4 ? v128.load32_splat(a) : v128.load64_splat(a);
    c00 = multiplyAdd<T>(x, b0, c00); c01 = multiplyAdd<T>(x, b1, c01);
    x = sizeof<T>() == 4 ? v128.load32_splat(a, 4) : v128.load64_splat(a, 8);
    c10 = multiplyAdd<T>(x, b0, c10); c11 = multiplyAdd<T>(x, b1, c11);
    x = sizeof<T>() == 4 ? v128.load32_splat(a, 8) : v128.load64_splat(a, 16);
    c20 = multiplyAdd<T>(x, b0, c20); c21 = multiplyAdd<T>(x, b1, c21);
    x = sizeof<T>() == 4 ? v128.load32_splat(a, 12) : v128.load64_splat(a, 24);
    c30 = multiplyAdd<T>(x, b0, c30); c31 = multiplyAdd<T>(x, b1, c31);
    x = sizeof<T>() == 4 ? v128.load32_splat(a, 16) : v128.load64_splat(a, 32);
    c40 = multiplyAdd<T>(x, b0, c40); c41 = multiplyAdd<T>(x, b1, c41);
    if (MR == 6) {
      x = sizeof<T>() == 4 ? v128.load32_splat(a, 20) : v128.load64_splat(a, 40);
      c50 = multiplyAdd<T>(x, b0, c50); c51 = multiplyAdd<T>(x, b1, c51);
    }
    a += MR * sizeof<T>();
    b += 32;
  }
  v128.store(t, c00); v128.store(t, c01, 16);
  v128.store(t, c10, 32); v128.store(t, c11, 48);
  v128.store(t, c20, 64); v128.store(t, c21, 80);
  v128.store(t, c30, 96); v128.store(t, c31, 112);
  v128.store(t, c40, 128); v128.store(t, c41, 144);
  if (MR == 6) {
    v128.store(t, c50, 160); v128.store(t, c51, 176);
  }
}
