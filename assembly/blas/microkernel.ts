// The one inner loop: an MR×NR tile of A·B from packed slivers, NR being two vectors of T.
//
//   a: [p][MR]  column p of MR rows of A      b: [p][NR]  row p of NR columns of B      t: [MR][NR], row-major
//
// t = Σ_p a[p] b[p]ᵀ, overwritten where `first`, else added to t. Slivers are padded with zeros to full tiles, so this
// is the only shape, and an element's sum never depends on where its tile lies. k may be 0.
//
// Two things V8 makes of it decide the speed (`npm run bench:tiles`, `npm run bench:instructions`). It is not unrolled:
// the loads of a second step are moved up until registers run out (94 → 71 % of the peak on Node 20). And a
// broadcasting load has no offset of its own there: each of a + 8, a + 16, … takes an instruction in every step, unless
// the same sum is used outside the loop too, as by the stores below, whose addresses look odd for that reason (Node 20
// 95 → 98 %, Node 22 90 → 98 %).
import { MR } from "./blocksize";
import { multiplyAdd } from "../simd/words";

export function microkernel<T>(k: i32, a: usize, b: usize, t: usize, first: bool): void {
  const zero = v128.splat<T>(<T>0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
  let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
  if (!first) {
    c00 = v128.load(t); c01 = v128.load(t, 16);
    c10 = v128.load(t, 32); c11 = v128.load(t, 48);
    c20 = v128.load(t, 64); c21 = v128.load(t, 80);
    c30 = v128.load(t, 96); c31 = v128.load(t, 112);
    c40 = v128.load(t, 128); c41 = v128.load(t, 144);
    if (MR == 6) {
      c50 = v128.load(t, 160); c51 = v128.load(t, 176);
    }
  }
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
  if (sizeof<T>() == 4) {
    v128.store(t - 4, c00, 4); v128.store(t + 8, c01, 8);
    v128.store(t + 20, c10, 12); v128.store(t + 32, c11, 16);
    v128.store(t + 44, c20, 20);
  } else {
    v128.store(t - 8, c00, 8); v128.store(t, c01, 16);
    v128.store(t + 8, c10, 24); v128.store(t + 16, c11, 32);
    v128.store(t + 24, c20, 40);
  }
  v128.store(t, c21, 80);
  v128.store(t, c30, 96); v128.store(t, c31, 112);
  v128.store(t, c40, 128); v128.store(t, c41, 144);
  if (MR == 6) {
    v128.store(t, c50, 160); v128.store(t, c51, 176);
  }
}

/** The first two rows of a tile alone, the same sums: for the last sliver where no more of it is alive. */
export function microkernelEdge<T>(k: i32, a: usize, b: usize, t: usize, first: bool): void {
  const zero = v128.splat<T>(<T>0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero;
  if (!first) {
    c00 = v128.load(t); c01 = v128.load(t, 16);
    c10 = v128.load(t, 32); c11 = v128.load(t, 48);
  }
  const end = b + (<usize>k << 5);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = sizeof<T>() == 4 ? v128.load32_splat(a) : v128.load64_splat(a);
    c00 = multiplyAdd<T>(x, b0, c00); c01 = multiplyAdd<T>(x, b1, c01);
    x = sizeof<T>() == 4 ? v128.load32_splat(a, 4) : v128.load64_splat(a, 8);
    c10 = multiplyAdd<T>(x, b0, c10); c11 = multiplyAdd<T>(x, b1, c11);
    a += MR * sizeof<T>();
    b += 32;
  }
  v128.store(t, c00); v128.store(t, c01, 16);
  v128.store(t, c10, 32); v128.store(t, c11, 48);
}
