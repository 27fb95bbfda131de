// numpy-ts: NumPy's interface on WebAssembly SIMD (relaxed where it runs), one thread. All arrays live in one fixed memory:
// 1 GB here instead of its default 256 MB, and temporaries are freed by hand (its advice for loops), so that it never falls
// back to JavaScript arrays. It asks for Node >= 22, yet runs on Node 20.
// Transposes are made contiguous: matmul of a transposed view leaves WebAssembly (1300 ms against 145, n = 1000).
import * as np from "numpy-ts";

export const variants = ["float64", "float32"];

np.configureWasm({ maxMemory: 2 ** 30 });

export async function create(precision) {
  const vector = (values) => np.array(values, precision);
  const matrix = ({ data, rows, cols }) => vector(data).reshape([rows, cols]);
  return {
    name: "numpy-ts",
    precision,
    read(result) {
      const data = result.data.slice();
      result.dispose();
      return data;
    },
    kernel({ C, d, b }, X) {
      const [x, c, bias, scale] = [matrix(X), matrix(C), vector(d), vector(b)];
      return () => {
        const temporaries = [];
        const keep = (array) => {
          temporaries.push(array);
          return array;
        };
        const gram = (a) => keep(np.matmul(a, keep(np.ascontiguousarray(a.T))));
        const Z = keep(keep(np.matmul(x, keep(np.ascontiguousarray(c.T)))).add(bias));
        const S = keep(np.reciprocal(keep(keep(np.exp(keep(np.negative(Z)))).add(1))));
        const D = keep(keep(np.subtract(S, keep(np.square(S)))).multiply(scale));
        const tail = keep(keep(gram(x).add(1)).multiply(gram(D)));
        const theta = keep(gram(S).add(1)).add(tail);
        for (const array of temporaries) array.dispose();
        return theta;
      };
    },
    gemm(A, B) {
      const [a, b] = [matrix(A), matrix(B)];
      return () => np.matmul(a, b);
    },
    cholesky(A) {
      const a = matrix(A);
      return () => np.linalg.cholesky(a);
    },
    solve(A, B) {
      const [a, b] = [matrix(A), matrix(B)];
      return () => np.linalg.solve(a, b);
    },
    eigh(A) {
      const a = matrix(A);
      return () => {
        const { w, v } = np.linalg.eigh(a);
        return [w, v];
      };
    },
  };
}
