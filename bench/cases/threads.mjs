// What is timed with threads: whole calls, as a user makes them.
import { createInfiniteNetwork, createNetwork } from "ntk-wasm";
import { matrix, symmetric } from "../lib/data.mjs";

const net = (m, d = 1) => createNetwork({ inputs: d, hidden: m, biasStd: 1, seed: 1 });

export const CASES = [
  {
    name: "kernel N=1000 m=1000 d=1",
    prepare(ntk) {
      const [model, X] = [net(1000), matrix(1000, 1, 1)];
      return () => ntk.kernel(model, X);
    },
  },
  {
    name: "kernel N=1000, depth 3, m=500",
    prepare(ntk) {
      const [model, X] = [
        createNetwork({ inputs: 10, hidden: [500, 500, 500], activation: "relu", seed: 1 }),
        matrix(1000, 10, 1),
      ];
      return () => ntk.kernel(model, X);
    },
  },
  {
    name: "infinite kernel N=1000, relu, depth 3",
    prepare(ntk) {
      const [model, X] = [createInfiniteNetwork({ depth: 3, activation: "relu", biasStd: 0.1 }), matrix(1000, 10, 1)];
      return () => ntk.kernel(model, X);
    },
  },
  {
    name: "matmul 1000",
    prepare(ntk) {
      const A = matrix(1000, 1000, 1);
      return () => ntk.matmul(A, A);
    },
  },
  ...[1000, 2000].map((n) => ({
    name: `cholesky ${n}`,
    prepare(ntk) {
      const A = symmetric(n, n);
      return () => ntk.cholesky(A);
    },
  })),
  {
    name: "eigh 1000",
    prepare(ntk) {
      const A = symmetric(1000, 1000);
      return () => ntk.eigh(A);
    },
  },
  {
    name: "fit + 1000 predictions, N=1000 m=1000",
    prepare(ntk) {
      const [model, X, Y, T] = [net(1000), matrix(1000, 1, 1), matrix(1000, 1, 2), matrix(1000, 1, 3)];
      return () => {
        const fit = ntk.fit(model, X, Y, { ridge: 0.1, solver: "dual" });
        fit.predict(T);
        fit.dispose();
      };
    },
  },
  {
    name: "cg fit N=2000 m=500",
    prepare(ntk) {
      const [model, X, Y] = [net(500), matrix(2000, 1, 1), matrix(2000, 1, 2)];
      return () => ntk.fit(model, X, Y, { ridge: 1, solver: "cg" }).dispose();
    },
  },
  {
    name: "train N=500 m=1000 d=10, 20 steps",
    prepare(ntk) {
      const [model, X, Y] = [net(1000, 10), matrix(500, 10, 1), matrix(500, 1, 2)];
      return () => ntk.train(model, X, Y, { steps: 20, learningRate: 1e-4, recordAt: [] });
    },
  },
  ...[
    [1, 1],
    [10, 20],
    [50, 100],
    [100, 200],
    [200, 200],
  ].map(([N, m]) => ({
    name: `kernel N=${N} m=${m} d=1`,
    prepare(ntk) {
      const [model, X] = [net(m), matrix(N, 1, 1)];
      return () => ntk.kernel(model, X);
    },
  })),
];
