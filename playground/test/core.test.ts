// The part of the library that the first views load gives what the whole library gives, to the bit.
import { readFile } from "node:fs/promises";
import { createInfiniteNetwork, createNetwork, load } from "ntk-wasm/slim";
import { expect, test } from "vitest";
import { loadCore } from "../src/core";
import { solvingLowRank, solvingMatrixFree, tryingLowRank } from "../src/cut";

const X = Float64Array.from({ length: 40 }, (_, i) => -2 + i / 10);
const Y = X.map((x) => Math.sin(3 * x));
const net = createNetwork({ inputs: 1, hidden: 30, init: "ntk", biasStd: 1, seed: 2 });

test("every method of the core is the method of Ntk", async () => {
  const path = new URL("../../build/simd.wasm", import.meta.url);
  const module = await WebAssembly.compile(await readFile(path));
  const [core, ntk] = await Promise.all([loadCore(module), load({ module })]);
  const K = ntk.kernel(net, X);
  for (let i = 0; i < X.length; i++) K.data[i * (X.length + 1)] += 1;
  const ridge = { ridge: 0.1, solver: "dual" } as const;
  type Both = Pick<typeof ntk, keyof typeof core>;
  const calls: Record<keyof Both, (one: Both) => unknown> = {
    variant: (one) => one.variant,
    forward: (one) => one.forward(net, X),
    jacobian: (one) => one.jacobian(net, X),
    linearize: (one) => one.linearize(net).at(net.parameters, X),
    kernel: (one) => [
      one.kernel(net, X),
      one.kernel(createInfiniteNetwork(), X, X.subarray(3)),
      one.kernel(net, X, X, { outputs: "full" }),
    ],
    kernelDiagonal: (one) => one.kernelDiagonal(net, X),
    fit: (one) => {
      const fit = one.fit(net, X, Y, ridge);
      const { mean, variance } = fit.predict(X, { noise: true });
      return [mean, variance, fit.report.logEvidence];
    },
    matmul: (one) => one.matmul(K, K),
    cholesky: (one) => one.cholesky(K),
    solve: (one) => one.solve(K, K),
    eigh: (one) => one.eigh(K),
  };
  for (const [name, call] of Object.entries(calls)) expect(call(core as Both), name).toEqual(call(ntk));
  expect(() => core.matmul(K, X.subarray(1))).toThrow(RangeError);
});

test("the solvers that are cut out say so, and auto goes on without them", () => {
  for (const solve of [solvingMatrixFree, solvingLowRank])
    expect(solve).toThrow(/not in the playground; expected solver/);
  expect([...tryingLowRank()]).toEqual([]);
});
