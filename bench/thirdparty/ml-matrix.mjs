// ml-matrix: plain JavaScript, float64, rows as Float64Arrays. Nothing to configure; one thread.
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from "ml-matrix";

export const variants = ["float64"];

export async function create() {
  const matrix = ({ data, rows, cols }) => Matrix.from1DArray(rows, cols, data);
  return {
    name: "ml-matrix",
    precision: "float64",
    read: (result) => Float64Array.from(result instanceof Matrix ? result.to1DArray() : result),
    kernel({ C, d, b }, X) {
      const [x, c] = [matrix(X), matrix(C)];
      const one = Matrix.ones(X.rows, C.rows);
      return () => {
        const Z = x.mmul(c.transpose()).addRowVector(d);
        const S = Matrix.div(one, Z.neg().exp().add(1));
        const D = Matrix.sub(one, S).mul(S).mulRowVector(b);
        const tail = x.mmulByTranspose().add(1).mul(D.mmulByTranspose());
        return S.mmulByTranspose().add(1).add(tail);
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
