// jax-js on its wasm backend. One thread: its workers need a global Worker, which Node does not have. Its exp and tanh
// are float32 inside whatever the type (1e-6), so its float64 kernel misses the float64 tolerance. Arrays are
// reference-counted: passing an array consumes it, `.ref` keeps it. `… autodiff` are the kernels as the users of jax-js
// would write them: the network alone, differentiated by the library.
import { grad, init, jit, lax, nn, numpy as np, vmap } from "@jax-js/jax";

export const variants = ["float64", "float32", "float64 autodiff", "float32 autodiff"];

export async function create(variant) {
  const [precision, autodiff] = variant.split(" ");
  if (typeof Float16Array === "undefined") {
    throw new Error("np.array throws \"ReferenceError: Float16Array is not defined\"; it needs Node >= 24");
  }
  if (typeof Worker !== "undefined") throw new Error("this engine has a global Worker, so it would use several threads");
  await init("wasm");
  const TypedArray = precision === "float64" ? Float64Array : Float32Array;
  const vector = (values) => np.array(TypedArray.from(values), { dtype: np[precision], device: "wasm" });
  const matrix = ({ data, rows, cols }) => vector(data).reshape([rows, cols]);

  const about = { name: "@jax-js/jax", precision, threads: 1 };
  if (autodiff) return { ...about, label: "autodiff", ...byAutodiff(matrix, vector) };
  return { ...about, ...byHand(matrix, vector) };
}

const gram = (a) => np.matmul(a.ref, a.transpose());
const times = (a, b) => np.matmul(a, b.transpose());

/** The Gram matrix of the Jacobian, one leaf of the parameters at a time (512×512 of 500 points are 1 GB). */
function tangentKernel(f, leaves, x) {
  const rows = x.shape[0];
  const axes = [0, ...leaves.map(() => null)];
  const gradients = leaves.map((_, k) => jit(vmap(grad(f, { argnums: k + 1 }), axes)));
  return () => {
    const parts = gradients.map((gradient) => gram(gradient(x.ref, ...leaves.map((leaf) => leaf.ref)).reshape([rows, -1])));
    return parts.reduce((sum, part) => sum.add(part)).data();
  };
}

const byAutodiff = (matrix, vector) => ({
  kernel({ C, d, b }, X) {
    // Of the constant a the gradient is 1 and its share of the kernel too.
    const f = (input, c, bias, scale, a) => np.dot(scale, nn.sigmoid(np.dot(c, input).add(bias))).add(a);
    return tangentKernel(f, [matrix(C), vector(d), vector(b), np.array(0)], matrix(X));
  },
  deepKernel({ layers, B, a }, X) {
    const f = (input, ...theta) => {
      let h = input;
      for (let l = 0; l < layers.length; l++) h = nn.relu(np.dot(theta[2 * l], h).add(theta[2 * l + 1]));
      return np.dot(theta[2 * layers.length], h).add(theta[2 * layers.length + 1]);
    };
    const leaves = [...layers.flatMap(({ C, d }) => [matrix(C), vector(d)]), vector(B.data), np.array(a)];
    return tangentKernel(f, leaves, matrix(X));
  },
});

function byHand(matrix, vector) {
  const features = jit((x, c, d, b) => {
    const S = np.reciprocal(np.exp(np.matmul(x, c.transpose()).add(d).neg()).add(1));
    return [S.ref, S.ref.mul(np.subtract(1, S)).mul(b)];
  });
  const combine = jit((inner, slopes, values) => inner.add(1).mul(slopes).add(values).add(1));
  const { cholesky, triangularSolve } = lax.linalg;
  const solve = (A, b) => {
    const L = cholesky(A);
    const y = triangularSolve(L.ref, b, { leftSide: true, lower: true });
    return triangularSolve(L, y, { leftSide: true, lower: true, transposeA: true });
  };
  return {
    kernel({ C, d, b }, X) {
      const [x, c, bias, scale] = [matrix(X), matrix(C), vector(d), vector(b)];
      return () => {
        const [S, D] = features(x.ref, c.ref, bias.ref, scale.ref);
        return combine(gram(x.ref), gram(D), gram(S)).data();
      };
    },
    fit({ C, d, b }, X, Y, X2, ridge) {
      const [x, y, x2, c, bias, scale] = [matrix(X), matrix(Y), matrix(X2), matrix(C), vector(d), vector(b)];
      const shift = matrix({ data: new Float64Array(X.rows ** 2).map((_, i) => (i % (X.rows + 1) ? 0 : ridge)), rows: X.rows, cols: X.rows });
      return () => {
        const [S, D] = features(x.ref, c.ref, bias.ref, scale.ref);
        const K = combine(gram(x.ref), gram(D.ref), gram(S.ref)).add(shift.ref);
        const weights = solve(K, y.ref);
        const [S2, D2] = features(x2.ref, c.ref, bias.ref, scale.ref);
        return np.matmul(combine(times(x2.ref, x.ref), times(D2, D), times(S2, S)), weights).data();
      };
    },
    gemm(A, B) {
      const [a, b] = [matrix(A), matrix(B)];
      return () => np.matmul(a.ref, b.ref).data();
    },
    cholesky(A) {
      const a = matrix(A);
      return () => np.linalg.cholesky(a.ref, { symmetrizeInput: false }).data();
    },
    solve(A, B) {
      const [a, b] = [matrix(A), matrix(B)];
      return () => solve(a.ref, b.ref).data();
    },
    eigh(A) {
      const a = matrix(A);
      return async () => {
        const [values, vectors] = np.linalg.eigh(a.ref, { symmetrizeInput: false });
        return [await values.data(), await vectors.data()];
      };
    },
  };
}
