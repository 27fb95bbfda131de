// What is timed with threads: whole calls, as a user makes them, and the ops that most of them are.
import { createInfiniteNetwork, createNetwork } from "ntk-wasm";
import { matrix, symmetric } from "../lib/data.mjs";

const net = (m, d = 1) => createNetwork({ inputs: d, hidden: m, biasStd: 1, seed: 1 });

/** An op on an n×n matrix A and two more places, in memory that nothing else uses. */
function onMemory({ backend }, n, A, scratchBytes, body) {
  const { ops, base } = backend;
  const bytes = n * n * 8;
  const start = base + 2 ** 20;
  const work = start + 3 * bytes;
  if (!backend.grow(work + scratchBytes(ops))) throw new Error("no memory");
  const at = (place) => new Float64Array(backend.buffer(), start + place * bytes, n * n);
  at(0).set(A.data);
  return () => {
    // An op may work in place.
    at(1).set(at(0));
    body(ops, start + bytes, start + 2 * bytes, work);
  };
}

export const CASES = [
  {
    name: "op: gemm 1000",
    prepare: (contender) =>
      onMemory(
        contender,
        1000,
        matrix(1000, 1000, 1),
        (ops) => ops.dgemmScratchBytes(1000, 1000, 1000),
        (ops, a, c, work) => ops.dgemm(0, 0, 0, 1000, 1000, 1000, 1, a, 1000, a, 1000, 0, c, 1000, work),
      ),
  },
  {
    name: "op: kernel N=1000 m=1000 d=1",
    prepare(contender) {
      const n = 1000;
      const { parameters } = net(n);
      return onMemory(
        contender,
        n,
        // In rows: inputs, weights, biases, gain.
        { data: Float64Array.from({ length: 4 * n }, (_, i) => (i < n ? i / n : parameters[i % parameters.length])) },
        (ops) => ops.dntkScratchBytes(n, n, n, 1),
        (ops, x, c, work) => {
          const [w, bias, gain] = [x + n * 8, x + 2 * n * 8, x + 3 * n * 8];
          ops.dntk(0, 0, n, n, 1, 1, x, 1, w, 1, 1, bias, gain, 1, 1, 1, 0, 1, c, n, work);
        },
      );
    },
  },
  ...[1000, 2000].map((n) => ({
    name: `op: Cholesky ${n}`,
    prepare: (contender) =>
      onMemory(
        contender,
        n,
        symmetric(n, n),
        (ops) => ops.dpotrfScratchBytes(n),
        (ops, a, _, work) => ops.dpotrf(n, 0, a, n, work),
      ),
  })),
  {
    name: "op: eigh 1000",
    prepare: (contender) =>
      onMemory(
        contender,
        1000,
        symmetric(1000, 1000),
        (ops) => ops.deighScratchBytes(1, 1000),
        (ops, a, w, work) => ops.deigh(1, 1000, a, 1000, w, work),
      ),
  },
  {
    name: "kernel N=1000 m=1000 d=1",
    prepare({ ntk }) {
      const [model, X] = [net(1000), matrix(1000, 1, 1)];
      return () => ntk.kernel(model, X);
    },
  },
  {
    name: "kernel N=1000, depth 3, m=500",
    prepare({ ntk }) {
      const [model, X] = [
        createNetwork({ inputs: 10, hidden: [500, 500, 500], activation: "relu", seed: 1 }),
        matrix(1000, 10, 1),
      ];
      return () => ntk.kernel(model, X);
    },
  },
  {
    name: "infinite kernel N=1000, relu, depth 3",
    prepare({ ntk }) {
      const [model, X] = [createInfiniteNetwork({ depth: 3, activation: "relu", biasStd: 0.1 }), matrix(1000, 10, 1)];
      return () => ntk.kernel(model, X);
    },
  },
  {
    name: "matmul 1000",
    prepare({ ntk }) {
      const A = matrix(1000, 1000, 1);
      return () => ntk.matmul(A, A);
    },
  },
  ...[1000, 2000].map((n) => ({
    name: `cholesky ${n}`,
    prepare({ ntk }) {
      const A = symmetric(n, n);
      return () => ntk.cholesky(A);
    },
  })),
  {
    name: "eigh 1000",
    prepare({ ntk }) {
      const A = symmetric(1000, 1000);
      return () => ntk.eigh(A);
    },
  },
  {
    name: "fit + 1000 predictions, N=1000 m=1000",
    prepare({ ntk }) {
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
    prepare({ ntk }) {
      const [model, X, Y] = [net(500), matrix(2000, 1, 1), matrix(2000, 1, 2)];
      return () => ntk.fit(model, X, Y, { ridge: 1, solver: "cg" }).dispose();
    },
  },
  {
    name: "train N=500 m=1000 d=10, 20 steps",
    prepare({ ntk }) {
      const [model, X, Y] = [net(1000, 10), matrix(500, 10, 1), matrix(500, 1, 2)];
      return () => ntk.train(model, X, Y, { steps: 20, learningRate: 1e-4, recordAt: [] });
    },
  },
  {
    name: "sweep N=32 d=1, 16 runs of width 64, 500 steps",
    prepare({ ntk }) {
      const [X, Y] = [matrix(32, 1, 1), matrix(32, 1, 2)];
      const grid = { widths: [64], learningRates: [0.1, 0.3], seeds: 8 };
      return () => ntk.sweep(X, Y, { ...grid, steps: 500, recordAt: [0, 50, 100, 250, 500] });
    },
  },
  {
    name: "sampleKernel N=60 d=1 m=64, 200 draws",
    prepare({ ntk }) {
      const X = matrix(60, 1, 1);
      return () => ntk.sampleKernel({ inputs: 1, hidden: 64 }, X, { draws: 200 }).result();
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
    prepare({ ntk }) {
      const [model, X] = [net(m), matrix(N, 1, 1)];
      return () => ntk.kernel(model, X);
    },
  })),
];
