// numpy-ts: NumPy's interface on WebAssembly SIMD (relaxed where it runs), one thread. All arrays live in one fixed
// memory: 1 GB here instead of its default 256 MB. Temporaries are freed by hand (its advice for loops), so that it
// never falls back to JavaScript arrays. It asks for Node >= 22, yet runs on Node 20. Transposes are made contiguous:
// matmul of a transposed view leaves WebAssembly (1300 ms against 145, n = 1000).
import * as np from "numpy-ts";

export const variants = ["float64", "float32"];

np.configureWasm({ maxMemory: 2 ** 30 });

export async function create(precision) {
  const vector = (values) => np.array(values, precision);
  const matrix = ({ data, rows, cols }) => vector(data).reshape([rows, cols]);
  /** What is kept is freed at the end; the result is not. */
  const scoped = (body) => {
    const temporaries = [];
    const result = body((array) => {
      temporaries.push(array);
      return array;
    });
    for (const array of temporaries) array.dispose();
    return result;
  };
  const featuresOf = ({ C, d, b }) => {
    const [c, bias, scale] = [matrix(C), vector(d), vector(b)];
    return (keep, x) => {
      const Z = keep(keep(np.matmul(x, keep(np.ascontiguousarray(c.T)))).add(bias));
      const S = keep(np.reciprocal(keep(keep(np.exp(keep(np.negative(Z)))).add(1))));
      return [S, keep(keep(np.subtract(S, keep(np.square(S)))).multiply(scale))];
    };
  };
  const theta = (keep, [x, S, D], [x2, S2, D2]) => {
    const product = (a, b) => keep(np.matmul(a, keep(np.ascontiguousarray(b.T))));
    const tail = keep(keep(product(x, x2).add(1)).multiply(product(D, D2)));
    return keep(product(S, S2).add(1)).add(tail);
  };
  return {
    name: "numpy-ts",
    precision,
    threads: 1,
    read(result) {
      const data = result.data.slice();
      result.dispose();
      return data;
    },
    kernel(model, X) {
      const [features, x] = [featuresOf(model), matrix(X)];
      return () => scoped((keep) => {
        const [S, D] = features(keep, x);
        return theta(keep, [x, S, D], [x, S, D]);
      });
    },
    fit(model, X, Y, X2, ridge) {
      const [features, x, y, x2] = [featuresOf(model), matrix(X), matrix(Y), matrix(X2)];
      const shift = vector(new Float64Array(X.rows ** 2).map((_, i) => (i % (X.rows + 1) ? 0 : ridge))).reshape([X.rows, X.rows]);
      return () => scoped((keep) => {
        const rows = [x, ...features(keep, x)];
        const K = keep(keep(theta(keep, rows, rows)).add(shift));
        const weights = keep(np.linalg.solve(K, y));
        return np.matmul(keep(theta(keep, [x2, ...features(keep, x2)], rows)), weights);
      });
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
