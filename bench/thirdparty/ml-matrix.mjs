// ml-matrix: plain JavaScript, float64, rows as Float64Arrays. Nothing to configure; one thread.
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from "ml-matrix";

export const variants = ["float64"];

export async function create() {
  const matrix = ({ data, rows, cols }) => Matrix.from1DArray(rows, cols, data);
  const featuresOf = ({ C, d, b }) => {
    const c = matrix(C);
    return (x) => {
      const one = Matrix.ones(x.rows, C.rows);
      const S = Matrix.div(one, x.mmul(c.transpose()).addRowVector(d).neg().exp().add(1));
      return { S, D: Matrix.sub(one, S).mul(S).mulRowVector(b) };
    };
  };
  const theta = (inner, values, slopes) => values.add(1).add(inner.add(1).mul(slopes));
  return {
    name: "ml-matrix",
    precision: "float64",
    threads: 1,
    read: (result) => Float64Array.from(result instanceof Matrix ? result.to1DArray() : result),
    kernel(model, X) {
      const [features, x] = [featuresOf(model), matrix(X)];
      return () => {
        const { S, D } = features(x);
        return theta(x.mmulByTranspose(), S.mmulByTranspose(), D.mmulByTranspose());
      };
    },
    fit(model, X, Y, X2, ridge) {
      const [features, x, y, x2] = [featuresOf(model), matrix(X), matrix(Y), matrix(X2)];
      return () => {
        const { S, D } = features(x);
        const K = theta(x.mmulByTranspose(), S.mmulByTranspose(), D.mmulByTranspose());
        for (let i = 0; i < X.rows; i++) K.set(i, i, K.get(i, i) + ridge);
        const weights = new CholeskyDecomposition(K).solve(y);
        const { S: S2, D: D2 } = features(x2);
        return theta(x2.mmul(x.transpose()), S2.mmul(S.transpose()), D2.mmul(D.transpose())).mmul(weights);
      };
    },
    gemm(A, B) {
      const [a, b] = [matrix(A), matrix(B)];
      return () => a.mmul(b);
    },
    cholesky(A) {
      const a = matrix(A);
      return () => new CholeskyDecomposition(a).lowerTriangularMatrix;
    },
    solve(A, B) {
      const [a, b] = [matrix(A), matrix(B)];
      return () => new CholeskyDecomposition(a).solve(b);
    },
    eigh(A) {
      const a = matrix(A);
      return () => {
        const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(a, { assumeSymmetric: true });
        return [realEigenvalues, eigenvectorMatrix];
      };
    },
  };
}
